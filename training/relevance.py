"""Learns what a picture's look, its caption and its words are worth, and where to cut off.

    python -m training.relevance CHROMA_DIR

reads a gallery of pictures with COCO's annotations and captions, prints the tables of
docs/evaluation.md and writes relevance.json. One caption of each picture is in the gallery, as in
a user's; the others are queries, and so are the names of COCO's categories. Weights are fitted on
half of the pictures and half of the categories, cut-offs chosen on that half of the categories;
the other halves only report.
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
from retrieval.evaluate.metrics import mean_average_precision
from retrieval.evaluate.statistics import wilson
from retrieval.evaluate.truth import LEAST_AREA, objects_of
from retrieval.gallery.generation import Generation
from retrieval.gallery.stored_encoders import stored_encoders
from retrieval.search.evidence import Evidence, Passing
from retrieval.search.query_vectors import QueryVectors
from retrieval.search.relevance import RELEVANCE_FILE, SAID, Signals
from retrieval.vectors import logistic
from training.rank_fusion import ranks, reciprocal_rank_fusion
from training.regression import logistic_regression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_WEIGHTED: dict[str, tuple[str, ...]] = {
    "image": ("image",),
    "caption": ("text",),
    "texts": ("text", "words"),
    "hybrid": ("image", "text", "words"),
}
_CUT = ("image", "caption", "hybrid")  # the strategies with a cut-off
_MISS_COUNTS = 2.0  # hiding what is there is worse than showing what is not asked for

# CLIP was not at hand to be measured. Its cosines are told apart by the same steps, and its
# pictures and MiniLM's captions are given the same weight.
_CLIP_PRIOR: dict[str, Any] = {
    "weights": {
        "image": {"image": 1.1, "bias": -3.1},
        "hybrid": {"image": 0.9, "text": 0.6, "words": 2.5, "bias": -3.4},
    },
    "typical": {"mean": 0.15, "deviation": 0.03},
}

# What nobody's pictures show; none is a name of something COCO marks.
NONSENSE = (
    "the square root of seven",
    "quarterly tax filing deadline",
    "a subpoena in a civil case",
    "photosynthesis equation",
    "compile error in line forty",
    "monetary policy of the central bank",
    "asdf qwertz uiop",
    "the ontological argument",
    "gluten intolerance symptoms",
    "sixteenth century counterpoint",
    "a wormhole through spacetime",
    "password reset instructions",
    "an underwater volcano erupting",
    "northern lights over a glacier",
    "a dinosaur skeleton",
    "a submarine under the ice",
    "knitting pattern for mittens",
    "an x-ray of a broken wrist",
    "the surface of mars",
    "a bagpipe player in a kilt",
)


class Asked(NamedTuple):
    """Queries, and what speaks for every picture; shape (queries, pictures) each."""

    texts: list[str]
    relevant: NDArray[np.bool_]
    plain: NDArray[np.bool_]  # of the relevant, where what is asked for is large enough to be seen
    signals: Signals

    def of(self, rows: NDArray[Any], pictures: NDArray[Any]) -> Asked:
        """Some of the queries, asked of some of the pictures."""
        place = np.ix_(rows, pictures)
        return Asked(
            [self.texts[row] for row in rows.tolist()],
            self.relevant[place],
            self.plain[place],
            Signals(*(values[place] for values in self.signals)),
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, compare, print, and write the weights."""
    parser = argparse.ArgumentParser(
        prog="python -m training.relevance", description="Fit the weights of the search."
    )
    parser.add_argument("chroma_dir", type=Path, metavar="CHROMA_DIR")
    arguments = parser.parse_args(argv)
    return run(lambda: _fit(arguments.chroma_dir, Settings.from_environment().cache_dir))


def _fit(chroma_dir: Path, cache_dir: Path) -> int:
    generation = Generation.open(chroma_dir)
    captions, categories, nonsense, typical = _ask(generation, cache_dir)
    of_pictures = np.arange(captions.relevant.shape[1]) % 2 == 0
    of_categories = np.arange(len(categories.texts)) % 2 == 0
    of_captions = captions.relevant[:, of_pictures].any(axis=1)
    fitted = [captions.of(_rows(of_captions), _rows(of_pictures))]
    fitted.append(categories.of(_rows(of_categories), _rows(of_pictures)))
    weights: dict[str, dict[str, float]] = {name: _logistic(name, fitted) for name in _WEIGHTED}
    everywhere = np.arange(len(of_pictures))
    # Of pictures that the weights were not fitted on, on which they are less sure.
    chosen = categories.of(_rows(of_categories), _rows(~of_pictures))
    others = categories.of(_rows(~of_categories), everywhere)
    for name in _CUT:
        weights[name]["cut"] = _best_cut(weights[name], chosen)
    tested = {
        "captions as queries, fitted half": fitted[0],
        "categories as queries, fitted half": fitted[1],
        "captions as queries": captions.of(_rows(~of_captions), _rows(~of_pictures)),
        "categories as queries": categories.of(_rows(~of_categories), _rows(~of_pictures)),
    }
    report: dict[str, Any] = {
        kind: {name: _figures(asked, scores) for name, scores in _ways(asked, weights).items()}
        for kind, asked in tested.items()
    }
    report["cut-off"] = {name: _cut_report(weights[name], others, nonsense) for name in _CUT}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    _write(weights, typical, report, generation)
    return 0


