r"""Trains the caption sentiment head, and compares it with what else could stand in its place.

    python -m training.sentiment --senticap senticap_dataset.json \
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
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.captions import plain, same_text
from retrieval.cli import run
from retrieval.config import Settings
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.errors import BadInput
from retrieval.evaluate.metrics import winner_calibration_error
from retrieval.evaluate.statistics import SEED
from retrieval.labels.characters import BUCKETS, character_runs
from retrieval.labels.sentiment_head import HEAD_FILE
from retrieval.labels.vader import FEATURES, vader_features
from retrieval.records import SENTIMENTS
from retrieval.vectors import logistic, softmax
from training import sentiment_scores as evaluation
from training.regression import Linear, logistic_regression
from training.sentiment_scores import Data, labels_of, macro_f1
from training.sentiment_texts import (
    pseudo_neutral,
    read_coco,
    read_senticap,
    read_social,
    read_voices,
)

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from numpy.typing import NDArray

    from training.sentiment_scores import Fit, Predict
    from training.sentiment_texts import Text

_STRENGTHS = (0.3, 1.0, 3.0, 10.0)  # of LogisticRegression's C: less and less regularised
_STRENGTH_POSTED = 1.0  # of the second expert, by cross-validation over the social captions
_SCALE_OF_RUNS = 1.0  # of its runs of characters, against vectors of length 1: by unseen voices
_ROW = re.compile(r"\[[-0-9.,e\s]+\]")
_PROBE = Path("data/probe/posts.csv")


class Candidate(NamedTuple):
    """One way to tell a caption's sentiment."""

    name: str
    features: str  # vader (its own rule), words (TF-IDF), vectors, vectors+vader
    social: str = "unseen"  # the social captions: unseen, joined with the rest, or an expert's own
    voices: bool = False  # the second expert sees the captions in several voices as well
    runs: bool = False  # … and runs of characters


CANDIDATES = (
    Candidate("VADER ±0.05", "vader"),
    Candidate("TF-IDF", "words"),
    Candidate("vectors", "vectors"),
    Candidate("vectors + VADER", "vectors+vader"),
    Candidate("TF-IDF, social captions joined", "words", "joined"),
    Candidate("vectors + VADER, social captions joined", "vectors+vader", "joined"),
    Candidate("vectors, two experts", "vectors", "expert"),
    Candidate("vectors + VADER, two experts", "vectors+vader", "expert"),
    Candidate("the same, more voices", "vectors+vader", "expert", voices=True),
    Candidate("the same, runs of characters", "vectors+vader", "expert", runs=True),
    Candidate("the same, both", "vectors+vader", "expert", voices=True, runs=True),
)
CHOSEN = CANDIDATES[-1]


