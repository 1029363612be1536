"""What the gallery is made with, which model answers, and how the page looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from chat_app.page import frame, topics, work
from chat_app.page.markdown import plain
from chat_app.page.shared import shared
from chat_app.page.sources import start
from retrieval.errors import GalleryError

if TYPE_CHECKING:
    from retrieval.search.searcher import Searcher

_SENTIMENT = {
    "head": "The program's own, trained on captions (English)",
    "vader": "VADER: a word list (English)",
    "": "Another: a text classifier of the model hub, or a folder",
}
_ENCODERS = {
    "packaged": "Packaged: came with the program; needs no download, sees things but no moods",
    "default": "CLIP: 600 MB to download once; sees moods as well",
    "best": "CLIP, the best: slower, 1.7 GB",
    "multilingual": "CLIP, many languages",
    "": "Another: ARCHITECTURE/TAG as open_clip names it, or a checkpoint's folder",
}
_ENDPOINT = ("endpoint-model", "endpoint-url", "endpoint-key")
_SCHEMES = {"System": "As the system", "Light": "Light", "Dark": "Dark"}
# Streamlit keeps what was chosen by the page that was opened first.
_CHOOSE_SCHEME = """<script>
for (const page of ["", "chat", "gallery", "overview", "report", "check", "add_posts", "settings"])
  localStorage.setItem(`stActiveTheme-/${page}-v2`, JSON.stringify(%s));
location.reload();
</script>"""


def draw() -> None:
    """Draw the page, with or without a gallery."""
    st.title("Settings")
    if frame.is_private():
        if refused := st.session_state.pop("refused", ""):
            st.error(plain(f"{refused[:1].upper()}{refused[1:]}"), icon=":material/error:")
        work.draw(shared().building)
        try:
            searcher = shared().searcher()
        except GalleryError:
            searcher = None
        if searcher is not None:
            topics.draw(searcher)
            _sentiment(searcher)
            _encoder(searcher)
        _assistant()
    else:
        st.markdown(
            "This page is served to others, so nothing can be set here but how it looks. Start it "
            "without `--address` for the rest."
        )
    _scheme()


def _sentiment(searcher: Searcher) -> None:
    record = searcher.generation.manifest.labels
    assert record is not None, "a published generation has labels"
    st.markdown("### Sentiment of captions")
    chosen = _choice("Read by", _SENTIMENT, record.sentiment_model, "sentiment-model")
    if st.button("Label the posts by it", key="relabel", disabled=not chosen):
        start(lambda: shared().building.relabel(sentiment_model=chosen))
        st.rerun()


def _encoder(searcher: Searcher) -> None:
    spec = searcher.generation.manifest.encoders.image.spec
    st.markdown("### What looks at the pictures")
    chosen = _choice("Encoded by", _ENCODERS, spec, "encoder")
    st.markdown(
        ":small[:gray[Another one looks at every picture once more, which can take hours; the "
        "gallery stays as it is until that is done.]]"
    )
    if st.button("Make the gallery anew with it", key="reencode", disabled=not chosen):
        start(lambda: shared().building.rebuild(clip=chosen))
        st.rerun()


def _choice(title: str, known: dict[str, str], now: str, key: str) -> str:
    """One of those that are known, or what is typed; empty as long as nothing is."""
    names = list(known)
    chosen = st.selectbox(
        title,
        names,
        index=names.index(now) if now in known else len(names) - 1,
        format_func=known.__getitem__,
        key=key,
    )
    if chosen:
        return str(chosen)
    return (st.text_input("Its name", "" if now in known else now, key=f"{key}-name") or "").strip()


def _assistant() -> None:
    st.markdown("### Who answers in the chat")
    try:
        endpoint = shared().endpoint
        now = f"**{plain(endpoint.model)}** at {plain(endpoint.host)}" if endpoint else ""
    except GalleryError as error:
        now = ""
        st.warning(plain(str(error)))
    if now:
        st.markdown(f"{now}. It reads the captions that it finds; the chat has a switch.")
    else:
        st.markdown(
            "The planner, on this machine. A language model behind any endpoint that speaks "
            "OpenAI's protocol understands more ways to ask, and reads the captions that it finds."
        )
    with st.form("endpoint", border=False):
        model = st.text_input("Model", key="endpoint-model", placeholder="qwen3:8b")
        url = st.text_input(
            "Address",
            key="endpoint-url",
            placeholder="http://localhost:11434/v1 (empty: OpenAI's own)",
        )
        key = st.text_input("API key", key="endpoint-key", type="password", autocomplete="off")
        st.markdown(
            ":small[:gray[Held in this server's memory until it ends; written nowhere. To keep "
            "them, set OPENAI_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY, or put them into .env.]]"
        )
        with st.container(horizontal=True):
            use = st.form_submit_button("Let it answer")
            stop = bool(now) and st.form_submit_button("Use none", type="tertiary")
    if stop:
        shared().use_endpoint(None, None, None)
        st.rerun()
    elif use:
        try:
            shared().use_endpoint((model or "").strip(), (url or "").strip(), (key or "").strip())
        except GalleryError as error:
            st.error(plain(f"{str(error)[:1].upper()}{str(error)[1:]}"), icon=":material/error:")
        else:
            for name in _ENDPOINT:  # the key stays nowhere but in the server
                del st.session_state[name]
            st.rerun()


def _scheme() -> None:
    st.markdown("### How the page looks")
    chosen = st.segmented_control(
        "Colours", list(_SCHEMES), format_func=_SCHEMES.__getitem__, key="scheme"
    )
    if chosen is not None:
        st.session_state.pop("scheme", None)
        st.html(_CHOOSE_SCHEME % json.dumps(chosen), unsafe_allow_javascript=True)


frame.draw_alone(draw)
