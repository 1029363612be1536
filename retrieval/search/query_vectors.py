"""A query in the spaces that a search looks in."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from retrieval.errors import BadOption
from retrieval.search.words import load_word_search
from retrieval.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder
    from retrieval.gallery.generation import Generation
    from retrieval.records import Strategy
    from retrieval.search.query import Query

    Vector = NDArray[np.float32]


class QueryVectors(NamedTuple):
    """A query in each space and as words; None or empty: it does not ask there."""

    image: NDArray[np.float32] | None = None
    caption: NDArray[np.float32] | None = None
    words: str = ""
    unwanted_words: str = ""
    picture_row: int | None = None  # of the picture of the gallery that it asks by


class QueryEncoder:
    """Encodes queries, by the encoders of one generation."""

    def __init__(
        self, generation: Generation, image_encoder: ImageEncoder, caption_encoder: CaptionEncoder
    ) -> None:
        self.generation = generation
        self.image_encoder = image_encoder
        self.caption_encoder = caption_encoder
        self._loaded: set[Strategy] = set()

    def encode(self, queries: Sequence[Query], strategy: Strategy) -> list[QueryVectors]:
        """The queries in the spaces that the strategy looks in; all texts encoded in one go.

        Raises:
            BadOption: the gallery has not the picture that a query asks by.

        """
        texts = sorted({term.text for query in queries for term in query.terms})
        look, read = strategy in ("image", "hybrid"), strategy in ("caption", "hybrid")
        if texts and strategy not in self._loaded:
            self._load(strategy)
        captions = _encoded(self.caption_encoder, texts if read else [])
        images = _encoded(self.image_encoder, texts if look else [])
        in_words = strategy in ("words", "hybrid")
        encoded = []
        for query in queries:
            asked_by = query.similar_to
            row = None if asked_by is None else picture_row(self.generation, asked_by)
            encoded.append(
                QueryVectors(
                    image=self._image(query, row, images) if look else None,
                    caption=self._caption(query, row, captions) if read else None,
                    words=query.wanted if in_words else "",
                    unwanted_words=query.unwanted if in_words else "",
                    picture_row=row,
                )
            )
        return encoded

    def _load(self, strategy: Strategy) -> None:
        """What texts need, side by side: each takes a third of a second."""
        needed = {
            "words": [load_word_search],
            "caption": [self.caption_encoder.load_for_texts],
            "image": [self.image_encoder.load_for_texts],
        }
        needed["hybrid"] = [load for loads in needed.values() for load in loads]
        side_by_side(*needed[strategy])
        self._loaded.add(strategy)

    def _image(self, query: Query, row: int | None, of_text: Mapping[str, Vector]) -> Vector | None:
        parts = [(of_text[term.text], term.weight) for term in query.terms]
        if query.picture is not None:
            parts.append((self.image_encoder.encode_images([query.picture])[0], 1.0))
        if row is not None:
            parts.append((np.asarray(self.generation.image_vectors[row]), 1.0))
        return _sum(parts)

    def _caption(
        self, query: Query, row: int | None, of_text: Mapping[str, Vector]
    ) -> Vector | None:
        """For a picture of the gallery its captions stand; those of a file nobody knows."""
        parts = [(of_text[term.text], term.weight) for term in query.terms]
        if row is not None:
            rows, _ = self.generation.captions_of(np.array([row]))
            parts += [(self.generation.caption_vectors[each], 1 / len(rows)) for each in rows]
        return _sum(parts) if any(weight > 0 for _, weight in parts) else None


def _encoded(encoder: ImageEncoder | CaptionEncoder, texts: Sequence[str]) -> Mapping[str, Vector]:
    return dict(zip(texts, encoder.encode_texts(texts), strict=True)) if texts else {}


def picture_row(generation: Generation, image_id: str) -> int:
    """The row of a picture of the gallery, by its id or the start of it.

    Raises:
        BadOption: there is none, or the start fits several.

    """
    ids = generation.image_ids
    place = bisect_left(ids, image_id)
    fitting = [each for each in ids[place : place + 2] if image_id and each.startswith(image_id)]
    if not fitting:
        raise BadOption(
            f"the gallery has no picture {image_id!r}; take an image_id from a search with "
            "--json, or give a file with --like FILE"
        )
    if len(fitting) > 1 and fitting[0] != image_id:
        raise BadOption(f"several pictures start with {image_id!r}; write more of the id")
    return place


def _sum(parts: Sequence[tuple[Vector, float]]) -> Vector | None:
    """The unit vector of a weighted sum; None where there is nothing to add up."""
    if not parts:
        return None
    total = np.sum([weight * vector for vector, weight in parts], axis=0)
    length = float(np.linalg.norm(total))
    unit: Vector = (total / (length or 1)).astype(np.float32)
    return unit
