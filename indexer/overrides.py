"""Corrections of labels from the command line, told to Chroma at once where nobody is writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.mirror import opened_collections, tell_chroma
from retrieval.errors import BadOption, GalleryLocked
from retrieval.files import explained_storage_errors
from retrieval.gallery.generation import Generation
from retrieval.gallery.lock import writer_lock
from retrieval.gallery.manifest import read_manifest
from retrieval.labels.overrides import (
    FIELDS,
    Override,
    clear_override,
    export_overrides,
    import_overrides,
    key_of,
    read_overrides,
    set_override,
)
from retrieval.labels.taxonomy import correct_topics, topic_named
from retrieval.names import folded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retrieval.labels.overrides import Field, Key
    from retrieval.records import Post, Sentiment


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction in force, and the posts it is about: reposts share it, none may be left."""

    override: Override
    posts: tuple[Post, ...]


class Corrections:
    """The corrections of one gallery."""

    def __init__(self, chroma_dir: Path, *, say: Callable[[str], None]) -> None:
        """Open the published gallery.

        Raises:
            NoGallery: there is none.

        """
        self._chroma_dir = chroma_dir
        self._say = say
        self._generation = Generation.open(chroma_dir)

    def correct(self, post_id: str, sentiment: Sentiment | None, topics: list[str] | None) -> None:
        """Correct a post.

        Raises:
            BadOption: there is no such post, there is nothing to correct, or topics are unknown,
                too many or named twice.

        """
        if sentiment is None and topics is None:
            raise BadOption("say what is right: --sentiment, --topics, or both")
        post = self._post(post_id)
        if topics is not None:
            topics = [topic_named(name, self._topic_titles) for name in topics]
            topics = correct_topics(topics, self._topic_names)
        set_override(self._chroma_dir, post, sentiment=sentiment, topics=topics)
        self._tell_chroma()

    def clear(self, post_id: str, fields: list[Field]) -> None:
        """Take a post's correction back; of all fields where none is named.

        Raises:
            BadOption: there is no such post, or it was not corrected.

        """
        post = self._post(post_id)
        if key_of(post) not in read_overrides(self._chroma_dir).by_key:
            raise BadOption(f"{post_id} has not been corrected; `overrides list` says which have")
        clear_override(self._chroma_dir, post, fields or FIELDS)
        self._tell_chroma()

    def in_force(self) -> list[Corrected]:
        """All corrections in force, by post."""
        posts: dict[Key, list[Post]] = {}
        for post in self._generation.posts():
            posts.setdefault(key_of(post), []).append(post)
        by_key = read_overrides(self._chroma_dir).by_key
        return [Corrected(said, tuple(posts.get(key, ()))) for key, said in by_key.items()]

    def export(self, path: Path, *, force: bool = False) -> int:
        """Write the corrections in force to a file; returns how many.

        Raises:
            BadOption: the file is there already; `force` overwrites it.
            StorageFailed: it cannot be written.

        """
        return export_overrides(read_overrides(self._chroma_dir), path, force=force)

    def import_(self, path: Path) -> int:
        """Add a file's corrections; returns how many.

        Raises:
            BadInput: it is no file of corrections, or a line names topics that this gallery does
                not have, too many, or one twice; nothing is imported then.

        """
        imported = import_overrides(self._chroma_dir, path, self._topic_names)
        self._tell_chroma()
        return imported

    @property
    def _topic_titles(self) -> dict[str, str]:
        labels = self._generation.manifest.labels
        return dict(labels.topics) if labels else {}

    @property
    def _topic_names(self) -> tuple[str, ...]:
        return tuple(self._topic_titles)

    def _post(self, post_id: str) -> Post:
        """A post by its id, or by the end of it, as far as no other's ends alike."""
        posts = self._generation.posts()
        found = [post for post in posts if post.post_id == post_id]
        found = found or [post for post in posts if post.post_id.endswith(f"/{post_id}")]
        end = folded(f"/{post_id}")
        found = found or [post for post in posts if folded(f"/{post.post_id}").endswith(end)]
        if not found:
            raise BadOption(
                f"the gallery has no post {post_id!r}; `python -m retrieval.search` prints the "
                "post_ids in brackets"
            )
        if len(found) > 1:
            ids = ", ".join(post.post_id for post in found[:3])
            raise BadOption(f"{post_id!r} is the end of several posts' ids: {ids}; give all of one")
        return found[0]

    def _tell_chroma(self) -> None:
        try:
            with explained_storage_errors(self._chroma_dir), writer_lock(self._chroma_dir):
                manifest = read_manifest(self._chroma_dir)
                overrides = read_overrides(self._chroma_dir)
                with opened_collections(self._chroma_dir, manifest.encoders) as collections:
                    tell_chroma(collections, self._chroma_dir, manifest, overrides)
        except GalleryLocked:
            self._say("a build is running; it will tell Chroma, and searches know already")
