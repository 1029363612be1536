"""Editing the topics that posts are sorted into: a draft, its preview, and labelling by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from chat_app.page.markdown import plain
from chat_app.page.shared import shared
from chat_app.page.sources import start
from chat_app.topics_draft import draft_topic, preview_topics, save_topics
from retrieval.cli import count
from retrieval.errors import GalleryError
from retrieval.gallery.layout import topics_path
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy, taxonomy_file

if TYPE_CHECKING:
    from chat_app.topics_draft import Change, Preview
    from retrieval.labels.taxonomy import Topic
    from retrieval.search.searcher import Searcher

_NEW = -1
_DRAFT, _PREVIEW, _TROUBLE = "topics-draft", "topics-preview", "topics-trouble"
_FIELDS = {"title": "topic-title", "phrases": "topic-phrases", "words": "topic-words"}
_CAPTION = 90  # characters of a post in a preview


def draw(searcher: Searcher) -> None:
    """The topics, one at a time in a form, and what the draft changes."""
    record = searcher.generation.manifest.labels
    assert record is not None, "a published generation has labels"
    path = taxonomy_file(record)
    st.markdown("### Topics")
    try:
        saved = load_taxonomy(path).topics
    except GalleryError as error:
        st.warning(plain(str(error)))
        _offer_default(is_default=False)
        return
    draft: tuple[Topic, ...] = st.session_state.get(_DRAFT, saved)
    st.markdown(
        "What posts can be about. A caption and a picture are compared with the meaning of each "
        "topic's descriptions; words speak for it in a caption."
    )
    options = [*range(len(draft)), _NEW]
    chosen = st.selectbox(
        "Topic",
        options,
        format_func=lambda place: "A new topic …" if place == _NEW else draft[place].title,
        key="topic",
    )
    _form(draft, _NEW if chosen is None or chosen not in options else chosen)
    if trouble := st.session_state.pop(_TROUBLE, ""):
        st.error(plain(f"{trouble[:1].upper()}{trouble[1:]}"), icon=":material/error:")
    if draft != saved:
        _draw_draft(searcher, saved, draft)
    _offer_default(is_default=path == DEFAULT_TOPICS)
    own = topics_path(shared().chroma_dir)
    if path != own and own.is_file():
        st.button(
            "Label by your own topics again",
            key="own-topics",
            type="tertiary",
            on_click=start,
            args=(lambda: shared().building.relabel(topics=own),),
        )


def _form(draft: tuple[Topic, ...], place: int) -> None:
    topic = None if place == _NEW else draft[place]
    suffix = f"-{len(draft)}-{place}-{topic.name if topic else ''}"
    with st.form("topic-form", border=True):
        st.text_input("Title", topic.title if topic else "", key=_FIELDS["title"] + suffix)
        st.text_area(
            "What such a post shows or tells, a line each",
            "\n".join(topic.phrases) if topic else "",
            key=_FIELDS["phrases"] + suffix,
            placeholder="a plate of food\na meal at a restaurant",
            height=150,
        )
        st.text_area(
            "Words, hashtags and emoji that speak for it",
            " ".join(sorted(topic.words)) if topic else "",
            key=_FIELDS["words"] + suffix,
            placeholder="coffee pizza foodie ☕",
            height=100,
        )
        with st.container(horizontal=True):
            st.form_submit_button(
                "Add to the draft" if topic is None else "Change in the draft",
                type="primary",
                on_click=_keep,
                args=(draft, place, suffix),
            )
            if topic is not None and len(draft) > 1:
                st.form_submit_button(
                    "Remove",
                    icon=":material/delete:",
                    type="tertiary",
                    on_click=_remove,
                    args=(draft, place),
                )


def _draw_draft(searcher: Searcher, saved: tuple[Topic, ...], draft: tuple[Topic, ...]) -> None:
    before, after = ({topic.name: topic for topic in topics} for topics in (saved, draft))
    told = [
        f"{what} {', '.join(f'“{plain(title)}”' for title in titles)}"
        for what, titles in (
            ("added", [after[name].title for name in after if name not in before]),
            ("removed", [before[name].title for name in before if name not in after]),
            (
                "changed",
                [after[n].title for n in after if n in before and after[n] != before[n]],
            ),
        )
        if titles
    ]
    with st.container(key="topics-draft-box", border=True):
        st.markdown(f"**Your draft:** {'; '.join(told)}.")
        with st.container(horizontal=True):
            st.button(
                "Preview", icon=":material/preview:", on_click=_preview, args=(searcher, draft)
            )
            st.button(
                "Save and label the posts by it",
                type="primary",
                key="save-topics",
                on_click=_save,
                args=(draft,),
            )
            st.button("Discard", key="discard-topics", type="tertiary", on_click=_discard)
        kept: tuple[tuple[Topic, ...], Preview] | None = st.session_state.get(_PREVIEW)
        if kept is not None and kept[0] == draft:
            _draw_preview(kept[1])


def _draw_preview(preview: Preview) -> None:
    of = count(preview.tried, "post")
    if preview.changed:
        st.markdown(f"**{preview.changed:,} of {of}** looked at would change, such as:")
    else:
        st.markdown(f"None of {of} looked at would change. Some of them:")
    lines = ["| Post | Now | With the draft |", "|---|---|---|"]
    lines += [_line(change) for change in preview.examples]
    st.markdown("\n".join(lines))


def _line(change: Change) -> str:
    post = change.post
    told = plain(post.caption, _CAPTION) if post.has_caption else f":gray[{plain(post.image_path)}]"
    before, after = (
        ", ".join(map(plain, titles)) or "–" for titles in (change.before, change.after)
    )
    return f"| {told} | {before} | {after if before == after else f'**{after}**'} |"


def _offer_default(*, is_default: bool) -> None:
    if is_default:
        return
    with st.popover("Back to the topics of the program", type="tertiary", icon=":material/undo:"):
        st.markdown(
            "The posts are labelled by the topics that came with the program; yours are kept."
        )
        st.button(
            "Label by them",
            key="default-topics",
            on_click=start,
            args=(lambda: shared().building.relabel(topics=DEFAULT_TOPICS),),
        )


# --- what is pressed --------------------------------------------------------------------------


def _keep(draft: tuple[Topic, ...], place: int, suffix: str) -> None:
    said = {name: str(st.session_state.get(key + suffix, "")) for name, key in _FIELDS.items()}
    others = [topic for at, topic in enumerate(draft) if at != place]
    name = None if place == _NEW else draft[place].name
    try:
        topic = draft_topic(said["title"], said["phrases"], said["words"], name, others)
    except GalleryError as error:
        st.session_state[_TROUBLE] = str(error)
        return
    changed = [*draft, topic] if place == _NEW else [*draft[:place], topic, *draft[place + 1 :]]
    st.session_state[_DRAFT] = tuple(changed)
    st.session_state["topic"] = len(draft) if place == _NEW else place


def _remove(draft: tuple[Topic, ...], place: int) -> None:
    st.session_state[_DRAFT] = (*draft[:place], *draft[place + 1 :])
    st.session_state["topic"] = 0


def _discard() -> None:
    for key in (_DRAFT, _PREVIEW):
        st.session_state.pop(key, None)
    st.session_state["topic"] = 0


def _preview(searcher: Searcher, draft: tuple[Topic, ...]) -> None:
    try:
        st.session_state[_PREVIEW] = draft, preview_topics(searcher, draft, shared().cache_dir)
    except GalleryError as error:
        st.session_state[_TROUBLE] = str(error)


def _save(draft: tuple[Topic, ...]) -> None:
    """Nothing is written while the gallery is being changed: its labels would be stale."""
    if reason := shared().building.busy():
        st.session_state["refused"] = reason
        return
    try:
        path = save_topics(shared().chroma_dir, draft)
    except GalleryError as error:
        st.session_state[_TROUBLE] = str(error)
        return
    start(lambda: shared().building.relabel(topics=path))
    _discard()
