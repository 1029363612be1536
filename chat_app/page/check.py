"""Checking drawn posts: the user says what is true of them, and sees no prediction meanwhile."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from chat_app.page import frame
from chat_app.page.detail import draw_caption, draw_picture
from chat_app.page.look import FEELINGS
from chat_app.page.markdown import plain
from chat_app.page.shared import shared
from retrieval.errors import GalleryError
from retrieval.labels.checks import AT_RANDOM, DISAGREEING, Check, draw_posts, read_checks, say_of
from retrieval.labels.taxonomy import OTHER
from retrieval.records import DISAGREEMENTS, SENTIMENTS

if TYPE_CHECKING:
    from retrieval.labels.checks import Checks
    from retrieval.labels.overrides import Key
    from retrieval.records import Post
    from retrieval.search.searcher import Searcher

_OF_POST, _OF_PICTURE, _ABOUT = "check-post", "check-picture", "check-topics"


def draw(searcher: Searcher) -> None:
    """Draw the page."""
    st.title("Check your posts")
    if told := st.session_state.pop("not-kept", ""):
        st.error(plain(told), icon=":material/error:")
    try:
        checks = read_checks(shared().chroma_dir)
    except GalleryError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    rows = shared().rows(searcher)
    keys = [key for key in checks.drawn if key in rows]
    if not keys:
        _offer(searcher)
        return
    place = _place(keys, checks)
    if place is None:
        _done(searcher, keys, checks)
    else:
        _ask(searcher, checks, keys, place)


def _offer(searcher: Searcher) -> None:
    st.markdown(
        "How often are the labels right about **your** posts? Look at some of them yourself, "
        f"without seeing what was said: {AT_RANDOM} drawn at random, then {DISAGREEING} whose "
        "caption and picture disagree. It takes about ten minutes; stop whenever you like, and go "
        "on later. Your answers change no label. They are kept in "
        f"{plain(str(shared().chroma_dir))}, and the report is scored on them."
    )
    st.button("Draw posts", key="draw", type="primary", on_click=_draw, args=(searcher,))


def _place(keys: list[Key], checks: Checks) -> int | None:
    """Which post is looked at: the one gone back to, else the first without an answer."""
    back: int | None = st.session_state.get("check-place")
    if back is not None and back < len(keys):
        return back
    return next((n for n, key in enumerate(keys) if checks.answer(key) is None), None)


def _ask(searcher: Searcher, checks: Checks, keys: list[Key], place: int) -> None:
    answered = sum(checks.answer(key) is not None for key in keys)
    st.progress(answered / len(keys), f"{answered} of {len(keys)} answered")
    key = keys[place]
    row = shared().rows(searcher)[key]
    post = searcher.generation.post(row)
    before = checks.answer(key) or Check()
    left, right = st.columns([6, 5], gap="medium")
    with left, st.container(key="to-check"):
        draw_picture(post)
        draw_caption(post)
    with right, st.form("check", border=False):
        _questions(searcher, post, before)
        here = (key, place, len(keys))
        with st.container(horizontal=True):
            st.form_submit_button("Save and go on", type="primary", on_click=_save, args=here)
            st.form_submit_button("I can't tell", on_click=_skip, args=here)
            if place:
                st.form_submit_button(
                    "Back",
                    icon=":material/arrow_back:",
                    type="tertiary",
                    on_click=_go,
                    args=(place - 1,),
                )


def _questions(searcher: Searcher, post: Post, before: Check) -> None:
    """Keys hold the post, so that the next one begins without an answer."""
    suffix = f"-{post.post_id}"
    both = "picture and caption together" if post.has_caption else "all in all"
    for title, name, said in (
        (f"How does the post feel, {both}?", _OF_POST, before.sentiment),
        ("How does the picture alone feel?", _OF_PICTURE, before.picture_sentiment),
    ):
        st.segmented_control(
            title,
            SENTIMENTS,
            default=said,
            format_func=lambda each: FEELINGS[each].title,
            key=name + suffix,
        )
    titles = searcher.columns.topic_titles
    topics = [name for name in searcher.columns.topic_names if name != OTHER]
    st.multiselect(
        "What is it about?",
        topics,
        default=[name for name in before.topics or () if name in topics],
        format_func=titles.__getitem__,
        placeholder="None of these topics",
        key=_ABOUT + suffix,
    )
    st.session_state["check-suffix"] = suffix


def _done(searcher: Searcher, keys: list[Key], checks: Checks) -> None:
    told = [checks.answer(key) for key in keys]
    sure = sum(check is not None and check.sentiment is not None for check in told)
    st.markdown(
        f"**All {len(keys)} posts are looked at**; of {sure} you said how they feel. The report "
        "tells how often captions, pictures and both are right about them."
    )
    with st.container(horizontal=True):
        st.page_link("page/report.py", label="See the report", icon=":material/labs:")
        st.button("Draw others", key="draw", on_click=_draw, args=(searcher,))
        st.button(
            "Back",
            icon=":material/arrow_back:",
            key="back",
            type="tertiary",
            on_click=_go,
            args=(len(keys) - 1,),
        )


# --- what is written ----------------------------------------------------------------------------


def _draw(searcher: Searcher) -> None:
    disagrees = np.any([searcher.columns.disagreement(about) for about in DISAGREEMENTS], axis=0)
    posts = searcher.generation.posts()
    try:
        draw_posts(shared().chroma_dir, posts, disagrees, seed=secrets.randbits(32))
    except GalleryError as error:
        st.session_state["not-kept"] = f"Nothing was drawn: {error}"


def _save(key: Key, place: int, of: int) -> None:
    suffix = st.session_state["check-suffix"]
    felt = [
        next((name for name in SENTIMENTS if name == st.session_state.get(field + suffix)), None)
        for field in (_OF_POST, _OF_PICTURE)
    ]
    topics = tuple(st.session_state.get(_ABOUT + suffix) or ())
    if not any((*felt, topics)):
        st.session_state["not-kept"] = "Answer at least one question, or press “I can't tell”."
        return
    _say(key, Check(felt[0], felt[1], topics), place, of)


def _skip(key: Key, place: int, of: int) -> None:
    _say(key, Check(), place, of)


def _say(key: Key, check: Check, place: int, of: int) -> None:
    """Keep an answer, and go on: one by one where somebody went back, else to what is open."""
    try:
        say_of(shared().chroma_dir, key, check)
    except GalleryError as error:
        st.session_state["not-kept"] = f"Your answer was not kept: {error}"
        return
    if st.session_state.get("check-place") is not None:
        _go(place + 1 if place + 1 < of else None)


def _go(place: int | None) -> None:
    st.session_state["check-place"] = place


frame.draw_unfiltered(draw)
