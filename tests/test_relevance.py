"""What signals are worth, by hand."""

from __future__ import annotations

import json
from math import exp, sqrt
from typing import Any

import numpy as np
import pytest

from retrieval.encoders.base import Background, ZeroShot
from retrieval.search.relevance import (
    LESS_SURE,
    RELEVANCE_FILE,
    SURE,
    UNRELATED,
    Relevance,
    Signals,
    Usual,
    relevance_for,
)
from retrieval.vectors import logistic

NAN = float("nan")
BY_HAND = Relevance(
    weights={
        "image": {"image": 2.0, "bias": -1.0, "near": 0.2, "sure": 0.3},
        "caption": {"text": 3.0, "bias": -2.0, "near": 0.3, "sure": 0.4},
        "texts": {"text": 3.0, "text_cosine": 8.0, "bias": -2.0},
        "hybrid": {
            "image": 1.0,
            "text": 0.5,
            "words": 4.0,
            "bias": -3.0,
            "near": 0.25,
            "sure": 0.5,
        },
    },
    typical={"image": Usual(0.1, 0.2), "caption": Usual(0.0, 0.1)},
)


def column(*values: float) -> Any:
    return np.array(values, dtype=np.float32)


def signals(image: float, text: float, words: float) -> Signals:
    return Signals(column(image), column(text), column(words), column(0), column(0))


def test_the_logistic_function_by_hand_and_far_out() -> None:
    values = logistic(np.array([0.0, 1.0, -1.0, 2000.0, -2000.0]))
    expected = [0.5, 1 / (1 + exp(-1)), 1 / (1 + exp(1)), 1.0, 0.0]
    assert values.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("strategy", "given", "logit"),
    [
        ("image", signals(2, 9, 9), 2 * 2 - 1),
        ("caption", signals(9, 1, 9), 3 * 1 - 2),
        ("hybrid", signals(2, -1, 0.5), 2 - 0.5 + 2 - 3),
        ("hybrid", signals(0, 0, 0), -3),
        ("texts", signals(0, 1, 0)._replace(text_cosine=column(0.5)), 3 * 1 + 8 * 0.5 - 2),
    ],
)
def test_a_score_is_the_logistic_of_the_weighted_signals(
    strategy: Any, given: Signals, logit: float
) -> None:
    assert BY_HAND.scores(strategy, given).tolist() == pytest.approx([1 / (1 + exp(-logit))])


def test_what_is_not_there_speaks_neither_way() -> None:
    (nothing,) = BY_HAND.scores("hybrid", signals(NAN, 0, NAN))
    assert nothing == pytest.approx(1 / (1 + exp(3)))
    for absent, usual in (
        (signals(NAN, 1, 0.2), signals(0, 1, 0.2)),
        (signals(1, 1, NAN), signals(1, 1, 0)),
    ):
        assert BY_HAND.scores("hybrid", absent) == BY_HAND.scores("hybrid", usual)


def test_scores_come_one_a_picture() -> None:
    both = Signals(column(0, 2), column(0, 2), column(NAN, 0.5), *[column(0, 0)] * 2)
    assert BY_HAND.scores("hybrid", both).tolist() == pytest.approx(
        [1 / (1 + exp(3)), 1 / (1 + exp(-2))]
    )
    nothing = Signals(*[column()] * 5)
    assert BY_HAND.scores("hybrid", nothing).shape == (0,)


def test_one_is_sure_of_what_is_relevant_enough_or_says_enough_of_the_query() -> None:
    scores, words = np.array([0.19, 0.2, 0.3, 0.1, 0.1]), column(0, 0, NAN, 0.2, 0.19)
    read, unread = np.zeros(5, dtype=np.bool_), np.ones(5, dtype=np.bool_)
    levels = BY_HAND.levels("image", scores, read, words)
    assert levels.tolist() == [UNRELATED, LESS_SURE, SURE, SURE, UNRELATED]
    nothing = column(0, 0, 0, 0, 0)
    in_texts = BY_HAND.levels("hybrid", scores, read, nothing)
    assert in_texts.tolist() == [UNRELATED, UNRELATED, LESS_SURE, UNRELATED, UNRELATED]
    by_look = BY_HAND.levels("hybrid", scores, unread, nothing)
    assert by_look.tolist() == [UNRELATED, LESS_SURE, SURE, UNRELATED, UNRELATED], "as `image` is"


