"""Pictures described on this machine: an image captioner through transformers."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from indexer.describers.base import loaded, one_line
from retrieval.encoders.hub import fetch_folder, not_fetched, undamaged
from retrieval.encoders.networks import choose_runtime
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import sha256_of
from retrieval.errors import WeightsUnavailable
from retrieval.files import expanded, real_path

if TYPE_CHECKING:
    from collections.abc import Sequence


DEFAULT_CAPTIONER = "Salesforce/blip-image-captioning-base"  # 990 MB, BSD-3-Clause

_BATCH = 8  # pictures
_MAX_NEW_TOKENS = 30  # about twenty words; BLIP was trained on captions of ten

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # in the order transformers looks for them
_SETTINGS = ("*.json", "*.txt", "*.model")
_PROCESSOR = ("preprocessor_config.json", "processor_config.json")
_TOKENIZER = ("tokenizer.json", "vocab.*", "*.model")


class Captioner:
    """Any captioner of transformers' that needs no prompt (BLIP, GIT), by hub name or folder.

    Greedy and in float32, in batches filled up to one size: a description does not depend on the
    pictures it was made with.
    """

    uploads = False

    def __init__(self, spec: str = DEFAULT_CAPTIONER, *, device: str = "auto") -> None:
        folder = expanded(spec)
        self.spec = str(real_path(folder)) if folder.is_dir() else spec
        self._device = choose_runtime(device, exact=True).device

    @cached_property
    def version(self) -> str:
        """The model's name and the start of its weights' SHA-256."""
        return f"captioner:{Path(self.spec).name}@{_digest(self._weights)[:12]}"

    def describe(self, pictures: Sequence[Image.Image]) -> list[str | None]:
        """One line for each upright RGB picture; None where it cannot be read.

        Raises:
            WeightsUnavailable: the model is not to be had, or is no captioner.

        """
        descriptions: list[str | None] = [None] * len(pictures)
        for start in range(0, len(pictures), _BATCH):
            batch = [loaded(picture) for picture in pictures[start : start + _BATCH]]
            readable = {start + i: picture for i, picture in enumerate(batch) if picture}
            texts = self._described(list(readable.values()))
            for position, text in zip(readable, texts, strict=True):
                descriptions[position] = text
        return descriptions

    def _described(self, pictures: list[Image.Image]) -> list[str | None]:
        """At most a batch; a picture that the model's own preprocessing refuses gives None."""
        if not pictures:
            return []
        processor, _ = self._captioner
        filled = pictures + pictures[:1] * (_BATCH - len(pictures))
        try:
            inputs = processor(images=filled, return_tensors="pt")
        except ValueError:  # such as a shape it was not made for
            return [None] if len(pictures) == 1 else [self._described([p])[0] for p in pictures]
        return [one_line(text) for text in self._generated(inputs)[: len(pictures)]]

    def _generated(self, inputs: Any) -> list[str]:
        processor, model = self._captioner
        tokens = model.generate(
            **inputs.to(self._device),
            max_new_tokens=_MAX_NEW_TOKENS,
            do_sample=False,
            num_beams=1,
        )
        texts: list[str] = processor.batch_decode(tokens, skip_special_tokens=True)
        return texts

    @cached_property
    def _folder(self) -> Path:
        folder = Path(self.spec)
        return (
            folder if folder.is_dir() else _cached_folder(self.spec) or _fetched_folder(self.spec)
        )

    @cached_property
    def _weights(self) -> list[Path]:
        files = _weights_files(self._folder)
        if not files:
            raise WeightsUnavailable(
                f"{self._folder} holds no weights of a captioner ({' or '.join(_WEIGHTS)}, whole); "
                "give a folder that transformers' save_pretrained wrote, or a name on the model hub"
            )
        return files

    @cached_property
    def _captioner(self) -> tuple[Any, Any]:
        """The processor and the model, tried on an empty picture."""
        _digest(self._weights)  # a damaged download is refused before it is loaded
        try:
            processor, model = _load(self._folder)
            model.to(self._device)
            trial = processor(images=[Image.new("RGB", (64, 64))], return_tensors="pt")
            model.generate(**trial.to(self._device), max_new_tokens=1)
        except WeightsUnavailable:
            raise
        except Exception as error:  # every family of models refuses in its own way
            raise WeightsUnavailable(
                f"{self.spec} cannot be used as a captioner: "
                f"{type(error).__name__}: {one_line(str(error))}. Give an image captioner that "
                f"transformers loads and that needs no prompt, such as {DEFAULT_CAPTIONER}"
            ) from error
        return processor, model


def captioner_is_cached(spec: str) -> bool:
    """Whether the captioner is a folder here, or whole in the hub's cache; asks no network."""
    return expanded(spec).is_dir() or _cached_folder(spec) is not None


def _load(folder: Path) -> tuple[Any, Any]:
    make_torchvision_importable()
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    local = {"local_files_only": True, "trust_remote_code": False}
    processor = AutoProcessor.from_pretrained(folder, **local)
    both: Any = AutoModelForImageTextToText.from_pretrained(
        folder, dtype="float32", output_loading_info=True, **local
    )
    model, loading = both
    # transformers fills what a checkpoint lacks with noise, and only warns.
    if missing := sorted([*loading["missing_keys"], *loading["mismatched_keys"]]):
        raise WeightsUnavailable(
            f"{folder} is no image captioner: its weights lack {len(missing)} parts of one, such "
            f"as {missing[0]}; give a checkpoint trained to caption, such as {DEFAULT_CAPTIONER}"
        )
    return processor, model.eval()


def _cached_folder(name: str) -> Path | None:
    """The model's folder in the hub's cache if all that is needed is there, else None."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:  # no name that the hub allows
        return None
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    whole = bool(_weights_files(folder)) and all(
        any(next(folder.glob(pattern), None) for pattern in patterns)
        for patterns in (_PROCESSOR, _TOKENIZER)
    )
    return folder if whole else None


def _fetched_folder(name: str) -> Path:
    kind, instead = "captioner", "give a folder that transformers' save_pretrained wrote"
    for weights in _WEIGHTS:  # in turn, since many models have both and one is enough
        stem, _, ending = weights.rpartition(".")
        patterns = [*_SETTINGS, f"{stem}*.{ending}"]
        # What the cache has is not whole, or it would have been taken from there.
        folder = fetch_folder(kind, name, patterns, instead=instead, or_cached=False)
        if _weights_files(folder):
            return folder
    raise not_fetched(f"{kind} {name!r}", f"it has no {' or '.join(_WEIGHTS)} there", instead)


def _weights_files(folder: Path) -> list[Path]:
    """The file, or all shards, that transformers would load; [] if there is none or one lacks."""
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            try:
                shards = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
            except (ValueError, KeyError):  # half a file
                return []
            files = [folder / shard for shard in shards]
            return files if all(file.is_file() for file in files) else []
    return []


def _digest(files: list[Path]) -> str:
    """The weights' SHA-256; of several shards, that of their digests.

    Raises:
        WeightsUnavailable: a file in the hub's cache is not what the hub has under its name.

    """
    digests = [sha256_of(undamaged(file)) for file in files]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )
