from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import indexer.pipeline
from retrieval.gallery.generation import Generation
from tests.fakes import ColourEncoder
from tests.galleries import captions_by_path, index_folder, save_picture, three_pictures


@pytest.fixture
def chroma_dir(tmp_path: Path) -> Path:
    return tmp_path / "chroma_db"


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return three_pictures(tmp_path / "posts")


def test_a_build_indexes_every_picture_with_its_caption(chroma_dir: Path, posts: Path) -> None:
    counts = index_folder(chroma_dir, posts)
    assert (counts.encoded, counts.reused, counts.unchanged) == (3, 0, 0)
    assert captions_by_path(chroma_dir) == {
        "red.png": "a red wall",
        "green.png": "a green meadow",
        "deep/blue.png": "",
    }


def test_a_second_build_encodes_nothing_and_opens_no_picture(
    chroma_dir: Path, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_folder(chroma_dir, posts)
    opened: list[Path] = []
    monkeypatch.setattr(indexer.pipeline, "load_file", opened.append)
    counts = index_folder(chroma_dir, posts)
    assert (counts.encoded, counts.reused, counts.unchanged) == (0, 0, 3)
    assert opened == []
    assert Generation.open(chroma_dir).manifest.generation == 1, "nothing new, nothing published"


def test_one_added_file_is_the_only_one_encoded(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    save_picture(posts / "white.png", "white", "snow")
    counts = index_folder(chroma_dir, posts)
    assert (counts.encoded, counts.unchanged) == (1, 3)
    assert captions_by_path(chroma_dir)["white.png"] == "snow"


def test_a_renamed_folder_is_known_by_its_content(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    (posts / "deep").rename(posts / "renamed")
    encoder = ColourEncoder()
    counts = index_folder(chroma_dir, posts, encoder=encoder)
    assert (counts.encoded, counts.reused, counts.removed) == (0, 1, 1)
    assert encoder.encoded == 0
    assert set(captions_by_path(chroma_dir)) == {"red.png", "green.png", "renamed/blue.png"}


def test_a_copied_picture_is_encoded_once_and_is_two_posts(chroma_dir: Path, posts: Path) -> None:
    shutil.copy(posts / "red.png", posts / "again.png")
    counts = index_folder(chroma_dir, posts)
    assert (counts.encoded, counts.reused) == (3, 1)
    assert Generation.open(chroma_dir).manifest.posts == 4
    assert Generation.open(chroma_dir).manifest.pictures == 3


def test_a_deleted_file_takes_its_post_picture_and_thumbnail_along(
    chroma_dir: Path, posts: Path
) -> None:
    index_folder(chroma_dir, posts)
    (posts / "red.png").unlink()
    assert index_folder(chroma_dir, posts).removed == 1
    assert set(captions_by_path(chroma_dir)) == {"green.png", "deep/blue.png"}
    assert len(list(chroma_dir.glob("thumbnails/*/*.webp"))) == 2


def test_an_edited_caption_is_read_again_without_opening_the_picture(
    chroma_dir: Path, posts: Path
) -> None:
    index_folder(chroma_dir, posts)
    (posts / "red.txt").write_text("a brick wall")
    counts = index_folder(chroma_dir, posts)
    assert (counts.encoded, counts.unchanged) == (0, 3)
    assert captions_by_path(chroma_dir)["red.png"] == "a brick wall"


def test_a_picture_replaced_under_its_name_is_encoded_and_the_old_one_goes(
    chroma_dir: Path, posts: Path
) -> None:
    index_folder(chroma_dir, posts)
    save_picture(posts / "red.png", "purple", size=41)
    assert index_folder(chroma_dir, posts).encoded == 1
    assert Generation.open(chroma_dir).manifest.pictures == 3


def test_a_broken_file_costs_one_line_and_is_told_again_without_being_opened(
    chroma_dir: Path, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (posts / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    first = index_folder(chroma_dir, posts)
    assert first.encoded == 3
    opened: list[Path] = []
    monkeypatch.setattr(indexer.pipeline, "load_file", opened.append)
    second = index_folder(chroma_dir, posts)
    for counts in (first, second):
        [skipped] = counts.failed
        assert skipped.path == str(posts / "broken.jpg")
    assert opened == []


def test_a_file_that_breaks_keeps_its_post(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    (posts / "red.png").write_bytes(b"")
    counts = index_folder(chroma_dir, posts)
    assert [skipped.reason for skipped in counts.failed] == ["the file is empty; fetch it again"]
    assert "red.png" in captions_by_path(chroma_dir)


def test_a_limit_indexes_the_first_posts_and_removes_none(chroma_dir: Path, posts: Path) -> None:
    assert index_folder(chroma_dir, posts, limit=1).encoded == 1
    assert index_folder(chroma_dir, posts).encoded == 2
    assert index_folder(chroma_dir, posts, limit=1).removed == 0
    assert len(captions_by_path(chroma_dir)) == 3


def test_one_source_never_touches_anothers_posts(chroma_dir: Path, posts: Path) -> None:
    other = three_pictures(posts.parent / "other")
    index_folder(chroma_dir, posts)
    assert index_folder(chroma_dir, other).reused == 3
    (other / "red.png").unlink()
    index_folder(chroma_dir, other)
    assert Generation.open(chroma_dir).manifest.posts == 5
    assert Generation.open(chroma_dir).manifest.pictures == 3


def test_posts_below_a_folder_that_cannot_be_read_stay(
    chroma_dir: Path, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_folder(chroma_dir, posts)
    closed = os.path.join(posts, "deep")  # noqa: PTH118
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # a permission would not stop root
    assert index_folder(chroma_dir, posts).removed == 0
    assert "deep/blue.png" in captions_by_path(chroma_dir)


def test_what_changes_during_a_build_is_seen_by_its_time(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    os.utime(posts / "red.png", ns=(1, 1))
    counts = index_folder(chroma_dir, posts)
    assert (counts.encoded, counts.reused, counts.unchanged) == (0, 1, 2)
