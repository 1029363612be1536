"""What is measured. Each is a function of counts that add up over pictures, or checked with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.evaluate.statistics import Counts, Measure

CLASSES = 3


def confusion_counts(truth: NDArray[np.integer[Any]], found: NDArray[np.integer[Any]]) -> Counts:
    """Shape (n, 12): a post's 3 × 4 confusion matrix, flat; the last column: not determined."""
    counts = np.zeros((len(truth), CLASSES, CLASSES + 1))
    column = np.where(found < 0, CLASSES, found)
    counts[np.arange(len(truth)), truth, column] = 1
    return counts.reshape(len(truth), -1)


def accuracy(counts: Counts) -> NDArray[np.float64]:
    """The share that is right; what is not determined is wrong."""
    matrix = counts.reshape(*counts.shape[:-1], CLASSES, CLASSES + 1)
    right = np.trace(matrix[..., :CLASSES], axis1=-2, axis2=-1)
    return np.asarray(right / np.maximum(matrix.sum(axis=(-2, -1)), 1))


def macro_f1(counts: Counts) -> NDArray[np.float64]:
    """The mean over the classes that occur of F1 = 2 tp / (2 tp + fp + fn)."""
    matrix = counts.reshape(*counts.shape[:-1], CLASSES, CLASSES + 1)
    right = np.diagonal(matrix[..., :CLASSES], axis1=-2, axis2=-1)
    true, said = matrix.sum(axis=-1), matrix[..., :CLASSES].sum(axis=-2)
    f1 = 2 * right / np.maximum(true + said, 1)
    occurs = true > 0
    return np.asarray((f1 * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))


def recall_of(place: int) -> Measure:
    """The share of one class's posts that are found."""

    def recall(counts: Counts) -> NDArray[np.float64]:
        matrix = counts.reshape(*counts.shape[:-1], CLASSES, CLASSES + 1)
        true = matrix[..., place, :].sum(axis=-1)
        return np.asarray(matrix[..., place, place] / np.where(true > 0, true, np.nan))

    return recall


def set_counts(truth: NDArray[np.bool_], shown: NDArray[np.bool_]) -> Counts:
    """Shape (n, 3): how many labels of a post are right, wrong, and missing."""
    return np.stack(
        [(truth & shown).sum(axis=1), (~truth & shown).sum(axis=1), (truth & ~shown).sum(axis=1)],
        axis=1,
    ).astype(np.float64)


def micro_f1(counts: Counts) -> NDArray[np.float64]:
    """2 tp / (2 tp + fp + fn) over all labels of all posts."""
    return micro_f(counts, 1)


def micro_f(counts: Counts, beta: float) -> NDArray[np.float64]:
    """F1 where recall counts `beta` times as much as precision (van Rijsbergen 1979)."""
    right, wrong, missing = np.moveaxis(counts, -1, 0)
    both, weight = (1 + beta**2) * right, beta**2
    return np.asarray(both / np.maximum(both + wrong + weight * missing, 1))


def precision(counts: Counts) -> NDArray[np.float64]:
    """The share of the labels shown that are right."""
    right, wrong, _ = np.moveaxis(counts, -1, 0)
    return np.asarray(right / np.maximum(right + wrong, 1))


def recall(counts: Counts) -> NDArray[np.float64]:
    """The share of the true labels that are shown."""
    right, _, missing = np.moveaxis(counts, -1, 0)
    return np.asarray(right / np.maximum(right + missing, 1))


def mean(counts: Counts) -> NDArray[np.float64]:
    """Of values that come as (sum, number)."""
    total, number = np.moveaxis(counts, -1, 0)
    return np.asarray(total / np.maximum(number, 1))


def mean_average_precision(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shape (m,): over the topics that occur, the mean of their average precision.

    `truth` and `scores` have shape (n, topics), `weights` (m, n) says how often each post counts.
    Posts of equal score come all at once, as in scikit-learn's `average_precision_score`: the
    precision of each is that after the last of them.
    """
    total = np.zeros(len(weights))
    occur = np.zeros(len(weights))
    for column, values in zip(truth.T, scores.T, strict=True):
        order = np.argsort(-values, kind="stable")
        last = np.searchsorted(-values[order], -values[order], side="right") - 1
        drawn = weights[:, order]
        hits = drawn * column[order]
        there = hits.sum(axis=1)
        found, looked_at = (np.cumsum(each, axis=1)[:, last] for each in (hits, drawn))
        precisions = found / np.maximum(looked_at, 1e-12)
        total += np.where(there > 0, (hits * precisions).sum(axis=1) / np.maximum(there, 1e-12), 0)
        occur += there > 0
    return total / np.maximum(occur, 1)


def cohen_kappa(counts: Counts) -> NDArray[np.float64]:
    """Agreement beyond chance of two labellings (Cohen 1960); NaN where neither could differ.

    `counts` (..., c²) is their table of c classes, flattened.
    """
    classes = round(counts.shape[-1] ** 0.5)
    table = counts.reshape(*counts.shape[:-1], classes, classes)
    total = np.maximum(table.sum(axis=(-2, -1)), 1)
    observed = np.trace(table, axis1=-2, axis2=-1) / total
    expected = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / total**2
    possible = 1 - expected
    return np.asarray((observed - expected) / np.where(possible > 0, possible, np.nan))


def table_counts(one: NDArray[Any], other: NDArray[Any], classes: int) -> Counts:
    """Shape (n, classes²): where each of n pairs of codes lies in their table."""
    counts = np.zeros((len(one), classes * classes))
    counts[np.arange(len(one)), one.astype(int) * classes + other.astype(int)] = 1
    return counts


def reliability_points(
    sure: NDArray[np.floating[Any]], right: NDArray[np.bool_], bins: int = 10
) -> list[tuple[float, float, int]]:
    """By bin of equal width: mean confidence, share that is right, number."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        (float(sure[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
        for b in range(bins)
        if (place == b).any()
    ]


def calibration_error(
    probabilities: NDArray[np.floating[Any]], came_true: NDArray[np.bool_], bins: int = 10
) -> float:
    """Expected calibration error (Guo et al. 2017) of probabilities, in equal-width bins.

    The mean over all of them of the distance between their bin's mean and the share in it that
    came true. The two arrays have one shape, whatever it is.
    """
    points = reliability_points(probabilities, came_true, bins)
    gaps = [abs(sure - share) * (n / probabilities.size) for sure, share, n in points]
    return float(sum(gaps))


def winner_calibration_error(
    scores: NDArray[np.floating[Any]], truth: NDArray[np.int64], bins: int = 10
) -> float:
    """`calibration_error` of each row's highest score; `truth` has the column that is right."""
    return calibration_error(scores.max(axis=1), scores.argmax(axis=1) == truth, bins)
