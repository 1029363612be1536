"""The names of everything under a gallery's folder, and what there may be removed.

Nobody else spells these names; what they mean stands in docs/architecture.md. A folder is taken
for a gallery only if it is new, empty or a gallery already, and in it only files of these names
are ever removed: whatever else lies there is somebody's.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from retrieval.errors import StorageFailed
from retrieval.files import check_folder, foreign, json_value

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

_CHROMA_INDEX = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHROMA_DATABASE = re.compile(r"chroma\.sqlite3(-wal|-shm|-journal)?")
_CHROMA_INDEX_FILES = (
    "data_level0.bin",
    "header.bin",
    "index_metadata.pickle",
    "length.bin",
    "link_lists.bin",
)
_GENERATION = re.compile(r"\d+|\.\d+\.tmp")  # published, or a draft of a run that died
_GENERATION_FILES = (
    "catalog.parquet",
    "labels.parquet",
    "pictures.parquet",
    "files.parquet",
    "images.f32",
    "captions.f32",
    "descriptions.f32",
)
_JOURNAL = re.compile(r"\d{8}-\d{8}\.npz|rebuild\.json|\..+\.\d+\.tmp")
_WRITERS_DRAFT = re.compile(r"\.(manifest\.json|missing\.txt)\.\d+\.tmp")
# A thumbnail, or a draft of one, which is named by process and thread.
_THUMBNAIL = re.compile(r"([0-9a-f]{32})\.(webp|\d+-\d+\.tmp)")
_OTHERS = re.compile(
    r"manifest\.json|overrides\.jsonl|checks\.jsonl|topics\.toml|descriptions\.jsonl|missing\.txt|write\.lock|writer\.json"
    r"|generations|journal|thumbnails|\..+\.\d+\.tmp"
)


def check_is_free(chroma_dir: Path) -> None:
    """Refuse a folder that is somebody's, before anything is written to it.

    Raises:
        BadOption: it holds other things than a gallery, or it is a file.

    """
    check_folder(chroma_dir, "a gallery", "--chroma-dir", is_ours=is_gallery(chroma_dir))


def is_gallery(chroma_dir: Path) -> bool:
    """Whether the manifest says so; where it is damaged or not written yet, all names must.

    A manifest of something else, as web apps have one, is somebody's.
    """
    with suppress(OSError, ValueError):
        fields = json_value(manifest_path(chroma_dir).read_text("utf-8"))
        if isinstance(fields, dict):
            return "schema" in fields
    return lock_path(chroma_dir).is_file() and all(
        any(names.fullmatch(path.name) for names in (_OTHERS, _CHROMA_DATABASE, _CHROMA_INDEX))
        for path in foreign(chroma_dir)
    )


def manifest_path(chroma_dir: Path) -> Path:
    """What is published; the file that marks a folder as a gallery."""
    return chroma_dir / "manifest.json"


def generations_dir(chroma_dir: Path) -> Path:
    """The folder of the published states."""
    return chroma_dir / "generations"


def generation_dir(chroma_dir: Path, number: int) -> Path:
    """One published state."""
    return generations_dir(chroma_dir) / str(number)


def remove_generation(folder: Path) -> None:
    """Remove a published state, or a draft of one.

    Raises:
        StorageFailed: it holds something else as well, which stays.

    """
    _remove_files(folder, _GENERATION_FILES)
    if folder.exists():
        raise StorageFailed(f"{folder} holds files that no build made; move them away")


def generation_dirs(chroma_dir: Path) -> Iterator[Path]:
    """All published states that are still there, and drafts of runs that died."""
    return _named(generations_dir(chroma_dir), _GENERATION)


def journal_dir(chroma_dir: Path) -> Path:
    """The changes that are not part of a generation yet."""
    return chroma_dir / "journal"


def journal_files(chroma_dir: Path) -> list[Path]:
    """What a build wrote there, in order, with what a killed one left half done."""
    return [path for path in _named(journal_dir(chroma_dir), _JOURNAL) if path.is_file()]


def database_path(chroma_dir: Path) -> Path:
    """Chroma's own database."""
    return chroma_dir / "chroma.sqlite3"


def remove_chroma(chroma_dir: Path) -> None:
    """Remove Chroma's own files."""
    for path in _named(chroma_dir, _CHROMA_DATABASE):
        path.unlink()
    for path in _named(chroma_dir, _CHROMA_INDEX):
        _remove_files(path, _CHROMA_INDEX_FILES)


def overrides_path(chroma_dir: Path) -> Path:
    """What the user corrected."""
    return chroma_dir / "overrides.jsonl"


def checks_path(chroma_dir: Path) -> Path:
    """What the user said is true of posts that were drawn."""
    return chroma_dir / "checks.jsonl"


def topics_path(chroma_dir: Path) -> Path:
    """The topics that were edited on the page."""
    return chroma_dir / "topics.toml"


def descriptions_path(chroma_dir: Path) -> Path:
    """What a machine wrote about pictures."""
    return chroma_dir / "descriptions.jsonl"


def missing_path(chroma_dir: Path) -> Path:
    """The list of pictures that a source names and that are not there."""
    return chroma_dir / "missing.txt"


def lock_path(chroma_dir: Path) -> Path:
    """The file whose lock a writer holds."""
    return chroma_dir / "write.lock"


def writer_path(chroma_dir: Path) -> Path:
    """Who holds the lock."""
    return chroma_dir / "writer.json"


def thumbnail_path(chroma_dir: Path, image_id: str) -> Path:
    """The WebP of a picture; spread over 256 folders, since some file systems dislike huge ones."""
    return chroma_dir / "thumbnails" / image_id[:2] / f"{image_id}.webp"


def sweep_thumbnails(chroma_dir: Path, image_ids: Container[str]) -> None:
    """Remove the thumbnails of other pictures than these, and what a killed build left half done.

    Nobody may be making any meanwhile.
    """
    for folder in (chroma_dir / "thumbnails").glob("??"):
        for path in folder.iterdir():
            found = _THUMBNAIL.fullmatch(path.name)
            if found and not (found[2] == "webp" and found[1] in image_ids):
                with suppress(OSError):  # a file that is open, on Windows
                    path.unlink()


def sweep_drafts(chroma_dir: Path) -> None:
    """Remove what a killed writer left half written; hold the writer's lock."""
    for path in _named(chroma_dir, _WRITERS_DRAFT):
        path.unlink(missing_ok=True)


def _named(folder: Path, names: re.Pattern[str]) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*")) if names.fullmatch(path.name))


def _remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove files of these names, and the folder if that was all."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
