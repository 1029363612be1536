"""What every task is held against: other pictures, and less of the captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrieval.evaluate.arms import BOTH
from retrieval.evaluate.report.document import Cards, Figure, Paragraph, Table
from retrieval.evaluate.report.plots import lines, reliability
from retrieval.evaluate.report.reader import MINUS_PRIMARY, SIDES, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from retrieval.evaluate.report.document import Block
    from retrieval.evaluate.report.reader import ResultsReader
    from retrieval.evaluate.results import Changed

_LEAST_LABELS = 100  # for how sure labels are and how right they are to be drawn
_LEAST_IN_BIN = 10


def about(read: ResultsReader, path: str, what: str) -> Paragraph:
    """What a task asks, and of how much."""
    task = read.at(path)
    return Paragraph(
        f"{task['question']} Tested on {task['posts']:,} {what} of {task['pictures']:,} pictures."
    )


def controls(read: ResultsReader, path: str, measure: str) -> Iterator[Block]:
    """Shuffled pictures, and degraded captions."""
    shuffled = read.at(f"{path}.shuffled_pictures")
    if shuffled is not None:
        gain = read.number(f"{path}.shuffled_pictures.gain", "signed")
        yield Table(
            "Shuffled pictures",
            ("", measure),
            ((f"{MINUS_PRIMARY}, every picture another's", gain),),
            f"{shuffled['shuffles']} shuffles; in brackets the middle 95 %. A gain that survives "
            "this would not be from looking.",
        )
    levels = read.at(f"{path}.degradation")
    if not levels:
        return
    rows = tuple(
        (
            level,
            levels[level]["against_better"]["verdict"],
            *(read.number(f"{path}.degradation.{level}.arms.{each}") for each in SIDES),
            read.number(f"{path}.degradation.{level}.against_better", "signed"),
        )
        for level in levels
    )
    columns = ("left of the caption", "verdict", *SIDES, f"{BOTH} − the better side")
    yield Table(f"Where pictures begin to matter: {measure}", columns, rows)
    name = f"degradation-{slug(path)}"
    curves = {
        arm: [(place, each["arms"][arm]["value"]) for place, each in enumerate(levels.values())]
        for arm in SIDES
    }
    yield Figure(
        name,
        "With less and less of the caption",
        f"{measure} with captions, pictures and both, from the full caption to none.",
        lines(name, curves, "left of the caption", measure, list(levels)),
    )


def as_sure_as_right(curves: Mapping[str, Any], of: str) -> Iterator[Block]:
    """How right labels are by how sure they are, where there are enough to tell."""
    told = {
        name: [point for point in points if point[2] >= _LEAST_IN_BIN]
        for name, points in curves.items()
        if sum(n for _, _, n in points) >= _LEAST_LABELS
    }
    if told:
        yield Figure(
            f"reliability-{of}",
            "As sure as right",
            "The share of labels that is right, by the confidence given to them.",
            reliability(f"reliability-{of}", told),
        )


def changed_labels(read: ResultsReader, changed: Sequence[Changed], title: str) -> Iterator[Block]:
    """Posts that looking put right, and posts that it put wrong."""
    for better, told in ((True, "wrong → right"), (False, "right → wrong")):
        cards = tuple(
            read.card(each["image_id"], each["caption"], each["said"], truth=each["truth"])
            for each in changed
            if (each["gain"] > 0) == better
        )
        if cards:
            yield Cards(f"{title}: {told}", cards)
