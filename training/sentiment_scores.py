"""What a way to tell captions' sentiment is worth: on SentiCap, COCO, social captions, the probe.

Nothing here knows how a model is made. Where texts have to be left out of training, the functions
take a `Fit`, which trains on what it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.captions import same_text
from retrieval.evaluate import metrics
from retrieval.evaluate.statistics import FOLDS, disjoint_folds
from retrieval.labels.language import language_of
from retrieval.records import SENTIMENTS
from training.folds import folds_of
from training.sentiment_texts import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    Text,
    pseudo_neutral,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set

    from numpy.typing import NDArray

    Scores = NDArray[np.float64]  # shape (n, 3)
    Predict = Callable[[Sequence[str]], Scores]
    Fit = Callable[[Sequence[Text], Sequence[Text]], Predict]  # on described and on posted texts


@dataclass(frozen=True, slots=True)
class Data:
    """All texts, by what they are for."""

    senticap: list[Text]
    coco: list[Text]  # none of SentiCap's test pictures
    coco_of_test: list[Text]  # of SentiCap's test pictures: only tested on
    neutrals: list[Text]  # SentiCap's train sentences without their adjectives
    social: list[Text]  # as people post them
    voices: list[Text]  # more of these, in several voices
    probe: list[dict[str, str]]

    def split(self, name: str) -> list[Text]:
        """SentiCap's sentences of one split."""
        return [text for text in self.senticap if text.split == name]

    @property
    def with_neutrals(self) -> list[Text]:
        """SentiCap's train sentences, with and without their adjectives."""
        return [*self.split("train"), *self.neutrals]

    @property
    def described(self) -> list[Text]:
        """All training texts that describe a picture."""
        return [*self.with_neutrals, *self.coco]

    def probe_rows(self, half: str, *, english: bool) -> list[dict[str, str]]:
        """The probe's captions of one half, in English or in all other languages."""
        rows = [row for row in self.probe if row["half"] == half]
        return [row for row in rows if (row["language"] == "en") == english]


def three_way(sentences: Sequence[Text], predict: Predict, coco: Scores) -> dict[str, float]:
    """SentiCap's sentences for the two poles, COCO's captions out of fold for neutral."""
    scores = predict([text.text for text in sentences])
    truth = np.array([text.label for text in sentences] + [NEUTRAL] * len(coco))
    found = np.vstack([scores, coco]).argmax(axis=1)
    return {
        "binary_accuracy": round(float(_binary_right(sentences, scores).mean()), 3),
        "accuracy": round(float((found == truth).mean()), 3),
        "macro_f1": round(macro_f1(truth, found), 3),
        "neutral_recall": round(float((found[truth == NEUTRAL] == NEUTRAL).mean()), 3),
    }


def coco_out_of_fold(data: Data, fit: Fit) -> Scores:
    """Every COCO caption scored by a model that saw none of its picture's."""
    coco = [*data.coco, *data.coco_of_test]
    folds = folds_of([text.picture for text in coco])
    scores = np.zeros((len(coco), 3))
    for fold in range(FOLDS):
        train = [t for t, f in zip(data.coco, folds, strict=False) if f != fold]
        predict = fit([*data.with_neutrals, *train], data.social)
        tested = np.flatnonzero(folds == fold)
        scores[tested] = predict([coco[place].text for place in tested])
    return scores


def social_out_of_fold(data: Data, fit: Fit) -> Scores:
    """Every social caption scored by a model that did not see it."""
    social = data.social
    folds = folds_of([text.text for text in social])
    scores = np.zeros((len(social), 3))
    for fold in range(FOLDS):
        train = [text for text, f in zip(social, folds, strict=True) if f != fold]
        predict = fit(data.described, train)
        tested = np.flatnonzero(folds == fold)
        scores[tested] = predict([social[place].text for place in tested])
    return scores


def unseen_voices(data: Data, fit_without: Callable[[str], Predict]) -> dict[str, float]:
    """Accuracy on the captions of each voice by a model that saw none of that voice's."""
    found = {}
    for voice in sorted({text.split for text in data.voices}):
        texts = [text for text in data.voices if text.split == voice]
        scores = fit_without(voice)([text.text for text in texts])
        found[voice] = round(float((scores.argmax(axis=1) == labels_of(texts)).mean()), 3)
    return found


