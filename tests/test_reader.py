"""A gallery that is read while it is written: new generations and corrections are seen at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from retrieval.errors import NoGallery
from retrieval.gallery.generation import Generation
from retrieval.labels.overrides import clear_override, set_override
from retrieval.records import Found
from retrieval.search.query import parse_query
from retrieval.search.reader import Reader
from retrieval.search.searcher import Options, Searcher
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import index_folder, save_picture, three_pictures

PLAIN = Options(cutoff=False, collapse=False)


@pytest.fixture
def encoders() -> list[Any]:
    """What encoders were opened for, every time that they were."""
    return []


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return three_pictures(tmp_path / "posts")


@pytest.fixture
def reader(chroma_dir: Path, posts: Path, tmp_path: Path, encoders: list[Any]) -> Reader:
    index_folder(chroma_dir, posts)
    return reader_of(chroma_dir, encoders)


def reader_of(chroma_dir: Path, encoders: list[Any]) -> Reader:
    """With encoders by hand instead of those that the manifest names."""

    def by_hand(stored: Any, _: Path) -> Any:
        encoders.append(stored)
        return ColourEncoder(), WordEncoder()

    return Reader(chroma_dir, chroma_dir.parent / "cache", by_hand)


def found_by(searcher: Searcher, text: str = "red") -> Found:
    return searcher.search([parse_query(text)], 20, options=PLAIN)[0]


def test_nothing_is_opened_twice_while_nothing_changes(reader: Reader, encoders: list[Any]) -> None:
    assert reader.searcher() is reader.searcher()
    assert len(encoders) == 1


def test_a_new_generation_is_opened_and_the_encoders_are_kept(
    reader: Reader, chroma_dir: Path, posts: Path, encoders: list[Any]
) -> None:
    old = reader.searcher()
    save_picture(posts / "yellow.png", "yellow", "a yellow wall")
    index_folder(chroma_dir, posts)
    new = reader.searcher()
    assert new is not old
    assert [s.generation.manifest.generation for s in (old, new)] == [1, 2]
    assert [len(found_by(s).hits) for s in (old, new)] == [3, 4]
    assert found_by(new, "yellow wall").hits[0].posts[0].caption == "a yellow wall"
    assert len(encoders) == 1
    assert reader.searcher() is new


def test_an_old_searcher_goes_on_answering_when_its_files_are_gone(
    reader: Reader, chroma_dir: Path, posts: Path
) -> None:
    old = reader.searcher()
    before = found_by(old)
    for number in range(4):
        save_picture(posts / f"{number}.png", (number, 9, 9), f"number {number}")
        index_folder(chroma_dir, posts)
    assert not old.generation.folder.exists(), "two generations are kept"
    assert found_by(old) == before
    assert len(found_by(reader.searcher()).hits) == 7


def test_an_old_searcher_that_was_never_asked_answers_too(
    reader: Reader, chroma_dir: Path, posts: Path
) -> None:
    old = reader.searcher()
    for number in range(4):
        save_picture(posts / f"{number}.png", (number, 9, 9), f"number {number}")
        index_folder(chroma_dir, posts)
    assert not old.generation.folder.exists()
    assert len(found_by(old, "green meadow").hits) == 3


def test_a_correction_is_taken_without_opening_the_generation_again(
    reader: Reader, chroma_dir: Path, encoders: list[Any]
) -> None:
    old = reader.searcher()
    post = found_by(old).hits[0].posts[0]
    set_override(chroma_dir, post, sentiment="negative", topics=["food_drink"])
    new = reader.searcher()
    assert new is not old
    assert new.generation is old.generation
    assert new.evidence is old.evidence
    (labels,) = found_by(new).hits[0].labels
    assert (labels.sentiment.name, labels.sentiment.source) == ("negative", "you")
    assert labels.topics.names == ["food_drink"]
    (labels,) = found_by(old).hits[0].labels
    assert labels.sentiment.source != "you", "one that was handed out stays as it was"
    clear_override(chroma_dir, post)
    assert found_by(reader.searcher()) == found_by(old)
    assert len(encoders) == 1


def test_a_correction_outlives_the_next_generation(
    reader: Reader, chroma_dir: Path, posts: Path
) -> None:
    post = found_by(reader.searcher()).hits[0].posts[0]
    save_picture(posts / "yellow.png", "yellow")
    index_folder(chroma_dir, posts)
    set_override(chroma_dir, post, sentiment="negative")
    searcher = reader.searcher()
    assert searcher.generation.manifest.generation == 2
    assert found_by(searcher).hits[0].labels[0].sentiment.source == "you"


def test_other_encoders_are_opened_with_the_generation_they_made(
    reader: Reader, chroma_dir: Path, posts: Path, encoders: list[Any]
) -> None:
    reader.searcher()
    manifest = chroma_dir / "manifest.json"
    manifest.write_text(
        manifest.read_text()
        .replace("words@1", "words@2")
        .replace('"generation": 1', '"generation": 2')
    )
    shutil.copytree(chroma_dir / "generations" / "1", chroma_dir / "generations" / "2")
    reader.searcher()
    assert [stored.caption.fingerprint for stored in encoders] == ["words@1", "words@2"]


def test_a_gallery_that_is_not_there_yet_can_be_read_when_it_is(
    chroma_dir: Path, posts: Path, tmp_path: Path, encoders: list[Any]
) -> None:
    reader = reader_of(chroma_dir, encoders)
    with pytest.raises(NoGallery, match="there is no gallery"):
        reader.searcher()
    index_folder(chroma_dir, posts)
    assert len(found_by(reader.searcher()).hits) == 3


def test_a_gallery_that_was_deleted_and_built_anew_is_opened_again(
    reader: Reader, chroma_dir: Path, tmp_path: Path
) -> None:
    reader.searcher()
    shutil.rmtree(chroma_dir)
    with pytest.raises(NoGallery):
        reader.searcher()
    save_picture(tmp_path / "others" / "yellow.png", "yellow", "a yellow wall")
    index_folder(chroma_dir, tmp_path / "others")
    assert len(found_by(reader.searcher()).hits) == 1


@pytest.mark.slow
def test_threads_share_a_reader_while_builds_publish(
    reader: Reader, chroma_dir: Path, posts: Path, tmp_path: Path
) -> None:
    built = Event()

    def ask() -> set[tuple[int, int]]:
        seen: set[tuple[int, int]] = set()
        while True:
            last = built.is_set()
            searcher = reader.searcher()
            found = found_by(searcher)
            assert found.hits[0].posts[0].caption == "a red wall"
            seen.add((searcher.generation.manifest.generation, len(found.hits)))
            if last:
                return seen

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask) for _ in range(4)]
        try:
            for number in range(4):  # in another process, as in life
                save_picture(posts / f"{number}.png", (number, 9, 9), f"number {number}")
                _build_elsewhere(chroma_dir, posts)
        finally:
            built.set()
        answers = [thread.result(60) for thread in asking]
    for seen in answers:
        assert seen <= {(n, n + 2) for n in range(1, 6)}, "an answer is of one generation"
        assert (5, 7) in seen
    assert Generation.open(chroma_dir).manifest.generation == 5


def _build_elsewhere(chroma_dir: Path, posts: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.galleries import index_folder; "
        "index_folder(*map(Path, sys.argv[1:]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, chroma_dir, posts],
        check=True, cwd=Path(__file__).resolve().parents[1], env=dict(os.environ),
    )  # fmt: skip
