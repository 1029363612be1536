"""What a report holds, apart from how it is shown. Texts may come from posts: renderers escape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Form = Literal["score", "count", "share", "p", "signed"]

NOT_TESTED = "not tested"
FACTS = "What was evaluated"  # the heading of a document's facts
MINUS = "−"  # as wide as a plus and a digit, unlike the hyphen


@dataclass(frozen=True, slots=True)
class Number:
    """A figure, and the dotted path under which report.json holds it."""

    value: float | int | None  # None: not tested
    path: str  # such as "tasks.sentiment.arms.both.macro_f1.value"
    low: float | None = None  # the interval's ends, in the value's unit; shown where both are known
    high: float | None = None
    form: Form = "score"  # a share and a p are in [0, 1]


Cell = str | Number


@dataclass(frozen=True, slots=True)
class Heading:
    """The start of a section."""

    text: str
    level: Literal[2, 3, 4] = 2  # 1 is the document's title


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text; a line break in it stays one."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells by row, each row as long as `columns`."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    strong: frozenset[int] = frozenset()  # the rows to stress, from 0

    @property
    def numeric(self) -> frozenset[int]:
        """The columns, from 0, that hold numbers, or blanks where there is none."""
        return frozenset(
            place
            for place, cells in enumerate(zip(*self.rows, strict=True))
            if all(isinstance(cell, Number) or not cell for cell in cells)
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot."""

    name: str  # unique; letters, digits, hyphens: its id, and its file plots/<name>.svg
    title: str
    alt: str  # what it shows, for those who cannot see it
    svg: str  # an <svg> element that `plots` drew: trusted, never escaped


@dataclass(frozen=True, slots=True)
class Card:
    """One post."""

    thumbnail: Path | None  # a WebP; a file that is gone is no error
    text: str  # the caption as written
    facts: tuple[tuple[str, str], ...] = ()  # such as ("captions only", "negative")


@dataclass(frozen=True, slots=True)
class Cards:
    """Posts to look at, side by side."""

    title: str
    cards: tuple[Card, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that only some readers want: folded away where a page can be unfolded."""

    title: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Table | Figure | Cards | Fold


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report, top to bottom."""

    title: str
    finding: str  # what a hurried reader reads, in plain words: the main thought first, a line each
    facts: tuple[tuple[str, str], ...]  # what was evaluated: gallery, encoders, seed, commit, date
    blocks: tuple[Block, ...]

    @property
    def figures(self) -> list[Figure]:
        """Every plot, also those in folds."""
        return list(_figures(self.blocks))


def _figures(blocks: Sequence[Block]) -> Iterator[Figure]:
    for block in blocks:
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Fold):
            yield from _figures(block.blocks)


def shown(number: Number) -> str:
    """The figure as every renderer writes it, with its interval: ".903 [.881, .924]"."""
    return f"{shown_value(number)} {shown_interval(number)}".rstrip()


def shown_value(number: Number) -> str:
    """The figure without its interval."""
    return NOT_TESTED if number.value is None else _FORMS[number.form](number.value)


def shown_interval(number: Number) -> str:
    """The interval as "[low, high]"; empty where there is none."""
    if number.value is None or number.low is None or number.high is None:
        return ""
    show = _FORMS[number.form]
    return f"[{show(number.low)}, {show(number.high)}]"


def _score(value: float) -> str:
    """Three decimals without the leading zero; what rounds to nothing has no sign."""
    digits = f"{abs(value):.3f}".removeprefix("0")
    return digits if value >= 0 or digits == ".000" else MINUS + digits


def _signed(value: float) -> str:
    digits = _score(value)
    return digits if value <= 0 or digits == ".000" else f"+{digits}"


def _count(value: float) -> str:
    return f"{value:,.0f}".replace("-", MINUS)


def _share(value: float) -> str:
    """Whole per cent; what is neither none nor all is never called so."""
    percent = round(value * 100)
    if percent == 0 and value > 0:
        return "< 1 %"
    if percent == 100 and value < 1:
        return "> 99 %"
    return f"{percent} %".replace("-", MINUS)


def _p(value: float) -> str:
    return "p < .001" if value < 0.001 else f"p = {_score(value)}"


_FORMS: dict[Form, Callable[[float], str]] = {
    "score": _score,
    "count": _count,
    "share": _share,
    "p": _p,
    "signed": _signed,
}
