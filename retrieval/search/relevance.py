"""How relevant a picture is to a query: one number from what it shows and what was written.

A cosine means little by itself: .25 is much for one query and nothing for another. So each is told
in standard deviations above the query's own usual similarity to the gallery as well, by which the
picture that stands out is found; whether it stands out for a reason, the cosine tells better. Both,
with the share of the query's words that a caption holds, go through a logistic regression. The
weights in relevance.json are made by `python -m training.relevance`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from retrieval.encoders.base import Background
from retrieval.vectors import logistic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors, ZeroShot

    # A strategy of searches, or `texts`: the meaning and words of captions without the pictures.
    Weighing = Literal["image", "caption", "texts", "hybrid"]

RELEVANCE_FILE = Path(__file__).with_name("relevance.json")

UNRELATED, LESS_SURE, SURE = range(3)  # how sure one can be that a picture is meant

# Of a caption that holds so much of the query's words one is sure.
SAID = 0.2

_SAMPLE = 2_048  # vectors: enough for a mean and a deviation
_PRIOR_WEIGHT = 10  # vectors; how many of its own a gallery must have to outweigh the typical


class Usual(NamedTuple):
    """How similar something is to a query that has nothing to do with it."""

    mean: float
    deviation: float

    def standardised(self, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Deviations above the mean; NaN stays."""
        z: NDArray[np.float32] = (similarities - self.mean) / self.deviation
        return z


class Signals(NamedTuple):
    """What speaks for pictures, each of one shape, whatever it is."""

    image: NDArray[np.float32]  # z-score of the picture; NaN: not asked
    text: NDArray[np.float32]  # of the nearest caption or description; NaN: none
    words: NDArray[np.float32]  # in [0, 1): how much of the query's words the caption holds
    image_cosine: NDArray[np.float32]  # what the z-scores were made of
    text_cosine: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Relevance:
    """Turns signals into one score."""

    weights: Mapping[str, Mapping[str, float]]  # by Weighing: of Signals' fields, bias, near, sure
    typical: Mapping[str, Usual]  # of images and of captions

    def scores(self, strategy: Weighing, signals: Signals) -> NDArray[np.float64]:
        """In the signals' shape, in [0, 1]: calibrated on the queries of docs/evaluation.md.

        What is not there speaks neither for a picture nor against it. Where there is nothing to
        read, `hybrid` is what `image` is: its own weights are those of pictures with a caption.
        """
        if strategy == "hybrid":
            read = self._weighed("hybrid", signals)
            return np.where(np.isnan(signals.text), self._weighed("image", signals), read)
        return self._weighed(strategy, signals)

    def _weighed(self, strategy: Weighing, signals: Signals) -> NDArray[np.float64]:
        weights = self.weights[strategy]
        logits = np.full(signals.words.shape, weights["bias"])
        for name, values in signals._asdict().items():
            logits += weights.get(name, 0.0) * np.nan_to_num(values, nan=0.0)
        return logistic(logits)

    def levels(
        self,
        strategy: Weighing,
        scores: NDArray[np.float64],
        unread: NDArray[np.bool_],
        words: NDArray[np.float32],
    ) -> NDArray[np.int8]:
        """Shape (m,): SURE, LESS_SURE or UNRELATED.

        `unread` are the pictures without anything to read, whose bounds are those of looks alone,
        as `scores` weighs them.
        """
        of_unread: Weighing = "image" if strategy == "hybrid" else strategy
        near, sure = (
            np.where(unread, self.weights[of_unread][bound], self.weights[strategy][bound])
            for bound in ("near", "sure")
        )
        sure_of = (scores >= sure) | (np.nan_to_num(words, nan=0.0) >= SAID)
        return np.where(sure_of, SURE, np.where(scores >= near, LESS_SURE, UNRELATED)).astype(
            np.int8
        )

    def usual(self, query: NDArray[np.float32], vectors: Vectors, kind: str) -> Usual:
        """A query's similarity to vectors of a gallery, of which it samples some.

        A small gallery is one in which few things have nothing to do with the query; the typical
        mean and deviation count like ten vectors more.
        """
        sample = vectors[:: max(1, len(vectors) // _SAMPLE)]
        similarities = np.asarray(sample @ query, dtype=np.float64)
        prior, n = self.typical[kind], len(similarities)
        total = n + _PRIOR_WEIGHT
        mean = (similarities.sum() + _PRIOR_WEIGHT * prior.mean) / total
        spread = ((similarities - mean) ** 2).sum() + _PRIOR_WEIGHT * (
            prior.deviation**2 + (prior.mean - mean) ** 2
        )
        return Usual(float(mean), float(np.sqrt(spread / total)))


def relevance_for(judgement: ZeroShot | Background) -> Relevance:
    """The weights for an encoder of pictures, by what its similarities are worth."""
    return _read()["classes" if isinstance(judgement, Background) else "clip"]


@cache
def _read() -> dict[str, Relevance]:
    fields: dict[str, Any] = json.loads(RELEVANCE_FILE.read_text("utf-8"))
    return {
        kind: Relevance(
            weights=about["weights"],
            typical={name: Usual(**usual) for name, usual in about["typical"].items()},
        )
        for kind, about in fields["encoders"].items()
    }
