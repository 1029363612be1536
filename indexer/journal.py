"""What makes a build survive a kill: every batch lies in a file before Chroma sees it.

A change is written whole, flushed, and only then takes its name. Changes stay until a generation
that holds them is published. A writer that finds any, applies them again: applying twice gives
the same as applying once.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.errors import GalleryDamaged
from retrieval.files import json_value, write_atomically
from retrieval.gallery.generation import post_from_row, post_to_row
from retrieval.gallery.layout import journal_dir, journal_files
from retrieval.gallery.manifest import Encoders
from retrieval.records import IndexedFile, Picture, Post, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(slots=True)
class Change:
    """One batch: what is added or replaced, and what goes."""

    pictures: list[Picture] = field(default_factory=list)
    image_vectors: list[NDArray[np.float32]] = field(default_factory=list)  # one a picture
    posts: list[Post] = field(default_factory=list)
    caption_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)  # by post_id
    description_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)  # by image_id
    readings: dict[str, Reading] = field(default_factory=dict)  # by post_id, as the vectors
    files: list[IndexedFile] = field(default_factory=list)
    removed_posts: list[str] = field(default_factory=list)
    removed_pictures: list[str] = field(default_factory=list)
    removed_files: list[tuple[str, str]] = field(default_factory=list)  # (root, path)
    removed_sources: list[str] = field(default_factory=list)  # how to read them is forgotten

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not any(getattr(self, name) for name in self.__slots__)


class Journal:
    """The changes that are not part of a published generation yet."""

    def __init__(self, chroma_dir: Path) -> None:
        self._chroma_dir = chroma_dir
        self._folder = journal_dir(chroma_dir)
        self._rebuild = self._folder / "rebuild.json"

    def append(self, change: Change, generation: int) -> None:
        """Keep a change made on top of `generation`; it is on the disk when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((_number(path) for path in self._changes(generation)), default=0)
        path = self._folder / f"{generation:08}-{number:08}.npz"
        write_atomically(path, _to_bytes(change))

    def pending(self, generation: int) -> Iterator[Change]:
        """The changes made on top of `generation`, in order.

        Raises:
            GalleryDamaged: the disk spoilt one of them; those after it may build on it.

        """
        for path in self._changes(generation):
            try:
                change = _from_bytes(path.read_bytes())
            except Exception as error:  # on broken bytes numpy raises whatever it runs into
                raise _spoilt(path, error) from error
            yield change

    def is_whole(self, generation: int) -> bool:
        """Whether all that was made on top of `generation` can be read."""
        try:
            self.pending_rebuild(generation)
            for _ in self.pending(generation):
                pass
        except GalleryDamaged:
            return False
        return True

    def is_pending(self, generation: int) -> bool:
        """Whether a writer stopped before all it wrote on top of `generation` was published."""
        return bool(self._changes(generation)) or self.pending_rebuild(generation) is not None

    def tidy(self, generation: int) -> None:
        """Remove what is part of `generation` already, and what a killed writer left half done."""
        keep = {self._rebuild, *self._changes(generation)}
        if self.pending_rebuild(generation) is None:
            keep.discard(self._rebuild)
        for path in journal_files(self._chroma_dir):
            if path not in keep:
                path.unlink()

    def clear(self) -> None:
        """Forget everything: it is published, or given up."""
        self._rebuild.unlink(missing_ok=True)  # first: its changes mean nothing without it
        for path in journal_files(self._chroma_dir):
            path.unlink()

    def start_rebuild(self, encoders: Encoders, generation: int) -> None:
        """Remember that all changes from here on start from nothing, with these encoders.

        `generation` is the one that stays published meanwhile.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        fields = {"generation": generation, "encoders": asdict(encoders)}
        write_atomically(self._rebuild, json.dumps(fields).encode())

    def pending_rebuild(self, generation: int) -> Encoders | None:
        """The encoders of the rebuild that was under way when the last writer stopped, if any.

        Raises:
            GalleryDamaged: the disk spoilt what says so.

        """
        try:
            fields = json_value(self._rebuild.read_text("utf-8"))
            encoders = Encoders.from_json(fields["encoders"])
            is_published = fields["generation"] != generation  # only the tidying up is missing
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _spoilt(self._rebuild, error) from error
        return None if is_published else encoders

    def _changes(self, generation: int) -> list[Path]:
        prefix = f"{generation:08}-"
        return [
            path
            for path in journal_files(self._chroma_dir)
            if path.name.startswith(prefix) and path.suffix == ".npz"
        ]


def _spoilt(path: Path, error: Exception) -> GalleryDamaged:
    return GalleryDamaged(
        f"{path} cannot be read ({' '.join(str(error).split())}); searching works meanwhile; make "
        "the gallery again with: python -m indexer build --rebuild"
    )


def _number(change: Path) -> int:
    return int(change.stem.partition("-")[2])


def _to_bytes(change: Change) -> bytes:
    rows = {
        "pictures": [asdict(picture) for picture in change.pictures],
        "posts": [post_to_row(post) for post in change.posts],
        "captioned": list(change.caption_vectors),
        "described": list(change.description_vectors),
        "readings": {post_id: asdict(reading) for post_id, reading in change.readings.items()},
        "files": [asdict(file) for file in change.files],
        "removed_posts": change.removed_posts,
        "removed_pictures": change.removed_pictures,
        "removed_files": change.removed_files,
        "removed_sources": change.removed_sources,
    }
    buffer = io.BytesIO()
    np.savez(
        buffer,
        rows=np.frombuffer(json.dumps(rows).encode(), dtype=np.uint8),
        image_vectors=np.array(change.image_vectors, dtype=np.float32),
        caption_vectors=np.array(list(change.caption_vectors.values()), dtype=np.float32),
        description_vectors=np.array(list(change.description_vectors.values()), dtype=np.float32),
    )
    return buffer.getvalue()


def _from_bytes(content: bytes) -> Change:
    with np.load(io.BytesIO(content)) as arrays:
        rows = json.loads(arrays["rows"].tobytes())
        image_vectors, caption_vectors = arrays["image_vectors"], arrays["caption_vectors"]
        description_vectors = arrays["description_vectors"]
    return Change(
        pictures=[Picture(**row) for row in rows["pictures"]],
        image_vectors=list(image_vectors),
        posts=[post_from_row(row) for row in rows["posts"]],
        caption_vectors=dict(zip(rows["captioned"], caption_vectors, strict=True)),
        description_vectors=dict(zip(rows["described"], description_vectors, strict=True)),
        readings={post_id: _reading(row) for post_id, row in rows["readings"].items()},
        files=[IndexedFile(**row) for row in rows["files"]],
        removed_posts=rows["removed_posts"],
        removed_pictures=rows["removed_pictures"],
        removed_files=[(root, path) for root, path in rows["removed_files"]],
        removed_sources=rows.get("removed_sources", []),  # which older programs did not write
    )


def _reading(row: dict[str, Any]) -> Reading:
    scores = row["sentiment"]
    return Reading(row["language"], None if scores is None else tuple(scores), row["model"])