def unseen_adjectives(data: Data, fit: Fit, known: Set[str]) -> float:
    """Binary accuracy on sentences none of whose adjectives were in training.

    Of the sentences without their adjectives only the `known` train: their vectors are at hand.
    """
    sentences = [text for text in data.senticap if text.adjectives]
    right = tested = 0
    for fold in disjoint_folds([text.adjectives for text in sentences], folds_of):
        train, test = ([sentences[row] for row in rows] for rows in fold)
        neutrals = [n for n in pseudo_neutral(train) if same_text(n.text) in known]
        predict = fit([*train, *neutrals, *data.coco], data.social)
        scores = predict([text.text for text in test])
        right += int(_binary_right(test, scores).sum())
        tested += len(test)
    return right / tested


def probe(data: Data, half: str, predict: Predict) -> dict[str, float]:
    """On English captions: against both labellings, and where the two agree."""
    rows = data.probe_rows(half, english=True)
    found = predict([row["caption"] for row in rows]).argmax(axis=1)
    first, second = (
        np.array([SENTIMENTS.index(row[name]) for row in rows]) for name in ("first", "second")
    )
    agreed = first == second
    recalls = [(found[agreed & (first == c)] == c).mean() for c in range(len(SENTIMENTS))]
    return {
        "captions": len(rows),
        "accuracy": round(float(((found == first).mean() + (found == second).mean()) / 2), 3),
        "agreed": int(agreed.sum()),
        "accuracy_agreed": round(float((found == first)[agreed].mean()), 3),
        "macro_f1_agreed": round(macro_f1(first[agreed], found[agreed]), 3),
        **{f"{s}_recall": round(float(r), 3) for s, r in zip(SENTIMENTS, recalls, strict=True)},
    }


def probe_by_kind(data: Data, half: str, predict: Predict) -> dict[str, str]:
    """Right of all, by kind, where both labellings agree; and which languages are noticed."""
    english, foreign = (data.probe_rows(half, english=which) for which in (True, False))
    agreed = _agreed(english)
    found = predict([row["caption"] for row in agreed]).argmax(axis=1)
    by_kind: dict[str, list[bool]] = {}
    for row, label in zip(agreed, found, strict=True):
        by_kind.setdefault(row["kind"], []).append(SENTIMENTS[label] == row["first"])
    told = {kind: f"{sum(right)} of {len(right)}" for kind, right in sorted(by_kind.items())}
    noticed = sum(language_of(row["caption"]) != "en" for row in foreign)
    mistaken = sum(language_of(row["caption"]) not in ("en", None) for row in english)
    return {
        **told,
        "other languages noticed": f"{noticed} of {len(foreign)}",
        "English taken for another": f"{mistaken} of {len(english)}",
    }


def probe_calibration_error(data: Data, half: str, predict: Predict) -> float:
    """Of English captions where both labellings agree."""
    rows = _agreed(data.probe_rows(half, english=True))
    truth = np.array([SENTIMENTS.index(row["first"]) for row in rows])
    scores = predict([row["caption"] for row in rows])
    return round(metrics.winner_calibration_error(scores, truth), 3)


def macro_f1(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """`metrics.macro_f1` of texts with a class each."""
    return float(metrics.macro_f1(metrics.confusion_counts(truth, found).sum(axis=0)))


def labels_of(texts: Sequence[Text]) -> NDArray[np.int64]:
    """Shape (n,): the texts' places in SENTIMENTS."""
    return np.array([text.label for text in texts])


def _agreed(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in rows if row["first"] == row["second"]]


def _binary_right(sentences: Sequence[Text], scores: Scores) -> NDArray[np.bool_]:
    positive = scores[:, POSITIVE] > scores[:, NEGATIVE]
    truth = np.array([text.label == POSITIVE for text in sentences], dtype=np.bool_)
    right: NDArray[np.bool_] = truth == positive
    return right
