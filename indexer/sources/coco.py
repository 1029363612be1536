"""MS COCO's captions, with what its annotators marked in the pictures where that is at hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.sources.base import SourcePost, SourceReading
from indexer.sources.coco_files import (
    ends_of,
    folders_beside,
    picture_places,
    pictures_alone,
    read_caption_file,
    read_objects,
)
from retrieval.records import Truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from indexer.sources.base import SourceRequest
    from indexer.sources.coco_files import CaptionFile, Objects, PicturePlaces
    from retrieval.records import SeenObject

_PREFIX = "captions_"
_SPLIT = re.compile(r"(train|val|test)\d{4}")


class CocoReader:
    """Reads a captions_*.json: a post a caption, so about five a picture."""

    kind = "coco"

    def recognises(self, location: Path) -> bool:
        """Whether the file is JSON whose first or last entries look like COCO's captions."""
        ends = ends_of(location)
        return b'"caption"' in ends and b'"image_id"' in ends

    def read(self, request: SourceRequest) -> SourceReading:
        """Read all captions whose pictures lie under the roots.

        Raises:
            BadInput: the captions or the instances beside them cannot be read, or it is not
                known where the pictures lie.

        """
        path = request.location
        roots = request.image_roots or folders_beside(path, (_set_name(path),))
        places = picture_places(roots)
        file = read_caption_file(path)
        objects, notes = _objects_beside(path)
        posts = tuple(_posts(_set_name(path), file, objects, places))
        if not request.captions:
            posts = pictures_alone(posts)
        missing = _missing(file, places)
        if missing:
            notes.append(_missing_note(path, len(missing), roots))
        return SourceReading(posts, missing=missing, notes=tuple(notes))


def _posts(
    name: str, file: CaptionFile, objects: Objects, places: PicturePlaces
) -> Iterator[SourcePost]:
    for written in file.captions:
        if written.picture in places:
            truth = _truth(name, objects.get(written.picture))
            key = str(written.annotation_id)
            yield SourcePost(key, *places[written.picture], written.caption, truth=truth)


def _set_name(path: Path) -> str:
    """The part of COCO a file describes: val2017 of captions_val2017.json."""
    return path.stem.removeprefix(_PREFIX)


def _objects_beside(path: Path) -> tuple[Objects, list[str]]:
    """The objects of the instances_*.json beside the captions, and words for the user."""
    instances = path.with_name(f"instances_{_set_name(path)}.json")
    if not instances.is_file():
        return {}, [f"No {instances.name} lies beside {path.name}, so no topics are known as true."]
    objects = read_objects(instances)
    return objects, [f"{instances.name} tells what {len(objects)} pictures show."]


def _truth(name: str, objects: tuple[SeenObject, ...] | None) -> Truth | None:
    split = _SPLIT.fullmatch(name)
    truth = Truth(split=split[1] if split else None, objects=objects)
    return None if truth == Truth() else truth


def _missing(file: CaptionFile, places: PicturePlaces) -> tuple[str, ...]:
    absent = (written.picture for written in file.captions if written.picture not in places)
    return tuple(
        file.picture_names.get(picture, f"{picture:012d}.jpg") for picture in dict.fromkeys(absent)
    )


def _missing_note(path: Path, count: int, roots: Sequence[Path]) -> str:
    return (
        f"{count} pictures that {path.name} describes are not in "
        f"{', '.join(map(str, roots))}; their captions are left out. Name every folder that "
        "holds some of them with --images DIR; COCO's own are at "
        "http://images.cocodataset.org/zips/."
    )
