"""Every measure, against scikit-learn, ir_measures, and slow formulas."""

from __future__ import annotations

from typing import Any

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

from retrieval.evaluate.metrics import (
    accuracy,
    calibration_error,
    cohen_kappa,
    confusion_counts,
    macro_f1,
    mean,
    mean_average_precision,
    micro_f,
    micro_f1,
    precision,
    recall,
    recall_of,
    reliability_points,
    set_counts,
    table_counts,
    winner_calibration_error,
)
from retrieval.evaluate.ranking import ndcg, rank_counts, ranks

seeds = st.integers(0, 2**32 - 1)
NOT_DETERMINED = -1


def codes(random: np.random.Generator, n: int, lowest: int = 0) -> Any:
    return random.integers(lowest, 3, n).astype(np.int8)


def flags(random: np.random.Generator, *shape: int) -> Any:
    return random.random(shape) < 0.4


def summed(counts: Any) -> Any:
    return counts.sum(axis=0)


# --- three classes --------------------------------------------------------------------------


@given(seeds, st.integers(1, 40))
def test_the_measures_of_three_classes_are_those_of_scikit_learn(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    truth, found = codes(random, n), codes(random, n, NOT_DETERMINED)
    counts = summed(confusion_counts(truth, found))
    assert accuracy(counts) == pytest.approx(theirs.accuracy_score(truth, found))
    present = sorted(set(truth.tolist()))
    f1 = theirs.f1_score(truth, found, labels=present, average="macro", zero_division=0)
    assert macro_f1(counts) == pytest.approx(f1)
    recalls = theirs.recall_score(truth, found, labels=[0, 1, 2], average=None, zero_division=0)
    for place in present:
        assert recall_of(place)(counts) == pytest.approx(recalls[place])


def test_the_recall_of_a_class_that_never_occurs_is_not_defined() -> None:
    counts = confusion_counts(np.array([0, 2], np.int8), np.array([0, 1], np.int8))
    assert np.isnan(recall_of(1)(summed(counts)))
    assert recall_of(0)(summed(counts)) == 1


def test_what_is_not_determined_is_wrong_and_is_no_false_alarm() -> None:
    truth = np.array([0, 0, 2, 2], np.int8)
    found = np.array([0, NOT_DETERMINED, 2, NOT_DETERMINED], np.int8)
    counts = summed(confusion_counts(truth, found))
    assert accuracy(counts) == 0.5
    assert macro_f1(counts) == pytest.approx(2 / 3)  # of both classes: precision 1, recall 1/2


def test_a_confusion_matrix_has_the_truth_in_rows_and_not_determined_last() -> None:
    truth, found = np.array([0, 2, 2], np.int8), np.array([1, 2, NOT_DETERMINED], np.int8)
    table = summed(confusion_counts(truth, found)).reshape(3, 4)
    assert table.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]]


@pytest.mark.parametrize("measure", [accuracy, macro_f1, recall_of(1)])
def test_measures_take_many_sums_at_once(measure: Any) -> None:
    random = np.random.default_rng(0)
    sums = np.stack(
        [summed(confusion_counts(codes(random, 30), codes(random, 30, -1))) for _ in range(5)]
    )
    assert measure(sums).tolist() == [measure(each).tolist() for each in sums]
    assert measure(sums.reshape(5, 1, 12)).shape == (5, 1)


def test_macro_f1_is_the_mean_of_the_classes_that_occur() -> None:
    def of(truth: list[int], found: list[int]) -> Any:
        return macro_f1(summed(confusion_counts(np.array(truth), np.array(found))))

    assert of([0, 0, 0, 1], [0, 0, 1, 1]) == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert of([0, 0, 0, 1], [0, 0, 0, 1]) == 1
    assert of([0, 0], [2, 2]) == 0


# --- several labels a post ------------------------------------------------------------------


@given(seeds, st.integers(1, 30), st.integers(1, 6))
def test_the_measures_of_labels_are_those_of_scikit_learn(seed: int, n: int, topics: int) -> None:
    random = np.random.default_rng(seed)
    truth, shown = flags(random, n, topics), flags(random, n, topics)
    counts = summed(set_counts(truth, shown))
    flat = truth.ravel(), shown.ravel()  # of one topic, a table of columns would be taken for one
    assert micro_f1(counts) == pytest.approx(theirs.f1_score(*flat, zero_division=0))
    assert precision(counts) == pytest.approx(theirs.precision_score(*flat, zero_division=0))
    assert recall(counts) == pytest.approx(theirs.recall_score(*flat, zero_division=0))
    for beta in (0.5, 1, 2):
        expected = theirs.fbeta_score(*flat, beta=beta, zero_division=0)
        assert micro_f(counts, beta) == pytest.approx(expected)


