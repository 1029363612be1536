"""A build killed at any moment, followed by a build: as if nothing had happened."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import signal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chromadb
import numpy as np
import pyarrow.parquet as pq
import pytest

from indexer.forget import forget
from indexer.journal import Change, Journal
from indexer.plan import source_name
from retrieval.errors import EncoderMismatch, GalleryDamaged, NoGallery, SchemaMismatch
from retrieval.gallery.generation import Generation
from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest, read_manifest
from retrieval.labels.overrides import read_overrides
from retrieval.labels.view import LabelView
from retrieval.progress import Progress
from tests.commands import run
from tests.crashing_build import CALLS, crashing_build
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import (
    RECORDS,
    index_folder,
    labeller,
    save_picture,
    three_pictures,
    writing,
)

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext  # Windows has none


@cache
def forking() -> ForkServerContext:
    """Forks each build that is killed off a process that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    return context


def eight_pictures(folder: Path) -> Path:
    three_pictures(folder)
    for shade in range(5):
        save_picture(folder / f"grey{shade}.png", (shade * 40,) * 3, f"shade number {shade}")
    return folder


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return eight_pictures(tmp_path / "posts")


@pytest.fixture(scope="module")
def first_build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Posts, and a gallery of them whose build nothing disturbed."""
    folder = tmp_path_factory.mktemp("first")
    posts = eight_pictures(folder / "posts")
    index_folder(folder / "undisturbed", posts)
    return posts, folder / "undisturbed"


@pytest.fixture(scope="module")
def update(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Posts that were changed, a gallery from before, and one that nothing disturbed after it."""
    folder = tmp_path_factory.mktemp("update")
    posts = eight_pictures(folder / "posts")
    index_folder(folder / "before", posts)
    shutil.copytree(folder / "before", folder / "undisturbed")
    change_everything(posts)
    index_folder(folder / "undisturbed", posts)
    return posts, folder / "before", folder / "undisturbed"


def snapshot(chroma_dir: Path) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    generation = Generation.open(chroma_dir)
    return (
        generation.catalog.to_pylist(),
        np.array(generation.image_vectors),
        np.array(generation.caption_vectors),
    )


def in_chroma(chroma_dir: Path, name: str) -> dict[str, tuple[str, dict[str, Any], list[float]]]:
    client = chromadb.PersistentClient(str(chroma_dir))
    try:
        collection = client.get_collection(name, embedding_function=None)
        got: Any = collection.get(include=["documents", "metadatas", "embeddings"])
    finally:
        client.close()  # type: ignore[attr-defined]
    columns: list[Any] = [got[key] for key in ("ids", "documents", "metadatas", "embeddings")]
    return {i: (text, metadata, list(v)) for i, text, metadata, v in zip(*columns, strict=True)}


def assert_chroma_agrees(chroma_dir: Path) -> None:
    """Both hold the same ids, documents, vectors and labels."""
    generation = Generation.open(chroma_dir)
    contents = generation.contents()
    view = LabelView.of(generation, read_overrides(chroma_dir))
    labels = {post.post_id: view.labels(row) for row, post in enumerate(generation.posts())}
    images, captions = in_chroma(chroma_dir, "images"), in_chroma(chroma_dir, "captions")
    assert images.keys() == contents.pictures.keys()
    assert captions.keys() == contents.caption_vectors.keys()
    for image_id, (document, metadata, vector) in images.items():
        assert document == metadata["image_path"]
        assert vector == pytest.approx(contents.image_vectors[image_id], abs=1e-6)
    for post_id, (document, metadata, vector) in captions.items():
        assert document == contents.posts[post_id].caption
        assert metadata["image_id"] == contents.posts[post_id].image_id
        assert metadata["sentiment"] == labels[post_id].sentiment.name
        assert metadata.get("topics", []) == labels[post_id].topics.names
        assert vector == pytest.approx(contents.caption_vectors[post_id], abs=1e-6)


