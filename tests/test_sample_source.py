from __future__ import annotations

import csv
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from indexer.sources import sample
from indexer.sources.base import SourceReading, SourceRequest
from indexer.sources.sample import COLUMNS, SampleReader
from retrieval.errors import BadInput, StorageFailed

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLE = DATA / "sample" / "posts.csv"
ROW = {
    "post_id": "1",
    "package": "scikit-image",
    "file": "data/coffee.png",
    "image": "coffee.png",
    "caption": "good coffee ☕️",
    "created_at": "2019-07-04T12:00:00Z",
    "licence": "CC0-1.0",
    "credit": "Rachel Michetti",
}


def table(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "posts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list((rows or (ROW,))[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path, *roots: Path, captions: bool = True) -> SourceReading:
    return SampleReader().read(SourceRequest(path, image_roots=roots, captions=captions))


def shipped_rows() -> list[dict[str, str]]:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- the sample that ships ------------------------------------------------------------------


def test_every_post_of_the_sample_has_a_picture_that_opens(tmp_path: Path) -> None:
    reading = read(SAMPLE, tmp_path)
    assert len(reading.posts) == 36
    assert len({post.key for post in reading.posts}) == 36
    assert len({post.image_path for post in reading.posts}) == 20
    for path in {post.root / post.image_path for post in reading.posts}:
        with Image.open(path) as image:
            image.load()
            assert min(image.size) >= 150


def test_a_second_reading_rewrites_nothing(tmp_path: Path) -> None:
    first = read(SAMPLE, tmp_path)
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = read(SAMPLE, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written
    assert first.notes == (f"Copied 20 photographs out of installed packages to {tmp_path}.",)
    assert second.notes == ()
    assert second.posts == first.posts


def test_the_sample_spans_moods_years_and_repeated_pictures(tmp_path: Path) -> None:
    posts = read(SAMPLE, tmp_path).posts
    years = {datetime.fromtimestamp(post.created_at or 0, UTC).year for post in posts}
    assert years == {2018, 2019, 2020, 2021, 2022, 2023, 2024}
    assert sum(post.image_path == "chelsea.png" for post in posts) == 4
    assert sum(not post.caption for post in posts) == 1
    assert [post.created_at for post in posts] == sorted(post.created_at or 0 for post in posts)


def test_one_name_always_means_one_picture_with_one_licence() -> None:
    told = {
        (row["image"], row["package"], row["file"], row["licence"], row["credit"])
        for row in shipped_rows()
    }
    assert len(told) == len({row["image"] for row in shipped_rows()})
    assert all(all(picture) for picture in told)


def test_the_readme_names_every_picture_with_its_credit() -> None:
    lines = (DATA / "README.md").read_text("utf-8").splitlines()
    for row in shipped_rows():
        (line,) = (line for line in lines if line.startswith("| `") and f"`{row['image']}`" in line)
        assert row["package"] in line
        assert row["credit"].partition(",")[0] in line
        assert row["licence"].partition(" ")[0] in line


def test_reading_imports_none_of_the_packages(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from indexer.sources.base import SourceRequest\n"
        "from indexer.sources.sample import SampleReader\n"
        "SampleReader().read(SourceRequest(Path(sys.argv[1]), image_roots=(Path(sys.argv[2]),)))\n"
        "sys.exit(bool({'skimage', 'sklearn', 'matplotlib', 'PIL'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code, str(SAMPLE), str(tmp_path)]
    assert subprocess.run(command, cwd=DATA.parent, check=False).returncode == 0


# --- copying --------------------------------------------------------------------------------


def test_pictures_are_copied_beside_the_table_byte_for_byte(tmp_path: Path) -> None:
    (post,) = read(table(tmp_path, ROW)).posts
    assert (post.root, post.image_path) == (tmp_path / "pictures", "coffee.png")
    folder = sample._package_folder("scikit-image")
    copy = (tmp_path / "pictures" / "coffee.png").read_bytes()
    assert copy == (folder / "data" / "coffee.png").read_bytes()
    assert list((tmp_path / "pictures").iterdir()) == [tmp_path / "pictures" / "coffee.png"]


def test_a_picture_cut_short_is_copied_again(tmp_path: Path) -> None:
    path = table(tmp_path, ROW)
    read(path)
    copy = tmp_path / "pictures" / "coffee.png"
    whole = copy.read_bytes()
    copy.write_bytes(whole[:1000])
    assert len(read(path).notes) == 1
    assert copy.read_bytes() == whole


def test_a_row_becomes_a_post(tmp_path: Path) -> None:
    path = table(tmp_path, ROW, {**ROW, "post_id": "2", "caption": "", "created_at": ""})
    first, second = read(path).posts
    assert (first.key, first.caption, first.created_at) == ("1", "good coffee ☕️", 1_562_241_600)
    assert (second.key, second.caption, second.created_at) == ("2", "", None)
    assert [post.caption for post in read(path, captions=False).posts] == ["", ""]


def test_pictures_that_cannot_be_copied_are_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match=r"cannot copy coffee\.png to .*pictures"):
        read(table(tmp_path, ROW))


def test_a_package_that_is_not_installed_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sample._IMPORT_NAMES, "scikit-image", "no_such_package")
    with pytest.raises(BadInput, match="run: pip install scikit-image"):
        read(table(tmp_path, ROW))


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ({"package": "numpy"}, r"row 1: unknown package 'numpy'; choose from scikit-image"),
        ({"file": "data/gone.png"}, r"has no .*gone\.png; run: pip install"),
        ({"file": "../secret.png"}, r"row 1: file '\.\./secret\.png' is no path inside"),
        ({"file": "/etc/hostname"}, r"row 1: file '/etc/hostname' is no path inside"),
        ({"file": ""}, r"row 1: file '' is no path inside"),
        ({"image": "../coffee.png"}, r"row 1: image '\.\./coffee\.png' is no plain file name"),
        ({"image": ".."}, r"row 1: image '\.\.' is no plain file name"),
        ({"image": ""}, r"row 1: image '' is no plain file name"),
        ({"created_at": "soon"}, r"row 1: created_at 'soon' cannot be read; write ISO 8601"),
    ],
)
def test_a_row_that_is_not_as_it_should_be_is_refused(
    tmp_path: Path, cell: dict[str, str], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        read(table(tmp_path, {**ROW, **cell}))


def test_an_id_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="row 2: post_id '1' is there twice"):
        read(table(tmp_path, ROW, ROW))


