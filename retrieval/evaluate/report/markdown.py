"""A report as Markdown, as GitHub shows it."""

from __future__ import annotations

import re
from functools import singledispatch
from html import escape
from typing import TYPE_CHECKING

from retrieval.captions import clean
from retrieval.evaluate.report.document import (
    FACTS,
    Cards,
    Cell,
    Figure,
    Fold,
    Heading,
    Number,
    Paragraph,
    Table,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retrieval.evaluate.report.document import Block, Document

LONGEST_CAPTION = 300  # characters of a card's caption; the HTML has all of it
_MARKS = re.compile(r"([\\`*_\[\]<>|~$&]|:(?=//)|(?<=www)\.)")  # the last two become links
_STARTS = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))", re.MULTILINE)  # of headings, lists and rules


def markdown(document: Document) -> str:
    """The whole report; plots are links to plots/<name>.svg beside it."""
    parts = [
        f"# {_line(document.title)}",
        "\n\n".join(map(_text, document.finding.splitlines())),
        *(_block(block) for block in document.blocks),
    ]
    if document.facts:
        facts = (f"- **{_line(name)}**: {_line(fact)}" for name, fact in document.facts)
        parts += [f"## {FACTS}", "\n".join(facts)]
    return "\n\n".join(part for part in parts if part) + "\n"


@singledispatch
def _block(block: Block) -> str:
    raise TypeError(f"no Markdown for {type(block).__name__}")


@_block.register
def _(heading: Heading) -> str:
    return f"{'#' * heading.level} {_line(heading.text)}"


@_block.register
def _(paragraph: Paragraph) -> str:
    return _text(paragraph.text)


@_block.register
def _(table: Table) -> str:
    rows = [
        [_stressed(_cell(cell)) if place in table.strong else _cell(cell) for cell in row]
        for place, row in enumerate(table.rows)
    ]
    columns = [_line(column) for column in table.columns]
    return _titled(table.title, _grid(columns, rows, table.numeric), table.note)


@_block.register
def _(figure: Figure) -> str:
    image = f"![{_line(figure.alt)}](plots/{figure.name}.svg)"
    return _titled(figure.title, image, "")


@_block.register
def _(cards: Cards) -> str:
    names = list(dict.fromkeys(name for card in cards.cards for name, _ in card.facts))
    rows = []
    for card in cards.cards:
        facts = dict(card.facts)
        caption = _line(_shortened(card.text)) or "(no caption)"
        rows.append([caption, *(_line(facts.get(name, "")) for name in names)])
    columns = ["caption", *map(_line, names)]
    return _titled(cards.title, _grid(columns, rows, frozenset()), cards.note)


@_block.register
def _(fold: Fold) -> str:
    """GitHub folds what stands in <details>; the blank lines make it Markdown again."""
    inside = "\n\n".join(map(_block, fold.blocks))
    return f"<details><summary>{escape(clean(fold.title))}</summary>\n\n{inside}\n\n</details>"


def _titled(title: str, body: str, note: str) -> str:
    parts = [f"**{_line(title)}**" if title else "", body, _text(note)]
    return "\n\n".join(part for part in parts if part)


def _grid(columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: frozenset[int]) -> str:
    rules = ["---:" if place in numeric else "---" for place in range(len(columns))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rules, *rows))


def _cell(cell: Cell) -> str:
    return shown(cell) if isinstance(cell, Number) else _line(cell)


def _stressed(text: str) -> str:
    return f"**{text}**" if text else ""


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CAPTION else f"{text[: LONGEST_CAPTION - 1]}…"


def _line(text: str) -> str:
    """Untrusted text on one line: what Markdown would take for a mark is escaped."""
    return _text(" ".join(clean(text).split()))


def _text(text: str) -> str:
    """Untrusted text with its line breaks."""
    marked = _MARKS.sub(r"\\\1", clean(text).strip())
    return _STARTS.sub(_unlisted, marked)


def _unlisted(start: re.Match[str]) -> str:
    """`- a` and `1. a` would start lists; of a number it is the stop that can be escaped."""
    before, mark = start.groups()
    return f"{before}{mark}\\" if mark.isdigit() else f"{before}\\{mark}"
