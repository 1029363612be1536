"""Learns what a picture's look, its caption and its words are worth, and when one is sure.

    python -m training.relevance CHROMA_DIR

reads a gallery of pictures with COCO's annotations and captions, prints the tables of
docs/evaluation.md and writes relevance.json. One caption of each picture is in the gallery, as in
a user's; the others are queries, and so are the names of COCO's categories and the queries of
data/queries. Weights are fitted on half of the pictures and half of the queries of each kind,
bounds chosen by the same half of the queries; the other half only reports.
"""

from __future__ import annotations

import argparse
import csv
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
from training.regression import logistic_regression_of_signals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

QUERIES = Path("data/queries/queries.csv")

_WEIGHTED: dict[str, tuple[str, ...]] = {
    "image": ("image", "image_cosine"),
    "caption": ("text", "text_cosine"),
    "texts": ("text", "text_cosine", "words"),
    "hybrid": ("image", "image_cosine", "text", "text_cosine", "words"),
}
# A name that the sentence encoder has never seen is found by its letters alone. COCO's captions
# have no names, so that these queries cannot tell what that is worth; so much costs them nothing.
_LEAST = {"words": 2.0}
_BOUNDED = ("image", "caption", "hybrid")  # the strategies with bounds
_CAPTION, _CATEGORY, _SYNONYM, _HYPERNYM, _PHRASE, _ABSENT, _NONSENSE = KINDS = (
    "caption",
    "category",
    "synonym",
    "hypernym",
    "phrase",
    "absent",  # phrases that none of these pictures answers
    "nonsense",
)
_ANSWERED = KINDS[:-2]
_MEANT = (_CATEGORY, _SYNONYM, _HYPERNYM, _PHRASE)  # which have several answers, and may have none
_SHOWN = 10  # pictures that a search shows
_NONSENSE_AS_SURE = 0.07  # of the choosing half that may be answered as if one were sure
_NOTHING_RIGHT = 0.12  # of its hypernyms for which nothing right may be shown at all

# CLIP was not at hand to be measured. Its cosines are told apart by the same steps, and its
# pictures and MiniLM's captions are given the same weight.
_CLIP_PRIOR: dict[str, Any] = {
    "weights": {
        "image": {"image": 1.1, "bias": -3.1, "near": 0.11, "sure": 0.3},
        "hybrid": {
            "image": 0.9,
            "text": 0.6,
            "words": 2.5,
            "bias": -3.4,
            "near": 0.1,
            "sure": 0.23,
        },
    },
    "typical": {"mean": 0.15, "deviation": 0.03},
}