def test_label_counts_by_hand() -> None:
    truth = np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)
    shown = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    assert set_counts(truth, shown).tolist() == [[1, 1, 1], [0, 2, 0]]
    assert micro_f1(np.array([1.0, 3.0, 1.0])) == 2 / (2 + 3 + 1)
    assert micro_f1(np.zeros(3)) == 0  # nothing is true and nothing said


def test_a_mean_is_its_sum_by_its_number_and_0_of_nothing() -> None:
    assert mean(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [0.75, 0]


# --- rankings of posts by topic -------------------------------------------------------------


def mean_over_topics_that_occur(truth: Any, scores: Any, weights: Any = None) -> float:
    values = [
        theirs.average_precision_score(column, ranked, sample_weight=weights)
        for column, ranked in zip(truth.T, scores.T, strict=True)
        if (column if weights is None else column[weights > 0]).any()
    ]
    return float(np.mean(values)) if values else 0.0


@given(seeds, st.integers(1, 30), st.integers(1, 5))
def test_mean_average_precision_is_that_of_scikit_learn(seed: int, n: int, topics: int) -> None:
    random = np.random.default_rng(seed)
    truth, scores = flags(random, n, topics), random.integers(0, 6, (n, topics))  # many ties
    found = mean_average_precision(truth, scores.astype(float), np.ones((1, n)))
    assert found == pytest.approx([mean_over_topics_that_occur(truth, scores)])


@given(seeds, st.integers(2, 20))
def test_a_post_that_counts_thrice_is_three_equal_posts(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    truth, scores = flags(random, n, 3), random.integers(0, 6, (n, 3)).astype(float)
    weights = random.integers(0, 4, n)
    if not weights.any():
        return
    (found,) = mean_average_precision(truth, scores, weights[None].astype(float))
    expected = mean_over_topics_that_occur(truth, scores, weights.astype(float))
    assert found == pytest.approx(expected)
    repeated = theirs.average_precision_score(
        np.repeat(truth[:, 0], weights), np.repeat(scores[:, 0], weights)
    ) if np.repeat(truth[:, 0], weights).any() else 0.0  # fmt: skip
    one = mean_average_precision(truth[:, :1], scores[:, :1], weights[None].astype(float))
    assert one == pytest.approx([repeated])


def test_average_precision_by_hand() -> None:
    truth = np.array([[1], [0], [1], [0]], dtype=bool)
    scores = np.array([[0.9], [0.8], [0.7], [0.1]])
    weights = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 0, 1]], dtype=float)
    found = mean_average_precision(truth, scores, weights)
    assert found == pytest.approx([(1 / 1 + 2 / 3) / 2, 1.0, 0.0])


def test_posts_of_equal_score_come_all_at_once_by_hand() -> None:
    # The second and third are one step, after which two of three are right.
    truth = np.array([[1], [0], [1], [0]], dtype=bool)
    scores = np.array([[0.9], [0.7], [0.7], [0.1]])
    found = mean_average_precision(truth, scores, np.ones((1, 4)))
    assert found == pytest.approx([(1 / 1 + 2 / 3) / 2])
    assert mean_average_precision(truth, np.zeros((4, 1)), np.ones((1, 4))) == pytest.approx([0.5])


# --- agreement and calibration --------------------------------------------------------------