def _ask(
    generation: Generation, cache_dir: Path
) -> tuple[Asked, Asked, Asked, dict[str, dict[str, float]]]:
    """Captions, categories and nonsense asked of all pictures that have objects and captions."""
    posts = generation.posts()
    objects: dict[int, dict[str, float]] = {}
    captions: dict[int, list[int]] = {}
    for caption_row, post_row in enumerate(generation.caption_posts.tolist()):
        post, picture = posts[post_row], int(generation.caption_pictures[caption_row])
        if (marked := objects_of(post)) is not None:
            objects[picture] = {seen.category: seen.area for seen in marked}
            captions.setdefault(picture, []).append(caption_row)
    if not objects:
        raise BadInput(f"{generation.folder} has no captions of pictures that COCO annotates")
    pictures = np.array(sorted(objects))
    passing = _one_caption_each(generation, {p: captions[p][0] for p in objects})
    queries = [(p, row) for p in pictures.tolist() for row in captions[p][1:]]
    names = sorted(set().union(*objects.values()))
    asker = _Asker(generation, cache_dir, pictures, passing)
    own = np.array([picture for picture, _ in queries])[:, None] == pictures
    areas = np.array([[objects[p].get(name, 0.0) for p in pictures.tolist()] for name in names])
    none = np.zeros((len(NONSENSE), len(pictures)), dtype=np.bool_)
    return (
        asker.ask([generation.captions[row] for _, row in queries], own, own),
        asker.ask(names, areas > 0, areas >= LEAST_AREA),
        asker.ask(NONSENSE, none, none),
        asker.typical(names),
    )


def _one_caption_each(generation: Generation, kept: Mapping[int, int]) -> Passing:
    everything = Passing.of(np.ones(generation.catalog.num_rows, dtype=np.bool_), generation)
    captions = np.zeros(len(generation.caption_vectors), dtype=np.bool_)
    captions[list(kept.values())] = True
    return everything._replace(captions=captions)


class _Asker:
    def __init__(
        self, generation: Generation, cache_dir: Path, pictures: NDArray[np.int64], passing: Passing
    ) -> None:
        self._generation = generation
        self._image, self._caption = stored_encoders(generation.manifest.encoders, cache_dir)
        self._evidence = Evidence(generation, self._image)
        self._pictures = pictures
        self._passing = passing

    def ask(
        self, texts: Sequence[str], relevant: NDArray[np.bool_], plain: NDArray[np.bool_]
    ) -> Asked:
        signals = []
        encoded = zip(
            self._image.encode_texts(texts), self._caption.encode_texts(texts), strict=True
        )
        for text, (image, caption) in zip(texts, encoded, strict=True):
            query = QueryVectors(image, caption, text)
            likeness = self._evidence.likeness(self._pictures, query, self._passing)
            signals.append(self._evidence.signals(likeness, query))
        stacked = (np.nan_to_num(np.stack(values)) for values in zip(*signals, strict=True))
        return Asked(list(texts), relevant, plain, Signals(*stacked))

    def typical(self, texts: Sequence[str]) -> dict[str, dict[str, float]]:
        """The mean and deviation of everyday queries' similarities."""
        images = self._image.encode_texts(texts) @ np.asarray(self._generation.image_vectors).T
        captions = self._caption.encode_texts(texts)
        captions = captions @ np.asarray(self._generation.caption_vectors).T
        return {
            name: {
                "mean": round(float(values.mean()), 3),
                "deviation": round(float(values.std(axis=1).mean()), 3),
            }
            for name, values in (("image", images), ("caption", captions))
        }


def _logistic(name: str, kinds: Iterable[Asked]) -> dict[str, float]:
    """Both kinds of queries count alike, however many there are of each."""
    columns = _WEIGHTED[name]
    inputs, truth, weight = [], [], []
    for asked in kinds:
        parts = [getattr(asked.signals, column).ravel() for column in columns]
        inputs.append(np.stack(parts, axis=1))
        truth.append(asked.relevant.ravel())
        weight.append(np.full(asked.relevant.size, 1 / asked.relevant.size))
    weights = np.concatenate(weight)
    model = logistic_regression(
        np.concatenate(inputs),
        np.concatenate(truth),
        10,
        sample_weights=weights * len(weights) / weights.sum(),
    )
    found = dict(zip(columns, model.weights[0].tolist(), strict=True))
    found["bias"] = float(model.biases[0])
    return {column: round(value, 3) for column, value in found.items()}


def _scores(weights: Mapping[str, float], signals: Signals) -> NDArray[np.float64]:
    logits = weights["bias"] + sum(
        weights.get(column, 0.0) * values for column, values in signals._asdict().items()
    )
    return logistic(np.asarray(logits, dtype=np.float64))


