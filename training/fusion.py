"""Learns how to weigh a caption's topics against its picture's, and what that is worth.

    python -m training.fusion CHROMA_DIR

reads a gallery of pictures with COCO's annotations (their marked things are the truth), prints
cross-validated figures and writes fusion.json. Weights are shared by all topics, so that topics
which COCO does not know have some as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.cli import run
from retrieval.config import Settings
from retrieval.errors import BadInput
from retrieval.evaluate.metrics import (
    calibration_error,
    mean_average_precision,
    micro_f,
    micro_f1,
    precision,
    recall,
    set_counts,
)
from retrieval.evaluate.statistics import FOLDS, RESAMPLES, SEED, interval
from retrieval.evaluate.truth import EVERY_OBJECT, objects_of, testable, topic_truths
from retrieval.gallery.generation import Generation
from retrieval.gallery.stored_encoders import stored_encoders
from retrieval.labels.caption_topics import CaptionTopics
from retrieval.labels.fusion import FUSION_FILE, load_fusion
from retrieval.labels.picture_labels import PictureLabels
from retrieval.labels.scores import shown_topics
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy
from retrieval.vectors import logistic
from training.folds import folds_of
from training.regression import logistic_regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.labels.taxonomy import Taxonomy

_FEWEST = 5  # pictures that show a topic, for it to be tested
_CUTS = np.arange(0.05, 0.95, 0.01)
_SIDES = ("caption", "image", "both")

# There is no truth about the moods of pictures to learn this from. A picture whose mood the
# encoder is sure of can settle a caption that is undecided, and cannot turn one that is not.
_SENTIMENT = {"caption": 1.0, "image": 0.25}


class TopicEvidence(NamedTuple):
    """What speaks for each topic in n posts with captions. Shape (n, topics) but `pictures`."""

    z: NDArray[np.float32]
    words: NDArray[np.bool_]
    picture_z: NDArray[np.float32]
    truth: NDArray[np.bool_]
    pictures: NDArray[np.int64]  # (n,): which picture; folds and resamples are of pictures

    def of(self, rows: NDArray[Any]) -> TopicEvidence:
        """The same of some posts."""
        return TopicEvidence(*(array[rows] for array in self))


class Weights(NamedTuple):
    """The numbers of fusion.json that are learned."""

    caption_topics: dict[str, float]
    image_topics: dict[str, float]
    topics: dict[str, float]
    cuts: dict[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, cross-validate, report, and write the weights."""
    parser = argparse.ArgumentParser(
        prog="python -m training.fusion", description="Learn the weights of the fusion."
    )
    parser.add_argument("chroma_dir", type=Path, metavar="CHROMA_DIR")
    arguments = parser.parse_args(argv)
    return run(lambda: _learn(arguments.chroma_dir, Settings.from_environment()))


def _learn(chroma_dir: Path, settings: Settings) -> int:
    taxonomy = load_taxonomy(DEFAULT_TOPICS)
    generation = Generation.open(chroma_dir)
    evidence, names = _evidence(generation, taxonomy, settings.cache_dir)
    scores = _cross_validated(evidence)
    report = _report(evidence, scores)
    for line in _lines(report):
        sys.stdout.write(line + "\n")
    weights = _fit(evidence)
    encoders = generation.manifest.encoders
    fields = {
        "weights": {**weights._asdict(), "sentiment": _SENTIMENT},
        "provenance": {
            "made_by": "python -m training.fusion",
            "data": f"{len(set(evidence.pictures))} MS COCO 2017 pictures with "
            f"{len(evidence.z)} captions; truth: coco_topics.toml",
            "encoders": [encoders.image.fingerprint, encoders.caption.fingerprint],
            "topics_tested": names,
            "seed": SEED,
            "sentiment": "a prior, not learned: there is no truth about pictures' moods",
            "cross_validated": report,
        },
    }
    FUSION_FILE.write_text(json.dumps(fields, indent=2) + "\n", "utf-8")
    sys.stdout.write(f"wrote {FUSION_FILE}\n")
    return 0


def _evidence(
    generation: Generation, taxonomy: Taxonomy, cache_dir: Path
) -> tuple[TopicEvidence, list[str]]:
    """What speaks for the topics that have truth, and their names."""
    posts = generation.posts()
    rows = [
        row for row, post in enumerate(posts) if post.has_caption and objects_of(post) is not None
    ]
    if not rows:
        raise BadInput(f"{generation.folder} has no captions of pictures that COCO annotates")
    image, caption = stored_encoders(generation.manifest.encoders, cache_dir)
    captions = [posts[row].caption for row in rows]
    vectors = np.asarray(generation.caption_vectors[generation.caption_rows[rows]])
    z, words = CaptionTopics(taxonomy, caption, cache_dir).evidence(captions, vectors)
    labels = PictureLabels(taxonomy, image, load_fusion(), cache_dir)
    pictures = generation.catalog["picture_row"].to_numpy()[rows]
    picture_z = labels.topic_evidence(np.asarray(generation.image_vectors))[pictures]
    truth = topic_truths([posts[row] for row in rows], pictures, taxonomy.names)[EVERY_OBJECT]
    shown = [len(set(pictures[showing])) for showing in truth.T]
    tested = [place for place in testable(taxonomy.names)[0] if shown[place] >= _FEWEST]
    evidence = TopicEvidence(
        z[:, tested], words[:, tested], picture_z[:, tested], truth[:, tested], pictures
    )
    return evidence, [taxonomy.names[place] for place in tested]


