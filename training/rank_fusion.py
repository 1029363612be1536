"""Several rankings made one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RRF_K = 60  # the value of the paper: Cormack, Clarke and Büttcher 2009

UNRANKED = 0


def ranks(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rank of every item, 1 for the highest score; equal scores rank in the items' order.

    Items whose score is NaN are not ranked: they get UNRANKED.
    """
    order = np.argsort(-scores, kind="stable")  # NaN sorts last
    result = np.empty(len(scores), dtype=np.int64)
    result[order] = np.arange(1, len(scores) + 1)
    result[np.isnan(scores)] = UNRANKED
    return result


def reciprocal_rank_fusion(rankings: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """The sum of 1 / (60 + rank) over the rankings; a ranking without the item adds nothing."""
    fused = np.zeros(len(rankings[0]))
    for ranking in rankings:
        fused += np.where(ranking == UNRANKED, 0.0, 1 / (RRF_K + ranking))
    return fused
