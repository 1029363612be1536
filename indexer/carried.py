"""Corrections that go along when a post's file or caption is changed a little.

A correction is known by the picture's content and the caption. A tagging program that writes into
the file, or a mended typo, changes one of them: then the correction is written once more, for what
the post is now.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from retrieval.labels.overrides import carry_override, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.journal import Change
    from indexer.state import State
    from retrieval.labels.overrides import Overrides
    from retrieval.records import Post

_ALIKE = 0.8  # share of two captions' signs that match; a typo costs less
_COMPARED = 1_000  # signs of them
_SAME = 0.99  # cosine of two vectors of one picture, saved anew; copies that were edited have less


def carry_corrections(change: Change, state: State, overrides: Overrides, chroma_dir: Path) -> int:
    """Write the corrections of posts that a change alters once more; returns of how many posts.

    Raises:
        StorageFailed: the disk refuses.

    """
    carried = 0
    for post in change.posts if overrides.by_key else ():
        before = state.posts.get(post.post_id)
        if before is None or key_of(before) == key_of(post):
            continue
        said = overrides.by_key.get(key_of(before))
        if said is None or key_of(post) in overrides.by_key:
            continue
        if _is_the_same(before, post, change, state):
            is_said_of_another = any(_is_another(other, before) for other in state.posts.values())
            carry_override(chroma_dir, said, before, post, keep=is_said_of_another)
            carried += 1
    return carried


def _is_the_same(before: Post, post: Post, change: Change, state: State) -> bool:
    """Whether it still shows and says what it did; under its name may lie another by now."""
    captions = before.caption[:_COMPARED], post.caption[:_COMPARED]
    if SequenceMatcher(None, *captions, autojunk=False).ratio() < _ALIKE:
        return False
    if before.image_id == post.image_id:
        return True
    new = dict(zip((p.image_id for p in change.pictures), change.image_vectors, strict=True))
    old, now = state.image_vectors.get(before.image_id), new.get(post.image_id)
    now = state.image_vectors.get(post.image_id) if now is None else now
    return old is not None and now is not None and float(old @ now) >= _SAME


def _is_another(post: Post, than: Post) -> bool:
    """Whether it is another post about which the same was said."""
    same = (post.image_id, post.caption) == (than.image_id, than.caption)
    return same and post.post_id != than.post_id


def unfitting(overrides: Overrides, posts: list[Post]) -> int:
    """How many corrections in force fit no post any more."""
    return len(overrides.by_key.keys() - {key_of(post) for post in posts})
