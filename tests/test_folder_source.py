from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.sources.base import PICTURE_SUFFIXES, Skipped, SourcePost, SourceReading, SourceRequest
from indexer.sources.folder import FolderReader
from retrieval.errors import BadInput

NOON = 1_562_241_600  # 2019-07-04T12:00:00Z

not_as_root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything"
)


BROKEN = "a broken link, or no regular file; remove it or put a copy there"


def put(folder: Path, *paths: str, content: str | bytes = b"not opened by the reader") -> None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def read(folder: Path, *, captions: bool = True) -> SourceReading:
    return FolderReader().read(SourceRequest(folder, captions=captions))


def paths(reading: SourceReading) -> list[str]:
    return [post.image_path for post in reading.posts]


# --- which files ----------------------------------------------------------------------------


def test_pictures_are_found_however_deep_in_the_order_of_their_paths(tmp_path: Path) -> None:
    put(tmp_path, "b.jpg", "a/z.png", "a/b/c.webp", "a.gif", "ü ber.jpg", "B.jpg")
    assert paths(read(tmp_path)) == [
        "B.jpg",
        "a.gif",
        "a/b/c.webp",
        "a/z.png",
        "b.jpg",
        "ü ber.jpg",
    ]


@pytest.mark.parametrize("suffix", [*PICTURE_SUFFIXES, ".JPG", ".Jpeg"])
def test_a_picture_is_known_by_its_suffix(tmp_path: Path, suffix: str) -> None:
    put(tmp_path, f"beach{suffix}")
    assert paths(read(tmp_path)) == [f"beach{suffix}"]


def test_a_picture_is_told_with_its_path_as_key_and_its_caption_left_to_the_file(
    tmp_path: Path,
) -> None:
    put(tmp_path, "2019/beach.jpg")
    assert read(tmp_path) == SourceReading(
        posts=(
            SourcePost(
                key="2019/beach.jpg",
                root=tmp_path,
                image_path="2019/beach.jpg",
                caption=None,
                date_from_picture=True,
            ),
        )
    )


@pytest.mark.parametrize(
    "hidden",
    [
        ".hidden.jpg",
        "._beach.jpg",
        ".thumbnails/beach.jpg",
        "@eaDir/beach.jpg/SYNOPHOTO_THUMB_M.jpg",
        "__MACOSX/beach.jpg",
        "deep/.git/beach.jpg",
        "Thumbs.db",
        "desktop.ini",
        ".DS_Store",
        "#recycle/deleted.jpg",
        "@Recycle/deleted.jpg",
        "@Recently-Snapshot/daily/beach.jpg",
        "lost+found/beach.jpg",
        "System Volume Information/beach.jpg",
        ".Trash-1000/files/deleted.jpg",
        "FOUND.000/beach.jpg",
    ],
)
def test_hidden_and_system_files_are_passed_over_in_silence(tmp_path: Path, hidden: str) -> None:
    put(tmp_path, "beach.jpg", hidden)
    reading = read(tmp_path)
    assert paths(reading) == ["beach.jpg"]
    assert (reading.skipped, reading.notes) == ((), ())


def test_a_root_whose_own_name_is_hidden_is_read(tmp_path: Path) -> None:
    put(tmp_path, ".pictures/beach.jpg")
    assert paths(read(tmp_path / ".pictures")) == ["beach.jpg"]


@pytest.mark.parametrize(
    ("others", "note"),
    [
        (["a.mp4"], "Passed over 1 file that is not a picture it reads: 1 .mp4."),
        (
            ["a.cr2", "b.MP4", "c/d.mp4", "README", "lonely.txt"],
            "Passed over 5 files that are not pictures it reads: "
            "2 .mp4, 1 without a suffix, 1 .cr2, 1 .txt.",
        ),
        (
            [f"x.{letter}" for letter in "abcdefghij"],
            "Passed over 10 files that are not pictures it reads: "
            "1 .a, 1 .b, 1 .c, 1 .d, 1 .e, 1 .f, 1 .g, 1 .h, 2 of other kinds.",
        ),
    ],
)
def test_a_note_counts_the_files_that_are_not_read(
    tmp_path: Path, others: list[str], note: str
) -> None:
    put(tmp_path, "beach.jpg", *others)
    assert read(tmp_path).notes == (note,)