class Asked(NamedTuple):
    """Queries, and what speaks for every picture; shape (queries, pictures) each."""

    texts: list[str]
    relevant: NDArray[np.bool_]
    plain: NDArray[np.bool_]  # of the relevant, where what is asked for is large enough to be seen
    signals: Signals
    own: bool = False  # captions, each asking for its own picture

    def of(self, rows: NDArray[Any], pictures: NDArray[Any]) -> Asked:
        """Some of the queries, asked of some of the pictures."""
        place = np.ix_(rows, pictures)
        return Asked(
            [self.texts[row] for row in rows.tolist()],
            self.relevant[place],
            self.plain[place],
            Signals(*(values[place] for values in self.signals)),
            self.own,
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
    asked, typical = _ask(generation, cache_dir)
    of_pictures = np.arange(len(generation.image_ids)) % 2 == 0
    everywhere = np.arange(len(of_pictures))
    choosing, reporting = (
        {
            kind: each.of(_rows(_is_chosen(each, of_pictures) == chosen), everywhere)
            for kind, each in asked.items()
        }
        for chosen in (True, False)
    )
    fitted = {
        kind: each.of(np.arange(len(each.texts)), _rows(of_pictures))
        for kind, each in choosing.items()
    }
    weights: dict[str, dict[str, float]] = {
        name: _logistic(name, fitted.values()) for name in _WEIGHTED
    }
    for name in _BOUNDED:
        weights[name] |= _bounds(weights[name], choosing)
    report: dict[str, Any] = {
        "ranking": {
            half: {
                kind: {
                    name: _figures(each[kind], scores)
                    for name, scores in _ways(each[kind], weights).items()
                }
                for kind in _ANSWERED
            }
            for half, each in (("choosing half", choosing), ("reporting half", reporting))
        },
        "levels": {
            half: {name: _levels(weights[name], each) for name in _BOUNDED}
            for half, each in (("choosing half", choosing), ("reporting half", reporting))
        },
    }
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    _write(weights, typical, report, generation)
    return 0


def _is_chosen(asked: Asked, of_pictures: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Shape (queries,): every other query of a kind; captions as their pictures."""
    if asked.own:
        return np.asarray(asked.relevant[:, of_pictures].any(axis=1))
    return np.asarray(np.arange(len(asked.texts)) % 2 == 0)


def _ask(
    generation: Generation, cache_dir: Path
) -> tuple[dict[str, Asked], dict[str, dict[str, float]]]:
    """By kind, all queries asked of all pictures."""
    posts = generation.posts()
    areas: dict[int, dict[str, float]] = {}
    captions: dict[int, list[int]] = {}
    ids: dict[int, int] = {}  # COCO's, by picture
    for caption_row, post_row in enumerate(generation.caption_posts.tolist()):
        post, picture = posts[post_row], int(generation.caption_pictures[caption_row])
        if (marked := objects_of(post)) is not None:
            areas[picture] = {seen.category: seen.area for seen in marked}
            captions.setdefault(picture, []).append(caption_row)
            ids[picture] = int(Path(post.image_path).stem.rpartition("_")[2])
    if len(areas) < len(generation.image_ids):
        raise BadInput(
            f"{generation.folder} has pictures without captions or COCO's annotations; build a "
            "gallery of COCO's own captions_*.json alone"
        )
    pictures = np.arange(len(areas))
    passing = _one_caption_each(generation, {p: captions[p][0] for p in pictures.tolist()})
    asker = _Asker(generation, cache_dir, pictures, passing)
    queries = [(p, row) for p in pictures.tolist() for row in captions[p][1:]]
    own = np.array([picture for picture, _ in queries])[:, None] == pictures
    names = sorted(set().union(*areas.values()))
    asked = {
        _CAPTION: asker.ask([generation.captions[row] for _, row in queries], own, own, own=True),
        _CATEGORY: asker.ask(names, *_shows([{name} for name in names], areas)),
    }
    by_kind = read_queries()
    for kind in (_SYNONYM, _HYPERNYM):
        texts = [each.text for each in by_kind[kind]]
        asked[kind] = asker.ask(texts, *_shows([each.categories for each in by_kind[kind]], areas))
    for kind in (_PHRASE, _ABSENT, _NONSENSE):
        shown = np.array(
            [[ids[p] in each.pictures for p in pictures.tolist()] for each in by_kind[kind]]
        )
        asked[kind] = asker.ask([each.text for each in by_kind[kind]], shown, shown)
    return asked, asker.typical(names)


class Query(NamedTuple):
    """A query of data/queries, with what is true about it."""

    text: str
    categories: frozenset[str]  # of COCO: a picture of any one is right
    pictures: frozenset[int]  # COCO's ids of those that were judged right by eye


def read_queries(path: Path = QUERIES) -> dict[str, list[Query]]:
    """The queries by kind, in their order.

    Raises:
        BadInput: the file cannot be read.

    """
    found: dict[str, list[Query]] = {kind: [] for kind in KINDS}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                categories = frozenset(filter(None, row["categories"].split(";")))
                pictures = frozenset(map(int, row["pictures"].split()))
                absent = row["kind"] == _PHRASE and not pictures
                kind = _ABSENT if absent else row["kind"]
                found[kind].append(Query(row["text"], categories, pictures))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    return found


def _shows(
    wanted: Sequence[Collection[str]], areas: Mapping[int, Mapping[str, float]]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Shape (queries, pictures) each: where a category is marked, and where it is plain."""
    largest = np.array(
        [
            [max((areas[p].get(name, 0.0) for name in names), default=0.0) for p in sorted(areas)]
            for names in wanted
        ]
    )
    return largest > 0, largest >= LEAST_AREA


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
        self,
        texts: Sequence[str],
        relevant: NDArray[np.bool_],
        plain: NDArray[np.bool_],
        *,
        own: bool = False,
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
        return Asked(list(texts), relevant, plain, Signals(*stacked), own)

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
    """All kinds of queries count alike, however many there are of each."""
    columns = _WEIGHTED[name]
    inputs, truth, weight = [], [], []
    for asked in kinds:
        parts = [getattr(asked.signals, column).ravel() for column in columns]
        inputs.append(np.stack(parts, axis=1))
        truth.append(asked.relevant.ravel())
        weight.append(np.full(asked.relevant.size, 1 / asked.relevant.size))
    weights = np.concatenate(weight)
    found, bias = logistic_regression_of_signals(
        np.concatenate(inputs),
        np.concatenate(truth),
        10,
        weights * len(weights) / weights.sum(),
        least=np.array([_LEAST.get(column, 0.0) for column in columns]),
    )
    learned = dict(zip(columns, found.tolist(), strict=True)) | {"bias": bias}
    return {column: round(value, 3) for column, value in learned.items()}


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
    places = np.broadcast_to(-np.arange(relevant.shape[1], dtype=float), relevant.shape)
    found = mean_average_precision(relevant.T, places.T, np.ones((1, relevant.shape[1])))
    return {
        "queries": int(rows.sum()),
        "first_is_right": round(float((rank == 1).mean()), 3),
        "right_in_first_5": round(float((rank <= 5).mean()), 3),
        "mrr": round(float((1 / rank).mean()), 3),
        "mean_average_precision": round(float(found[0]), 3),
    }


class _Best(NamedTuple):
    """The scores that decide about queries, shape (queries,) each."""

    right: NDArray[np.float64]  # of the best picture that is right and among those shown
    wrong: NDArray[np.float64]  # of the best one were those that are right not there


def _best(weights: Mapping[str, float], asked: Asked) -> _Best:
    scores = _scores(weights, asked.signals)
    if "words" in weights:
        scores[asked.signals.words >= SAID] = 1  # one is sure of those
    place = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    right = np.where(asked.relevant & (place < _SHOWN), scores, -1).max(axis=1)
    return _Best(right, np.where(asked.relevant, -1, scores).max(axis=1))


def _bounds(weights: Mapping[str, float], choosing: Mapping[str, Asked]) -> dict[str, float]:
    """What nonsense seldom reaches is sure; below `near` few hypernyms lose all that is right."""
    cuts = np.arange(0.01, 0.95, 0.01)
    nonsense = _best(weights, choosing[_NONSENSE]).wrong
    sure = cuts[np.flatnonzero((nonsense >= cuts[:, None]).mean(axis=1) <= _NONSENSE_AS_SURE)[0]]
    right = _best(weights, _plain(choosing[_HYPERNYM])).right
    near = cuts[np.flatnonzero((right < cuts[:, None]).mean(axis=1) <= _NOTHING_RIGHT)[-1]]
    return {"near": round(min(float(near), float(sure) - 0.01), 2), "sure": round(float(sure), 2)}


def _plain(asked: Asked) -> Asked:
    """The queries that some picture answers plainly."""
    return asked.of(_rows(asked.plain.any(axis=1)), np.arange(asked.relevant.shape[1]))


def _levels(weights: Mapping[str, float], asked: Mapping[str, Asked]) -> dict[str, Any]:
    """How often each level is wrong, by kind of query."""
    near, sure = weights["near"], weights["sure"]
    report: dict[str, Any] = {"near": near, "sure": sure}
    for kind in _MEANT:
        best = _best(weights, _plain(asked[kind]))
        report[kind] = {
            "nothing right shown": _share(best.right < near),
            "nothing right among the sure": _share(best.right < sure),
            "taken out, but something is sure": _share(best.wrong >= sure),
            "taken out, but something shown": _share(best.wrong >= near),
        }
    for kind in (_ABSENT, _NONSENSE):
        wrong = _best(weights, asked[kind]).wrong
        report[kind] = {
            "something is sure": _share(wrong >= sure),
            "something shown": _share(wrong >= near),
        }
    return report


def _share(happens: NDArray[np.bool_]) -> dict[str, float]:
    share, low, high = wilson(int(happens.sum()), len(happens))
    return {
        "n": len(happens), "share": round(share, 3), "low": round(low, 3), "high": round(high, 3)
    }  # fmt: skip


def _rows(mask: Any) -> NDArray[np.int64]:
    return np.flatnonzero(mask)


def _write(
    weights: Mapping[str, Any],
    typical: Mapping[str, Any],
    report: Mapping[str, Any],
    generation: Generation,
) -> None:
    clip = {**weights, **_CLIP_PRIOR["weights"]}
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
            "data": f"{len(generation.image_ids)} MS COCO pictures, their captions and objects; "
            f"{QUERIES.as_posix()}",
            "encoders": [encoders.image.fingerprint, encoders.caption.fingerprint],
            "clip": "a prior, not measured: no weights were at hand",
            "scores": report,
        },
    }
    RELEVANCE_FILE.write_text(json.dumps(fields, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"wrote {RELEVANCE_FILE}\n")


if __name__ == "__main__":
    raise SystemExit(main())
