"""Finding weights and making sure they are the ones they claim to be."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from retrieval.errors import WeightsUnavailable
from retrieval.files import write_atomically

_REMEMBERED = "weights.json"
_SETTLED = 2_000_000_000  # ns: a file younger than this may change without its time changing


def package_folder(package: str) -> Path | None:
    """The folder of an installed package, found without importing it; None if not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


@cache
def sha256_of(path: Path, cache_dir: Path | None = None) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits.

    It is read once in a process, and with `cache_dir` once for all: 600 MB take most of a second.
    It is read again when its size, its time of change or its inode is another.
    """
    if cache_dir is None:
        return _digest(path)
    where, now, name = cache_dir / _REMEMBERED, time.time_ns(), str(path.absolute())
    found = path.stat()
    state = [found.st_size, found.st_mtime_ns, found.st_ino]
    remembered = _remembered(where)
    if (known := remembered.get(name)) and known[:-1] == state:
        return str(known[-1])
    digest = _digest(path)
    if now - found.st_mtime_ns > _SETTLED:
        with suppress(OSError):  # a cache that cannot be written only costs time
            where.parent.mkdir(parents=True, exist_ok=True)
            entries = {**remembered, name: [*state, digest]}
            write_atomically(where, json.dumps(entries, indent=1).encode())
    return digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remembered(where: Path) -> dict[str, list[object]]:
    """Of each file its size, time of change, inode and SHA-256; nothing where that is broken."""
    try:
        entries = json.loads(where.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {name: entry for name, entry in entries.items() if isinstance(entry, list)}


def checked(path: Path, sha256: str, cache_dir: Path | None = None) -> Path:
    """Return `path` if its content has this SHA-256; `cache_dir` as for `sha256_of`.

    Raises:
        WeightsUnavailable: the file is not there, or holds something else.

    """
    if not path.is_file():
        raise WeightsUnavailable(f"{path} is missing; install the requirements again")
    if (found := sha256_of(path, cache_dir)) != sha256:
        raise WeightsUnavailable(
            f"{path} is not the published file: its SHA-256 starts with {found[:12]}, expected "
            f"{sha256[:12]}; install the package again"
        )
    return path
