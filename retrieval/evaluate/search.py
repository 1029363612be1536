"""Whether the right picture is found: by captions, by looks, and by both."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.evaluate.arms import (
    BOTH,
    CAPTIONS,
    DESCRIBED,
    LEAST_PICTURES,
    PICTURES,
    SECOND,
    arm,
    by_chance,
    captions_against_both,
    contrast,
    untested,
)
from retrieval.evaluate.controls import FULL_CAPTION, LEVELS, degraded, distinct_captions
from retrieval.evaluate.material import most_changed
from retrieval.evaluate.statistics import SEED, resamples, summed_by_picture
from retrieval.evaluate.tfidf import tfidf
from retrieval.evaluate.truth import LEAST_AREA, objects_of
from retrieval.search.relevance import Signals, relevance_for
from retrieval.search.words import WordIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from retrieval.evaluate.arms import Result
    from retrieval.evaluate.material import Material
    from retrieval.evaluate.statistics import Counts, Measure

    Matrix = NDArray[np.float32]
    Rows = NDArray[np.int64]

_MOST_QUERIES = 1_000  # captions that are asked; more tell little more about a gallery
_MOST_COMPARISONS = 50_000_000  # of a query with a caption or picture, at a time
_MOST_PAIRS = 200
_DEPTH = 10  # of the pictures found, that nDCG@10 looks at
_SHUFFLES = 200
_AT = (1, 3, 5, 10, 20)
_SHOWN = 4  # queries that got better, and as many that got worse

_MEANING, _WORDS, _TFIDF = "captions by meaning", "captions by words", "captions by TF-IDF"


class _Captions(NamedTuple):
    """Captions that can be found by: n texts, their vectors, and the rows of their pictures."""

    texts: list[str]
    vectors: Matrix
    pictures: Rows

    def of(self, rows: Rows) -> _Captions:
        """Some of them."""
        return _Captions(
            [self.texts[row] for row in rows.tolist()], self.vectors[rows], self.pictures[rows]
        )


class _Queries(NamedTuple):
    """Texts, their vectors in both spaces, and for each the caption it may not be found by."""

    texts: list[str]
    images: Matrix
    captions: Matrix
    left_out: Rows  # places among the captions; -1: none


def evaluate_search(material: Material) -> Result | None:
    """Everything about finding pictures; None where no picture has a second caption to ask by."""
    task = _Search(material)
    return task.result() if len(task.asked) else None


class _Search:
    """Every caption asks for its own picture, which it may not be found by itself."""

    def __init__(self, material: Material) -> None:
        self._material = material
        generation = material.generation
        self._relevance = relevance_for(material.image_encoder.judgement)
        self._images = np.asarray(generation.image_vectors)
        everything = _Captions(
            generation.captions, np.asarray(generation.caption_vectors), generation.caption_pictures
        )
        # A copy of a caption would find itself.
        rows = distinct_captions(everything.texts, everything.pictures)
        self._captions = everything.of(rows)
        self.asked = self._chosen()
        self._targets = self._captions.pictures[self.asked]

    @cached_property
    def _draws(self) -> NDArray[np.float64]:
        return resamples(len(np.unique(self._targets)))

    def _chosen(self) -> Rows:
        """The rows of the captions that ask: of pictures with several; a sample of very many."""
        pictures = self._captions.pictures
        several = np.bincount(pictures, minlength=len(self._images)) > 1
        rows = np.flatnonzero(several[pictures]) if len(pictures) else np.empty(0, np.int64)
        many = max(len(pictures), len(self._images), 1)
        most = max(1, min(_MOST_QUERIES, _MOST_COMPARISONS // many))
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))
        return rows

    def result(self) -> Result:
        signals = self._signals(self._queries, self._captions)
        scores = self._ways(signals)
        counts = {name: _counts(each, self._targets) for name, each in scores.items()}
        contrasts = self._contrasts(counts)
        recall = {
            name: [[k, float((_ranks(each, self._targets) <= k).mean())] for k in _AT]
            for name, each in scores.items()
        }
        return {
            "question": "Which picture is meant?",
            "measure": "recall_at_1",
            "posts": len(self.asked),
            "pictures": len(self._draws[0]),
            "gallery": len(self._images),
            "primary": dict(contrasts[f"{BOTH} - {CAPTIONS}"]),
            "arms": self._arms(counts),
            "contrasts": contrasts,
            "recall": recall,
            "shuffled_pictures": self._shuffled(signals, scores[CAPTIONS]),
            "one_caption_a_picture": self._one_caption(),
            "degradation": self._degraded(),
            "pairs": self._pairs(),
            "changed": self._changed(scores),
        }

    @cached_property
    def _queries(self) -> _Queries:
        texts = [self._captions.texts[row] for row in self.asked]
        images = self._material.image_encoder.encode_texts(texts)
        return _Queries(texts, images, self._captions.vectors[self.asked], self.asked)

    def _signals(self, queries: _Queries, captions: _Captions) -> Signals:
        """Shape (queries, pictures) each; the texts are of captions alone, without descriptions."""
        image = queries.images @ self._images.T
        text = _best_of_each(queries.captions @ captions.vectors.T, queries, captions, image.shape)
        index = WordIndex(captions.texts)
        by_words = np.stack([index.scores(each) for each in queries.texts])
        words = _best_of_each(by_words, queries, captions, image.shape)
        for row, (of_image, of_caption) in enumerate(
            zip(queries.images, queries.captions, strict=True)
        ):
            image[row] = self._usual(of_image, self._images, "image").standardised(image[row])
            usual = self._usual(of_caption, captions.vectors, "caption")
            text[row] = usual.standardised(text[row])
        return Signals(image, text, words)

    def _usual(self, query: Matrix, vectors: Matrix, kind: str) -> Any:
        return self._relevance.usual(query, vectors, kind)

    def _ways(self, signals: Signals) -> dict[str, NDArray[np.float64]]:
        """The scores of every arm, shape (queries, pictures)."""
        ways = {
            CAPTIONS: self._relevance.scores("texts", signals),
            PICTURES: self._relevance.scores("image", signals),
            BOTH: self._relevance.scores("hybrid", signals),
            _MEANING: self._relevance.scores("caption", signals),
            _WORDS: np.nan_to_num(signals.words.astype(np.float64), nan=0.0),
            _TFIDF: self._by_tfidf(),
        }
        described = self._described(signals)
        return ways if described is None else {**ways, DESCRIBED: described}

    def _described(self, signals: Signals) -> NDArray[np.float64] | None:
        """Captions and machine-written descriptions, without looking again."""
        generation = self._material.generation
        if not len(generation.description_vectors):
            return None
        vectors = np.asarray(generation.description_vectors)
        text = signals.text.copy()
        likeness = self._queries.captions @ vectors.T
        for row, query in enumerate(self._queries.captions):
            z = self._usual(query, self._captions.vectors, "caption").standardised(likeness[row])
            places = generation.description_pictures
            text[row, places] = np.fmax(text[row, places], z)
        return self._relevance.scores("texts", signals._replace(text=text))

    def _by_tfidf(self) -> NDArray[np.float64]:
        """Cosines of words weighed by how few captions have them: a baseline."""
        captions = tfidf(pairs=False).fit_transform(self._captions.texts)
        cosines = np.asarray((captions[self.asked] @ captions.T).todense(), dtype=np.float32)
        shape = (len(self.asked), len(self._images))
        best = _best_of_each(cosines, self._queries, self._captions, shape)
        return np.nan_to_num(best.astype(np.float64), nan=-1.0)

    def _arms(self, counts: Mapping[str, Counts]) -> Result:
        arms: Result = {}
        for name, each in counts.items():
            kind: Any = "arm" if name in (CAPTIONS, PICTURES, BOTH, DESCRIBED) else "baseline"
            arms[name] = arm(kind, each, _MEASURES, self._draws)
        arms.setdefault(DESCRIBED, untested("arm", "the gallery has no descriptions"))
        pictures = len(self._images)
        places = np.arange(1, pictures + 1)
        arms["chance"] = {
            "kind": "baseline",
            "tested": True,
            "recall_at_1": {"value": 1 / pictures},
            "recall_at_5": {"value": min(1.0, 5 / pictures)},
            "recall_at_10": {"value": min(1.0, 10 / pictures)},
            "mrr": {"value": float((1 / places).mean())},
        }
        return arms

    def _contrasts(self, counts: Mapping[str, Counts]) -> Result:
        return {
            f"{name} - {CAPTIONS}": contrast(counts[name], counts[CAPTIONS], _FIRST, self._draws)
            for name in (BOTH, PICTURES, DESCRIBED)
            if name in counts
        }

    def _shuffled(self, signals: Signals, captions: NDArray[np.float64]) -> Result:
        """Both, with every picture's look from another picture: what is not from looking."""
        random = np.random.default_rng(SEED)
        baseline = float((_ranks(captions, self._targets) <= 1).mean())
        gains = []
        for _ in range(_SHUFFLES):
            image = signals.image[:, random.permutation(len(self._images))]
            both = self._relevance.scores("hybrid", signals._replace(image=image))
            gains.append(float((_ranks(both, self._targets) <= 1).mean()) - baseline)
        return by_chance(gains)

    def _one_caption(self) -> Result:
        """As in most people's galleries: one caption a picture, and the others ask.

        The reference is a second human caption in the picture's place.
        """
        first, second, rest = self._first_second_rest
        if len(first) < LEAST_PICTURES:
            return {"tested": False, "why": f"{len(first)} pictures have three captions"}
        queries = self._asking(rest)
        one = self._signals(queries, self._captions.of(first))
        two = self._signals(queries, self._captions.of(np.concatenate([first, second])))
        scores = {
            CAPTIONS: self._relevance.scores("texts", one),
            PICTURES: self._relevance.scores("image", one),
            BOTH: self._relevance.scores("hybrid", one),
            SECOND: self._relevance.scores("texts", two),
        }
        targets = self._captions.pictures[rest]
        counts = {name: _counts(each, targets) for name, each in scores.items()}
        draws = resamples(len(np.unique(targets)))
        return {
            "tested": True,
            "posts": len(rest),
            "pictures": len(draws[0]),
            "arms": {
                name: arm("reference" if name == SECOND else "arm", each, _MEASURES, draws)
                for name, each in counts.items()
            },
            "contrasts": {
                f"{name} - {CAPTIONS}": contrast(counts[name], counts[CAPTIONS], _FIRST, draws)
                for name in (BOTH, SECOND)
            },
        }

    @cached_property
    def _first_second_rest(self) -> tuple[Rows, Rows, Rows]:
        """The first two captions of pictures with three, and those of the rest that ask."""
        captions = self._captions.pictures
        order = np.argsort(captions, kind="stable")
        _, starts, counts = np.unique(captions[order], return_index=True, return_counts=True)
        starts = starts[counts >= 3]
        first, second = order[starts], order[starts + 1]
        used = np.isin(captions, captions[first])
        rest = self.asked[used[self.asked] & ~np.isin(self.asked, [*first, *second])]
        return first, second, rest

    def _asking(self, rows: Rows) -> _Queries:
        """Captions that are not among those they look through."""
        places = np.searchsorted(self.asked, rows)
        queries = self._queries
        return _Queries(
            [queries.texts[place] for place in places.tolist()],
            queries.images[places],
            queries.captions[places],
            np.full(len(rows), -1),
        )

    def _degraded(self) -> Result:
        """One caption a picture, with less and less of it left, alone and with the picture."""
        first, _, rest = self._first_second_rest
        if len(first) < LEAST_PICTURES:
            return {}
        queries, targets = self._asking(rest), self._captions.pictures[rest]
        kept = self._captions.of(first)
        draws = resamples(len(np.unique(targets)))
        found: Result = {}
        for level in LEVELS:
            texts = degraded(kept.texts, level)
            vectors = kept.vectors
            if level != FULL_CAPTION:
                vectors = self._material.caption_encoder.encode_texts(texts)
            signals = self._signals(queries, kept._replace(texts=texts, vectors=vectors))
            if not any(texts):
                nothing = np.full(signals.text.shape, np.nan, dtype=np.float32)
                signals = signals._replace(text=nothing, words=nothing)
            scores = {
                CAPTIONS: self._relevance.scores("texts", signals),
                BOTH: self._relevance.scores("hybrid", signals),
            }
            counts = {name: _counts(each, targets) for name, each in scores.items()}
            found[level] = captions_against_both(counts, _FIRST, draws)
        return found

    def _pairs(self) -> Result:
        """Short queries for two things at once; a picture with one of them is half right."""
        queries, grades = self._graded()
        if not queries:
            return {"tested": False, "why": "nobody marked what the pictures show"}
        images = self._material.image_encoder.encode_texts(queries)
        captions = self._material.caption_encoder.encode_texts(queries)
        asked = _Queries(queries, images, captions, np.full(len(queries), -1))
        signals = self._signals(asked, self._captions)
        scores = {
            CAPTIONS: self._relevance.scores("texts", signals),
            PICTURES: self._relevance.scores("image", signals),
            BOTH: self._relevance.scores("hybrid", signals),
            _WORDS: np.nan_to_num(signals.words.astype(np.float64), nan=0.0),
        }
        gains = {
            name: np.stack([_ndcg(grades, each), np.ones(len(queries))], axis=1)
            for name, each in scores.items()
        }
        draws = resamples(len(queries))
        measures: dict[str, Measure] = {"ndcg_at_10": _share(0)}
        return {
            "tested": True,
            "queries": len(queries),
            "examples": queries[:3],
            "arms": {
                name: arm("baseline" if name == _WORDS else "arm", each, measures, draws)
                for name, each in gains.items()
            },
            "contrasts": {
                f"{BOTH} - {CAPTIONS}": contrast(gains[BOTH], gains[CAPTIONS], _share(0), draws)
            },
        }

    def _graded(self) -> tuple[list[str], NDArray[np.int64]]:
        """The commonest pairs of plainly visible things, and every picture's grade: 0, 1 or 2."""
        seen: list[set[str]] = [set() for _ in self._images]
        for post, picture in zip(self._material.posts, self._material.pictures, strict=True):
            things = objects_of(post) or ()
            seen[int(picture)] |= {each.category for each in things if each.area >= LEAST_AREA}
        pairs = Counter(pair for things in seen for pair in combinations(sorted(things), 2))
        chosen = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:_MOST_PAIRS]
        grades = np.array([[len(things & set(pair)) for things in seen] for pair in chosen])
        return [f"{one} and {other}" for one, other in chosen], grades

    def _changed(self, scores: Mapping[str, NDArray[np.float64]]) -> list[Result]:
        """The queries whose picture moved most when looks were added, for better and for worse."""
        before, after = (_ranks(scores[name], self._targets) for name in (CAPTIONS, BOTH))
        looks = _ranks(scores[PICTURES], self._targets)
        gain = 1 / after - 1 / before
        chosen = most_changed(gain, self._targets, _SHOWN)
        return [
            {
                "image_id": self._material.generation.image_ids[int(self._targets[row])],
                "query": self._queries.texts[row],
                "gain": float(gain[row]),
                CAPTIONS: int(before[row]),
                PICTURES: int(looks[row]),
                BOTH: int(after[row]),
            }
            for row in chosen
        ]


