"""VADER (Hutto and Gilbert, ICWSM 2014): rules and a word list, as features and on its own."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from retrieval.captions import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    from retrieval.encoders.base import Vectors
    from retrieval.labels.base import Scores

FEATURES = ("compound", "pos", "neg", "neu")

_VARIATION_SELECTOR = re.compile("[\ufe0e\ufe0f]")
_NEUTRAL_UP_TO = 0.05  # of the compound score, as VADER's authors say


class VaderModel:
    """VADER alone: no weights, no training, and words that it does not know are neutral."""

    spec = "vader"
    version = "vader@3.3.2"
    languages = frozenset({"en"})
    note = "VADER's scores follow its word list and are not calibrated"

    def scores(self, captions: Sequence[str], vectors: Vectors) -> Scores:  # noqa: ARG002
        """Shape (n, 3): the class is VADER's own; its score grows with the compound score."""
        compound = vader_features(captions)[:, 0]
        neutral = 0.5 ** (np.abs(compound) / _NEUTRAL_UP_TO)
        scores = np.stack([(1 - neutral) * (compound < 0), neutral, (1 - neutral) * (compound > 0)])
        result: Scores = scores.T.astype(np.float32)
        return result


def vader_features(captions: Sequence[str]) -> NDArray[np.float32]:
    """Shape (n, 4), float32: FEATURES of every caption, in plain style and lower case."""
    rows = [_analyzer().polarity_scores(_as_listed(caption)) for caption in captions]
    return np.array([[row[name] for name in FEATURES] for row in rows], np.float32).reshape(-1, 4)


def _as_listed(caption: str) -> str:
    """As VADER's lists spell words and emoji, which have no variation selectors."""
    return _VARIATION_SELECTOR.sub("", plain(caption).lower())


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
