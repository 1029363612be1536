"""Who is left out of training when; the shipped figures are of these folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.evaluate.statistics import FOLDS, SEED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def folds_of(groups: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
    """Shape (n,): a fold for every row, the same for all rows of a group.

    As many groups fall into one as into another, or one more: the folds of
    `statistics.folds_of` by another draw.
    """
    names, places = np.unique(groups, return_inverse=True)
    folds = np.empty(len(names), dtype=np.int64)
    folds[np.random.default_rng(SEED).permutation(len(names))] = np.arange(len(names)) % FOLDS
    return np.asarray(folds[places], dtype=np.int64)