def _best_of_each(
    scores: Matrix, queries: _Queries, captions: _Captions, shape: tuple[int, ...]
) -> Matrix:
    """Shape (queries, pictures): the best caption's score; NaN for pictures without captions.

    `scores` (queries, captions) is changed: a caption that may not find its own picture is NaN.
    """
    rows = np.flatnonzero(queries.left_out >= 0)
    scores[rows, queries.left_out[rows]] = np.nan
    best = np.full(shape, np.nan, dtype=np.float32)
    order = np.argsort(captions.pictures, kind="stable")
    names, starts = np.unique(captions.pictures[order], return_index=True)
    if len(names):
        best[:, names] = np.fmax.reduceat(scores[:, order], starts, axis=1)
    return best


def _ranks(scores: NDArray[np.float64], targets: Rows) -> Rows:
    """Of every query's own picture, from 1; an equal score counts as ahead of it."""
    own = scores[np.arange(len(scores)), targets]
    ranks: Rows = (scores >= own[:, None]).sum(axis=1)
    return ranks


def _counts(scores: NDArray[np.float64], targets: Rows) -> Counts:
    """By picture: found first, in the first 5, in the first 10, 1 / rank, and how many queries."""
    ranks = _ranks(scores, targets)
    columns = [ranks <= 1, ranks <= 5, ranks <= 10, 1 / ranks, np.ones(len(ranks))]
    return summed_by_picture(targets, np.stack(columns, axis=1))


