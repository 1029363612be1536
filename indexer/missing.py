"""Pictures that a source names but that lie nowhere: a list of them, and how to fetch them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from retrieval.files import write_atomically
from retrieval.gallery.layout import missing_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from indexer.sources.base import SourceReading


_SOURCE = "# "  # begins the line with a source's name


def list_missing(readings: Mapping[str, SourceReading], chroma_dir: Path) -> Path | None:
    """Write the missing pictures to a file, one a line, as web addresses where they are known.

    A section a source, below its name; other sources' sections stay as they are. Returns the file,
    or None where nothing is missing any more and an earlier list was removed.
    """
    path = missing_path(chroma_dir)
    sections = _sections(path)
    for source, reading in readings.items():
        sections[source] = [(reading.missing_from or "") + name for name in reading.missing]
    lines = [
        line
        for source, missing in sections.items()
        if missing
        for line in (f"{_SOURCE}{source}", *missing)
    ]
    if not lines:
        path.unlink(missing_ok=True)
        return None
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))
    return path


def _sections(path: Path) -> dict[str, list[str]]:
    """What an earlier build listed, by source; {} without a list."""
    try:
        lines = path.read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return {}
    sections: dict[str, list[str]] = {}
    missing: list[str] = []
    for line in lines:
        if line.startswith(_SOURCE):
            missing = sections.setdefault(line.removeprefix(_SOURCE), [])
        elif line:
            missing.append(line)
    return sections


def fetch_command(listed: Path, folder: Path) -> str:
    """A shell line that fetches the pictures listed by web address into a folder.

    It can be stopped and run again after the next build, which lists what is still missing.
    """
    target = shlex.quote(str(folder))
    curl = "xargs -n 1 -P 4 curl -fsSO --retry 3 --remove-on-error"
    addresses = f"grep -v '^{_SOURCE}' {shlex.quote(str(listed))}"
    return f"mkdir -p {target} && {addresses} | (cd {target} && {curl})"
