"""What is handed over in the browser: unpacked where it belongs, and nowhere else."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

import chat_app.uploads
from chat_app.uploads import Uploads, uploads_dir
from retrieval.config import Settings
from retrieval.errors import BadInput, BadOption, GalleryError, StorageFailed
from tests.galleries import save_picture


class File(io.BytesIO):
    """As Streamlit hands a file over."""

    def __init__(self, name: str, content: bytes = b"x") -> None:
        super().__init__(content)
        self.name = name


def picture(folder: Path) -> bytes:
    return save_picture(folder / "made" / "red.png", "red").read_bytes()


def packed(entries: dict[str, bytes], name: str = "posts.zip") -> File:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in entries.items():
            archive.writestr(path, content)
    return File(name, out.getvalue())


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads")


def nothing_kept(uploads: Uploads) -> bool:
    return files_below(uploads.folder) <= {"README.md"}


def test_pictures_are_kept_in_a_folder_of_their_own(uploads: Uploads, tmp_path: Path) -> None:
    red = picture(tmp_path)
    first = uploads.keep([File("image.jpg", red), File("image.jpg", red + b"2")])
    second = uploads.keep([File("image.jpg", red)])
    assert files_below(first.location) == {"image.jpg", "image (2).jpg"}
    assert files_below(second.location) == {"image.jpg"}
    assert first.location != second.location
    assert (first.location.parent, first.images) == (uploads.folder, ())
    assert (first.location / "image.jpg").read_bytes() == red


def test_a_zip_is_unpacked_without_what_systems_put_into_it(uploads: Uploads) -> None:
    kept = uploads.keep(
        [
            packed(
                {
                    "trip/a.jpg": b"a", "trip/a.txt": b"a day", "trip/deep/b.PNG": b"b",
                    "__MACOSX/trip/._a.jpg": b"-", ".hidden/c.jpg": b"-", "run.sh": b"-",
                    "more.zip": b"-",
                }
            )
        ]
    )  # fmt: skip
    assert files_below(kept.location) == {"trip/a.jpg", "trip/a.txt", "trip/deep/b.PNG"}


def test_a_single_table_is_read_as_one_with_its_pictures(uploads: Uploads) -> None:
    kept = uploads.keep([packed({"my/posts.csv": b"image,caption\na.jpg,hi\n", "my/a.jpg": b"a"})])
    assert kept.location.name == "posts.csv"
    assert kept.images == (kept.location.parents[1],)


@pytest.mark.parametrize(
    "path", ["../a.jpg", "/etc/a.jpg", "x/../../a.jpg", "..\\..\\a.jpg", "C:\\a.jpg", "c:/a.jpg"]
)
def test_a_zip_that_leads_out_of_its_folder_is_refused_as_a_whole(
    uploads: Uploads, path: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="leads out of its folder"):
        uploads.keep([packed({"good.jpg": b"a", path: b"bad"})])
    assert nothing_kept(uploads)
    assert not list(tmp_path.rglob("a.jpg"))


def test_links_in_a_zip_are_refused(uploads: Uploads) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("a.jpg")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadInput, match="leads out of its folder"):
        uploads.keep([File("links.zip", out.getvalue())])
    assert nothing_kept(uploads)


def test_a_bomb_is_stopped_by_what_comes_out_of_it(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_app.uploads, "MOST_BYTES", 5_000_000)
    bomb = packed({"a.jpg": b"\0" * 8_000_000})
    assert len(bomb.getvalue()) < 20_000
    with pytest.raises(BadInput, match="once unpacked; give the path"):
        uploads.keep([bomb])
    assert nothing_kept(uploads)


def test_a_bomb_that_lies_about_its_size_is_no_zip(uploads: Uploads) -> None:
    content = bytearray(packed({"a.jpg": b"\0" * 100_000}).getvalue())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises(BadInput, match="no archive that can be read"):
        uploads.keep([File("lies.zip", bytes(content))])
    assert nothing_kept(uploads)


def test_too_many_files_are_refused(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_app.uploads, "MOST_FILES", 3)
    with pytest.raises(BadInput, match="more than 3 files at once"):
        uploads.keep([packed({f"{number}.jpg": b"a" for number in range(4)})])
    assert nothing_kept(uploads)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("posts.zip", b"no zip at all", "no archive that can be read"),
        ("posts.zip", b"", "no archive that can be read"),
        ("run.sh", b"#!", "none of the files that are read here"),
        ("..", b"a", "none of the files that are read here"),
        (".jpg", b"a", "none of the files that are read here"),
        ("a.txt", b"a caption alone", "no picture and no table"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    uploads: Uploads, name: str, content: bytes, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        uploads.keep([File(name, content)])
    assert nothing_kept(uploads)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_spoilt_archive_is_one_sentence(uploads: Uploads, tmp_path: Path, method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("red.png", picture(tmp_path) * 50)
    content = bytearray(out.getvalue())
    content[50:60] = b"\xff" * 10
    with pytest.raises(BadInput, match="no archive that can be read"):
        uploads.keep([File("posts.zip", bytes(content))])
    assert nothing_kept(uploads)


@pytest.mark.parametrize("entries", [("x" * 300 + ".png",), ("a.png", "a.png/b.png")])
def test_a_name_that_cannot_be_one_here_is_said(uploads: Uploads, entries: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match=r"cannot be kept under that name .*; rename it"):
        uploads.keep([packed(dict.fromkeys(entries, b"a"))])
    assert nothing_kept(uploads)


def test_a_name_that_is_a_path_is_a_name(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.keep([File("../../evil.jpg"), File("C:\\me\\b.jpg"), File("a\u202eb\n.jpg")])
    assert len(files_below(kept.location)) == 3
    assert {"evil.jpg", "b.jpg"} < files_below(kept.location)
    assert not (tmp_path / "evil.jpg").exists()


def test_a_zip_with_a_password_is_one_sentence(uploads: Uploads) -> None:
    content = bytearray(packed({"a.jpg": b"a"}).getvalue())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1  # encrypted
    with pytest.raises(BadInput, match="locked by a password"):
        uploads.keep([File("locked.zip", bytes(content))])


def test_a_folder_that_is_somebodys_stays_as_it_is(uploads: Uploads) -> None:
    uploads.folder.mkdir()
    (uploads.folder / "thesis.md").write_text("mine")
    with pytest.raises(BadOption, match=r"UPLOADS_DIR .* holds 'thesis.md', which might be yours"):
        uploads.keep([File("a.jpg")])
    assert files_below(uploads.folder) == {"thesis.md"}


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot keep uploads in"):
        Uploads(tmp_path / "file" / "uploads").keep([File("a.jpg")])


def test_a_full_disk_is_one_sentence_and_keeps_nothing_half(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(File):
        def read(self, *_: object) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(GalleryError, match="No space left on device; make room"):
        uploads.keep([File("a.jpg"), Full("b.jpg")])
    assert nothing_kept(uploads)


def test_uploads_lie_beside_the_gallery_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(chroma_dir=tmp_path / "mine", cache_dir=tmp_path)
    assert uploads_dir(settings) == tmp_path / "mine_uploads"
    monkeypatch.setenv("UPLOADS_DIR", str(tmp_path / "elsewhere"))
    assert uploads_dir(Settings.from_environment()) == tmp_path / "elsewhere"
