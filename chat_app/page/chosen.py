"""The filters that a visitor chose: in the session, and as the address of the page says them."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from pydantic import ValidationError

from chat_app.arguments import Posts
from chat_app.lookups import own_filters
from chat_app.page.shared import shared
from chat_app.picture_map import WAYS, Box
from retrieval.catalog.filters import EVERYTHING, Filters
from retrieval.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from chat_app.picture_map import Way
    from retrieval.catalog.columns import Columns
    from retrieval.gallery.generation import Generation
    from retrieval.search.searcher import Searcher

_Some = TypeVar("_Some", bound=Posts)
EVERY_POST = Posts()
# What the address calls each field: short, and the same whatever the page is labelled.
_NAMES = {
    "sentiments": "sentiment",
    "topics": "topic",
    "sources": "source",
    "since": "since",
    "until": "until",
    "month_day": "day",
    "has_caption": "caption",
    "disagreement": "disagree",
}
_SEVERAL = {"sentiments", "topics", "sources"}
_CAPTION = {"yes": True, "no": False}


class Drawn(NamedTuple):
    """A box, and the map that it is drawn on."""

    way: Way
    box: Box


class Boxed(NamedTuple):
    """A box on the map of one generation, and the pictures in it, by id."""

    drawn: Drawn
    folder: Path  # of the generation
    pictures: frozenset[str]


class Read(NamedTuple):
    """What an address chooses, and what of it could not be read."""

    chosen: Posts
    drawn: Drawn | None
    problems: tuple[str, ...]


def to_address(chosen: Posts, drawn: Drawn | None) -> dict[str, list[str]]:
    """The parameters of an address that chooses the same."""
    told = {}
    for field, value in chosen.given().items():
        if field == "has_caption":
            value = "yes" if value else "no"
        told[_NAMES[field]] = value if isinstance(value, list) else [str(value)]
    if drawn is not None:
        edges = (drawn.box.left, drawn.box.right, drawn.box.bottom, drawn.box.top)
        told |= {"box": [",".join(f"{edge:g}" for edge in edges)], "map": [drawn.way]}
    return told


def from_address(parameters: Mapping[str, Sequence[str]], columns: Columns) -> Read:
    """What an address chooses; each part that this gallery does not have is left out, and told."""
    chosen, problems = EVERY_POST, []
    for field, name in _NAMES.items():
        values = list(parameters.get(name, ()))
        if not values:
            continue
        value: Any = values if field in _SEVERAL else values[-1]
        if field == "has_caption":
            value = _CAPTION.get(values[-1], values[-1])
        try:
            more = Posts(**(chosen.model_dump(exclude_defaults=True) | {field: value}))
            own_filters(columns, more).mask(columns)
        except ValidationError:
            problems.append(f"{name}={value} is nothing to filter by")
        except BadOption as error:
            problems.append(str(error))
        else:
            chosen = more
    drawn = None
    try:
        drawn = _drawn(parameters)
    except BadOption as error:
        problems.append(str(error))
    return Read(chosen, drawn, tuple(problems))


def _drawn(parameters: Mapping[str, Sequence[str]]) -> Drawn | None:
    if not parameters.get("box"):
        return None
    said, name = parameters["box"][-1], [WAYS[0], *parameters.get("map", ())][-1]
    way = next((each for each in WAYS if each == name), None)
    if way is None:
        raise BadOption(f"map={name} is no map; choose from {', '.join(WAYS)}")
    try:
        left, right, bottom, top = map(float, said.split(","))
    except ValueError:
        left = right = bottom = top = nan
    if not (isfinite(left + right + bottom + top) and left <= right and bottom <= top):
        raise BadOption(
            f"box={said} is no box on a map, which is four numbers: left,right,bottom,top"
        )
    return Drawn(way, Box(left, right, bottom, top).rounded())


def without(chosen: _Some, *fields: str) -> _Some:
    """The same without some of it."""
    kept = chosen.model_dump(exclude_defaults=True, exclude=set(fields))
    return type(chosen)(**kept)


# --- the visitor's own ------------------------------------------------------------------------


def choose(chosen: Posts) -> None:
    """Filter by this from now on."""
    st.session_state.chosen = chosen


def boxed() -> Boxed | None:
    """The box that was drawn on the map; None: no box."""
    there: Boxed | None = st.session_state.get("boxed")
    return there


def box(drawn: Drawn, generation: Generation, places: NDArray[np.float32]) -> None:
    """Show only the pictures of a generation whose places are in the box from now on."""
    inside = np.flatnonzero(drawn.box.holds(places)).tolist()
    pictures = frozenset(generation.image_ids[row] for row in inside)
    st.session_state.boxed = Boxed(drawn, generation.folder, pictures)


def box_again(drawn: Drawn, searcher: Searcher) -> None:
    """Show only the pictures in a box that an address has.

    Raises:
        BadOption: its map is not there, or not yet.

    """
    pictures = shared().picture_map(searcher)
    places = pictures.places(drawn.way)
    if places is None:
        raise BadOption(
            "the map by neighbours is being worked out; open this address again in a minute"
            if pictures.is_at_work
            else "there is no map by neighbours: it needs umap-learn, and 16 pictures or more"
        )
    box(drawn, searcher.generation, places)


def unbox() -> None:
    """Show the pictures of the whole map from now on."""
    st.session_state.boxed = None


def reset() -> None:
    """Take every filter off."""
    choose(EVERY_POST)
    unbox()


def filters_of(columns: Columns, chosen: Posts) -> Filters:
    """What is chosen, and the box on the map.

    Raises:
        BadOption: a date is not one.

    """
    there = boxed()
    inside = EVERYTHING if there is None else Filters(pictures=there.pictures)
    return own_filters(columns, chosen).both(inside)
