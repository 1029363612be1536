"""What a report found, in words for someone who has never heard of an F1 or an interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.arms import BOTH, CAPTIONS, TASKS
from retrieval.evaluate.controls import TWO_HASHTAGS
from retrieval.evaluate.own_truth import AT_RANDOM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.evaluate.results import OwnTruth, Task, TaskName, Tasks

_DOING: dict[TaskName, str] = {
    "sentiment": "how a post feels",
    "topics": "what a post is about",
    "search": "which picture a caption means",
}
_NO_TRUTH = (
    "There is no truth to score against about {}: nobody has said it of these posts. For that the "
    "report shows what the models say, and where captions and pictures tell different stories."
)
_NOTHING_TO_ASK = (
    "Whether pictures help to tell which picture a caption means was not tested: no picture has a "
    "second caption to look for it by."
)

_NOTHING = 1e-9  # of a score: no resample differs by more
_LEAST_CHECKED = 5  # posts, for their share to be worth a sentence


def finding(tasks: Tasks, own_truth: Mapping[str, OwnTruth]) -> str:
    """One plain paragraph, made of the numbers and honest about chance."""
    checked = own_truth.get(AT_RANDOM)
    known: dict[TaskName, Task] = {name: tasks[name] for name in TASKS if name in tasks}
    sentences = [*(_checked(checked) if checked else []), *([_overall(known)] if known else [])]
    sentences += [_sentence(name, task) for name, task in known.items()]
    sentences += _little_left(known)
    said = {"sentiment": checked["sentiment"], "topics": checked["topics"]} if checked else {}
    unknown = [
        _DOING[name]
        for name in TASKS
        if name not in (*known, "search") and not (said and said[name]["posts"])
    ]
    if unknown:
        sentences.append(_NO_TRUTH.format(" or ".join(unknown)))
    if "search" not in tasks:
        sentences.append(_NOTHING_TO_ASK)
    return " ".join(sentences)


def _overall(tasks: Mapping[TaskName, Task]) -> str:
    verdicts = {task["primary"]["verdict"] for task in tasks.values()}
    if verdicts <= {"not tested"}:
        return "What the pictures add could not be tested here."
    if {"better", "worse"} <= verdicts:
        return "Looking at the pictures helped in one respect and did harm in another."
    if "better" in verdicts:
        return "Looking at the pictures helped."
    if "worse" in verdicts:
        return "Looking at the pictures did harm."
    return "Looking at the pictures changed nothing here that could not be chance."


def _sentence(name: TaskName, task: Task) -> str:
    primary, doing = task["primary"], _DOING[name]
    if primary["verdict"] == "not tested":
        return f"Whether they tell {doing} was not tested: {primary['why']}."
    arms, measure = task["arms"], task["measure"]
    before, after = (_points(arms[each][measure]["value"]) for each in (CAPTIONS, BOTH))
    scores = f"To tell {doing}, captions alone score {before} of 100, with the pictures {after}"
    if primary["verdict"] == "cannot tell":
        return f"{scores}: {_chance(primary.get('detectable'))}."
    if primary["verdict"] == "not by every truth":
        return f"{scores}: more than chance, but not by every way of saying what is true."
    return f"{scores}: {primary['verdict']}, and more than chance."


def _chance(detectable: float | None) -> str:
    """How much of a change could have shown; 0: the pictures hardly moved anything."""
    if detectable is None:
        return "too few pictures to tell"
    if detectable < _NOTHING:
        return "the same, and nothing could show, since the pictures changed nothing that is scored"
    least = round(100 * detectable)
    change = f"about {least}" if least else "less than 1"
    return f"within chance (a change of {change} would show)"


def _little_left(tasks: Mapping[TaskName, Task]) -> list[str]:
    """Where captions are nearly gone, which is where pictures may count."""
    gains = []
    for name, task in tasks.items():
        level = task["degradation"].get(TWO_HASHTAGS)
        if level and level["difference"]["verdict"] == "better":
            before, after = (_points(level["arms"][side]["value"]) for side in (CAPTIONS, BOTH))
            gains.append(f"from {before} to {after} ({_DOING[name]})")
    if not gains:
        return []
    return [
        "Pictures matter where captions say little: with two hashtags left of each caption, they "
        f"lift the score {' and '.join(gains)}."
    ]


def _checked(found: OwnTruth) -> list[str]:
    """What a random sample, looked at by the user, says of all posts."""
    felt = found["sentiment"]
    if felt["posts"] < _LEAST_CHECKED:
        return []
    before, after = felt["arms"][CAPTIONS], felt["arms"][BOTH]
    return [
        f"Of {felt['posts']} posts drawn at random that you looked at yourself, captions alone are "
        f"right about how {before['right']} feel, with the pictures {after['right']}: "
        f"{_points(after['low'])} to {_points(after['high'])} of 100 among all posts drawn from."
    ]


def _points(score: float | None) -> str:
    assert score is not None, "a score of what was tested"
    return f"{100 * score:.0f}"
