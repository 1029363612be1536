"""A report's title, finding and tables, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table as Grid
from rich.text import Text

from retrieval.cli import print_table, printable
from retrieval.evaluate.report.colours import ARM_COLOURS
from retrieval.evaluate.report.document import (
    MINUS,
    Cell,
    Number,
    Table,
    shown_interval,
    shown_value,
)

if TYPE_CHECKING:
    from rich.console import Console

    from retrieval.evaluate.report.document import Document


def print_document(document: Document, console: Console) -> None:
    """Print what fits a terminal: no plots and no posts."""
    console.print(_text(document.title, "bold"))
    for line in document.finding.splitlines():
        console.print(_text(line))
    for block in document.blocks:
        if isinstance(block, Table):
            console.print()
            print_table(console, _fitting(block, console))


def _fitting(table: Table, console: Console) -> Grid:
    """The table; with intervals on lines of their own where it would be too wide otherwise."""
    wide = _grid(table, console.encoding, " ")
    endless = console.options.update(max_width=10_000)
    if console.measure(wide, options=endless).maximum <= console.width:
        return wide
    return _grid(table, console.encoding, "\n")


def _grid(table: Table, encoding: str, before_interval: str) -> Grid:
    grid = Grid(
        title=_text(table.title, "bold"),
        title_justify="left",
        caption=_text(table.note, "dim") if table.note else None,
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for place, column in enumerate(table.columns):
        grid.add_column(
            _text(column, ARM_COLOURS.get(column, "")),
            justify="right" if place in table.numeric else "left",
            overflow="fold",
        )
    for place, row in enumerate(table.rows):
        cells = (_cell(cell, encoding, before_interval) for cell in row)
        grid.add_row(*cells, style="bold" if place in table.strong else "")
    return grid


def _cell(cell: Cell, encoding: str, before_interval: str) -> Text:
    if not isinstance(cell, Number):
        return _text(cell, ARM_COLOURS.get(cell, ""))
    parts = filter(None, (shown_value(cell), shown_interval(cell)))
    figure = _writable(before_interval.join(parts), encoding)
    return Text(figure, style="dim" if cell.value is None else "", overflow="fold")


def _text(text: str, style: str = "") -> Text:
    """Untrusted text: nothing in it is obeyed, neither as control nor as markup."""
    return Text(" ".join(printable(text).split()), style=style, overflow="fold")


def _writable(figure: str, encoding: str) -> str:
    """The figure with a hyphen for the minus where the terminal has none."""
    try:
        figure.encode(encoding)
    except UnicodeEncodeError:
        return figure.replace(MINUS, "-")
    return figure
