"""Corrections of labels from the command line, told to Chroma at once where nobody is writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.errors import BadOption, GalleryLocked
from retrieval.gallery import open_gallery
from retrieval.generation import Generation
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
from retrieval.labels.taxonomy import OTHER, check_topics
from retrieval.labels.view import LabelView
from retrieval.lock import writer_lock
from retrieval.storage import explained_storage_errors

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
            BadOption: there is no such post or topic, or nothing to correct.

        """
        if sentiment is None and topics is None:
            raise BadOption("say what is right: --sentiment, --topics, or both")
        post = self._post(post_id)
        if topics is not None:
            labels = self._generation.manifest.labels
            check_topics(topics, labels.names if labels else ())
            topics = [topic for topic in topics if topic != OTHER]
        set_override(self._chroma_dir, post, sentiment=sentiment, topics=topics)
        self._tell_chroma({key_of(post)})

    def clear(self, post_id: str, fields: list[Field]) -> None:
        """Take a post's correction back; of all fields where none is named.

        Raises:
            BadOption: there is no such post, or it was not corrected.

        """
        post = self._post(post_id)
        if key_of(post) not in read_overrides(self._chroma_dir).by_key:
            raise BadOption(f"{post_id} has not been corrected; `overrides list` says which have")
        clear_override(self._chroma_dir, post, fields or FIELDS)
        self._tell_chroma({key_of(post)})

    def in_force(self) -> list[Corrected]:
        """All corrections in force, by post."""
        posts: dict[Key, list[Post]] = {}
        for post in self._generation.posts():
            posts.setdefault(key_of(post), []).append(post)
        by_key = read_overrides(self._chroma_dir).by_key
        return [Corrected(said, tuple(posts.get(key, ()))) for key, said in by_key.items()]

    def export(self, path: Path) -> int:
        """Write the corrections in force to a file; returns how many."""
        return export_overrides(read_overrides(self._chroma_dir), path)

    def import_(self, path: Path) -> int:
        """Add a file's corrections; returns how many."""
        before = len(read_overrides(self._chroma_dir).ever)
        imported = import_overrides(self._chroma_dir, path)
        self._tell_chroma(set(read_overrides(self._chroma_dir).ever[before:]))
        return imported

    def _post(self, post_id: str) -> Post:
        """A post by its id, or by the end of it, as far as no other's ends alike."""
        posts = self._generation.posts()
        found = [post for post in posts if post.post_id == post_id]
        found = found or [post for post in posts if post.post_id.endswith(f"/{post_id}")]
        if not found:
            raise BadOption(
                f"the gallery has no post {post_id!r}; `python -m retrieval.search` prints the "
                "post_ids in brackets"
            )
        if len(found) > 1:
            ids = ", ".join(post.post_id for post in found[:3])
            raise BadOption(f"{post_id!r} is the end of several posts' ids: {ids}; give all of one")
        return found[0]

    def _tell_chroma(self, keys: set[Key]) -> None:
        """Searches read the corrections themselves; Chroma's metadata are for everyone else."""
        view = LabelView.of(self._generation, read_overrides(self._chroma_dir))
        posts = [
            (post, view.labels(row))
            for row, post in enumerate(self._generation.posts())
            if post.has_caption and key_of(post) in keys
        ]
        try:
            with explained_storage_errors(self._chroma_dir), writer_lock(self._chroma_dir):
                gallery = open_gallery(self._chroma_dir, self._generation.manifest.encoders)
                try:
                    gallery.update_captions(posts)
                finally:
                    gallery.close()
        except GalleryLocked:
            self._say("a build is running; it will tell Chroma, and searches know already")
