"""Queries in, pictures with their posts out: by what they show, what was written, or both."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from retrieval.catalog.columns import Columns
from retrieval.catalog.facets import Facets
from retrieval.catalog.filters import EVERYTHING
from retrieval.errors import BadOption
from retrieval.labels.taxonomy import stale
from retrieval.records import STRATEGIES, Found, Hit
from retrieval.search.alike import with_copies
from retrieval.search.answer import Answer
from retrieval.search.evidence import NOTHING, Evidence, Passing
from retrieval.search.nearest import VectorAccess
from retrieval.search.query_vectors import QueryEncoder, QueryVectors, picture_row
from retrieval.search.relevance import SURE, UNRELATED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.catalog.filters import Filters
    from retrieval.encoders.base import CaptionEncoder, ImageEncoder
    from retrieval.gallery.generation import Generation
    from retrieval.labels.view import LabelView
    from retrieval.records import Strategy
    from retrieval.search.evidence import Likeness, Scanned
    from retrieval.search.query import Query

    Vector = NDArray[np.float32]
    Rows = NDArray[np.int64]

_MOST_COUNTED = 5_000  # of the nearest in each respect, where all that match are wanted
_DEPTH = 200  # of the nearest in each space are compared closely; ten times k where that is more

_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Options:
    """How to search."""

    strategy: Strategy = "hybrid"
    cutoff: bool = True  # what one is sure of first, without what has nothing to do with the query
    collapse: bool = True  # show copies of a picture as one


class Matching(NamedTuple):
    """The rows of pictures, best first."""

    sure: Rows
    less_sure: Rows


class Searcher:
    """Searches one published generation of the gallery."""

    def __init__(
        self,
        generation: Generation,
        labels: LabelView,
        image_encoder: ImageEncoder,
        caption_encoder: CaptionEncoder,
    ) -> None:
        self.generation = generation
        self.labels = labels
        self.columns = Columns(generation, labels)
        self.facets = Facets(self.columns)
        self.evidence = Evidence(generation, image_encoder)
        self.image_encoder = image_encoder
        self.caption_encoder = caption_encoder
        self._encoder = QueryEncoder(generation, image_encoder, caption_encoder)
        self._access = VectorAccess.open(generation)

    @property
    def short_side(self) -> int:
        """The pixels that a picture to look for should have on its short side."""
        return self.image_encoder.short_side

    @property
    def warning(self) -> str | None:
        """What a user should know about the labels before relying on them."""
        made_by = self.generation.manifest.labels
        return None if made_by is None else stale(made_by)

    def relabelled(self, labels: LabelView) -> Searcher:
        """The same, with other corrections."""
        other = copy(self)
        other.labels, other.columns = labels, Columns(self.generation, labels)
        other.facets = Facets(other.columns)
        return other

    def search(
        self,
        queries: Sequence[Query],
        k: int,
        filters: Filters = EVERYTHING,
        options: Options | None = None,
    ) -> list[Found]:
        """For every query the best `k` pictures, best first; equal scores in the ids' order.

        A picture is found by, and shown with, those of its posts that pass the filters.

        Raises:
            BadOption: k is not positive, there is no such strategy, topic, source or picture, or
                the strategy cannot answer the query.

        """
        options = options or Options()
        if k < 1:
            raise BadOption(f"k is {k}; ask for 1 picture or more")
        for query in queries:
            _check(query, options.strategy)
        passing = Passing.of(filters.mask(self.columns), self.generation)
        asked = self._encoder.encode(queries, options.strategy)
        return [
            self._found(query, vectors, passing, k, options)
            for query, vectors in zip(queries, asked, strict=True)
        ]

    def matching(
        self, query: Query, filters: Filters = EVERYTHING, options: Options | None = None
    ) -> Matching:
        """The rows of all pictures that have to do with a query, best first, for counting.

        An empty query has to do with everything that passes, newest first. Of any other the
        nearest 5,000 in each respect are looked at.

        Raises:
            BadOption: as `search` does.

        """
        options = options or Options()
        _check(query, options.strategy)
        passing = Passing.of(filters.mask(self.columns), self.generation)
        if query.is_empty:
            return Matching(self._newest_rows(passing), _NO_ROWS)
        vectors = self._encoder.encode([query], options.strategy)[0]
        compared = self._compared(query, vectors, passing, _MOST_COUNTED, options)
        worth, sure = compared.worth, compared.sure
        return Matching(compared.rows[worth[sure[worth]]], compared.rows[worth[~sure[worth]]])

    def hits(
        self,
        rows: Sequence[int],
        filters: Filters = EVERYTHING,
        query: Query | None = None,
        *,
        collapse: bool = False,
    ) -> list[Hit]:
        """Pictures by their rows, in that order, with those of their posts that pass.

        Those posts come as a search for the query would show them. `collapse`: copies among them
        with the same captions are one picture, at the place of the first.
        """
        passing = Passing.of(filters.mask(self.columns), self.generation)
        vectors = QueryVectors()
        if query is not None and not query.is_empty:
            vectors = self._encoder.encode([query], "hybrid")[0]
        answer = Answer(self.generation, self.labels, vectors, passing, {})
        groups = [[row] for row in rows]
        if collapse:
            groups = with_copies(self.generation, rows, len(rows), len(rows), answer.captions)
        return [
            answer.hit(rank, row, NOTHING, copies)
            for rank, (row, *copies) in enumerate(groups, start=1)
        ]

    def picture_row(self, image_id: str) -> int:
        """The row of a picture of the gallery, by its id or the start of it.

        Raises:
            BadOption: there is none, or the start fits several.

        """
        return picture_row(self.generation, image_id)

    def _found(
        self, query: Query, vectors: QueryVectors, passing: Passing, k: int, options: Options
    ) -> Found:
        if query.is_empty:
            return self._newest(passing, k, options)
        if vectors.picture_row is not None:
            passing = passing.without_picture(vectors.picture_row, self.generation)
        compared = self._compared(query, vectors, passing, _depth(k), options)
        rows, scores, worth = compared.rows, compared.scores, compared.worth
        answer = Answer(self.generation, self.labels, vectors, passing, compared.nearest)
        place = {int(rows[each]): int(each) for each in worth}  # by row, best first
        groups = [[row] for row in place][:k]
        if options.collapse:
            groups = with_copies(self.generation, list(place), k, _depth(k))
        hits = [
            answer.hit(
                rank,
                row,
                compared.likeness.at(place[row]),
                copies,
                score=float(scores[place[row]]),
                sure=bool(compared.sure[place[row]]),
            )
            for rank, (row, *copies) in enumerate(groups, start=1)
        ]
        held_back = min(k, len(rows)) - min(k, len(worth))
        return Found(tuple(hits), int(passing.pictures.sum()), held_back)

    def _compared(
        self, query: Query, vectors: QueryVectors, passing: Passing, depth: int, options: Options
    ) -> _Compared:
        """The pictures near to the query in any respect, compared closely."""
        scanned = self.evidence.scan(vectors)
        nearest = self._nearest(vectors, scanned, passing, depth)
        rows = np.unique(np.concatenate([_NO_ROWS, *nearest.values()]))
        likeness = self.evidence.likeness(rows, vectors, passing, scanned)
        scores = self.evidence.scores(options.strategy, likeness, vectors)
        levels = np.full(len(rows), SURE, dtype=np.int8)
        if not query.has_picture:  # pictures are alike to any degree
            levels = self.evidence.levels(options.strategy, scores, likeness)
        worth = np.lexsort((rows, -scores))
        if options.cutoff:
            worth = np.lexsort((rows, -scores, -levels))
            worth = worth[levels[worth] > UNRELATED]
        return _Compared(nearest, rows, likeness, scores, levels == SURE, worth)

    def _newest(self, passing: Passing, k: int, options: Options) -> Found:
        """Everything that passes, newest first."""
        rows = self._newest_rows(passing)
        answer = Answer(self.generation, self.labels, QueryVectors(), passing, {})
        groups = [[row] for row in rows[:k].tolist()]
        if options.collapse:
            groups = with_copies(self.generation, rows.tolist(), k, _depth(k), answer.captions)
        hits = [
            answer.hit(rank, row, NOTHING, copies)
            for rank, (row, *copies) in enumerate(groups, start=1)
        ]
        return Found(tuple(hits), len(rows), 0)

    def _newest_rows(self, passing: Passing) -> Rows:
        """The pictures that pass, by the newest post of each; undated ones last."""
        newest = np.full(len(passing.pictures), -np.inf)
        posts = np.flatnonzero(passing.posts)
        np.fmax.at(newest, self.generation.picture_rows[posts], self.columns.created_at[posts])
        rows = np.flatnonzero(passing.pictures)
        return rows[np.lexsort((rows, -newest[rows]))]

    def _nearest(
        self, vectors: QueryVectors, scanned: Scanned, passing: Passing, depth: int
    ) -> dict[str, Rows]:
        """The pictures nearest to the query in each respect, best first."""
        generation, nearest = self.generation, {}
        if vectors.image is not None:
            found = self._access.images.nearest(vectors.image, passing.pictures, depth)
            nearest["image"] = found.rows
        if vectors.caption is not None:
            found = self._access.captions.nearest(vectors.caption, passing.captions, depth)
            nearest["caption"] = _once(generation.caption_pictures[found.rows])
        if scanned.described is not None:
            described = generation.description_pictures
            kept = passing.pictures[described]
            nearest["description"] = described[kept][_best(scanned.described[kept], depth)]
        if scanned.words is not None:
            scores = np.where(passing.captions, scanned.words, 0)
            best = _best(scores, depth)
            nearest["words"] = _once(generation.caption_pictures[best[scores[best] > 0]])
        return nearest


class _Compared(NamedTuple):
    """Pictures compared with a query; all but `nearest` by place in `rows`."""

    nearest: Mapping[str, Rows]  # in each respect, best first
    rows: Rows
    likeness: Likeness
    scores: NDArray[np.float64]
    sure: NDArray[np.bool_]
    worth: Rows  # the places of those that have to do with the query, best first


def _check(query: Query, strategy: Strategy) -> None:
    """Refuse what a strategy cannot answer.

    Raises:
        BadOption: there is no such strategy, or nothing it could look for.

    """
    if strategy not in STRATEGIES:
        raise BadOption(f"unknown strategy {strategy!r}; choose from {', '.join(STRATEGIES)}")
    if query.is_empty:
        return
    if strategy == "words" and (not query.wanted or query.has_picture):
        raise BadOption(
            "the strategy words looks for words, and for nothing else; give some without a "
            "picture, or choose hybrid"
        )
    if strategy == "caption" and not query.wanted and query.similar_to is None:
        raise BadOption(
            "the strategy caption cannot look for a picture; choose image or hybrid, or give "
            "words as well"
        )


def _depth(k: int) -> int:
    """How many of the nearest in each respect are compared closely."""
    return max(_DEPTH, 10 * k)


def _best(scores: NDArray[np.float32], depth: int) -> Rows:
    """The places of the highest scores, best first, ties in order."""
    return np.argsort(-scores, kind="stable")[:depth]


def _once(rows: Rows) -> Rows:
    """The rows without repetitions, in order of first appearance."""
    return rows[np.sort(np.unique(rows, return_index=True)[1])]
