"""What posts are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.report.document import Figure, Fold, Paragraph, Table
from retrieval.evaluate.report.plots import horizontal_bars
from retrieval.evaluate.report.reader import MINUS_PRIMARY, SIDES
from retrieval.evaluate.report.sections.controls import (
    about,
    as_sure_as_right,
    changed_labels,
    controls,
)
from retrieval.evaluate.truth import EVERY_OBJECT, NAMED_OBJECTS, PLAIN_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.evaluate.report.document import Block, Cell
    from retrieval.evaluate.report.reader import ResultsReader

_TRUTH_NOTES = {
    EVERY_OBJECT: "Everything that annotators marked, however small, which favours pictures.",
    PLAIN_OBJECTS: "Only what covers 2 % of the picture or more.",
    NAMED_OBJECTS: "Only what two other captions of the picture name, which favours captions.",
}


def topics(read: ResultsReader, path: str) -> Iterator[Block]:
    """The task, by the truth that counts; the other truths are folded away."""
    task = read.at(path)
    yield about(read, path, "captions")
    first, *others = task["by_truth"]
    yield from _by_truth(read, path, first)
    for truth in others:
        yield Fold(f"The same, where another thing is true: {truth}", _by_truth(read, path, truth))
    yield from _by_topic(read, path)
    if task["untested_topics"]:
        names = ", ".join(map(read.title, task["untested_topics"]))
        yield Paragraph(f"Untested, since nobody marks them: {names}.")
    curves = {name: each["points"] for name, each in task["reliability"].items()}
    yield from as_sure_as_right(curves, "topics")
    yield from controls(read, path, "micro-F1")
    yield from changed_labels(read, task["changed"], "Posts whose topics changed")


def _by_truth(read: ResultsReader, path: str, truth: str) -> tuple[Block, ...]:
    place = f"{path}.by_truth.{truth}"
    return (
        read.arms(
            f"{place}.arms",
            ("micro_f1", "precision", "recall", "map"),
            f"Topics; true: {truth}",
            f"{_TRUTH_NOTES[truth]} mAP is of topics that 20 pictures or more show.",
        ),
        *read.contrasts(f"{place}.contrasts", f"Differences in micro-F1; true: {truth}"),
    )


def _by_topic(read: ResultsReader, path: str) -> Iterator[Block]:
    by_topic = read.at(f"{path}.by_topic")
    shown = [name for name, each in by_topic.items() if each["f1"]]
    arms = [name for name in SIDES if shown and name in by_topic[shown[0]]["f1"]]
    yield Table(
        "F1 by topic",
        ("", "verdict", "pictures", *arms, MINUS_PRIMARY, "p (Holm)"),
        tuple(_topic_row(read, path, name, arms) for name in by_topic),
        "Only of topics that 20 pictures or more show; true: every object. The p-values are "
        "adjusted for the topics shown.",
    )
    if shown:
        bars = {
            arm: [
                (each["value"], each["low"], each["high"])
                for each in (by_topic[name]["f1"][arm] for name in shown)
            ]
            for arm in arms
        }
        yield Figure(
            "by-topic",
            "F1 by topic",
            "Bars of F1 by topic and arm, with 95 % intervals.",
            horizontal_bars("by-topic", list(map(read.title, shown)), bars, "F1"),
        )


def _topic_row(read: ResultsReader, path: str, name: str, arms: list[str]) -> tuple[Cell, ...]:
    place, topic = f"{path}.by_topic.{name}", read.at(f"{path}.by_topic.{name}")
    pictures = read.number(f"{place}.pictures", "count")
    difference = topic["difference"]
    if not topic["f1"] or difference is None:
        return (read.title(name), "too few pictures", pictures, *("" for _ in arms), "", "")
    scores = (read.number(f"{place}.f1.{each}") for each in arms)
    gain = read.number(f"{place}.difference", "signed")
    p: Cell = ""
    if difference.get("p_holm") is not None:
        p = read.number(f"{place}.difference.p_holm", "p")
    return (read.title(name), difference["verdict"], pictures, *scores, gain, p)