def _ways(
    asked: Asked, weights: Mapping[str, Mapping[str, float]]
) -> dict[str, NDArray[np.float64]]:
    """The scores of every way to rank."""
    signals = asked.signals
    rankings = [
        np.stack([ranks(np.where(row > 0, row, np.nan) if words else row) for row in values])
        for values, words in ((signals.image, False), (signals.text, False), (signals.words, True))
    ]
    return {
        "image": signals.image.astype(np.float64),
        "caption": signals.text.astype(np.float64),
        "words": signals.words.astype(np.float64),
        "meaning and words of captions": _scores(weights["texts"], signals),
        "hybrid by reciprocal rank fusion": np.stack(
            [reciprocal_rank_fusion(each) for each in zip(*rankings, strict=True)]
        ),
        "hybrid by calibrated scores": _scores(weights["hybrid"], signals),
    }


def _figures(asked: Asked, scores: NDArray[np.float64]) -> dict[str, float]:
    """Of the queries that have an answer; a tie counts as behind."""
    rows = asked.relevant.any(axis=1)
    relevant, scores = asked.relevant[rows], scores[rows]
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    rank = 1 + ((scores >= best) & ~relevant).sum(axis=1)
    order = np.lexsort((relevant, -scores))
    relevant = np.take_along_axis(relevant, order, axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    found = mean_average_precision(relevant.T, scores.T, np.ones((1, relevant.shape[1])))
    return {
        "queries": int(rows.sum()),
        "first_is_right": round(float((rank == 1).mean()), 3),
        "right_in_first_5": round(float((rank <= 5).mean()), 3),
        "mrr": round(float((1 / rank).mean()), 3),
        "mean_average_precision": round(float(found[0]), 3),
    }


def _errors(
    weights: Mapping[str, float], asked: Asked, cuts: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every cut: queries whose pictures are all hidden; those answered when none is there."""
    scores = _scores(weights, asked.signals)
    if "words" in weights:
        scores[asked.signals.words >= SAID] = 1  # never held back
    there = np.where(asked.plain, scores, -1).max(axis=1)
    removed = np.where(asked.relevant, -1, scores).max(axis=1)
    missed = (there[None] < cuts[:, None]).sum(axis=1)
    answered = (removed[None] >= cuts[:, None]).sum(axis=1)
    return missed, answered


def _best_cut(weights: Mapping[str, float], categories: Asked) -> float:
    cuts = np.arange(0.02, 0.9, 0.01)
    missed, answered = _errors(weights, _plain(categories), cuts)
    return round(float(cuts[int(np.argmin(_MISS_COUNTS * missed + answered))]), 2)


def _plain(asked: Asked) -> Asked:
    """The queries that some picture answers plainly."""
    return asked.of(_rows(asked.plain.any(axis=1)), np.arange(asked.relevant.shape[1]))


def _cut_report(weights: Mapping[str, float], categories: Asked, nonsense: Asked) -> dict[str, Any]:
    cut = np.array([weights["cut"]])
    plain = _plain(categories)
    missed, answered = _errors(weights, plain, cut)
    missed_small, _ = _errors(weights, categories._replace(plain=categories.relevant), cut)
    _, fooled = _errors(weights, nonsense, cut)
    return {
        "cut": weights["cut"],
        "plainly there, but nothing right shown": _share(int(missed[0]), len(plain.texts)),
        "there at any size, but nothing right shown": _share(
            int(missed_small[0]), len(categories.texts)
        ),
        "removed, but something shown": _share(int(answered[0]), len(plain.texts)),
        "nonsense, but something shown": _share(int(fooled[0]), len(nonsense.texts)),
    }


def _share(count: int, n: int) -> dict[str, float]:
    share, low, high = wilson(count, n)
    return {"n": n, "share": round(share, 3), "low": round(low, 3), "high": round(high, 3)}


def _rows(mask: Any) -> NDArray[np.int64]:
    return np.flatnonzero(mask)


def _write(
    weights: Mapping[str, Any],
    typical: Mapping[str, Any],
    report: Mapping[str, Any],
    generation: Generation,
) -> None:
    clip = {**weights}
    for name, prior in _CLIP_PRIOR["weights"].items():
        clip[name] = {**prior, "cut": weights[name]["cut"]}
    encoders = generation.manifest.encoders
    fields = {
        "encoders": {
            "classes": {"weights": weights, "typical": typical},
            "clip": {
                "weights": clip,
                "typical": {"image": _CLIP_PRIOR["typical"], "caption": typical["caption"]},
            },
        },
        "provenance": {
            "made_by": "python -m training.relevance",
            "data": f"{len(generation.image_ids)} MS COCO pictures, their captions and objects",
            "encoders": [encoders.image.fingerprint, encoders.caption.fingerprint],
            "clip": "a prior, not measured: no weights were at hand",
            "scores": report,
        },
    }
    RELEVANCE_FILE.write_text(json.dumps(fields, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"wrote {RELEVANCE_FILE}\n")


if __name__ == "__main__":
    raise SystemExit(main())
