"""Pictures as points: those that look alike lie close together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DRAWN = 5_000  # points; more would only lie on one another
_MOST_READ = 20_000  # vectors that the directions are worked out from


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map, its edges included."""

    left: float
    right: float
    bottom: float
    top: float

    def holds(self, places: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Shape (n,): which of the places, (n, 2), lie in it."""
        x, y = places.T
        return np.asarray(
            (x >= self.left) & (x <= self.right) & (y >= self.bottom) & (y <= self.top)
        )


def principal_places(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (n, 2): vectors, (n, d), in the plane in which they differ most, scaled into [-1, 1].

    Principal components: the two eigenvectors of the covariance with the largest eigenvalues, each
    with its largest coordinate positive, so that the map of a gallery is the same every time.
    """
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2), dtype=np.float32)
    read = np.asarray(vectors[evenly(len(vectors), _MOST_READ)], dtype=np.float64)
    mean = read.mean(axis=0)
    axes = np.linalg.eigh(np.cov(read - mean, rowvar=False))[1][:, -1:-3:-1]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    # Not (vectors - mean) @ axes, which would copy all vectors.
    places = vectors @ axes.astype(np.float32) - (mean @ axes).astype(np.float32)
    farthest = np.abs(places).max(axis=0)
    return np.asarray(places / np.where(farthest > 0, farthest, 1), dtype=np.float32)


def evenly(n: int, most: int) -> NDArray[np.int64]:
    """At most `most` of the places 0 … n - 1, at equal distances."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
