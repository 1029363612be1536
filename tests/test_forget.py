"""What was forgotten is nowhere in the gallery any more, not even where nobody looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.describe import DescriptionCache
from indexer.forget import forget
from indexer.plan import source_name
from retrieval.gallery.generation import Generation
from retrieval.gallery.layout import descriptions_path, generation_dirs
from retrieval.progress import Progress
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import index_folder, save_picture, writing

SECRET = "zebracrossing"


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sources; one whose captions and names hold the secret."""

    def encoders(*_: object) -> tuple[ColourEncoder, WordEncoder]:
        return ColourEncoder(), WordEncoder()

    monkeypatch.setattr("indexer.forget.stored_encoders", encoders)
    chroma_dir = tmp_path / "gallery"
    for folder, word, colours in (
        ("kept", "meadow", ("red", "blue")),
        (SECRET, SECRET, ("red", "green")),
    ):
        for colour in colours:
            save_picture(tmp_path / folder / f"{word}-{colour}.png", colour, f"a {colour} {word}")
        index_folder(chroma_dir, tmp_path / folder)
        with writing(chroma_dir) as writer:
            writer.register(source_name("folder", tmp_path / folder), {})
    return chroma_dir


def holding(gallery: Path, what: str) -> list[str]:
    """The files of a gallery that hold some bytes."""
    # Chroma's index files hold memory that was not cleared: of this process, the secret.
    files = (path for path in gallery.rglob("*") if path.is_file() and path.suffix != ".bin")
    return [path.name for path in files if what.encode() in path.read_bytes()]


def test_nothing_of_a_forgotten_source_stays(gallery: Path, tmp_path: Path) -> None:
    before = Generation.open(gallery).image_ids
    cache = DescriptionCache(gallery, "a-model")
    for image_id in before:
        cache.add(image_id, "a wall")
    assert {"manifest.json", "chroma.sqlite3", "catalog.parquet"} <= set(holding(gallery, SECRET))
    forget(str(tmp_path / SECRET), gallery, tmp_path / "cache", Progress())
    assert holding(gallery, SECRET) == []
    assert holding(gallery, "meadow") != []
    now = Generation.open(gallery)
    assert [path.name for path in generation_dirs(gallery)] == [now.folder.name]
    assert {post.image_path for post in now.posts()} == {"meadow-red.png", "meadow-blue.png"}
    lines = descriptions_path(gallery).read_text("utf-8").splitlines()
    assert {json.loads(line)["image_id"] for line in lines} == set(now.image_ids)
    gone = set(before) - set(now.image_ids)
    assert gone
    assert not any(path.stem in gone for path in gallery.glob("thumbnails/*/*"))


def test_a_reader_that_was_open_goes_on(gallery: Path, tmp_path: Path) -> None:
    before = Generation.open(gallery)
    forget(str(tmp_path / SECRET), gallery, tmp_path / "cache", Progress())
    assert len(before.posts()) == 4
    assert before.image_vectors.shape[0] == len(before.image_ids) == 3
