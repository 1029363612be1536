"""The gallery's one small file that says what is published."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from retrieval.errors import (
    BadOption,
    EncoderMismatch,
    GalleryDamaged,
    NoGallery,
    SchemaMismatch,
    shown,
)
from retrieval.files import json_value, write_atomically
from retrieval.gallery.layout import manifest_path
from retrieval.gallery.stored_labels import LabelRecord
from retrieval.records import EPOCH

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.encoders.base import TextEncoder

SCHEMA = 2  # of everything under the gallery's folder; another one is rebuilt, never guessed at


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """Which encoder made a collection's vectors."""

    spec: str  # how to ask for it again
    fingerprint: str
    dimension: int

    @classmethod
    def of(cls, encoder: TextEncoder) -> EncoderRecord:
        """The record of an encoder; loads it where its dimension is not known otherwise."""
        return cls(encoder.spec, encoder.fingerprint, encoder.dimension)


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoders of the two collections."""

    image: EncoderRecord
    caption: EncoderRecord

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Encoders:
        """The inverse of `dataclasses.asdict`."""
        return cls(EncoderRecord(**fields["image"]), EncoderRecord(**fields["caption"]))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is published: which generation, made by which encoders, from which sources."""

    encoders: Encoders
    generation: int = 0  # 0: nothing published yet
    built_at: int = 0  # seconds since 1970, UTC
    posts: int = 0
    pictures: int = 0
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)  # id → how to read it again
    labels: LabelRecord | None = None  # None: nothing published yet
    chroma_labels: str = ""  # the digest of the labels that Chroma's metadata hold
    chroma_overrides: int = 0  # how many lines of overrides.jsonl they hold
    schema: int = SCHEMA

    @property
    def named(self) -> str:
        """The state that is published, as reports name it."""
        built = EPOCH + timedelta(seconds=self.built_at)
        return f"generation {self.generation}, built {built:%Y-%m-%dT%H:%M} UTC"

    def published(self, **changes: Any) -> Manifest:
        """The manifest of the next generation."""
        return replace(self, generation=self.generation + 1, **changes)

    def write(self, chroma_dir: Path) -> None:
        """Replace the gallery's manifest at one stroke."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        write_atomically(manifest_path(chroma_dir), text.encode())


def read_manifest(chroma_dir: Path) -> Manifest:
    """Read what is published.

    Raises:
        NoGallery: there is none.
        BadOption: a file has been given for the folder.
        GalleryDamaged: it cannot be read.
        SchemaMismatch: it was written by another version of this program.

    """
    try:
        fields = json_value(manifest_path(chroma_dir).read_text("utf-8"))
    except FileNotFoundError:
        raise NoGallery(
            f"there is no gallery in {chroma_dir}; make one with: python -m indexer build"
        ) from None
    except NotADirectoryError:
        raise BadOption(f"{chroma_dir} is a file; give a gallery's folder") from None
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise GalleryDamaged(
            f"{manifest_path(chroma_dir)} cannot be read ({reason}); "
            "make the gallery again with: python -m indexer build --rebuild"
        ) from error
    if not isinstance(fields, dict) or "schema" not in fields:
        raise GalleryDamaged(
            f"{manifest_path(chroma_dir)} is no gallery's manifest; name a gallery's folder, or "
            "move that file away and run: python -m indexer build --rebuild"
        )
    if fields["schema"] != SCHEMA:
        raise SchemaMismatch(
            f"the gallery in {chroma_dir} has schema {shown(fields['schema'])}, this program "
            f"writes schema {SCHEMA}; make it again with: python -m indexer build --rebuild"
        )
    try:
        labels = fields["labels"] and LabelRecord.from_json(fields["labels"])
        encoders = Encoders.from_json(fields["encoders"])
        return _checked(Manifest(**{**fields, "encoders": encoders, "labels": labels}))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise GalleryDamaged(
            f"{manifest_path(chroma_dir)} is damaged ({error!r:.200}); make the gallery again "
            "with: python -m indexer build --rebuild"
        ) from error


def _checked(manifest: Manifest) -> Manifest:
    """The same; raises TypeError where it holds other kinds of values than were written."""
    labels, records = manifest.labels, (manifest.encoders.image, manifest.encoders.caption)
    numbers = [manifest.generation, manifest.built_at, manifest.posts, manifest.pictures]
    numbers += [manifest.chroma_overrides, *(record.dimension for record in records)]
    texts = [manifest.chroma_labels, *(record.spec for record in records)]
    texts += [*(record.fingerprint for record in records), *manifest.sources]
    if labels:
        texts += [labels.sentiment_model, labels.sentiment, labels.image, labels.fusion]
        texts += [labels.taxonomy, labels.taxonomy_path]
        texts += [text for topic in labels.topics for text in topic]
    for values, kind in (
        (numbers, int),
        (texts, str),
        (labels.cuts if labels else (), int | float),
        (manifest.sources.values(), dict),
    ):
        if odd := [v for v in values if isinstance(v, bool) or not isinstance(v, kind)]:
            raise TypeError(f"{odd[0]!r:.60} is not what belongs there")
    _ = manifest.named  # a moment that there is
    return manifest


def check_fingerprints(stored: Encoders, image: str, caption: str) -> None:
    """Make sure that vectors which are compared come from one encoder.

    Raises:
        EncoderMismatch: they would not; names both and the command that mends it.

    """
    for kind, have, want in (
        ("pictures", stored.image, image),
        ("captions", stored.caption, caption),
    ):
        if have.fingerprint != want:
            raise EncoderMismatch(
                f"the gallery's {kind} were encoded by {have.fingerprint}, not by {want}; ask for "
                f"the gallery's own encoder ({have.spec}), or encode everything again with: "
                "python -m indexer build --rebuild"
            )


def sources_of_any_schema(chroma_dir: Path) -> dict[str, dict[str, Any]]:
    """The sources a rebuild has to read, from a manifest of whatever version; {} if unreadable."""
    try:
        sources = json_value(manifest_path(chroma_dir).read_text("utf-8"))["sources"]
        return {name: record for name, record in sources.items() if isinstance(record, dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
