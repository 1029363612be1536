"""Intervals and paired tests whose unit is the picture.

Captions of one picture resemble each other, so a hundred captions of twenty pictures are twenty
observations. Every figure here is a function of counts summed over pictures: `counts` has shape
(pictures, c), a `Measure` turns summed counts of shape (..., c) into values of shape (...).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set

    from numpy.typing import NDArray

    Counts = NDArray[np.float64]
    Measure = Callable[[Counts], NDArray[np.float64]]
    Folds = Callable[[NDArray[Any]], NDArray[np.int64]]

SEED = 0
RESAMPLES = 2_000
PERMUTATIONS = 10_000
FOLDS = 5

_AT_ONCE = 500  # permutations: a matrix of them and the pictures lies in memory
_LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + _LEVEL) / 2)
_ALPHA, _POWER = 0.05, 0.8  # of tests: how often they may err, and how often they shall find


class Estimate(NamedTuple):
    """A figure with the interval that covers it in 95 of 100 such samples."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """How much one arm is above another, on the same pictures."""

    value: float
    low: float
    high: float
    p: float | None  # two-sided, of the paired permutation test; None: without one
    detectable: float  # the smallest difference that four of five such studies would find


def resamples(pictures: int, times: int = RESAMPLES, seed: int = SEED) -> NDArray[np.float64]:
    """Shape (times, pictures): how often each picture is drawn when as many are drawn as there are.

    The bootstrap (Efron 1979) over pictures, each with all its posts.
    """
    random = np.random.default_rng(seed)
    draws = random.multinomial(pictures, np.full(pictures, 1 / pictures), size=times)
    return draws.astype(np.float64)


def crossed_resamples(
    sides: NDArray[np.int64], times: int = RESAMPLES, seed: int = SEED
) -> NDArray[np.float64]:
    """Shape (times, pairs): how often each pair is drawn when the things that are paired are.

    The pigeonhole bootstrap (Owen 2007): a pair counts as often as one of its things was drawn
    times as often as the other. Both come from one draw, since pairs here have no order. `sides`
    (pairs, 2) says which things a pair is of. Draws without any pair are left out.
    """
    names, places = np.unique(sides, return_inverse=True)
    drawn = resamples(len(names), times, seed)
    one, other = places.reshape(sides.shape).T
    pairs = drawn[:, one] * drawn[:, other]
    return np.asarray(pairs[pairs.any(axis=1)])


def estimate(counts: Counts, measure: Measure, draws: NDArray[np.float64]) -> Estimate:
    """The measure over all pictures, with its percentile interval."""
    low, high = interval(measure(draws @ counts))
    return Estimate(float(measure(counts.sum(axis=0))), low, high)


def difference(
    counts: Counts,
    baseline: Counts,
    measure: Measure,
    draws: NDArray[np.float64],
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> Difference:
    """What `counts` has above `baseline`, both of the same pictures in the same order.

    The p-value is that of a paired permutation test: where both arms are equally good, swapping
    them picture by picture changes nothing but chance (Good 2005, with the observed arrangement
    counted as one).
    """
    observed = float(measure(counts.sum(axis=0)) - measure(baseline.sum(axis=0)))
    drawn = measure(draws @ counts) - measure(draws @ baseline)
    low, high = interval(drawn)
    random = np.random.default_rng(seed)
    extreme = 0
    for start in range(0, permutations, _AT_ONCE):
        shape = min(_AT_ONCE, permutations - start), len(counts)
        swapped = random.integers(0, 2, size=shape, dtype=np.int8).astype(np.float64)
        change = swapped @ (baseline - counts)
        by_chance = measure(counts.sum(axis=0) + change) - measure(baseline.sum(axis=0) - change)
        extreme += int(np.count_nonzero(np.abs(by_chance) >= abs(observed) - 1e-12))
    return Difference(
        value=observed,
        low=low,
        high=high,
        p=(extreme + 1) / (permutations + 1) if permutations else None,
        detectable=standard_errors() * float(np.nanstd(drawn)),
    )


def standard_errors(tests: int = 1) -> float:
    """How far from 0, in standard errors, lies what four of five studies would find: 2.8.

    Of several tests that Holm's method adjusts, for the one that it is strictest with.
    """
    normal = NormalDist()
    return normal.inv_cdf(1 - _ALPHA / (2 * tests)) + normal.inv_cdf(_POWER)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p-values of several tests, adjusted so that all hold at once (Holm 1979)."""
    ordered = sorted(p_values, key=lambda name: p_values[name])
    adjusted: dict[str, float] = {}
    highest = 0.0
    for place, name in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def wilson(successes: int, n: int) -> Estimate:
    """A share with its interval (Wilson 1927), which also holds near 0 and 1; n is positive."""
    share = successes / n
    scale = 1 + _Z**2 / n
    centre = (share + _Z**2 / (2 * n)) / scale
    half = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / scale
    return Estimate(share, float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def summed_by_picture(pictures: NDArray[np.int64], values: NDArray[Any]) -> Counts:
    """Shape (pictures, c): the rows of `values` (n, c) added up by picture, in order of `pictures`.

    `pictures` (n,) says which picture each row is of.
    """
    names, places = np.unique(pictures, return_inverse=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, places, values)
    return sums


def folds_of(groups: NDArray[Any]) -> NDArray[np.int64]:
    """Shape (n,): a fold from 0 to FOLDS - 1 for every row, one for all rows of a group."""
    names, places = np.unique(groups, return_inverse=True)
    folds = np.random.default_rng(SEED).permutation(len(names)) % FOLDS
    return np.asarray(folds[places], dtype=np.int64)


def disjoint_folds(
    names: Sequence[Set[str]], folds: Folds = folds_of
) -> Iterator[tuple[list[int], list[int]]]:
    """By fold, the rows to train on and those to test on, which have no name in common.

    `names` has those of every row, at least one. Rows with names of several folds connect nearly
    all of them, so a row trains only in folds that have none of its names, and is tested only in
    the one that has all of them.
    """
    every = sorted(set().union(*names))
    fold_of = dict(zip(every, folds(np.array(every)).tolist(), strict=True))
    found = [{fold_of[name] for name in each} for each in names]
    for fold in range(FOLDS):
        yield (
            [row for row, own in enumerate(found) if fold not in own],
            [row for row, own in enumerate(found) if own == {fold}],
        )


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 %; resamples in which the measure is not defined are left out."""
    if np.isnan(values).all():
        return float("nan"), float("nan")
    tail = (1 - _LEVEL) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)
