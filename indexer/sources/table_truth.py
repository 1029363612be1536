"""What the columns of a table say is true of a post: sentiment, topics, split, words, objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from indexer.sources.table_rows import is_blank
from retrieval.captions import readable
from retrieval.cli import count
from retrieval.errors import shown
from retrieval.records import SENTIMENTS, SeenObject, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.sources.table_rows import Row, Table
    from retrieval.records import Sentiment

_SPELLINGS: dict[str, Sentiment] = {
    spelling: name
    for name, number in zip(SENTIMENTS, ("-1", "0", "1"), strict=True)
    for spelling in (name, name[:3], number, f"{number}.0")
} | {"+1": "positive"}
_BETWEEN_TOPICS = re.compile(r"[,;|]")


def doubtful_truth(table: Table, columns: Mapping[str, str]) -> dict[str, str]:
    """The fields whose column promises truth by its name but holds something else, each with why.

    `columns` gives the column of each field.
    """
    doubts = {}
    for field, (fits, shape) in _SHAPES.items():
        column = columns.get(field)
        if odd := _first_odd(table, column, fits):
            doubts[field] = (
                f"The column {column!r} is not used as truth: it may hold {shape} only, "
                f"and row {odd.number} holds {shown(odd.cell(column))}."
            )
    return doubts


def odd_truth(table: Table, columns: Mapping[str, str]) -> list[str]:
    """A line for each column of sentiments or topics some of whose cells say something else."""
    notes = []
    for field, (fits, shape) in _CELLS.items():
        column = columns.get(field)
        odd = [
            row
            for row in table.rows
            if not is_blank(row.cell(column)) and fits(row.cell(column)) is None
        ]
        if odd:
            notes.append(
                f"{count(len(odd), 'cell')} of the column {column!r} cannot be used as truth, "
                f"the first in row {odd[0].number}: {shown(odd[0].cell(column))}; write {shape}."
            )
    return notes


def truth_of(row: Row, columns: Mapping[str, str]) -> Truth | None:
    """What the row says is true, in columns without doubt; None where it says nothing.

    A cell that holds something else than a sentiment or topics says nothing.
    """
    marked_words = row.entries(columns.get("marked_words")) or ()
    objects = row.entries(columns.get("objects"))
    truth = Truth(
        sentiment=_sentiment(row.cell(columns.get("sentiment"))),
        split=row.text(columns.get("split")) or None,
        marked_words=tuple(readable(word) for word in marked_words),
        objects=None if objects is None else tuple(_seen_object(seen) for seen in objects),
        picture_sentiment=_sentiment(row.cell(columns.get("picture_sentiment"))),
        topics=_topics(row.cell(columns.get("topics"))),
    )
    return None if truth == Truth() else truth


def _first_odd(table: Table, column: str | None, fits: Callable[[object], bool]) -> Row | None:
    """The first row whose cell holds something that does not fit."""
    filled = (row for row in table.rows if not is_blank(row.cell(column)))
    return next((row for row in filled if not fits(row.cell(column))), None)


def _seen_object(seen: Mapping[str, Any]) -> SeenObject:
    category, supercategory = readable(seen["category"]), readable(seen["supercategory"])
    return SeenObject(category, supercategory, float(seen["area"]))


def _sentiment(cell: object) -> Sentiment | None:
    """As words, their first three letters, or 1, 0 and -1."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    return _SPELLINGS.get(str(cell).strip().lower())


def _topics(cell: object) -> tuple[str, ...] | None:
    """A list of names or titles, or a text of them with commas, semicolons or bars between."""
    if isinstance(cell, str) and cell.strip():
        cell = _BETWEEN_TOPICS.split(cell)
    if not isinstance(cell, list) or not all(isinstance(topic, str) for topic in cell):
        return None
    return tuple(readable(topic).strip() for topic in cell if topic.strip())


def _is_words(cell: object) -> bool:
    return isinstance(cell, list) and all(isinstance(word, str) for word in cell)


def _is_objects(cell: object) -> bool:
    return isinstance(cell, list) and all(_is_object(seen) for seen in cell)


def _is_object(seen: object) -> bool:
    return (
        isinstance(seen, dict)
        and isinstance(seen.get("category"), str)
        and isinstance(seen.get("supercategory"), str)
        and isinstance(area := seen.get("area"), int | float)
        and 0 <= area <= 1
    )


# How the cells of a field are read, each by itself, and words for it.
_CELLS: Mapping[str, tuple[Callable[[object], object], str]] = {
    **dict.fromkeys(
        ("sentiment", "picture_sentiment"),
        (_sentiment, "positive, neutral or negative, or 1, 0 or -1"),
    ),
    "topics": (_topics, "names of topics with commas between"),
}
# What the cells of a field must be, and words for it.
_SHAPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "marked_words": (_is_words, "lists of words"),
    "objects": (_is_objects, "lists of objects with category, supercategory and area from 0 to 1"),
}
