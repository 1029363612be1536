from __future__ import annotations

import numpy as np
import pytest

from training.rank_fusion import ranks, reciprocal_rank_fusion


def test_the_highest_score_ranks_first_and_ties_keep_the_items_order() -> None:
    assert ranks(np.array([0.2, 0.9, 0.2], dtype=np.float32)).tolist() == [2, 1, 3]


def test_items_without_a_score_are_not_ranked() -> None:
    assert ranks(np.array([np.nan, 0.1, 0.5], dtype=np.float32)).tolist() == [0, 2, 1]


def test_fusion_rewards_the_picture_both_rankings_agree_on() -> None:
    fused = reciprocal_rank_fusion([np.array([1, 2, 3]), np.array([0, 1, 2])])
    assert fused == pytest.approx([1 / 61, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62])
