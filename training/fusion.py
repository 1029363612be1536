"""Learns how to weigh a caption's topics against its picture's, and what that is worth.

    python -m training.fusion CHROMA_DIR

reads a gallery of pictures with COCO's annotations (their marked things are the truth), prints
cross-validated figures and writes fusion.json. People write in full, in a few words and in
hashtags, so captions train the fusion in all three forms. Weights are shared by all topics, so
that topics which COCO does not know have some as well; what a picture counts for can differ
between topics that are shown by enough pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.cli import run
from retrieval.config import Settings
from retrieval.errors import BadInput
from retrieval.evaluate.controls import FIVE_WORDS, FULL_CAPTION, TWO_HASHTAGS, degraded
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
from retrieval.labels.fusion import FUSION_FILE, TopicWeights, load_fusion
from retrieval.labels.picture_labels import PictureLabels
from retrieval.labels.scores import shown_topics
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy
from retrieval.vectors import logistic
from training.folds import folds_of
from training.regression import logistic_regression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.labels.taxonomy import Taxonomy

_FEWEST = 5  # pictures that show a topic, for it to be tested
_FEWEST_FOR_OWN = 20  # for its pictures to have a weight of their own
# How far that may stray from the shared weight: the scale of its column, whose coefficient is
# held near 0 like the others. Chosen by the cross-validation that is reported; .3 and 1 are alike.
_OWN_SCALE = 0.1
_OF_FULL = 2.0  # full captions count double: most captions are whole sentences
_LEVELS = (FULL_CAPTION, FIVE_WORDS, TWO_HASHTAGS)
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
    topics: dict[str, Any]
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
    levels, names = _evidence(generation, taxonomy, settings.cache_dir)
    evidence = levels[FULL_CAPTION]
    found = _cross_validated(levels, names)
    report = {level: _report(evidence, found[level]) for level in _LEVELS}
    for line in _lines(report):
        sys.stdout.write(line + "\n")
    weights = _fit(levels, names)
    encoders = generation.manifest.encoders
    fields = {
        "weights": {**weights._asdict(), "sentiment": _SENTIMENT},
        "provenance": {
            "made_by": "python -m training.fusion",
            "data": f"{len(set(evidence.pictures))} MS COCO 2017 pictures with "
            f"{len(evidence.z)} captions, in full, their first five words and as two hashtags; "
            "truth: coco_topics.toml",
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
) -> tuple[dict[str, TopicEvidence], list[str]]:
    """What speaks for the topics that have truth, by how much of a caption is left; their names."""
    posts = generation.posts()
    rows = [
        row for row, post in enumerate(posts) if post.has_caption and objects_of(post) is not None
    ]
    if not rows:
        raise BadInput(f"{generation.folder} has no captions of pictures that COCO annotates")
    image, caption = stored_encoders(generation.manifest.encoders, cache_dir)
    captions = [posts[row].caption for row in rows]
    labels = PictureLabels(taxonomy, image, load_fusion(), cache_dir)
    pictures = generation.catalog["picture_row"].to_numpy()[rows]
    picture_z = labels.topic_evidence(np.asarray(generation.image_vectors))[pictures]
    truth = topic_truths([posts[row] for row in rows], pictures, taxonomy.names)[EVERY_OBJECT]
    shown = [len(set(pictures[showing])) for showing in truth.T]
    tested = [place for place in testable(taxonomy.names)[0] if shown[place] >= _FEWEST]
    model = CaptionTopics(taxonomy, caption, cache_dir)
    levels = {}
    for level in _LEVELS:
        texts = degraded(captions, level)
        z, words = model.evidence(texts, caption.encode_texts(texts))
        levels[level] = TopicEvidence(
            z[:, tested], words[:, tested], picture_z[:, tested], truth[:, tested], pictures
        )
    return levels, [taxonomy.names[place] for place in tested]


def _fit(levels: Mapping[str, TopicEvidence], names: Sequence[str]) -> Weights:
    """Calibrate each side by full captions, then weigh both by captions of every level."""
    evidence = levels[FULL_CAPTION]
    truth = evidence.truth.ravel()
    caption = _logistic([evidence.z, evidence.words], truth)
    image = _logistic([evidence.picture_z], truth)
    weights = Weights(
        caption_topics=dict(zip(("z", "word", "bias"), caption, strict=True)),
        image_topics=dict(zip(("z", "bias"), image, strict=True)),
        topics={},
        cuts={},
    )
    weights = weights._replace(topics=_both(weights, levels, names))
    scores = _scores(weights, evidence, names)
    return weights._replace(cuts={side: _best_cut(s, evidence.truth) for side, s in scores.items()})


def _both(
    weights: Weights, levels: Mapping[str, TopicEvidence], names: Sequence[str]
) -> dict[str, Any]:
    """The weights of both sides, as `retrieval.labels.fusion.TopicWeights` has them."""
    full = levels[FULL_CAPTION]
    shown = [len(set(full.pictures[showing])) for showing in full.truth.T]
    own = [place for place, pictures in enumerate(shown) if pictures >= _FEWEST_FOR_OWN]
    columns, truth, counts = [], [], []
    for level, evidence in levels.items():
        caption, image, said = _sides(weights, evidence)
        parts = [caption, image, said * np.ones_like(image), said * image]
        for place in own:
            parts.append(np.zeros_like(image))
            parts[-1][:, place] = _OWN_SCALE * image[:, place]
        columns.append(np.stack([part.ravel() for part in parts], axis=1))
        truth.append(evidence.truth.ravel())
        counts.append(np.full(image.size, _OF_FULL if level == FULL_CAPTION else 1.0))
    found, bias = logistic_regression(
        np.concatenate(columns), np.concatenate(truth), 1, sample_weights=np.concatenate(counts)
    )
    shared = dict(zip(("caption", "image", "said", "image_said"), found[0], strict=False))
    by_topic = {names[place]: _OWN_SCALE * w for place, w in zip(own, found[0][4:], strict=True)}
    return {
        **{name: round(float(value), 4) for name, value in shared.items()},
        "bias": round(float(bias[0]), 4),
        "by_topic": {name: round(float(value), 4) for name, value in by_topic.items()},
    }


def _sides(
    weights: Weights, evidence: TopicEvidence
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Each side's log-odds, and the caption's highest score, shape (n, 1)."""
    of_caption, of_image = weights.caption_topics, weights.image_topics
    caption = of_caption["z"] * evidence.z + of_caption["word"] * evidence.words
    caption = caption + of_caption["bias"]
    image = of_image["z"] * evidence.picture_z + of_image["bias"]
    return caption, image, logistic(caption).max(axis=1, keepdims=True)


