from __future__ import annotations

import numpy as np

from retrieval.labels.characters import BUCKETS, character_runs


def test_a_caption_is_a_row_of_length_one_and_no_words_are_a_row_of_nothing() -> None:
    rows = character_runs(["sooo tired 😩", "", "a man on a surfboard"]).toarray()
    assert rows.shape == (3, BUCKETS)
    np.testing.assert_allclose((rows**2).sum(axis=1), [1, 0, 1])
    assert character_runs([]).shape == (0, BUCKETS)


def test_case_and_a_final_stop_are_style_and_spelling_is_not() -> None:
    plain, styled, drawn_out = character_runs(["so tired", "So tired.", "sooo tired"]).toarray()
    np.testing.assert_array_equal(plain, styled)
    assert plain @ drawn_out < 0.9


def test_words_of_one_stem_share_runs() -> None:
    tired, tiring, lovely = character_runs(["tired", "tiring", "lovely"]).toarray()
    assert tired @ tiring > 0.2
    assert tired @ lovely == 0
