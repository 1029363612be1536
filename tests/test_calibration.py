from __future__ import annotations

import numpy as np
import pytest

from retrieval.evaluate.calibration import calibration_error, winner_calibration_error
from training.sentiment_scores import macro_f1


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


def test_macro_f1_is_the_mean_of_the_classes_that_occur() -> None:
    truth, found = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert macro_f1(truth, found) == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert macro_f1(truth, truth) == 1
    assert macro_f1(np.array([0, 0]), np.array([2, 2])) == 0
