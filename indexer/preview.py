"""What a build will meet and how long it will take, judged by opening a few of its pictures."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.sources.base import Skipped
from indexer.sources.embedded import embedded_in
from retrieval.encoders.choose import PACKAGED
from retrieval.pictures import UnreadablePicture, decode, load_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.build import Planned
    from indexer.plan import FileKey

_LOOKED_AT = 48  # pictures of a source, evenly drawn
_PATIENCE = 3.0  # seconds for looking at them, after which fewer have to do
_SIDE = 260  # pixels: about what encoders want
# Seconds that the encoder needs for a picture on two cores (docs/benchmarks.md), where measured.
_ENCODING = {PACKAGED: 1 / 35}
_OVERHEAD = 4.0  # seconds for loading models and publishing


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be said of sources before they are indexed."""

    years: tuple[int, int] | None  # the first and the last; None: no date is known
    dated: int  # posts that this is judged by
    looked_at: int  # pictures that were opened
    skipped: tuple[Skipped, ...]  # what is known already to be of no use
    minutes: float | None  # None: the encoder's speed is not known


def look_at(planned: Sequence[Planned], encoder: str | None) -> Preview:
    """Open a few of the pictures that a build would open; `encoder` is the one that it would use.

    A picture that lies in the gallery already is not opened: its posts' dates are not counted
    unless the source tells them.
    """
    moments = [
        post.created_at
        for each in planned
        for posts in each.plan.wanted.values()
        for post in posts
        if post.created_at is not None
    ]
    skipped = [skipped for each in planned for skipped in each.source.reading.skipped]
    skipped += [
        Skipped(str(Path(file.root, file.path)), file.problem)
        for each in planned
        for file in each.plan.known.values()
        if file.problem
    ]
    known = {skipped.path for skipped in skipped}
    opened, began = 0, time.monotonic()
    for each in planned:
        for key in _evenly(each.plan.to_open):
            if opened and time.monotonic() - began > _PATIENCE:
                break
            opened += 1
            try:
                moment = _date_of(key)
            except (OSError, UnreadablePicture) as error:
                if (path := str(Path(*key))) not in known:
                    skipped.append(Skipped(path, str(error)))
                continue
            if moment is not None and any(
                post.date_from_picture and post.created_at is None for post in each.plan.wanted[key]
            ):
                moments.append(moment)
    reading = (time.monotonic() - began) / opened if opened else 0.0
    to_open = sum(len(each.plan.to_open) for each in planned)
    return Preview(
        _years(moments), len(moments), opened, tuple(skipped), _minutes(to_open, reading, encoder)
    )


def _evenly(keys: Sequence[FileKey]) -> Iterable[FileKey]:
    step = max(1, -(-len(keys) // _LOOKED_AT))
    return keys[::step]


def _date_of(key: FileKey) -> int | None:
    """A picture's own date; opens and decodes it, as the build will."""
    file = load_file(Path(*key))
    decode(file, _SIDE)
    return embedded_in(file).created_at


def _years(moments: Sequence[int]) -> tuple[int, int] | None:
    if not moments:
        return None
    first, last = min(moments), max(moments)
    return datetime.fromtimestamp(first, UTC).year, datetime.fromtimestamp(last, UTC).year


def _minutes(pictures: int, reading: float, encoder: str | None) -> float | None:
    """How long a build of so many new pictures takes, of which reading one takes so long."""
    if not pictures:
        return _OVERHEAD / 60
    if encoder not in _ENCODING:
        return None
    seconds = pictures * (reading / (os.cpu_count() or 1) + _ENCODING[encoder])
    return (_OVERHEAD + seconds) / 60
