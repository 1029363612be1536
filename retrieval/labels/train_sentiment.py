r"""Trains the caption sentiment head, and compares it with what else could stand in its place.

    python -m retrieval.labels.train_sentiment --senticap senticap_dataset.json \
        --coco captions_train2017.json --coco captions_val2017.json

prints the table of docs/models.md and writes sentiment_head.json, always the same from the same
data. Every choice is made on SentiCap's val split, the social captions and one half of the probe;
SentiCap's test split and the probe's other half only report.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.captions import plain
from retrieval.cli import run
from retrieval.config import Settings
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.errors import BadInput
from retrieval.labels.language import language_of
from retrieval.labels.sentiment_head import HEAD_FILE
from retrieval.labels.sentiment_texts import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    Text,
    pseudo_neutral,
    read_coco,
    read_senticap,
    read_social,
    same_text,
)
from retrieval.labels.vader import FEATURES, vader_features
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Predict = Callable[[Sequence[str]], NDArray[np.float64]]

_SEED = 0
_FOLDS = 5
_STRENGTHS = (0.3, 1.0, 3.0, 10.0)  # of LogisticRegression's C: less and less regularised
_STRENGTH_POSTED = 1.0  # of the second expert, by cross-validation over the social captions
_ROW = re.compile(r"\[[-0-9.,e\s]+\]")
_PROBE = Path("data/probe/posts.csv")


class Candidate(NamedTuple):
    """One way to tell a caption's sentiment."""

    name: str
    features: str  # vader (its own rule), words (TF-IDF), vectors, vectors+vader
    social: str = "unseen"  # the social captions: unseen, joined with the rest, or an expert's own


CANDIDATES = (
    Candidate("VADER ±0.05", "vader"),
    Candidate("TF-IDF", "words"),
    Candidate("vectors", "vectors"),
    Candidate("vectors + VADER", "vectors+vader"),
    Candidate("TF-IDF, social captions joined", "words", "joined"),
    Candidate("vectors + VADER, social captions joined", "vectors+vader", "joined"),
    Candidate("vectors, two experts", "vectors", "expert"),
    Candidate("vectors + VADER, two experts", "vectors+vader", "expert"),
)
CHOSEN = CANDIDATES[-1]


class Linear(NamedTuple):
    """A logistic regression: a row of weights a class, or one row for two classes."""

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shape (n, rows)."""
        return np.asarray(inputs @ self.weights.T + self.biases, dtype=np.float64)


class Experts(NamedTuple):
    """A mixture of experts (Jacobs et al. 1991): the gate says whose kind of caption it is."""

    described: Linear  # trained on sentences that describe a picture
    posted: Linear  # trained on captions as people post them
    gate: Linear  # on the vectors alone: high for posted

    def scores(
        self, vectors: NDArray[np.float32], inputs: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Shape (n, 3)."""
        posted = 1 / (1 + np.exp(-self.gate.logits(vectors)))
        described = _softmax(self.described.logits(inputs))
        return posted * _softmax(self.posted.logits(inputs)) + (1 - posted) * described


@dataclass(frozen=True, slots=True)
class Data:
    """All texts, by what they are for."""

    senticap: list[Text]
    coco: list[Text]  # none of SentiCap's test pictures
    coco_of_test: list[Text]  # of SentiCap's test pictures: only tested on
    neutrals: list[Text]  # SentiCap's train sentences without their adjectives
    social: list[Text]
    probe: list[dict[str, str]]

    def split(self, name: str) -> list[Text]:
        """SentiCap's sentences of one split."""
        return [text for text in self.senticap if text.split == name]


class Features:
    """Sentence vectors and VADER's features of every text, computed once."""

    def __init__(self, encoder: SentenceEncoder, texts: Sequence[str]) -> None:
        known = sorted({same_text(text) for text in texts})
        self._rows = {text: row for row, text in enumerate(known)}
        self._vectors = encoder.encode_texts(known)
        self._vader = vader_features(known)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, 384)."""
        return self._vectors[self._places(texts)]

    def vader(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, 4)."""
        return self._vader[self._places(texts)]

    def _places(self, texts: Sequence[str]) -> list[int]:
        return [self._rows[same_text(text)] for text in texts]


