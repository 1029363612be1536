"""What is known to be true about posts, as arrays; nothing here is a prediction."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.labels.scores import NOT_DETERMINED
from retrieval.records import SENTIMENTS
from retrieval.search.words import stems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from retrieval.records import Post, SeenObject

EVERY_OBJECT, PLAIN_OBJECTS, NAMED_OBJECTS = (  # what counts as true about topics
    "every object",
    "objects of 2 % or more",
    "named by two other captions",
)
LEAST_AREA = 0.02  # of a picture, for what covers it to be plainly there
_NAMED_BY = 2  # further captions that name a thing, for it to be worth mentioning

_WORD = re.compile(r"\w+")
_TOPICS = Path(__file__).with_name("coco_topics.toml")  # of COCO's things; reviewed by hand
_WORDS = Path(__file__).with_name("coco_words.toml")


def sentiment_truth(posts: Sequence[Post]) -> NDArray[np.int8]:
    """Shape (n,): places in SENTIMENTS, or NOT_DETERMINED where nobody knows."""
    return np.array(
        [
            NOT_DETERMINED
            if post.truth is None or post.truth.sentiment is None
            else SENTIMENTS.index(post.truth.sentiment)
            for post in posts
        ],
        dtype=np.int8,
    )


def splits(posts: Sequence[Post]) -> list[str | None]:
    """The split that each post's source puts it in."""
    return [None if post.truth is None else post.truth.split for post in posts]


def marked_adjectives(post: Post) -> frozenset[str]:
    """The adjectives of a SentiCap caption that carry its sentiment, in lower case.

    Marked words come in runs, an adjective and its noun; a run of one word has no adjective.
    """
    words = post.truth.marked_words if post.truth is not None else ()
    marked = [part for word in words for part in _WORD.findall(word.lower())]
    marks = []
    # SentiCap writes "student's" as one token: "students".
    for token in _WORD.findall(re.sub("['’]", "", post.caption.lower())):
        is_marked = bool(marked) and token == marked[0]
        marks.append((token, is_marked))
        if is_marked:
            marked.pop(0)
    return frozenset(
        token
        for place, (token, is_marked) in enumerate(marks)
        if is_marked
        and place + 1 < len(marks)
        and marks[place + 1][1]
        and not (place and marks[place - 1][1])
    )


def objects_of(post: Post) -> tuple[SeenObject, ...] | None:
    """What annotators marked in a post's picture; None where nobody looked."""
    return None if post.truth is None else post.truth.objects


def topic_truths(
    posts: Sequence[Post], pictures: NDArray[np.int64], topics: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """Three truths, each of shape (n, len(topics)), of posts whose pictures are annotated.

    Annotators mark what is there, not what a post is about, which favours pictures; what several
    *other* captions of a picture name favours captions. `pictures` says whose picture is the same.
    """
    words = [set(stems_of(post.caption)) for post in posts]
    siblings: dict[int, list[int]] = {}
    for row, picture in enumerate(pictures.tolist()):
        siblings.setdefault(picture, []).append(row)

    def named(row: int) -> Iterable[SeenObject]:
        others = [words[other] for other in siblings[int(pictures[row])]]
        others = [each for place, each in enumerate(others) if each not in others[:place]]
        others = [each for each in others if each != words[row]]  # copies confirm nothing
        for seen in objects_of(posts[row]) or ():
            if sum(names_category(seen.category, each) for each in others) >= _NAMED_BY:
                yield seen

    def matrix(chosen: list[Iterable[SeenObject]]) -> NDArray[np.bool_]:
        about = [topics_of_objects(seen) for seen in chosen]
        return np.array([[topic in found for topic in topics] for found in about], dtype=np.bool_)

    everything = [objects_of(post) or () for post in posts]
    return {
        EVERY_OBJECT: matrix(list(everything)),
        PLAIN_OBJECTS: matrix(
            [[seen for seen in each if seen.area >= LEAST_AREA] for each in everything]
        ),
        NAMED_OBJECTS: matrix([named(row) for row in range(len(posts))]),
    }


def topics_of_objects(objects: Iterable[SeenObject]) -> set[str]:
    """The names of the topics that these things speak for."""
    mapping = _topics_of_coco()
    topics: set[str] = set()
    for seen in objects:
        by_category = mapping["category"].get(seen.category)
        found = mapping["supercategory"].get(seen.supercategory, ())
        topics.update(found if by_category is None else by_category)
    return topics


def tested_topics() -> set[str]:
    """The names of the topics that COCO has anything to say about."""
    return {
        topic for part in _topics_of_coco().values() for topics in part.values() for topic in topics
    }


def testable(topics: Sequence[str]) -> tuple[list[int], list[str]]:
    """The places of the topics that COCO says something about, and the names of the others."""
    known = tested_topics()
    places = [place for place, name in enumerate(topics) if name in known]
    return places, [name for name in topics if name not in known]


def names_category(category: str, stems: set[str]) -> bool:
    """Whether a caption with these stems names a COCO category."""
    own, others = _category_stems()[category] if category in _category_stems() else _plain(category)
    return own <= stems or bool(others & stems)


@cache
def _topics_of_coco() -> dict[str, Any]:
    return tomllib.loads(_TOPICS.read_text("utf-8"))


@cache
def _category_stems() -> dict[str, tuple[set[str], set[str]]]:
    written: dict[str, str] = tomllib.loads(_WORDS.read_text("utf-8"))
    return {name: (set(stems_of(name)), set(stems_of(words))) for name, words in written.items()}


@cache
def _plain(category: str) -> tuple[set[str], set[Any]]:
    return set(stems_of(category)), set()
