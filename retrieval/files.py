"""Writing so that a crash leaves the old file or the new one, and errors a user can read."""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.errors import BadInput, BadOption, GalleryError, StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_REMEDIES = {
    errno.ENOSPC: "make room on that disk",
    errno.EDQUOT: "make room: your quota there is used up",
    errno.EROFS: "choose a folder on a disk that can be written",
    errno.EACCES: "make it writable, or choose another folder",
    errno.EPERM: "make it writable, or choose another folder",
}
_LEFT = 3600  # seconds after which nobody writes at a draft any more
_NO_ROOM = 1_000_000  # bytes free, below which a disk counts as full
_NOBODYS = frozenset(
    {".DS_Store", ".gitignore", ".gitkeep", ".localized", "Thumbs.db", "desktop.ini", "lost+found"}
)
_SQLITE = {
    "disk is full": errno.ENOSPC,
    "disk I/O error": errno.ENOSPC,
    "readonly database": errno.EACCES,
    "unable to open database": errno.EACCES,
}


def real_path(path: Path) -> Path:
    """The absolute path without links; one that ends in a loop of links stays as it is there.

    `Path.resolve` raises RuntimeError for a loop, which anybody can put into a folder.
    """
    return Path(os.path.realpath(path))


def expanded(text: str) -> Path:
    """The path with ~ for the home folder; as it is where nobody knows whose home that would be."""
    return Path(os.path.expanduser(text))  # noqa: PTH111  # pathlib's own raises RuntimeError then


def write_atomically(path: Path, content: bytes) -> None:
    """Write the whole file and flush it to the disk before it takes its name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):  # of processes that died
        with suppress(OSError):
            if draft.stat().st_mtime < time.time() - _LEFT:
                draft.unlink()


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Add lines of JSON objects in one write, which other processes' cannot get between; flush it.

    A line that a crash tore is ended first. What the disk refuses is an OSError.
    """
    with path.open("ab+") as file:
        torn = False
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        added = "".join(f"{line}\n" for line in lines)
        file.write(("\n" if torn else "").encode() + added.encode())
        file.flush()
        os.fsync(file.fileno())


def appended_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a file that `append_lines` wrote, each with where it stands; none without one.

    A line that a crash tore is passed over: an object that was never closed.

    Raises:
        BadInput: the file cannot be read.

    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"cannot read {path}: {error}; save it as UTF-8 text") from error
    for number, line in enumerate(text.split("\n"), start=1):
        is_torn = line.startswith("{") and not line.rstrip().endswith("}")
        if line and not is_torn:
            yield f"{path}, line {number}", line


def json_value(
    text: str | bytes, object_hook: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> Any:
    """What a JSON text holds, which may be anybody's.

    Raises:
        ValueError: it is no JSON, or nested beyond what can be read.

    """
    try:
        return json.loads(text, object_hook=object_hook)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def flush_folder(folder: Path) -> None:
    """Flush a rename in `folder` to the disk. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_folder(folder: Path, what: str, flag: str, *, is_ours: bool) -> None:
    """Refuse a folder whose things are not this program's, so that none of them is touched.

    Raises:
        BadOption: names some of what is there.

    """
    if folder.exists() and not folder.is_dir():
        raise BadOption(f"{flag} {folder} is a file; name a folder")
    others = [] if is_ours else [path.name for path in foreign(folder)]
    if others:
        some = ", ".join(map(repr, others[:3])) + (", …" if len(others) > 3 else "")
        raise BadOption(
            f"{flag} {folder} is not {what}: it holds {some}, which might be yours; name a folder "
            "that is new or empty"
        )


def foreign(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, but for what systems and git put into any; [] without one."""
    return sorted(path for path in folder.glob("*") if path.name not in _NOBODYS)


@contextmanager
def explained_storage_errors(chroma_dir: Path) -> Iterator[None]:
    """Turn what a disk refuses into an error that says what to do.

    Raises:
        StorageFailed: the disk is full, read-only, or out of reach.

    """
    try:
        yield
    except GalleryError:
        raise
    except Exception as error:
        check_storage(chroma_dir, error)
        raise


def check_storage(chroma_dir: Path, error: BaseException) -> None:
    """Raise StorageFailed if `error` is a disk that refuses; do nothing if it is something else.

    Chroma tells of such troubles only in the text of its own error classes, and not always: where
    the disk has no room left, that is the reason.
    """
    remedy = None
    if isinstance(error, OSError):
        remedy = _REMEDIES.get(error.errno or 0)
    else:
        remedy = next((_REMEDIES[n] for text, n in _SQLITE.items() if text in str(error)), None)
        if remedy is None and _is_full(chroma_dir):
            remedy = _REMEDIES[errno.ENOSPC]
    if remedy is not None:
        raise StorageFailed(
            f"cannot write to {chroma_dir}: {error}; {remedy} and run this again. "
            "The last published state is untouched, and work done so far is kept"
        ) from error


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False
