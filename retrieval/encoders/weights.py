"""Finding weights and making sure they are the ones they claim to be."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from retrieval.errors import WeightsUnavailable


def package_folder(package: str) -> Path | None:
    """The folder of an installed package, found without importing it; None if not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


@cache
def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits; read once in a process."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(path: Path, sha256: str) -> Path:
    """Return `path` if its content has this SHA-256.

    Raises:
        WeightsUnavailable: the file is not there, or holds something else.

    """
    if not path.is_file():
        raise WeightsUnavailable(f"{path} is missing; install the requirements again")
    if (found := sha256_of(path)) != sha256:
        raise WeightsUnavailable(
            f"{path} is not the published file: its SHA-256 starts with {found[:12]}, expected "
            f"{sha256[:12]}; install the package again"
        )
    return path
