"""Adding posts without a terminal: where they lie, what would come of it, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from chat_app.page import frame, sources, work
from chat_app.page.markdown import as_sentence, plain
from chat_app.page.shared import shared
from chat_app.uploads import SUFFIXES
from chat_app.wording import about_time
from retrieval.cli import count
from retrieval.errors import GalleryError, NoGallery
from retrieval.files import expanded
from retrieval.gallery.layout import manifest_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chat_app.building import Building, Child

_UPLOAD_MB = 200  # a file, in the server's memory until it is written
_EVERY = 0.5  # seconds between two looks at a dry run
_ELSEWHERE = 3.0  # and at work that was started elsewhere


@dataclass(frozen=True, slots=True)
class _Look:
    """What a visitor wants to add, and the dry run that says what it is."""

    location: Path
    images: tuple[Path, ...]
    child: Child


def draw() -> None:
    """Draw the page, with or without a gallery."""
    st.title("Add posts")
    if not frame.is_private():
        st.markdown(
            "This page is served to others, so nothing can be added here. Start it without "
            "`--address` to add posts."
        )
        return
    building = shared().building
    if refused := st.session_state.pop("refused", ""):
        st.error(as_sentence(refused), icon=":material/error:")
    work.draw(building)
    if building.latest is None and building.busy():
        _busy_elsewhere(building)
    look: _Look | None = st.session_state.get("look")
    if look is None:
        _choose()
    else:
        with st.container(key="preview", border=True):
            _preview(look)
    try:
        searcher = shared().searcher()
    except NoGallery:
        if look is None and not building.is_at_work:
            frame.offer_sample()
    except GalleryError as error:
        st.error(as_sentence(str(error)), icon=":material/error:")
        sources.draw_anew(building)
    else:
        sources.draw(searcher, building)


@st.fragment(run_every=_ELSEWHERE)
def _busy_elsewhere(building: Building) -> None:
    """A terminal, or a server before this one, changes the gallery; what it does is not known."""
    if not (reason := building.busy()):
        st.rerun()
    st.info(as_sentence(reason), icon=":material/lock:")


def _choose() -> None:
    here, uploaded = st.tabs(["On this machine", "Upload"])
    with here, st.form("add", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            path = st.text_input(
                "A folder of pictures, or a table of posts",
                key="add-path",
                placeholder="~/Pictures/posts",
            )
            pressed = st.form_submit_button("Look at it", type="primary")
        st.markdown(
            ":small[:gray[Captions may lie beside the pictures or inside them; a table is CSV, "
            "TSV, JSON, JSONL or Parquet. All is read where it lies; nothing is copied or "
            "changed.]]"
        )
    with uploaded:
        files = st.file_uploader(
            "Pictures, a table, or a zip with both",
            SUFFIXES,
            accept_multiple_files=True,
            key="add-files",
            max_upload_size=_UPLOAD_MB,
        )
        kept = plain(str(shared().uploads.folder))
        st.markdown(f":small[:gray[Uploads are kept in {kept}, where the gallery reads them.]]")
        if st.button("Look at them", key="look-uploaded", type="primary", disabled=not files):
            _look_at_uploaded(files)
    if pressed:
        _look_at_path(path or "")


def _look_at_path(text: str) -> None:
    text = text.strip().strip("\"'")
    if not text:
        st.warning("Type where your posts lie, such as ~/Pictures/posts.")
        return
    location = expanded(text)
    if text.startswith("~") and str(location) == text:  # ~somebody who is not known here
        st.warning(f"{plain(text)} names a home folder that is not here; give the whole path.")
        return
    _look(location.absolute(), ())


def _look_at_uploaded(files: list[Any]) -> None:
    try:
        with st.spinner("Keeping the files …"):
            upload = shared().uploads.keep(files)
    except GalleryError as error:
        st.warning(as_sentence(str(error)), icon=":material/error:")
        return
    _look(upload.location, upload.images)


def _look(location: Path, images: tuple[Path, ...]) -> None:
    try:
        child = shared().building.look_at(location, images)
    except GalleryError as error:
        st.warning(as_sentence(str(error)), icon=":material/error:")
        return
    st.session_state["look"] = _Look(location, images, child)
    st.rerun()


# --- what would come of it --------------------------------------------------------------------


def _preview(look: _Look) -> None:
    seen = look.child.seen()
    if not seen.is_over:
        _wait(look)
        return
    if seen.state != "done":
        st.warning(as_sentence(seen.problem), icon=":material/error:")
        if "--images" in seen.problem:
            st.markdown(
                "On this page: upload the pictures together with the table, or give the path of a "
                "folder that holds both."
            )
        st.button("Choose again", key="drop", on_click=_drop)
        return
    planned = seen.report
    _recognised(look, planned)
    passed_over = [(each["path"], each["reason"]) for each in planned["skipped"]]
    at_least = "at least " if planned["looked_at"] < planned["to_open"] else ""
    work.skipped(passed_over, len(passed_over), f"{at_least}{{}} will be skipped")
    busy = shared().building.busy()
    with st.container(horizontal=True):
        st.button(
            "Add them",
            key="add-them",
            type="primary",
            disabled=bool(busy),
            help=busy or None,
            on_click=_add,
            args=(look,),
        )
        st.button("Choose again", key="drop", type="tertiary", on_click=_drop)


@st.fragment(run_every=_EVERY)
def _wait(look: _Look) -> None:
    if look.child.seen().is_over:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Looking at {plain(str(look.location))} …", width="stretch")
        st.button("Stop", key="stop-looking", type="tertiary", on_click=_drop)


def _recognised(look: _Look, planned: Mapping[str, Any]) -> None:
    title, icon = sources.KINDS.get(planned["kinds"][0], (planned["kinds"][0], ":material/folder:"))
    st.markdown(f"{icon} **{title}**  \n:small[:gray[{plain(str(look.location))}]]")
    with st.container(key="figures", horizontal=True, gap="medium"):
        st.metric("Posts", f"{planned['posts']:,}", width="content")
        st.metric("Pictures", f"{planned['pictures']:,}", width="content")
        st.metric("New to the gallery", f"{planned['to_open']:,}", width="content")
        if planned["years"]:
            first, last = planned["years"]
            st.metric("Years", str(first) if first == last else f"{first}–{last}", width="content")
    told = [_time(planned), *_remarks(planned), _private()]
    st.markdown("\n".join(f"- {each}" for each in told))


def _time(planned: Mapping[str, Any]) -> str:
    if planned["minutes"] is None:
        return "How long it takes is not known yet; that is told once it has begun."
    return f"It takes {about_time(60 * planned['minutes'])}."


def _remarks(planned: Mapping[str, Any]) -> list[str]:
    told = [plain(note) for note in planned["notes"]]
    if planned["years"] and planned["dated"] < planned["posts"]:
        told.append(f"The years are judged by {count(planned['dated'], 'post')}.")
    if planned["removed"]:
        told.append(
            f"{count(planned['removed'], 'post')} that the gallery has of it are no longer there "
            "and will leave the gallery."
        )
    if planned["missing"]:
        told.append(
            f"{count(planned['missing'], 'picture')} cannot be found and will be left out. Upload "
            "them together with the table, or give the path of the folder that holds both."
        )
    return told


def _private() -> str:
    stays = "Pictures and captions stay on this machine: nothing is sent anywhere."
    if manifest_path(shared().chroma_dir).exists():
        return stays
    return (
        f"{stays} Where the model hub can be reached, the model that looks at pictures is fetched "
        "from there once (about 600 MB)."
    )


def _add(look: _Look) -> None:
    sources.start(lambda: shared().building.add(look.location, look.images))
    if "refused" not in st.session_state:
        st.session_state.pop("look", None)


def _drop() -> None:
    look: _Look | None = st.session_state.pop("look", None)
    if look is not None:
        look.child.cancel()


if __name__ == "__main__":
    frame.draw_alone(draw)
