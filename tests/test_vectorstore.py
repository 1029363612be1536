"""LangChain finds what the gallery holds: the same ids as an exact scan, in the same order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from retrieval.catalog.filters import Filters
from retrieval.errors import GalleryDamaged, GalleryLocked, NoGallery
from retrieval.gallery import lock, vectorstore
from retrieval.gallery.chroma import CAPTIONS, ChromaReader
from retrieval.gallery.generation import Generation
from retrieval.gallery.layout import remove_chroma
from retrieval.gallery.lock import writer_lock
from retrieval.search.nearest import ExactScan
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import index_folder, save_picture

COLOURS = ("red", "green", "blue", "olive", "navy", "maroon", "teal", "purple", "orange", "pink")


@pytest.fixture
def gallery(chroma_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place, colour in enumerate(COLOURS):
        caption = f"a {colour} wall side {place}" + (", lovely!" if place % 2 else "")
        save_picture(tmp_path / "posts" / f"{colour}.png", colour, caption)
    save_picture(tmp_path / "posts" / "silent.png", "black")
    index_folder(chroma_dir, tmp_path / "posts")
    encoders = ColourEncoder(), WordEncoder()
    monkeypatch.setattr(vectorstore, "stored_encoders", lambda *_: encoders)
    return chroma_dir


def by_likeness(found: Iterable[tuple[str, float]]) -> list[str]:
    """The ids, best first, equal ones by name: the order of equal ones is nobody's promise."""
    return [name for name, _ in sorted(found, key=lambda each: (-round(each[1], 5), each[0]))]


def test_stores_find_the_same_as_an_exact_scan(gallery: Path, tmp_path: Path) -> None:
    generation = Generation.open(gallery)
    with vectorstore.langchain_stores(gallery, tmp_path) as stores:
        for query in ("a red wall", "lovely side 3"):
            scores = generation.caption_vectors @ WordEncoder().encode_texts([query])[0]
            documents = stores.captions.similarity_search_with_score(query, k=10)
            assert by_likeness((str(d.id), 1 - distance) for d, distance in documents) == (
                by_likeness(zip(generation.caption_ids, scores.tolist(), strict=True))
            )
        scores = generation.image_vectors @ ColourEncoder().encode_texts(["green"])[0]
        documents = stores.images.similarity_search_with_score("green", k=11)
        assert by_likeness((str(d.id), 1 - distance) for d, distance in documents) == (
            by_likeness(zip(generation.image_ids, scores.tolist(), strict=True))
        )


def test_a_vector_finds_the_same_with_and_without_a_filter(gallery: Path, tmp_path: Path) -> None:
    generation = Generation.open(gallery)
    query = WordEncoder().encode_texts(["a teal wall, lovely!"])[0]
    scan = ExactScan(generation.caption_vectors)
    lovely = np.array(["lovely" in caption for caption in generation.captions])
    filters = Filters(sentiments=frozenset({"positive"}))
    with vectorstore.langchain_stores(gallery, tmp_path) as stores:
        for passing, where in ((None, None), (lovely, filters.where())):
            expected = scan.nearest(query, passing, 20)
            documents = stores.captions.similarity_search_by_vector_with_relevance_scores(
                query.tolist(), k=20, filter=where
            )
            assert by_likeness((str(d.id), 1 - distance) for d, distance in documents) == (
                by_likeness(
                    (generation.caption_ids[row], score)
                    for row, score in zip(
                        expected.rows.tolist(), expected.scores.tolist(), strict=True
                    )
                )
            )


def test_documents_are_captions_and_file_names(gallery: Path, tmp_path: Path) -> None:
    with vectorstore.langchain_stores(gallery, tmp_path) as stores:
        captions = stores.captions.similarity_search("wall", k=20)
        pictures = stores.images.similarity_search("red", k=20)
    assert len(captions) == len(COLOURS)
    assert len(pictures) == len(COLOURS) + 1
    assert all("wall side" in document.page_content for document in captions)
    assert {document.page_content for document in pictures} > {"red.png", "silent.png"}
    assert captions[0].metadata["image_path"].endswith(".png")


def test_filters_are_chromas(gallery: Path, tmp_path: Path) -> None:
    where = Filters(sentiments=frozenset({"positive"})).where()
    with vectorstore.langchain_stores(gallery, tmp_path) as stores:
        found = stores.captions.similarity_search("wall", k=20, filter=where)
    assert len(found) == len(COLOURS) // 2
    assert all("lovely" in document.page_content for document in found)


def test_relevance_lies_between_0_and_1_without_a_warning(
    gallery: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    with vectorstore.langchain_stores(gallery, tmp_path) as stores:
        found = stores.images.similarity_search_with_relevance_scores("red", k=20)
        retriever = stores.captions.as_retriever(search_kwargs={"k": 2})
        assert len(retriever.invoke("a red wall")) == 2
    assert all(0 <= score <= 1 for _, score in found)
    assert not [each for each in recwarn if "relevance" in str(each.message).lower()]


def test_no_build_runs_while_the_stores_are_open(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_PATIENCE", 0.1)
    with vectorstore.langchain_stores(gallery, tmp_path):
        with pytest.raises(GalleryLocked), writer_lock(gallery):
            pass
    with writer_lock(gallery):
        with pytest.raises(GalleryLocked), vectorstore.langchain_stores(gallery, tmp_path):
            pass


def test_searches_go_on_while_the_stores_are_open_and_after(gallery: Path, tmp_path: Path) -> None:
    generation = Generation.open(gallery)
    reader = ChromaReader(gallery, generation.manifest)
    query = generation.caption_vectors[0]
    with vectorstore.langchain_stores(gallery, tmp_path) as stores:
        assert reader.nearest(CAPTIONS, query, 1, None) == [generation.caption_ids[0]]
        with vectorstore.langchain_stores(gallery, tmp_path) as others:
            assert others.captions.similarity_search("a red wall", k=1)
        reader.close()
        assert stores.captions.similarity_search("a red wall", k=1)
    assert reader.nearest(CAPTIONS, query, 1, None) == [generation.caption_ids[0]]
    reader.close()


def test_an_interrupted_build_is_said(gallery: Path, tmp_path: Path) -> None:
    with writer_lock(gallery):
        (gallery / "journal").mkdir(exist_ok=True)
        (gallery / "journal" / "00000001-00000001.npz").touch()
    with pytest.raises(GalleryDamaged, match="was interrupted"):
        with vectorstore.langchain_stores(gallery, tmp_path):
            pass


def test_no_gallery_and_no_collections_are_said(gallery: Path, tmp_path: Path) -> None:
    with pytest.raises(NoGallery), vectorstore.langchain_stores(tmp_path / "none", tmp_path):
        pass
    remove_chroma(gallery)
    with pytest.raises(GalleryDamaged, match="any build mends that"):
        with vectorstore.langchain_stores(gallery, tmp_path):
            pass
