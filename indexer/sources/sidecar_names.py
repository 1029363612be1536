"""Which text and JSON files of a folder tell of which of its pictures, going by their names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from retrieval.names import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

SUFFIXES = (".txt", ".json")  # text has the first word

# Google Takeout: a tail that is cut off where the name grows too long, the number of a second
# picture of one name behind everything, and edited copies that share the original's file.
_TAKEOUT_TAIL = ".supplemental-metadata"
_TAKEOUT_LONGEST = 46  # characters of a name, before the number and .json
_NUMBERED = re.compile(r"(?P<name>.+)(?P<number>\([0-9]+\))")
_EDITED = re.compile(
    r"(?P<name>.+)-(?:edited|bearbeitet|bewerkt|edytowane|modificato|modifi\u00e9|ha editado|editat"
    r"|editado|redigerad|muokattu|編集済み)(?P<number>\([0-9]+\))?"
)
# instaloader: the pictures of one post are numbered, and share its text.
_CAROUSEL = re.compile(r"(?P<name>.+_utc)_[0-9]+")


def sidecars_beside(pictures: Collection[str], names: Sequence[str]) -> Mapping[str, list[str]]:
    """For each picture of a folder, which of the folder's files tell of it.

    The most specific name goes first (`beach.jpg.txt` before `beach.txt`), then text before JSON.
    Small and capital letters and Unicode's forms do not matter, but a file that is named after
    another picture to the letter is that picture's alone.
    """
    by_stem: dict[str, list[str]] = {}
    for suffix in SUFFIXES:
        for name in names:
            if name.lower().endswith(suffix):
                by_stem.setdefault(folded(name[: -len(suffix)]), []).append(name)
    originals = [picture for picture in pictures if not _is_edited(picture)]
    to_the_letter = {*originals, *(PurePosixPath(picture).stem for picture in originals)}
    fits = Counter(stem for picture in originals if (stem := _cut(picture)))
    told_by = {}
    for picture in pictures:
        own = (picture, PurePosixPath(picture).stem)
        stems = (stem for stem in _stems(picture) if fits[stem] < 2)  # else nobody knows whose
        found = dict.fromkeys(name for stem in stems for name in by_stem.get(stem, ()))
        told_by[picture] = [
            name
            for name in found
            if (stem := name.rpartition(".")[0]) not in to_the_letter
            or stem in own
            or _is_edited(picture)
        ]
    return told_by


def _stems(picture: str) -> Iterator[str]:
    """What a file that tells of the picture may be called without its suffix; folded."""
    stem, suffix = (folded(part) for part in _parts(picture))
    yield from _with_takeouts_tail(stem, suffix)
    yield stem
    if edited := _EDITED.fullmatch(stem):
        original = edited["name"] + (edited["number"] or "")
        yield from _with_takeouts_tail(original, suffix)
        yield original
    if carousel := _CAROUSEL.fullmatch(stem):
        yield carousel["name"]


def _with_takeouts_tail(stem: str, suffix: str) -> Iterator[str]:
    """`beach.jpg`, for beach(2).jpg `beach.jpg(2)` too, each with as much of a tail as may be."""
    yield stem + suffix
    yield from _tailed(stem + suffix, "")
    if numbered := _NUMBERED.fullmatch(stem):
        name, number = numbered["name"] + suffix, numbered["number"]
        yield name + number
        yield from _tailed(name, number)


def _tailed(name: str, number: str) -> Iterator[str]:
    for end in range(len(_TAKEOUT_TAIL), 1, -1):
        yield f"{name}{_TAKEOUT_TAIL[:end]}{number}"
    if len(name) > _TAKEOUT_LONGEST:
        yield name[:_TAKEOUT_LONGEST] + number


def _cut(picture: str) -> str | None:
    """The name of a picture's sidecar where Takeout has to cut it into the picture's own name."""
    stem, suffix = (folded(part) for part in _parts(picture))
    numbered = _NUMBERED.fullmatch(stem)
    name, number = (numbered["name"], numbered["number"]) if numbered else (stem, "")
    is_cut = len(name + suffix) > _TAKEOUT_LONGEST
    return (name + suffix)[:_TAKEOUT_LONGEST] + number if is_cut else None


def _is_edited(picture: str) -> bool:
    """Whether the picture is another's edited copy, which its sidecar tells of as well."""
    return _EDITED.fullmatch(folded(_parts(picture)[0])) is not None


def _parts(picture: str) -> tuple[str, str]:
    path = PurePosixPath(picture)
    return path.stem, path.suffix
