"""One writer at a time, and no reader of Chroma beside it.

Two processes that write to one Chroma folder corrupt it silently, and one that reads while
another writes can crash. Published generations are read without any lock.
"""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

import portalocker

from retrieval.errors import GalleryLocked, StorageFailed
from retrieval.files import json_value
from retrieval.gallery.layout import check_is_free, lock_path, sweep_drafts, writer_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE = 5.0  # seconds that a writer waits for readers: a query takes milliseconds, but loading
# an index of a million vectors takes about three
_PAUSE = 0.005  # seconds between its tries, short enough to slip in between queries

_HELD = (portalocker.LockException, portalocker.AlreadyLocked)


@contextmanager
def writer_lock(chroma_dir: Path) -> Iterator[None]:
    """Hold the gallery's write lock; the operating system frees it when the process dies.

    Raises:
        GalleryLocked: another process holds it; the message says which. Or readers hold its shared
            side for longer than a query takes.
        BadOption: the folder holds something else than a gallery.
        StorageFailed: the folder cannot be written.

    """
    check_is_free(chroma_dir)
    try:
        chroma_dir.mkdir(parents=True, exist_ok=True)
        file = lock_path(chroma_dir).open("a")
    except OSError as error:
        raise StorageFailed(f"cannot write to {chroma_dir}: {error.strerror}") from error
    with file:
        _wait_for_readers(chroma_dir, file)
        sweep_drafts(chroma_dir)
        writer_path(chroma_dir).write_text(json.dumps(_myself()), "utf-8")
        yield


@contextmanager
def reader_lock(chroma_dir: Path) -> Iterator[None]:
    """Hold the shared side of the lock: for one query to Chroma, not for longer.

    Raises:
        GalleryLocked: a writer is at work.
        StorageFailed: there is no such lock.

    """
    try:
        file = lock_path(chroma_dir).open("r")
    except OSError as error:
        raise StorageFailed(f"cannot read {chroma_dir}: {error.strerror}") from error
    with file:
        if not _take(file, portalocker.LOCK_SH):
            raise GalleryLocked(_who_holds(chroma_dir))
        yield


def check_no_writer(chroma_dir: Path) -> None:
    """Make sure that nobody is writing at this moment.

    Raises:
        GalleryLocked: a writer is at work; the message says which.
        StorageFailed: the lock cannot be looked at.

    """
    if lock_path(chroma_dir).is_file():
        with reader_lock(chroma_dir):
            return


def last_write(chroma_dir: Path) -> int:
    """When the last writer began, in nanoseconds: what was opened before it is out of date."""
    try:
        return writer_path(chroma_dir).stat().st_mtime_ns
    except OSError:
        return 0


def _wait_for_readers(chroma_dir: Path, file: TextIO) -> None:
    patience_ends = time.monotonic() + _PATIENCE
    while not _take(file, portalocker.LOCK_EX):
        if not _take(file, portalocker.LOCK_SH):
            raise GalleryLocked(_who_holds(chroma_dir))
        portalocker.unlock(file)
        if time.monotonic() > patience_ends:
            raise GalleryLocked(
                f"{chroma_dir} is open in a program that searches it through Chroma or LangChain; "
                "close that program and run this again"
            )
        time.sleep(_PAUSE)


def _take(file: TextIO, side: portalocker.LockFlags) -> bool:
    """Whether this side of the lock is ours now; never waits."""
    try:
        portalocker.lock(file, side | portalocker.LOCK_NB)
    except _HELD:
        return False
    return True


def _myself() -> dict[str, str | int]:
    started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": started}


def _who_holds(chroma_dir: Path) -> str:
    try:
        holder = json_value(writer_path(chroma_dir).read_text("utf-8"))
        who = f"process {holder['pid']} on {holder['host']} since {holder['started']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is just being written
        who = "another process"
    return (
        f"{chroma_dir} is being written by {who}; wait until it is done (searching works "
        "meanwhile), or stop it and run this again"
    )
