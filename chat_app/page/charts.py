"""Numbers as bars and points, in the colours that feelings have everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from chat_app.answers import share
from chat_app.page.look import FEELINGS, IN_ORDER
from chat_app.results import Compared, Counted
from chat_app.wording import in_one

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chat_app.picture_map import Box
    from chat_app.results import Result

_BAR = 26  # pixels that a bar takes
_MOST = 24  # bars; the last ones of a time, the longest ones of anything else
_PERIODS = ("year", "month")
_LABEL = 150  # pixels of a name
_TEXT = 13  # pixels
_UPRIGHT, _HEAT, _MAP = 260, 240, 460  # pixels
_MARGIN = 0.04  # beside the points of a map, as a share of it
_ASIDE = 520  # pixels, of a chart in an answer
_ACCENT = "#C4553B"
GRAY = "#8A8478"  # can be read on either background
# As well, and told apart from one another; none means a feeling.
TOLD_APART = ("#3B82C4", "#D1603D", "#3F9A6B", "#A667C4", "#B8860B", "#2E9CA6", "#D0588F")
_IN_TIME = ((85, 96, 216), (192, 80, 143), (221, 138, 42))  # red, green, blue: from early to late
_LEGEND = 12  # pixels: the four feelings on one line of a phone
_SHORT = 14  # characters of a name, of which four stand on a line
_FEW = 500  # points, below which they can be larger


def has_bars(result: Result) -> bool:
    """Whether the bars say what the answer would list."""
    return isinstance(result, Counted) and not result.pairs and len(result.counts) > 1


def draw(result: Result, titles: Mapping[str, str], key: str) -> None:
    """Bars where a result has groups; nothing where it is one number."""
    if isinstance(result, Compared):
        show(
            lying({in_one(part.asked, titles): part.sentiments for part in result.parts}),
            key,
            _ASIDE,
        )
    elif isinstance(result, Counted) and result.pairs:
        by, and_by = result.asked.group_by
        pairs = {_title(name, titles): counts for name, counts in result.pairs.items()}
        if and_by == "sentiment":
            show(lying(_first(pairs, by)), key, _ASIDE)
    elif isinstance(result, Counted) and has_bars(result):
        (by,) = result.asked.group_by
        told = {
            _title(name, titles): f"{count:,} ({share(result, name)})"
            for name, count in result.counts.items()
        }
        counts = {_title(name, titles): count for name, count in result.counts.items()}
        show(_plain(_first(counts, by), told), key, _ASIDE)


def _first(groups: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The groups that are drawn, in their order."""
    if by in _PERIODS:
        return dict(list(groups.items())[-_MOST:])
    return dict(sorted(groups.items(), key=lambda each: -_total(each[1]))[:_MOST])


def _total(count: int | Mapping[str, int]) -> int:
    return count if isinstance(count, int) else sum(count.values())


def _title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name, name)


def _plain(counts: Mapping[str, int], told: Mapping[str, str]) -> alt.LayerChart:
    frame = pd.DataFrame(
        {
            "group": list(counts),
            "posts": list(counts.values()),
            "told": [told[name] for name in counts],
        }
    )
    room = alt.Scale(domain=[0, max(counts.values()) * 1.7])  # for the numbers beside the bars
    posts = _posts(room)
    bars = _bars(frame).mark_bar(cornerRadius=3, size=_BAR * 0.6, color=GRAY).encode(x=posts)
    numbers = (
        _bars(frame)
        .mark_text(align="left", dx=6, fontSize=_TEXT, color=GRAY)
        .encode(x=posts, text="told:N")
    )
    chart: alt.LayerChart = (bars + numbers).properties(height=alt.Step(_BAR))
    return chart


def _bars(frame: pd.DataFrame) -> alt.Chart:
    axis = alt.Axis(
        domain=False, ticks=False, labelLimit=_LABEL, labelPadding=8, labelFontSize=_TEXT
    )
    return alt.Chart(frame).encode(y=alt.Y("group:N", title=None, sort=None, axis=axis))


# --- charts of the overview ---------------------------------------------------------------------


def in_time(count: int) -> list[str]:
    """Colours of periods, from the first to the last."""
    stops = np.linspace(0, len(_IN_TIME) - 1, count)
    parts = [np.interp(stops, range(len(_IN_TIME)), part) for part in zip(*_IN_TIME, strict=True)]
    return [
        "#" + "".join(f"{round(part):02X}" for part in color) for color in zip(*parts, strict=True)
    ]


def upright(counts: Mapping[str, Mapping[str, int]], *, as_share: bool) -> alt.Chart:
    """A bar a period, by sentiment."""
    axis = alt.Axis(domain=False, ticks=False, labelAngle=0, labelOverlap=True, labelPadding=6)
    x = alt.X("group:N", title=None, sort=None, axis=axis)
    y = alt.Y(
        "posts:Q",
        title=None,
        stack="normalize" if as_share else "zero",
        axis=alt.Axis(domain=False, ticks=False, format="%" if as_share else "~s", tickCount=4),
    )
    chart = alt.Chart(_by_sentiment(counts)).mark_bar(cornerRadius=2).encode(x=x, y=y)
    return _coloured(chart).properties(height=_UPRIGHT)


def lying(counts: Mapping[str, Mapping[str, int]]) -> alt.Chart:
    """A bar a group, by sentiment."""
    chart = _bars(_by_sentiment(counts)).mark_bar(cornerRadius=2, size=_BAR * 0.6)
    return _coloured(chart.encode(x=_posts()), columns=2).properties(height=alt.Step(_BAR))


