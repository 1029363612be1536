"""The filters: every value with the posts it would leave under the other filters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from chat_app.page.chosen import EVERY_POST, boxed, choose, filters_of, reset, without
from chat_app.page.look import FEELINGS
from chat_app.page.markdown import plain
from retrieval.labels.taxonomy import OTHER
from retrieval.records import DISAGREEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chat_app.arguments import Posts
    from retrieval.catalog.facets import Facet
    from retrieval.search.searcher import Searcher

_FEW = 8  # values of one kind that are shown before somebody asks for more
_DISAGREE = {"sentiment": "On sentiment", "topics": "On topics"}


def draw(searcher: Searcher, chosen: Posts) -> None:
    """All filters; each change is written to the session's `chosen`."""
    with st.sidebar, st.container(key="filters", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("### Filters", width="stretch")
            st.button(
                "Reset",
                key="reset",
                type="tertiary",
                disabled=chosen == EVERY_POST and boxed() is None,
                on_click=reset,
            )
        feelings = {name: look.title for name, look in reversed(FEELINGS.items())}
        _several(searcher, chosen, "Sentiment", "sentiments", "sentiment", feelings)
        topics = {
            name: searcher.columns.topic_titles[name] for name in searcher.columns.topic_names
        }
        _several(searcher, chosen, "Topics", "topics", "topic", topics)
        _dates(searcher, chosen)
        if len(searcher.columns.source_names) > 1:
            sources = {name: name for name in searcher.columns.source_names}
            _several(searcher, chosen, "Source", "sources", "source", sources)
        _one(searcher, chosen, "Caption", "has_caption", {True: "With a caption", False: "Without"})
        _one(
            searcher,
            chosen,
            "Caption and picture disagree",
            "disagreement",
            {about: _DISAGREE[about] for about in DISAGREEMENTS},
        )


def _several(
    searcher: Searcher,
    chosen: Posts,
    title: str,
    field: str,
    facet: Facet,
    values: Mapping[Any, str],
) -> None:
    """Boxes to tick; the most frequent first where there are many."""
    counts = _counts(searcher, chosen, field, facet)
    ticked = getattr(chosen, field)
    everything = searcher.facets.count(facet, np.ones(len(searcher.columns), dtype=np.bool_))
    names = [name for name in values if everything.get(name) or name in ticked]
    if facet == "topic":
        names.sort(key=lambda name: (name == OTHER, -everything[name]))
    if not names:
        return
    _heading(title)
    _boxes(chosen, field, names[:_FEW], values, counts)
    if rest := names[_FEW:]:
        with st.expander(f"{len(rest)} more", expanded=bool(set(rest) & set(ticked))):
            _boxes(chosen, field, rest, values, counts)


def _boxes(
    chosen: Posts,
    field: str,
    names: Iterable[str],
    values: Mapping[Any, str],
    counts: dict[str, int],
) -> None:
    ticked = getattr(chosen, field)
    for name in names:
        others = tuple(each for each in ticked if each != name)
        after = others if name in ticked else (*others, name)
        _box(
            f"{field}-{name}",
            values[name],
            counts.get(name, 0),
            is_ticked=name in ticked,
            then=chosen.model_copy(update={field: after}),
        )


def _one(
    searcher: Searcher,
    chosen: Posts,
    title: str,
    field: str,
    values: Mapping[Any, str],
) -> None:
    """Boxes of which one can be ticked."""
    rest = without(chosen, field)
    counts = {
        value: int(
            filters_of(searcher.columns, rest.model_copy(update={field: value}))
            .mask(searcher.columns)
            .sum()
        )
        for value in values
    }
    if not any(counts.values()) and getattr(chosen, field) is None:
        return
    _heading(title)
    for value, label in values.items():
        is_ticked = getattr(chosen, field) == value
        then = rest if is_ticked else rest.model_copy(update={field: value})
        _box(f"{field}-{value}", label, counts[value], is_ticked=is_ticked, then=then)


def _box(key: str, label: str, posts: int, *, is_ticked: bool, then: Posts) -> None:
    st.session_state[f"filter-{key}"] = is_ticked
    with st.container(key=f"row-{key}", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.checkbox(
            plain(label), key=f"filter-{key}", on_change=choose, args=(then,), width="stretch"
        )
        st.markdown(f":small[:gray[{posts:,}]]", width=48)


def _dates(searcher: Searcher, chosen: Posts) -> None:
    dated = searcher.columns.created_at[~np.isnan(searcher.columns.created_at)]
    if not len(dated):
        return
    first, last = _day(dated.min()), _day(dated.max())
    _heading("Dates")
    with st.container(key="days", horizontal=True, gap="xsmall"):
        for field, label in (("since", "From"), ("until", "To")):
            said = getattr(chosen, field)
            day = _as_day(said, first if field == "since" else last)
            st.session_state[f"filter-{field}"] = day
            st.date_input(
                label,
                key=f"filter-{field}",
                min_value=min(first, day or first),
                max_value=max(last, day or last),
                format="YYYY-MM-DD",
                on_change=_set_day,
                args=(chosen, field),
            )


def _set_day(chosen: Posts, field: str) -> None:
    day = st.session_state[f"filter-{field}"]
    after = chosen.model_copy(update={field: None if day is None else day.isoformat()})
    if after.since and after.until and after.since[:10] > after.until[:10]:
        other = "until" if field == "since" else "since"
        after = after.model_copy(update={other: None})  # the day that was just chosen holds
    choose(after)


def _as_day(said: str | None, fallback: date) -> date | None:
    """A day of the widget for what was said, which can be a month or a year."""
    if said is None:
        return None
    try:
        return date.fromisoformat(said)
    except ValueError:
        return fallback


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(float(seconds), UTC).date()


def _heading(title: str) -> None:
    st.markdown(f"**{title}**")


def _counts(searcher: Searcher, chosen: Posts, field: str, facet: Facet) -> dict[str, int]:
    """By value of a facet, under all filters but its own."""
    filters = filters_of(searcher.columns, without(chosen, field))
    return searcher.facets.count(facet, filters.mask(searcher.columns))
