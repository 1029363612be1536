"""SentiCap: captions written with a given sentiment about MS COCO's pictures.

Joined with COCO's own annotation files it becomes the final dataset: COCO's factual captions are
the neutral posts that SentiCap lacks, and COCO's instances tell what the pictures show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
from indexer.sources.senticap_file import read_sentences
from retrieval.errors import BadInput
from retrieval.records import Truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set
    from pathlib import Path

    from indexer.sources.base import SourceRequest
    from indexer.sources.coco_files import CocoCaption, Objects, PicturePlaces
    from indexer.sources.senticap_file import Sentence
    from retrieval.records import SeenObject

_FOLDERS = ("val2014", "val2017", "train2017")  # COCO 2017 shared val2014 out over its two

_COCO = "http://images.cocodataset.org/val2014/"  # where COCO publishes single pictures


@dataclass(frozen=True, slots=True)
class _Coco:
    """What COCO's annotation files tell about SentiCap's pictures."""

    captions: Sequence[CocoCaption] = ()
    objects: Objects = field(default_factory=dict)


class SentiCapReader:
    """Reads senticap_dataset.json: a post a sentence, so about four a picture."""

    kind = "senticap"

    def recognises(self, location: Path) -> bool:
        """Whether the file is JSON whose first or last entries look like SentiCap's."""
        ends = ends_of(location)
        return b'"sentences"' in ends and b'"word_sentiment"' in ends

    def read(self, request: SourceRequest) -> SourceReading:
        """Read all sentences whose pictures lie under the roots, and join COCO's annotations.

        Raises:
            BadInput: SentiCap's file or COCO's annotations cannot be read, or it is not known
                where the pictures lie.

        """
        roots = request.image_roots or folders_beside(request.location, _FOLDERS)
        places = picture_places(roots)
        sentences = read_sentences(request.location)
        found = [sentence for sentence in sentences if sentence.picture in places]
        left_out = [sentence for sentence in sentences if sentence.picture not in places]
        coco, notes = _read_coco(request.coco_annotations, {s.picture for s in found})
        if left_out:
            notes.append(_missing_note(roots, sentences, left_out))
        posts = (*_polar_posts(found, coco, places), *_neutral_posts(found, coco, places))
        if not request.captions:
            posts = pictures_alone(posts)
        missing = tuple({s.picture: s.file_name for s in left_out}.values())
        return SourceReading(posts, missing=missing, missing_from=_COCO, notes=tuple(notes))


def _polar_posts(
    found: Sequence[Sentence], coco: _Coco, places: PicturePlaces
) -> Iterator[SourcePost]:
    for sentence in found:
        objects = coco.objects.get(sentence.picture)
        truth = Truth(sentence.sentiment, sentence.split, sentence.marked_words, objects)
        yield SourcePost(sentence.key, *places[sentence.picture], sentence.caption, truth=truth)


def _neutral_posts(
    found: Sequence[Sentence], coco: _Coco, places: PicturePlaces
) -> Iterator[SourcePost]:
    splits = {sentence.picture: sentence.split for sentence in found}
    for written in coco.captions:
        objects = coco.objects.get(written.picture)
        truth = Truth("neutral", splits[written.picture], objects=objects)
        key = f"coco:{written.annotation_id}"
        yield SourcePost(key, *places[written.picture], written.caption, truth=truth)


def _read_coco(folder: Path | None, pictures: Set[int]) -> tuple[_Coco, list[str]]:
    """What the annotation files in the folder tell about the pictures, and words for the user."""
    if folder is None:
        return _Coco(), []
    paths = sorted(folder.glob("captions_*.json"))
    if not paths:
        raise BadInput(
            f"{folder} holds no captions_*.json; give the folder of COCO's annotation files, "
            "which annotations_trainval2014.zip or annotations_trainval2017.zip unpack to"
        )
    coco = _Coco(_captions(paths, pictures), _all_objects(folder, pictures))
    return coco, [_join_note(folder, coco, pictures)]


def _captions(paths: Sequence[Path], pictures: Set[int]) -> list[CocoCaption]:
    """The pictures' captions, by picture; COCO 2014 and 2017 hold the same under the same ids."""
    every = (written for path in paths for written in read_caption_file(path).captions)
    captions = {written.annotation_id: written for written in every if written.picture in pictures}
    return sorted(captions.values(), key=lambda written: (written.picture, written.annotation_id))


def _all_objects(folder: Path, pictures: Set[int]) -> Objects:
    objects: dict[int, tuple[SeenObject, ...]] = {}
    for path in sorted(folder.glob("instances_*.json")):
        seen = read_objects(path)
        objects |= {picture: seen[picture] for picture in pictures & seen.keys()}
    return objects


def _join_note(folder: Path, coco: _Coco, pictures: Set[int]) -> str:
    undescribed = len(pictures - {written.picture for written in coco.captions})
    note = (
        f"COCO's annotations in {folder} add {len(coco.captions)} captions as neutral posts, and "
        f"tell of {len(coco.objects)} of the {len(pictures)} pictures what they show."
    )
    if undescribed:
        note += (
            f" {undescribed} pictures have no caption there; SentiCap's pictures are described in "
            "captions_val2014.json, and in captions_val2017.json and captions_train2017.json "
            "together."
        )
    return note


def _missing_note(
    roots: Sequence[Path], sentences: Sequence[Sentence], left_out: Sequence[Sentence]
) -> str:
    missing = len({sentence.picture for sentence in left_out})
    named = len({sentence.picture for sentence in sentences})
    return (
        f"{missing:,} of the {named:,} pictures that SentiCap refers to are not in "
        f"{', '.join(map(str, roots))}, so {len(left_out):,} of its {len(sentences):,} captions "
        "are left out. They are pictures of COCO's val2014, of which val2017 holds only a part "
        "and train2017 the rest: if you have those folders, name each with --images DIR."
    )
