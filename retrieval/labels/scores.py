"""Labels of many posts as arrays, and the rules that turn scores into names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]
    Codes = NDArray[np.int8]

MOST_TOPICS = 3  # a post is shown under
NOT_DETERMINED = -1


def sentiment_codes(scores: Scores) -> Codes:
    """Shape (n,): the place of the highest score in SENTIMENTS, or NOT_DETERMINED."""
    known = is_known(scores)
    codes = np.full(len(scores), NOT_DETERMINED, dtype=np.int8)
    codes[known] = scores[known].argmax(axis=1)
    return codes


def shown_topics(scores: Scores, cut: float | NDArray[np.float32]) -> NDArray[np.bool_]:
    """Shape (n, topics): the best MOST_TOPICS of a row that reach the cut, or each row's own."""
    filled = np.nan_to_num(scores, nan=0)
    order = np.argsort(-filled, axis=1, kind="stable")[:, :MOST_TOPICS]
    best = np.zeros(scores.shape, dtype=np.bool_)
    np.put_along_axis(best, order, values=True, axis=1)
    return best & (filled >= cut)


def is_known(scores: Scores) -> NDArray[np.bool_]:
    """Shape (n,): the rows that are determined."""
    return ~np.isnan(scores[:, 0]) if scores.shape[1] else np.zeros(len(scores), dtype=np.bool_)


def undetermined(count: int, classes: int) -> Scores:
    """Shape (count, classes): nothing is known."""
    return np.full((count, classes), np.nan, dtype=np.float32)
