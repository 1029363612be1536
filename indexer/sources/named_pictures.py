"""Pictures that a file names: where they lie in the folders they may lie in, and nowhere else."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from html import unescape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from retrieval.errors import BadInput, shown
from retrieval.files import real_path
from retrieval.names import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Place = tuple[Path, str]  # a root, and the picture's path under it

_DRIVE = re.compile(r"(?:file:/*)?[a-z]:[\\/]", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|file:|data:", re.IGNORECASE)


def existing_folders(roots: Sequence[Path]) -> Sequence[Path]:
    """The roots as they are.

    Raises:
        BadInput: one of them is no folder.

    """
    for root in roots:
        if not root.is_dir():
            raise BadInput(
                f"the picture folder {root} does not exist; give the folder the pictures lie in "
                "with --images DIR"
            )
    return roots


class NamedPictures:
    """The places of pictures, found by name under the roots; remembers what it was asked for.

    Raises:
        BadInput: a root is no folder.

    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = {root: real_path(root) for root in existing_folders(roots)}
        self._places: dict[str, Place | None] = {}  # by name; None: it lies nowhere
        self._listed: dict[Path, Mapping[str, Sequence[str]]] = {}  # names by folded, by folder

    @property
    def missing(self) -> tuple[str, ...]:
        """The names asked for that lie nowhere, in order."""
        return tuple(named for named, place in self._places.items() if place is None)

    def find(self, named: str, where: str) -> Place | None:
        """The place of the picture, the first root's before the next; None: it lies nowhere.

        `where` says in a message where it was named.

        Raises:
            BadInput: it is meant to lie, or is a link to a file, outside the roots.

        """
        if named not in self._places:
            self._places[named] = self._look_for(named, where)
        return self._places[named]

    def notes(self, table: Path) -> Iterator[str]:
        """Words for the user about what is missing, and what to do."""
        of_all = f"of the {len(self._places)} pictures that {table.name} names"
        windows = [named for named in self.missing if _DRIVE.match(named)]
        others = [named for named in self.missing if not _DRIVE.match(named)]
        addresses = [named for named in others if _ADDRESS.match(named)]
        absent = len(others) - len(addresses)
        if windows:
            yield (
                f"{len(windows)} {of_all} are paths of a Windows machine, such as "
                f"{shown(windows[0])}; their posts are left out. Write them relative to the "
                "folder that they lie in, and name that with --images DIR."
            )
        if absent:
            yield (
                f"{absent} {of_all} do not exist under {self._folders()}; their posts are left "
                "out. Name the folder they lie in with --images DIR."
            )
        if addresses:
            yield (
                f"{len(addresses)} {of_all} are web addresses, such as {shown(addresses[0])}; "
                "their posts are left out. Download the pictures first, and name the files in the "
                "table."
            )

    def _look_for(self, named: str, where: str) -> Place | None:
        """As it is written, else as other programs write the same name."""
        if (path := _path_of_address(named)) is not None:
            return self._look_for_path(path, where)
        if _ADDRESS.match(named):
            return None
        if (place := self._look_for_path(named, where)) is not None:
            return place
        for other in (*_otherwise(named), *self._folded(named.replace("\\", "/"))):
            with suppress(BadInput):
                if (place := self._look_for_path(other, where)) is not None:
                    return place
        return None

    def _folded(self, named: str) -> Iterator[str]:
        """The paths under the roots that differ in case or Unicode form, where one alone does."""
        for root in self._roots:
            if (place := self._under(root, named)) is None:
                continue
            path = root
            for part in PurePosixPath(place[1]).parts:
                fitting = self._names_in(path).get(folded(part), ())
                if len(fitting) != 1:
                    break
                path /= fitting[0]
            else:
                yield str(path)

    def _names_in(self, folder: Path) -> Mapping[str, Sequence[str]]:
        """What lies in a folder, by its folded name; read once."""
        if folder not in self._listed:
            by_name: dict[str, list[str]] = {}
            with suppress(OSError):
                for path in folder.iterdir():
                    by_name.setdefault(folded(path.name), []).append(path.name)
            self._listed[folder] = by_name
        return self._listed[folder]

    def _look_for_path(self, named: str, where: str) -> Place | None:
        places = [place for root in self._roots if (place := self._under(root, named))]
        if not places:
            raise self._outside(f"{where}: {shown(named)} lies outside")
        for root, path in places:
            if _is_file(root / path):
                if not self._holds(real_path(root / path)):
                    raise self._outside(f"{where}: {shown(named)} is a link to a file outside")
                return root, path
        return None

    def _under(self, root: Path, named: str) -> Place | None:
        """The place under `root` that is meant; an absolute path may spell out a linked root."""
        for base in (root, self._roots[root]):
            path = Path(os.path.normpath(base / named))
            if path.is_relative_to(base):
                return root, path.relative_to(base).as_posix()
        return None

    def _holds(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root in self._roots.values())

    def _outside(self, what: str) -> BadInput:
        return BadInput(
            f"{what} {self._folders()}; nothing was written. Name the folder it lies in with "
            "--images DIR"
        )

    def _folders(self) -> str:
        return ", ".join(map(str, self._roots))


def _path_of_address(named: str) -> str | None:
    """The path in an address of a file on this machine; None for any other name."""
    if named[:5].lower() != "file:":
        return None
    try:
        parts = urlsplit(named)
    except ValueError:  # a host that is none, such as file://[
        return None
    path = url2pathname(parts.path)
    is_here = parts.hostname in (None, "localhost")
    return path if path and is_here and not _DRIVE.match(path[1:]) else None


def _otherwise(named: str) -> Iterator[str]:
    """The name without an address's query and fragment, decoded, with slashes for backslashes."""
    others = [named, named.partition("?")[0], named.partition("#")[0], unescape(named)]
    others += map(unquote, tuple(others))
    others += [each.replace("\\", "/") for each in others]
    yield from (other for other in dict.fromkeys(others) if other and other != named)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # for one, longer than any file's name may be
        return False