def _scores(
    weights: Weights, evidence: TopicEvidence, names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """By side, shape (n, topics); of both by the formula that labels posts."""
    caption, image, _ = _sides(weights, evidence)
    scores = {"caption": logistic(caption), "image": logistic(image)}
    shipped = replace(load_fusion(), topics=TopicWeights(**weights.topics))
    of_pictures = shipped.weights_of_pictures(names, of_classes=True)
    both = shipped.fused_topics(scores["caption"], scores["image"], of_pictures)
    return {**scores, "both": both}


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
    levels: Mapping[str, TopicEvidence], names: Sequence[str]
) -> dict[str, dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
    """By level and side, every post's scores and the topics shown, fitted on other pictures."""
    pictures, shape = levels[FULL_CAPTION].pictures, levels[FULL_CAPTION].truth.shape
    folds = folds_of(pictures)
    found = {
        level: {side: (np.zeros(shape), np.zeros(shape, dtype=np.bool_)) for side in _SIDES}
        for level in levels
    }
    for fold in range(FOLDS):
        held_out = folds == fold
        rest = {level: evidence.of(~held_out) for level, evidence in levels.items()}
        weights = _fit(rest, names)
        for level, evidence in levels.items():
            for side, scored in _scores(weights, evidence.of(held_out), names).items():
                scores, shown = found[level][side]
                scores[held_out] = scored
                cut = weights.cuts[side]
                shown[held_out] = shown_topics(scored.astype(np.float32), cut)
    return found


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
    for side in ("caption", "image"):
        report[f"both - {side}"] = {
            "micro_f1": _gain(report, side, "micro_f1"),
            "micro_f1_interval": _interval(f1s["both"] - f1s[side]),
            "mean_average_precision": _gain(report, side, "mean_average_precision"),
            "mean_average_precision_interval": _interval(maps["both"] - maps[side]),
        }
    return report


def _average_precision(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    return float(mean_average_precision(truth, scores, np.ones((1, len(truth))))[0])


def _gain(report: dict[str, Any], side: str, figure: str) -> float:
    return _rounded(report["both"][figure] - report[side][figure])


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
    return [
        f"{level}, {side}: {json.dumps(figures)}"
        for level, sides in report.items()
        for side, figures in sides.items()
    ]


if __name__ == "__main__":
    raise SystemExit(main())
