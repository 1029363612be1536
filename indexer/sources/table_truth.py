"""What the columns of a table say is true of a post: sentiment, split, marked words, objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from indexer.sources.table_rows import is_blank, shown
from retrieval.captions import readable
from retrieval.records import SeenObject, Sentiment, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.sources.table_rows import Row, Table

_SENTIMENTS = get_args(Sentiment)


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


def truth_of(row: Row, columns: Mapping[str, str]) -> Truth | None:
    """What the row says is true, in columns without doubt; None where it says nothing."""
    sentiment = row.text(columns.get("sentiment")).lower()
    marked_words = row.entries(columns.get("marked_words")) or ()
    objects = row.entries(columns.get("objects"))
    truth = Truth(
        sentiment=cast("Sentiment", sentiment) if sentiment else None,
        split=row.text(columns.get("split")) or None,
        marked_words=tuple(readable(word) for word in marked_words),
        objects=None if objects is None else tuple(_seen_object(seen) for seen in objects),
    )
    return None if truth == Truth() else truth


def _first_odd(table: Table, column: str | None, fits: Callable[[object], bool]) -> Row | None:
    """The first row whose cell holds something that does not fit."""
    filled = (row for row in table.rows if not is_blank(row.cell(column)))
    return next((row for row in filled if not fits(row.cell(column))), None)


def _seen_object(seen: Mapping[str, Any]) -> SeenObject:
    category, supercategory = readable(seen["category"]), readable(seen["supercategory"])
    return SeenObject(category, supercategory, float(seen["area"]))


def _is_sentiment(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip().lower() in _SENTIMENTS


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


# What the cells of a field must be, and words for it.
_SHAPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "sentiment": (_is_sentiment, ", ".join(_SENTIMENTS)),
    "marked_words": (_is_words, "lists of words"),
    "objects": (_is_objects, "lists of objects with category, supercategory and area from 0 to 1"),
}
