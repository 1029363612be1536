"""A folder of pictures, with captions in files beside them or inside the pictures themselves."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, cast

from indexer.sources.base import PICTURE_SUFFIXES, Skipped, SourcePost, SourceReading
from indexer.sources.sidecar_names import sidecars_beside
from indexer.sources.sidecars import Told, read_sidecar
from retrieval.captions import readable
from retrieval.cli import one_line
from retrieval.errors import BadInput
from retrieval.files import real_path
from retrieval.gallery.layout import is_gallery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.sources.base import SourceRequest

# What file managers, cameras and network drives keep beside the pictures: thumbnails, bins and
# snapshots, which would bring back what was deleted; all in lower case.
_SYSTEM_NAMES = frozenset(
    {
        *("thumbs.db", "desktop.ini", "__macosx", "ehthumbs.db", "ehthumbs_vista.db"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "lost+found"),
        *("#recycle", "#snapshot", "@eadir", "@recycle", "@recently-snapshot", "@tmp", "@sharebin"),
        *("@synoeastream", "@synoresource", "network trash folder", "temporary items"),
        *("~snapshot", "@gmt_snapshots"),
    }
)
_CHECKDISK = re.compile(r"found\.[0-9]{3}")
_UNDECODABLE = re.compile("[\udc80-\udcff]")  # how Python shows a name's bytes that are no text
_KINDS_NAMED = 8  # in the note on the files passed over


class FolderReader:
    """Reads the pictures below a folder, however deep, in the order of their paths.

    Beside `beach.jpg` may lie `beach.txt` or `beach.jpg.txt` with its caption, or `beach.json` or
    `beach.jpg.json` with caption, date and permalink (Google Takeout's are read as well). A
    picture without either keeps the caption embedded in its file, which is read later.
    """

    kind = "folder"

    def recognises(self, location: Path) -> bool:
        """Whether it is a folder."""
        return location.is_dir()

    def read(self, request: SourceRequest) -> SourceReading:
        """Read which pictures there are, and the sidecars beside them; opens no picture.

        Raises:
            BadInput: the folder is missing, cannot be read or holds no picture, or folders to
                look for pictures in were named as well.

        """
        if request.image_roots:
            raise BadInput(
                f"{request.location} is a folder, and its pictures lie in it; leave out "
                f"{', '.join(map(str, request.image_roots))}, or index that folder by itself"
            )
        _check_readable(request.location)
        if is_gallery(request.location):
            raise BadInput(
                f"{request.location} is a gallery that was built here, not pictures to build one "
                "from; give the folder of the pictures"
            )
        return _Survey(request.location, captions=request.captions).reading()


def _check_readable(root: Path) -> None:
    if _UNDECODABLE.search(str(root)):
        raise BadInput(f"{readable(str(root))} is not valid text and cannot be kept; rename it")
    try:
        with os.scandir(root):
            return
    except FileNotFoundError:
        problem = "does not exist; check the name. Is the drive mounted?"
    except NotADirectoryError:
        problem = "is a file; give the folder that holds the pictures"
    except PermissionError:
        problem = "cannot be read: no permission; make it readable"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}. Is the drive mounted?"
    raise BadInput(f"{root} {problem}")


class _Survey:
    """One walk through a folder, and what it found so far."""

    def __init__(self, root: Path, *, captions: bool) -> None:
        self._root = root
        self._real_root = real_path(root)
        self._captions = captions
        self._posts: list[SourcePost] = []
        self._skipped: dict[Skipped, None] = {}  # as a set in order: pictures may share a sidecar
        self._passed_over: Counter[str] = Counter()  # by suffix

    def reading(self) -> SourceReading:
        for folder, names in self._folders():
            self._read_folder(folder, names)
        notes = (_passed_over_note(self._passed_over),) if self._passed_over else ()
        if not self._posts:
            raise BadInput(self._nothing_found(notes))
        posts = sorted(self._posts, key=lambda post: post.image_path)
        return SourceReading(tuple(posts), skipped=tuple(self._skipped), notes=notes)

    def _folders(self) -> Iterator[tuple[str, list[str]]]:
        """Every folder worth entering, as the prefix of its files' paths, with their names."""
        for path, subfolders, names in os.walk(self._root, onerror=self._skip_folder):
            prefix = _prefix(Path(path).relative_to(self._root))
            subfolders[:] = [name for name in sorted(subfolders) if self._enters(prefix, name)]
            yield prefix, [name for name in sorted(names) if not _is_hidden(name)]

    def _enters(self, prefix: str, name: str) -> bool:
        if _is_hidden(name):
            return False
        if _UNDECODABLE.search(name):
            self._skip(prefix + name, "its name is not valid text; rename the folder")
            return False
        if is_gallery(self._root / prefix / name):  # its thumbnails are no posts
            return False
        if (self._root / prefix / name).is_symlink():
            self._skip(prefix + name, "a link to a folder; index that folder by itself")
            return False
        return True

    def _read_folder(self, prefix: str, names: Sequence[str]) -> None:
        pictures = [name for name in names if _suffix(name) in PICTURE_SUFFIXES]
        sidecars = sidecars_beside(pictures, names)
        for picture in pictures:
            self._add_picture(prefix, picture, sidecars[picture])
        used = {*pictures, *chain.from_iterable(sidecars.values())}
        self._passed_over.update(_suffix(name) for name in names if name not in used)

    def _add_picture(self, prefix: str, name: str, sidecars: Sequence[str]) -> None:
        if not self._is_usable(prefix + name):
            return
        told = self._told(prefix, sidecars) if self._captions else Told(caption="")
        self._posts.append(
            SourcePost(
                key=prefix + name,
                root=self._root,
                image_path=prefix + name,
                caption=told.caption,
                created_at=told.created_at,
                date_from_picture=True,
                permalink=told.permalink,
            )
        )

    def _told(self, prefix: str, sidecars: Sequence[str]) -> Told:
        """What the sidecars of a picture say together, the first having the first word."""
        told = Told()
        for path in (prefix + sidecar for sidecar in sidecars):
            if not self._is_usable(path):
                continue
            more = read_sidecar(self._root / path)
            if more.problem is not None:
                self._skip(path, more.problem)
            told = told.completed_by(more)
        return told

    def _is_usable(self, path: str) -> bool:
        """Whether it is a file below the root whose name can be kept; says so where it is not."""
        file = self._root / path
        if _UNDECODABLE.search(path):
            self._skip(path, "its name is not valid text and cannot be kept; rename the file")
        elif file.is_symlink() and not real_path(file).is_relative_to(self._real_root):
            self._skip(path, "a link that leads out of the folder; put a copy in its place")
        elif not file.is_file():
            self._skip(path, "a broken link, or no regular file; remove it or put a copy there")
        else:
            return True
        return False

    def _skip(self, path: str, reason: str) -> None:
        self._skipped[Skipped(readable(str(self._root / path)), reason)] = None

    def _skip_folder(self, error: OSError) -> None:
        path = Path(cast("str", error.filename)).relative_to(self._root)
        self._skip(
            path.as_posix(), f"the folder cannot be read ({error.strerror}); make it readable"
        )

    def _nothing_found(self, notes: Sequence[str]) -> str:
        parts = [f"no picture in {self._root}; it reads {', '.join(PICTURE_SUFFIXES)}.", *notes]
        if self._skipped:
            first = next(iter(self._skipped))
            parts.append(f"Skipped {len(self._skipped)}, the first {first.path}: {first.reason}.")
        return " ".join(parts)


def _is_hidden(name: str) -> bool:
    folded = name.casefold()
    return (
        name.startswith(".") or folded in _SYSTEM_NAMES or _CHECKDISK.fullmatch(folded) is not None
    )


def _prefix(folder: Path) -> str:
    return "" if folder == Path() else f"{folder.as_posix()}/"


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _passed_over_note(by_suffix: Counter[str]) -> str:
    total = by_suffix.total()
    ranked = sorted(by_suffix.items(), key=lambda item: (-item[1], item[0]))
    named = [
        f"{count} {one_line(readable(suffix)) or 'without a suffix'}"
        for suffix, count in ranked[:_KINDS_NAMED]
    ]
    if others := sum(count for _, count in ranked[_KINDS_NAMED:]):
        named.append(f"{others} of other kinds")
    files = "1 file that is not a picture" if total == 1 else f"{total} files that are not pictures"
    return f"Passed over {files} it reads: {', '.join(named)}."
