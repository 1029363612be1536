"""The filters: every value with the posts it would leave under the other filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from chat_app.lookups import own_filters
from chat_app.page.chosen import EVERY_POST, boxed, choose, filters_of, reset, without
from chat_app.page.look import FEELINGS
from chat_app.page.markdown import plain
from chat_app.wording import source_title
from retrieval.catalog.dates import written
from retrieval.catalog.filters import date_range
from retrieval.errors import BadOption
from retrieval.labels.taxonomy import OTHER
from retrieval.records import DISAGREEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chat_app.arguments import Posts
    from retrieval.catalog.facets import Facet
    from retrieval.search.searcher import Searcher

_FEW = 8  # values of one kind that are shown before somebody asks for more
_LONGEST = 30  # characters of what was typed that are said again
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
            names = searcher.columns.source_names
            titles = [source_title(name) for name in names]
            is_clear = len(set(titles)) == len(names)
            sources = dict(zip(names, titles if is_clear else names, strict=True))
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
    columns = searcher.columns
    every = (own_filters(columns, EVERY_POST.model_copy(update={field: value})) for value in values)
    if not any(filters.mask(columns).any() for filters in every):
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
    """Two fields to type in: a text field is applied as soon as it is left, by whatever key."""
    dated = searcher.columns.created_at[~np.isnan(searcher.columns.created_at)]
    if not len(dated):
        return
    odd = st.session_state.pop("odd-date", None)  # told once; the next run has the old date again
    _heading("Dates")
    with st.container(key="days", horizontal=True, gap="xsmall"):
        for field, label, day in (("since", "From", dated.min()), ("until", "To", dated.max())):
            is_odd = odd is not None and odd[0] == field
            st.session_state[f"filter-{field}"] = odd[1] if is_odd else getattr(chosen, field) or ""
            st.text_input(
                label,
                key=f"filter-{field}",
                placeholder=_day(day),
                on_change=_set_date,
                args=(chosen, field),
            )
    if odd is not None:
        st.markdown(
            f":orange[“{plain(odd[1], _LONGEST)}” is no date. Write a year (2021), a month "
            "(2021-03) or a day (2021-03-14).]"
        )


def _set_date(chosen: Posts, field: str) -> None:
    said = st.session_state[f"filter-{field}"].strip() or None
    try:
        date_range(said, None)
    except BadOption:
        st.session_state["odd-date"] = field, said
        return
    after = chosen.model_copy(update={field: said})
    try:
        date_range(after.since, after.until)
    except BadOption:
        other = "until" if field == "since" else "since"
        after = after.model_copy(update={other: None})  # the date that was just typed holds
    choose(after)


def _day(seconds: float) -> str:
    return written(int(seconds))[:10]


def _heading(title: str) -> None:
    st.markdown(f"**{title}**")


def _counts(searcher: Searcher, chosen: Posts, field: str, facet: Facet) -> dict[str, int]:
    """By value of a facet, under all filters but its own."""
    filters = filters_of(searcher.columns, without(chosen, field))
    return searcher.facets.count(facet, filters.mask(searcher.columns))
