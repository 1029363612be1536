"""How right each arm is about posts whose truth the user said: drawn ones, and a table's columns.

Only what was drawn at random tells of all posts: its shares come with Wilson's intervals. Posts
that were drawn since caption and picture disagree tell which of the two to believe there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.evaluate.arms import BOTH, CAPTIONS, PICTURES, figure
from retrieval.evaluate.metrics import micro_f1, precision, recall, set_counts
from retrieval.evaluate.statistics import summed_by_picture, wilson
from retrieval.labels.checks import Check
from retrieval.labels.overrides import key_of
from retrieval.names import folded
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.evaluate.material import Material
    from retrieval.evaluate.results import (
        MeasureName,
        OwnSentiment,
        OwnTopics,
        OwnTruth,
        Right,
        Scores,
    )
    from retrieval.evaluate.statistics import Measure
    from retrieval.labels.checks import Checks
    from retrieval.labels.overrides import Key
    from retrieval.labels.scores import Codes
    from retrieval.labels.view import LabelView
    from retrieval.records import Post, Sentiment

AT_RANDOM, DISAGREEING, TABLE = "drawn at random", "caption and picture disagree", "your table"
_TOPIC_MEASURES: dict[MeasureName, Measure] = {
    "micro_f1": micro_f1,
    "precision": precision,
    "recall": recall,
}


def evaluate_own_truth(material: Material, view: LabelView, checks: Checks) -> dict[str, OwnTruth]:
    """By where the truth is from, how right each arm is; {} where nobody said anything.

    `view` is of the models alone. What they could not determine is wrong.
    """
    rows = {key_of(post): row for row, post in enumerate(material.posts)}
    own = _OwnTruth(material, view)
    found = {
        AT_RANDOM: own.scored(_answers(checks, checks.random, rows)),
        DISAGREEING: own.scored(_answers(checks, checks.disagreeing, rows)),
        TABLE: own.scored(_of_table(material.posts)),
    }
    for name, keys in ((AT_RANDOM, checks.random), (DISAGREEING, checks.disagreeing)):
        found[name]["drawn"] = len(keys)
        found[name]["drawn_from"] = checks.drawn_from
        found[name]["gallery"] = len(material.posts)
    return {name: each for name, each in found.items() if each["posts"]}


def _answers(checks: Checks, keys: Sequence[Key], rows: Mapping[Key, int]) -> dict[int, Check]:
    said = {rows[key]: checks.answer(key) for key in keys if key in rows}
    return {row: check for row, check in said.items() if check is not None}


def _of_table(posts: Sequence[Post]) -> dict[int, Check]:
    """What a table says beyond the sentiment of a post, which has a task of its own."""
    said = {
        row: Check(picture_sentiment=post.truth.picture_sentiment, topics=post.truth.topics)
        for row, post in enumerate(posts)
        if post.truth is not None
    }
    return {row: check for row, check in said.items() if check != Check()}


@dataclass(frozen=True)
class _OwnTruth:
    material: Material
    view: LabelView

    def scored(self, said: Mapping[int, Check]) -> OwnTruth:
        """Each arm against what was said of some posts, by row."""
        felt = {row: each.sentiment for row, each in said.items() if each.sentiment}
        seen = {row: each.picture_sentiment for row, each in said.items() if each.picture_sentiment}
        view = self.view
        return {
            "posts": len(said),
            "sentiment": _all_right(
                felt,
                {
                    CAPTIONS: view.caption_sentiments,
                    PICTURES: view.image_sentiments,
                    BOTH: view.sentiments,
                },
            ),
            "picture_sentiment": _all_right(seen, {PICTURES: view.image_sentiments}),
            "topics": self._topics(
                {row: each.topics for row, each in said.items() if each.topics is not None}
            ),
        }

    def _topics(self, said: Mapping[int, tuple[str, ...]]) -> OwnTopics:
        """Topics by names or titles; those that the gallery does not have are left out."""
        names = self.material.record.names
        known = {folded(name): place for place, name in enumerate(names)}
        for name, title in self.view.topic_titles.items():
            if name in names:
                known[folded(title)] = names.index(name)
        places = {
            row: {known[folded(each)] for each in topics if folded(each) in known}
            for row, topics in said.items()
        }
        unknown = sorted({t for each in said.values() for t in each if folded(t) not in known})
        told = {row: found for row, found in places.items() if found or not said[row]}
        rows = np.array(list(told), dtype=np.int64)
        truth = np.zeros((len(rows), len(names)), dtype=np.bool_)
        for place, row in enumerate(told):
            truth[place, list(told[row])] = True
        caption, image = self.view.sides_topics
        shown = {CAPTIONS: caption, PICTURES: image, BOTH: self.view.topics[:, : len(names)]}
        return {
            "posts": len(rows),
            "unknown": unknown,
            "arms": {
                name: self._overlap(rows, truth, each[rows])
                for name, each in shown.items()
                if len(rows)
            },
        }

    def _overlap(
        self, rows: NDArray[np.int64], truth: NDArray[np.bool_], shown: NDArray[np.bool_]
    ) -> Scores:
        counts = summed_by_picture(self.material.pictures[rows], set_counts(truth, shown))
        draws = self.material.draws(len(counts))
        found: Scores = {}
        for name, each in _TOPIC_MEASURES.items():
            found[name] = figure(counts, each, draws)
        return found


def _all_right(said: Mapping[int, Sentiment], found: Mapping[str, Codes]) -> OwnSentiment:
    """How right each arm is; of nothing said there is no share."""
    return {
        "posts": len(said),
        "arms": {name: _right(said, codes) for name, codes in found.items() if said},
    }


def _right(said: Mapping[int, Sentiment], found: Codes) -> Right:
    """The share of posts that are called as they were said to be."""
    right = sum(int(found[row]) == SENTIMENTS.index(name) for row, name in said.items())
    share = wilson(right, len(said))
    return {"right": right, "value": share.value, "low": share.low, "high": share.high}
