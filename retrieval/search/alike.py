"""Which of the pictures that were found are the same picture again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from retrieval.gallery.layout import thumbnail_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.gallery.generation import Generation

# Between the vectors of two pictures: a first look that costs nothing. Vectors alone do not tell
# copies: two photographs of different trains can have .98, a photograph and its poor copy .5.
LEAST_COSINE = 0.5

# Between two thumbnails. Copies of the reference pictures that are smaller, brighter, grey or poor
# JPEGs have .94 and more; of 4,950 pairs of different ones none has more than .80.
_LEAST_CORRELATION = 0.93

_SIDE = 32  # pixels of the grid that is compared
_LEAST_CONTRAST = 4  # of 255 shades


def with_copies(
    generation: Generation,
    rows: Sequence[int],
    k: int,
    depth: int,
    captions: Callable[[int], Collection[str]] | None = None,
) -> list[list[int]]:
    """The first k pictures, each followed by its copies, in the order of `rows`.

    Copies are looked for among the first `depth` rows, as deep as a search looks, so that more of
    them are found only where more is looked at. With `captions` of a row a copy has the same
    ones: where nothing was asked, other words are another post.
    """
    groups: list[list[int]] = []
    vectors, ids, folder = generation.image_vectors, generation.image_ids, generation.chroma_dir
    first = np.empty((min(k, len(rows)), vectors.shape[1]), dtype=np.float32)

    def same(one: int, other: int) -> bool:
        thumbnails = thumbnail_path(folder, ids[one]), thumbnail_path(folder, ids[other])
        return are_alike((vectors[one], vectors[other]), thumbnails)

    for place, row in enumerate(rows):
        if len(groups) == k and place >= depth:
            break
        near = np.flatnonzero(first[: len(groups)] @ vectors[row] >= LEAST_COSINE)
        for group in (groups[each] for each in near):
            says_the_same = captions is None or captions(group[0]) == captions(row)
            if says_the_same and same(group[0], row):
                group.append(row)
                break
        else:
            if len(groups) < k:
                first[len(groups)] = vectors[row]
                groups.append([row])
    return groups


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
