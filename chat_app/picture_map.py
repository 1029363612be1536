"""Pictures as points: those that look alike lie close together."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock, Thread
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Way = Literal["directions", "neighbours"]  # of placing pictures
WAYS: tuple[Way, ...] = get_args(Way)
MOST_DRAWN = 5_000  # points; more would only lie on one another
_MOST_READ = 20_000  # vectors that the directions are worked out from
_NEIGHBOURS = 15  # of each picture, that UMAP keeps close to it: its own usual number
_AT_ONCE = 1_000  # vectors that are compared with all placed ones
_DIGITS = 3  # of a box's edges; a map is 2 wide and 2 high
_one_umap = Lock()  # numba ends the process where two threads use its plainest kind of threads


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map, its edges included."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(cls, places: NDArray[np.float32]) -> Box:
        """The smallest that holds all places, (n, 2)."""
        (left, bottom), (right, top) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
        return cls(left, right, bottom, top)

    def rounded(self) -> Box:
        """As an address has it."""
        edges = (self.left, self.right, self.bottom, self.top)
        return Box(*(round(edge, _DIGITS) + 0.0 for edge in edges))  # + 0.0: never "-0"

    def within(self, other: Box) -> Box:
        """Each edge moved to the nearest place in the other."""
        x = (min(max(edge, other.left), other.right) for edge in (self.left, self.right))
        y = (min(max(edge, other.bottom), other.top) for edge in (self.bottom, self.top))
        return Box(*x, *y)

    def holds(self, places: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Shape (n,): which of the places, (n, 2), lie in it."""
        x, y = places.T
        return np.asarray(
            (x >= self.left) & (x <= self.right) & (y >= self.bottom) & (y <= self.top)
        )


class PictureMap:
    """Where the pictures of one generation lie.

    By directions at once; by neighbours once a thread has worked that out, where umap-learn is
    installed and there are enough pictures.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._places: dict[Way, NDArray[np.float32]] = {"directions": principal_places(vectors)}
        self.is_at_work = len(vectors) > _NEIGHBOURS and find_spec("umap") is not None
        if self.is_at_work:
            Thread(target=self._place, args=(vectors,), name="map", daemon=True).start()

    def places(self, way: Way) -> NDArray[np.float32] | None:
        """Shape (pictures, 2), in [-1, 1]; None: not there, or not yet."""
        return self._places.get(way)

    def _place(self, vectors: NDArray[np.float32]) -> None:
        try:
            with _one_umap:
                self._places["neighbours"] = neighbour_places(vectors)
        finally:
            self.is_at_work = False


def neighbour_places(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (n, 2): unit vectors, (n, d), each close to those most like it, scaled into [-1, 1].

    UMAP of at most `MOST_DRAWN` of them, at equal distances, the same every time; each of the
    others lies where the placed one that is most like it does.
    """
    import umap  # seconds, for numba

    placed = np.asarray(vectors[evenly(len(vectors), MOST_DRAWN)])
    learned = umap.UMAP(n_neighbors=_NEIGHBOURS, metric="cosine", random_state=0, n_jobs=1)
    places = learned.fit_transform(placed)
    low, high = places.min(axis=0), places.max(axis=0)
    places = 2 * (places - low) / np.where(high > low, high - low, 1) - 1
    most_alike = [
        (vectors[first : first + _AT_ONCE] @ placed.T).argmax(axis=1)
        for first in range(0, len(vectors), _AT_ONCE)
    ]
    return np.asarray(places[np.concatenate(most_alike)], dtype=np.float32)


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
