"""In short: one comparison a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.report.document import Figure, Heading, Table
from retrieval.evaluate.report.plots import grouped_bars
from retrieval.evaluate.report.reader import MEASURES, MINUS_PRIMARY, SIDES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.evaluate.report.document import Block, Cell
    from retrieval.evaluate.report.plots import Bar
    from retrieval.evaluate.report.reader import ResultsReader

TITLES = {"sentiment": "Sentiment", "topics": "Topics", "search": "Search"}


def summary(read: ResultsReader) -> Iterator[Block]:
    """The verdict on every task, with the figures that it rests on."""
    yield Heading("In short")
    tasks = read.at("tasks")
    columns = ("", "verdict", "pictures", *SIDES, MINUS_PRIMARY, "p (Holm)")
    measures = [task["measure"] for task in tasks.values()]
    note = f"In brackets: 95 % intervals. {read.explained(*measures, 'holm')}"
    yield Table("One comparison a task", columns, tuple(_row(read, n) for n in tasks), note)
    bars = {name: [_bar(read, task, name) for task in tasks] for name in SIDES}
    yield Figure(
        "summary",
        "Captions, pictures, both",
        "Bars of the main measure of each task, by arm, with 95 % intervals; hatched ones have "
        "none, since there are too few pictures.",
        grouped_bars("summary", [TITLES[name] for name in tasks], bars, "main measure"),
    )


def _row(read: ResultsReader, name: str) -> tuple[Cell, ...]:
    place, task = f"tasks.{name}", read.at(f"tasks.{name}")
    scores: list[Cell] = [
        read.number(f"{place}.arms.{each}.{task['measure']}")
        if task["arms"][each]["tested"]
        else ""
        for each in SIDES
    ]
    primary = task["primary"]
    gain: Cell = "" if primary["value"] is None else read.number(f"{place}.primary", "signed")
    p: Cell = ""
    if primary.get("p_holm") is not None:
        p = read.number(f"{place}.primary.p_holm", "p")
    called = f"{TITLES[name]} ({MEASURES[task['measure']]})"
    pictures = read.number(f"{place}.pictures", "count")
    return (called, primary["verdict"], pictures, *scores, gain, p)


def _bar(read: ResultsReader, task: str, arm: str) -> Bar | None:
    found = read.at(f"tasks.{task}.arms.{arm}")
    if not found["tested"]:
        return None
    score = found[read.at(f"tasks.{task}.measure")]
    return score["value"], score["low"], score["high"]
