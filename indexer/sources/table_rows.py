"""A table as it was read: its rows, and what their cells hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from indexer.sources.dates import DATE_FORMATS, read_date
from retrieval.captions import readable
from retrieval.errors import BadInput, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, and where it stands; as text it says where."""

    path: Path
    number: int  # of the rows that hold data, from 1
    line: int | None  # where the row begins; None: the format has no lines
    cells: Mapping[str, object]  # by column

    def __str__(self) -> str:
        line = "" if self.line is None else f" (line {self.line})"
        return f"{self.path}, row {self.number}{line}"

    def where(self, column: str | None) -> str:
        """Words that say where the cell stands."""
        return f"{self}, column {shown(column)}"

    def cell(self, column: str | None) -> object:
        """The cell as it was read; None where there is none."""
        return None if column is None else self.cells.get(column)

    def text(self, column: str | None) -> str:
        """The text of a cell without the blanks around it; "" where there is none.

        Raises:
            BadInput: the cell holds neither text nor a number.

        """
        return self.text_as_written(column).strip()

    def text_as_written(self, column: str | None) -> str:
        """The text of a cell with the blanks around it; "" where there is none.

        Raises:
            BadInput: the cell holds neither text nor a number.

        """
        cell = self.cell(column)
        if isinstance(cell, str):
            return readable(cell)
        if is_blank(cell):
            return ""
        if isinstance(cell, float) and cell.is_integer():
            return str(int(cell))  # pandas makes 12 of a column with gaps 12.0
        if isinstance(cell, int | float):
            return str(cell)
        raise BadInput(f"{self.where(column)}: {shown(cell)} where text is expected")

    def date(self, column: str | None) -> int | None:
        """Seconds since 1970 on its own clock, of the date in a cell; None where there is none.

        Raises:
            BadInput: the cell holds no date.

        """
        cell = self.cell(column)
        if is_blank(cell):
            return None
        written = cell.isoformat() if isinstance(cell, date) else cell
        try:
            if not isinstance(written, str | int | float):
                raise ValueError("neither text nor a number")
            return read_date(written)
        except ValueError as error:
            raise BadInput(
                f"{self.where(column)}: {shown(cell)} is no date; write {DATE_FORMATS}"
            ) from error

    def entries(self, column: str | None) -> list[Any] | None:
        """The list that a cell holds; None where the cell holds nothing or something else."""
        cell = self.cell(column)
        return cell if isinstance(cell, list) else None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name in their order, and the rows that hold data."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing, as the formats and pandas write it."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))
