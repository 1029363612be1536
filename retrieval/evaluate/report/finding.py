"""What a report found, in words for someone who has never heard of an F1 or an interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.arms import BOTH, CAPTIONS, CHANCE, PICTURES, PRIMARY, TASKS
from retrieval.evaluate.controls import TWO_HASHTAGS
from retrieval.evaluate.own_truth import AT_RANDOM
from retrieval.evaluate.truth import NAMED_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retrieval.evaluate.results import (
        Looks,
        OwnTruth,
        PictureWeight,
        SenticapBound,
        Task,
        TaskName,
        Tasks,
        TopicsTask,
    )

_DOING: dict[TaskName, str] = {
    "sentiment": "how a post feels",
    "topics": "what a post is about",
    "search": "which picture a caption means",
}
_ALONE = {CAPTIONS: "what is left of the captions alone", PICTURES: "the pictures alone"}
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


def finding(
    tasks: Tasks,
    own_truth: Mapping[str, OwnTruth],
    bound: SenticapBound | None = None,
    looks: Looks | None = None,
    *,
    made_up: bool = False,
) -> str:
    """Plain words, made of the numbers and honest about chance: a line a thought.

    The first line is the answer in short; then one a task, and what else there is to know.
    `made_up`: nobody posted these posts, which tell how the report reads and nothing else.
    """
    checked = own_truth.get(AT_RANDOM)
    known: dict[TaskName, Task] = {name: tasks[name] for name in TASKS if name in tasks}
    topics = tasks.get("topics")
    mixed = topics is not None and bool(topics["helped"] or topics["harmed"])
    lines = [_overall(known, mixed=mixed, made_up=made_up)] if known else []
    lines += _checked(checked) if checked else []
    for name, task in known.items():
        sentences = [_sentence(name, task)]
        if name == "sentiment":
            sentences += _weighed(tasks["sentiment"]["picture_weight"])
        if name == "topics" and topics is not None:
            sentences += _by_topic(topics)
        lines.append(" ".join(sentences))
    lines += _little_left(known)
    said = {"sentiment": checked["sentiment"], "topics": checked["topics"]} if checked else {}
    unknown = [
        _DOING[name]
        for name in TASKS
        if name not in (*known, "search") and not (said and said[name]["posts"])
    ]
    if unknown:
        lines.append(_NO_TRUTH.format(" or ".join(unknown)))
    if "search" not in tasks:
        lines.append(" ".join([_NOTHING_TO_ASK, *(_looks(looks) if looks else [])]))
    if bound and not _moods_tested(known):
        lines.append(bound_sentence(bound))
    return "\n".join(lines)


def bound_sentence(bound: SenticapBound) -> str:
    """What to expect of pictures for sentiment, also where none of them could be asked."""
    before = _exact(bound["arms"]["captions"]["macro_f1"]["value"])
    return (
        f"Even a reader who knew each picture's mood could raise sentiment from {before} to at "
        f"most {_exact(bound['best']['macro_f1'])} of 100 on SentiCap: captions say it."
    )


def _moods_tested(tasks: Mapping[TaskName, Task]) -> bool:
    return "sentiment" in tasks and tasks["sentiment"]["primary"]["verdict"] != "not tested"


def _overall(tasks: Mapping[TaskName, Task], *, mixed: bool, made_up: bool) -> str:
    """`mixed`: single topics changed, whatever the whole did."""
    where = " in this made-up gallery" if made_up else ""
    verdicts = {task["primary"]["verdict"] for task in tasks.values()}
    if verdicts <= {"not tested"}:
        return "What the pictures add could not be tested here."
    if {"better", "worse"} <= verdicts:
        return f"Looking at the pictures helped in one respect and did harm in another{where}."
    if "better" in verdicts:
        return f"Looking at the pictures helped{where}."
    if "worse" in verdicts:
        return f"Looking at the pictures did harm{where}."
    if mixed:
        return f"On the whole, looking at the pictures changed nothing{where} beyond chance."
    here = where or " here"
    return f"Looking at the pictures changed nothing{here} that could not be chance."


def _sentence(name: TaskName, task: Task) -> str:
    primary, doing = task["primary"], _DOING[name]
    if primary["verdict"] == "not tested":
        return f"Whether pictures tell {doing} was not tested: {primary['why']}."
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


def _weighed(found: PictureWeight | None) -> list[str]:
    """How much the pictures had to say, which nobody measured."""
    if found is None:
        return []
    told = (
        f"The picture changed {found['changed']:,} of {found['posts']:,} labels: its weight is a "
        "prior, and not fitted to these posts"
    )
    if fitted := found["fitted"]:
        told += f"; fitted to other pictures here, it scores {_points(fitted['macro_f1']['value'])}"
    return [f"{told}."]


def _by_topic(task: TopicsTask) -> list[str]:
    """A difference of nothing may be the sum of gains and losses, and depends on what is true."""
    changes = (("helped with", task["helped"]), ("did harm with", task["harmed"]))
    sides = [
        f"{did} {_listed([_title(task, name) for name in names])}"
        for did, names in changes
        if names
    ]
    sentences = [f"It {', and '.join(sides)}."] if sides else []
    named = task["by_truth"].get(NAMED_OBJECTS)
    if named is not None and task["primary"]["verdict"] == "cannot tell":
        contrast, arms = named["contrasts"][PRIMARY], named["arms"]
        if contrast["verdict"] in ("better", "worse"):
            before, after = (_points(arms[each]["micro_f1"]["value"]) for each in (CAPTIONS, BOTH))
            sentences.append(
                "Where only what other captions name as well counts as true, looking makes it "
                f"{contrast['verdict']}: {before} without and {after} with the pictures."
            )
    return sentences


def _title(task: TopicsTask, name: str) -> str:
    """A topic's title within a sentence: "Food & drink" in small letters, "NASA" as it is."""
    title = task["titles"].get(name, name)
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _little_left(tasks: Mapping[TaskName, Task]) -> list[str]:
    """Where captions are nearly gone, against the better of the two sides.

    To do better than two hashtags is no merit where the picture alone does better still.
    """
    sentences = []
    for name, task in tasks.items():
        level = task["degradation"].get(TWO_HASHTAGS)
        if level is None:
            continue
        captions, pictures, both = (
            _points(level["arms"][each]["value"]) for each in (CAPTIONS, PICTURES, BOTH)
        )
        told = f"With two hashtags left of each caption, {{}} tell {_DOING[name]} better than {{}}"
        if level["against_better"]["verdict"] == "better":
            told = told.format("both together", "either alone")
            sentences.append(f"{told}: {both} of 100 against {captions} and {pictures}.")
        if level["against_better"]["verdict"] == "worse":
            alone = _points(level["arms"][level["better_side"]]["value"])
            told = told.format(_ALONE[level["better_side"]], "both together")
            sentences.append(f"{told}: {alone} and {both} of 100.")
    return sentences


def _looks(found: Looks) -> list[str]:
    """How well pictures are seen, where nothing else could be tested."""
    if not found["tested"]:
        return []
    first = found["arms"][PICTURES]["recall_at_1"]
    chance = found["arms"][CHANCE]["recall_at_1"]["value"]
    return [
        f"By looks alone a caption finds its own picture first among {found['gallery']:,} in "
        f"{_points(first['value'])} of 100 cases ({_points(first['low'])} to "
        f"{_points(first['high'])}), and by chance in {_points(chance)}."
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


def _exact(score: float | None) -> str:
    assert score is not None, "a score of what was tested"
    return f"{100 * score:.1f}"


def _points(score: float | None) -> str:
    """A share of 100; what is not nothing is never called so."""
    assert score is not None, "a score of what was tested"
    points = f"{100 * score:.0f}"
    return "less than 1" if points == "0" and score > 0 else points
