"""The paragraph that a hurried reader reads, for every combination of verdicts."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from retrieval.evaluate.arms import BOTH, CAPTIONS, CHANCE, PICTURES, PRIMARY
from retrieval.evaluate.report.finding import finding

DOING = {
    "sentiment": "how a post feels",
    "topics": "what a post is about",
    "search": "which picture a caption means",
}
MEASURES = {"sentiment": "macro_f1", "topics": "micro_f1", "search": "recall_at_1"}
SCORES = {"sentiment": (0.903, 0.914), "topics": (0.688, 0.702), "search": (0.728, 0.751)}
VERDICTS = ("better", "worse", "cannot tell", "not tested", "no truth")
TITLES = {
    "food_drink": "Food & drink",
    "vehicles": "Vehicles & transport",
    "people": "People",
    "nasa": "NASA",
}
WHY_NOT = "no encoder of these pictures can tell"


def task(name: str, verdict: str, **primary: Any) -> Any:
    before, after = SCORES[name]
    if verdict == "worse":
        before, after = after, before
    tested = {"value": after - before, "low": -0.1, "high": 0.1, "detectable": 0.034}
    untested = {"value": None, "why": WHY_NOT}
    measure = MEASURES[name]
    is_tested = verdict != "not tested"
    topics: dict[str, Any] = {"by_truth": {}, "helped": [], "harmed": [], "titles": TITLES}
    both = {"tested": True, measure: {"value": after}}
    return {
        "measure": measure,
        "primary": {**(tested if is_tested else untested), "verdict": verdict, **primary},
        "arms": {
            CAPTIONS: {"tested": True, measure: {"value": before}},
            BOTH: both if is_tested else {"tested": False, "why": WHY_NOT},
        },
        "degradation": {},
        **{"topics": topics, "sentiment": {"picture_weight": None}}.get(name, {}),
    }


def level(verdict: str, captions: float, pictures: float, both: float) -> dict[str, Any]:
    """`verdict`: of both against the better of the two sides."""
    return {
        "two hashtags": {
            "arms": {
                CAPTIONS: {"value": captions},
                PICTURES: {"value": pictures},
                BOTH: {"value": both},
            },
            "difference": {"verdict": "better"},
            "better_side": PICTURES if pictures > captions else CAPTIONS,
            "against_better": {"verdict": verdict},
        }
    }


@pytest.mark.parametrize("verdicts", list(product(VERDICTS, repeat=3)), ids="-".join)
def test_every_combination_of_verdicts_is_told_in_plain_sentences(
    verdicts: tuple[str, ...],
) -> None:
    told = dict(zip(DOING, verdicts, strict=True))
    tasks: Any = {name: task(name, each) for name, each in told.items() if each != "no truth"}
    text = finding(tasks, {})
    assert not re.search(r"nan|None|\{|\}|_|\bp\b|F1", text)
    assert re.fullmatch(r"([A-Z][^.]*\.)([ \n][A-Z][^.]*\.)*", text), text
    sentences = re.split(r"(?<=\.)\s", text)
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
    tasks: Any = {name: task(name, each) for name, each in zip(DOING, verdicts, strict=True)}
    assert finding(tasks, {}).startswith(f"{first}\n")


def test_scores_are_told_before_and_after() -> None:
    assert finding({"topics": task("topics", "worse")}, {}).startswith(
        "Looking at the pictures did harm.\nTo tell what a post is about, captions alone score 70 "
        "of 100, with the pictures 69: worse, and more than chance."
    )


def test_without_any_truth_it_says_so_and_what_there_is_instead() -> None:
    assert finding({}, {}) == (
        "There is no truth to score against about how a post feels or what a post is about: "
        "nobody has said it of these posts. For that the report shows what the models say, and "
        "where captions and pictures tell different stories.\nWhether pictures help to tell "
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


def test_with_little_left_both_are_held_against_the_better_side() -> None:
    tasks: Any = {name: task(name, "cannot tell") for name in ("topics", "search")}
    tasks["topics"]["degradation"] = level("worse", 0.252, 0.567, 0.397)
    tasks["search"]["degradation"] = level("better", 0.32, 0.353, 0.431)
    text = finding(tasks, {})
    # Better than two hashtags, and no gain: the pictures alone do better still.
    assert (
        "With two hashtags left of each caption, the pictures alone tell what a post is about "
        "better than both together: 57 and 40 of 100."
    ) in text
    assert (
        "With two hashtags left of each caption, both together tell which picture a caption means "
        "better than either alone: 43 of 100 against 32 and 35."
    ) in text


def test_what_is_left_of_captions_may_be_better_alone() -> None:
    tasks: Any = {"topics": task("topics", "cannot tell")}
    tasks["topics"]["degradation"] = level("worse", 0.5, 0.1, 0.4)
    assert "what is left of the captions alone tell what a post is about better" in finding(
        tasks, {}
    )


def test_what_may_be_chance_with_little_left_is_not_told() -> None:
    tasks: Any = {"topics": task("topics", "cannot tell")}
    tasks["topics"]["degradation"] = level("cannot tell", 0.25, 0.35, 0.4)
    assert "hashtags" not in finding(tasks, {})


@pytest.mark.parametrize(
    ("helped", "harmed", "told"),
    [
        (["food_drink", "vehicles"], ["people"],
         "It helped with food & drink and vehicles & transport, and did harm with people."),
        (["food_drink", "vehicles", "nasa"], [],
         "It helped with food & drink, vehicles & transport and NASA."),
        ([], ["people"], "It did harm with people."),
    ],
)  # fmt: skip
def test_topics_that_changed_are_told_by_their_titles(
    helped: list[str], harmed: list[str], told: str
) -> None:
    found: Any = {**task("topics", "cannot tell"), "helped": helped, "harmed": harmed}
    text = finding({"topics": found}, {})
    assert text.startswith("On the whole, looking at the pictures changed nothing beyond chance.\n")
    assert told in text


def test_a_truth_that_says_otherwise_is_not_passed_over() -> None:
    arms = {CAPTIONS: {"micro_f1": {"value": 0.691}}, BOTH: {"micro_f1": {"value": 0.662}}}
    named = {"arms": arms, "contrasts": {PRIMARY: {"verdict": "worse"}}}
    found: Any = {
        **task("topics", "cannot tell"),
        "by_truth": {"named by two other captions": named},
    }
    told = (
        "Where only what other captions name as well counts as true, looking makes it worse: "
        "69 without and 66 with the pictures."
    )
    assert told in finding({"topics": found}, {})
    named["contrasts"] = {PRIMARY: {"verdict": "cannot tell"}}
    assert told not in finding({"topics": found}, {})


BOUND: Any = {
    "arms": {"captions": {"macro_f1": {"value": 0.9575}}},
    "best": {"weight": 3.4, "macro_f1": 0.966},
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_a_perfect_reader_could_add_is_told_where_moods_were_not_tested(verdict: str) -> None:
    tasks: Any = {} if verdict == "no truth" else {"sentiment": task("sentiment", verdict)}
    told = (
        "Even a reader who knew each picture's mood could raise sentiment from 95.8 to at most "
        "96.6 of 100 on SentiCap: captions say it."
    )
    assert (told in finding(tasks, {}, BOUND)) == (verdict in ("not tested", "no truth"))


def test_how_many_labels_the_picture_changed_is_told_with_its_weight_being_a_prior() -> None:
    weight: dict[str, Any] = {"posts": 3528, "changed": 12, "fitted": None}
    found: Any = {**task("sentiment", "cannot tell"), "picture_weight": weight}
    told = "The picture changed 12 of 3,528 labels: its weight is a prior, and not fitted to these"
    assert f"{told} posts." in finding({"sentiment": found}, {})
    weight["fitted"] = {"macro_f1": {"value": 0.912}}
    assert f"{told} posts; fitted to other pictures here, it scores 91." in finding(
        {"sentiment": found}, {}
    )


@pytest.mark.parametrize("verdict", ["better", "worse", "cannot tell"])
def test_of_a_made_up_gallery_nothing_is_claimed_about_posts_of_people(verdict: str) -> None:
    tasks: Any = {"search": task("search", verdict)}
    first = finding(tasks, {}, made_up=True).split(". ")[0]
    assert "in this made-up gallery" in first
    assert "made-up" not in finding(tasks, {})


def test_how_well_pictures_are_seen_is_told_where_nothing_else_is() -> None:
    first: Any = {"value": 0.359, "low": 0.289, "high": 0.434}
    looks: Any = {
        "question": "?",
        "tested": True,
        "gallery": 1000,
        "arms": {PICTURES: {"recall_at_1": first}, CHANCE: {"recall_at_1": {"value": 0.001}}},
    }
    told = (
        "By looks alone a caption finds its own picture first among 1,000 in 36 of 100 cases "
        "(29 to 43), and by chance in less than 1."
    )
    assert finding({}, {}, None, looks).endswith(told)
    assert "By looks alone" not in finding({"search": task("search", "better")}, {}, None, looks)
    assert "By looks alone" not in finding({}, {}, None, {"question": "?", "tested": False})