def main(argv: Sequence[str] | None = None) -> int:
    """Train, compare, report, and write the weights."""
    arguments = _parser().parse_args(argv)
    return run(lambda: _train(arguments, Settings.from_environment()))


def _train(arguments: argparse.Namespace, settings: Settings) -> int:
    data = _read(arguments)
    encoder = SentenceEncoder(cache_dir=settings.cache_dir)
    texts = [*data.senticap, *data.coco, *data.coco_of_test, *data.neutrals, *data.social]
    features = Features(encoder, [t.text for t in texts] + [row["caption"] for row in data.probe])
    trainer = _Trainer(data, features)
    _show_head(data)
    rows = [trainer.evaluate(candidate) for candidate in CANDIDATES]
    for row in rows:
        _show(row)
    report = trainer.final_report(CHOSEN)
    _print(json.dumps(report, indent=2))
    fields = {
        "encoder": encoder.fingerprint,
        "trained_by": "python -m retrieval.labels.train_sentiment",
        "seed": _SEED,
        "scores": {"comparison": rows, "chosen": report},
        **trainer.as_json(trainer.train(CHOSEN)),
    }
    HEAD_FILE.write_text(_readable(fields), "utf-8")
    _print(f"wrote {HEAD_FILE}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m retrieval.labels.train_sentiment", description="Train the sentiment head."
    )
    parser.add_argument("--senticap", type=Path, required=True, metavar="FILE")
    parser.add_argument("--coco", type=Path, required=True, action="append", metavar="FILE")
    parser.add_argument("--probe", type=Path, default=_PROBE, metavar="FILE")
    return parser


def _read(arguments: argparse.Namespace) -> Data:
    senticap = read_senticap(arguments.senticap)
    tested = {text.picture for text in senticap if text.split == "test"}
    coco = read_coco(arguments.coco)
    train = [text for text in senticap if text.split == "train"]
    try:
        with arguments.probe.open(encoding="utf-8", newline="") as file:
            probe = list(csv.DictReader(file))
    except OSError as error:
        raise BadInput(f"cannot read {arguments.probe}: {error.strerror}") from error
    return Data(
        senticap=senticap,
        coco=[text for text in coco if text.picture not in tested],
        coco_of_test=[text for text in coco if text.picture in tested],
        neutrals=pseudo_neutral(train),
        social=read_social(),
        probe=probe,
    )


