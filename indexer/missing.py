"""Pictures that a source names but that lie nowhere: a list of them, and how to fetch them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from retrieval.files import write_atomically
from retrieval.gallery.layout import missing_path

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.sources.base import SourceReading


def list_missing(readings: list[SourceReading], chroma_dir: Path) -> Path | None:
    """Write the missing pictures to a file, one a line, as web addresses where they are known.

    Returns the file, or None where nothing is missing and an earlier list was removed.
    """
    path = missing_path(chroma_dir)
    lines = [
        (reading.missing_from or "") + name for reading in readings for name in reading.missing
    ]
    if not lines:
        path.unlink(missing_ok=True)
        return None
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
    return path


def fetch_command(listed: Path, folder: Path) -> str:
    """A shell line that fetches the pictures listed by web address into a folder.

    It can be stopped and run again after the next build, which lists what is still missing.
    """
    target = shlex.quote(str(folder))
    curl = "xargs -n 1 -P 4 curl -fsSO --retry 3 --remove-on-error"
    return f"mkdir -p {target} && (cd {target} && {curl}) < {shlex.quote(str(listed))}"
