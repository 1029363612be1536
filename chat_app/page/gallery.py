"""All posts as pictures: searched, sorted, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from chat_app import lookups
from chat_app.page import cards, frame
from chat_app.page.markdown import plain
from chat_app.scope import Scope
from retrieval.catalog.ordering import ORDERS
from retrieval.cli import count
from retrieval.errors import BadOption
from retrieval.search.query import Query, parse_query
from retrieval.search.searcher import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chat_app.lookups import InGallery
    from chat_app.page.frame import Here

_ON_A_PAGE = 24
_NEAREST = 8
_SORTS = ("relevance", *ORDERS)
_TITLES = {
    "relevance": "Best match",
    "newest": "Newest",
    "oldest": "Oldest",
    "most_positive": "Most positive",
    "most_negative": "Most negative",
}


def draw(here: Here) -> Mapping[str, str]:
    """Draw the gallery; returns what it shows, for the address."""
    _from_address()
    with st.container(key="search", horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="gallery-query",
            placeholder="a dog on a beach -people",
            help="Words are looked for by meaning; -word looks away from something.",
            icon=":material/search:",
            label_visibility="collapsed",
            on_change=_looked_for,
            persist_state="session",
        )
        sorts = _SORTS if _looks_for() else ORDERS
        if st.session_state.get("gallery-sort") not in sorts:
            st.session_state["gallery-sort"] = _usual_sort()
        sort = st.selectbox(
            "Sort",
            sorts,
            key="gallery-sort",
            format_func=_TITLES.__getitem__,
            label_visibility="collapsed",
            width=170,
            on_change=_to_first_page,
            persist_state="session",
        )
    like: str = st.session_state.get("like", "")
    if like:
        _tell_likeness()
    try:
        query = _query(text or "", like)
        page = st.session_state.get("gallery-page", 1)
        shown = _page(here, query, sort, page)
    except BadOption as error:
        st.warning(plain(str(error)), icon=":material/search_off:")
        return _address(text or "", sort, like, 1)
    pages = max(1, -(-(shown.sure + shown.less_sure) // _ON_A_PAGE))
    if page > pages:
        page = st.session_state["gallery-page"] = pages
        shown = _page(here, query, sort, page)
    if not shown.hits:
        _nothing(here, query, text or "")
    else:
        _tell_how_many(shown, text or "")
        cards.draw(shown.hits, "gallery")
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="gallery-page", persist_state="session")
    return _address(text or "", sort, like, page)


def _from_address() -> None:
    """On the first run, what the address says."""
    if "gallery-known" in st.session_state:
        return
    st.session_state["gallery-known"] = True
    asked = st.query_params
    if asked.get("q"):
        st.session_state["gallery-query"] = asked["q"]
    if asked.get("sort") in _SORTS:
        st.session_state["gallery-sort"] = asked["sort"]
    if asked.get("like"):
        st.session_state.setdefault("like", asked["like"])
    if asked.get("page", "").isdecimal():
        st.session_state["gallery-page"] = max(1, int(asked["page"]))


def _address(text: str, sort: str, like: str, page: int) -> dict[str, str]:
    told = {"q": text, "like": like, "sort": sort, "page": str(page) if page > 1 else ""}
    if sort == _usual_sort():
        told["sort"] = ""
    return {name: value for name, value in told.items() if value}


def _usual_sort() -> str:
    """The best match first where something is looked for, else the newest."""
    return "relevance" if _looks_for() else "newest"


def _looks_for() -> bool:
    """Whether there is anything that could match better or worse."""
    return bool(st.session_state.get("gallery-query") or st.session_state.get("like"))


def _looked_for() -> None:
    st.session_state["gallery-sort"] = _usual_sort()
    _to_first_page()


def _to_first_page() -> None:
    st.session_state["gallery-page"] = 1


def _query(text: str, like: str) -> Query:
    if text.strip():
        return parse_query(text, similar_to=like or None)
    return Query(similar_to=like or None)


def _page(here: Here, query: Query, sort: str, page: int) -> InGallery:
    first = (page - 1) * _ON_A_PAGE
    order = next((each for each in ORDERS if each == sort), None)
    shown = slice(first, first + _ON_A_PAGE)
    return lookups.in_gallery(Scope(here.searcher, here.filters), query, order, shown)


def _tell_how_many(shown: InGallery, text: str) -> None:
    if not shown.sure:
        st.markdown(f"**Nothing here is surely “{plain(text)}”.**")
        st.markdown(":small[:gray[What comes closest, but may be something else]]")
        return
    for_what = f" for “{plain(text)}”" if text else ""
    less_sure = f", {shown.less_sure:,} more less surely" if shown.less_sure else ""
    st.markdown(f":small[:gray[{count(shown.sure, 'picture')}{for_what}{less_sure}]]")


def _tell_likeness() -> None:
    with st.container(key="like", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown("Pictures like the one you chose", width="content")
        st.button("All pictures", icon=":material/close:", key="unlike", on_click=_unlike)


def _unlike() -> None:
    st.session_state.like = ""
    _looked_for()


def _nothing(here: Here, query: Query, text: str) -> None:
    """Why there is nothing; what is nearest all the same only where it is asked for."""
    with st.container(key="nothing", border=True, horizontal_alignment="center"):
        st.markdown("### :material/search_off:", width="content")
        if int(here.filters.mask(here.searcher.columns).sum()) == 0:
            st.markdown("**No post passes these filters.** Take one off above.", width="content")
            return
        st.markdown(f"**Nothing here has to do with “{plain(text)}”.**", width="content")
        if not st.toggle("Show the nearest all the same", key="gallery-nearest"):
            return
    plainly = Options(cutoff=False)
    (nearest,) = here.searcher.search([query], _NEAREST, here.filters, plainly)
    cards.draw(nearest.hits, "nearest")


if __name__ == "__main__":
    frame.draw(draw)
