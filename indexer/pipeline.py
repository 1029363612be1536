"""Read, encode, write, by batch: what `python -m indexer build` does."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

from indexer.journal import Change
from indexer.sources.base import Skipped
from indexer.sources.embedded import embedded_in
from retrieval.gallery.layout import thumbnail_path
from retrieval.pictures import (
    PictureFile,
    UnreadablePicture,
    decode,
    is_whole_thumbnail,
    load_file,
    write_thumbnail,
)
from retrieval.records import IndexedFile, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indexer.plan import FileKey, Plan
    from indexer.writer import Writer
    from retrieval.encoders.base import CaptionEncoder, ImageEncoder

_ENCODE_BATCH = 32  # new pictures: few enough to lose little by a kill, enough to keep cores busy
_WRITE_BATCH = 512  # files that need no encoding, or captions
_LOOK_AHEAD = 4 * _ENCODE_BATCH  # pictures decoded before the encoder wants them


@dataclass(slots=True)
class Counts:
    """What a build did."""

    encoded: int = 0  # pictures that went through the encoder
    reused: int = 0  # files that were opened, but whose content the gallery knew
    unchanged: int = 0  # files that were not opened
    removed: int = 0  # posts that left the gallery
    failed: list[Skipped] = field(default_factory=list)

    def __iadd__(self, other: Counts) -> Self:
        self.encoded += other.encoded
        self.reused += other.reused
        self.unchanged += other.unchanged
        self.removed += other.removed
        self.failed += other.failed
        return self


@dataclass(frozen=True, slots=True)
class _Opened:
    """One file after a reading thread has seen it."""

    file: IndexedFile
    picture: Picture | None = None  # with `prepared`: new to the gallery
    prepared: NDArray[np.float32] | None = None


class Pipeline:
    """Brings one source's posts into a gallery."""

    def __init__(
        self,
        writer: Writer,
        image_encoder: ImageEncoder,
        caption_encoder: CaptionEncoder,
        *,
        chroma_dir: Path,
        publish_every: float,
    ) -> None:
        self._writer = writer
        self._image_encoder = image_encoder
        self._caption_encoder = caption_encoder
        self._chroma_dir = chroma_dir
        self._publish_every = publish_every

    def describe(self) -> str:
        """Which encoders run where, in one sentence."""
        image, caption = self._image_encoder, self._caption_encoder
        return (
            f"pictures: {image.spec} ({image.runtime}); "
            f"captions: {caption.spec} ({caption.runtime})"
        )

    def run(self, plan: Plan) -> Counts:
        """Do what the plan says."""
        counts = Counts(unchanged=len(plan.known), removed=len(plan.removed))
        for files in _in_parts(plan.known.values(), _WRITE_BATCH):
            self._write(plan, Change(), files, counts)
        with self._writer.progress.stage("encode", len(plan.to_open)) as advance:
            for batch in _batches(self._opened(plan.to_open)):
                change = self._encoded(batch)
                new = len(change.pictures)
                counts.encoded += new
                counts.reused += sum(not file.problem for file in change.files) - new
                self._write(plan, change, change.files, counts)
                self._writer.publish_if_due(self._publish_every)
                advance(len(batch))
        self._writer.remove(plan.removed, plan.forgotten_files)
        return counts

    def _encoded(self, batch: Sequence[_Opened]) -> Change:
        """The files of a batch, and the vectors of the pictures that the gallery has not yet."""
        known = self._writer.state.pictures
        new = {
            opened.picture.image_id: (opened.picture, opened.prepared)
            for opened in batch
            if opened.picture and opened.prepared is not None
            if opened.picture.image_id not in known
        }
        change = Change(
            files=[opened.file for opened in batch],
            pictures=[picture for picture, _ in new.values()],
        )
        if new:  # a build without new pictures does not load the encoder
            inputs = [prepared for _, prepared in new.values()]
            change.image_vectors += list(self._image_encoder.encode_prepared(inputs))
        return change

    def _write(
        self, plan: Plan, change: Change, files: Sequence[IndexedFile], counts: Counts
    ) -> None:
        """Add to a change what is new or different about the posts that show these files."""
        state = self._writer.state
        for file in files:
            if file.problem:
                counts.failed.append(Skipped(str(Path(file.root, file.path)), file.problem))
                self._writer.progress.skip(counts.failed[-1].path, counts.failed[-1].reason)
                continue
            posts = [plan.post(post, file) for post in plan.wanted[file.root, file.path]]
            change.posts += [post for post in posts if state.posts.get(post.post_id) != post]
        self._add_captions(change)
        self._writer.write(change)

    def _add_captions(self, change: Change) -> None:
        """Encode and read every new caption once, however many posts share it."""
        posts, vectors = self._writer.state.posts, self._writer.state.caption_vectors
        fresh = []
        for post in (post for post in change.posts if post.has_caption):
            if post.post_id in posts and posts[post.post_id].caption == post.caption:
                change.caption_vectors[post.post_id] = vectors[post.post_id]
                change.readings[post.post_id] = self._writer.state.readings[post.post_id]
            else:
                fresh.append(post)
        if not fresh:  # a build without new captions does not load the encoder
            return
        captions = sorted({post.caption for post in fresh})
        encoded = self._caption_encoder.encode_texts(captions)
        read = self._writer.labeller.read(captions, encoded)
        vector_of = dict(zip(captions, encoded, strict=True))
        reading_of = dict(zip(captions, read, strict=True))
        change.caption_vectors.update({post.post_id: vector_of[post.caption] for post in fresh})
        change.readings.update({post.post_id: reading_of[post.caption] for post in fresh})

    def _opened(self, keys: Iterable[FileKey]) -> Iterator[_Opened]:
        """Open files in threads, in order, some ahead of the encoder."""
        remaining = iter(keys)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            ahead: deque[Future[_Opened]] = deque(
                threads.submit(self._open, key) for key in islice(remaining, _LOOK_AHEAD)
            )
            try:
                while ahead:
                    yield ahead.popleft().result()
                    ahead.extend(threads.submit(self._open, key) for key in islice(remaining, 1))
            finally:
                threads.shutdown(cancel_futures=True)

    def _open(self, key: FileKey) -> _Opened:
        """Everything that needs no model, for one file. Runs in a thread."""
        seen = IndexedFile(*key, size=0, modified=0, image_id=None)
        try:
            path = Path(*key)
            stat = path.stat()
            seen = replace(seen, size=stat.st_size, modified=stat.st_mtime_ns)
            file = load_file(path)
            return self._read(file, replace(seen, image_id=file.image_id))
        except FileNotFoundError:
            return _Opened(replace(seen, problem="it vanished during the build; run it again"))
        except UnreadablePicture as error:
            return _Opened(replace(seen, problem=str(error)))

    def _read(self, file: PictureFile, seen: IndexedFile) -> _Opened:
        embedded = embedded_in(file)
        seen = replace(seen, caption=embedded.caption, created_at=embedded.created_at)
        thumbnail = thumbnail_path(self._chroma_dir, file.image_id)
        is_known = file.image_id in self._writer.state.pictures
        if is_known and is_whole_thumbnail(thumbnail):
            return _Opened(seen)
        decoded = decode(file, self._image_encoder.short_side)
        write_thumbnail(decoded, thumbnail)
        if is_known:
            return _Opened(seen)
        picture = Picture(file.image_id, decoded.width, decoded.height)
        return _Opened(seen, picture, self._image_encoder.prepare(decoded.image))


def _in_parts(files: Iterable[IndexedFile], size: int) -> Iterator[list[IndexedFile]]:
    remaining = iter(files)
    while part := list(islice(remaining, size)):
        yield part


def _batches(opened: Iterator[_Opened]) -> Iterator[list[_Opened]]:
    """Group files so that each group has at most _ENCODE_BATCH new pictures."""
    batch: list[_Opened] = []
    new = 0
    for one in opened:
        batch.append(one)
        new += one.prepared is not None
        if new == _ENCODE_BATCH or len(batch) == _WRITE_BATCH:
            yield batch
            batch, new = [], 0
    if batch:
        yield batch
