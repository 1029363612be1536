"""The gallery as LangChain vector stores, so that any LangChain chain can use it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings

from retrieval.gallery.chroma import CAPTIONS, IMAGES, opened_for_reading
from retrieval.gallery.manifest import read_manifest
from retrieval.gallery.stored_encoders import stored_encoders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retrieval.encoders.base import TextEncoder


class Stores(NamedTuple):
    """One store a collection; documents are file names and captions, ids those of the gallery."""

    images: Chroma
    captions: Chroma


class TextEmbeddings(Embeddings):
    """An encoder as LangChain wants it."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector a text."""
        return [vector.tolist() for vector in self._encoder.encode_texts(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a text."""
        return self.embed_documents([text])[0]


@contextmanager
def langchain_stores(chroma_dir: Path, cache_dir: Path) -> Iterator[Stores]:
    """Stores over both collections of a gallery, for searching; no build can start meanwhile.

    A query of `images` is a text about a picture. Filters are Chroma's `where`, which
    `retrieval.catalog.filters.Filters.where` writes for `captions`.

    Raises:
        NoGallery: there is no gallery.
        GalleryLocked: a build is at work.
        GalleryDamaged: Chroma's files are broken, or not this gallery's, or a build was
            interrupted.
        WeightsUnavailable: the weights of its encoders are not here.

    """
    stored = read_manifest(chroma_dir).encoders
    image, caption = stored_encoders(stored, cache_dir)
    with opened_for_reading(chroma_dir, stored) as client:
        store = partial(
            Chroma,
            client=client,
            relevance_score_fn=_relevance,
            create_collection_if_not_exists=False,
        )
        yield Stores(
            images=store(collection_name=IMAGES, embedding_function=TextEmbeddings(image)),
            captions=store(collection_name=CAPTIONS, embedding_function=TextEmbeddings(caption)),
        )


def _relevance(distance: float) -> float:
    """The cosine, cut at 0: LangChain's own function warns of negative ones at every call."""
    return min(1.0, max(0.0, 1.0 - distance))
