"""The formats tables come in: CSV, TSV, JSON lines, a JSON array of objects, or Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING

from indexer.sources.table_rows import Row, Table
from indexer.sources.text import parsed_json, text_of
from retrieval.errors import BadInput, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_SEP = re.compile(r"sep=(?P<sep>[,;\t|])\r?\n")  # a first line that Excel writes and reads
_PEEK = 4096  # bytes; enough to see which bracket a JSON file opens with
_LONGEST = 2**31 - 1  # characters of a cell: the csv module's own limit is shorter than captions
_HEAD = 65_536  # characters of a CSV file; its first line, which names the columns, is shorter


def looks_like_table(path: Path) -> bool:
    """Whether the file is named like a table; a JSON file must also open with an array."""
    suffix = path.suffix.lower()
    if suffix not in _FORMATS or not path.is_file():
        return False
    return suffix != ".json" or _opens_with_array(path)


def read_table(path: Path) -> Table:
    """Read every row.

    Raises:
        BadInput: the file cannot be read, is damaged, is no table, or holds no rows.

    """
    read = _FORMATS.get(path.suffix.lower())
    if read is None:
        suffixes = ", ".join(map(repr, _FORMATS))
        raise BadInput(f"{path} is no table that is read; its name may end in {suffixes}")
    table = read(path)
    if not table.rows:
        raise BadInput(f"{path} holds no rows; it takes one row a post below the column names")
    return table


def _read_csv(path: Path) -> Table:
    text = text_of(path)
    said = _SEP.match(text)
    text = text[said.end() :] if said else text
    records = _csv_records(path, text, said["sep"] if said else _delimiter(path, text))
    _, _, header = next(records, (0, 1, []))
    columns = tuple(name.strip() for name in header)
    rows = []
    for number, line, fields in records:
        row = Row(path, number, line, dict(zip(columns, fields, strict=False)))
        if len(fields) != len(columns):
            raise BadInput(
                f"{row}: {len(fields)} fields where the first line names {len(columns)} columns; "
                'put a caption that holds the delimiter or a line break into "double quotes"'
            )
        rows.append(row)
    return Table(columns, rows)


def _delimiter(path: Path, text: str) -> str:
    """The delimiter that cuts the column names into most fields; a comma among equals."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    head = text.lstrip("\r\n")[:_HEAD]

    def width(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(",;\t", key=width)


def _csv_records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """Number (0: the column names), first line and fields of each record that is not blank."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, line = 0, 1
    try:
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():
                yield number, line, fields
                number += 1
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(
            f"{path}, row {number} (line {line}): {error}; a quoted field must be closed, and "
            'a quote inside it written twice ("")'
        ) from None


def _read_json_lines(path: Path) -> Table:
    # Not splitlines(): it also cuts at U+2028 and others, which captions hold.
    lines = enumerate(text_of(path).split("\n"), start=1)
    values = ((line, parsed_json(text, path, line)) for line, text in lines if text.strip())
    return _table_of_objects(path, values)


def _read_json_array(path: Path) -> Table:
    values = parsed_json(text_of(path), path)
    if not isinstance(values, list):
        raise BadInput(
            f"{path} is JSON, but no array of objects [{{…}}, …], one a post; if it is another "
            "kind of input, name the kind with --source"
        )
    return _table_of_objects(path, ((None, value) for value in values))


def _table_of_objects(path: Path, values: Iterable[tuple[int | None, object]]) -> Table:
    """The table of JSON values, each with the line it begins in."""
    columns: dict[str, None] = {}  # as a set in order
    rows = []
    for number, (line, value) in enumerate(values, start=1):
        row = Row(path, number, line, value if isinstance(value, dict) else {})
        if not isinstance(value, dict):
            raise BadInput(f'{row}: {shown(value)} where an object {{"image": …}} is expected')
        columns |= dict.fromkeys(value)
        rows.append(row)
    return Table(tuple(columns), rows)


def _opens_with_array(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_PEEK).replace(b"\0", b"")  # UTF-16 then shows its ASCII
    return head.lstrip(codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + b" \t\r\n").startswith(b"[")


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        values = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())  # pyarrow's has several lines
        raise BadInput(f"{path} cannot be read as Parquet ({reason}); export it again") from error
    rows = [Row(path, number, None, cells) for number, cells in enumerate(values, start=1)]
    return Table(tuple(table.column_names), rows)


_FORMATS: Mapping[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json_array,
    ".parquet": _read_parquet,
}
