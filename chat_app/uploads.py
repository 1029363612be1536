"""What was handed over in the browser: kept in a folder of ours, where the gallery reads it.

An upload is written under a name of its own and never touches another one. The folder is taken for
ours only if it is new, empty, or marked by the first line of its README; nothing in it is removed
but an upload that could not be finished.
"""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol

from retrieval.captions import clean
from retrieval.cli import count
from retrieval.errors import BadInput, StorageFailed
from retrieval.files import check_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retrieval.config import Settings

# What the page takes. Sidecars with captions come inside a zip.
TABLES = ("csv", "tsv", "jsonl", "parquet")
PICTURES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif")
SUFFIXES = ("zip", *PICTURES, *TABLES, "txt", "json")

MOST_FILES = 2_000
MOST_BYTES = 1_000_000_000  # unpacked: beyond it a path to the folder serves better
_CHUNK = 1 << 20  # bytes

_README_FILE = "README.md"
_TITLE = "# Uploads of Post gallery\n"  # of our README: it marks the folder as one we made
_README = """
What was uploaded in the page, a folder an upload. The gallery shows these very files: one that is
removed here leaves the gallery at the next build of its source.
"""
# Why a name cannot be one here: too long, or below another file's.
_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL}
# What zipfile and the decoders below it raise on broken archives.
_MALFORMED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, EOFError, ValueError, LookupError),
)
_FOLDERS = frozenset({"__MACOSX", "@eaDir"})  # what systems put into archives beside the pictures


class UploadedFile(Protocol):
    """A file as the browser hands it over."""

    name: str

    def read(self, size: int = -1, /) -> bytes:
        """Some more of its content."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Back to the beginning."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One that is kept: what the indexer is to read, and where the pictures lie."""

    location: Path  # a table, or the folder
    images: tuple[Path, ...] = ()  # where the pictures lie that a table names


def uploads_dir(settings: Settings) -> Path:
    """Where uploads are kept: as set, else beside the gallery."""
    gallery = settings.chroma_dir.absolute()
    return settings.uploads_dir or gallery.with_name(f"{gallery.name}_uploads")


class Uploads:
    """The folder that uploads are kept in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def keep(self, files: Sequence[UploadedFile]) -> Upload:
        """Write files below a new folder; archives are unpacked there.

        Raises:
            BadInput: there are too many, they are too large, or an archive is none or leads out of
                the folder; nothing is kept.
            BadOption: the uploads' folder is somebody's.
            StorageFailed: the disk refuses.

        """
        check_folder(self.folder, "the folder of uploads", "UPLOADS_DIR", is_ours=self._is_ours())
        with _explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / _README_FILE, (_TITLE + _README).encode())
            folder = self._new_folder()
        try:
            with _explained(self.folder):
                _Unpacking(folder).all(files)
            return _as_upload(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # we made it, and nobody was told of it
            raise

    def _is_ours(self) -> bool:
        try:
            text = (self.folder / _README_FILE).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return text.startswith(_TITLE)

    def _new_folder(self) -> Path:
        name, number = f"{datetime.now():%Y-%m-%d %H.%M.%S}", 1
        while True:
            folder = self.folder / (name if number == 1 else f"{name} ({number})")
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder


class _Unpacking:
    """Writes files below a folder, each within what is left of the limits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = MOST_FILES
        self._bytes = MOST_BYTES

    def all(self, files: Sequence[UploadedFile]) -> None:
        for file in files:
            file.seek(0)
            if file.name.lower().endswith(".zip"):
                self._archive(file)
            else:
                self._write(PurePosixPath(_file_name(file.name)), file.read)

    def _archive(self, file: UploadedFile) -> None:
        try:
            with zipfile.ZipFile(_seekable(file)) as archive:
                for entry in archive.infolist():
                    if (path := _path_in(entry, file.name)) is not None:
                        with archive.open(entry) as content:
                            self._write(path, content.read)
        except (*_MALFORMED, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the disk's
                raise
            raise BadInput(
                f"{_shown(file.name)} is no archive that can be read ({_shown(str(error))}); "
                "pack it again as an ordinary zip"
            ) from error
        except RuntimeError as error:  # how zipfile tells of a password
            raise BadInput(
                f"{_shown(file.name)} is locked by a password; unpack it and give its folder"
            ) from error

    def _write(self, path: PurePosixPath, read: Callable[[int], bytes]) -> None:
        """Write one file; what counts is what comes out, not what an archive says of itself."""
        self._files -= 1
        if self._files < 0:
            raise BadInput(
                f"more than {count(MOST_FILES, 'file')} at once; give the path of their folder "
                "instead"
            )
        with self._new_file(path) as out:
            while chunk := read(_CHUNK):
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise BadInput(
                        f"more than {MOST_BYTES / 1e9:g} GB once unpacked; give the path of the "
                        "folder instead"
                    )
                out.write(chunk)

    def _new_file(self, path: PurePosixPath) -> IO[bytes]:
        try:
            target = _free(self._folder / path)
            target.parent.mkdir(parents=True, exist_ok=True)
            return target.open("xb")
        except OSError as error:
            if error.errno not in _IMPOSSIBLE:
                raise
            raise BadInput(
                f"{_shown(str(path))} cannot be kept under that name ({error.strerror}); rename it"
            ) from error


def _free(path: Path) -> Path:
    """The path, with a number where it is taken: phones call every picture image.jpg."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free


def _path_in(entry: zipfile.ZipInfo, archive: str) -> PurePosixPath | None:
    """Where an archive's entry belongs below the folder; None for what is no post's."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    leads_out = path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]
    if leads_out or stat.S_ISLNK(entry.external_attr >> 16):
        raise BadInput(
            f"{_shown(archive)} holds {_shown(entry.filename)}, which leads out of its folder; "
            "nothing of it was unpacked. Pack the pictures anew"
        )
    hidden = any(part.startswith(".") or part in _FOLDERS for part in path.parts)
    if entry.is_dir() or hidden or path.suffix[1:].lower() not in SUFFIXES[1:]:
        return None
    return path


def _file_name(name: str) -> str:
    """The last part of what a browser calls a file."""
    last = clean(PurePosixPath(name.replace("\\", "/")).name).strip().lstrip(".")
    if PurePosixPath(last).suffix[1:].lower() not in SUFFIXES:
        raise BadInput(
            f"{_shown(name)} is none of the files that are read here: {', '.join(SUFFIXES)}"
        )
    return last


def _as_upload(folder: Path) -> Upload:
    """A single table among the files is read as one, with its pictures; else the folder is."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    tables = [path for path in found if path.suffix[1:].lower() in TABLES]
    if len(tables) == 1:
        return Upload(tables[0], (folder,))
    if not any(path.suffix[1:].lower() in PICTURES for path in found):
        raise BadInput("there is no picture and no table in what was uploaded; add some")
    return Upload(folder)


def _seekable(file: UploadedFile) -> IO[bytes]:
    return file  # type: ignore[return-value]  # zipfile asks for no more than these have


def _shown(name: str) -> str:
    return " ".join(clean(name)[:200].split())


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"cannot keep uploads in {folder}: {error.strerror}; make room or make it writable, or "
            "set UPLOADS_DIR to another folder"
        ) from error
