"""Which of the pictures that were found are the same picture again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Between the vectors of two pictures: a first look that costs nothing. Vectors alone do not tell
# copies: two photographs of different trains can have .98, a photograph and its poor copy .5.
LEAST_COSINE = 0.5

# Between two thumbnails. Copies of the reference pictures that are smaller, brighter, grey or poor
# JPEGs have .94 and more; of 4,950 pairs of different ones none has more than .80.
_LEAST_CORRELATION = 0.93

_SIDE = 32  # pixels of the grid that is compared
_LEAST_CONTRAST = 4  # of 255 shades


def are_alike(
    vectors: tuple[NDArray[np.float32], NDArray[np.float32]], thumbnails: tuple[Path, Path]
) -> bool:
    """Whether two pictures show the same but for size, quality or light.

    Cropped copies pass for different pictures, and so does every picture whose thumbnail is
    missing or of a single shade.
    """
    if float(vectors[0] @ vectors[1]) < LEAST_COSINE:
        return False
    first, second = map(_shades, thumbnails)
    if first is None or second is None:
        return False
    return float(first @ second) >= _LEAST_CORRELATION


@lru_cache(maxsize=4096)
def _shades(thumbnail: Path) -> NDArray[np.float32] | None:
    """A coarse grid of shades as a vector of mean 0 and length 1: products are correlations.

    None for a picture that cannot be read, and for one of a single shade, which tells nothing.
    """
    from PIL import Image

    try:
        with Image.open(thumbnail) as image:
            small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    except OSError:
        return None
    grid = np.asarray(small, dtype=np.float32).ravel()
    if np.ptp(grid) < _LEAST_CONTRAST:
        return None
    grid = grid - grid.mean()
    return np.asarray(grid / np.linalg.norm(grid))
