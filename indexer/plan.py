"""What a build has to do: the source as it is now, compared with the gallery as it is."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import BadInput
from retrieval.gallery.layout import thumbnail_path
from retrieval.records import IndexedFile, Post

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from indexer.sources.base import SourcePost, SourceReading, SourceRequest
    from indexer.state import State

FileKey = tuple[str, str]  # root and path relative to it


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one build."""

    source: str
    wanted: dict[FileKey, list[SourcePost]]  # the source's posts by the picture file they show
    known: dict[FileKey, IndexedFile]  # files that have not changed: not opened
    to_open: list[FileKey]  # new and changed files
    removed: list[str]  # post_ids that the source no longer has
    forgotten_files: list[FileKey]  # files seen by earlier builds that no post shows any more

    @property
    def posts(self) -> int:
        """How many posts the source has."""
        return sum(map(len, self.wanted.values()))

    def post(self, post: SourcePost, file: IndexedFile) -> Post:
        """A source's post as the gallery keeps it, its picture file having been seen."""
        assert file.image_id is not None
        return Post(
            post_id=post_id(self.source, post.key),
            image_id=file.image_id,
            source=self.source,
            root=file.root,
            image_path=file.path,
            caption=file.caption if post.caption is None else post.caption,
            created_at=(
                file.created_at
                if post.created_at is None and post.date_from_picture
                else post.created_at
            ),
            permalink=post.permalink,
            group_id=post.group_id,
            truth=post.truth,
        )


def source_name(kind: str, location: Path) -> str:
    """What the gallery calls a source: its kind and where it lies."""
    return f"{kind}:{location}"


def post_id(source: str, key: str) -> str:
    """A post's id: unique in the gallery, the same in every run."""
    kind = source.partition(":")[0]
    digest = hashlib.blake2b(source.encode(errors="surrogateescape"), digest_size=4).hexdigest()
    return f"{kind}-{digest}/{key}"


def make_plan(
    source: str, reading: SourceReading, state: State, chroma_dir: Path, limit: int | None
) -> Plan:
    """Compare a source with the gallery. With `limit`, only its first posts, and remove nothing."""
    posts = reading.posts[:limit]
    wanted: defaultdict[FileKey, list[SourcePost]] = defaultdict(list)
    for post in posts:
        wanted[str(post.root), post.image_path].append(post)
    known = {
        key: file for key in wanted if (file := _unchanged(key, state, chroma_dir)) is not None
    }
    to_open = [key for key in wanted if key not in known]
    if limit is not None:
        return Plan(source, dict(wanted), known, to_open, removed=[], forgotten_files=[])
    kept = {post_id(source, post.key) for post in posts}
    unreadable = tuple(skipped.path for skipped in reading.skipped)
    removed = sorted(
        old
        for old, post in state.posts_of(source).items()
        if old not in kept and not _below(unreadable, post)
    )
    return Plan(
        source, dict(wanted), known, to_open, removed, _forgotten(wanted.keys(), removed, state)
    )


def check_roots(
    source: str, request: SourceRequest, reading: SourceReading, indexed_roots: AbstractSet[str]
) -> None:
    """Make sure that no pictures seem to have vanished because a disk is not there.

    `indexed_roots` are the folders that the gallery holds posts of this source from.

    Raises:
        BadInput: one of them is gone or empty, or the source has no post at all; names it.

    """
    now = {str(post.root) for post in reading.posts}
    for root in map(Path, sorted(indexed_roots - now)):
        if root in (request.location, *request.image_roots) and _is_gone(root):
            raise BadInput(
                f"{root} is missing or empty, but the gallery holds posts from it; nothing was "
                f"removed. Mount the disk and run this again, or, if the pictures are gone for "
                f"good: python -m indexer forget {source}"
            )
    if not reading.posts:
        raise BadInput(
            f"{request.location} gives no post whose picture can be found; nothing was changed. "
            + " ".join(reading.notes)
        )


def _is_gone(root: Path) -> bool:
    try:
        return not any(root.iterdir())
    except OSError:
        return True


def _below(unreadable: tuple[str, ...], post: Post) -> bool:
    """Whether a post's picture is, or lies under, what could not be read: it is not gone."""
    picture = str(Path(post.root, post.image_path))
    return picture.startswith(tuple(path + os.sep for path in unreadable)) or picture in unreadable


def _forgotten(wanted: AbstractSet[FileKey], removed: list[str], state: State) -> list[FileKey]:
    gone = set(removed)
    shown = {(p.root, p.image_path) for p in state.posts.values() if p.post_id not in gone}
    roots = {root for root, _ in wanted}
    return [k for k in state.files if k[0] in roots and k not in shown and k not in wanted]


def files_of(posts: Iterable[Post], state: State) -> list[FileKey]:
    """The files that these posts alone show, and those of their folders that could not be read."""
    places = {post.post_id: (post.root, post.image_path) for post in posts}
    own = set(places.values())
    others = [post for post in state.posts.values() if post.post_id not in places]
    shown = {(post.root, post.image_path) for post in others}
    roots = {root for root, _ in own} - {post.root for post in others}
    return [key for key in state.files if key not in shown and (key[0] in roots or key in own)]


def _unchanged(key: FileKey, state: State, chroma_dir: Path) -> IndexedFile | None:
    """What the last build saw of a file, if it is still the same by size and time.

    One whose thumbnail is gone has to be opened for another. A file that could not be read then
    counts as unchanged too: it is told again, not tried again.
    """
    file = state.files.get(key)
    if file is None or not (file.problem or file.image_id in state.pictures):
        return None
    if file.image_id and not thumbnail_path(chroma_dir, file.image_id).is_file():
        return None
    try:
        now = Path(*key).stat()
    except OSError:
        return None
    same = (now.st_size, now.st_mtime_ns) == (file.size, file.modified)
    return file if same else None
