from __future__ import annotations

import numpy as np
import pytest

from training.sentiment_scores import macro_f1


def test_macro_f1_is_the_mean_of_the_classes_that_occur() -> None:
    truth, found = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert macro_f1(truth, found) == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert macro_f1(truth, truth) == 1
    assert macro_f1(np.array([0, 0]), np.array([2, 2])) == 0
