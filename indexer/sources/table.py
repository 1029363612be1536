"""A table of posts, one a row: the path of its picture, its caption, and more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from indexer.sources.base import Skipped, SourcePost, SourceReading
from indexer.sources.links import web_address
from indexer.sources.named_pictures import NamedPictures
from indexer.sources.table_columns import choose_columns, columns_note
from indexer.sources.table_formats import looks_like_table, read_table
from indexer.sources.table_truth import doubtful_truth, odd_truth, truth_of
from retrieval.errors import BadInput, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from indexer.sources.base import SourceRequest
    from indexer.sources.named_pictures import Place
    from indexer.sources.table_rows import Row, Table


class TableReader:
    """Reads CSV, TSV, JSON lines, a JSON array of objects, or Parquet: a post a row."""

    kind = "table"

    def recognises(self, location: Path) -> bool:
        """Whether the file is named like a table; a JSON file must also open with an array."""
        return looks_like_table(location)

    def read(self, request: SourceRequest) -> SourceReading:
        """Read every row.

        Raises:
            BadInput: the file is no such table, lacks a column, or a row holds a value that
                cannot be used: a broken date, an id seen before, a picture outside the roots.

        """
        table = read_table(request.location)
        columns = choose_columns(table, request)
        doubts = doubtful_truth(table, columns)
        columns = {field: name for field, name in columns.items() if field not in doubts}
        pictures = NamedPictures(request.image_roots or (request.location.parent,))
        posts, skipped = _posts(table, columns, pictures)
        return SourceReading(
            posts=tuple(posts),
            missing=pictures.missing,
            skipped=tuple(skipped),
            notes=(
                columns_note(table, columns),
                *sorted(doubts.values()),
                *odd_truth(table, columns),
                *pictures.notes(request.location),
            ),
        )


def _posts(
    table: Table, columns: Mapping[str, str], pictures: NamedPictures
) -> tuple[list[SourcePost], list[Skipped]]:
    posts, skipped = [], []
    keys = _Keys()
    column = columns["picture"]
    for row in table.rows:
        named = row.text(column)
        if not named:
            reason = f"no picture in the column {column!r}; name its file there"
            skipped.append(Skipped(str(row), reason))
            continue
        place = pictures.find(named, row.where(column))
        key = keys.of(row, row.text(columns.get("id")), named if place is None else place[1])
        if place is not None:
            posts.append(_post(row, columns, key, place))
    return posts, skipped


def _post(row: Row, columns: Mapping[str, str], key: str, place: Place) -> SourcePost:
    root, image_path = place
    return SourcePost(
        key=key,
        root=root,
        image_path=image_path,
        caption=row.text_as_written(columns.get("caption")),
        created_at=row.date(columns.get("created_at")),
        permalink=web_address(row.text(columns.get("permalink"))),
        group_id=row.text(columns.get("group")) or None,
        truth=truth_of(row, columns),
    )


class _Keys:
    """Gives each row its key: its id, else its picture's path, with #2 at the second time."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}  # by key
        self._repeats: Counter[str] = Counter()  # of a path, beyond its first row

    def of(self, row: Row, identifier: str, image_path: str) -> str:
        """The key of a row; `identifier` is "" where the row has no id.

        Raises:
            BadInput: another row has the id as its key.

        """
        key = identifier or self._free(image_path)
        if key in self._rows:
            raise BadInput(
                f"{row}: the id {shown(key)} is that of row {self._rows[key].number} too; ids "
                "must be unique. If it names a carousel of several pictures, say --columns "
                "group=NAME"
            )
        self._rows[key] = row
        return key

    def _free(self, image_path: str) -> str:
        key = image_path
        while key in self._rows:
            self._repeats[image_path] += 1
            key = f"{image_path}#{self._repeats[image_path] + 1}"
        return key
