"""The filters that a visitor chose: in the session, and as the address of the page says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import streamlit as st
from pydantic import ValidationError

from chat_app.arguments import Posts
from chat_app.lookups import own_filters
from retrieval.catalog.filters import EVERYTHING, Filters
from retrieval.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retrieval.catalog.columns import Columns

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


class Read(NamedTuple):
    """What an address chooses, and what of it could not be read."""

    chosen: Posts
    problems: tuple[str, ...]


def to_address(chosen: Posts) -> dict[str, list[str]]:
    """The parameters of an address that chooses the same."""
    told = {}
    for field, value in chosen.given().items():
        if field == "has_caption":
            value = "yes" if value else "no"
        told[_NAMES[field]] = value if isinstance(value, list) else [str(value)]
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
    return Read(chosen, tuple(problems))


def without(chosen: _Some, *fields: str) -> _Some:
    """The same without some of it."""
    kept = chosen.model_dump(exclude_defaults=True, exclude=set(fields))
    return type(chosen)(**kept)


# --- the visitor's own ------------------------------------------------------------------------


def choose(chosen: Posts) -> None:
    """Filter by this from now on."""
    st.session_state.chosen = chosen


def boxed() -> frozenset[str] | None:
    """The pictures that a box was drawn around on the map; None: no box."""
    pictures: frozenset[str] | None = st.session_state.get("boxed")
    return pictures


def box(pictures: frozenset[str] | None) -> None:
    """Show only these pictures from now on; None: all."""
    st.session_state.boxed = pictures


def reset() -> None:
    """Take every filter off."""
    choose(EVERY_POST)
    box(None)


def filters_of(columns: Columns, chosen: Posts) -> Filters:
    """What is chosen, and the box on the map.

    Raises:
        BadOption: a date is not one.

    """
    pictures = boxed()
    box_ = EVERYTHING if pictures is None else Filters(pictures=pictures)
    return own_filters(columns, chosen).both(box_)
