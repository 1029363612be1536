"""Whether scores are as sure as they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


def calibration_error(
    probabilities: NDArray[np.floating[Any]], came_true: NDArray[np.bool_], bins: int = 10
) -> float:
    """Expected calibration error (Guo et al. 2017) of probabilities, in equal-width bins.

    The mean over all of them of the distance between their bin's mean and the share in it that
    came true. The two arrays have one shape, whatever it is.
    """
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[place == b].mean() - came_true[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def winner_calibration_error(
    scores: NDArray[np.floating[Any]], truth: NDArray[np.int64], bins: int = 10
) -> float:
    """`calibration_error` of each row's highest score; `truth` has the column that is right."""
    return calibration_error(scores.max(axis=1), scores.argmax(axis=1) == truth, bins)
