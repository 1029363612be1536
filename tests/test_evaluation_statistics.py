"""Intervals and paired tests, against scipy, full enumeration, and values worked by hand."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from retrieval.evaluate.metrics import mean
from retrieval.evaluate.statistics import (
    FOLDS,
    crossed_resamples,
    difference,
    disjoint_folds,
    estimate,
    folds_of,
    holm,
    interval,
    resamples,
    standard_errors,
    summed_by_picture,
    wilson,
)
from training.folds import folds_of as training_folds

if TYPE_CHECKING:
    from retrieval.evaluate.statistics import Folds

NAN = float("nan")


def counts_of(values: Any) -> Any:
    """Of one value a picture, as `mean` wants them: (sum, number)."""
    values = np.asarray(values, dtype=np.float64)
    return np.stack([values, np.ones(len(values))], axis=1)


# --- the bootstrap --------------------------------------------------------------------------


def test_every_resample_draws_as_many_pictures_as_there_are() -> None:
    draws = resamples(7, times=50)
    assert draws.shape == (50, 7)
    assert set(draws.sum(axis=1)) == {7.0}
    assert len(np.unique(draws, axis=0)) > 40


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others() -> None:
    assert (resamples(9) == resamples(9)).all()
    assert (resamples(9) != resamples(9, seed=1)).any()


@pytest.mark.parametrize("n", [20, 200])
def test_the_interval_of_a_mean_is_the_one_that_scipy_finds(n: int) -> None:
    values = np.random.default_rng(1).gamma(2.0, 1.0, n)
    ours = estimate(counts_of(values), mean, resamples(n))
    theirs = bootstrap(
        (values,), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.06 * width)


def test_an_estimate_by_hand_from_three_given_resamples() -> None:
    counts = counts_of([0.0, 1.0])
    draws = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])  # means 0, 1/2 and 1
    # The quantiles .025 and .975 of (0, .5, 1) lie at .05 between the first two, and the last two.
    assert estimate(counts, mean, draws) == pytest.approx((0.5, 0.025, 0.975))


def test_a_picture_with_more_posts_weighs_more() -> None:
    counts = np.array([[3.0, 3.0], [0.0, 1.0]])  # three posts right, one wrong
    assert estimate(counts, mean, resamples(2)).value == 3 / 4


def test_an_interval_leaves_out_the_resamples_without_a_value() -> None:
    assert interval(np.array([NAN, 0.0, 1.0, NAN])) == pytest.approx((0.025, 0.975))
    assert np.isnan(interval(np.array([NAN, NAN]))).all()


def test_a_pair_is_drawn_as_often_as_one_of_its_things_times_the_other() -> None:
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    drawn, crossed = resamples(3, 200), crossed_resamples(pairs, 200)
    products = np.stack([drawn[:, a] * drawn[:, b] for a, b in pairs], axis=1)
    # One thing drawn three times makes no pair: such draws tell nothing, and are left out.
    assert (drawn == 3).any(axis=1).sum() == 200 - len(crossed) > 0
    assert (crossed == products[products.any(axis=1)]).all()


def test_things_that_make_many_pairs_widen_the_interval() -> None:
    # Whatever has to do with thing 0 is right: 9 of 45 pairs, but one thing of ten.
    pairs = np.array([(a, b) for a in range(10) for b in range(a + 1, 10)])
    counts = counts_of((pairs == 0).any(axis=1))
    low, high = estimate(counts, mean, crossed_resamples(pairs))[1:]
    naive = estimate(counts, mean, resamples(45))
    assert low == 0  # in every third draw it is not there
    assert high - low > 2 * (naive.high - naive.low)


# --- the paired permutation test ------------------------------------------------------------


def enumerated_p(counts: Any, baseline: Any, measure: Any) -> float:
    """The share of all ways to swap the arms picture by picture that differ as much, two-sided."""

    def gap(swaps: tuple[bool, ...]) -> float:
        swapped = np.array(swaps)[:, None]
        one, other = np.where(swapped, baseline, counts), np.where(swapped, counts, baseline)
        return abs(float(measure(one.sum(axis=0)) - measure(other.sum(axis=0))))

    observed = gap((False,) * len(counts))
    gaps = [gap(swaps) for swaps in product((False, True), repeat=len(counts))]
    return sum(each >= observed - 1e-12 for each in gaps) / len(gaps)


def ratio(counts: Any) -> Any:
    """Not linear in its counts, as F1 is not: 2a / (2a + b)."""
    a, b = np.moveaxis(np.asarray(counts), -1, 0)
    return 2 * a / np.maximum(2 * a + b, 1)


SIX: dict[str, tuple[Any, Any, Any]] = {
    "a mean": (counts_of([3, 1, 4, 1, 5, 9]), counts_of([2, 1, 1, 2, 3, 4]), mean),
    "posts by the dozen": (
        np.array([[9, 12], [0, 1], [2, 2], [1, 3], [4, 5], [1, 1]], dtype=float),
        np.array([[3, 12], [1, 1], [1, 2], [1, 3], [2, 5], [0, 1]], dtype=float),
        mean,
    ),
    "a ratio": (
        np.array([[3, 1], [2, 0], [4, 2], [1, 1], [2, 1], [0, 3]], dtype=float),
        np.array([[1, 3], [2, 1], [1, 4], [1, 0], [0, 2], [1, 3]], dtype=float),
        ratio,
    ),
    "no difference": (counts_of([1, 2, 3, 3, 2, 1]), counts_of([3, 2, 1, 1, 2, 3]), mean),
}


@pytest.mark.parametrize("name", SIX)
def test_p_is_that_of_the_full_enumeration_of_swaps(name: str) -> None:
    counts, baseline, measure = SIX[name]
    found = difference(counts, baseline, measure, resamples(6, times=50))
    assert found.p == pytest.approx(enumerated_p(counts, baseline, measure), abs=0.015)


def test_p_by_hand_where_one_arm_wins_on_all_of_four_pictures() -> None:
    counts, baseline = counts_of([1, 1, 1, 1]), counts_of([0, 0, 0, 0])
    assert enumerated_p(counts, baseline, mean) == 2 / 16  # all as they are, or all swapped
    found = difference(counts, baseline, mean, resamples(4))
    assert found.value == 1.0
    assert found.p == pytest.approx(2 / 16, abs=0.012)
    assert (found.low, found.high) == (1.0, 1.0)  # however pictures are drawn
    assert found.detectable == 0.0


def test_the_observed_arrangement_counts_as_one_of_those_tried() -> None:
    counts, baseline = counts_of(np.ones(60)), counts_of(np.zeros(60))
    found = difference(counts, baseline, mean, resamples(60), permutations=999)
    assert found.p == 1 / 1000  # never 0


def test_swapping_is_by_whole_picture_however_many_posts_it_has() -> None:
    pictures = np.repeat(np.arange(4), 25)
    right = np.stack([np.ones(100), np.ones(100)], axis=1)
    wrong = np.stack([np.zeros(100), np.ones(100)], axis=1)
    counts, baseline = summed_by_picture(pictures, right), summed_by_picture(pictures, wrong)
    assert counts.tolist() == [[25, 25]] * 4
    found = difference(counts, baseline, mean, resamples(4))
    # A hundred posts of four pictures are four observations: not more telling than 2 in 16.
    assert found.p == pytest.approx(2 / 16, abs=0.012)


def test_a_difference_and_its_interval_by_hand_from_given_resamples() -> None:
    counts, baseline = counts_of([1.0, 1.0]), counts_of([0.0, 1.0])  # the gains are 1 and 0
    draws = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])  # differences 1, 1/2 and 0
    found = difference(counts, baseline, mean, draws, permutations=9)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))
    # The deviation of 1, 1/2, 0.
    assert found.detectable == pytest.approx(2.8016 * np.sqrt(1 / 6), rel=1e-4)
    assert found.p == 1.0  # swapping either picture changes nothing but the sign


def test_an_arm_against_itself_is_no_difference() -> None:
    counts = counts_of(np.random.default_rng(0).random(30))
    found = difference(counts, counts, mean, resamples(30))
    assert found == (0.0, 0.0, 0.0, 1.0, 0.0)


def test_swapping_the_arms_turns_the_difference_and_keeps_p() -> None:
    counts, baseline, _ = SIX["a mean"]
    draws = resamples(6)
    one, other = (
        difference(counts, baseline, mean, draws),
        difference(baseline, counts, mean, draws),
    )
    assert one.value == -other.value
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert (one.p, one.detectable) == pytest.approx((other.p, other.detectable))


def test_the_same_seed_gives_the_same_numbers() -> None:
    counts, baseline, measure = SIX["a ratio"]
    first, second = (difference(counts, baseline, measure, resamples(6)) for _ in range(2))
    assert first == second


def test_under_no_difference_one_test_in_twenty_is_significant() -> None:
    random = np.random.default_rng(3)
    draws = resamples(25, times=20)
    p_values = [
        difference(
            counts_of(random.normal(size=25)), counts_of(random.normal(size=25)), mean, draws, 999
        ).p
        for _ in range(400)
    ]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.035)


def test_the_smallest_detectable_difference_is_found_in_four_of_five_studies() -> None:
    random = np.random.default_rng(4)
    n, found = 60, []
    draws = resamples(n, times=300)
    detectable = difference(
        counts_of(random.normal(size=n)), counts_of(np.zeros(n)), mean, draws, permutations=9
    ).detectable
    assert detectable == pytest.approx(2.8 / np.sqrt(n), rel=0.25)  # the gains' deviation is 1
    for _ in range(200):
        gains = random.normal(loc=2.8 / np.sqrt(n), size=n)
        each = difference(counts_of(gains), counts_of(np.zeros(n)), mean, draws, permutations=9)
        found.append(each.low > 0)
    assert np.mean(found) == pytest.approx(0.8, abs=0.09)


# --- several tests at once ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ({}, {}),
        ({"a": 0.04}, {"a": 0.04}),
        # 3 · .01, 2 · .02, 1 · .03, none below the one before it
        ({"a": 0.01, "b": 0.02, "c": 0.03}, {"a": 0.03, "b": 0.04, "c": 0.04}),
        # the textbook's four: 4 · .005, 3 · .01, 2 · .03, 1 · .04 raised to .06
        (
            {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005},
            {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02},
        ),
        ({"a": 0.6, "b": 0.9}, {"a": 1.0, "b": 1.0}),
        ({"a": 0.02, "b": 0.02}, {"a": 0.04, "b": 0.04}),
    ],
)
def test_holm_by_hand(p_values: dict[str, float], expected: dict[str, float]) -> None:
    found = holm(p_values)
    assert list(found) == list(p_values)
    assert found == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_only_raises_keeps_the_order_and_stays_below_bonferroni(values: list[float]) -> None:
    p_values = {str(place): value for place, value in enumerate(values)}
    found = holm(p_values)
    for name, p in p_values.items():
        assert p <= found[name] <= min(1.0, len(values) * p) + 1e-12
        for other, q in p_values.items():
            assert found[name] <= found[other] or p >= q


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_shares_interval_is_the_one_that_scipy_finds(counted: tuple[int, int]) -> None:
    successes, n = counted
    theirs = binomtest(successes, n).proportion_ci(method="wilson")
    expected = (successes / n, theirs.low, theirs.high)
    assert wilson(successes, n) == pytest.approx(expected, abs=1e-6)


# --- pictures and folds ---------------------------------------------------------------------


def test_counts_are_added_up_by_picture_in_the_pictures_order() -> None:
    values = np.array([[1, 0], [2, 5], [4, 0], [8, 1]])
    found = summed_by_picture(np.array([7, 3, 7, 5]), values)
    assert found.tolist() == [[2, 5], [8, 1], [5, 0]]  # of the pictures 3, 5 and 7


@pytest.mark.parametrize("folds_of", [folds_of, training_folds])
@given(st.lists(st.integers(0, 30), min_size=1, max_size=200))
def test_folds_keep_groups_together_and_share_them_out_evenly(
    folds_of: Folds, groups: list[int]
) -> None:
    folds = folds_of(np.array(groups))
    of_group = {group: set(folds[np.array(groups) == group].tolist()) for group in groups}
    assert all(len(found) == 1 for found in of_group.values())
    assert set(folds.tolist()) <= set(range(FOLDS))
    sizes = np.bincount([min(found) for found in of_group.values()], minlength=FOLDS)
    assert sizes.max() - sizes.min() <= 1
    assert (folds == folds_of(np.array(groups))).all()


def test_folds_are_of_words_as_well_as_of_numbers() -> None:
    folds = folds_of(np.array(["sad", "nice", "sad"]))
    assert folds[0] == folds[2] != folds[1]


def test_disjoint_folds_by_hand() -> None:
    names = [{"sad"}, {"nice", "old"}, {"sad", "nice"}, {"old"}, {"nice"}]

    def in_order(every: Any) -> Any:
        return np.arange(len(every))  # nice 0, old 1, sad 2

    found = list(disjoint_folds(names, in_order))
    assert (
        found == [([0, 3], [4]), ([0, 2, 4], [3]), ([1, 3, 4], [0])] + [([0, 1, 2, 3, 4], [])] * 2
    )


def test_nothing_that_is_tested_has_a_name_in_training() -> None:
    random = np.random.default_rng(0)
    names = [set(random.choice(list("abcdefghij"), random.integers(1, 3))) for _ in range(60)]
    places: list[int] = []
    for train, test in disjoint_folds(names):
        seen, asked = (set().union(*(names[row] for row in rows)) for rows in (train, test))
        assert not seen & asked
        places += test
    assert len(places) == len(set(places)) > 10


def test_what_four_of_five_studies_find_lies_further_off_among_several_tests() -> None:
    # Of the normal distribution: 1.960 + .842, and with .05 / 3 on both sides 2.394 + .842.
    assert standard_errors() == pytest.approx(1.960 + 0.842, abs=0.001)
    assert standard_errors(3) == pytest.approx(2.394 + 0.842, abs=0.001)
