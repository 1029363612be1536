"""What a case is, and how it may end: an answer, a skip that says why, or one line."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from indexer.sources.base import SourceReading
from retrieval.catalog.dates import written
from retrieval.cli import complain
from retrieval.errors import GalleryError

Outcome = Literal["answer", "skip", "refusal"]

LONGEST = 2_000  # characters of a reason: a long path, its folders, and what to do


@dataclass(frozen=True)
class File:
    """One case: what a user hands over."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Kind:
    """One sort of input."""

    make: Callable[[Random], File]
    read: Callable[[File, Path], Outcome]  # in an empty folder; raises nothing but GalleryError
    names_the_file: bool = True  # its errors do


def outcome_of(kind: Kind, file: File) -> Outcome:
    """How a case ends. Anything else than its three ends is raised."""
    with tempfile.TemporaryDirectory() as temporary:
        try:
            return kind.read(file, Path(temporary))
        except GalleryError as error:
            check_error(error, file.name if kind.names_the_file else "")
            return "refusal"


def listing(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Size in bytes, nanoseconds of the last change, and hash of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): (
            path.stat().st_size,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in files
    }


def check_error(error: GalleryError, name: str = "") -> None:
    """An error has to name the thing, and to say what is wrong in one line; as it is printed.

    Without a `name` it may be about one that breaks lines itself.
    """
    check_reason(str(error), is_one_line=bool(name))
    assert name in str(error), f"it does not name {name}: {error}"
    with redirect_stderr(io.StringIO()) as err:
        complain(error)
    assert err.getvalue().count("\n") == 1, err.getvalue()


def check_reason(reason: str, *, is_one_line: bool = True) -> None:
    """A reason has to say something."""
    assert reason.strip(), "it says nothing"
    assert not re.search(r"\(None\)|: None;", reason), f"it does not say why: {reason}"
    assert len(reason) < LONGEST, f"too long to read: {reason}"
    assert not is_one_line or len(reason.splitlines()) == 1, f"more than one line: {reason}"


def check_reading(reading: SourceReading) -> Outcome:
    """What goes on to the gallery has to be what Parquet, Chroma and the page can hold."""
    for post in reading.posts:
        for said in (post.key, post.image_path, post.caption, post.permalink, post.group_id):
            (said or "").encode()
        assert (post.root / post.image_path).is_file()
        if post.created_at is not None:
            written(post.created_at)
    for skipped in reading.skipped:
        skipped.path.encode()
        check_reason(skipped.reason)
    for note in reading.notes:
        check_reason(note)
    return "skip" if reading.skipped or reading.missing else "answer"
