"""What speaks for a picture being what a query asks for: its look, its captions, their words."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from retrieval.search.relevance import SURE, Signals, relevance_for
from retrieval.search.words import WordIndex
from retrieval.vectors import cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.encoders.base import ImageEncoder
    from retrieval.gallery.generation import Generation
    from retrieval.records import Strategy
    from retrieval.search.query_vectors import QueryVectors
    from retrieval.search.relevance import Relevance


class Passing(NamedTuple):
    """What a search may use: a mask over each kind of row."""

    posts: NDArray[np.bool_]
    pictures: NDArray[np.bool_]
    captions: NDArray[np.bool_]

    @classmethod
    def of(cls, posts: NDArray[np.bool_], generation: Generation) -> Passing:
        """The pictures and captions of the posts that pass."""
        return cls(posts, ~generation.pictures_without(posts), posts[generation.caption_posts])

    def without_picture(self, row: int, generation: Generation) -> Passing:
        """The same but for one picture and its posts."""
        posts = self.posts.copy()
        posts[generation.posts_of(row)] = False
        return self.of(posts, generation)


class Scanned(NamedTuple):
    """What a query is compared with in full, once; None: it does not ask there."""

    words: NDArray[np.float32] | None  # (captions,): BM25 as a share, in [0, 1)
    described: NDArray[np.float32] | None  # (descriptions,): cosines


class Similarities(NamedTuple):
    """How alike a picture and a query are; None: not asked, or nothing there."""

    image: float | None
    caption: float | None
    description: float | None
    words: float | None


NOTHING = Similarities(None, None, None, None)


class Likeness(NamedTuple):
    """The same of m pictures, shape (m,) each; NaN: not asked, or nothing there."""

    image: NDArray[np.float32]  # cosines
    caption: NDArray[np.float32]  # of the nearest caption
    description: NDArray[np.float32]
    words: NDArray[np.float32]  # of the caption with most of the words, in [0, 1)

    @property
    def unread(self) -> NDArray[np.bool_]:
        """Shape (m,): the pictures that have neither a caption that passes nor a description."""
        return np.isnan(self.caption) & np.isnan(self.description)

    def at(self, place: int) -> Similarities:
        """Of one of the pictures."""
        values = (float(each[place]) for each in self)
        return Similarities(*(None if np.isnan(value) else value for value in values))


class Evidence:
    """Compares queries with what a generation holds."""

    def __init__(self, generation: Generation, image_encoder: ImageEncoder) -> None:
        self._generation = generation
        self._image_encoder = image_encoder

    @cached_property
    def relevance(self) -> Relevance:
        """What the signals are worth with this gallery's encoder."""
        return relevance_for(self._image_encoder.judgement)

    def scan(self, query: QueryVectors) -> Scanned:
        """The query against all captions' words and all descriptions."""
        vectors, words, described = self._generation.description_vectors, None, None
        if query.words:
            words = self._word_scores(query)
        if query.caption is not None:
            described = cosines(vectors, np.arange(len(vectors)), query.caption)
        return Scanned(words, described)

    def likeness(
        self,
        rows: NDArray[np.int64],
        query: QueryVectors,
        passing: Passing,
        scanned: Scanned | None = None,
    ) -> Likeness:
        """How alike the query and the pictures in these rows are; `scanned` where it is at hand."""
        generation, scanned = self._generation, scanned or self.scan(query)
        captions, owners = generation.captions_of(rows)
        kept = passing.captions[captions]
        captions, owners = captions[kept], owners[kept]
        nothing = np.full(len(rows), np.nan, dtype=np.float32)
        image, caption, described, words = (nothing.copy() for _ in range(4))
        if query.image is not None:
            image = cosines(generation.image_vectors, rows, query.image)
        if query.caption is not None:
            nearest = cosines(generation.caption_vectors, captions, query.caption)
            np.fmax.at(caption, owners, nearest)
        if scanned.described is not None:
            places = generation.description_rows[rows]
            has = places >= 0
            described[has] = scanned.described[places[has]]
        if scanned.words is not None:
            np.fmax.at(words, owners, scanned.words[captions])
        return Likeness(image, caption, described, words)

    def signals(self, likeness: Likeness, query: QueryVectors) -> Signals:
        """The same, and in deviations above what is usual for the query."""
        generation, image = self._generation, likeness.image
        text = text_cosine = np.fmax(likeness.caption, likeness.description)
        if query.image is not None:
            usual = self.relevance.usual(query.image, generation.image_vectors, "image")
            image = usual.standardised(image)
        if query.caption is not None:
            usual = self.relevance.usual(query.caption, generation.caption_vectors, "caption")
            text = usual.standardised(text_cosine)
        return Signals(image, text, likeness.words, likeness.image, text_cosine)

    def scores(
        self, strategy: Strategy, likeness: Likeness, query: QueryVectors
    ) -> NDArray[np.float64]:
        """Shape (m,): what hits are ranked by."""
        if strategy == "words":
            return np.nan_to_num(likeness.words, nan=0.0).astype(np.float64)
        if query.caption is None and not query.words:
            strategy = "image"  # a picture from outside: there is nothing to read
        return self.relevance.scores(strategy, self.signals(likeness, query))

    def levels(
        self, strategy: Strategy, scores: NDArray[np.float64], likeness: Likeness
    ) -> NDArray[np.int8]:
        """Shape (m,): SURE, LESS_SURE or UNRELATED; sure of all that hold a query's words."""
        if strategy == "words":
            return np.full(len(scores), SURE, dtype=np.int8)
        return self.relevance.levels(strategy, scores, likeness.unread, likeness.words)

    def _word_scores(self, query: QueryVectors) -> NDArray[np.float32]:
        """Shape (captions,): 0 for captions with a word that is not wanted."""
        scores = self._words.scores(query.words)
        if query.unwanted_words:
            scores[self._words.scores(query.unwanted_words) > 0] = 0
        return scores

    def in_captions(self, word: str) -> bool:
        """Whether any caption has the word, or another form of it."""
        return word in self._words

    @cached_property
    def _words(self) -> WordIndex:
        return WordIndex(self._generation.captions)
