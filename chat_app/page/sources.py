"""Where the gallery's posts come from, and how to take them out or make all of it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from chat_app.page.markdown import plain
from retrieval.cli import count
from retrieval.errors import GalleryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chat_app.building import Building
    from retrieval.search.searcher import Searcher

KINDS = {
    "folder": ("A folder of pictures", ":material/folder:"),
    "table": ("A table of posts", ":material/table:"),
    "sample": ("The sample gallery", ":material/redeem:"),
    "senticap": ("SentiCap's captions", ":material/dataset:"),
    "coco": ("COCO's captions", ":material/dataset:"),
}


def draw(searcher: Searcher, building: Building) -> None:
    """Every source with its posts; changing one starts the indexer."""
    every = np.ones(len(searcher.columns), dtype=bool)
    counts = searcher.facets.count("source", every)
    names = sorted({*searcher.generation.manifest.sources, *counts})
    st.markdown("### In the gallery")
    for place, name in enumerate(names):
        _row(place, name, counts.get(name, 0), building)
    draw_anew(building)


def _row(place: int, name: str, posts: int, building: Building) -> None:
    kind, _, location = name.partition(":")
    title, icon = KINDS.get(kind, (kind, ":material/dataset:"))
    with st.container(key=f"source-{place}", horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{icon} {plain(location)}  \n:small[:gray[{title} · {count(posts, 'post')}]]",
            width="stretch",
        )
        with st.popover("Forget", type="tertiary", icon=":material/playlist_remove:"):
            st.markdown(
                f"Take **{count(posts, 'post')}** of {plain(location)} out of the gallery? The "
                "files stay where they are, and corrections are kept."
            )
            st.button(
                "Forget them",
                key=f"forget-{place}",
                on_click=start,
                args=(lambda: building.forget(name),),
            )


def draw_anew(building: Building) -> None:
    """Everything once more, which also mends a gallery that cannot be read."""
    with st.popover("Make it anew", type="tertiary", icon=":material/restart_alt:"):
        st.markdown(
            "Every source is read and every picture looked at once more. The gallery stays as it "
            "is until the new one is whole."
        )
        st.button("Make it anew", key="rebuild", on_click=start, args=(building.rebuild,))


def start(work: Callable[[], None]) -> None:
    """Start some work of the indexer; why it cannot be started is told on the next run."""
    try:
        work()
    except GalleryError as error:
        st.session_state["refused"] = str(error)