def test_sidecars_in_use_are_not_counted_with_or_without_captions(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg", "beach.txt", content="sun")
    assert read(tmp_path).notes == ()
    assert read(tmp_path, captions=False).notes == ()


def test_a_link_inside_the_folder_is_a_picture_like_any_other(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg")
    (tmp_path / "again.jpg").symlink_to("beach.jpg")
    assert paths(read(tmp_path)) == ["again.jpg", "beach.jpg"]


def test_links_that_lead_out_of_the_folder_or_nowhere_are_skipped(tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.jpg", "outside/more/x.jpg", "inside/beach.jpg")
    inside = tmp_path / "inside"
    (inside / "leak.jpg").symlink_to(tmp_path / "outside" / "secret.jpg")
    (inside / "lost.jpg").symlink_to("nowhere.jpg")
    (inside / "beach.txt").symlink_to(tmp_path / "outside" / "secret.jpg")
    (inside / "more").symlink_to(tmp_path / "outside" / "more")
    (inside / "loop.jpg").symlink_to("loop.jpg")  # as a sync that went wrong leaves them
    (inside / "one.jpg").symlink_to("two.jpg")
    (inside / "two.jpg").symlink_to("one.jpg")
    (inside / "up").symlink_to("..")
    reading = read(inside)
    assert paths(reading) == ["beach.jpg"]
    assert reading.posts[0].caption is None
    leads_out = "a link that leads out of the folder; put a copy in its place"
    assert {Path(skipped.path).name: skipped.reason for skipped in reading.skipped} == {
        "more": "a link to a folder; index that folder by itself",
        "up": "a link to a folder; index that folder by itself",
        **dict.fromkeys(("loop.jpg", "one.jpg", "two.jpg"), BROKEN),
        "beach.txt": leads_out,
        "leak.jpg": leads_out,
        "lost.jpg": BROKEN,
    }


def test_a_gallery_within_the_folder_is_not_entered(tmp_path: Path, sample_gallery: Path) -> None:
    put(tmp_path, "beach.jpg")
    shutil.copytree(sample_gallery, tmp_path / "chroma_db")
    assert paths(read(tmp_path)) == ["beach.jpg"]
    with pytest.raises(BadInput, match="is a gallery that was built here"):
        read(tmp_path / "chroma_db")


def test_a_folder_reached_through_a_link_is_read(tmp_path: Path) -> None:
    put(tmp_path, "real/beach.jpg")
    (tmp_path / "link").symlink_to("real")
    (post,) = read(tmp_path / "link").posts
    assert (post.root, post.image_path) == (tmp_path / "link", "beach.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_named_like_a_picture_is_skipped_and_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert [skipped.path for skipped in read(tmp_path).skipped] == [str(tmp_path / "pipe.jpg")]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_valid_text_are_skipped_with_a_remedy(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))).write_bytes(b"x")
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9t\xe9"))
    folder.mkdir()
    put(folder, "x.jpg")
    reading = read(tmp_path)
    assert paths(reading) == ["beach.jpg"]
    assert reading.skipped == (
        Skipped(str(tmp_path / "\ufffdt\ufffd"), "its name is not valid text; rename the folder"),
        Skipped(
            str(tmp_path / "caf\ufffd.jpg"),
            "its name is not valid text and cannot be kept; rename the file",
        ),
    )
    with pytest.raises(BadInput, match="rename it"):
        read(folder)


@not_as_root
def test_a_subfolder_that_cannot_be_read_is_skipped(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg", "closed/x.jpg")
    (tmp_path / "closed").chmod(0)
    try:
        (skipped,) = read(tmp_path).skipped
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert skipped.path == str(tmp_path / "closed")
    assert "make it readable" in skipped.reason


# --- what is read beside them ---------------------------------------------------------------


def test_a_picture_is_told_with_what_its_sidecars_say(tmp_path: Path) -> None:
    put(tmp_path, "a/beach.jpg")
    put(tmp_path, "a/beach.txt", content="Sun!")
    put(tmp_path, "a/beach.json", content='{"date": "2019-07-04T12:00:00Z", "url": "https://a"}')
    (post,) = read(tmp_path).posts
    assert (post.caption, post.created_at, post.permalink) == ("Sun!", NOON, "https://a")
    assert post.date_from_picture


def test_pictures_with_one_stem_share_the_sidecar(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg", "beach.png", "other/beach.jpg")
    put(tmp_path, "beach.txt", content="Sun!")
    assert [post.caption for post in read(tmp_path).posts] == ["Sun!", "Sun!", None]


def test_a_sidecar_that_cannot_be_used_costs_one_line_and_the_pictures_stay(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg", "beach.png")
    put(tmp_path, "beach.txt", content=b"caf\xe9")
    reading = read(tmp_path)
    assert [post.caption for post in reading.posts] == [None, None]
    assert reading.skipped == (
        Skipped(str(tmp_path / "beach.txt"), "not UTF-8 text; save it as UTF-8"),
    )


def test_without_captions_every_caption_is_empty_and_no_sidecar_is_read(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg", "plain.jpg")
    put(tmp_path, "beach.json", content="not JSON")
    reading = read(tmp_path, captions=False)
    assert [post.caption for post in reading.posts] == ["", ""]
    assert all(post.date_from_picture for post in reading.posts)
    assert reading.skipped == ()


# --- what is refused ------------------------------------------------------------------------


def test_a_folder_is_recognised_and_a_file_is_not(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg")
    assert FolderReader().recognises(tmp_path)
    assert not FolderReader().recognises(tmp_path / "beach.jpg")


def test_a_folder_that_is_not_there_is_refused_with_a_remedy(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg")
    with pytest.raises(BadInput, match=r"gone does not exist; .* drive mounted\?"):
        read(tmp_path / "gone")
    with pytest.raises(BadInput, match=r"beach\.jpg is a file; give the folder"):
        read(tmp_path / "beach.jpg")


@not_as_root
def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(BadInput, match="no permission; make it readable"):
        read(closed)


def test_a_folder_without_pictures_is_refused_and_told_what_is_read(tmp_path: Path) -> None:
    put(tmp_path, "film.mp4")
    (tmp_path / "lost.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(BadInput) as refusal:
        read(tmp_path)
    assert str(refusal.value) == (
        f"no picture in {tmp_path}; it reads .jpg, .jpeg, .jpe, .jfif, .png, .webp, .gif, .bmp, "
        ".tif, .tiff, .heic, .heif, .avif. "
        "Passed over 1 file that is not a picture it reads: 1 .mp4. "
        f"Skipped 1, the first {tmp_path}/lost.jpg: a broken link, or no regular file; "
        "remove it or put a copy there."
    )


def test_image_roots_make_no_sense_for_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "beach.jpg")
    with pytest.raises(BadInput, match="leave out /elsewhere"):
        FolderReader().read(SourceRequest(tmp_path, image_roots=(Path("/elsewhere"),)))


def test_importing_the_reader_loads_no_picture_library() -> None:
    code = "import indexer.sources.folder, sys; sys.exit('PIL' in sys.modules)"
    repository = Path(__file__).resolve().parents[1]
    finished = subprocess.run([sys.executable, "-c", code], cwd=repository, check=False)
    assert finished.returncode == 0