def crash(
    chroma_dir: Path, posts: Path, call: str, number: int, when: str, *, rebuild: bool = False
) -> None:
    process = forking().Process(
        target=crashing_build,
        args=(chroma_dir, posts, call, number, when),
        kwargs={"rebuild": rebuild},
    )
    process.start()
    process.join()
    assert process.exitcode in (-signal.SIGKILL, 0), "0: there was no such call any more"


def change_everything(posts: Path) -> None:
    (posts / "red.png").unlink()
    (posts / "green.txt").write_text("a mown lawn")
    (posts / "deep").rename(posts / "moved")
    save_picture(posts / "white.png", "white", "snow at last")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_step_of_a_first_build_loses_nothing(
    tmp_path: Path, first_build: tuple[Path, Path], call: str, when: str
) -> None:
    (posts, undisturbed), killed = first_build, tmp_path / "killed"
    crash(killed, posts, call, 2 if call in ("journal", "chroma pictures") else 1, when)
    index_folder(killed, posts)
    assert_same(killed, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_step_of_an_update_loses_nothing(
    tmp_path: Path, update: tuple[Path, Path, Path], call: str, when: str
) -> None:
    (posts, before, undisturbed), killed = update, tmp_path / "killed"
    shutil.copytree(before, killed)
    crash(killed, posts, call, 1, when)
    index_folder(killed, posts)
    assert_same(killed, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_a_rebuild_that_is_killed_leaves_the_old_state_to_readers_and_is_resumed(
    tmp_path: Path, first_build: tuple[Path, Path], call: str
) -> None:
    (posts, undisturbed), killed = first_build, tmp_path / "killed"
    shutil.copytree(undisturbed, killed)
    crash(killed, posts, call, 1, "before", rebuild=True)
    assert snapshot(killed)[0] == snapshot(undisturbed)[0]
    index_folder(killed, posts)
    assert_same(killed, undisturbed)
    assert Journal(killed).pending_rebuild(read_manifest(killed).generation) is None


def assert_same(gallery: Path, other: Path) -> None:
    (rows, images, captions), (rows2, images2, captions2) = snapshot(gallery), snapshot(other)
    assert rows == rows2
    assert (images * images2).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (captions * captions2).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert_chroma_agrees(gallery)
    left = {path.name for path in gallery.iterdir()}
    assert not any(name.endswith(".tmp") for name in left)
    assert not list(gallery.glob("journal/*"))


class Killed(BaseException):
    """A kill, as far as what it leaves goes."""


@pytest.mark.parametrize("call", ["journal", "chroma pictures", "generation", "manifest"])
def test_a_forget_that_is_killed_is_done_or_not_begun(
    chroma_dir: Path, posts: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def encoders(*_: object) -> tuple[ColourEncoder, WordEncoder]:
        return ColourEncoder(), WordEncoder()

    other = three_pictures(chroma_dir.parent / "other")
    for folder in (posts, other):
        index_folder(chroma_dir, folder)
    with writing(chroma_dir) as writer:
        for folder in (posts, other):
            writer.register(source_name("folder", folder), {})
    owner, attribute = CALLS[call]
    function = getattr(owner, attribute)

    def killed(*arguments: Any) -> None:
        function(*arguments)
        raise Killed

    monkeypatch.setattr("indexer.forget.stored_encoders", encoders)
    with monkeypatch.context() as patched:
        patched.setattr(owner, attribute, killed)
        with pytest.raises(Killed):
            forget(str(posts), chroma_dir, chroma_dir.parent / "cache", Progress())
    index_folder(chroma_dir, other)
    generation = Generation.open(chroma_dir)
    assert list(generation.manifest.sources) == [source_name("folder", other)]
    assert {post.root for post in generation.posts()} == {str(other)}
    assert {file.root for file in generation.contents().files} == {str(other)}
    assert_chroma_agrees(chroma_dir)


def test_what_a_killed_writer_left_lying_about_is_swept(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    thumbnails = next(chroma_dir.glob("thumbnails/*"))
    left = [
        chroma_dir / ".manifest.json.1234.tmp",
        thumbnails / f"{'0' * 32}.1234-5678.tmp",
        thumbnails / f"{'0' * 32}.webp",
    ]
    ours = [chroma_dir / ".topics.toml.1234.tmp", thumbnails / "holiday.webp"]
    for path in (*left, *ours):
        path.write_bytes(b"half of it")
    shutil.copytree(chroma_dir / "generations" / "1", chroma_dir / "generations" / "0")
    (chroma_dir / "chroma.sqlite3").unlink()  # by a rebuild that died before it removed the folders
    index_folder(chroma_dir, posts)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in ours)  # the page may be writing the first
    assert len(list(chroma_dir.glob("thumbnails/*/*.webp"))) == 8 + 1
    assert len(list(chroma_dir.glob("*-*-*-*-*"))) == 2
    assert_chroma_agrees(chroma_dir)


def test_records_that_chroma_lost_or_kept_too_long_are_put_right(
    chroma_dir: Path, posts: Path
) -> None:
    index_folder(chroma_dir, posts)
    client = chromadb.PersistentClient(str(chroma_dir))
    captions = client.get_collection("captions", embedding_function=None)
    captions.delete(ids=captions.get(limit=2)["ids"])
    client.close()  # type: ignore[attr-defined]
    index_folder(chroma_dir, posts)
    assert_chroma_agrees(chroma_dir)


def test_a_chroma_database_that_is_broken_is_filled_anew(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    (chroma_dir / "chroma.sqlite3").write_bytes(b"not a database at all" * 100)
    index_folder(chroma_dir, posts)
    assert_chroma_agrees(chroma_dir)


def test_another_encoder_is_an_error_that_names_both_and_the_remedy(
    chroma_dir: Path, posts: Path
) -> None:
    from indexer.writer import open_writer

    index_folder(chroma_dir, posts)
    other = Encoders(EncoderRecord("clip", "clip@2", 64), RECORDS.caption)
    with pytest.raises(EncoderMismatch, match=r"colours@1, not by clip@2.*build --rebuild"):
        with open_writer(chroma_dir, other, labeller(chroma_dir.parent), Progress(), rebuild=False):
            pass


def test_another_schema_is_an_error_that_a_rebuild_mends(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    manifest = chroma_dir / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": 0}))
    with pytest.raises(SchemaMismatch, match=r"has schema 0, this program writes schema 2.*--reb"):
        index_folder(chroma_dir, posts)
    index_folder(chroma_dir, posts, rebuild=True)
    assert Generation.open(chroma_dir).manifest.posts == 8
    assert_chroma_agrees(chroma_dir)


def test_a_damaged_manifest_is_an_error_and_is_not_overwritten(
    chroma_dir: Path, posts: Path
) -> None:
    index_folder(chroma_dir, posts)
    (chroma_dir / "manifest.json").write_text("{")
    with pytest.raises(GalleryDamaged, match=r"manifest.json cannot be read.*--rebuild"):
        index_folder(chroma_dir, posts)
    assert (chroma_dir / "manifest.json").read_text() == "{"


@pytest.mark.parametrize(
    "change",
    [
        {"built_at": [1]}, {"built_at": 10**30}, {"generation": "1"}, {"sources": []},
        {"sources": {"folder:/p": "/p"}}, {"posts": None}, {"chroma_overrides": True},
        {"encoders": {"image": {}, "caption": {}}}, {"labels": {"topics": [[1, 2]]}},
    ],
)  # fmt: skip
def test_a_manifest_of_other_kinds_of_values_is_damaged(
    chroma_dir: Path, change: dict[str, Any]
) -> None:
    chroma_dir.mkdir()
    Manifest(RECORDS).write(chroma_dir)
    path = chroma_dir / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(GalleryDamaged, match=r"manifest.json is damaged.*--rebuild"):
        read_manifest(chroma_dir)


def test_a_manifest_that_does_not_say_how_to_read_a_source_is_no_base_of_a_rebuild(
    chroma_dir: Path,
) -> None:
    chroma_dir.mkdir()
    Manifest(RECORDS, sources={"folder:/p": {"location": "/p"}}).write(chroma_dir)
    done = run("indexer", "build", "--rebuild", "--dry-run", "--chroma-dir", chroma_dir)
    assert done.returncode == 1
    assert "manifest.json does not say how to read its sources (KeyError('kind'))" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_manifest_that_is_nested_too_deeply_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[" * 20_000)
    with pytest.raises(GalleryDamaged, match=r"cannot be read \(nested too deeply\)"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("rebuilding", [False, True])
@pytest.mark.parametrize("spoil", ["cut short", "zeros"])
def test_what_a_stopped_build_left_and_the_disk_spoilt_is_said_and_made_again(
    chroma_dir: Path, posts: Path, spoil: str, rebuilding: bool
) -> None:
    index_folder(chroma_dir, posts)
    journal = Journal(chroma_dir)
    if rebuilding:
        journal.start_rebuild(RECORDS, 1)
    journal.append(Change(removed_posts=["red"]), 1)
    left = sorted(chroma_dir.glob("journal/*"))
    for path in left:
        whole = path.read_bytes()
        path.write_bytes(whole[:40] if spoil == "cut short" else bytes(len(whole)))
    with pytest.raises(GalleryDamaged, match=rf"{left[-1].name} cannot be read.*--rebuild"):
        index_folder(chroma_dir, posts)
    index_folder(chroma_dir, posts, rebuild=True)
    assert Generation.open(chroma_dir).manifest.posts == 8
    assert_chroma_agrees(chroma_dir)


def test_whichever_published_file_is_cut_short_is_said_and_made_again(
    chroma_dir: Path, posts: Path
) -> None:
    index_folder(chroma_dir, posts)
    for path in sorted(chroma_dir.glob("generations/1/*")):
        whole = path.read_bytes()
        if whole:
            path.write_bytes(whole[: -len(whole) // 3])
            with pytest.raises(GalleryDamaged, match=r"1 is missing or damaged.*--rebuild"):
                Generation.open(chroma_dir).contents()
            path.write_bytes(whole)
    (chroma_dir / "generations" / "1" / "catalog.parquet").write_bytes(b"")
    index_folder(chroma_dir, posts, rebuild=True)
    assert Generation.open(chroma_dir).manifest.posts == 8


def test_a_column_that_lost_its_name_is_damage(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    for path in sorted(chroma_dir.glob("generations/1/*.parquet")):
        table = pq.read_table(path)
        for name in table.column_names:
            pq.write_table(table.rename_columns({name: "x"}), path)
            with pytest.raises(GalleryDamaged, match=r"1 is missing or damaged.*--rebuild"):
                Generation.open(chroma_dir).contents()
        pq.write_table(table, path)
    Generation.open(chroma_dir).contents()


def test_another_byte_in_the_catalog_is_no_other_caption(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    path = chroma_dir / "generations" / "1" / "catalog.parquet"
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    last = column.dictionary_page_offset + column.total_compressed_size - 1
    whole = path.read_bytes()
    path.write_bytes(whole[:last] + bytes([whole[last] ^ 1]) + whole[last + 1 :])
    with pytest.raises(GalleryDamaged, match=r"1 is missing or damaged.*--rebuild"):
        Generation.open(chroma_dir)


def test_without_a_gallery_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoGallery, match="make one with: python -m indexer build"):
        Generation.open(tmp_path)


def test_a_rebuild_with_another_encoder_keeps_the_posts(chroma_dir: Path, posts: Path) -> None:
    index_folder(chroma_dir, posts)
    index_folder(chroma_dir, posts, rebuild=True)
    assert Generation.open(chroma_dir).manifest.generation == 2
    assert_chroma_agrees(chroma_dir)
