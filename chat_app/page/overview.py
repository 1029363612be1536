"""All posts at a glance: moods over time, topics, hours, the map of pictures, the index itself."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from chat_app import lookups
from chat_app.page import cards, charts, frame
from chat_app.page.chosen import Drawn, box, boxed, choose
from chat_app.page.look import FEELINGS, IN_ORDER
from chat_app.page.markdown import in_one_line, plain
from chat_app.page.shared import shared
from chat_app.picture_map import MOST_DRAWN, WAYS, Box, evenly
from chat_app.scope import Scope
from retrieval.catalog.facets import HOURS, UNDATED, WEEKDAYS
from retrieval.catalog.filters import Filters
from retrieval.cli import count
from retrieval.labels.taxonomy import OTHER
from retrieval.records import DISAGREEMENTS, SENTIMENTS
from retrieval.search.query import Query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from streamlit.delta_generator import DeltaGenerator

    from chat_app.arguments import Posts
    from chat_app.page.frame import Here
    from chat_app.picture_map import PictureMap, Way
    from retrieval.records import Hit

_MOST_MONTHS = 36  # beyond which time is told by the year
_FEW_A_MONTH = 3  # posts, below which as well
_EXAMPLES = 4
_NO_DATE = "No date"
_CAPTION = 70  # characters of a point's
_EVERY = 2.0  # seconds between two looks at whether the map by neighbours is there
_WAYS: dict[Way, str] = {"directions": "By main directions", "neighbours": "By neighbours"}
_MEANINGS: dict[Way, str] = {
    "directions": "Across and up: the two directions in which all pictures differ most.",
    "neighbours": "Each picture beside those most like it; how far apart groups are says little.",
}
_MIDNIGHT = 0.9  # share of posts at 00:00, beyond which their hours were not recorded


def draw(here: Here) -> Mapping[str, str]:
    """Draw the overview; nothing of it belongs into the address but the filters."""
    passing = here.filters.mask(here.searcher.columns)
    if not passing.any():
        st.markdown("**No post passes these filters.** Take one off above.")
        return {}
    _figures(here, passing)
    with st.container(key="over-time"):
        _over_time(here, passing)
    dated = passing & (here.searcher.columns.hours >= 0)
    if dated.any():
        topics, times = st.columns(2, gap="medium")
        with topics:
            _topics(here, passing)
        with times:
            _times(here, dated)
    else:
        _topics(here, passing)
    with st.container(key="map"):
        _map(here, passing)
    _disagreements(here)
    _on_this_day(here)
    _about(here)
    return {}


def _figures(here: Here, passing: NDArray[np.bool_]) -> None:
    columns = here.searcher.columns
    felt = here.searcher.facets.count("sentiment", passing)
    known = sum(felt[name] for name in SENTIMENTS)
    dates = columns.created_at[passing & ~np.isnan(columns.created_at)]
    with st.container(key="figures", horizontal=True, gap="large"):
        st.metric("Posts", f"{int(passing.sum()):,}", width="content")
        pictures = len(np.unique(columns.picture_rows[passing]))
        st.metric("Pictures", f"{pictures:,}", width="content")
        if known:
            for name in ("positive", "negative"):
                share = f"{felt[name] / known:.0%}"
                st.metric(
                    FEELINGS[name].title,
                    share,
                    f"of {known:,} with a mood",
                    delta_color="off",
                    delta_arrow="off",
                    width="content",
                )
        if len(dates):
            first, last = _year(dates.min()), _year(dates.max())
            told = str(first) if first == last else f"{first}–{last}"
            st.metric("Years", told, width="content")


def _year(seconds: float) -> int:
    return datetime.fromtimestamp(seconds, UTC).year


# --- moods ------------------------------------------------------------------------------------


def _over_time(here: Here, passing: NDArray[np.bool_]) -> None:
    facets = here.searcher.facets
    months = facets.count_pairs("month", "sentiment", passing)
    periods = sum(map(_any, months.values()))
    is_dense = int(passing.sum()) >= _FEW_A_MONTH * periods
    by = "month" if periods <= _MOST_MONTHS and is_dense else "year"
    counts = months if by == "month" else facets.count_pairs("year", "sentiment", passing)
    counts = {name: told for name, told in counts.items() if _any(told) and name != UNDATED}
    if not counts:
        return
    _heading(f"Sentiment by {by}", _as_table(counts))
    shown_as = _one_of("Show as", ["Posts", "Share"], "over-time-as")
    chart = charts.upright(counts, as_share=shown_as == "Share")
    charts.pickable(chart, "over-time", lambda picked: _choose(**_days_of(picked["group"])))


def _topics(here: Here, passing: NDArray[np.bool_]) -> None:
    titles = here.searcher.columns.topic_titles
    counts = here.searcher.facets.count_pairs("topic", "sentiment", passing)
    names = [name for name in counts if _any(counts[name])]
    names.sort(key=lambda name: (name == OTHER, -sum(counts[name].values())))
    by_title = {titles[name]: name for name in names}
    told = {title: counts[name] for title, name in by_title.items()}
    _heading("Topics", _as_table(told))

    def pick(picked: Mapping[str, Any]) -> None:
        feeling = next(n for n, look in FEELINGS.items() if look.title == picked["sentiment"])
        _choose(topics=(by_title[picked["group"]],), sentiments=(feeling,))

    charts.pickable(charts.lying(told), "topics", pick)


def _times(here: Here, dated: NDArray[np.bool_]) -> None:
    columns = here.searcher.columns
    is_midnight = dated & (columns.created_at % 86_400 == 0)  # a date that came without an hour
    hours_known = float(is_midnight.sum() / dated.sum()) < _MIDNIGHT
    shown = dated & ~is_midnight if hours_known else dated
    counts = here.searcher.facets.count_pairs("weekday", "hour", shown)
    table = pd.DataFrame(counts).T.reindex(index=list(WEEKDAYS), columns=list(HOURS))
    title = "When you post" if hours_known else "Weekdays"
    _heading(title, table if hours_known else table.sum(axis=1).to_frame("posts"))
    if hours_known:
        charts.show(charts.heat(table), "times")
        left_out = count(int(is_midnight.sum()), "post")
        without = f" {left_out} without an hour left out." if is_midnight.any() else ""
        st.markdown(f":small[:gray[Hours as the posts have them, else in UTC.{without}]]")
    else:
        charts.show(
            charts.plain_bars({day: sum(counts[day].values()) for day in WEEKDAYS}), "times"
        )


def _any(counts: Mapping[str, int]) -> bool:
    return any(counts.values())


def _days_of(period: str) -> dict[str, str]:
    """The first and the last day of a year or a month."""
    if len(period) == 4:
        return {"since": f"{period}-01-01", "until": f"{period}-12-31"}
    year, month = map(int, period.split("-"))
    return {"since": f"{period}-01", "until": f"{period}-{monthrange(year, month)[1]:02}"}


def _one_of(label: str, options: Sequence[str], key: str, first: str | None = None) -> str:
    """A choice beside a chart; `first`, or the first option, where none is made."""
    st.session_state.setdefault(key, first or options[0])
    said = st.segmented_control(
        label,
        options,
        key=key,
        label_visibility="collapsed",
        persist_state="session",
    )
    return said or options[0]


def _as_table(counts: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """Posts by group, then by sentiment, with the share that is positive."""
    rows = {group: [told.get(name, 0) for name in IN_ORDER] for group, told in counts.items()}
    heads = [FEELINGS[name].title for name in IN_ORDER]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=heads)
    known = table[[FEELINGS[name].title for name in SENTIMENTS]].sum(axis=1)
    table["Positive %"] = (table["Positive"] / known).map(
        lambda share: "" if np.isnan(share) else f"{share:.0%}"
    )
    return table


def _heading(title: str, table: pd.DataFrame) -> None:
    """A chart's title, with its numbers one click away."""
    with _heading_row(title):
        st.markdown(f"### {title}", width="stretch")
        with st.popover("Numbers", icon=":material/table:", type="tertiary"):
            st.table(table)


