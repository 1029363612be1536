"""Pictures in a grid; each card is one button, which opens everything about the picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from chat_app.page import detail
from chat_app.page.look import badge
from chat_app.page.markdown import in_one_line, plain
from chat_app.page.shared import shared
from retrieval.gallery.layout import thumbnail_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.records import Hit, Post

_CAPTION = 140  # characters, of which two lines are shown
_NAME = 60  # characters of a caption that a screen reader says of the button


def draw(hits: Sequence[Hit], key: str, width: int = 170) -> None:
    """A grid of pictures; `key` tells it from the others of the page.

    Those that may be meant come below a line where others surely are.
    """
    sure = [hit for hit in hits if hit.sure]
    less_sure = [hit for hit in hits if not hit.sure]
    if sure or not hits:
        _grid(sure, key, width)
    if sure and less_sure:
        st.markdown(":small[:gray[Less sure]]")
    if less_sure:
        _grid(less_sure, f"less-sure-{key}", width)


def _grid(hits: Sequence[Hit], key: str, width: int) -> None:
    with st.container(key=f"cards-{key}"), st.grid("auto", min_column_width=width, gap="small"):
        for hit in hits:
            _card(hit, f"{key}-{hit.image_id}")


def _card(hit: Hit, key: str) -> None:
    post, labels = hit.posts[0], hit.labels[0]
    caption = in_one_line(post.caption)
    with st.container(key=f"card-{key}", gap="xsmall"):
        thumbnail = thumbnail_path(shared().chroma_dir, hit.image_id)
        if thumbnail.is_file():
            st.image(str(thumbnail), width="stretch", alt=caption[:_CAPTION] or "no caption")
        else:
            st.markdown(":gray[:material/hide_image: The thumbnail is gone.]")
        st.markdown(plain(caption, _CAPTION) if caption else ":gray[no caption]")
        st.markdown(f"{badge(labels.sentiment)} :small[:gray[{_when_and_how_often(hit)}]]")
        name = plain(caption, _NAME) if caption else "the picture without a caption"
        name += f", shown by {often} posts" if (often := _posts_of(hit)) > 1 else ""
        if st.button(f"Open {name}", key=f"open-{key}"):
            detail.open_(hit)


def _when_and_how_often(hit: Hit) -> str:
    often = _posts_of(hit)
    when = _month(hit.posts[0])
    return when if often == 1 else f"{when} · {often}\N{NO-BREAK SPACE}posts"


def _posts_of(hit: Hit) -> int:
    """How many posts show the picture or a copy of it."""
    return len(hit.posts_and_copies)


def _month(post: Post) -> str:
    """Short, so that it stands beside the sentiment: the day is in the detail."""
    if post.created_at is None:
        return "no date"
    return f"{datetime.fromtimestamp(post.created_at, UTC):%b %Y}"
