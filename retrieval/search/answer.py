"""A picture that was found, with its posts, and why it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.records import Alike, Hit, Why
from retrieval.search.words import matched_words
from retrieval.vectors import cosines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.gallery.generation import Generation
    from retrieval.labels.view import LabelView
    from retrieval.search.evidence import Passing, Similarities
    from retrieval.search.query_vectors import QueryVectors

    Rows = NDArray[np.int64]

_NO_ROWS = np.empty(0, dtype=np.int64)
_UNSAID = -2.0  # below any cosine: of a post without a caption


@dataclass(frozen=True, slots=True)
class Answer:
    """Tells what was found by one query, and why."""

    generation: Generation
    labels: LabelView
    vectors: QueryVectors
    passing: Passing
    nearest: Mapping[str, Rows]  # the rows of the nearest pictures in each respect, best first

    def hit(
        self,
        rank: int,
        row: int,
        similar: Similarities,
        alike: Sequence[int],
        *,
        score: float | None = None,
        sure: bool = True,
    ) -> Hit:
        """The picture in one row, with the rows of those that are the same again."""
        posts = self._posts(row)
        generation = self.generation
        return Hit(
            rank=rank,
            image_id=generation.image_ids[row],
            description=generation.descriptions[row],
            score=score,
            sure=sure,
            why=self._why(row, posts, similar),
            posts=tuple(map(generation.post, posts)),
            labels=tuple(map(self.labels.labels, posts)),
            alike=tuple(map(self._alike, alike)),
        )

    def captions(self, row: int) -> frozenset[str]:
        """What the passing posts say that show the picture in a row."""
        return frozenset(map(self.generation.caption, self._passing_posts(row)))

    def _alike(self, row: int) -> Alike:
        posts = self._posts(row)
        return Alike(tuple(map(self.generation.post, posts)), tuple(map(self.labels.labels, posts)))

    def _why(self, row: int, posts: Sequence[int], similar: Similarities) -> Why:
        words: list[str] = []
        if self.vectors.words:
            for post in posts:
                words += matched_words(self.vectors.words, self.generation.caption(post))
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
        posts = self._passing_posts(row)
        if self.vectors.caption is None and not self.vectors.words:
            order = np.nan_to_num(-self.generation.created_at[posts], nan=np.inf)
        else:
            order = -self._caption_likeness(np.array(posts, dtype=np.int64))
        return [posts[place] for place in np.argsort(order, kind="stable")]

    def _passing_posts(self, row: int) -> list[int]:
        return [post for post in self.generation.posts_of(row) if self.passing.posts[post]]

    def _caption_likeness(self, posts: Rows) -> NDArray[np.float64]:
        """Shape (len(posts),): of their captions to the query, in whatever unit it asks in."""
        rows = self.generation.caption_rows[posts]
        likeness = np.full(len(posts), _UNSAID)
        said = rows >= 0
        if self.vectors.caption is not None:
            vectors = self.generation.caption_vectors
            likeness[said] = cosines(vectors, rows[said], self.vectors.caption)
        else:
            captions = map(self.generation.caption, posts[said].tolist())
            likeness[said] = [len(matched_words(self.vectors.words, each)) for each in captions]
        return likeness