def _heading_row(of: str) -> DeltaGenerator:
    """What stands beside a title is level with it."""
    return st.container(key=f"heading-{of}", horizontal=True, vertical_alignment="center")


def _choose(**fields: Any) -> None:
    """Filter by what was clicked, on top of what was chosen before."""
    chosen: Posts = st.session_state.chosen
    choose(chosen.model_copy(update=fields))


# --- the map ----------------------------------------------------------------------------------


def _map(here: Here, passing: NDArray[np.bool_]) -> None:
    columns, generation = here.searcher.columns, here.searcher.generation
    posts = np.flatnonzero(passing)
    rows, first = np.unique(columns.picture_rows[posts], return_index=True)
    if len(rows) < 3:
        return
    sample = evenly(len(rows), MOST_DRAWN)
    shown, of = rows[sample], posts[first[sample]]
    pictures = shared().picture_map(here.searcher)
    with _heading_row("map"):
        st.markdown("### Pictures that look alike", width="stretch")
        by = _one_of("Colour by", ["Sentiment", "Topic", "Year"], "map-by")
    way = _way(pictures)
    places = pictures.places(way)
    assert places is not None
    points = pd.DataFrame(
        {
            "x": places[shown, 0],
            "y": places[shown, 1],
            "caption": [in_one_line(generation.caption(row), _CAPTION) for row in of.tolist()],
        }
    )
    points["group"], order, colors = _groups(here, of, by)
    sampled = (
        f" {len(shown):,} of {len(rows):,} pictures, evenly drawn."
        if len(shown) < len(rows)
        else ""
    )
    st.markdown(
        f":small[:gray[{_MEANINGS[way]} Draw a box to see only the pictures in it, here, in the "
        f"gallery and in the chat.{sampled}]]"
    )
    there = boxed()
    box_here = there.drawn.box if there and there.drawn.way == way else None
    edges = box_here or Box.around(places)

    def pick(picked: Mapping[str, list[float]]) -> None:
        (left, right), (bottom, top) = sorted(picked["x"]), sorted(picked["y"])
        drawn = Box(left, right, bottom, top)
        if box_here:
            drawn = drawn.within(box_here)
        box(Drawn(way, drawn.rounded()), generation, places)

    charts.boxable(charts.points(points, order, edges, colors), f"map-{way}", pick)


