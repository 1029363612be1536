"""Text in, pictures with their posts out: an exact scan over both spaces, fused by rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retrieval.errors import BadOption
from retrieval.fusion import UNRANKED, ranks, reciprocal_rank_fusion
from retrieval.records import Hit, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import ImageEncoder, TextEncoder
    from retrieval.generation import Generation
    from retrieval.records import Post


class Searcher:
    """Searches one published generation of the gallery."""

    def __init__(
        self, generation: Generation, image_encoder: ImageEncoder, caption_encoder: TextEncoder
    ) -> None:
        self._generation = generation
        self._image_encoder = image_encoder
        self._caption_encoder = caption_encoder

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """For every query the best `k` pictures, best first; equal scores in the ids' order.

        Raises:
            BadOption: a query is blank, or k is not positive.

        """
        if k < 1:
            raise BadOption(f"k is {k}; ask for 1 picture or more")
        if any(not query.strip() for query in queries):
            raise BadOption('the query is empty; say what to look for, such as "a cat asleep"')
        images = self._image_encoder.encode_texts(queries)
        captions = self._caption_encoder.encode_texts(queries)
        return [self._hits(*vectors, k) for vectors in zip(images, captions, strict=True)]

    def _hits(
        self, image_query: NDArray[np.float32], caption_query: NDArray[np.float32], k: int
    ) -> list[Hit]:
        image_scores = self._generation.image_vectors @ image_query
        caption_scores = self._generation.caption_vectors @ caption_query
        best_captions = self._best_caption_of_each_picture(caption_scores)
        image_ranks, caption_ranks = ranks(image_scores), ranks(best_captions)
        fused = reciprocal_rank_fusion([image_ranks, caption_ranks])
        return [
            Hit(
                rank=place,
                image_id=self._generation.image_ids[row],
                score=float(fused[row]),
                why=_why(row, image_scores, best_captions, image_ranks, caption_ranks),
                posts=self._posts(row, caption_scores),
            )
            for place, row in enumerate(np.argsort(-fused, kind="stable")[:k], start=1)
        ]

    def _best_caption_of_each_picture(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (pictures,): the similarity of each picture's nearest caption, NaN without any."""
        best = np.full(len(self._generation.image_ids), np.nan, dtype=np.float32)
        np.fmax.at(best, self._generation.caption_pictures, scores)
        return best

    def _posts(self, picture_row: int, caption_scores: NDArray[np.float32]) -> tuple[Post, ...]:
        """The posts that show a picture, the best caption first, those without one last."""
        generation = self._generation

        def likeness(row: int) -> float:
            caption_row = generation.caption_rows[row]
            return float(caption_scores[caption_row]) if caption_row >= 0 else -2.0

        rows = sorted(generation.posts_of(picture_row), key=lambda row: (-likeness(row), row))
        return tuple(generation.post(row) for row in rows)


def _why(
    row: int,
    image_scores: NDArray[np.float32],
    caption_scores: NDArray[np.float32],
    image_ranks: NDArray[np.int64],
    caption_ranks: NDArray[np.int64],
) -> Why:
    captioned = caption_ranks[row] != UNRANKED
    return Why(
        image=float(image_scores[row]),
        caption=float(caption_scores[row]) if captioned else None,
        image_rank=int(image_ranks[row]),
        caption_rank=int(caption_ranks[row]) if captioned else None,
    )