def test_a_picture_without_anything_to_read_is_scored_by_its_look_alone() -> None:
    both = Signals(column(2, 2), column(NAN, 1), column(NAN, 0), *[column(0, 0)] * 2)
    unread, read = BY_HAND.scores("hybrid", both)
    assert unread == BY_HAND.scores("image", both)[0]
    assert read == BY_HAND.scores("hybrid", signals(2, 1, 0)) != unread


def test_deviations_above_the_mean() -> None:
    z = Usual(0.1, 0.2).standardised(column(0.1, 0.5, -0.1, NAN))
    assert z.tolist() == pytest.approx([0, 2, -1, NAN], abs=1e-6, nan_ok=True)


QUERY = column(1, 0)


def vectors(*cosines: float) -> Any:
    """Unit vectors that are this similar to QUERY."""
    return np.array([[c, sqrt(1 - c * c)] for c in cosines], dtype=np.float32).reshape(-1, 2)


def test_an_empty_gallery_is_a_typical_one() -> None:
    assert BY_HAND.usual(QUERY, vectors(), "image") == pytest.approx(Usual(0.1, 0.2))
    assert BY_HAND.usual(QUERY, vectors(), "caption") == pytest.approx(Usual(0.0, 0.1))


def test_a_gallery_of_one_is_told_mostly_by_the_typical_one() -> None:
    # (.65 + 10 * .1) / 11 = .15, and .5 ** 2 + 10 * (.2 ** 2 + .05 ** 2) = .675 over 11
    usual = BY_HAND.usual(QUERY, vectors(0.65), "image")
    assert usual == pytest.approx(Usual(0.15, sqrt(0.675 / 11)), abs=1e-6)


def test_ten_vectors_weigh_as_much_as_the_typical_gallery() -> None:
    # Mean .2 of mean .3 and .1; squares 10 * .1 ** 2 + 10 * (.2 ** 2 + .1 ** 2) = .6 over 20.
    usual = BY_HAND.usual(QUERY, vectors(*[0.3] * 10), "image")
    assert usual == pytest.approx(Usual(0.2, sqrt(0.6 / 20)), abs=1e-6)


def test_a_gallery_of_copies_still_has_a_deviation() -> None:
    assert BY_HAND.usual(QUERY, vectors(*[1.0] * 2000), "image").deviation > 0.05


def test_of_a_big_gallery_the_same_vectors_are_asked_every_time() -> None:
    # Of 3 * 2,048 every third: the others could be anything.
    big = np.full((3 * 2048, 2), NAN, dtype=np.float32)
    big[::3] = vectors(0.2)
    usual = BY_HAND.usual(QUERY, big, "image")
    mean = (2048 * 0.2 + 10 * 0.1) / 2058
    assert usual.mean == pytest.approx(mean, abs=1e-6)
    assert usual == BY_HAND.usual(QUERY, big, "image")


def test_the_encoders_judgement_chooses_the_weights() -> None:
    encoders = json.loads(RELEVANCE_FILE.read_text("utf-8"))["encoders"]
    classes = relevance_for(Background(np.eye(2, dtype=np.float32)))
    clip = relevance_for(ZeroShot(100.0, None))
    assert classes.weights == encoders["classes"]["weights"]
    assert clip.weights == encoders["clip"]["weights"] == relevance_for(ZeroShot(1, -1)).weights
    assert clip.typical["image"] == Usual(**encoders["clip"]["typical"]["image"])


@pytest.mark.parametrize("judgement", [Background(np.eye(2, dtype=np.float32)), ZeroShot(1, None)])
@pytest.mark.parametrize("strategy", ["image", "caption", "hybrid"])
def test_the_shipped_weights_speak_for_what_is_alike(judgement: Any, strategy: Any) -> None:
    relevance = relevance_for(judgement)
    weights = relevance.weights[strategy]
    assert all(weights[name] >= 0 for name in Signals._fields if name in weights)
    assert weights["bias"] < 0, "most pictures have nothing to do with a query"
    nothing = relevance.scores(strategy, signals(0, 0, 0))
    assert nothing < weights["near"] < weights["sure"] < 1, "a usual picture is not shown"
    for usual in relevance.typical.values():
        assert usual.deviation > 0