def _fit(evidence: TopicEvidence) -> Weights:
    """Calibrate each side by logistic regression over all topics, then their log-odds together."""
    truth = evidence.truth.ravel()
    caption = _logistic([evidence.z, evidence.words], truth)
    image = _logistic([evidence.picture_z], truth)
    weights = Weights(
        caption_topics=dict(zip(("z", "word", "bias"), caption, strict=True)),
        image_topics=dict(zip(("z", "bias"), image, strict=True)),
        topics={},
        cuts={},
    )
    logits = _logits(weights, evidence)
    both = _logistic([logits["caption"], logits["image"]], truth)
    weights = weights._replace(topics=dict(zip(("caption", "image", "bias"), both, strict=True)))
    cuts = {side: _best_cut(s, evidence.truth) for side, s in _scores(weights, evidence).items()}
    return weights._replace(cuts=cuts)


def _logits(weights: Weights, evidence: TopicEvidence) -> dict[str, NDArray[Any]]:
    """The log-odds of each side, and once both are weighed, of both."""
    of_caption, of_image, of_both = weights.caption_topics, weights.image_topics, weights.topics
    caption = of_caption["z"] * evidence.z + of_caption["word"] * evidence.words
    caption = caption + of_caption["bias"]
    image = of_image["z"] * evidence.picture_z + of_image["bias"]
    logits = {"caption": caption, "image": image}
    if of_both:
        logits["both"] = of_both["caption"] * caption + of_both["image"] * image + of_both["bias"]
    return logits


def _scores(weights: Weights, evidence: TopicEvidence) -> dict[str, NDArray[Any]]:
    return {side: logistic(z) for side, z in _logits(weights, evidence).items()}


def _logistic(columns: Sequence[NDArray[Any]], truth: NDArray[np.bool_]) -> list[float]:
    inputs = np.stack([column.ravel() for column in columns], axis=1)
    weights, biases = logistic_regression(inputs, truth, 10)
    return [round(float(w), 4) for w in (*weights[0], biases[0])]


def _best_cut(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """By F0.5, which counts precision double: a wrong topic annoys more than a missing one."""
    shown = [shown_topics(scores.astype(np.float32), cut) for cut in _CUTS]
    counts = np.stack([set_counts(truth, each).sum(axis=0) for each in shown])
    return round(float(_CUTS[int(np.argmax(micro_f(counts, 0.5)))]), 2)


def _cross_validated(
    evidence: TopicEvidence,
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """By side, the scores of every post and the topics shown, fitted on other pictures."""
    folds = folds_of(evidence.pictures)
    scores = {side: np.zeros(evidence.truth.shape) for side in _SIDES}
    shown = {side: np.zeros(evidence.truth.shape, dtype=np.bool_) for side in _SIDES}
    for fold in range(FOLDS):
        weights = _fit(evidence.of(folds != fold))
        held_out = folds == fold
        for side, found in _scores(weights, evidence.of(held_out)).items():
            scores[side][held_out] = found
            cut = weights.cuts[side]
            shown[side][held_out] = shown_topics(found.astype(np.float32), cut)
    return {side: (scores[side], shown[side]) for side in _SIDES}


def _report(
    evidence: TopicEvidence, found: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]
) -> dict[str, Any]:
    truth = evidence.truth
    everything = set_counts(truth, np.ones_like(truth)).sum(axis=0)
    report: dict[str, Any] = {
        "every topic for every post": {"micro_f1": _rounded(micro_f1(everything))}
    }
    samples = list(_resamples(evidence.pictures))
    f1s, maps = {}, {}  # of every resample
    for side, (scores, shown) in found.items():
        counts = set_counts(truth, shown)
        total = counts.sum(axis=0)
        f1s[side] = micro_f1(np.stack([counts[rows].sum(axis=0) for rows in samples]))
        maps[side] = np.array([_average_precision(truth[rows], scores[rows]) for rows in samples])
        report[side] = {
            "micro_f1": _rounded(micro_f1(total)),
            "micro_f1_interval": _interval(f1s[side]),
            "precision": _rounded(precision(total)),
            "recall": _rounded(recall(total)),
            "mean_average_precision": _rounded(_average_precision(truth, scores)),
            "expected_calibration_error": _rounded(calibration_error(scores, truth)),
        }
    report["both - caption"] = {
        "micro_f1": _gain(report, "micro_f1"),
        "micro_f1_interval": _interval(f1s["both"] - f1s["caption"]),
        "mean_average_precision": _gain(report, "mean_average_precision"),
        "mean_average_precision_interval": _interval(maps["both"] - maps["caption"]),
    }
    return report


def _average_precision(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    return float(mean_average_precision(truth, scores, np.ones((1, len(truth))))[0])


def _gain(report: dict[str, Any], figure: str) -> float:
    return _rounded(report["both"][figure] - report["caption"][figure])


def _resamples(pictures: NDArray[np.int64]) -> Any:
    """Rows of posts whose pictures were drawn with replacement; the shipped intervals' draws."""
    random = np.random.default_rng(SEED)
    rows_of = {picture: np.flatnonzero(pictures == picture) for picture in set(pictures)}
    names = np.array(sorted(rows_of))
    for _ in range(RESAMPLES):
        drawn = random.choice(names, len(names))
        yield np.concatenate([rows_of[picture] for picture in drawn])


def _interval(values: NDArray[np.float64]) -> list[float]:
    return [round(end, 3) for end in interval(values)]


def _rounded(value: Any) -> float:
    return round(float(value), 3)


def _lines(report: dict[str, Any]) -> list[str]:
    return [f"{side}: {json.dumps(figures)}" for side, figures in report.items()]


if __name__ == "__main__":
    raise SystemExit(main())
