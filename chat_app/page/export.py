"""The posts of an answer as a file: CSV for a spreadsheet, JSON for a program."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chat_app.arguments import CountPosts, SearchPosts
from chat_app.lookups import every_post
from chat_app.scope import Scope
from retrieval.catalog.dates import written

if TYPE_CHECKING:
    from chat_app.page.frame import Here
    from chat_app.turn import Turn
    from retrieval.records import Post, PostLabels

Kind = Literal["csv", "json"]
KINDS: dict[Kind, str] = {"csv": "text/csv", "json": "application/json"}

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet computes


def posts_of(here: Here, turn: Turn, kind: Kind) -> str:
    """All posts that an answer is about, also those that it does not show."""
    arguments = turn.plan.arguments
    is_said = turn.is_sure and turn.calls and turn.picture is None  # all are more or less like one
    if isinstance(arguments, SearchPosts | CountPosts) and is_said:
        posts = every_post(Scope(here.searcher, here.filters), arguments)
    else:
        posts = [pair for hit in turn.hits for pair in zip(hit.posts, hit.labels, strict=True)]
    rows = [_row(post, labels) for post, labels in posts]
    return _as_csv(rows) if kind == "csv" else json.dumps(rows, ensure_ascii=False, indent=2)


def _row(post: Post, labels: PostLabels) -> dict[str, Any]:
    return {
        "post_id": post.post_id,
        "created_at": None if post.created_at is None else written(post.created_at),
        "caption": post.caption,
        "sentiment": labels.sentiment.name,
        "topics": labels.topics.names,
        "source": post.source,
        "path": str(Path(post.root, post.image_path)),
        "image_id": post.image_id,
        "permalink": post.permalink,
    }


def _as_csv(rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    if rows:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        for row in rows:
            table.writerow({name: _cell(value) for name, value in row.items()})
    return file.getvalue()


def _cell(value: Any) -> str:
    text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
