"""Numbers of an answer as bars, in the colours that feelings have everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd
import streamlit as st

from chat_app.answers import share
from chat_app.page.look import FEELINGS
from chat_app.results import Compared, Counted
from chat_app.wording import named
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chat_app.results import Result

_BAR = 26  # pixels that a bar takes
_MOST = 24  # bars; the last ones of a time, the longest ones of anything else
_PERIODS = ("year", "month")
_LABEL = 150  # pixels of a name
_TEXT = 13  # pixels
_GRAY = "#8A8478"  # can be read on either background


def has_bars(result: Result) -> bool:
    """Whether the bars say what the answer would list."""
    return isinstance(result, Counted) and not result.pairs and len(result.counts) > 1


def draw(result: Result, titles: Mapping[str, str], key: str) -> None:
    """Bars where a result has groups; nothing where it is one number."""
    if isinstance(result, Compared):
        groups = {
            "; ".join(named(part.asked)) or "all posts": part.sentiments for part in result.parts
        }
        _stacked(groups, key)
    elif isinstance(result, Counted) and result.pairs:
        by, and_by = result.asked.group_by
        pairs = {_title(name, titles): counts for name, counts in result.pairs.items()}
        if and_by == "sentiment":
            _stacked(_first(pairs, by), key)
    elif isinstance(result, Counted) and has_bars(result):
        (by,) = result.asked.group_by
        told = {
            _title(name, titles): f"{count:,} ({share(result, name)})"
            for name, count in result.counts.items()
        }
        counts = {_title(name, titles): count for name, count in result.counts.items()}
        _plain(_first(counts, by), told, key)


def _first(groups: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The groups that are drawn, in their order."""
    if by in _PERIODS:
        return dict(list(groups.items())[-_MOST:])
    return dict(sorted(groups.items(), key=lambda each: -_total(each[1]))[:_MOST])


def _total(count: int | Mapping[str, int]) -> int:
    return count if isinstance(count, int) else sum(count.values())


def _title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name, name.capitalize())


def _plain(counts: Mapping[str, int], told: Mapping[str, str], key: str) -> None:
    frame = pd.DataFrame(
        {
            "group": list(counts),
            "posts": list(counts.values()),
            "told": [told[name] for name in counts],
        }
    )
    room = alt.Scale(domain=[0, max(counts.values()) * 1.7])  # for the numbers beside the bars
    posts = _posts(room)
    bars = _bars(frame).mark_bar(cornerRadius=3, size=_BAR * 0.6, color=_GRAY).encode(x=posts)
    numbers = (
        _bars(frame)
        .mark_text(align="left", dx=6, fontSize=_TEXT, color=_GRAY)
        .encode(x=posts, text="told:N")
    )
    _show(bars + numbers, key)


def _stacked(groups: Mapping[str, Mapping[str, int]], key: str) -> None:
    rows = [
        (group, FEELINGS[name].title, number, order)
        for group, counts in groups.items()
        for order, name in enumerate((*SENTIMENTS, *(set(FEELINGS) - set(SENTIMENTS))))
        if (number := counts.get(name, 0))
    ]
    frame = pd.DataFrame(rows, columns=["group", "sentiment", "posts", "order"])
    titles = [look.title for name, look in FEELINGS.items() if name in SENTIMENTS]
    titles.append(next(look.title for name, look in FEELINGS.items() if name not in SENTIMENTS))
    color = alt.Color(
        "sentiment:N",
        title=None,
        scale=alt.Scale(domain=titles),  # the theme's colours, in this order
        legend=alt.Legend(orient="top", columns=4, symbolType="circle"),
    )
    chart = (
        _bars(frame)
        .mark_bar(cornerRadius=2, size=_BAR * 0.6)
        .encode(x=_posts(), color=color, order="order:Q", tooltip=["group", "sentiment", "posts"])
    )
    _show(chart, key)


def _bars(frame: pd.DataFrame) -> alt.Chart:
    axis = alt.Axis(
        domain=False, ticks=False, labelLimit=_LABEL, labelPadding=8, labelFontSize=_TEXT
    )
    return alt.Chart(frame).encode(y=alt.Y("group:N", title=None, sort=None, axis=axis))


def _posts(scale: alt.Scale | None = None) -> alt.X:
    posts = alt.X("posts:Q", axis=None)
    return posts if scale is None else posts.scale(scale)


def _show(chart: alt.Chart | alt.LayerChart, key: str) -> None:
    chart = chart.properties(height=alt.Step(_BAR)).configure_view(strokeWidth=0)
    st.altair_chart(chart, width=520, key=key)
