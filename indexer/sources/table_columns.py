"""Which column of a table holds which field of a post."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retrieval.errors import BadInput, shown
from retrieval.names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.sources.base import SourceRequest
    from indexer.sources.table_rows import Table

# What each field is usually called, the surest name first; see `_plain` for how they are compared.
_USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "picture": (
        *("image", "imagepath", "imagefile", "imagefilename", "imagename", "img", "imgpath"),
        *("picture", "picturepath", "photo", "photopath"),
        *("file", "filename", "filepath", "path", "media", "mediapath", "uri"),
        *("imageurl", "pictureurl", "photourl", "mediaurl"),
    ),
    "caption": (
        *("caption", "text", "posttext", "description", "title"),
        *("post", "message", "content", "body"),
    ),
    "id": ("postid", "id"),
    "created_at": (
        *("createdat", "created", "creationtimestamp", "datetime", "date", "timestamp"),
        *("takenat", "publishedat", "published", "postedat", "posted", "time"),
    ),
    "permalink": ("permalink", "posturl", "url", "link"),
    "group": ("groupid", "group", "carouselid", "carousel", "albumid", "album"),
    "sentiment": ("sentiment",),
    "picture_sentiment": ("picturesentiment", "imagesentiment"),
    "topics": ("topics",),
    "split": ("split",),
    "marked_words": ("markedwords",),
    "objects": ("objects",),
}


def choose_columns(table: Table, request: SourceRequest) -> dict[str, str]:
    """The column of each field: the one asked for, else the one with the surest name.

    Raises:
        BadInput: a field or column asked for does not exist, none looks like the picture or the
            caption, or two columns have the same name.

    """
    _check_columns_asked_for(table, request)
    chosen = dict(request.columns)
    free = [column for column in table.columns if column not in chosen.values()]
    for field, names in _USUAL_NAMES.items():
        named = [column for name in names for column in free if _plain(column) == name]
        if field not in chosen and named:
            chosen[field] = named[0]
    if not request.captions:
        chosen.pop("caption", None)
    _check_columns_chosen(table, request, chosen)
    return chosen


def columns_note(table: Table, chosen: Mapping[str, str]) -> str:
    """Which column was taken for what, and which for nothing."""
    used = ", ".join(f"{field} from {shown(column)}" for field, column in chosen.items())
    unused = [column for column in table.columns if column not in chosen.values()]
    return f"Columns: {used}." + (f" Not used: {_listed(unused)}." if unused else "")


def _check_columns_asked_for(table: Table, request: SourceRequest) -> None:
    for field, column in request.columns.items():
        if field not in _USUAL_NAMES:
            fields = _listed(_USUAL_NAMES)
            raise BadInput(f"--columns knows no field {field!r}; choose from {fields}")
        if column not in table.columns:
            columns = _listed(table.columns)
            raise BadInput(f"{request.location} has no column {column!r}; it has {columns}")


def _check_columns_chosen(table: Table, request: SourceRequest, chosen: Mapping[str, str]) -> None:
    for field in ("picture", "caption") if request.captions else ("picture",):
        if field not in chosen:
            raise BadInput(
                f"{request.location} has no column that looks like the {field}; it has "
                f"{_listed(table.columns)}. Say which is which with "
                "--columns picture=NAME,caption=NAME"
            )
    for column in chosen.values():
        if table.columns.count(column) > 1:
            raise BadInput(f"{request.location} has two columns {column!r}; rename one of them")


def _plain(name: str) -> str:
    """Created_At, created-at and "created at" are one name."""
    return re.sub(r"[\s_-]", "", folded(name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(shown, names))
