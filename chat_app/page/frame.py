"""What every page stands in: the way to the other pages, the filters, and what is missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from chat_app.building import SAMPLE
from chat_app.page import sidebar
from chat_app.page.chosen import (
    EVERY_POST,
    box_again,
    boxed,
    choose,
    filters_of,
    from_address,
    reset,
    to_address,
    unbox,
    without,
)
from chat_app.page.markdown import plain
from chat_app.page.shared import shared
from chat_app.serve import LOCAL
from chat_app.wording import named_parts
from retrieval.cli import count
from retrieval.errors import BadOption, GalleryError, NoGallery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chat_app.arguments import Posts
    from retrieval.catalog.filters import Filters
    from retrieval.search.searcher import Searcher

_ADD = "page/add_posts.py"
_PAGES = {
    "page/chat.py": ("Chat", ":material/forum:"),
    "page/gallery.py": ("Gallery", ":material/photo_library:"),
    "page/overview.py": ("Overview", ":material/insights:"),
    "page/report.py": ("Report", ":material/labs:"),
    "page/check.py": ("Check", ":material/fact_check:"),
    _ADD: ("Add posts", ":material/add_photo_alternate:"),
    "page/settings.py": ("Settings", ":material/settings:"),
}


class Here(NamedTuple):
    """One state of the gallery for one run of the page, and what the visitor filters by."""

    searcher: Searcher
    filters: Filters


class Active(NamedTuple):
    """One of the filters that are on."""

    key: str
    phrase: str  # as Markdown
    take_off: Callable[[], None]


def draw(page: Callable[[Here], Mapping[str, str]]) -> None:
    """Draw a page in its frame; it returns what of it belongs into the address."""
    searcher = _opened()
    if searcher is None:
        return
    if told := st.session_state.pop("corrected", ""):
        st.toast(plain(told))
    if "chosen" not in st.session_state:
        _choose_as_addressed(searcher)
    chosen: Posts = st.session_state.chosen
    if (there := boxed()) is not None and there.folder != searcher.generation.folder:
        unbox()
        st.toast("The box on the map is off: the gallery has changed, and its map with it.")
    _links()
    try:
        filters = filters_of(searcher.columns, chosen)
        filters.mask(searcher.columns)
    except GalleryError as error:  # a topic or a source that a newer generation has no more
        st.toast(f"Filters are off: {plain(str(error))}")
        chosen = st.session_state.chosen = EVERY_POST
        filters = filters_of(searcher.columns, chosen)
    sidebar.draw(searcher, chosen)
    _draw_active(searcher, filters)
    if searcher.warning:
        st.warning(plain(searcher.warning), icon=":material/info:")
    more = page(Here(searcher, filters))
    _write_address({**_filters_in_address(), **{name: [value] for name, value in more.items()}})


def draw_unfiltered(page: Callable[[Searcher], None]) -> None:
    """Draw a page that is about all posts, whatever the filters elsewhere are."""
    searcher = _opened()
    if searcher is not None:
        _links()
        page(searcher)


def _opened() -> Searcher | None:
    """The gallery; None, and the way on is drawn, where there is none or it cannot be opened."""
    try:
        return shared().searcher()
    except NoGallery:
        _welcome()
    except GalleryError as error:
        _cannot_open(error)
    return None


def draw_alone(page: Callable[[], None]) -> None:
    """Draw a page that needs no gallery and has no filters."""
    _links()
    page()


def is_private() -> bool:
    """Whether nobody but this machine can reach the page, as far as its server was told."""
    return st.get_option("server.address") in (None, LOCAL, "localhost", "::1")


def _choose_as_addressed(searcher: Searcher) -> None:
    read = from_address(_address(), searcher.columns)
    choose(read.chosen)
    problems = list(read.problems)
    if read.drawn is not None:
        try:
            box_again(read.drawn, searcher)
        except BadOption as error:
            problems.append(str(error))
    for problem in problems:
        st.toast(f"The address asks for what is not here: {plain(problem)}")


def _links() -> None:
    address = {name: tuple(values) for name, values in _filters_in_address().items()}
    with st.container(key="pages", horizontal=True, gap="xsmall"):
        for path, (title, icon) in _PAGES.items():
            st.page_link(path, label=title, icon=icon, query_params=address)


def active(searcher: Searcher) -> list[Active]:
    """What is filtered by."""
    chosen: Posts = st.session_state.chosen
    on = [
        Active(fields[0], plain(phrase), partial(choose, without(chosen, *fields)))
        for fields, phrase in named_parts(chosen, searcher.columns.topic_titles)
    ]
    if (there := boxed()) is not None:
        phrase = f"{count(len(there.pictures), 'picture')} on the map"
        on.append(Active("boxed", phrase, unbox))
    return on


def _draw_active(searcher: Searcher, filters: Filters) -> None:
    """What is filtered by, beside every page, each part with a way to take it off."""
    on = active(searcher)
    if not on:
        return
    passing, every = int(filters.mask(searcher.columns).sum()), len(searcher.columns)
    with st.container(key="active", horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown(f":small[:gray[{passing:,} of {every:,} posts]]", width="content")
        for key, phrase, take_off in on:
            st.button(
                phrase,
                icon=":material/close:",
                icon_position="right",
                key=f"off-{key}",
                help="Take this filter off",
                on_click=take_off,
            )
        if len(on) > 1:
            st.button("Reset", key="off-all", type="tertiary", on_click=reset)


def _welcome() -> None:
    st.title("Your posts, once they are here")
    if shared().building.is_at_work:
        st.markdown("They are being added.")
        st.page_link(_ADD, label="See how far it is", icon=":material/hourglass_top:")
    else:
        st.markdown(
            f"There is no gallery in **{plain(str(shared().chroma_dir))}** yet. Make one from a "
            "folder of pictures or from a table of posts."
        )
        if is_private():
            icon = ":material/add_photo_alternate:"
            if st.button("Add your posts", key="add-posts", type="primary", icon=icon):
                st.switch_page(_ADD)
            offer_sample()
    with st.expander("In a terminal"):
        st.code(
            "python -m indexer build ~/Pictures/posts\n"
            "python -m indexer build posts.csv --images ~/Pictures",
            language=None,
        )
    st.button("Look again", icon=":material/refresh:")


def offer_sample() -> None:
    """One click to a gallery of 36 invented posts, where the package has them."""
    if not SAMPLE.is_file():
        return
    st.markdown(
        ":small[:gray[Or have a look around first: 36 invented posts over photographs that came "
        "with this program.]]"
    )
    if st.button("Try it with the sample", key="try-sample", icon=":material/redeem:"):
        try:
            shared().building.add(SAMPLE)
        except GalleryError as error:
            st.error(plain(str(error)), icon=":material/error:")
        else:
            st.switch_page(_ADD)


def _cannot_open(error: GalleryError) -> None:
    st.title("The gallery cannot be opened")
    st.markdown(plain(str(error)))
    st.button("Try again", icon=":material/refresh:")


def _filters_in_address() -> dict[str, list[str]]:
    there = boxed()
    chosen = st.session_state.get("chosen", EVERY_POST)
    return to_address(chosen, there.drawn if there else None)


def _address() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _write_address(parameters: dict[str, list[str]]) -> None:
    if parameters != _address():
        st.query_params.from_dict(parameters)
