"""Pictures as CLIP sees them: what open_clip's transform does, in Pillow and numpy alone.

Importing open_clip and torch for it would take ten times as long as a search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from retrieval.errors import WeightsUnavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of OpenAI's training data: what open_clip takes where a checkpoint says nothing.
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)

_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "random": Image.Resampling.BICUBIC,  # which is of training; open_clip tests with bicubic then
    "bilinear": Image.Resampling.BILINEAR,
}
_MODES = ("shortest", "longest", "squash")

_THIN = 32  # times as long as wide: more than any panorama of a telephone
_FILTERED = 64  # pixels; more than an interpolation filter reaches


@dataclass(frozen=True, slots=True)
class Pixels:
    """How pictures are prepared for one checkpoint."""

    size: tuple[int, int]  # height and width that the model sees
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    fill_color: int | tuple[int, ...] = field(default=0)

    @classmethod
    def from_config(cls, size: tuple[int, int], preprocessing: dict[str, Any], of: str) -> Pixels:
        """Read open_clip's `preprocess_cfg`; `of` names the checkpoint in the error.

        Raises:
            WeightsUnavailable: open_clip has no such resize mode or interpolation.

        """
        given = {key: value for key, value in preprocessing.items() if value is not None}
        for key in ("mean", "std", "fill_color"):
            if isinstance(given.get(key), list):
                given[key] = tuple(given[key])
        for key in ("mean", "std"):
            if isinstance(given.get(key), int | float):
                given[key] = (given[key],) * 3
        pixels = cls(size, **given)
        if pixels.resize_mode not in _MODES or pixels.interpolation not in _FILTERS:
            raise WeightsUnavailable(
                f"open_clip cannot prepare pictures as {of} asks: {preprocessing}; resize_mode is "
                f"one of {', '.join(_MODES)}, interpolation one of {', '.join(_FILTERS)}"
            )
        return pixels

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """Shape (3, height, width): an RGB picture, scaled, cut or filled up, and normalised."""
        height, width = self.size
        if self.resize_mode == "squash":
            image = self._resized(image, (width, height))
        elif self.resize_mode == "longest":
            image = self._filled(self._resized(image, self._scaled(image, max)), self.fill_color)
        else:
            image = self._middle(image)
            image = self._filled(self._resized(image, self._scaled_to_short(image)), 0)
        values = np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255)
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        return np.ascontiguousarray(((values - mean) / std).transpose(2, 0, 1))

    def _middle(self, image: Image.Image) -> Image.Image:
        """The part of a very long and thin picture that is cropped out of it in the end.

        Its short side is scaled to the size that the model sees, which would make a picture of
        1 x 5000 pixels 1.1 million pixels long first, and fill a gigabyte.
        """
        short, long = sorted(image.size)
        if long <= _THIN * short:
            return image
        # The cropping would keep the middle square; the rest is there for the filter to look at.
        left, top = ((side - min(side, 2 * short + _FILTERED)) // 2 for side in image.size)
        return image.crop((left, top, image.width - left, image.height - top))

    def _scaled_to_short(self, image: Image.Image) -> tuple[int, int]:
        """Width and height with the short side as long as the model's (torchvision's Resize)."""
        height, width = self.size
        if height != width:
            return self._scaled(image, min)
        short, long = sorted(image.size)
        long = int(height * long / short)
        return (height, long) if image.width <= image.height else (long, height)

    def _scaled(self, image: Image.Image, which: Any) -> tuple[int, int]:
        """Width and height divided by one ratio to the model's (timm's ResizeKeepRatio)."""
        height, width = self.size
        ratio = which(image.height / height, image.width / width)
        return round(image.width / ratio), round(image.height / ratio)

    def _resized(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        # Where no side is to be cut as long as the model's, open_clip's own default holds.
        keeps_ratio = self.resize_mode == "shortest" and self.size[0] != self.size[1]
        how = _FILTERS["bicubic" if keeps_ratio else self.interpolation]
        return image if image.size == size else image.resize(size, how)

    def _filled(self, image: Image.Image, colour: int | tuple[int, ...]) -> Image.Image:
        """The middle of it, in a frame where it is too small (torchvision's center_crop)."""
        height, width = self.size
        left, top = max(0, width - image.width) // 2, max(0, height - image.height) // 2
        if width > image.width or height > image.height:
            paper = (max(width, image.width), max(height, image.height))
            framed = Image.new(
                image.mode, paper, colour if isinstance(colour, tuple) else (colour,) * 3
            )
            framed.paste(image, (left, top))
            image = framed
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
        return image.crop((left, top, left + width, top + height))