def _share(column: int) -> Measure:
    """The mean of a column of sums, whose number is in the last one."""

    def share(counts: Counts) -> NDArray[np.float64]:
        return np.asarray(counts[..., column] / np.maximum(counts[..., -1], 1))

    return share


_MEASURES: dict[str, Measure] = {
    "recall_at_1": _share(0),
    "recall_at_5": _share(1),
    "recall_at_10": _share(2),
    "mrr": _share(3),
}
_FIRST = _MEASURES["recall_at_1"]


def _ndcg(grades: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (queries,): nDCG@10 (Järvelin and Kekäläinen 2002) of every query."""
    import ir_measures

    truth = [
        ir_measures.Qrel(str(query), str(picture), int(grades[query, picture]))
        for query, picture in zip(*np.nonzero(grades), strict=True)
    ]
    # Pictures in order, equal scores by row: the library would break ties by name.
    run = [
        ir_measures.ScoredDoc(str(query), str(picture), float(-place))
        for query, row in enumerate(scores)
        for place, picture in enumerate(np.argsort(-row, kind="stable")[:_DEPTH].tolist())
    ]
    measure = ir_measures.nDCG @ 10
    values = np.zeros(len(grades))
    for each in ir_measures.iter_calc([measure], truth, run):
        values[int(each.query_id)] = each.value
    return values