class Experts(NamedTuple):
    """A mixture of experts (Jacobs et al. 1991): the gate says whose kind of caption it is."""

    described: Linear  # trained on sentences that describe a picture
    posted: Linear  # trained on captions as people post them
    gate: Linear  # on the vectors alone: high for posted
    runs: NDArray[np.float64]  # (3, BUCKETS): what runs of characters add to `posted`

    def scores(
        self, captions: Sequence[str], vectors: NDArray[np.float32], inputs: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Shape (n, 3)."""
        gate = logistic(self.gate.logits(vectors))
        posted = softmax(self.posted.logits(inputs) + character_runs(captions) @ self.runs.T)
        described = softmax(self.described.logits(inputs))
        mixed: NDArray[np.float64] = gate * posted + (1 - gate) * described
        return mixed


class Features:
    """Sentence vectors and VADER's features of every text, computed once."""

    def __init__(self, encoder: SentenceEncoder, texts: Sequence[str]) -> None:
        known = sorted({same_text(text) for text in texts})
        self._rows = {text: row for row, text in enumerate(known)}
        self._vectors = encoder.encode_texts(known)
        self._vader = vader_features(known)

    @property
    def known(self) -> Set[str]:
        """The texts that have features, as `same_text` writes them."""
        return self._rows.keys()

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
    texts = [*data.senticap, *data.coco, *data.coco_of_test, *data.neutrals]
    texts += [*data.social, *data.voices]
    features = Features(encoder, [t.text for t in texts] + [row["caption"] for row in data.probe])
    trainer = Trainer(data, features)
    _show_head(data)
    rows = []
    for candidate in CANDIDATES:
        rows.append(_table_row(candidate, trainer, data))
        _show(rows[-1])
    experts = trainer.train(CHOSEN)
    report = _final_report(trainer.predict(CHOSEN, experts), data)
    _print(json.dumps(report, indent=2))
    fields = {
        "encoder": encoder.fingerprint,
        "trained_by": "python -m training.sentiment",
        "seed": SEED,
        "scores": {"comparison": rows, "chosen": report},
        **trainer.as_json(experts),
    }
    HEAD_FILE.write_text(_readable(fields), "utf-8")
    _print(f"wrote {HEAD_FILE}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.sentiment", description="Train the sentiment head."
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
        voices=read_voices(),
        probe=probe,
    )


def _table_row(candidate: Candidate, trainer: Trainer, data: Data) -> dict[str, Any]:
    """What is compared of every candidate."""
    fit = trainer.fit(candidate)
    full = fit(data.described, data.social)
    coco = evaluation.coco_out_of_fold(data, fit)
    unseen = evaluation.unseen_adjectives(data, fit, trainer.known_texts)
    found = trainer.social_scores(candidate).argmax(axis=1)
    return {
        "name": candidate.name,
        "C": trainer.strength(candidate),
        "val": evaluation.three_way(data.split("val"), full, coco),
        "test": evaluation.three_way(data.split("test"), full, coco),
        "unseen_adjectives": round(unseen, 3),
        "social_captions": round(float((found == labels_of(data.social)).mean()), 3),
        "probe_choose": evaluation.probe(data, "choose", full),
        "unseen_voices": _unseen_voices(candidate, trainer, data),
    }


def _unseen_voices(candidate: Candidate, trainer: Trainer, data: Data) -> dict[str, float]:
    if candidate.social != "expert":
        return {}
    return evaluation.unseen_voices(data, partial(trainer.without_voice, candidate))


def _final_report(predict: Predict, data: Data) -> dict[str, Any]:
    """What is reported once, of the chosen head with its temperature."""
    test = data.split("test")
    error = winner_calibration_error(predict([text.text for text in test]), labels_of(test))
    return {
        "probe_report": evaluation.probe(data, "report", predict),
        "probe_report_by_kind": evaluation.probe_by_kind(data, "report", predict),
        "probe_report_ece": evaluation.probe_calibration_error(data, "report", predict),
        "senticap_test_ece": round(error, 3),
    }


class Trainer:
    """Trains candidates; what takes long is computed once for each."""

    def __init__(self, data: Data, features: Features) -> None:
        self._data = data
        self._features = features
        self.strength = cache(self._best_strength)  # a candidate's C; 0: it has none
        self.social_scores = cache(self._social_scores)  # (n, 3), out of fold

    @property
    def known_texts(self) -> Set[str]:
        """The texts that it can train on, as `same_text` writes them."""
        return self._features.known

    def fit(self, candidate: Candidate) -> Fit:
        """Trains the candidate with its own strength."""
        return partial(self._fit, candidate, self.strength(candidate))

    def train(self, candidate: Candidate) -> Experts:
        """The head on all training texts, as sure of posted captions as it is right."""
        data = self._data
        experts = self._experts(candidate, self.strength(candidate), data.described, data.social)
        temperature = self._temperature(candidate)
        weights, biases = experts.posted
        return experts._replace(
            posted=Linear(weights / temperature, biases / temperature),
            runs=experts.runs / temperature,
        )

    def predict(self, candidate: Candidate, experts: Experts) -> Predict:
        """What these experts say of captions."""
        return lambda captions: experts.scores(
            captions, self._features.vectors(captions), self._inputs(candidate, captions)
        )

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
            "posted": {
                name: {**row, "runs": [round(float(each), 4) for each in runs]}
                for (name, row), runs in zip(
                    _rows_as_json(experts.posted).items(), experts.runs, strict=True
                )
            },
        }

    def _best_strength(self, candidate: Candidate) -> float:
        """The C that does best on val; COCO's captions are all in training meanwhile."""
        if candidate.features == "vader":
            return 0
        data = self._data
        val = data.split("val") + data.coco_of_test
        captions = [text.text for text in val]
        fits = [self._fit(candidate, c, data.described, data.social) for c in _STRENGTHS]
        right = [macro_f1(labels_of(val), fit(captions).argmax(axis=1)) for fit in fits]
        return _STRENGTHS[int(np.argmax(right))]

    def _social_scores(self, candidate: Candidate) -> NDArray[np.float64]:
        return evaluation.social_out_of_fold(self._data, self.fit(candidate))

    def _temperature(self, candidate: Candidate) -> float:
        """What makes the scores of social captions out of fold as sure as they are right."""
        logits = np.log(np.clip(self.social_scores(candidate), 1e-9, 1))
        truth = labels_of(self._data.social)
        grid = np.arange(0.5, 4, 0.05)
        rows = np.arange(len(truth))
        losses = [-np.log(softmax(logits / t)[rows, truth]).mean() for t in grid]
        return float(grid[int(np.argmin(losses))])

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
            return self.predict(candidate, self._experts(candidate, strength, texts, social))
        model = self._linear(candidate, strength, joined)
        return lambda captions: softmax(model.logits(self._inputs(candidate, captions)))

    def _experts(
        self,
        candidate: Candidate,
        strength: float,
        texts: Sequence[Text],
        social: Sequence[Text],
    ) -> Experts:
        posted_texts = [*social, *(self._data.voices if candidate.voices else ())]
        return self._mixture(candidate, strength, texts, posted_texts)

    def without_voice(self, candidate: Candidate, voice: str) -> Predict:
        """The candidate trained without the captions of one voice."""
        data = self._data
        others = [text for text in data.voices if candidate.voices and text.split != voice]
        strength, posted = self.strength(candidate), [*data.social, *others]
        return self.predict(candidate, self._mixture(candidate, strength, data.described, posted))

    def _mixture(
        self,
        candidate: Candidate,
        strength: float,
        described: Sequence[Text],
        posted: Sequence[Text],
    ) -> Experts:
        vectors = self._features.vectors([text.text for text in [*described, *posted]])
        is_posted = [0] * len(described) + [1] * len(posted)
        of_posts, runs = self._of_posts(candidate, posted)
        return Experts(
            described=self._linear(candidate, strength, described),
            posted=of_posts,
            gate=logistic_regression(vectors, is_posted, 1, balanced=True),
            runs=runs,
        )

    def _of_posts(
        self, candidate: Candidate, posted: Sequence[Text]
    ) -> tuple[Linear, NDArray[np.float64]]:
        """The second expert, and what runs of characters add to it."""
        if not candidate.runs:
            nothing = np.zeros((len(SENTIMENTS), BUCKETS))
            return self._linear(candidate, _STRENGTH_POSTED, posted), nothing
        from scipy import sparse

        captions = [text.text for text in posted]
        dense = self._inputs(candidate, captions)
        inputs = sparse.hstack([dense, _SCALE_OF_RUNS * character_runs(captions)]).tocsr()
        weights, biases = logistic_regression(inputs, labels_of(posted), _STRENGTH_POSTED)
        width = dense.shape[1]
        return Linear(weights[:, :width], biases), _SCALE_OF_RUNS * weights[:, width:]

    def _linear(self, candidate: Candidate, strength: float, texts: Sequence[Text]) -> Linear:
        inputs = self._inputs(candidate, [text.text for text in texts])
        return logistic_regression(inputs, labels_of(texts), strength)

    @cached_property
    def _scaling(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        texts = [*self._data.described, *self._data.social]
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


def _fit_words(strength: float, texts: Sequence[Text]) -> Predict:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(preprocessor=same_text, ngram_range=(1, 2), sublinear_tf=True)
    inputs = words.fit_transform([text.text for text in texts])
    model = logistic_regression(inputs, labels_of(texts), 10 * strength)
    return lambda captions: softmax(model.logits(words.transform([plain(c) for c in captions])))


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
