"""Other people's files: nothing is taken, overwritten or removed that this program did not make."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.final_dataset import write_final_dataset
from indexer.sources.base import SourcePost, SourceReading
from retrieval.errors import BadOption, StorageFailed
from retrieval.evaluate.__main__ import _check_out, _write
from retrieval.evaluate.report.document import Document, Figure
from retrieval.gallery.generation import Generation
from retrieval.gallery.layout import check_is_free, journal_files
from retrieval.gallery.lock import writer_lock
from tests.commands import SAMPLE, run
from tests.galleries import index_folder, three_pictures

UUID = "0d3f5a52-95a2-4a6c-9a3e-3b9a6d1c1f00"
MINE = "this is mine"


def put(path: Path, text: str = MINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# --- folders that are somebody's ------------------------------------------------------------

FOREIGN: dict[str, Callable[[Path], object]] = {
    "a journal": lambda folder: put(folder / "journal" / "2021" / "summer.md"),
    "generations of a family": lambda folder: put(folder / "generations" / "1" / "grandma.jpg"),
    "a web app": lambda folder: put(folder / "manifest.json", '{"name": "my web app"}'),
    "a manifest of another kind": lambda folder: put(folder / "manifest.json", "[1]"),
    "a manifest that is no JSON": lambda folder: put(folder / "manifest.json", "nonsense"),
    "a folder named by a UUID": lambda folder: put(folder / UUID / "data_level0.bin"),
    "somebody's database": lambda folder: put(folder / "chroma.sqlite3"),
    "a photograph": lambda folder: put(folder / "beach.jpg"),
    "a lock, and more": lambda folder: (put(folder / "write.lock"), put(folder / "notes.md")),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_folder_of_other_things_is_no_gallery_and_stays_as_it_is(
    kind: str, chroma_dir: Path, tmp_path: Path
) -> None:
    FOREIGN[kind](chroma_dir)
    before = contents(chroma_dir)
    for rebuild in (False, True):
        with pytest.raises(BadOption, match=r"is not a gallery: it holds .*; name a folder that"):
            index_folder(chroma_dir, three_pictures(tmp_path / "posts"), rebuild=rebuild)
    assert contents(chroma_dir) == before


@pytest.mark.parametrize("name", [".DS_Store", ".gitkeep", "Thumbs.db"])
def test_what_systems_put_anywhere_does_not_make_a_folder_somebodys(
    name: str, chroma_dir: Path, tmp_path: Path
) -> None:
    put(chroma_dir / name)
    index_folder(chroma_dir, three_pictures(tmp_path / "posts"))
    assert (chroma_dir / name).read_text() == MINE


def test_a_gallery_whose_manifest_is_damaged_or_not_there_yet_is_still_one(
    chroma_dir: Path, tmp_path: Path
) -> None:
    index_folder(chroma_dir, three_pictures(tmp_path / "posts"))
    for text in ("[1]", "", "{"):
        (chroma_dir / "manifest.json").write_text(text)
        check_is_free(chroma_dir)
    shutil.rmtree(chroma_dir)
    with writer_lock(chroma_dir):
        check_is_free(chroma_dir)


# --- foreign files in a gallery -------------------------------------------------------------


def test_foreign_files_in_a_gallery_survive_every_build(chroma_dir: Path, tmp_path: Path) -> None:
    posts = three_pictures(tmp_path / "posts")
    index_folder(chroma_dir, posts)
    foreign = [
        put(chroma_dir / "notes.txt"),
        put(chroma_dir / "journal" / "2021" / "summer.md"),
        put(chroma_dir / "journal" / "diary.npz"),
        put(chroma_dir / "generations" / "old.zip"),
        put(chroma_dir / "generations" / "1" / "notes.txt"),
        put(chroma_dir / UUID / "notes.txt"),
        put(chroma_dir / "chroma.sqlite3.backup"),
        put(chroma_dir / "thumbnails" / "mine.webp"),
    ]
    assert not journal_files(chroma_dir), "they are no work that was left undone"
    for _ in range(3):
        index_folder(chroma_dir, posts, rebuild=True)
    assert all(path.read_text() == MINE for path in foreign)
    assert Generation.open(chroma_dir).manifest.generation == 4
    assert contents(chroma_dir / "generations" / "1") == {"notes.txt": MINE.encode()}


def test_a_foreign_file_in_the_way_of_a_generation_is_an_error_that_names_it(
    chroma_dir: Path, tmp_path: Path
) -> None:
    posts = three_pictures(tmp_path / "posts")
    index_folder(chroma_dir, posts)
    mine = put(chroma_dir / "generations" / "2" / "notes.txt")
    with pytest.raises(StorageFailed, match="2 holds files that no build made; move them away"):
        index_folder(chroma_dir, posts, rebuild=True)
    assert mine.read_text() == MINE
    assert Generation.open(chroma_dir).manifest.generation == 1


# --- reports --------------------------------------------------------------------------------


def report_of(*plots: str) -> Document:
    figures = [Figure(name, "a title", "an alt text", "<svg/>") for name in plots]
    return Document("a title", "a finding", (), tuple(figures))


RESULTS = json.dumps({"finding": {}, "about": {}, "tasks": {}, "posts": {}})


@pytest.mark.parametrize("name", ["report.md", "report.json", "plots/mine.svg", "thesis.tex"])
def test_a_folder_of_other_things_is_no_report(name: str, tmp_path: Path) -> None:
    put(tmp_path / "out" / name)
    with pytest.raises(BadOption, match=r"--out .* is not a report: it holds"):
        _check_out(tmp_path / "out")
    assert contents(tmp_path / "out") == {name: MINE.encode()}


def test_a_report_replaces_its_own_files_and_no_others(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _check_out(out)
    _check_out(out)  # it was stopped before anything was written
    _write(out, report_of("first", "second"), RESULTS)
    mine = [put(out / "plots" / "mine.svg"), put(out / "notes.md")]
    _check_out(out)
    _write(out, report_of("second"), RESULTS)
    assert sorted(path.name for path in (out / "plots").iterdir()) == ["mine.svg", "second.svg"]
    assert all(path.read_text() == MINE for path in mine)


# --- the joined data set --------------------------------------------------------------------


def reading_of(folder: Path) -> SourceReading:
    return SourceReading((SourcePost("1", folder, "a.jpg", "a caption"),))


@pytest.mark.parametrize("name", ["README.md", "final_dataset.parquet", "chapter.tex"])
def test_a_folder_of_other_things_takes_no_joined_data_set(name: str, tmp_path: Path) -> None:
    put(tmp_path / "thesis" / name)
    with pytest.raises(BadOption, match=r"--final-dataset .* is not a joined data set: it holds"):
        write_final_dataset(reading_of(tmp_path), tmp_path / "thesis")
    assert contents(tmp_path / "thesis") == {name: MINE.encode()}


def test_a_joined_data_set_is_written_again_beside_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "joined"
    write_final_dataset(reading_of(tmp_path), folder)
    mine = put(folder / "notes.md")
    write_final_dataset(reading_of(tmp_path), folder)
    assert mine.read_text() == MINE
    assert (folder / "README.md").read_text("utf-8").startswith("# The final dataset\n")


@pytest.mark.parametrize("manifest", ['{"name": "my web app"}', '{"manifest_version": 3}', "{}"])
def test_a_manifest_of_something_else_is_somebodys(
    sample_gallery: Path, tmp_path: Path, manifest: str
) -> None:
    gallery = Path(shutil.copytree(sample_gallery, tmp_path / "g"))
    (gallery / "manifest.json").write_text(manifest)
    done = run("indexer", "status", "--chroma-dir", gallery)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "is no gallery's manifest" in done.stderr
    done = run("indexer", "build", SAMPLE, "--rebuild", "--chroma-dir", gallery)
    assert done.returncode == 2
    assert "might be yours" in done.stderr
    assert (gallery / "manifest.json").read_text() == manifest


@pytest.mark.parametrize(
    "manifest", ["[1]", "null", '{"schema": 2}', '{"schema": 2, "labels": 3}', '{"sche']
)
def test_a_damaged_manifest_is_one_line(
    sample_gallery: Path, tmp_path: Path, manifest: str
) -> None:
    gallery = Path(shutil.copytree(sample_gallery, tmp_path / "g"))
    (gallery / "manifest.json").write_text(manifest)
    for command in (("indexer", "status"), ("retrieval.search", "cat")):
        done = run(*command, "--chroma-dir", gallery)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "indexer build --rebuild" in done.stderr
