"""Posts that the user looked at without any prediction, and said what is true of them.

`checks.jsonl` lies in the gallery's folder and only grows. A line is a draw (which posts to look
at, and the seed that chose them) or an answer; the last answer about a post counts. Posts are known
as those of corrections are, so checks survive renaming, re-indexing, relabelling and other
encoders. Corrections are made where something looks wrong, so they say nothing of how often the
models are right; what was drawn at random does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.errors import BadInput, BadOption, shown
from retrieval.files import append_lines, appended_lines, explained_storage_errors, json_value
from retrieval.gallery.layout import checks_path
from retrieval.labels.overrides import key_of
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.labels.overrides import Key
    from retrieval.records import Post, Sentiment

AT_RANDOM, DISAGREEING = 40, 20  # posts of a draw


@dataclass(frozen=True, slots=True)
class Check:
    """What a person said of one post; None: could not tell."""

    sentiment: Sentiment | None = None  # of the post: caption and picture together
    picture_sentiment: Sentiment | None = None  # of the picture alone
    topics: tuple[str, ...] | None = None  # names; empty: about none of them


@dataclass(frozen=True, slots=True)
class Checks:
    """Everything that was drawn and said."""

    random: tuple[Key, ...] = ()  # drawn from all posts: a sample of them
    disagreeing: tuple[Key, ...] = ()  # drawn where caption and picture disagree
    answers: Mapping[Key, Check] | None = None  # None: nobody has said anything yet
    drawn_from: int = 0  # posts that the gallery had at the last draw

    @property
    def drawn(self) -> tuple[Key, ...]:
        """All posts to look at, in their order."""
        return (*self.random, *self.disagreeing)

    def answer(self, key: Key) -> Check | None:
        """What was said of a post, if anything."""
        return (self.answers or {}).get(key)


def read_checks(chroma_dir: Path) -> Checks:
    """Read all draws and answers.

    Raises:
        BadInput: the file cannot be read, or a line of it says something impossible.

    """
    random: list[Key] = []
    disagreeing: list[Key] = []
    answers: dict[Key, Check] = {}
    drawn_from = 0
    for where, line in appended_lines(checks_path(chroma_dir)):
        try:
            fields = json_value(line)
            if "seed" in fields:
                random += map(_key, fields["random"])
                disagreeing += map(_key, fields["disagreeing"])
                drawn_from = int(fields["of"])
            else:
                answers[_key([fields["image_id"], fields["caption"]])] = _check(fields)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise BadInput(
                f"{where}: neither a draw nor an answer ({error!s:.200}); take the line out"
            ) from None
    return Checks(tuple(random), tuple(disagreeing), answers or None, drawn_from)


def draw_posts(
    chroma_dir: Path, posts: Sequence[Post], disagrees: NDArray[np.bool_], *, seed: int
) -> Checks:
    """Draw 40 posts at random and then 20 of those left that disagree; returns all checks.

    Posts that were drawn before are left out, so that all random ones together are a random sample
    without replacement. `disagrees` (n,) says where a post's caption and picture are not at one.

    Raises:
        BadInput: as `read_checks` does.
        BadOption: there is no post that was not drawn before.
        StorageFailed: the disk refuses.

    """
    before = read_checks(chroma_dir)
    drawn = set(before.drawn)
    rows: dict[Key, int] = {}
    for row, post in enumerate(posts):
        if key_of(post) not in drawn:
            rows.setdefault(key_of(post), row)  # copies are looked at once
    keys = list(rows)
    order = [keys[place] for place in np.random.default_rng(seed).permutation(len(keys))]
    random = order[:AT_RANDOM]
    disagreeing = [key for key in order[AT_RANDOM:] if disagrees[rows[key]]][:DISAGREEING]
    if not keys:
        raise BadOption("every post is drawn already; add posts, and draw from them")
    _append(
        chroma_dir, {"seed": seed, "of": len(posts), "random": random, "disagreeing": disagreeing}
    )
    return read_checks(chroma_dir)


def say_of(chroma_dir: Path, key: Key, check: Check) -> None:
    """Keep what was said of a post; saying it again replaces it.

    Raises:
        StorageFailed: the disk refuses.

    """
    image_id, caption = key
    said = {
        "sentiment": check.sentiment,
        "picture_sentiment": check.picture_sentiment,
        "topics": None if check.topics is None else list(check.topics),
    }
    _append(chroma_dir, {"image_id": image_id, "caption": caption, **said})


def _append(chroma_dir: Path, fields: Mapping[str, Any]) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with explained_storage_errors(chroma_dir):
        append_lines(checks_path(chroma_dir), [json.dumps({**fields, "at": at})])


def _key(written: list[str]) -> Key:
    image_id, caption = written
    if not isinstance(image_id, str) or not isinstance(caption, str):
        raise TypeError("a post is known by its picture's and its caption's hash")
    return image_id, caption


def _check(fields: Mapping[str, Any]) -> Check:
    topics = fields["topics"]
    if topics is not None and not all(isinstance(topic, str) for topic in topics):
        raise TypeError("topics are a list of names")
    return Check(
        _sentiment(fields["sentiment"]),
        _sentiment(fields["picture_sentiment"]),
        None if topics is None else tuple(topics),
    )


def _sentiment(name: object) -> Sentiment | None:
    if name is not None and name not in SENTIMENTS:
        raise ValueError(f"{shown(name)} is no sentiment; choose from {', '.join(SENTIMENTS)}")
    return name
