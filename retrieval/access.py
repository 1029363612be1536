"""The ways to the nearest vectors: all give the same, the cheapest is taken.

An exact scan of the published vectors knows every filter and misses nothing, but takes longer the
more there are. Chroma's index of nearest neighbours (HNSW, Malkov and Yashunin 2016) hardly does,
but knows no filter worth using: it is asked for more than is wanted, and what does not pass is
taken out. What either finds is compared with the query once more in the same way, so that a
picture's score does not depend on the way it was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.gallery import CAPTIONS, IMAGES, GalleryReader
from retrieval.vectors import cosines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors
    from retrieval.generation import Generation

    Vector = NDArray[np.float32]
    Mask = NDArray[np.bool_]

# Microseconds, of one core: benchmarks/filtered_search.py measures them.
_SCAN_PER_MILLION = 110.0  # numbers, row after row
_GATHER_PER_MILLION = 400.0  # numbers, of rows here and there
_ASK = 1_500.0  # Chroma, for anything
_ASK_PER_RECORD = 11.0
_OPEN = 2_000_000.0  # Chroma, once a process and generation
_QUERIES_AHEAD = 20.0  # that opening Chroma is thought to pay for
_EXACTNESS = 20_000.0  # that missing nothing is worth

_SLACK = 1.3  # more than the share of passing rows says: they are not spread evenly
_MOST_OF = 0.1  # of all records, that Chroma is asked for: with more, a scan is quicker
_ALWAYS = 1_000  # records that it can be asked for, however few there are
_ROUNDING = 1e-6  # by which two ways to multiply may differ


class Candidates(NamedTuple):
    """The nearest, best first, equal ones by row."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]  # cosines


@dataclass(frozen=True, slots=True)
class ExactScan:
    """Compares with everything that passes."""

    vectors: Vectors

    def nearest(self, query: Vector, passing: Mask | None, depth: int) -> Candidates:
        """The `depth` rows with the highest cosine among those that pass; fewer if fewer do."""
        rows = np.arange(len(self.vectors)) if passing is None else np.flatnonzero(passing)
        if self.gathers(len(rows)):
            scores = self.vectors[rows] @ query
        else:
            scores = (self.vectors @ query)[rows]
        if depth < len(rows):
            least = np.partition(scores, len(scores) - depth)[len(scores) - depth]
            rows = rows[scores >= least - _ROUNDING]
        return _best(self.vectors, rows, query, depth)

    def gathers(self, passing: int) -> bool:
        """Whether few enough pass to pick their rows out first."""
        return passing * _GATHER_PER_MILLION < len(self.vectors) * _SCAN_PER_MILLION

    def cost(self, passing: int) -> float:
        """Microseconds that a query takes."""
        whole = len(self.vectors) * _SCAN_PER_MILLION
        return min(whole, passing * _GATHER_PER_MILLION) * int(self.vectors.shape[1]) / 1e6


class ChromaIndex:
    """Asks Chroma, with a filter of its own or with more than is wanted."""

    def __init__(
        self, vectors: Vectors, ids: Sequence[str], reader: GalleryReader, collection: str
    ) -> None:
        """`ids` are those of the rows of `vectors`, sorted."""
        self._vectors = vectors
        self._ids = ids
        self.reader = reader
        self._collection = collection

    def nearest(
        self,
        query: Vector,
        passing: Mask | None,
        depth: int,
        where: dict[str, Any] | None = None,
    ) -> Candidates | None:
        """As `ExactScan.nearest`, but for what the index misses; None where it cannot be had.

        `where` are the same filters in Chroma's words; without them more is asked for.
        """
        enough = len(self._vectors) if passing is None else int(np.count_nonzero(passing))
        wanted = min(depth, enough)
        asked = depth if where is not None else self.asked_for(depth, enough)
        while wanted and asked <= self._most:
            found = self.reader.nearest(self._collection, query, asked, where)
            if found is None:
                return None
            rows = self._rows(found)
            rows = rows if passing is None else rows[passing[rows]]
            if len(rows) >= wanted or where is not None:
                return _best(self._vectors, rows, query, depth)
            asked *= 2
        return None

    def asked_for(self, depth: int, passing: int) -> int:
        """How many records hold `depth` that pass, as a rule."""
        share = passing / max(len(self._vectors), 1)
        return depth if share == 1 else int(_SLACK * depth / max(share, 1e-9)) + 1

    def cost(self, depth: int, passing: int) -> float:
        """Microseconds that a query takes, with its part of what opening costs."""
        opening = 0.0 if self.reader.is_open else _OPEN / _QUERIES_AHEAD
        asked = self.asked_for(depth, passing)
        if asked > self._most:
            return float("inf")
        return opening + _ASK + asked * _ASK_PER_RECORD

    @property
    def _most(self) -> float:
        """How many records it is worth asking for."""
        return max(_ALWAYS, _MOST_OF * len(self._vectors))

    def _rows(self, found: Sequence[str]) -> NDArray[np.int64]:
        """The rows of these records; a record that the generation lacks has none."""
        rows = [self._row_of[each] for each in found if each in self._row_of]
        return np.array(sorted(rows), dtype=np.int64)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {each: row for row, each in enumerate(self._ids)}


@dataclass(frozen=True, slots=True)
class Access:
    """The ways to one kind of vector."""

    exact: ExactScan
    index: ChromaIndex

    def nearest(self, query: Vector, passing: Mask | None, depth: int) -> Candidates:
        """The `depth` rows with the highest cosine among those that pass; fewer if fewer do."""
        enough = len(self.exact.vectors) if passing is None else int(np.count_nonzero(passing))
        if self.index.cost(depth, enough) + _EXACTNESS < self.exact.cost(enough):
            found = self.index.nearest(query, passing, depth)
            if found is not None:
                return found
        return self.exact.nearest(query, passing, depth)


@dataclass(frozen=True, slots=True)
class VectorAccess:
    """The nearest among a generation's pictures, and among its captions."""

    images: Access
    captions: Access
    reader: GalleryReader

    @classmethod
    def open(cls, generation: Generation) -> VectorAccess:
        """The ways there are to a published generation; nothing is opened before it pays."""
        reader = GalleryReader(generation.folder.parents[1], generation.manifest)
        images, captions = generation.image_vectors, generation.caption_vectors
        return cls(
            Access(ExactScan(images), ChromaIndex(images, generation.image_ids, reader, IMAGES)),
            Access(
                ExactScan(captions),
                ChromaIndex(captions, generation.caption_ids, reader, CAPTIONS),
            ),
            reader,
        )


def _best(vectors: Vectors, rows: NDArray[np.int64], query: Vector, depth: int) -> Candidates:
    scores = cosines(vectors, rows, query)
    best = np.lexsort((rows, -scores))[:depth]
    return Candidates(rows[best], scores[best])
