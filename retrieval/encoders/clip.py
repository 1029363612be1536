"""Pictures and texts in CLIP's space: any model that open_clip can load."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.captions import for_model
from retrieval.encoders.clip_checkpoints import Checkpoint, read_config, weights_file
from retrieval.encoders.networks import Blueprint, Network, Runtime, choose_runtime, load_network
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import sha256_of
from retrieval.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import NDArray
    from PIL.Image import Image

    from retrieval.encoders.base import Vectors
    from retrieval.encoders.clip_checkpoints import CheckpointConfig

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

    @cached_property
    def fingerprint(self) -> str:
        """Names architecture, weights and preprocessing.

        Raises:
            BadOption, WeightsUnavailable: the checkpoint is unknown or not to be had.

        """
        weights = sha256_of(self._weights)
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
    def short_side(self) -> int:
        """The side of the pictures the model sees, in pixels."""
        return int(np.min(self._config.model["vision_cfg"]["image_size"]))

    def prepare(self, image: Image) -> NDArray[np.float32]:
        """Shape (3, height, width): the picture exactly as the checkpoint was trained on it."""
        prepared: NDArray[np.float32] = self._transform(image).numpy()
        return prepared

    def encode_prepared(self, inputs: Sequence[NDArray[np.float32]]) -> Vectors:
        """Return shape (len(inputs), dimension), float32, unit rows, of what `prepare` gave."""
        return self._run(self._image_tower, inputs)

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Return shape (len(images), dimension), float32, every row of unit length."""
        return self.encode_prepared([self.prepare(image) for image in images])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return shape (len(texts), dimension), float32, every row of unit length."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        tokens = self._tokenizer([for_model(text) for text in texts]).numpy()
        return self._run(self._text_tower, list(tokens))

    def _run(self, tower: Network, inputs: Sequence[NDArray[Any]]) -> Vectors:
        """Run a tower in batches that are filled up to one size.

        So a vector does not depend on what it was encoded with.
        """
        vectors = np.empty((len(inputs), self.dimension), dtype=np.float32)
        for start in range(0, len(inputs), _BATCH):
            batch = np.stack(inputs[start : start + _BATCH])
            filled = np.concatenate([batch, np.repeat(batch[-1:], _BATCH - len(batch), axis=0)])
            vectors[start : start + _BATCH] = tower(filled)[: len(batch)]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise WeightsUnavailable(
                f"{self.spec} gives vectors that are zero or not numbers; its weights are broken"
            )
        units: Vectors = vectors / lengths
        return units

    @cached_property
    def _config(self) -> CheckpointConfig:
        return read_config(self._checkpoint)

    @cached_property
    def _weights(self) -> Path:
        _ = self._config  # an unknown name is told before anything is downloaded
        return weights_file(self._checkpoint)

    @cached_property
    def _runtime(self) -> Runtime:
        return choose_runtime(self._device)

    @cached_property
    def _transform(self) -> Callable[[Image], torch.Tensor]:
        make_torchvision_importable()
        from open_clip.transform import PreprocessCfg, image_transform_v2

        size = self._config.model["vision_cfg"]["image_size"]
        settings = {**self._config.preprocessing, "size": size}
        transform: Callable[[Image], torch.Tensor] = image_transform_v2(
            PreprocessCfg(**settings), is_train=False
        )
        return transform

    @cached_property
    def _tokenizer(self) -> Callable[[list[str]], torch.Tensor]:
        make_torchvision_importable()
        import open_clip

        try:
            tokenizer: Callable[[list[str]], torch.Tensor] = open_clip.get_tokenizer(self._name)
        except (OSError, ValueError) as error:
            raise WeightsUnavailable(
                f"the tokenizer of {self.spec} is missing: a folder has to hold it beside the "
                f"weights, others are fetched from the model hub ({_in_short(error)})"
            ) from error
        return tokenizer

    @property
    def _name(self) -> str:
        """The model as open_clip's functions want it named."""
        folder = self._checkpoint.folder
        return f"local-dir:{folder}" if folder else str(self._checkpoint.architecture)

    @cached_property
    def _image_tower(self) -> Network:
        height, width = np.broadcast_to(self._config.model["vision_cfg"]["image_size"], 2)
        example = np.zeros((_BATCH, 3, int(height), int(width)), dtype=np.float32)
        return self._tower("encode_image", example, self._runtime)

    @cached_property
    def _text_tower(self) -> Network:
        example = self._tokenizer(["a cat"] * _BATCH).numpy()
        return self._tower("encode_text", example, choose_runtime("cpu", exact=True))

    def _tower(self, method: str, example: NDArray[Any], runtime: Runtime) -> Network:
        name = re.sub(r"[^\w.-]+", "-", f"{self.fingerprint}-{method}")
        blueprint = Blueprint(name, lambda: _one_tower(self._load(), method), (example,))
        return load_network(blueprint, runtime, self._cache_dir)

    def _load(self) -> Any:
        """The whole model in float32 and eval mode: open_clip hands models out in train mode."""
        make_torchvision_importable()
        import open_clip

        options: dict[str, Any] = {"require_pretrained": True}
        if self._checkpoint.folder is None:
            options["pretrained"] = str(self._weights)
            options["force_quick_gelu"] = self._config.quick_gelu
        logging.disable(logging.WARNING)  # open_clip speaks through the root logger
        try:
            return open_clip.create_model(self._name, **options).eval()
        except Exception as error:  # whatever unpickling or fitting a foreign file runs into
            raise WeightsUnavailable(
                f"{self._weights} cannot be loaded as {self.spec}: {_in_short(error)}"
            ) from error
        finally:
            logging.disable(logging.NOTSET)


def _one_tower(model: Any, method: str) -> torch.nn.Module:
    """The part of a model behind `encode_image` or `encode_text`, as a module of its own."""
    import torch

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            vectors: torch.Tensor = getattr(self.model, method)(inputs)
            return vectors

    return Tower().eval()


def _in_short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + " …"
