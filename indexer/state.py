"""The gallery in a writer's memory: the last published generation and what came since."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retrieval.gallery.generation import Contents, Generation

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from indexer.journal import Change
    from retrieval.records import IndexedFile, Picture, Post, Reading


@dataclass(slots=True)
class State:
    """Everything the gallery holds, by id."""

    posts: dict[str, Post] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    files: dict[tuple[str, str], IndexedFile] = field(default_factory=dict)  # by (root, path)
    image_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    caption_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    description_vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)  # of the captioned posts
    posts_by_picture: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, generation: Generation) -> State:
        """Everything a published generation holds."""
        contents = generation.contents()
        state = cls(
            pictures=dict(contents.pictures),
            files={(file.root, file.path): file for file in contents.files},
            image_vectors=dict(contents.image_vectors),
            caption_vectors=dict(contents.caption_vectors),
            description_vectors=dict(contents.description_vectors),
            readings=dict(contents.readings),
        )
        state._put_posts(contents.posts.values())
        return state

    def contents(self) -> Contents:
        """What the next generation is to hold."""
        return Contents(
            posts=self.posts,
            pictures=self.pictures,
            files=list(self.files.values()),
            image_vectors=self.image_vectors,
            caption_vectors=self.caption_vectors,
            description_vectors=self.description_vectors,
            readings=self.readings,
        )

    def apply(self, change: Change) -> None:
        """Make a change. Making it twice gives the same as making it once."""
        for picture, vector in zip(change.pictures, change.image_vectors, strict=True):
            self.pictures[picture.image_id] = picture
            self.image_vectors[picture.image_id] = vector
        self._drop_posts(change.removed_posts)
        self._put_posts(change.posts)
        for post in change.posts:
            if not post.has_caption:
                self._drop_caption(post.post_id)
        self.caption_vectors.update(change.caption_vectors)
        self.readings.update(change.readings)
        self.description_vectors.update(change.description_vectors)
        for image_id in change.removed_pictures:
            self.pictures.pop(image_id, None)
            self.image_vectors.pop(image_id, None)
            self.description_vectors.pop(image_id, None)
        self.files.update({(file.root, file.path): file for file in change.files})
        for key in change.removed_files:
            self.files.pop(key, None)

    def posts_of(self, source: str) -> dict[str, Post]:
        """The posts of one source, by post_id."""
        return {post_id: post for post_id, post in self.posts.items() if post.source == source}

    def shown_by(self, image_id: str) -> Post | None:
        """The post that stands for a picture: of those that show it, the first by id."""
        first = min(self.posts_by_picture.get(image_id, ()), default=None)
        return None if first is None else self.posts[first]

    def _put_posts(self, posts: Iterable[Post]) -> None:
        for post in posts:
            self._drop_posts([post.post_id], keep_vectors=True)
            self.posts[post.post_id] = post
            self.posts_by_picture[post.image_id].add(post.post_id)

    def _drop_posts(self, post_ids: Iterable[str], *, keep_vectors: bool = False) -> None:
        for post_id in post_ids:
            if (post := self.posts.pop(post_id, None)) is not None:
                self.posts_by_picture[post.image_id].discard(post_id)
            if not keep_vectors:
                self._drop_caption(post_id)

    def _drop_caption(self, post_id: str) -> None:
        self.caption_vectors.pop(post_id, None)
        self.readings.pop(post_id, None)
