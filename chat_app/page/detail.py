"""Everything about one picture, in a dialog: full size, posts, labels, and correcting them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st

from chat_app.page.look import FEELINGS, badge
from chat_app.page.markdown import in_one_line, plain
from chat_app.page.shared import shared
from chat_app.wording import shown_date, source_title
from retrieval.errors import BadInput, BadOption, GalleryError
from retrieval.files import real_path
from retrieval.gallery.layout import thumbnail_path
from retrieval.labels.overrides import clear_override, set_override
from retrieval.labels.taxonomy import OTHER
from retrieval.pictures import read_picture
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from retrieval.records import Hit, Post, PostLabels, SentimentLabel, TopicLabels
    from retrieval.search.searcher import Searcher

_LONG = 600  # characters of a caption, beyond which it is folded
_LONG_OF_OTHERS = 200
_SIDE = 1400  # pixels that a screen shows of a picture
_MOST_TOPICS = 3  # that a post is shown with
_WHO = {"caption": "from the caption", "image": "from the picture", "both": "from both"}


@st.dialog("The post", width="large")
def open_(hit: Hit) -> None:
    """Open the dialog. What it shows is looked up anew, so that corrections show at once."""
    searcher = shared().searcher()
    try:
        row = searcher.picture_row(hit.image_id)
    except BadOption:
        st.markdown("This picture has left the gallery since.")
        _thumbnail(hit.image_id)
        return
    every = searcher.hits([row])[0]
    place = _place(every, hit)
    post, labels = every.posts[place], every.labels[place]
    left, right = st.columns([6, 5], gap="medium")
    with left:
        draw_picture(post)
        draw_caption(post)
        _source(post)
        if every.description:
            by = ":violet-badge[:material/smart_toy: written by a machine]"
            st.markdown(f"{by} {plain(every.description)}")
    with right:
        st.markdown(f"##### {_long_date(post)}")
        _labels(labels, searcher)
        _correct(post, labels, searcher)
        _why(hit)
        if st.button(
            "More like this",
            icon=":material/image_search:",
            key="more-like",
            on_click=_look_for_more,
            args=(hit.image_id,),
        ):
            st.switch_page("page/gallery.py")
    _others(every, place, hit)


def _look_for_more(image_id: str) -> None:
    """Before the gallery is drawn: what is most alike comes first, whatever the order was."""
    st.session_state.like = image_id
    st.session_state["gallery-sort"] = "relevance"
    st.session_state["gallery-page"] = 1


def _place(every: Hit, hit: Hit) -> int:
    """Which of all posts of the picture was opened."""
    ids = [post.post_id for post in every.posts]
    opened = hit.posts[0].post_id
    return ids.index(opened) if opened in ids else 0


# --- what is to be seen -----------------------------------------------------------------------


def _long_date(post: Post) -> str:
    if post.created_at is None:
        return "No date"
    day = datetime.fromtimestamp(post.created_at, UTC)
    return f"{day:%A}, {day.day} {day:%B %Y}"


def draw_picture(post: Post) -> None:
    """The picture in full; its thumbnail, and why, where it cannot be read."""
    alt = in_one_line(post.caption)[:140] or "no caption"
    try:
        st.image(_full(post), width="stretch", alt=alt)
    except BadInput as error:
        _thumbnail(post.image_id)
        st.markdown(f":orange[:material/broken_image: {plain(str(error))}]")


def _full(post: Post) -> Image:
    """The picture itself, upright, no larger than a screen.

    Raises:
        BadInput: it is not there any more, cannot be read, or lies outside of its root.

    """
    root = Path(post.root)
    path = root / post.image_path
    if not real_path(path).is_relative_to(real_path(root)):
        raise BadInput(f"{post.image_path} leads out of {root}; nothing there is shown")
    image = read_picture(path, _SIDE)
    image.thumbnail((_SIDE, _SIDE))
    return image


def _thumbnail(image_id: str) -> None:
    thumbnail = thumbnail_path(shared().chroma_dir, image_id)
    if thumbnail.is_file():
        st.image(str(thumbnail), width="stretch", alt="thumbnail")


def draw_caption(post: Post) -> None:
    """What the post says; a long caption is folded."""
    if not post.has_caption:
        st.markdown(":gray[no caption]")
        return
    st.markdown(plain(post.caption, _LONG))
    if len(in_one_line(post.caption)) > _LONG:
        with st.expander("The whole caption"):
            st.markdown(plain(post.caption))


def _source(post: Post) -> None:
    name = source_title(post.source)
    parts = [name] if name == post.image_path else [name, post.image_path]
    told = " · ".join(plain(each, _LONG) for each in parts)
    st.markdown(f":small[:gray[{told}]]", help=plain(f"{post.source}, {post.root}"))
    if post.permalink and urlsplit(post.permalink).scheme in ("http", "https"):
        st.link_button("Open the post", post.permalink, icon=":material/open_in_new:")


def _labels(labels: PostLabels, searcher: Searcher) -> None:
    titles = searcher.columns.topic_titles
    sides = [
        ("Caption", labels.caption_sentiment, labels.caption_topics),
        ("Picture", labels.image_sentiment, labels.image_topics),
        ("Together", labels.sentiment, labels.topics),
    ]
    lines = ["| | Sentiment | Topics |", "|---|---|---|"]
    lines += [f"| {who} | {_felt(felt)} | {_told(told, titles)} |" for who, felt, told in sides]
    st.markdown("\n".join(lines))
    if labels.disagreements:
        about = " and ".join(labels.disagreements)
        st.markdown(f":orange[:material/difference: Caption and picture disagree about {about}.]")


def _felt(label: SentimentLabel) -> str:
    if label.source == "you":
        return f"{badge(label)} :small[:gray[you said so]]"
    return badge(label) + ("" if label.score is None else f" :small[:gray[{label.score:.0%}]]")


def _told(topics: TopicLabels, titles: dict[str, str]) -> str:
    if topics.source == "you":
        names = ", ".join(plain(titles.get(each.name, each.name)) for each in topics.shown)
        return f"{names or 'none'} :small[:gray[you said so]]"
    told = [
        plain(titles.get(each.name, each.name.capitalize()))
        + ("" if each.score is None else f" :small[:gray[{each.score:.0%}]]")
        for each in topics.shown
    ]
    return ", ".join(told) or ":gray[not determined]"


def _why(hit: Hit) -> None:
    """Why a search found it; nothing where nobody searched."""
    why, told = hit.why, []
    if why.words:
        told.append("the caption has " + ", ".join(f"“{plain(word)}”" for word in why.words))
    for name, likeness, rank in (
        ("caption", why.caption, why.caption_rank),
        ("picture", why.image, why.image_rank),
        ("description", why.description, why.description_rank),
    ):
        if likeness is not None and rank is not None:
            told.append(f"its {name} is number {rank} by meaning (cosine {likeness:.2f})")
    if told:
        st.markdown(":small[:gray[Found because " + "; ".join(told) + ".]]")


def _others(every: Hit, place: int, hit: Hit) -> None:
    """All other posts that show the picture, or a copy of it."""
    same = [
        (post, labels)
        for number, (post, labels) in enumerate(zip(every.posts, every.labels, strict=True))
        if number != place
    ]
    copies = hit.posts_and_copies[len(hit.posts) :]
    if same or copies:
        st.markdown(f"##### Also posted ({len(same) + len(copies)})")
    for post, labels in same:
        caption = plain(post.caption, _LONG_OF_OTHERS) if post.has_caption else ":gray[no caption]"
        st.markdown(f":gray[{shown_date(post)}] {badge(labels.sentiment)} {caption}")
    for post, labels in copies:
        caption = plain(post.caption, _LONG_OF_OTHERS) if post.has_caption else ":gray[no caption]"
        st.markdown(
            f":gray[{shown_date(post)}] {badge(labels.sentiment)} :gray-badge[a copy] {caption}"
        )


# --- correcting -------------------------------------------------------------------------------


def _correct(post: Post, labels: PostLabels, searcher: Searcher) -> None:
    topics = [name for name in searcher.columns.topic_names if name != OTHER]
    shown = [name for name in labels.topics.names if name != OTHER]
    keys = f"feels-{post.post_id}", f"about-{post.post_id}"
    with st.expander("Correct these labels", icon=":material/edit:"):
        with st.form("correct", border=False):
            st.segmented_control(
                "Sentiment",
                SENTIMENTS,
                default=labels.sentiment.name,
                format_func=lambda name: FEELINGS[name].title,
                key=keys[0],
            )
            st.multiselect(
                "Topics",
                topics,
                default=shown,
                format_func=searcher.columns.topic_titles.__getitem__,
                max_selections=max(_MOST_TOPICS, len(shown)),
                placeholder="About none of them",
                key=keys[1],
            )
            st.form_submit_button(
                "Save", type="primary", on_click=_save, args=(post, labels, shown, keys)
            )
        if "you" in (labels.sentiment.source, labels.topics.source):
            st.button(
                "Take your correction back",
                icon=":material/undo:",
                key="take-back",
                on_click=_take_back,
                args=(post,),
            )
    if "corrected" in st.session_state:
        st.rerun()  # the counts and the lists beside the dialog as well


def _save(post: Post, labels: PostLabels, shown: list[str], keys: tuple[str, str]) -> None:
    """Write only what differs from what is shown: the rest stays the models' to say."""
    feels, about = (st.session_state.get(key) for key in keys)
    sentiment = next((name for name in SENTIMENTS if name == feels), None)
    changed = sentiment if sentiment != labels.sentiment.name else None
    others = about if sorted(about or ()) != sorted(shown) else None
    if changed is None and others is None:
        st.session_state.corrected = "Nothing was changed."
        return
    _write(lambda chroma_dir: set_override(chroma_dir, post, sentiment=changed, topics=others))


def _take_back(post: Post) -> None:
    _write(lambda chroma_dir: clear_override(chroma_dir, post))


def _write(correction: Callable[[Path], None]) -> None:
    """Write a correction; the page tells of it when it is drawn next."""
    try:
        correction(shared().chroma_dir)
    except GalleryError as error:
        st.session_state.corrected = f"The correction was not saved: {error}"
    else:
        st.session_state.corrected = "Your correction is saved."