@given(seeds, st.integers(2, 60), st.integers(2, 3))
def test_kappa_is_that_of_scikit_learn(seed: int, n: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    one, other = random.integers(0, classes, n), random.integers(0, classes, n)
    found = cohen_kappa(summed(table_counts(one, other, classes)))
    if len({*one.tolist(), *other.tolist()}) == 1:
        assert np.isnan(found)
    else:
        expected = theirs.cohen_kappa_score(one, other, labels=list(range(classes)))
        assert found == pytest.approx(expected)


def test_kappa_by_hand() -> None:
    table = np.array([20.0, 5.0, 10.0, 15.0])  # .7 alike; .5 · .6 + .5 · .4 = .5 by chance
    assert cohen_kappa(table) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert cohen_kappa(np.array([3.0, 0, 0, 3.0])) == 1
    assert np.isnan(cohen_kappa(np.array([4.0, 0, 0, 0])))
    assert np.isnan(cohen_kappa(np.stack([table, np.array([4.0, 0, 0, 0])]))).tolist() == [0, 1]


def test_kappa_is_of_flags_as_well_as_of_codes() -> None:
    one, other = np.array([True, False, True]), np.array([True, False, False])
    assert summed(table_counts(one, other, 2)).tolist() == [1, 0, 1, 1]


@given(seeds, st.integers(1, 200))
def test_reliability_points_are_those_of_scikit_learn(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    sure, right = random.random(n), flags(random, n)
    points = reliability_points(sure, right)
    shares, means = calibration_curve(right, sure, n_bins=10)
    assert [point[0] for point in points] == pytest.approx(means.tolist())
    assert [point[1] for point in points] == pytest.approx(shares.tolist())
    assert sum(point[2] for point in points) == n


def test_full_confidence_falls_into_the_last_bin() -> None:
    points = reliability_points(np.array([1.0, 0.95, 0.0]), np.array([True, False, False]))
    assert points == [(0.0, 0.0, 1), (0.975, 0.5, 2)]


def test_each_bin_counts_by_how_many_fall_into_it() -> None:
    probabilities = np.array([[0.95, 0.95], [0.15, 1.0]])  # three in the last bin, one below
    came_true = np.array([[True, False], [False, True]])
    last = 3 / 4 * abs((0.95 + 0.95 + 1) / 3 - 2 / 3)
    assert calibration_error(probabilities, came_true) == pytest.approx(last + 0.15 / 4)


def test_scores_that_are_as_sure_as_they_are_right_have_no_error() -> None:
    scores = np.array([[0.75, 0.25, 0]] * 4)
    truth = np.array([0, 0, 0, 2])
    assert winner_calibration_error(scores, truth) == 0
    assert winner_calibration_error(scores, np.zeros(4, np.int64)) == 0.25


# --- rankings of pictures -------------------------------------------------------------------


def untied(seed: int) -> tuple[Any, Any]:
    """Scores of 2 to 12 queries for 6 to 40 pictures without ties, and the right pictures."""
    random = np.random.default_rng(seed)
    queries, pictures = random.integers(2, 12), random.integers(6, 40)
    scores = random.permutation(queries * pictures).reshape(queries, pictures).astype(float)
    return scores, random.integers(0, pictures, queries)


@given(seeds)
def test_recall_and_reciprocal_rank_are_those_of_ir_measures(seed: int) -> None:
    scores, targets = untied(seed)
    truth = [ir_measures.Qrel(str(q), str(target), 1) for q, target in enumerate(targets)]
    run = [
        ir_measures.ScoredDoc(str(q), str(picture), float(score))
        for q, row in enumerate(scores)
        for picture, score in enumerate(row)
    ]
    wanted = [ir_measures.R @ 1, ir_measures.R @ 5, ir_measures.R @ 10, ir_measures.RR]
    expected = ir_measures.calc_aggregate(wanted, truth, run)
    sums = rank_counts(scores, targets).sum(axis=0)
    assert sums[-1] == len(scores)
    assert (sums[:-1] / sums[-1]).tolist() == pytest.approx([expected[each] for each in wanted])


def test_ranks_by_hand_and_a_tie_counts_as_ahead() -> None:
    scores = np.array([[0.9, 0.5, 0.1], [0.5, 0.5, 0.5], [0.1, 0.5, 0.5], [0.0, 0.0, 0.1]])
    assert ranks(scores, np.array([0, 0, 2, 1])).tolist() == [1, 3, 2, 3]


def test_queries_are_counted_by_the_picture_they_look_for() -> None:
    scores = np.array([[0.9, 0.5], [0.5, 0.9], [0.1, 0.2]])
    # Picture 0 is looked for by the first two queries (ranks 1 and 2), picture 1 by the last.
    expected = [[1, 2, 2, 1.5, 2], [1, 1, 1, 1, 1]]
    assert rank_counts(scores, np.array([0, 0, 1])).tolist() == expected


def slow_ndcg(grades: Any, scores: Any, depth: int = 10) -> float:
    """Grades found, each by the binary logarithm of its rank + 1, by the best order."""

    def gained(in_order: Any) -> float:
        return float(sum(g / np.log2(rank + 1) for rank, g in enumerate(in_order[:depth], 1)))

    found = [int(grades[picture]) for picture in np.argsort(-scores, kind="stable")]
    best = gained(sorted(grades.tolist(), reverse=True))
    return gained(found) / best if best else 0.0


@given(seeds)
def test_ndcg_is_that_of_a_slow_formula(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, _ = untied(seed)
    grades = random.integers(0, 3, scores.shape)
    expected = [slow_ndcg(*each) for each in zip(grades, scores, strict=True)]
    assert ndcg(grades, scores).tolist() == pytest.approx(expected)


def test_ndcg_ranks_equal_scores_by_their_row() -> None:
    grades, scores = np.array([[0] * 11 + [1], [1] + [0] * 11]), np.zeros((2, 12))
    assert ndcg(grades, scores).tolist() == [0, 1]  # 12th, and first


def test_ndcg_by_hand() -> None:
    grades, scores = np.array([[2, 1, 0]]), np.array([[0.1, 0.9, 0.5]])
    # In order 1, 0, 2: 1 + 2 / log2(4) = 2; at best 2 + 1 / log2(3).
    assert ndcg(grades, scores).tolist() == pytest.approx([2 / (2 + 1 / np.log2(3))])
