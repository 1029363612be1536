"""Orders in which posts can be looked through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from retrieval.labels.scores import sentiment_codes
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.catalog.columns import Columns

Order = Literal["newest", "oldest", "most_positive", "most_negative"]
ORDERS: tuple[Order, ...] = get_args(Order)


def in_order(columns: Columns, rows: NDArray[np.int64], order: Order) -> NDArray[np.int64]:
    """Rows of posts, sorted; those without a date or a sentiment last, ties by row.

    Where the user corrected a sentiment, the correction counts for certain.
    """
    return rows[np.lexsort((rows, _keys(columns, order)[rows]))]


def _keys(columns: Columns, order: Order) -> NDArray[np.float64]:
    """Shape (posts,): the lowest first, NaN last."""
    if order in ("newest", "oldest"):
        return -columns.created_at if order == "newest" else columns.created_at
    feeling = _feelings(columns)
    return -feeling if order == "most_positive" else feeling


def _feelings(columns: Columns) -> NDArray[np.float64]:
    """Shape (posts,): from -1 (surely negative) to 1 (surely positive)."""
    scores = columns.sentiment_scores
    models = scores[:, SENTIMENTS.index("positive")] - scores[:, SENTIMENTS.index("negative")]
    codes = columns.sentiments()
    certain = codes.astype(np.float64) - 1
    said_so = (codes >= 0) & (codes != sentiment_codes(scores))
    return np.where(said_so, certain, models)
