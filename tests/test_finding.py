"""The paragraph that a hurried reader reads, for every combination of verdicts."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from retrieval.evaluate.arms import BOTH, CAPTIONS
from retrieval.evaluate.report.finding import finding

DOING = {
    "sentiment": "how a post feels",
    "topics": "what a post is about",
    "search": "which picture a caption means",
}
MEASURES = {"sentiment": "macro_f1", "topics": "micro_f1", "search": "recall_at_1"}
SCORES = {"sentiment": (0.903, 0.914), "topics": (0.688, 0.702), "search": (0.728, 0.751)}
VERDICTS = ("better", "worse", "cannot tell", "not tested", "no truth")
WHY_NOT = "no encoder of these pictures can tell"


def task(name: str, verdict: str, **primary: Any) -> dict[str, Any]:
    before, after = SCORES[name]
    if verdict == "worse":
        before, after = after, before
    tested = {"value": after - before, "low": -0.1, "high": 0.1, "detectable": 0.034}
    untested = {"value": None, "why": WHY_NOT}
    measure = MEASURES[name]
    is_tested = verdict != "not tested"
    both = {"tested": True, measure: {"value": after}}
    return {
        "measure": measure,
        "primary": {**(tested if is_tested else untested), "verdict": verdict, **primary},
        "arms": {
            CAPTIONS: {"tested": True, measure: {"value": before}},
            BOTH: both if is_tested else {"tested": False, "why": WHY_NOT},
        },
        "degradation": {},
    }


def level(verdict: str, before: float, after: float) -> dict[str, Any]:
    return {
        "two hashtags": {
            "arms": {CAPTIONS: {"value": before}, BOTH: {"value": after}},
            "difference": {"verdict": verdict},
        }
    }


@pytest.mark.parametrize("verdicts", list(product(VERDICTS, repeat=3)), ids="-".join)
def test_every_combination_of_verdicts_is_told_in_plain_sentences(
    verdicts: tuple[str, ...],
) -> None:
    told = dict(zip(DOING, verdicts, strict=True))
    tasks = {name: task(name, each) for name, each in told.items() if each != "no truth"}
    text = finding(tasks, {})
    assert not re.search(r"nan|None|\{|\}|_|\bp\b|F1", text)
    assert re.fullmatch(r"([A-Z][^.]*\.)( [A-Z][^.]*\.)*", text), text
    sentences = re.split(r"(?<=\.) ", text)
    for name, verdict in told.items():
        (sentence,) = (each for each in sentences if DOING[name] in each)
        points = {f"{100 * score:.0f}" for score in SCORES[name]}
        if verdict in ("better", "worse"):
            assert points <= set(re.findall(r"\d+", sentence))
            assert sentence.endswith(f": {verdict}, and more than chance.")
        elif verdict == "cannot tell":
            assert points <= set(re.findall(r"\d+", sentence))
            assert "within chance (a change of about 3 would show)" in sentence
        elif verdict == "not tested":
            assert sentence.endswith(f"was not tested: {WHY_NOT}.")
        elif name == "search":
            assert sentence.endswith("no picture has a second caption to look for it by.")
        else:
            assert sentence.startswith("There is no truth to score against")
    assert len(sentences) == overall(verdicts) + sentences_of(told)


def overall(verdicts: tuple[str, ...]) -> int:
    """One sentence that sums up, unless there is nothing to sum up."""
    return int(set(verdicts) != {"no truth"})


def sentences_of(told: dict[str, str]) -> int:
    known = [each for each in told.values() if each != "no truth"]
    labels_unknown = "no truth" in (told["sentiment"], told["topics"])
    return len(known) + 2 * labels_unknown + (told["search"] == "no truth")


@pytest.mark.parametrize(
    ("verdicts", "first"),
    [
        (("better", "cannot tell", "not tested"), "Looking at the pictures helped."),
        (("worse", "cannot tell", "cannot tell"), "Looking at the pictures did harm."),
        (
            ("better", "worse", "cannot tell"),
            "Looking at the pictures helped in one respect and did harm in another.",
        ),
        (
            ("cannot tell", "not tested", "cannot tell"),
            "Looking at the pictures changed nothing here that could not be chance.",
        ),
        (("not tested",) * 3, "What the pictures add could not be tested here."),
    ],
)
def test_the_first_sentence_sums_up(verdicts: tuple[str, ...], first: str) -> None:
    tasks = {name: task(name, each) for name, each in zip(DOING, verdicts, strict=True)}
    assert finding(tasks, {}).startswith(f"{first} ")


def test_scores_are_told_before_and_after() -> None:
    assert finding({"topics": task("topics", "worse")}, {}).startswith(
        "Looking at the pictures did harm. To tell what a post is about, captions alone score 70 "
        "of 100, with the pictures 69: worse, and more than chance."
    )


def test_without_any_truth_it_says_so_and_what_there_is_instead() -> None:
    assert finding({}, {}) == (
        "There is no truth to score against about how a post feels or what a post is about: "
        "nobody has said it of these posts. For that the report shows what the models say, and "
        "where captions and pictures tell different stories. Whether pictures help to tell "
        "which picture a caption means was not tested: no picture has a second caption to look for "
        "it by."
    )


def test_a_gain_that_not_every_truth_confirms_is_not_claimed() -> None:
    text = finding({"topics": task("topics", "not by every truth")}, {})
    assert text.startswith("Looking at the pictures changed nothing here that could not be chance.")
    assert "more than chance, but not by every way of saying what is true." in text
    assert "helped" not in text


def test_a_gain_that_every_truth_confirms_is_claimed() -> None:
    text = finding({"topics": task("topics", "better")}, {})
    assert text.startswith("Looking at the pictures helped.")


def test_of_few_pictures_it_says_that_they_are_too_few() -> None:
    text = finding({"search": task("search", "cannot tell", detectable=None)}, {})
    assert "captions alone score 73 of 100, with the pictures 75: too few pictures to tell." in text


@pytest.mark.parametrize(
    ("detectable", "told"),
    [
        (0.034, ": within chance (a change of about 3 would show)."),
        (0.004, ": within chance (a change of less than 1 would show)."),
        (0.0, "nothing could show, since the pictures changed nothing that is scored."),
    ],
)
def test_what_could_have_shown_is_never_less_than_it_is(detectable: float, told: str) -> None:
    text = finding({"search": task("search", "cannot tell", detectable=detectable)}, {})
    assert told in text
    assert detectable or "would show" not in text


def test_it_says_where_pictures_matter_when_little_is_left_of_the_captions() -> None:
    tasks = {name: task(name, "cannot tell") for name in ("topics", "search")}
    tasks["topics"]["degradation"] = level("better", 0.252, 0.397)
    tasks["search"]["degradation"] = level("better", 0.32, 0.431)
    assert (
        "Pictures matter where captions say little: with two hashtags left of each caption, they "
        "lift the score from 25 to 40 (what a post is about) and from 32 to 43 (which picture a "
        "caption means)."
    ) in finding(tasks, {})


@pytest.mark.parametrize("verdict", ["cannot tell", "worse", "not tested"])
def test_what_may_be_chance_with_little_left_is_not_told(verdict: str) -> None:
    tasks = {"topics": task("topics", "cannot tell")}
    tasks["topics"]["degradation"] = level(verdict, 0.25, 0.4)
    assert "hashtags" not in finding(tasks, {})
