"""A report as one HTML file: it loads nothing, runs nothing and can be sent by mail."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from retrieval.captions import clean
from retrieval.evaluate.report.colours import ARM_COLOURS
from retrieval.evaluate.report.document import (
    FACTS,
    Cards,
    Figure,
    Fold,
    Heading,
    Number,
    Paragraph,
    Table,
    shown_interval,
    shown_value,
)
from retrieval.evaluate.report.svg import SVG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.evaluate.report.document import Block, Document

_KINDS = {Heading: "heading", Paragraph: "paragraph", Table: "table", Figure: "figures"}
_KINDS |= {Cards: "cards", Fold: "fold"}


@dataclass(frozen=True, slots=True)
class _Part:
    """Neighbouring blocks that stand together, or one alone."""

    kind: str
    blocks: tuple[Block, ...]
    anchor: str = ""  # of a heading; of anything else unique as well
    inside: tuple[_Part, ...] = ()  # of a fold


def html(document: Document) -> str:
    """The whole report, with its plots and thumbnails inside; every text in it is escaped."""
    return (
        _templates()
        .get_template("report.html.jinja")
        .render(document=document, parts=list(_parts(document.blocks)))
    )


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    templates.filters |= {"embedded": _embedded, "inline": _inline, "raw": json.dumps}
    templates.filters |= {"value": shown_value, "interval": shown_interval}
    templates.tests["number"] = lambda cell: isinstance(cell, Number)
    templates.globals |= {"arm_colours": ARM_COLOURS, "facts_heading": FACTS}
    return templates


def _cleaned(value: object) -> object:
    """What a template prints, without control characters; Markup is ours and stays."""
    return clean(value) if type(value) is str else value


def _parts(blocks: Sequence[Block], within: str = "section") -> Iterator[_Part]:
    """The blocks in their order; plots that follow each other share a row."""
    number = 0
    for kind, run in groupby(blocks, key=lambda block: _KINDS[type(block)]):
        if kind == "figures":
            yield _Part(kind, tuple(run))
            continue
        for block in run:
            number += 1
            anchor = f"{within}-{number}"
            inside = tuple(_parts(block.blocks, anchor)) if isinstance(block, Fold) else ()
            yield _Part(kind, (block,), anchor, inside)


def _embedded(thumbnail: Path | None) -> str | None:
    """The picture as a data URI; None where there is none to show."""
    if thumbnail is None:
        return None
    try:
        content = thumbnail.read_bytes()
    except OSError:
        return None
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return f"data:image/webp;base64,{b64encode(content).decode()}" if is_webp else None


def _inline(svg: str) -> Markup:
    """A plot of ours as a part of the page, which knows what an <svg> is."""
    return Markup(svg.replace(f' xmlns="{SVG}"', "", 1))  # noqa: S704 (drawn by us, never typed)
