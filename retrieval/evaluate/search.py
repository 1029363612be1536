"""Whether the right picture is found: by captions, by looks, and by both.

What is scored is the search that ships: `Evidence` compares, here as in `Searcher`, and a caption
that asks is held back as a filter would hold it back.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from retrieval.captions import same_text
from retrieval.evaluate.arms import (
    BOTH,
    CAPTIONS,
    CHANCE,
    DESCRIBED,
    LEAST_PICTURES,
    PICTURES,
    PRIMARY,
    SECOND,
    arm,
    contrast,
    contrasts,
    untested,
)
from retrieval.evaluate.controls import (
    FULL_CAPTION,
    NO_CAPTION,
    degradation,
    degraded,
    distinct_captions,
    shuffled,
)
from retrieval.evaluate.material import most_changed
from retrieval.evaluate.ranking import (
    FIRST,
    RANK_MEASURES,
    by_chance,
    ndcg,
    rank_counts,
    ranks,
    sampled,
    share,
)
from retrieval.evaluate.tfidf import tfidf
from retrieval.evaluate.truth import LEAST_AREA, objects_of
from retrieval.gallery.generation import Generation
from retrieval.search.evidence import Evidence, Passing
from retrieval.search.query_vectors import QueryVectors
from retrieval.search.relevance import Signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.evaluate.material import Material
    from retrieval.evaluate.results import (
        Arm,
        ChangedRank,
        Level,
        MeasureName,
        OneCaption,
        Pairs,
        SearchTask,
    )
    from retrieval.evaluate.statistics import Counts, Measure

    Matrix = NDArray[np.float32]
    Rows = NDArray[np.int64]
    Scores = NDArray[np.float64]  # shape (queries, pictures)

_MOST_PAIRS = 200
_AT = (1, 3, 5, 10, 20)
_SHOWN = 4  # queries that got better, and as many that got worse

_MEANING, _WORDS, _TFIDF = "captions by meaning", "captions by words", "captions by TF-IDF"
_WHY_NOT = {DESCRIBED: "the gallery has no descriptions"}
_PAIR_MEASURES: dict[MeasureName, Measure] = {"ndcg_at_10": share(0)}


class _Recaptioned(Generation):
    """A gallery as if its posts had these captions and no others."""

    def __init__(
        self, real: Generation, texts: Sequence[str], vectors: Matrix, pictures: Rows
    ) -> None:
        super().__init__(real.folder, real.manifest)
        self.captions = list(texts)
        self.caption_vectors = vectors
        self.caption_pictures = pictures


class _Compared(NamedTuple):
    """What speaks for every picture; shape (queries, pictures) each."""

    shipped: Signals
    by_captions: Signals  # the same without what machines wrote


def evaluate_search(material: Material) -> SearchTask | None:
    """Everything about finding pictures; None where no picture has a second caption to ask by."""
    task = _Search(material)
    return task.result() if len(task.asked) else None


class _Search:
    """Every caption asks for its own picture, which it may not be found by itself."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._generation = material.generation
        self._relevance = Evidence(material.generation, material.image_encoder).relevance
        self._pictures = len(self._generation.image_ids)
        self._owners = self._generation.caption_pictures  # of captions
        self.asked = self._chosen()
        self._targets = self._owners[self.asked]

    @cached_property
    def _draws(self) -> NDArray[np.float64]:
        return self._material.draws(len(np.unique(self._targets)))

    @cached_property
    def _distinct(self) -> Rows:
        """Captions but for copies, which would find each other."""
        return distinct_captions(self._generation.captions, self._owners)

    def _chosen(self) -> Rows:
        """The captions that ask: of pictures with several."""
        owners = self._owners[self._distinct]
        several = np.bincount(owners, minlength=self._pictures) > 1
        return sampled(self._distinct[several[owners]], max(len(self._owners), self._pictures))

    def result(self) -> SearchTask:
        compared = self._compared(self._generation, self._queries, self._own_captions)
        scores = self._ways(compared)
        counts = {name: rank_counts(each, self._targets) for name, each in scores.items()}
        above = contrasts(counts, (PICTURES, DESCRIBED), FIRST, self._draws, _WHY_NOT)
        return {
            "question": "Which picture is meant?",
            "measure": "recall_at_1",
            "posts": len(self.asked),
            "pictures": len(self._draws[0]),
            "gallery": self._pictures,
            "primary": above[PRIMARY].copy(),
            "arms": self._arms(counts),
            "contrasts": above,
            "recall": {
                name: [(k, float((ranks(each, self._targets) <= k).mean())) for k in _AT]
                for name, each in scores.items()
            },
            "shuffled_pictures": shuffled(
                lambda random: self._shuffled(compared, random), counts[CAPTIONS], FIRST
            ),
            "one_caption_a_picture": self._one_caption(),
            "degradation": self._degraded(),
            "pairs": self._pairs(),
            "changed": self._changed(scores),
        }

    @cached_property
    def _queries(self) -> list[QueryVectors]:
        texts = [self._generation.captions[row] for row in self.asked.tolist()]
        images = self._material.image_encoder.encode_texts(texts)
        captions = np.asarray(self._generation.caption_vectors)[self.asked]
        return [QueryVectors(*each) for each in zip(images, captions, texts, strict=True)]

    @cached_property
    def _own_captions(self) -> NDArray[np.bool_]:
        """Shape (queries, captions): what a query may not find its picture by: it and its copies.

        Copies of it under other pictures stay.
        """
        texts = list(map(same_text, self._generation.captions))
        _, said = np.unique(texts, return_inverse=True)
        same_picture = self._targets[:, None] == self._owners
        own: NDArray[np.bool_] = same_picture & (said[self.asked][:, None] == said)
        return own

    def _compared(
        self,
        generation: Generation,
        queries: Sequence[QueryVectors],
        held_back: NDArray[np.bool_] | None = None,
    ) -> _Compared:
        """Each query against every picture, without the captions that are held back from it."""
        evidence = Evidence(generation, self._material.image_encoder)
        rows = np.arange(self._pictures)
        everything = Passing(
            np.ones(len(self._material.posts), dtype=np.bool_),
            np.ones(len(rows), dtype=np.bool_),
            np.ones(len(generation.captions), dtype=np.bool_),
        )
        shipped, by_captions = [], []
        for place, query in enumerate(queries):
            passing = everything
            if held_back is not None:
                passing = everything._replace(captions=~held_back[place])
            likeness = evidence.likeness(rows, query, passing)
            shipped.append(evidence.signals(likeness, query))
            if len(generation.description_vectors):
                nothing = np.full(len(rows), np.nan, dtype=np.float32)
                alone = likeness._replace(description=nothing)
                by_captions.append(evidence.signals(alone, query))
        stacked = _stacked(shipped)
        return _Compared(stacked, _stacked(by_captions) if by_captions else stacked)

    def _sides(self, compared: _Compared) -> dict[str, Scores]:
        """The three arms' scores; `both` is what a search shows."""
        return {
            CAPTIONS: self._relevance.scores("texts", compared.by_captions),
            PICTURES: self._relevance.scores("image", compared.shipped),
            BOTH: self._relevance.scores("hybrid", compared.shipped),
        }

    def _ways(self, compared: _Compared) -> dict[str, Scores]:
        """The scores of every arm and baseline."""
        ways = {
            **self._sides(compared),
            _MEANING: self._relevance.scores("caption", compared.by_captions),
            _WORDS: np.nan_to_num(compared.shipped.words.astype(np.float64), nan=0.0),
            _TFIDF: self._by_tfidf(),
        }
        if len(self._generation.description_vectors):
            ways[DESCRIBED] = self._relevance.scores("texts", compared.shipped)
        return ways

    def _by_tfidf(self) -> Scores:
        """Cosines of words weighed by how few captions have them: a baseline."""
        captions = tfidf(pairs=False).fit_transform(self._generation.captions)
        cosines = np.asarray((captions[self.asked] @ captions.T).todense(), dtype=np.float64)
        cosines[self._own_captions] = -1
        best = np.full((len(self.asked), self._pictures), -1.0)
        order = np.argsort(self._owners, kind="stable")
        names, starts = np.unique(self._owners[order], return_index=True)
        best[:, names] = np.maximum.reduceat(cosines[:, order], starts, axis=1)
        return best

    def _shuffled(self, compared: _Compared, random: np.random.Generator) -> Counts:
        """Both, with every picture's look from another picture."""
        order, signals = random.permutation(self._pictures), compared.shipped
        image, cosine = signals.image[:, order], signals.image_cosine[:, order]
        other = signals._replace(image=image, image_cosine=cosine)
        both = self._relevance.scores("hybrid", other)
        return rank_counts(both, self._targets)

    def _arms(self, counts: Mapping[str, Counts]) -> dict[str, Arm]:
        arms = {
            name: arm(
                "arm" if name in (CAPTIONS, PICTURES, BOTH, DESCRIBED) else "baseline",
                each,
                RANK_MEASURES,
                self._draws,
            )
            for name, each in counts.items()
        }
        arms.setdefault(DESCRIBED, untested("arm", _WHY_NOT[DESCRIBED]))
        arms[CHANCE] = by_chance(self._pictures)
        return arms

    def _one_caption(self) -> OneCaption:
        """As in most people's galleries: one caption a picture, and the others ask.

        The reference is a second human caption in the picture's place.
        """
        first, second, rest = self._first_second_rest
        if len(first) < LEAST_PICTURES:
            return {"tested": False, "why": f"{len(first)} pictures have three captions"}
        queries, targets = self._asking(rest), self._owners[rest]
        two = self._compared(self._with_captions(np.sort([*first, *second])), queries)
        scores = self._sides(self._compared(self._with_captions(first), queries))
        scores[SECOND] = self._relevance.scores("texts", two.by_captions)
        counts = {name: rank_counts(each, targets) for name, each in scores.items()}
        draws = self._material.draws(len(np.unique(targets)))
        return {
            "tested": True,
            "posts": len(rest),
            "pictures": len(draws[0]),
            "arms": {
                name: arm("reference" if name == SECOND else "arm", each, RANK_MEASURES, draws)
                for name, each in counts.items()
            },
            "contrasts": contrasts(counts, (SECOND,), FIRST, draws, _WHY_NOT),
        }

    @cached_property
    def _first_second_rest(self) -> tuple[Rows, Rows, Rows]:
        """The first two captions of pictures with three, and those of the rest that ask."""
        distinct = self._distinct
        order = distinct[np.argsort(self._owners[distinct], kind="stable")]
        _, starts, counts = np.unique(self._owners[order], return_index=True, return_counts=True)
        starts = starts[counts >= 3]
        first, second = order[starts], order[starts + 1]
        used = np.isin(self._targets, self._owners[first])
        rest = self.asked[used & ~np.isin(self.asked, [*first, *second])]
        return first, second, rest

    def _asking(self, rows: Rows) -> list[QueryVectors]:
        return [self._queries[place] for place in np.searchsorted(self.asked, rows).tolist()]

    def _with_captions(self, rows: Rows) -> Generation:
        """The gallery with some of its captions."""
        generation = self._generation
        texts = [generation.captions[row] for row in rows.tolist()]
        vectors = np.asarray(generation.caption_vectors)[rows]
        return _Recaptioned(generation, texts, vectors, self._owners[rows])

    def _degraded(self) -> dict[str, Level]:
        """One caption a picture, with less and less of it left, alone and with the picture."""
        first, _, rest = self._first_second_rest
        if len(first) < LEAST_PICTURES:
            return {}
        queries, targets = self._asking(rest), self._owners[rest]
        full = self._with_captions(first)

        def counts_at(level: str) -> dict[str, Counts]:
            generation = full
            if level == NO_CAPTION:
                generation = self._with_captions(first[:0])
            elif level != FULL_CAPTION:
                texts = degraded(full.captions, level)
                vectors = self._material.caption_encoder.encode_texts(texts)
                generation = _Recaptioned(full, texts, vectors, full.caption_pictures)
            scores = self._sides(self._compared(generation, queries))
            return {name: rank_counts(each, targets) for name, each in scores.items()}

        return degradation(counts_at, FIRST, self._material.draws(len(np.unique(targets))))

    def _pairs(self) -> Pairs:
        """Short queries for two things at once; a picture with one of them is half right.

        Many of them share a thing, so that what is drawn anew is the things.
        """
        things, grades = self._graded()
        texts = [f"{one} and {other}" for one, other in things]
        if not texts:
            return {"tested": False, "why": "nobody marked what the pictures show"}
        images = self._material.image_encoder.encode_texts(texts)
        captions = self._material.caption_encoder.encode_texts(texts)
        queries = [QueryVectors(*each) for each in zip(images, captions, texts, strict=True)]
        compared = self._compared(self._generation, queries)
        scores = self._sides(compared)
        scores[_WORDS] = np.nan_to_num(compared.shipped.words.astype(np.float64), nan=0.0)
        gains = {
            name: np.stack([ndcg(grades, each), np.ones(len(texts))], axis=1)
            for name, each in scores.items()
        }
        names, sides = np.unique(things, return_inverse=True)
        draws = self._material.crossed_draws(sides.reshape(-1, 2))
        return {
            "tested": True,
            "queries": len(texts),
            "things": len(names),
            "examples": texts[:3],
            "arms": {
                name: arm(
                    "baseline" if name == _WORDS else "arm",
                    each,
                    _PAIR_MEASURES,
                    draws,
                    len(names),
                )
                for name, each in gains.items()
            },
            "contrasts": {
                PRIMARY: contrast(gains[BOTH], gains[CAPTIONS], share(0), draws, len(names))
            },
        }

    def _graded(self) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
        """The commonest pairs of plainly visible things, and every picture's grade: 0, 1 or 2."""
        seen: list[set[str]] = [set() for _ in range(self._pictures)]
        for post, picture in zip(self._material.posts, self._material.pictures, strict=True):
            things = objects_of(post) or ()
            seen[int(picture)] |= {each.category for each in things if each.area >= LEAST_AREA}
        pairs = Counter(pair for things in seen for pair in combinations(sorted(things), 2))
        chosen = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:_MOST_PAIRS]
        grades = np.array([[len(things & set(pair)) for things in seen] for pair in chosen])
        return chosen, grades

    def _changed(self, scores: Mapping[str, Scores]) -> list[ChangedRank]:
        """The queries whose picture moved most when looks were added, for better and for worse."""
        found = {name: ranks(scores[name], self._targets) for name in (CAPTIONS, PICTURES, BOTH)}
        gain = 1 / found[BOTH] - 1 / found[CAPTIONS]
        return [
            {
                "image_id": self._generation.image_ids[int(self._targets[row])],
                "query": self._queries[row].words,
                "gain": float(gain[row]),
                "ranks": {name: int(each[row]) for name, each in found.items()},
            }
            for row in most_changed(gain, self._targets, _SHOWN)
        ]


def _stacked(signals: Sequence[Signals]) -> Signals:
    """Of many queries, shape (queries, pictures) each."""
    return Signals(*(np.stack(values) for values in zip(*signals, strict=True)))
