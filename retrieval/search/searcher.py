"""Queries in, pictures with their posts out: by what they show, what was written, or both."""

from __future__ import annotations

from bisect import bisect_left
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from retrieval.catalog.columns import Columns
from retrieval.catalog.facets import Facets
from retrieval.catalog.filters import EVERYTHING
from retrieval.errors import BadOption
from retrieval.gallery.layout import thumbnail_path
from retrieval.labels.taxonomy import stale
from retrieval.records import STRATEGIES, Alike, Found, Hit, Why
from retrieval.search.alike import LEAST_COSINE, are_alike
from retrieval.search.evidence import NOTHING, Evidence, Passing, QueryVectors
from retrieval.search.nearest import VectorAccess
from retrieval.search.words import matched_words
from retrieval.vectors import cosines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.catalog.filters import Filters
    from retrieval.encoders.base import CaptionEncoder, ImageEncoder
    from retrieval.gallery.generation import Generation
    from retrieval.labels.view import LabelView
    from retrieval.records import Strategy
    from retrieval.search.evidence import Likeness, Similarities
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
    cutoff: bool = True  # leave out what has nothing to do with the query
    collapse: bool = True  # show copies of a picture as one


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
        self._access = VectorAccess.open(generation)
        self._chroma_dir = generation.chroma_dir

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
        asked = self.query_vectors(queries, options.strategy)
        return [
            self._found(query, vectors, passing, k, options)
            for query, vectors in zip(queries, asked, strict=True)
        ]

    def matching(
        self, query: Query, filters: Filters = EVERYTHING, options: Options | None = None
    ) -> Rows:
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
            return self._newest_rows(passing)
        vectors = self.query_vectors([query], options.strategy)[0]
        compared = self._compared(query, vectors, passing, _MOST_COUNTED, options)
        return compared.rows[compared.worth]

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
            vectors = self.query_vectors([query], "hybrid")[0]
        answer = _Answer(self.generation, self.labels, vectors, passing, {})
        groups = [[row] for row in rows]
        if collapse:
            groups = self._groups(rows, len(rows), answer.captions)
        return [
            answer.hit(rank, row, None, NOTHING, copies)
            for rank, (row, *copies) in enumerate(groups, start=1)
        ]

    def picture_row(self, image_id: str) -> int:
        """The row of a picture of the gallery, by its id or the start of it.

        Raises:
            BadOption: there is none, or the start fits several.

        """
        ids = self.generation.image_ids
        place = bisect_left(ids, image_id)
        fitting = [
            each for each in ids[place : place + 2] if image_id and each.startswith(image_id)
        ]
        if not fitting:
            raise BadOption(
                f"the gallery has no picture {image_id!r}; take an image_id from a search with "
                "--json, or give a file with --like FILE"
            )
        if len(fitting) > 1 and fitting[0] != image_id:
            raise BadOption(f"several pictures start with {image_id!r}; write more of the id")
        return place

    def query_vectors(self, queries: Sequence[Query], strategy: Strategy) -> list[QueryVectors]:
        """The queries in the spaces that the strategy looks in; all texts encoded in one go."""
        texts = sorted({term.text for query in queries for term in query.terms})
        images: Mapping[str, Vector] = {}
        captions: Mapping[str, Vector] = {}
        look, read = strategy in ("image", "hybrid"), strategy in ("caption", "hybrid")
        if texts and look:
            images = dict(zip(texts, self.image_encoder.encode_texts(texts), strict=True))
        if texts and read:
            captions = dict(zip(texts, self.caption_encoder.encode_texts(texts), strict=True))
        in_words = strategy in ("words", "hybrid")
        return [
            QueryVectors(
                image=self._image_query(query, images) if look else None,
                caption=self._caption_query(query, captions) if read else None,
                words=query.wanted if in_words else "",
                unwanted_words=query.unwanted if in_words else "",
            )
            for query in queries
        ]

    def _image_query(self, query: Query, of_text: Mapping[str, Vector]) -> Vector | None:
        parts = [(of_text[term.text], term.weight) for term in query.terms]
        if query.picture is not None:
            parts.append((self.image_encoder.encode_images([query.picture])[0], 1.0))
        if query.similar_to is not None:
            vector = self.generation.image_vectors[self.picture_row(query.similar_to)]
            parts.append((np.asarray(vector), 1.0))
        return _sum(parts)

    def _caption_query(self, query: Query, of_text: Mapping[str, Vector]) -> Vector | None:
        """For a picture of the gallery its captions stand; those of a file nobody knows."""
        parts = [(of_text[term.text], term.weight) for term in query.terms]
        if query.similar_to is not None:
            picture = np.array([self.picture_row(query.similar_to)])
            rows, _ = self.generation.captions_of(picture)
            parts += [(self.generation.caption_vectors[row], 1 / len(rows)) for row in rows]
        return _sum(parts) if any(weight > 0 for _, weight in parts) else None

    def _found(
        self, query: Query, vectors: QueryVectors, passing: Passing, k: int, options: Options
    ) -> Found:
        if query.is_empty:
            return self._newest(passing, k, options)
        if query.similar_to is not None:
            row = self.picture_row(query.similar_to)
            passing = passing.without_picture(row, self.generation)
        compared = self._compared(query, vectors, passing, max(_DEPTH, 10 * k), options)
        rows, scores = compared.rows, compared.scores
        answer = _Answer(self.generation, self.labels, vectors, passing, compared.nearest)
        place = {int(rows[each]): int(each) for each in compared.worth}  # by row, best first
        groups = self._groups(list(place), k) if options.collapse else [[row] for row in place][:k]
        hits = [
            answer.hit(
                rank, row, float(scores[place[row]]), compared.likeness.at(place[row]), copies
            )
            for rank, (row, *copies) in enumerate(groups, start=1)
        ]
        held_back = min(k, len(compared.best)) - min(k, len(compared.worth))
        return Found(tuple(hits), int(passing.pictures.sum()), held_back)

    def _compared(
        self, query: Query, vectors: QueryVectors, passing: Passing, depth: int, options: Options
    ) -> _Compared:
        """The pictures near to the query in any respect, compared closely."""
        nearest = self._nearest(vectors, passing, depth)
        rows = np.unique(np.concatenate([_NO_ROWS, *nearest.values()]))
        likeness = self.evidence.likeness(rows, vectors, passing)
        scores = self.evidence.scores(options.strategy, likeness, vectors)
        best = np.lexsort((rows, -scores))
        worth = best
        if options.cutoff and not query.has_picture:  # pictures are alike to any degree
            shown = self.evidence.are_worth_showing(options.strategy, scores, likeness)
            worth = best[shown[best]]
        return _Compared(nearest, rows, likeness, scores, best, worth)

    def _newest(self, passing: Passing, k: int, options: Options) -> Found:
        """Everything that passes, newest first."""
        rows = self._newest_rows(passing)
        answer = _Answer(self.generation, self.labels, QueryVectors(), passing, {})
        groups = [[row] for row in rows[:k].tolist()]
        if options.collapse:
            groups = self._groups(rows.tolist(), k, answer.captions)
        hits = [
            answer.hit(rank, row, None, NOTHING, copies)
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

    def _nearest(self, vectors: QueryVectors, passing: Passing, depth: int) -> dict[str, Rows]:
        """The pictures nearest to the query in each respect, best first."""
        generation, nearest = self.generation, {}
        if vectors.image is not None:
            found = self._access.images.nearest(vectors.image, passing.pictures, depth)
            nearest["image"] = found.rows
        if vectors.caption is not None:
            found = self._access.captions.nearest(vectors.caption, passing.captions, depth)
            nearest["caption"] = _once(generation.caption_pictures[found.rows])
            described = generation.description_pictures
            shown = described[passing.pictures[described]]
            places = generation.description_rows[shown]
            likeness = cosines(generation.description_vectors, places, vectors.caption)
            nearest["description"] = shown[_best(likeness, depth)]
        if vectors.words:
            scores = np.where(passing.captions, self.evidence.word_scores(vectors), 0)
            best = _best(scores, depth)
            nearest["words"] = _once(generation.caption_pictures[best[scores[best] > 0]])
        return nearest

    def _groups(
        self,
        rows: Sequence[int],
        k: int,
        captions: Callable[[int], Collection[str]] | None = None,
    ) -> list[list[int]]:
        """The first k pictures, each followed by its copies, in the order of `rows`.

        Copies are looked for as deep as a search looks, so that more of them are found only where
        more is looked at. With `captions` of a row a copy has the same ones: where nothing was
        asked, other words are another post.
        """
        groups: list[list[int]] = []
        vectors = self.generation.image_vectors
        first = np.empty((min(k, len(rows)), vectors.shape[1]), dtype=np.float32)
        for place, row in enumerate(rows):
            if len(groups) == k and place >= max(_DEPTH, 10 * k):
                break
            near = np.flatnonzero(first[: len(groups)] @ vectors[row] >= LEAST_COSINE)
            for group in (groups[each] for each in near):
                same = captions is None or captions(group[0]) == captions(row)
                if same and self._are_alike(group[0], row):
                    group.append(row)
                    break
            else:
                if len(groups) < k:
                    first[len(groups)] = vectors[row]
                    groups.append([row])
        return groups

    def _are_alike(self, first: int, second: int) -> bool:
        vectors, ids = self.generation.image_vectors, self.generation.image_ids
        return are_alike(
            (vectors[first], vectors[second]),
            (
                thumbnail_path(self._chroma_dir, ids[first]),
                thumbnail_path(self._chroma_dir, ids[second]),
            ),
        )


class _Compared(NamedTuple):
    """Pictures compared with a query; all but `nearest` by place in `rows`."""

    nearest: Mapping[str, Rows]  # in each respect, best first
    rows: Rows
    likeness: Likeness
    scores: NDArray[np.float64]
    best: Rows  # all places, best first
    worth: Rows  # those that have to do with the query, best first


@dataclass(frozen=True, slots=True)
class _Answer:
    """Tells what was found, and why."""

    generation: Generation
    labels: LabelView
    vectors: QueryVectors
    passing: Passing
    nearest: Mapping[str, Rows]

    def hit(
        self, rank: int, row: int, score: float | None, similar: Similarities, alike: Sequence[int]
    ) -> Hit:
        """The picture in one row, with the rows of those that are the same again."""
        posts = self._posts(row)
        generation = self.generation
        return Hit(
            rank=rank,
            image_id=generation.image_ids[row],
            description=generation.descriptions[row],
            score=score,
            why=self._why(row, similar),
            posts=tuple(map(generation.post, posts)),
            labels=tuple(map(self.labels.labels, posts)),
            alike=tuple(map(self._alike, alike)),
        )

    def captions(self, row: int) -> frozenset[str]:
        """What the passing posts say that show the picture in a row."""
        return frozenset(map(self.generation.caption, self._posts(row)))

    def _alike(self, row: int) -> Alike:
        posts = self._posts(row)
        return Alike(tuple(map(self.generation.post, posts)), tuple(map(self.labels.labels, posts)))

    def _why(self, row: int, similar: Similarities) -> Why:
        words: list[str] = []
        if self.vectors.words:
            for post in self._posts(row):
                caption = self.generation.caption(post)
                words += matched_words(self.vectors.words, caption)
        return Why(
            image=similar.image,
            image_rank=self._rank("image", row),
            caption=similar.caption,
            caption_rank=self._rank("caption", row),
            description=similar.description,
            description_rank=self._rank("description", row),
            words=tuple(dict.fromkeys(words)),
            words_score=similar.words,
            words_rank=self._rank("words", row),
        )

    def _rank(self, respect: str, row: int) -> int | None:
        places = np.flatnonzero(self.nearest.get(respect, _NO_ROWS) == row)
        return int(places[0]) + 1 if len(places) else None

    def _posts(self, row: int) -> list[int]:
        """The passing posts that show a picture: the best caption first, empty ones last.

        Where captions were not asked for anything, the newest first, undated ones last.
        """
        posts = [post for post in self.generation.posts_of(row) if self.passing.posts[post]]
        if self.vectors.caption is None and not self.vectors.words:
            age = np.nan_to_num(-self.generation.created_at[posts], nan=np.inf)
            return [posts[place] for place in np.argsort(age, kind="stable")]
        return sorted(posts, key=lambda post: (-self._caption_likeness(post), post))

    def _caption_likeness(self, post: int) -> float:
        row = int(self.generation.caption_rows[post])
        if row < 0:
            return -2.0  # below any cosine
        if self.vectors.caption is not None:
            vectors = self.generation.caption_vectors
            return float(cosines(vectors, np.array([row]), self.vectors.caption)[0])
        return float(len(matched_words(self.vectors.words, self.generation.caption(post))))


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


def _sum(parts: Sequence[tuple[Vector, float]]) -> Vector | None:
    """The unit vector of a weighted sum; None where there is nothing to add up."""
    if not parts:
        return None
    total = np.sum([weight * vector for vector, weight in parts], axis=0)
    length = float(np.linalg.norm(total))
    unit: Vector = (total / (length or 1)).astype(np.float32)
    return unit


def _best(scores: NDArray[np.float32], depth: int) -> Rows:
    """The places of the highest scores, best first, ties in order."""
    return np.argsort(-scores, kind="stable")[:depth]


def _once(rows: Rows) -> Rows:
    """The rows without repetitions, in order of first appearance."""
    return rows[np.sort(np.unique(rows, return_index=True)[1])]