def plain_bars(counts: Mapping[str, int]) -> alt.LayerChart:
    """A bar a group, with its number."""
    return _plain(counts, {name: f"{number:,}" for name, number in counts.items()})


def heat(table: pd.DataFrame) -> alt.Chart:
    """How many posts each cell of a table has, as how dark it is."""
    cells = pd.DataFrame(
        [(row, column, table.at[row, column]) for row in table.index for column in table.columns],
        columns=["row", "column", "posts"],
    )
    hours = alt.Axis(domain=False, ticks=False, labelAngle=0, labelOverlap=True)
    days = alt.Axis(domain=False, ticks=False, labelOverlap=False)
    chart: alt.Chart = (
        alt.Chart(cells)
        .mark_rect(cornerRadius=3, color=_ACCENT, stroke=None)
        .encode(
            x=alt.X("column:O", title=None, sort=None, axis=hours),
            y=alt.Y("row:O", title=None, sort=None, axis=days),
            opacity=alt.Opacity("posts:Q", legend=None, scale=alt.Scale(range=[0.06, 1])),
            tooltip=["row", "column", "posts"],
        )
        .properties(height=_HEAT)
    )
    return chart


def points(
    places: pd.DataFrame, groups: Sequence[str], edges: Box, colors: Sequence[str] | None
) -> alt.Chart:
    """Points at x and y, coloured by their group; `edges` hold all of them.

    Without colours, in those of the feelings.
    """
    chart: alt.Chart = (
        alt.Chart(places)
        .mark_circle(size=90 if len(places) < _FEW else 46, opacity=0.85)
        .encode(
            x=alt.X("x:Q", axis=None, scale=_room(edges.left, edges.right)),
            y=alt.Y("y:Q", axis=None, scale=_room(edges.bottom, edges.top)),
            color=_color("group", groups, colors=colors),
            tooltip=["caption", "group"],
        )
        .properties(height=_MAP)
    )
    return chart


def _room(first: float, last: float) -> alt.Scale:
    """From one edge to the other, with room for whole points."""
    more = (last - first) * _MARGIN or _MARGIN
    return alt.Scale(domain=[first - more, last + more], nice=False, zero=False)


def pickable(chart: alt.Chart, key: str, pick: Callable[[Mapping[str, Any]], None]) -> None:
    """Draw a chart whose bars can be clicked; `pick` is told the group and the sentiment."""
    picking = alt.selection_point(name="pick", fields=["group", "sentiment"])

    def picked(found: Any) -> None:
        if found:
            pick(found[0])

    _answering(chart.add_params(picking), key, picked)


def boxable(chart: alt.Chart, key: str, pick: Callable[[Mapping[str, list[float]]], None]) -> None:
    """Draw points of which a box can be drawn around some; `pick` is told its edges."""
    box = alt.selection_interval(name="pick", encodings=["x", "y"])

    def picked(found: Any) -> None:
        if found and {"x", "y"} <= found.keys():
            pick(found)

    _answering(chart.add_params(box), key, picked)


def _answering(chart: alt.Chart, key: str, picked: Callable[[Any], None]) -> None:
    """Each click draws the chart anew, with nothing selected: what was clicked filters now."""
    turn = st.session_state.setdefault("clicks", 0)

    def clicked() -> None:
        st.session_state.clicks = turn + 1
        picked(st.session_state[f"{key}-{turn}"]["selection"].get("pick"))

    st.altair_chart(
        chart.configure_view(strokeWidth=0),
        key=f"{key}-{turn}",
        on_select=clicked,
        selection_mode="pick",
    )


def show(chart: alt.Chart | alt.LayerChart, key: str, width: int | None = None) -> None:
    """Draw a chart, by default as wide as there is room; `width` in pixels."""
    st.altair_chart(chart.configure_view(strokeWidth=0), width=width, key=key)


def _by_sentiment(counts: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """A row a group and sentiment that occur together."""
    rows = [
        (group, FEELINGS[name].title, number, order)
        for group, told in counts.items()
        for order, name in enumerate(IN_ORDER)
        if (number := told.get(name, 0))
    ]
    return pd.DataFrame(rows, columns=["group", "sentiment", "posts", "order"])


def _coloured(chart: alt.Chart, columns: int | None = None) -> alt.Chart:
    color = _color("sentiment", [FEELINGS[name].title for name in IN_ORDER], columns)
    return chart.encode(color=color, order="order:Q", tooltip=["group", "sentiment", "posts"])


def _color(
    field: str,
    values: Sequence[str],
    columns: int | None = None,
    colors: Sequence[str] | None = None,
) -> alt.Color:
    """Colours for these values, in this order, with a legend above; by default the theme's."""
    if columns is None:
        columns = 4 if max(map(len, values)) <= _SHORT else 2
    legend = alt.Legend(
        orient="top",
        columns=columns,
        columnPadding=10,
        symbolType="circle",
        labelLimit=_LABEL,
        labelFontSize=_LEGEND,
        padding=0,
        offset=10,
    )
    scale = alt.Scale(domain=list(values))
    if colors is not None:
        scale = alt.Scale(domain=list(values), range=list(colors))
    return alt.Color(f"{field}:N", title=None, scale=scale, legend=legend)


def _posts(scale: alt.Scale | None = None) -> alt.X:
    posts = alt.X("posts:Q", axis=None)
    return posts if scale is None else posts.scale(scale)
