"""The gallery as LangChain vector stores, so that any LangChain chain can use it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings

from retrieval.encoders.stored import stored_encoders
from retrieval.gallery import CAPTIONS, IMAGES, opened_for_reading
from retrieval.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chromadb.api import ClientAPI

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
    `retrieval.filters.Filters.where` writes for `captions`.

    Raises:
        NoGallery: there is no gallery.
        GalleryLocked: a build is at work.
        GalleryDamaged: Chroma's files are broken, or not this gallery's.
        WeightsUnavailable: the weights of its encoders are not here.

    """
    stored = read_manifest(chroma_dir).encoders
    image, caption = stored_encoders(stored, cache_dir)
    with opened_for_reading(chroma_dir, stored) as client:
        yield Stores(_store(client, IMAGES, image), _store(client, CAPTIONS, caption))


def _store(client: ClientAPI, collection: str, encoder: TextEncoder) -> Chroma:
    return Chroma(
        collection_name=collection,
        embedding_function=TextEmbeddings(encoder),
        client=client,
        # Cosines can be below 0, which LangChain's own function warns of at every call.
        relevance_score_fn=lambda distance: min(1.0, max(0.0, 1.0 - distance)),
        create_collection_if_not_exists=False,
    )
