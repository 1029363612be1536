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
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from retrieval.gallery.chroma import CAPTIONS, IMAGES, ChromaReader
from retrieval.vectors import cosines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors
    from retrieval.gallery.generation import Generation

    Rows = NDArray[np.int64]
    Scores = NDArray[np.float32]
    Vector = NDArray[np.float32]
    Mask = NDArray[np.bool_]

# Microseconds on one core: docs/benchmarks.md, and benchmarks/filtered_search.py measures again.
_SCAN_PER_MILLION = 130.0  # numbers, row after row
_GATHER_PER_MILLION = 300.0  # numbers, of rows here and there
_ASK = 1_500.0  # Chroma, for anything
_ASK_PER_RECORD = 8.0
_OPEN = 800_000.0  # Chroma, once a process: most of it is its import
_OPEN_PER_MILLION = 5_500.0  # numbers, to load an index after every build
_EXACTNESS = 20_000.0  # that missing nothing is worth: nobody feels the difference

_SLACK = 1.5  # more than the share of passing rows says: they are not spread evenly
_LEAST = 200  # records that are asked for: with fewer the index looks less closely, for 1 ms less
_MOST_OF = 0.1  # of all records, that Chroma is asked for: with more, a scan is quicker
_ALWAYS = 1_000  # records that it can be asked for, however few there are
_CHUNK = 256  # rows that are picked out at a time: half a megabyte stays in the cache
_ROUNDING = 1e-5  # by which two ways to multiply may differ


class Candidates(NamedTuple):
    """The nearest, best first, equal ones by row."""

    rows: Rows
    scores: Scores  # cosines


class Way(Protocol):
    """One way to the nearest vectors."""

    def nearest(self, query: Vector, passing: Mask | None, depth: int) -> Candidates | None:
        """The `depth` rows with the highest cosine among those that pass; fewer if fewer do.

        `query` is of unit length; without a mask all rows pass. None: not to be had now.
        """


@dataclass(frozen=True, slots=True)
class ExactScan:
    """Compares with everything that passes."""

    vectors: Vectors

    def nearest(self, query: Vector, passing: Mask | None, depth: int) -> Candidates:
        """As `Way.nearest`; it can always be had, and misses nothing."""
        rows = np.arange(len(self.vectors)) if passing is None else np.flatnonzero(passing)
        if self.gathers(len(rows)):
            scores = self._gathered(rows, query)
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

    def _gathered(self, rows: Rows, query: Vector) -> Scores:
        """All in one piece would take twice as long, for memory that is new every time."""
        scores = np.empty(len(rows), dtype=np.float32)
        picked = np.empty((_CHUNK, self.vectors.shape[1]), dtype=np.float32)
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            # No row is clipped; the other modes copy everything once more.
            some = np.take(self.vectors, part, axis=0, out=picked[: len(part)], mode="clip")
            np.dot(some, query, out=scores[start : start + _CHUNK])
        return scores


class ChromaIndex:
    """Asks Chroma, with a filter of its own or with more than is wanted."""

    def __init__(
        self, vectors: Vectors, ids: Sequence[str], reader: ChromaReader, collection: str
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
        """As `Way.nearest`, but for what the index misses.

        `where` is a filter in Chroma's words, which knows what Chroma was last told; a mask is
        kept by asking for more than is wanted.
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
        return max(_LEAST, depth if share == 1 else int(_SLACK * depth / max(share, 1e-9)) + 1)

    def cost(self, depth: int, passing: int) -> float:
        """Microseconds that a query takes once Chroma is open."""
        asked = self.asked_for(depth, passing)
        return _ASK + asked * _ASK_PER_RECORD if asked <= self._most else float("inf")

    @property
    def opening_cost(self) -> float:
        """Microseconds until the first query can be asked."""
        return _OPEN + self._vectors.size * _OPEN_PER_MILLION / 1e6

    @property
    def _most(self) -> float:
        """How many records it is worth asking for."""
        return max(_ALWAYS, _MOST_OF * len(self._vectors))

    def _rows(self, found: Sequence[str]) -> Rows:
        """The rows of these records; a record that the generation lacks has none."""
        rows = [self._row_of[each] for each in found if each in self._row_of]
        return np.array(sorted(rows), dtype=np.int64)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {each: row for row, each in enumerate(self._ids)}


class Access:
    """The ways to one kind of vector."""

    def __init__(self, exact: ExactScan, index: ChromaIndex) -> None:
        self.exact = exact
        self.index = index
        self._lost = 0.0  # microseconds that scans took longer than an open index would have

    def nearest(self, query: Vector, passing: Mask | None, depth: int) -> Candidates:
        """As `Way.nearest`, by the way that is chosen; it can always be had."""
        enough = len(self.exact.vectors) if passing is None else int(np.count_nonzero(passing))
        found = self.choose(enough, depth).nearest(query, passing, depth)
        return self.exact.nearest(query, passing, depth) if found is None else found

    def choose(self, passing: int, depth: int) -> Way:
        """The index where it is felt to be quicker; the scan everywhere else.

        The index is opened once the scans of this process have cost as much as that: one search
        never pays for it, and many never wait for more than twice what they had to.
        """
        saved = self.exact.cost(passing) - self.index.cost(depth, passing) - _EXACTNESS
        if saved <= 0:
            return self.exact
        self._lost += saved
        is_worth_it = self.index.reader.is_open or self._lost > self.index.opening_cost
        return self.index if is_worth_it else self.exact


@dataclass(frozen=True, slots=True)
class VectorAccess:
    """The nearest among a generation's pictures, and among its captions."""

    images: Access
    captions: Access
    reader: ChromaReader

    @classmethod
    def open(cls, generation: Generation) -> VectorAccess:
        """The ways there are to a published generation; nothing is opened before it pays."""
        reader = ChromaReader(generation.chroma_dir, generation.manifest)
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