class _Trainer:
    def __init__(self, data: Data, features: Features) -> None:
        self._data = data
        self._features = features
        self._base = [*data.split("train"), *data.neutrals]

    def evaluate(self, candidate: Candidate) -> dict[str, Any]:
        """One row of the table."""
        data = self._data
        strength = self._strength(candidate)
        full = self._fit(candidate, strength, [*self._base, *data.coco], data.social)
        coco = self._coco_out_of_fold(candidate, strength)
        return {
            "name": candidate.name,
            "C": strength,
            "val": _three_way(data.split("val"), full, coco),
            "test": _three_way(data.split("test"), full, coco),
            "unseen_adjectives": round(self._unseen_adjectives(candidate, strength), 3),
            "social_captions": round(_accuracy(*self._social(candidate, strength)), 3),
            "probe_choose": self._probe("choose", full),
        }

    def final_report(self, candidate: Candidate) -> dict[str, Any]:
        """What is reported once, of the chosen head with its temperature."""
        full = self._predict(candidate, self.train(candidate))
        test = self._data.split("test")
        scores = full([text.text for text in test])
        return {
            "probe_report": self._probe("report", full),
            "probe_report_by_kind": self._probe_by_kind("report", full),
            "probe_report_ece": self._probe_ece("report", full),
            "senticap_test_ece": _ece(scores, np.array([text.label for text in test])),
        }

    def train(self, candidate: Candidate) -> Experts:
        """The head on all training texts, as sure of posted captions as it is right."""
        strength = self._strength(candidate)
        base = [*self._base, *self._data.coco]
        experts = self._experts(candidate, strength, base, self._data.social)
        temperature = self._temperature(candidate, strength)
        weights, biases = experts.posted
        return experts._replace(posted=Linear(weights / temperature, biases / temperature))

    def as_json(self, experts: Experts) -> dict[str, Any]:
        """The head's numbers, as sentiment_head.json keeps them."""
        centre, spread = self._scaling
        return {
            "vader": {
                name: {"mean": _number(mean), "deviation": _number(deviation)}
                for name, mean, deviation in zip(FEATURES, centre, spread, strict=True)
            },
            "gate": _row_as_json(experts.gate, 0),
            "described": _rows_as_json(experts.described),
            "posted": _rows_as_json(experts.posted),
        }

    def _strength(self, candidate: Candidate) -> float:
        """The C that does best on val; COCO's captions are all in training meanwhile."""
        if candidate.features == "vader":
            return 0
        val = self._data.split("val") + self._data.coco_of_test
        truth = np.array([text.label for text in val])
        texts = [*self._base, *self._data.coco]
        fits = [self._fit(candidate, c, texts, self._data.social) for c in _STRENGTHS]
        right = [_macro_f1(truth, fit([t.text for t in val]).argmax(axis=1)) for fit in fits]
        return _STRENGTHS[int(np.argmax(right))]

    def _temperature(self, candidate: Candidate, strength: float) -> float:
        """What makes the scores of social captions out of fold as sure as they are right."""
        probabilities, truth = self._social(candidate, strength)
        logits = np.log(np.clip(probabilities, 1e-9, 1))
        grid = np.arange(0.5, 4, 0.05)
        rows = np.arange(len(truth))
        losses = [-np.log(_softmax(logits / t)[rows, truth]).mean() for t in grid]
        return float(grid[int(np.argmin(losses))])

    def _coco_out_of_fold(self, candidate: Candidate, strength: float) -> NDArray[np.float64]:
        """Shape (n, 3): every COCO caption scored by a model that saw none of its picture's."""
        coco = [*self._data.coco, *self._data.coco_of_test]
        folds = _folds([text.picture for text in coco])
        scores = np.zeros((len(coco), 3))
        for fold in range(_FOLDS):
            train = [t for t, f in zip(self._data.coco, folds, strict=False) if f != fold]
            predict = self._fit(candidate, strength, [*self._base, *train], self._data.social)
            tested = np.flatnonzero(folds == fold)
            scores[tested] = predict([coco[place].text for place in tested])
        return scores

    def _unseen_adjectives(self, candidate: Candidate, strength: float) -> float:
        """Binary accuracy on sentences none of whose adjectives were in training.

        Sentences with adjectives of several folds connect nearly all of SentiCap into one
        component, so each is left out where it would leak: it trains only in folds that have none
        of its adjectives, and is tested only where its fold has all of them.
        """
        sentences = [text for text in self._data.senticap if text.adjectives]
        names = sorted({a for text in sentences for a in text.adjectives})
        fold_of = dict(zip(names, _folds(names), strict=True))
        right = tested = 0
        for fold in range(_FOLDS):
            train = [t for t in sentences if all(fold_of[a] != fold for a in t.adjectives)]
            test = [t for t in sentences if all(fold_of[a] == fold for a in t.adjectives)]
            neutrals = pseudo_neutral(train)
            known = [n for n in neutrals if same_text(n.text) in self._features._rows]
            predict = self._fit(
                candidate, strength, [*train, *known, *self._data.coco], self._data.social
            )
            scores = predict([text.text for text in test])
            right += int(_binary_right(test, scores).sum())
            tested += len(test)
        return right / tested

    def _social(
        self, candidate: Candidate, strength: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Scores of the social captions, out of fold where they are trained on, and the truth."""
        social, base = self._data.social, [*self._base, *self._data.coco]
        folds = _folds([text.text for text in social])
        scores = np.zeros((len(social), 3))
        for fold in range(_FOLDS):
            train = [text for text, f in zip(social, folds, strict=True) if f != fold]
            predict = self._fit(candidate, strength, base, train)
            tested = np.flatnonzero(folds == fold)
            scores[tested] = predict([social[place].text for place in tested])
        return scores, np.array([text.label for text in social])

    def _probe(self, half: str, predict: Predict) -> dict[str, float]:
        """On English captions: against both labellings, and where the two agree."""
        rows = [r for r in self._data.probe if r["half"] == half and r["language"] == "en"]
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
            "macro_f1_agreed": round(_macro_f1(first[agreed], found[agreed]), 3),
            **{f"{s}_recall": round(float(r), 3) for s, r in zip(SENTIMENTS, recalls, strict=True)},
        }

    def _probe_by_kind(self, half: str, predict: Predict) -> dict[str, str]:
        """Right of all, by kind, where both labellings agree; and which languages are noticed."""
        rows = [r for r in self._data.probe if r["half"] == half]
        english = [r for r in rows if r["language"] == "en" and r["first"] == r["second"]]
        found = predict([row["caption"] for row in english]).argmax(axis=1)
        by_kind: dict[str, list[bool]] = {}
        for row, label in zip(english, found, strict=True):
            by_kind.setdefault(row["kind"], []).append(SENTIMENTS[label] == row["first"])
        told = {kind: f"{sum(right)} of {len(right)}" for kind, right in sorted(by_kind.items())}
        foreign = [row for row in rows if row["language"] != "en"]
        noticed = sum(language_of(row["caption"]) != "en" for row in foreign)
        mistaken = sum(language_of(r["caption"]) not in ("en", None) for r in rows) - noticed
        return {
            **told,
            "other languages noticed": f"{noticed} of {len(foreign)}",
            "English taken for another": f"{max(mistaken, 0)} of {len(rows) - len(foreign)}",
        }

    def _probe_ece(self, half: str, predict: Predict) -> float:
        rows = [r for r in self._data.probe if r["half"] == half and r["language"] == "en"]
        rows = [row for row in rows if row["first"] == row["second"]]
        truth = np.array([SENTIMENTS.index(row["first"]) for row in rows])
        return _ece(predict([row["caption"] for row in rows]), truth)

    def _fit(
        self,
        candidate: Candidate,
        strength: float,
        texts: Sequence[Text],
        social: Sequence[Text],
    ) -> Predict:
        if candidate.features == "vader":
            return self._vader_rule
        joined = [*texts, *(social if candidate.social == "joined" else ())]
        if candidate.features == "words":
            return _fit_words(strength, joined)
        if candidate.social == "expert":
            return self._predict(candidate, self._experts(candidate, strength, texts, social))
        model = self._linear(candidate, strength, joined)
        return lambda captions: _softmax(model.logits(self._inputs(candidate, captions)))

    def _experts(
        self,
        candidate: Candidate,
        strength: float,
        texts: Sequence[Text],
        social: Sequence[Text],
    ) -> Experts:
        captions = [text.text for text in [*texts, *social]]
        posted = [0] * len(texts) + [1] * len(social)
        return Experts(
            described=self._linear(candidate, strength, texts),
            posted=self._linear(candidate, _STRENGTH_POSTED, social),
            gate=_logistic(self._features.vectors(captions), posted, 1, class_weight="balanced"),
        )

    def _predict(self, candidate: Candidate, experts: Experts) -> Predict:
        return lambda captions: experts.scores(
            self._features.vectors(captions), self._inputs(candidate, captions)
        )

    def _linear(self, candidate: Candidate, strength: float, texts: Sequence[Text]) -> Linear:
        inputs = self._inputs(candidate, [text.text for text in texts])
        return _logistic(inputs, [text.label for text in texts], strength)

    @cached_property
    def _scaling(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        texts = [*self._base, *self._data.coco, *self._data.social]
        features = self._features.vader([text.text for text in texts])
        return features.mean(axis=0), features.std(axis=0)

    def _inputs(self, candidate: Candidate, captions: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._features.vectors(captions)
        if candidate.features == "vectors":
            return vectors
        centre, spread = self._scaling
        return np.hstack([vectors, (self._features.vader(captions) - centre) / spread])

    def _vader_rule(self, captions: Sequence[str]) -> NDArray[np.float64]:
        compound = self._features.vader(captions)[:, 0]
        rule = [compound <= -0.05, np.abs(compound) < 0.05, compound >= 0.05]
        return np.stack(rule, axis=1).astype(np.float64)


def _logistic(
    inputs: NDArray[np.float32], labels: Sequence[int], strength: float, **options: Any
) -> Linear:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=3000, random_state=_SEED, **options)
    model.fit(inputs, labels)
    return Linear(model.coef_, model.intercept_)


def _fit_words(strength: float, texts: Sequence[Text]) -> Predict:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(preprocessor=same_text, ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10 * strength, max_iter=3000, random_state=_SEED),
    )
    model.fit([text.text for text in texts], [text.label for text in texts])
    return lambda captions: np.asarray(model.predict_proba([plain(c) for c in captions]))


def _folds(groups: Sequence[Any]) -> NDArray[np.int64]:
    """A fold for every group, the same wherever the group appears; about equally many each."""
    names = sorted(set(groups))
    order = np.random.default_rng(_SEED).permutation(len(names))
    fold_of = {names[place]: rank % _FOLDS for rank, place in enumerate(order)}
    return np.array([fold_of[group] for group in groups])


def _three_way(
    sentences: Sequence[Text], predict: Predict, coco: NDArray[np.float64]
) -> dict[str, float]:
    """SentiCap's sentences for the two poles, COCO's captions out of fold for neutral."""
    scores = predict([text.text for text in sentences])
    truth = np.array([text.label for text in sentences] + [NEUTRAL] * len(coco))
    found = np.vstack([scores, coco]).argmax(axis=1)
    return {
        "binary_accuracy": round(float(_binary_right(sentences, scores).mean()), 3),
        "accuracy": round(float((found == truth).mean()), 3),
        "macro_f1": round(_macro_f1(truth, found), 3),
        "neutral_recall": round(float((found[truth == NEUTRAL] == NEUTRAL).mean()), 3),
    }


def _binary_right(sentences: Sequence[Text], scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    positive = scores[:, POSITIVE] > scores[:, NEGATIVE]
    truth = np.array([text.label == POSITIVE for text in sentences], dtype=np.bool_)
    right: NDArray[np.bool_] = truth == positive
    return right


def _macro_f1(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, found, average="macro"))


def _accuracy(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float((scores.argmax(axis=1) == truth).mean())


def _ece(scores: NDArray[np.float64], truth: NDArray[np.int64], bins: int = 10) -> float:
    """Expected calibration error (Guo et al. 2017) of the winning class, in equal-width bins."""
    sure, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return round(float(sum(gaps)), 3)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _rows_as_json(linear: Linear) -> dict[str, Any]:
    return {name: _row_as_json(linear, row) for row, name in enumerate(SENTIMENTS)}


def _row_as_json(linear: Linear, row: int) -> dict[str, Any]:
    return {"bias": _number(linear.biases[row]), "weights": list(map(_number, linear.weights[row]))}


def _number(value: float) -> float:
    return round(float(value), 5)


def _readable(fields: dict[str, Any]) -> str:
    """JSON with each row of numbers on one line."""
    text = json.dumps(fields, indent=1, ensure_ascii=False)
    return _ROW.sub(lambda row: " ".join(row.group().split()), text) + "\n"


def _show_head(data: Data) -> None:
    _print(
        f"{len(data.split('train'))} SentiCap train sentences, {len(data.neutrals)} of them again "
        f"without their adjectives, {len(data.coco)} COCO captions, {len(data.social)} social "
        f"captions; tested: {len(data.split('test'))} SentiCap sentences\n"
    )
    first = [row["first"] for row in data.probe]
    same = [row["first"] == row["second"] for row in data.probe]
    _print(f"probe: {len(first)} captions, the two labellings agree on {sum(same)}\n")
    _print("head | C | test: binary | 3-way acc. | macro-F1 | neutral recall | unseen adjectives |")
    _print("     |   | social captions | probe, choosing half: accuracy, macro-F1 where agreed")


def _show(row: dict[str, Any]) -> None:
    test, probe = row["test"], row["probe_choose"]
    _print(
        f"{row['name']} | {row['C']} | {test['binary_accuracy']:.3f} | {test['accuracy']:.3f} | "
        f"{test['macro_f1']:.3f} | {test['neutral_recall']:.3f} | {row['unseen_adjectives']:.3f} | "
        f"{row['social_captions']:.3f} | {probe['accuracy']:.3f} {probe['macro_f1_agreed']:.3f} "
        f"(val {row['val']['macro_f1']:.3f})"
    )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
