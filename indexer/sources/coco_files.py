"""MS COCO's files: pictures named by a 12-digit id, captions_*.json and instances_*.json."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from indexer.sources.named_pictures import existing_folders
from indexer.sources.text import parsed_json, text_of
from retrieval.captions import readable
from retrieval.errors import BadInput
from retrieval.records import SeenObject

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from indexer.sources.base import SourcePost

    Objects = Mapping[int, tuple[SeenObject, ...]]  # by picture, the largest first
    Areas = defaultdict[int, defaultdict[int, float]]  # pixels, by picture and category
    PicturePlaces = Mapping[int, tuple[Path, str]]  # by picture: a root, and the path under it

_T = TypeVar("_T")

# COCO 2014 writes COCO_val2014_000000391895.jpg, COCO 2017 the same picture 000000391895.jpg.
_PICTURE_NAME = re.compile(r"(?:COCO_[a-z]+\d{4}_)?(\d{12})\.(?:jpe?g|png)", re.IGNORECASE)
_MOST_PIXELS = 10**15  # no picture has as many; Python cannot divide by every whole number
_PEEK = 65_536  # bytes at each end of a file; an entry of COCO or SentiCap takes a few thousand


@dataclass(frozen=True, slots=True)
class CocoCaption:
    """One annotator's caption of one picture."""

    annotation_id: int
    picture: int
    caption: str


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """What a captions_*.json holds."""

    picture_names: Mapping[int, str]  # by picture
    captions: Sequence[CocoCaption]


def ends_of(path: Path) -> bytes:
    """The first and last bytes of a JSON file that opens with an object, else nothing."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return b""
    with path.open("rb") as file:
        head = file.read(_PEEK)
        file.seek(max(0, path.stat().st_size - _PEEK))
        tail = file.read()
    return head + tail if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else b""


def picture_id(file_name: str) -> int | None:
    """The COCO id a picture file is named by, of 2014 or of 2017; None: it is named otherwise."""
    match = _PICTURE_NAME.fullmatch(file_name)
    return int(match[1]) if match else None


def picture_places(roots: Sequence[Path]) -> PicturePlaces:
    """Where each picture lies: directly in one of the roots or in a folder inside one.

    Of a picture that lies there twice, the first root's counts, and there the first by path.

    Raises:
        BadInput: a root is no folder, or cannot be listed.

    """
    places: dict[int, tuple[Path, str]] = {}
    for root in existing_folders(roots):
        for folder in (root, *sorted(path for path in _listed(root) if path.is_dir())):
            for path in sorted(_listed(folder)):
                number = picture_id(path.name)
                if number is not None and number not in places and path.is_file():
                    places[number] = (root, path.relative_to(root).as_posix())
    return places


def pictures_alone(posts: Sequence[SourcePost]) -> tuple[SourcePost, ...]:
    """One post a picture, without a caption and without what is true of a caption only."""
    alone: dict[str, SourcePost] = {}
    for post in posts:
        truth = post.truth and replace(post.truth, sentiment=None, marked_words=())
        alone.setdefault(post.image_path, replace(post, caption="", truth=truth))
    return tuple(alone.values())


def folders_beside(location: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The folders of these names beside the file or one level up, where pictures may lie.

    Raises:
        BadInput: there is none.

    """
    parents = (location.parent, location.parent.parent)
    folders = tuple(path for up in parents for name in names if (path := up / name).is_dir())
    if not folders:
        raise BadInput(
            f"{location} names its pictures but does not hold them; say with --images DIR where "
            f"they lie: a folder such as {' or '.join(names)}, or one that holds such folders"
        )
    return folders


def read_caption_file(path: Path) -> CaptionFile:
    """Read a captions_*.json.

    Raises:
        BadInput: it cannot be read, is cut short, or holds something else than captions.

    """
    document = parsed_json(text_of(path), path)
    names = {
        member(image, "id", int, where): member(image, "file_name", str, where)
        for where, image in entries(document, "images", path)
    }
    captions: dict[int, CocoCaption] = {}
    for where, annotation in entries(document, "annotations", path):
        written = CocoCaption(
            annotation_id=member(annotation, "id", int, where),
            picture=member(annotation, "image_id", int, where),
            caption=readable(member(annotation, "caption", str, where)),
        )
        if captions.setdefault(written.annotation_id, written) is not written:
            raise BadInput(f"{where}: its id {written.annotation_id} is that of another entry too")
    return CaptionFile(names, list(captions.values()))


def read_objects(path: Path) -> Objects:
    """Read an instances_*.json: what was marked in each of its pictures; () where nothing was.

    Raises:
        BadInput: it cannot be read, is cut short, or holds something else than instances.

    """
    document = parsed_json(text_of(path), path, object_hook=_without_outline)
    kinds = {
        member(category, "id", int, where): (
            member(category, "name", str, where),
            member(category, "supercategory", str, where),
        )
        for where, category in entries(document, "categories", path)
    }
    areas = _areas(document, kinds.keys(), path)
    return {
        picture: _objects({kinds[kind]: area / size for kind, area in areas[picture].items()})
        for picture, size in _sizes(document, path).items()
    }


def entries(document: object, name: str, path: Path) -> Iterator[tuple[str, object]]:
    """The entries of a list in the document, each with words that say where it stands.

    Raises:
        BadInput: there is no such list.

    """
    for number, entry in enumerate(member(document, name, list, str(path)), start=1):
        yield f"{path}, entry {number} of {name!r}", entry


def member(entry: object, name: str, kind: type[_T], where: str) -> _T:
    """What an object in the document holds under a name.

    Raises:
        BadInput: it is no object, or holds no value of that kind there.

    """
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, kind):
        raise BadInput(
            f"{where}: {name!r} should be a {_KIND_NAMES[kind]}; is this the right file, as it "
            "was published?"
        )
    return value


_KIND_NAMES: Mapping[type, str] = {int: "whole number", str: "text", list: "list"}


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise BadInput(f"cannot list {folder}: {error.strerror}; check its rights") from error


def _without_outline(entry: dict[str, Any]) -> dict[str, Any]:
    """Drop what is most of instances_train2017.json before it fills the memory."""
    entry.pop("segmentation", None)
    return entry


def _sizes(document: object, path: Path) -> dict[int, int]:
    """Pixels of each picture."""
    return {
        member(image, "id", int, where): _size(image, where)
        for where, image in entries(document, "images", path)
    }


def _size(image: object, where: str) -> int:
    size = member(image, "width", int, where) * member(image, "height", int, where)
    return min(max(1, size), _MOST_PIXELS)


def _areas(document: object, kinds: Container[int], path: Path) -> Areas:
    areas: Areas = defaultdict(lambda: defaultdict(float))
    for where, annotation in entries(document, "annotations", path):
        kind, area = member(annotation, "category_id", int, where), _area(annotation, where)
        if kind not in kinds:
            raise BadInput(f"{where}: the category {kind} is not among the file's 'categories'")
        areas[member(annotation, "image_id", int, where)][kind] += area
    return areas


def _area(annotation: object, where: str) -> float:
    area = annotation.get("area") if isinstance(annotation, dict) else None
    if isinstance(area, int | float) and 0 <= area <= _MOST_PIXELS:
        return area
    raise BadInput(f"{where}: 'area' should be a number of pixels; is this an instances_*.json?")


def _objects(shares: Mapping[tuple[str, str], float]) -> tuple[SeenObject, ...]:
    # Instances overlap, so their areas can add up to more than the picture.
    objects = (SeenObject(*kind, min(1.0, share)) for kind, share in shares.items())
    return tuple(sorted(objects, key=lambda seen: (-seen.area, seen.category)))
