"""Text in, pictures with their posts out: an exact scan over both spaces, fused by rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retrieval.errors import BadOption
from retrieval.filters import Filters
from retrieval.fusion import UNRANKED, ranks, reciprocal_rank_fusion
from retrieval.records import Hit, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import ImageEncoder, TextEncoder
    from retrieval.generation import Generation
    from retrieval.labels.view import LabelView


EVERYTHING = Filters()


class Searcher:
    """Searches one published generation of the gallery."""

    def __init__(
        self,
        generation: Generation,
        labels: LabelView,
        image_encoder: ImageEncoder,
        caption_encoder: TextEncoder,
    ) -> None:
        self._generation = generation
        self._labels = labels
        self._image_encoder = image_encoder
        self._caption_encoder = caption_encoder

    def search(
        self, queries: Sequence[str], k: int, filters: Filters = EVERYTHING
    ) -> list[list[Hit]]:
        """For every query the best `k` pictures, best first; equal scores in the ids' order.

        A picture is found by, and shown with, those of its posts that pass the filters.

        Raises:
            BadOption: a query is blank, k is not positive, or there is no such topic.

        """
        if k < 1:
            raise BadOption(f"k is {k}; ask for 1 picture or more")
        if any(not query.strip() for query in queries):
            raise BadOption('the query is empty; say what to look for, such as "a cat asleep"')
        passing = filters.mask(self._labels)
        images = self._image_encoder.encode_texts(queries)
        captions = self._caption_encoder.encode_texts(queries)
        return [self._hits(*vectors, passing, k) for vectors in zip(images, captions, strict=True)]

    def _hits(
        self,
        image_query: NDArray[np.float32],
        caption_query: NDArray[np.float32],
        passing: NDArray[np.bool_],
        k: int,
    ) -> list[Hit]:
        """`passing` has shape (posts,)."""
        generation = self._generation
        image_scores = generation.image_vectors @ image_query
        caption_scores = generation.caption_vectors @ caption_query
        rows = generation.caption_rows
        caption_scores[rows[(rows >= 0) & ~passing]] = np.nan
        image_scores[generation.pictures_without(passing)] = np.nan
        best_captions = self._best_caption_of_each_picture(caption_scores)
        descriptions = np.full(len(image_scores), np.nan, dtype=np.float32)
        described = generation.description_pictures
        descriptions[described] = generation.description_vectors @ caption_query
        descriptions[np.isnan(image_scores)] = np.nan
        scores = [image_scores, best_captions, descriptions]
        rankings = [ranks(each) for each in scores]
        fused = reciprocal_rank_fusion(rankings)
        best = np.argsort(-fused, kind="stable")[: min(k, np.count_nonzero(fused))]
        return [
            self._hit(
                place,
                row,
                float(fused[row]),
                _why(row, scores, rankings),
                self._posts(row, caption_scores, passing),
            )
            for place, row in enumerate(best.tolist(), start=1)
        ]

    def _hit(self, rank: int, row: int, score: float, why: Why, posts: Sequence[int]) -> Hit:
        return Hit(
            rank=rank,
            image_id=self._generation.image_ids[row],
            description=self._generation.descriptions[row],
            score=score,
            why=why,
            posts=tuple(map(self._generation.post, posts)),
            labels=tuple(map(self._labels.labels, posts)),
        )

    def _best_caption_of_each_picture(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (pictures,): the similarity of each picture's nearest caption, NaN without any."""
        best = np.full(len(self._generation.image_ids), np.nan, dtype=np.float32)
        np.fmax.at(best, self._generation.caption_pictures, scores)
        return best

    def _posts(
        self, picture_row: int, caption_scores: NDArray[np.float32], passing: NDArray[np.bool_]
    ) -> list[int]:
        """The rows of the posts that show a picture, the best caption first, empty ones last."""
        generation = self._generation

        def likeness(row: int) -> float:
            caption_row = generation.caption_rows[row]
            return float(caption_scores[caption_row]) if caption_row >= 0 else -2.0

        rows = [row for row in generation.posts_of(picture_row) if passing[row]]
        return sorted(rows, key=lambda row: (-likeness(row), row))


def _why(
    row: int, scores: Sequence[NDArray[np.float32]], rankings: Sequence[NDArray[np.int64]]
) -> Why:
    """Of the picture, its best caption and its description, in this order."""
    said = [
        (float(score[row]), int(ranking[row])) if ranking[row] != UNRANKED else (None, None)
        for score, ranking in zip(scores[1:], rankings[1:], strict=True)
    ]
    (caption, caption_rank), (description, description_rank) = said
    return Why(
        image=float(scores[0][row]),
        caption=caption,
        image_rank=int(rankings[0][row]),
        caption_rank=caption_rank,
        description=description,
        description_rank=description_rank,
    )
