"""What posts are about: captions, pictures and both, against what COCO's annotators marked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.evaluate.arms import (
    BOTH,
    CAPTIONS,
    DESCRIBED,
    LEAST_PICTURES,
    PICTURES,
    PRIMARY,
    SECOND,
    all_at_once,
    arm,
    contrast,
    contrasts,
    figure,
    untested,
)
from retrieval.evaluate.controls import (
    degradation,
    degraded,
    second_captions,
    shuffled,
    shuffled_rows,
)
from retrieval.evaluate.material import most_changed
from retrieval.evaluate.metrics import (
    calibration_error,
    mean_average_precision,
    micro_f1,
    precision,
    recall,
    reliability_points,
    set_counts,
)
from retrieval.evaluate.statistics import (
    FOLDS,
    folds_of,
    interval,
    summed_by_picture,
)
from retrieval.evaluate.tfidf import tfidf
from retrieval.evaluate.truth import EVERY_OBJECT, objects_of, testable, topic_truths
from retrieval.labels.scores import is_known, shown_topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from retrieval.evaluate.material import Material
    from retrieval.evaluate.results import (
        Arm,
        ByTopic,
        ByTruth,
        Changed,
        Contrast,
        Figure,
        Kind,
        Level,
        MeasureName,
        Reliability,
        Shuffled,
        TopicsTask,
        Verdict,
    )
    from retrieval.evaluate.statistics import Counts, Measure

_LEAST_POSITIVES = 20  # pictures that show a topic, for a figure of its own
_DRAWS_AT_ONCE = 200
_MEASURES: dict[MeasureName, Measure] = {
    "micro_f1": micro_f1,
    "precision": precision,
    "recall": recall,
}
_SHOWN = 4  # posts that got better, and as many that got worse

_WHY_NOT = {
    CAPTIONS: "no caption is in a language that the caption encoder knows",
    PICTURES: "no encoder of these pictures can tell",
    BOTH: "no encoder of these pictures can tell",
    DESCRIBED: "the gallery has no descriptions",
    SECOND: "no picture has a second caption",
}


class Labelled(NamedTuple):
    """What one arm says about n posts, on the topics that are tested; shape (n, topics) each."""

    shown: NDArray[np.bool_]
    scores: NDArray[np.float64]  # -1 where it says nothing


def evaluate_topics(material: Material) -> TopicsTask | None:
    """Everything about topics; None where nobody marked what the pictures show."""
    rows = np.array(
        [
            row
            for row, post in enumerate(material.posts)
            if post.has_caption and objects_of(post) is not None
        ],
        dtype=np.int64,
    )
    if not len(rows) or not testable(material.record.names)[0]:
        return None
    return _Topics(material, rows).result()


class _Topics:
    def __init__(self, material: Material, rows: NDArray[np.int64]) -> None:
        self._material = material
        self._rows = rows
        self._posts = [material.posts[row] for row in rows]
        self._pictures = material.pictures[rows]
        names = material.record.names
        self._places, self._untested = testable(names)
        self._names = [names[place] for place in self._places]
        self._truths = topic_truths(self._posts, self._pictures, self._names)
        self._truth = self._truths[EVERY_OBJECT]
        self._draws = material.draws(len(np.unique(self._pictures)))

    def result(self) -> TopicsTask:
        arms = self._arms()
        by_topic = self._by_topic(arms)
        by_truth = {name: self._by_truth(arms, truth) for name, truth in self._truths.items()}
        return {
            "question": "What is the post about?",
            "measure": "micro_f1",
            "posts": len(self._rows),
            "pictures": len(self._draws[0]),
            "topics": self._names,
            "titles": self._material.topic_titles,
            "untested_topics": self._untested,
            "primary": by_truth[EVERY_OBJECT]["contrasts"][PRIMARY].copy(),
            "arms": by_truth[EVERY_OBJECT]["arms"],
            "by_truth": by_truth,
            "by_topic": by_topic,
            "helped": _with_verdict(by_topic, "better"),
            "harmed": _with_verdict(by_topic, "worse"),
            "reliability": self._reliability(arms),
            "shuffled_pictures": self._shuffled(arms),
            "degradation": self._degraded(),
            "changed": self._changed(arms),
        }

    def _by_truth(self, arms: Mapping[str, Labelled | None], truth: NDArray[np.bool_]) -> ByTruth:
        return {
            "labels": int(truth.sum()),
            "map_topics": [self._names[place] for place in self._frequent(truth)],
            "arms": self._scored(arms, truth),
            "contrasts": self._contrasts(arms, truth),
        }

    def _arms(self) -> dict[str, Labelled | None]:
        """None: not tested."""
        arrays, (of_caption, of_image, of_both) = self._material.arrays, self._material.record.cuts
        caption, image = arrays.caption_topics[self._rows], arrays.image_topics[self._rows]
        described = arrays.described_topics[self._rows]
        second = second_captions([post.caption for post in self._posts], self._pictures)
        other = np.where((second >= 0)[:, None], caption[second], np.nan).astype(np.float32)
        return {
            CAPTIONS: self._labelled(caption, of_caption),
            PICTURES: self._labelled(image, of_image),
            BOTH: self._labelled(arrays.topics[self._rows], self._cuts(caption, image)),
            DESCRIBED: self._labelled(described, of_caption),
            SECOND: self._labelled(self._material.labeller.fused_topics(caption, other), of_both),
        }

    def _cuts(self, caption: NDArray[np.float32], image: NDArray[np.float32]) -> Any:
        """Shape (n, 1): as labels are shown, by the sides there are."""
        of_caption, of_image, of_both = self._material.record.cuts
        told, seen = is_known(caption), is_known(image)
        cuts = np.where(seen, np.where(told, of_both, of_image), of_caption)
        return cuts.astype(np.float32)[:, None]

    def _labelled(self, scores: NDArray[np.float32], cut: Any) -> Labelled | None:
        if not is_known(scores).any():
            return None
        shown = shown_topics(scores, cut)[:, self._places]
        return Labelled(shown, np.nan_to_num(scores[:, self._places].astype(float), nan=-1.0))

    def _scored(
        self, arms: Mapping[str, Labelled | None], truth: NDArray[np.bool_]
    ) -> dict[str, Arm]:
        found: dict[str, Arm] = {}
        for name, labelled in arms.items():
            kind: Kind = "reference" if name == SECOND else "arm"
            if labelled is None:
                found[name] = untested(kind, _WHY_NOT[name])
                continue
            found[name] = arm(kind, self._counts(labelled.shown, truth), _MEASURES, self._draws)
            if len(self._frequent(truth)):
                found[name]["map"] = self._map(labelled.scores, truth)
        for name, shown, scores in self._baselines():
            found[name] = arm("baseline", self._counts(shown, truth), _MEASURES, self._draws)
            if scores is not None and len(self._frequent(truth)):
                found[name]["map"] = self._map(scores, truth)
        return found

    def _baselines(self) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64] | None]]:
        common = np.zeros(self._truth.shape, dtype=np.bool_)
        common[:, np.argsort(-self._truth.sum(axis=0), kind="stable")[:3]] = True
        shown, scores = self._by_words
        return [
            ("every topic, always", np.ones_like(self._truth), None),
            ("the three commonest topics", common, None),
            ("TF-IDF of captions, other pictures' truth learned", shown, scores),
        ]

    @cached_property
    def _by_words(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Every post by a model of words that saw none of its picture's captions."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        folds = folds_of(self._pictures)
        captions = np.array([post.caption for post in self._posts])
        scores = np.zeros(self._truth.shape)
        for fold in range(FOLDS):
            train, test = folds != fold, folds == fold
            for topic, truth in enumerate(self._truth.T):
                if not test.any() or len(set(truth[train].tolist())) < 2:
                    continue
                model = make_pipeline(
                    tfidf(pairs=True),
                    LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
                )
                model.fit(captions[train], truth[train])
                scores[test, topic] = model.predict_proba(captions[test])[:, 1]
        return scores >= 0.5, scores

    def _counts(self, shown: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Counts:
        return summed_by_picture(self._pictures, set_counts(truth, shown))

    def _map(self, scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> Figure:
        """Mean average precision with its interval; exploratory.

        Over topics that enough pictures show, the same ones in all resamples: a topic that drops
        out of some would lift their mean.
        """
        frequent = self._frequent(truth)
        truth, scores = truth[:, frequent], scores[:, frequent]
        _, places = np.unique(self._pictures, return_inverse=True)
        weights = self._draws[:, places]
        drawn = np.concatenate(
            [
                mean_average_precision(truth, scores, weights[start : start + _DRAWS_AT_ONCE])
                for start in range(0, len(weights), _DRAWS_AT_ONCE)
            ]
        )
        value = float(mean_average_precision(truth, scores, np.ones((1, len(truth))))[0])
        low, high = interval(drawn)
        if len(self._draws[0]) < LEAST_PICTURES:
            return {"value": value, "low": None, "high": None}
        return {"value": value, "low": low, "high": high}

    def _frequent(self, truth: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The places of the topics that enough pictures show."""
        shown = [len(np.unique(self._pictures[showing])) for showing in truth.T]
        return np.flatnonzero(np.array(shown) >= _LEAST_POSITIVES)

    def _contrasts(
        self, arms: Mapping[str, Labelled | None], truth: NDArray[np.bool_]
    ) -> dict[str, Contrast]:
        counts = {
            name: self._counts(labelled.shown, truth)
            for name, labelled in arms.items()
            if labelled is not None
        }
        others = (PICTURES, SECOND, DESCRIBED)
        return contrasts(counts, others, micro_f1, self._draws, _WHY_NOT)

    def _by_topic(self, arms: Mapping[str, Labelled | None]) -> dict[str, ByTopic]:
        """F1 by topic, of the topics that enough pictures show, and what looking adds to each."""
        counts = {name: self._counts_by_topic(arms, name) for name in self._names}
        frequent = [self._names[place] for place in self._frequent(self._truth)]
        differences = {
            name: contrast(counts[name][BOTH], counts[name][CAPTIONS], micro_f1, self._draws)
            for name in frequent
            if {BOTH, CAPTIONS} <= counts[name].keys()
        }
        differences = all_at_once(differences)
        return {
            name: {
                "pictures": len(np.unique(self._pictures[self._truth[:, place]])),
                "f1": {
                    side: figure(each, micro_f1, self._draws)
                    for side, each in counts[name].items()
                    if name in frequent
                },
                "difference": differences.get(name),
            }
            for place, name in enumerate(self._names)
        }

    def _counts_by_topic(
        self, arms: Mapping[str, Labelled | None], topic: str
    ) -> dict[str, Counts]:
        place = [self._names.index(topic)]
        return {
            name: self._counts(labelled.shown[:, place], self._truth[:, place])
            for name, labelled in arms.items()
            if labelled is not None
        }

    def _reliability(self, arms: Mapping[str, Labelled | None]) -> dict[str, Reliability]:
        found: dict[str, Reliability] = {}
        for name in (CAPTIONS, PICTURES, BOTH, DESCRIBED):
            if (labelled := arms[name]) is None:
                continue
            said = labelled.scores[:, 0] >= 0
            sure, truth = labelled.scores[said].ravel(), self._truth[said].ravel()
            found[name] = {
                "expected_calibration_error": calibration_error(sure, truth),
                "points": reliability_points(sure, truth),
            }
        return found

    def _shuffled(self, arms: Mapping[str, Labelled | None]) -> Shuffled | None:
        """Both, with every picture's labels from another picture."""
        captions = arms[CAPTIONS]
        if captions is None or arms[PICTURES] is None:
            return None
        arrays = self._material.arrays
        told, images = arrays.caption_topics[self._rows], arrays.image_topics[self._rows]

        def both(random: np.random.Generator) -> Counts:
            seen = images[shuffled_rows(self._pictures, random)]
            fused = self._material.labeller.fused_topics(told, seen)
            shown = shown_topics(fused, self._cuts(told, seen))[:, self._places]
            return self._counts(shown, self._truth)

        return shuffled(both, self._counts(captions.shown, self._truth), micro_f1)

    def _degraded(self) -> dict[str, Level]:
        """The three arms with less and less of the caption left."""
        captions = [post.caption for post in self._posts]
        of_caption, of_image, _ = self._material.record.cuts

        def counts_at(level: str) -> dict[str, Counts]:
            arrays = self._material.labels_of(degraded(captions, level), self._rows)
            told, seen = arrays.caption_topics, arrays.image_topics
            shown = {
                CAPTIONS: shown_topics(told, of_caption),
                PICTURES: shown_topics(seen, of_image),
                BOTH: shown_topics(arrays.topics, self._cuts(told, seen)),
            }
            return {
                name: self._counts(each[:, self._places], self._truth)
                for name, each in shown.items()
            }

        return degradation(counts_at, micro_f1, self._draws)

    def _changed(self, arms: Mapping[str, Labelled | None]) -> list[Changed]:
        """The posts that looking at the picture changed most, for better and for worse."""
        captions, pictures, both = arms[CAPTIONS], arms[PICTURES], arms[BOTH]
        if captions is None or pictures is None or both is None:
            return []
        before, after = (micro_f1(set_counts(self._truth, each.shown)) for each in (captions, both))
        gain = after - before
        sides = {CAPTIONS: captions, PICTURES: pictures, BOTH: both}
        return [
            {
                "post_id": self._posts[row].post_id,
                "image_id": self._posts[row].image_id,
                "caption": self._posts[row].caption,
                "gain": float(gain[row]),
                "truth": self._said(self._truth[row]),
                "said": {name: self._said(side.shown[row]) for name, side in sides.items()},
            }
            for row in most_changed(gain, self._pictures, _SHOWN)
        ]

    def _said(self, shown: NDArray[np.bool_]) -> list[str]:
        return [name for name, there in zip(self._names, shown.tolist(), strict=True) if there]


def _with_verdict(by_topic: Mapping[str, ByTopic], verdict: Verdict) -> list[str]:
    return [
        name
        for name, each in by_topic.items()
        if each["difference"] is not None and each["difference"]["verdict"] == verdict
    ]
