"""What is in the gallery."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from retrieval.gallery.generation import Generation
from retrieval.labels.overrides import read_overrides
from retrieval.labels.taxonomy import stale
from retrieval.labels.view import LabelView

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.gallery.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Status:
    """The published state in numbers."""

    manifest: Manifest
    posts_by_source: dict[str, int]
    path: Path
    labels: dict[str, dict[str, int]]  # how many posts have each
    warning: str | None  # what is wrong with the labels
    bytes: int  # of everything under the gallery's folder

    def as_json(self) -> dict[str, Any]:
        """What `status --json` prints."""
        return {
            "posts": self.manifest.posts,
            "pictures": self.manifest.pictures,
            "sources": [
                {"name": name, "posts": posts, **self.manifest.sources.get(name, {})}
                for name, posts in self.posts_by_source.items()
            ],
            "generation": self.manifest.generation,
            "built_at": self.manifest.built_at,
            "encoders": asdict(self.manifest.encoders),
            "sentiment_model": self.manifest.labels and self.manifest.labels.sentiment_model,
            "labels": self.labels,
            "warning": self.warning,
            "path": str(self.path.absolute()),
            "bytes": self.bytes,
        }


def read_status(chroma_dir: Path) -> Status:
    """Read the published state.

    Raises:
        NoGallery: there is none.

    """
    generation = Generation.open(chroma_dir)
    counts = Counter(generation.catalog["source"].to_pylist())
    labels = generation.manifest.labels
    names = sorted({*generation.manifest.sources, *counts})
    return Status(
        manifest=generation.manifest,
        posts_by_source={name: counts[name] for name in names},
        path=chroma_dir,
        labels=LabelView.of(generation, read_overrides(chroma_dir)).counts(),
        warning=None if labels is None else stale(labels),
        bytes=sum(map(_size, chroma_dir.rglob("*"))),
    )


def _size(path: Path) -> int:
    """Of a file, in bytes; 0 for a folder, and for what a build has just removed."""
    try:
        found = path.stat()
    except OSError:
        return 0
    return found.st_size if S_ISREG(found.st_mode) else 0
