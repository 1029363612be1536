"""Pictures and texts in CLIP's space: any model that open_clip can load."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import asdict
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.captions import for_model
from retrieval.encoders.base import ZeroShot
from retrieval.encoders.clip_checkpoints import Checkpoint, remembered_config
from retrieval.encoders.clip_model import (
    learned_judgement,
    load_model,
    load_tokenizer,
    one_tower,
)
from retrieval.encoders.clip_pixels import Pixels
from retrieval.encoders.clip_tokens import ExportedTokenizer, export_tokenizer
from retrieval.encoders.clip_weights import weights_file
from retrieval.encoders.networks import Blueprint, Network, Runtime, choose_runtime, load_network
from retrieval.encoders.weights import sha256_of
from retrieval.errors import WeightsUnavailable
from retrieval.files import write_atomically
from retrieval.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import NDArray
    from PIL.Image import Image

    from retrieval.encoders.base import Vectors
    from retrieval.encoders.clip_checkpoints import CheckpointConfig
    from retrieval.encoders.clip_model import Tower

_BATCH = 16  # pictures or texts in one run of a tower


class ClipEncoder:
    """A CLIP model: both towers exported once per checkpoint, weights loaded at first use.

    Pictures run in half precision where the hardware has it; texts in float32 on the CPU, since
    they are few and a query should not depend on the machine it is asked on.
    """

    def __init__(self, checkpoint: Checkpoint, *, cache_dir: Path, device: str = "auto") -> None:
        self.spec = checkpoint.spec
        self._checkpoint = checkpoint
        self._cache_dir = cache_dir
        self._device = device
        self._towers: dict[Tower, Network] = {}

    @cached_property
    def fingerprint(self) -> str:
        """Names architecture, weights and preprocessing.

        Raises:
            BadOption, WeightsUnavailable: the checkpoint is unknown or not to be had.

        """
        weights = sha256_of(self._weights, self._cache_dir)
        settings = [self._config.model, self._config.preprocessing, self._config.quick_gelu]
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=list).encode())
        name = self._checkpoint.architecture or Path(self.spec).name
        return f"open_clip:{name}@{weights[:16]};config={digest.hexdigest()[:8]}"

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._config.model["embed_dim"])

    @property
    def runtime(self) -> str:
        """Device and precision of the picture tower in words."""
        return str(self._runtime)

    @property
    def judgement(self) -> ZeroShot:
        """The scale (and SigLIP's bias) that it learned with its towers; loads the model once."""
        path = self._cache_dir / "networks" / f"{self._network_name('judgement')}.json"
        with suppress(OSError, ValueError, KeyError):
            return ZeroShot(**json.loads(path.read_text("utf-8")))
        judgement = learned_judgement(self._load())
        with suppress(OSError):  # a cache that cannot be written only costs time
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(asdict(judgement)).encode())
        return judgement

    @property
    def short_side(self) -> int:
        """The side of the pictures the model sees, in pixels."""
        return max(self._config.size)

    def prepare(self, image: Image) -> NDArray[np.float32]:
        """Shape (3, height, width): the picture exactly as the checkpoint was trained on it."""
        return self._pixels(image)

    def encode_prepared(self, inputs: Sequence[NDArray[np.float32]]) -> Vectors:
        """Return shape (len(inputs), dimension), float32, unit rows, of what `prepare` gave.

        Batches are filled up to one size: in half precision a matrix of another height is rounded
        otherwise, and a vector would depend on what it was encoded with.
        """
        filled = np.zeros((_BATCH, 3, *self._config.size), dtype=np.float32)
        vectors = np.empty((len(inputs), self.dimension), dtype=np.float32)
        for start in range(0, len(inputs), _BATCH):
            batch = inputs[start : start + _BATCH]
            filled[: len(batch)] = batch
            vectors[start : start + _BATCH] = self._tower("encode_image")(filled)[: len(batch)]
        return self._unit_rows(vectors)

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Return shape (len(images), dimension), float32, every row of unit length."""
        return self.encode_prepared([self.prepare(image) for image in images])

    def load_for_texts(self) -> None:
        """Load the tokenizer and the texts' tower, which take a third of a second each."""
        side_by_side(lambda: self._tower("encode_text"), lambda: self._tokenizer)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return shape (len(texts), dimension), float32, every row of unit length.

        Batches are not filled up: in float32 it makes no difference, and a query is one text.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            tokens = self._tokens(texts[start : start + _BATCH])
            vectors[start : start + _BATCH] = self._tower("encode_text")(tokens)
        return self._unit_rows(vectors)

    def _unit_rows(self, vectors: Vectors) -> Vectors:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise WeightsUnavailable(
                f"{self.spec} gives vectors that are zero or not numbers; its weights are broken"
            )
        units: Vectors = vectors / lengths
        return units

    @cached_property
    def _config(self) -> CheckpointConfig:
        return remembered_config(self._checkpoint, self._cache_dir)

    @cached_property
    def _weights(self) -> Path:
        _ = self._config  # an unknown name is told before anything is downloaded
        return weights_file(self._checkpoint, self._config, self._cache_dir)

    @cached_property
    def _runtime(self) -> Runtime:
        return choose_runtime(self._device)

    @cached_property
    def _pixels(self) -> Pixels:
        return Pixels.from_config(self._config.size, self._config.preprocessing, self.spec)

    @cached_property
    def _tokenizer(self) -> Callable[[list[str]], NDArray[np.int64]]:
        """The exported tokenizer; open_clip's, exported for the next time, where there is none."""
        folder = self._cache_dir / "networks" / self._network_name("tokenizer")
        with suppress(OSError, ValueError, KeyError):
            return ExportedTokenizer(folder)
        tokenizer = load_tokenizer(self._checkpoint, self._config)
        with suppress(OSError):  # a cache that cannot be written only costs time
            export_tokenizer(tokenizer, folder)
        return lambda texts: tokenizer(texts).numpy()

    def _tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Shape (len(texts), context length), int64."""
        return self._tokenizer([for_model(text) for text in texts])

    def _tower(self, method: Tower) -> Network:
        if method not in self._towers:
            self._load_tower(method)
        return self._towers[method]

    def _load_tower(self, wanted: Tower) -> None:
        """Load one tower, and export the other beside it where that needs the model anyway."""
        model = cache(self._load)  # at most once, and let go of on return
        self._towers[wanted] = self._network(wanted, model)
        # An accelerator has taken the model with it, in half precision.
        if model.cache_info().currsize and self._runtime.device == "cpu":
            other: Tower = "encode_text" if wanted == "encode_image" else "encode_image"
            self._towers[other] = self._network(other, model)

    def _network(self, method: Tower, model: Callable[[], torch.nn.Module]) -> Network:
        def example() -> tuple[NDArray[Any]]:
            if method == "encode_text":
                return (self._tokens(["a cat"] * 2),)
            return (np.zeros((_BATCH, 3, *self._config.size), dtype=np.float32),)

        exact = method == "encode_text"
        runtime = choose_runtime("cpu", exact=True) if exact else self._runtime
        name = self._network_name(method)
        blueprint = Blueprint(name, lambda: one_tower(model(), method), example)
        return load_network(blueprint, runtime, self._cache_dir)

    def _network_name(self, part: str) -> str:
        return re.sub(r"[^\w.-]+", "-", f"{self.fingerprint}-{part}")

    def _load(self) -> torch.nn.Module:
        _ = self._tokenizer  # before hours of encoding pictures that no text could find
        return load_model(self._checkpoint, self._config, self._weights)