def _way(pictures: PictureMap) -> Way:
    """How the pictures are placed: chosen where there is more than one way."""
    if pictures.is_at_work:
        _await_neighbours(pictures)
    ways = [way for way in WAYS if pictures.places(way) is not None]
    if len(ways) == 1:
        return ways[0]
    there = boxed()
    first = _WAYS[there.drawn.way] if there else None
    said = _one_of("Place by", [_WAYS[way] for way in ways], "map-way", first)
    return next(way for way in ways if _WAYS[way] == said)


@st.fragment(run_every=_EVERY)
def _await_neighbours(pictures: PictureMap) -> None:
    if not pictures.is_at_work:
        st.rerun()  # the whole page: there is a choice now
    st.markdown(":small[:gray[The map by neighbours is being worked out …]]")


def _groups(
    here: Here, posts: NDArray[np.int64], by: str
) -> tuple[list[str], list[str], list[str] | None]:
    """What each post is coloured by, all of these in their order, and their colours."""
    columns = here.searcher.columns
    if by == "Year":
        months = columns.months[posts]
        told = [str(month // 12) if month >= 0 else _NO_DATE for month in months.tolist()]
        years = sorted(set(told) - {_NO_DATE})
        undated = [_NO_DATE] * (_NO_DATE in told)
        return told, years + undated, charts.in_time(len(years)) + [charts.GRAY] * len(undated)
    if by == "Sentiment":
        titles = [FEELINGS[name].title for name in IN_ORDER]
        return [titles[code] for code in columns.sentiments()[posts].tolist()], titles, None
    about = columns.topics[posts]
    frequent = np.argsort(-about.sum(axis=0), kind="stable").tolist()
    frequent = [place for place in frequent if columns.topic_names[place] != OTHER]
    titles = [columns.topic_titles[name] for name in columns.topic_names]
    kept = frequent[: len(charts.TOLD_APART)]
    told = [next((titles[p] for p in kept if line[p]), "Other") for line in about]
    order = [*(titles[place] for place in kept), "Other"]
    return told, order, [*charts.TOLD_APART[: len(kept)], charts.GRAY]


# --- what deserves a look -----------------------------------------------------------------------


def _disagreements(here: Here) -> None:
    for about in DISAGREEMENTS:
        filters = here.filters.both(Filters(disagreement=about))
        posts = int(filters.mask(here.searcher.columns).sum())
        if not posts:
            continue
        with _heading_row(about):
            st.markdown(f"### Caption and picture disagree about {about}", width="stretch")
            st.button(
                f"See {count(posts, 'post')}",
                key=f"see-{about}",
                type="tertiary",
                on_click=_choose,
                kwargs={"disagreement": about},
            )
        cards.draw(_newest(here, filters, _EXAMPLES), f"disagree-{about}")


def _on_this_day(here: Here) -> None:
    today = date.today()
    filters = here.filters.both(Filters(month_day=(today.month, today.day)))
    if filters.mask(here.searcher.columns).any():
        st.markdown(f"### On this day, {today.day} {today:%B}")
        cards.draw(_newest(here, filters, 2 * _EXAMPLES), "this-day")


def _newest(here: Here, filters: Filters, most: int) -> Sequence[Hit]:
    scope = Scope(here.searcher, filters)
    return lookups.in_gallery(scope, Query(), "newest", slice(0, most))[0]


def _about(here: Here) -> None:
    """The index in plain words."""
    manifest = here.searcher.generation.manifest
    built = datetime.fromtimestamp(manifest.built_at, UTC)
    st.markdown("### About this gallery")
    lines = [
        f"- **{manifest.posts:,} posts** with **{manifest.pictures:,} pictures** from "
        f"{count(len(here.searcher.columns.source_names), 'source')}, built on {built.day} "
        f"{built:%B %Y at %H:%M} UTC (generation {manifest.generation}).",
        f"- Pictures are seen by **{plain(manifest.encoders.image.spec)}**, captions read by "
        f"**{plain(manifest.encoders.caption.spec)}**.",
        f"- {count(here.searcher.labels.corrected, 'post')} corrected by you.",
    ]
    st.markdown("\n".join(lines))


if __name__ == "__main__":
    frame.draw(draw)