def test_a_table_that_is_no_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no rows"):
        read(table(tmp_path))
    without = {column: ROW[column] for column in COLUMNS if column != "credit"}
    with pytest.raises(BadInput, match="has no column credit; a sample has post_id, package"):
        read(table(tmp_path, without))
    (tmp_path / "posts.csv").write_bytes(b"caf\xe9")
    with pytest.raises(BadInput, match="is no CSV in UTF-8"):
        read(tmp_path / "posts.csv")
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "gone" / "posts.csv")


def test_only_one_folder_for_the_pictures_can_be_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="copied to one folder, not 2"):
        read(SAMPLE, tmp_path / "a", tmp_path / "b")


def test_a_sample_is_recognised_by_its_name_and_columns(tmp_path: Path) -> None:
    recognises = SampleReader().recognises
    assert recognises(SAMPLE)
    assert recognises(table(tmp_path, ROW))
    assert not recognises(tmp_path)
    assert not recognises(tmp_path / "gone" / "posts.csv")
    other = tmp_path / "other.csv"
    other.write_bytes(SAMPLE.read_bytes())
    assert not recognises(other)
    for content in (b"image,caption\n", b"", b"\xff\xfe\x00", b"package,file,caption\n"):
        (tmp_path / "posts.csv").write_bytes(content)
        assert not recognises(tmp_path / "posts.csv")
