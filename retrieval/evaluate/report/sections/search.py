"""Which picture is meant, and how well pictures are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.arms import DESCRIBED
from retrieval.evaluate.report.document import Cards, Figure, Paragraph
from retrieval.evaluate.report.plots import lines
from retrieval.evaluate.report.reader import SIDES
from retrieval.evaluate.report.sections.controls import controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.evaluate.report.document import Block
    from retrieval.evaluate.report.reader import ResultsReader
    from retrieval.evaluate.results import ChangedRank

_MEASURES = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr")


def search(read: ResultsReader, path: str) -> Iterator[Block]:
    """The task, from its scores to the queries that changed most."""
    task = read.at(path)
    yield Paragraph(
        f"{task['question']} {task['posts']:,} captions of {task['pictures']:,} pictures each look "
        f"for their own picture among {task['gallery']:,}, which they may not find by themselves."
    )
    yield read.arms(
        f"{path}.arms",
        _MEASURES,
        "Search by caption",
        "MiniLM, which reads the captions, saw captions of COCO in training; where these are "
        "COCO's, all rows but pictures only are flattered.",
    )
    yield from read.contrasts(f"{path}.contrasts", "Differences in R@1")
    curves = {name: each for name, each in task["recall"].items() if name in (*SIDES, DESCRIBED)}
    yield Figure(
        "recall",
        "How far down the right picture is",
        "Recall by the number of pictures looked at, by arm.",
        lines("recall", curves, "pictures looked at", "share found"),
    )
    one = task["one_caption_a_picture"]
    if one["tested"]:
        place = f"{path}.one_caption_a_picture"
        note = (
            f"As in most galleries. {one['posts']:,} other captions of {one['pictures']:,} "
            "pictures ask. The last row: what a second human caption adds in the picture's place."
        )
        yield read.arms(f"{place}.arms", _MEASURES, "With one caption a picture", note)
        yield from read.contrasts(f"{place}.contrasts", "Differences in R@1, one caption a picture")
    yield from controls(read, path, "R@1")
    pairs = task["pairs"]
    if pairs["tested"]:
        yield read.arms(
            f"{path}.pairs.arms",
            ("ndcg_at_10",),
            "Short queries for two things",
            f"{pairs['queries']:,} queries such as “{pairs['examples'][0]}”; a picture of both "
            f"counts 2, of one 1. The unit is the thing, of which there are {pairs['things']}.",
        )
        yield from read.contrasts(f"{path}.pairs.contrasts", "Differences in nDCG@10")
    yield _changed(read, task["changed"])


def _changed(read: ResultsReader, changed: Sequence[ChangedRank]) -> Cards:
    cards = tuple(
        read.card(
            each["image_id"],
            each["query"],
            {name: f"rank {rank}" for name, rank in each["ranks"].items()},
        )
        for each in changed
    )
    note = "First those whose picture came closer to the top, then those whose picture fell."
    return Cards("Queries that changed most", cards, note)


def looks(read: ResultsReader, path: str) -> Iterator[Block]:
    """How well captions find their own pictures by looks."""
    found = read.at(path)
    if not found["tested"]:
        yield Paragraph(f"{found['question']} Not tested: {found['why']}.")
        return
    yield Paragraph(
        f"{found['question']} {found['posts']:,} captions of {found['pictures']:,} pictures each "
        f"look for their own among {found['gallery']:,}; no caption is read. This compares nothing "
        "with captions: it tells how far the pictures are understood."
    )
    yield read.arms(f"{path}.arms", _MEASURES, "Captions that find their own picture by looks")
