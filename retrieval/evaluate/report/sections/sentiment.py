"""How posts feel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retrieval.evaluate.report.document import Figure, Paragraph, Table
from retrieval.evaluate.report.plots import confusion_matrix
from retrieval.evaluate.report.reader import slug
from retrieval.evaluate.report.sections.controls import (
    about,
    as_sure_as_right,
    changed_labels,
    controls,
)
from retrieval.records import SENTIMENTS, UNDETERMINED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.evaluate.report.document import Block, Cell
    from retrieval.evaluate.report.reader import ResultsReader

_SENTICAP = "senticap"  # a kind of source
_ON_REQUEST = "SentiCap's sentences were written on request, also opposite ones about one picture."


def sentiment(read: ResultsReader, path: str) -> Iterator[Block]:
    """The task, from its scores to the posts that changed."""
    task = read.at(path)
    yield about(read, path, "captions with a known sentiment")
    yield read.arms(
        f"{path}.arms",
        ("macro_f1", "accuracy", *(f"{name}_recall" for name in SENTIMENTS)),
        "Sentiment, by what it is told from",
        f"Split: {task['split']}.",
    )
    yield from read.contrasts(f"{path}.contrasts", "Differences in macro-F1")
    yield from _oracle(read, path)
    yield from _weight(read, path)
    if _SENTICAP in task["corpora"]:
        yield _unseen(read, path)
    yield from (_confusion(name, counts) for name, counts in task["confusion"].items())
    yield from as_sure_as_right(task["reliability"], "sentiment")
    yield from controls(read, path, "macro-F1")
    yield from changed_labels(read, task["changed"], "Posts whose sentiment changed")


def _confusion(name: str, counts: list[list[int]]) -> Figure:
    """With a row and column for what is not determined, where anything is."""
    table, classes = np.array(counts), [*SENTIMENTS, UNDETERMINED]
    if table[:, -1].any():
        square = np.vstack([table, np.zeros_like(table[:1])])
    else:
        square, classes = table[:, :-1], classes[:-1]
    figure = f"confusion-{slug(name)}"
    return Figure(
        figure,
        f"Said and true: {name}",
        "A table of how often each true sentiment was called which.",
        confusion_matrix(figure, square, classes, ""),
    )


def _oracle(read: ResultsReader, path: str) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            f"the best that pictures alone could do, {name}",
            read.number(f"{path}.oracle.{name}.posts", "count"),
            read.number(f"{path}.oracle.{name}.accuracy"),
        )
        for name in read.at(f"{path}.oracle")
    ]
    writers = read.at(f"{path}.writers_polarity")
    note = "Who sees pictures alone can at best name each one's commonest sentiment."
    if _SENTICAP in read.at(f"{path}.corpora"):
        note = f"{_ON_REQUEST} {note}"
    if writers["tested"]:
        auc = read.number(f"{path}.writers_polarity.auc")
        pictures = sum(writers["pictures"].values())
        rows.append(("writers' polarity told from looks, AUC", f"{pictures:,} pictures", auc))
        note += (
            " Writers' polarity: of pictures about which all captions have one. AUC: how often a "
            "picture of the one polarity is told from one of the other; .5 is chance."
        )
    yield Table("What pictures alone could tell", ("", "posts", "accuracy"), tuple(rows), note)


def _weight(read: ResultsReader, path: str) -> Iterator[Block]:
    """How far the weight of the picture decides, shipped and fitted."""
    rows: list[tuple[Cell, ...]] = []
    if (bound := read.at(f"{path}.bound")) is not None:
        place = f"{path}.bound"
        best = f"macro-F1 with the best weight for it ({bound['best']['weight']:g})"
        rows += [
            (
                "labels that a perfect reader of pictures changes",
                read.number(f"{place}.changed", "count"),
            ),
            (best, read.number(f"{place}.best.macro_f1")),
        ]
    if (weight := read.at(f"{path}.picture_weight")) is not None:
        place = f"{path}.picture_weight"
        changed = read.number(f"{place}.changed", "count")
        rows.append((f"labels that the picture changed, of {weight['posts']:,}", changed))
        if (fitted := weight["fitted"]) is not None:
            by_others = f"macro-F1 with a fitted weight ({fitted['weight']:g}), other pictures'"
            above = f"{place}.fitted.above"
            rows += [
                (by_others, read.number(f"{place}.fitted.macro_f1")),
                ("the same − captions only", read.number(f"{above}_captions", "signed")),
                ("the same − the shipped weight", read.number(f"{above}_prior", "signed")),
            ]
    if rows:
        shipped = read.at("senticap_bound.weight")
        note = f"The shipped weight of the picture, {shipped:g}, is a prior: nobody measured it."
        yield Table("What the picture's weight decides", ("", ""), tuple(rows), note)


def _unseen(read: ResultsReader, path: str) -> Block:
    unseen = read.at(f"{path}.unseen_adjectives")
    if not unseen["tested"]:
        return Paragraph(f"Sentences with unseen adjectives: not tested, {unseen['why']}.")
    rows = tuple(
        (name, read.number(f"{path}.unseen_adjectives.accuracy.{name}"))
        for name in unseen["accuracy"]
    )
    return Table(
        "Negative or positive, where no adjective of a sentence was in training",
        ("", "accuracy"),
        rows,
        f"{unseen['posts']:,} sentences, five folds over adjectives: beside it, the official "
        "split rewards remembering adjectives.",
    )
