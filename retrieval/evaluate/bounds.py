"""How much a picture could tell of how a post feels, if somebody read it perfectly.

Needs no encoder of pictures: what people said of a post's picture stands in for one. The figures
are bounds, and never labels.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from retrieval.evaluate.metrics import confusion_counts, macro_f1
from retrieval.labels.scores import NOT_DETERMINED, sentiment_codes
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.evaluate.results import SenticapBound
    from retrieval.labels.fusion import Fusion
    from retrieval.labels.scores import Codes, Scores

SENTICAP_FILE = Path(__file__).with_name("senticap_bound.json")

KNOWN: Final = "captions + the picture's commonest sentiment"
OTHERS: Final = "captions + the commonest sentiment of its other captions"

WEIGHTS: Final = tuple(step / 20 for step in range(101))  # of the picture's side: 0 to 5


def commonest_sentiments(
    truth: Codes, pictures: NDArray[np.int64], *, of_others: bool = False
) -> Codes:
    """Shape (n,): the commonest sentiment among each post's picture's posts.

    `of_others`: but for the post itself, which would answer for itself. NOT_DETERMINED where there
    are none, or two are equally common: then a picture has no mood to know.
    """
    said = np.eye(len(SENTIMENTS), dtype=np.int64)[truth]
    _, places = np.unique(pictures, return_inverse=True)
    counts = np.zeros_like(said)
    np.add.at(counts, places, said)
    counts = counts[places] - (said if of_others else 0)
    most = counts.max(axis=1)
    single = ((counts == most[:, None]).sum(axis=1) == 1) & (most > 0)
    return np.where(single, counts.argmax(axis=1), NOT_DETERMINED).astype(np.int8)


def pictures_alone(truth: Codes, pictures: NDArray[np.int64]) -> float:
    """The share of posts that are right if each picture's posts all get its commonest sentiment.

    Nobody who sees the pictures alone can do better, so that no reader of pictures may be surer.
    """
    _, places = np.unique(pictures, return_inverse=True)
    counts = np.zeros((places.max() + 1, len(SENTIMENTS)))
    np.add.at(counts, (places, truth), 1)
    return float(counts.max(axis=1).sum() / len(truth))


def as_scores(said: Codes, sure: float) -> Scores:
    """Shape (n, 3): of a reader who is so sure of this; the rest falls to the other two alike."""
    classes = np.arange(len(SENTIMENTS))
    scores = np.where(said[:, None] == classes, sure, (1 - sure) / (len(SENTIMENTS) - 1))
    scores[said == NOT_DETERMINED] = np.nan
    return scores.astype(np.float32)


def weighed(fusion: Fusion, weight: float) -> Fusion:
    """The same with another weight of the picture's sentiment."""
    return replace(fusion, sentiment=(fusion.sentiment[0], weight))


def by_weight(fusion: Fusion, truth: Codes, caption: Scores, image: Scores) -> NDArray[np.float64]:
    """Shape (len(WEIGHTS),): the macro-F1 that each weight of the picture's side reaches."""
    return np.array(
        [
            macro_f1(_total(truth, weighed(fusion, weight).fused_sentiment(caption, image)))
            for weight in WEIGHTS
        ]
    )


def changed(caption: Scores, both: Scores) -> int:
    """How many labels are others with the picture than without it."""
    return int((sentiment_codes(caption) != sentiment_codes(both)).sum())


def _total(truth: Codes, scores: Scores) -> NDArray[np.float64]:
    return np.asarray(confusion_counts(truth, sentiment_codes(scores)).sum(axis=0))


@cache
def senticap_bound() -> SenticapBound:
    """The bound on SentiCap, which `python -m training.sentiment_bound` measured."""
    return cast("SenticapBound", json.loads(SENTICAP_FILE.read_text("utf-8")))
