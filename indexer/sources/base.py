"""What a reader is given, what it gives back, and the protocol between the two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retrieval.records import Truth


PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".heic", ".heif", ".avif"),
)  # read; in small letters


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """Everything needed to read a source, now and again at the next rebuild."""

    location: Path  # absolute; the folder, table or annotation file
    kind: str | None = None  # a reader's name; None: look at the input
    image_roots: tuple[Path, ...] = ()  # absolute; where the pictures named in a file lie
    columns: Mapping[str, str] = field(default_factory=dict)  # field → the table's own column name
    coco_annotations: Path | None = None  # absolute; COCO's annotation folder to join SentiCap with
    captions: bool = True  # False: index the pictures alone


@dataclass(frozen=True, slots=True)
class SourcePost:
    """One post as its source tells it, before its picture was opened."""

    key: str  # the source's own id of the post, unique within the source
    root: Path  # absolute folder, one of the roots of the reading
    image_path: str  # relative to `root`, with forward slashes; exists
    caption: str | None  # None: take what is embedded in the picture file
    created_at: int | None = None  # seconds since 1970, as its clock showed it
    date_from_picture: bool = False  # True: without `created_at`, take the picture file's own date
    permalink: str | None = None
    group_id: str | None = None
    truth: Truth | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """One input that could not be used; it costs one line, not the run."""

    path: str
    reason: str  # what is wrong, and what to do about it


@dataclass(frozen=True, slots=True)
class SourceReading:
    """All that a source holds."""

    posts: tuple[SourcePost, ...]
    missing: tuple[str, ...] = ()  # pictures that are named but lie nowhere; in order, once each
    skipped: tuple[Skipped, ...] = ()  # inputs beside the pictures that cannot be used
    missing_from: str | None = None  # the web address that the missing pictures' names complete
    notes: tuple[str, ...] = ()  # sentences for the user: what the counts mean, what to do


class Reader(Protocol):
    """Reads one kind of source."""

    @property
    def kind(self) -> str:
        """The name of this kind, as `--source` takes it."""

    def recognises(self, location: Path) -> bool:
        """Whether the input at `location` (it exists) looks like this kind. Reads little."""

    def read(self, request: SourceRequest) -> SourceReading:
        """Read everything the source holds.

        Raises:
            BadInput: the source cannot be read as it is.

        """
