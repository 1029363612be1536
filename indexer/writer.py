"""The one process that changes a gallery: lock, recover, write by batch, publish."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.carried import carry_corrections
from indexer.journal import Change, Journal
from indexer.mirror import opened_collections, tell_chroma
from indexer.state import State
from retrieval.errors import GalleryDamaged, GalleryError, NoGallery, SchemaMismatch
from retrieval.files import explained_storage_errors
from retrieval.gallery.generation import (
    Generation,
    latest_number,
    sweep_generations,
    write_generation,
)
from retrieval.gallery.layout import remove_chroma, sweep_thumbnails
from retrieval.gallery.lock import writer_lock
from retrieval.gallery.manifest import (
    Manifest,
    check_fingerprints,
    read_manifest,
    sources_of_any_schema,
)
from retrieval.labels.overrides import read_overrides
from retrieval.labels.view import LabelView, languages_of, overrides_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.plan import FileKey
    from retrieval.gallery.chroma import Collections
    from retrieval.gallery.generation import Contents
    from retrieval.gallery.manifest import Encoders
    from retrieval.gallery.stored_labels import LabelArrays
    from retrieval.labels.labeller import Labeller
    from retrieval.progress import Progress
    from retrieval.records import Post, PostLabels

# Chroma takes large batches much faster than small ones. Until they reach it, changes lie in the
# journal, so nothing is lost by waiting.
_CHROMA_BATCH = 1_000  # records


class Writer:
    """Makes changes to a gallery. Use `open_writer`, which takes the lock and recovers first."""

    def __init__(
        self,
        chroma_dir: Path,
        manifest: Manifest,
        state: State,
        labeller: Labeller,
        progress: Progress,
        *,
        collections: Collections,
        rebuild: bool,
    ) -> None:
        self.state = state
        self.labeller = labeller
        self.progress = progress
        self.manifest = manifest
        self._chroma_dir = chroma_dir
        self._collections = collections
        self._journal = Journal(chroma_dir)
        self._rebuild = rebuild
        self._touched_pictures: set[str] = set()
        self._touched_posts: set[str] = set()
        self._overrides = read_overrides(chroma_dir)
        self._unpublished = manifest.labels != labeller.record
        self._forgot = False  # a source, of which nothing may stay
        if not state.posts:  # whatever Chroma gets from here on, it gets with these labels
            self.manifest = replace(
                manifest,
                chroma_labels=labeller.record.digest,
                chroma_overrides=len(self._overrides.ever),
            )
        self._published_at = time.monotonic()

    def register(self, source: str, record: dict[str, Any]) -> None:
        """Remember how to read a source again, before its first post is written."""
        sources = {**self.manifest.sources, source: record}
        self.manifest = replace(self.manifest, sources=sources)
        if not self._rebuild:  # its manifest must not be seen before it is whole
            self.manifest.write(self._chroma_dir)

    def write(self, change: Change) -> None:
        """Make a change. It survives a kill from the moment this returns."""
        if change.is_empty:
            return
        self._journal.append(change, self.manifest.generation)
        self._apply(change)
        if len(self._touched_pictures) + len(self._touched_posts) >= _CHROMA_BATCH:
            self._bring_chroma_up_to_date()

    def remove(
        self, post_ids: Iterable[str], files: Sequence[FileKey] = (), *, source: str | None = None
    ) -> None:
        """Remove posts with the pictures that no other post shows, files, and how to read a source.

        All of it in one change, so that a kill leaves it done or not begun.
        """
        removed = set(post_ids)
        sources = [] if source is None else [source]
        self.write(
            Change(
                removed_posts=sorted(removed),
                removed_pictures=self.orphans(removed),
                removed_files=list(files),
                removed_sources=sources,
            )
        )

    def orphans(self, post_ids: Iterable[str]) -> list[str]:
        """The pictures that no other post shows than these."""
        removed, shown = set(post_ids), self.state.posts_by_picture
        return [i for i in self.state.pictures if not shown.get(i, set()) - removed]

    def publish_if_due(self, seconds: float) -> None:
        """Publish when the last time is longer ago; never a rebuild, which replaces a whole."""
        if not self._rebuild and time.monotonic() - self._published_at >= seconds:
            self.publish()

    def publish(self) -> None:
        """Let readers see everything written so far. Does nothing if that is nothing new."""
        posts = len(self.state.posts)
        with self.progress.stage("label", posts) as advance:
            self._bring_chroma_up_to_date()
            if not self._unpublished and self.manifest.generation:
                self._mirror_labels()
                return
            self._read_captions(self.state.caption_vectors)
            contents = self.state.contents()
            labels = self._label(contents.in_order())
            advance(posts)
        with self.progress.stage("publish", posts) as advance:
            self._publish(contents, labels)
            advance(posts)

    def _publish(self, contents: Contents, labels: LabelArrays) -> None:
        published = self.manifest.published(
            built_at=int(time.time()),
            posts=len(self.state.posts),
            pictures=len(self.state.pictures),
            labels=self.labeller.record,
        )
        write_generation(self._chroma_dir, published.generation, contents, labels)
        published.write(self._chroma_dir)
        self.manifest = published
        self._mirror_labels()
        self._journal.clear()
        self.sweep()
        self._unpublished = False
        self._published_at = time.monotonic()

    def sweep(self) -> None:
        """Remove older states; also the last one, where it holds what was forgotten."""
        number = self.manifest.generation
        if self._forgot:
            sweep_generations(self._chroma_dir, number, kept=1)
        else:
            sweep_generations(self._chroma_dir, number)

    def recover(self, changes: Iterable[Change]) -> None:
        """Apply what a stopped writer left, and make Chroma agree with it record by record."""
        for change in changes:
            self._apply(change)
        expected = (len(self.state.pictures), len(self.state.caption_vectors))
        if self._unpublished or self._collections.counts() != expected:
            pictures, captions = self._collections.ids()
            self._touched_pictures |= pictures ^ self.state.pictures.keys()
            self._touched_posts |= captions ^ self.state.caption_vectors.keys()
            # Chroma logs the removal of what it never had, too, and with it the names.
            self._touched_pictures &= pictures | self.state.pictures.keys()
            self._touched_posts &= captions | self.state.caption_vectors.keys()
            self._bring_chroma_up_to_date()

    def _apply(self, change: Change) -> None:
        """Make a change that is in the journal; all of this can be done twice."""
        if carry_corrections(change, self.state, self._overrides, self._chroma_dir):
            self._overrides = read_overrides(self._chroma_dir)
        self._touch(change)
        self.state.apply(change)
        gone = set(change.removed_sources)
        self._forgot = self._forgot or bool(gone)
        sources = {name: how for name, how in self.manifest.sources.items() if name not in gone}
        self.manifest = replace(self.manifest, sources=sources)
        self._unpublished = True

    def _mirror_labels(self) -> None:
        """Tell Chroma the labels of what did not change otherwise, where it has others."""
        self._overrides = read_overrides(self._chroma_dir)  # posts may be corrected meanwhile
        self.manifest = tell_chroma(
            self._collections, self._chroma_dir, self.manifest, self._overrides
        )

    def _read_captions(self, post_ids: Iterable[str]) -> None:
        """Let the sentiment model read the captions that it, or this version of it, has not."""
        state, version = self.state, self.labeller.sentiment.version
        stale = [
            post_id
            for post_id in post_ids
            if post_id not in state.readings or state.readings[post_id].model != version
        ]
        if not stale:
            return
        captions = [state.posts[post_id].caption for post_id in stale]
        vectors = np.stack([state.caption_vectors[post_id] for post_id in stale])
        read = self.labeller.read(captions, vectors)
        state.readings.update(zip(stale, read, strict=True))

    def _label(self, posts: Sequence[Post]) -> LabelArrays:
        """The labels of these posts, by the models alone."""
        state = self.state
        image_ids = sorted({post.image_id for post in posts})
        rows = {image_id: row for row, image_id in enumerate(image_ids)}
        captioned = [post.post_id for post in posts if post.post_id in state.readings]
        encoders, vectors = self.manifest.encoders, state.description_vectors
        return self.labeller.label(
            [post.caption for post in posts],
            [state.readings.get(post.post_id) for post in posts],
            _stacked([state.caption_vectors[i] for i in captioned], encoders.caption.dimension),
            _stacked([state.image_vectors[i] for i in image_ids], encoders.image.dimension),
            np.array([rows[post.image_id] for post in posts], dtype=np.int64),
            [state.pictures[i].description for i in image_ids],
            _stacked([vectors[i] for i in image_ids if i in vectors], encoders.caption.dimension),
        )

    def _effective(self, posts: Sequence[Post]) -> list[PostLabels]:
        """The labels that hold, for Chroma."""
        self._read_captions([p.post_id for p in posts if p.post_id in self.state.caption_vectors])
        view = LabelView(
            self.labeller.record,
            self._label(posts),
            languages_of([self.state.readings.get(post.post_id) for post in posts]),
            overrides_of(posts, self._overrides),
        )
        return [view.labels(row) for row in range(len(posts))]

    def _touch(self, change: Change) -> None:
        """Note what Chroma has to be told; before the change is applied, which forgets the old."""
        posts = [post.post_id for post in change.posts] + change.removed_posts
        self._touched_posts.update(posts)
        self._touched_pictures.update(picture.image_id for picture in change.pictures)
        self._touched_pictures.update(change.removed_pictures)
        self._touched_pictures.update(post.image_id for post in change.posts)
        for post_id in posts:
            if post_id in self.state.posts:  # its picture may now be shown by another post
                self._touched_pictures.add(self.state.posts[post_id].image_id)

    def _bring_chroma_up_to_date(self) -> None:
        """Make Chroma's records of everything touched equal the state's; safe to repeat.

        Pictures come before the captions that refer to them, and go after them.
        """
        state, collections = self.state, self._collections
        pictures = {i: state.shown_by(i) for i in sorted(self._touched_pictures)}
        shown = {i: post for i, post in pictures.items() if post and i in state.pictures}
        posts = sorted(self._touched_posts)
        captioned = [state.posts[i] for i in posts if i in state.caption_vectors]
        labelled = self._effective([*shown.values(), *captioned])
        collections.put_pictures(
            [
                (state.pictures[image_id], post, labels, state.image_vectors[image_id])
                for (image_id, post), labels in zip(shown.items(), labelled, strict=False)
            ]
        )
        collections.put_captions(
            [
                (post, labels, state.caption_vectors[post.post_id])
                for post, labels in zip(captioned, labelled[len(shown) :], strict=True)
            ]
        )
        collections.remove_captions([i for i in posts if i not in state.caption_vectors])
        collections.remove_pictures([i for i in pictures if i not in state.pictures])
        self._touched_pictures.clear()
        self._touched_posts.clear()


@contextmanager
def open_writer(
    chroma_dir: Path,
    encoders: Encoders,
    labeller: Labeller,
    progress: Progress,
    *,
    rebuild: bool,
) -> Iterator[Writer]:
    """Take the lock, put right what a stopped writer left, and hand out the writer.

    With `rebuild` the gallery starts anew; readers keep what is published until the new one is.

    Raises:
        GalleryLocked: another process is writing.
        EncoderMismatch, SchemaMismatch: the gallery is of other encoders or another schema.
        GalleryDamaged: its manifest, or what a stopped writer left, cannot be read; a rebuild can.
        StorageFailed: the disk refuses.

    """
    with explained_storage_errors(chroma_dir), writer_lock(chroma_dir):
        journal = Journal(chroma_dir)
        published = _published(chroma_dir, encoders, rebuild=rebuild)
        if rebuild and not journal.is_whole(published.generation):
            journal.clear()
        journal.tidy(published.generation)
        pending = journal.pending_rebuild(published.generation)
        if rebuild and pending != encoders:
            _start_rebuild(chroma_dir, journal, encoders, published.generation)
        else:
            rebuild = pending is not None
            check_fingerprints(
                pending or published.encoders,
                encoders.image.fingerprint,
                encoders.caption.fingerprint,
            )
        if pending and rebuild:
            progress.say("going on with the rebuild that was interrupted")
        state = State() if rebuild else _state(chroma_dir, published)
        changes = list(journal.pending(published.generation))
        if any(change.removed_sources for change in changes):
            remove_chroma(chroma_dir)  # whose log keeps what was removed; it is filled again
        with opened_collections(chroma_dir, encoders) as collections:
            manifest = replace(published, encoders=encoders)
            writer = Writer(
                chroma_dir,
                manifest,
                state,
                labeller,
                progress,
                collections=collections,
                rebuild=rebuild,
            )
            writer.recover(changes)
            yield writer
            writer.sweep()
            sweep_thumbnails(chroma_dir, writer.state.pictures)


def _published(chroma_dir: Path, encoders: Encoders, *, rebuild: bool) -> Manifest:
    """What is published; of a gallery that is new or not readable any more, its generation 0."""
    try:
        return read_manifest(chroma_dir)
    except NoGallery:
        manifest = Manifest(encoders)
        manifest.write(chroma_dir)
        return manifest
    except (GalleryDamaged, SchemaMismatch):
        if not rebuild:
            raise
        return Manifest(
            encoders, latest_number(chroma_dir), sources=sources_of_any_schema(chroma_dir)
        )


def _start_rebuild(chroma_dir: Path, journal: Journal, encoders: Encoders, generation: int) -> None:
    journal.clear()
    journal.start_rebuild(encoders, generation)
    remove_chroma(chroma_dir)


def _state(chroma_dir: Path, published: Manifest) -> State:
    return State.of(Generation.open(chroma_dir)) if published.generation else State()


def _stacked(vectors: Sequence[NDArray[np.float32]], dimension: int) -> NDArray[np.float32]:
    return np.stack(vectors) if vectors else np.empty((0, dimension), dtype=np.float32)


def interrupted_rebuild(chroma_dir: Path) -> Encoders | None:
    """The encoders of a rebuild that was stopped half way, if there is one."""
    try:
        return Journal(chroma_dir).pending_rebuild(read_manifest(chroma_dir).generation)
    except GalleryError:
        return None
