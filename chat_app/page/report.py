"""The report of the last evaluation: what looking at the pictures added."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from chat_app.page import frame
from chat_app.page.markdown import plain
from chat_app.page.shared import shared
from chat_app.wording import about_time
from retrieval.errors import GalleryError

if TYPE_CHECKING:
    from chat_app.reporting import Report, Reporting
    from retrieval.search.searcher import Searcher

_EVERY = 1.0  # seconds between two looks at an evaluation
_HEIGHT = 900  # pixels of the frame
_TASKS = ("sentiment", "topics", "search")  # in the order in which they are scored
# The report has no scripts and asks for nothing; in this frame it could not, whatever it held.
_FRAME = (
    "<style>html {{ color-scheme: {scheme}; }} html, body, iframe "
    "{{ margin: 0; height: 100%; width: 100%; border: 0; }}</style>"
    '<iframe sandbox="" title="The report" srcdoc="{report}"></iframe>'
)


def draw(searcher: Searcher) -> None:
    """Draw the page."""
    reporting = shared().reporting
    st.title("Report")
    try:
        report = reporting.report()
    except GalleryError as error:
        st.error(plain(str(error)), icon=":material/error:")
        report = None
    work = reporting.latest
    if work is not None:
        with st.container(key="work", border=True):
            if work.seen().is_over:
                _ended(reporting)
            else:
                _watch(reporting)
    _about(searcher, reporting, report)
    if report is not None:
        with st.container(key="report"):
            scheme = "dark" if st.context.theme.type == "dark" else "light"
            html = _FRAME.format(scheme=scheme, report=escape(report.html))
            st.iframe(html, height=_HEIGHT, alt="The report")


def _about(searcher: Searcher, reporting: Reporting, report: Report | None) -> None:
    if report is None:
        st.markdown(
            "What did looking at the pictures add to reading the captions? The report compares "
            "captions, pictures and both: on what is known to be true of your posts, such as what "
            "you said under *Check*, and on what they say of each other."
        )
    else:
        st.markdown(f":gray[{_age(searcher, reporting, report)}]")
    with st.container(horizontal=True):
        if frame.is_private():
            st.button(
                "Make the report" if report is None else "Make it anew",
                key="evaluate",
                type="primary" if report is None else "secondary",
                icon=":material/labs:",
                disabled=reporting.is_at_work,
                on_click=_start,
                args=(reporting,),
            )
        if report is not None:
            for label, data, name, kind in (
                ("HTML", report.html, "report.html", "text/html"),
                ("JSON", report.results, "report.json", "application/json"),
            ):
                st.download_button(
                    label, data, name, kind, icon=":material/download:", type="tertiary"
                )


def _age(searcher: Searcher, reporting: Reporting, report: Report) -> str:
    """When it was made, and what has changed since."""
    ago = (datetime.now(UTC) - report.made_at).total_seconds()
    days = int(ago // 86_400)
    when = f"{days} days ago" if days > 1 else "yesterday" if days else f"{about_time(ago)} ago"
    manifest = searcher.generation.manifest
    if not report.is_of(manifest):
        return (
            f"Made {when} of this gallery in another state, or of another one "
            f"({plain(report.gallery)}; this is {plain(manifest.named)}). Make the report anew."
        )
    if reporting.is_before_checks(report):
        return f"Made {when}. You have checked posts since then: make it anew to see what they say."
    return f"Made {when}. The gallery has not changed since."


@st.fragment(run_every=_EVERY)
def _watch(reporting: Reporting) -> None:
    work = reporting.latest
    if work is None or (seen := work.seen()).is_over:
        st.rerun()  # the whole page, with the new report
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Making the report**", width="stretch")
        st.button("Stop", icon=":material/stop_circle:", key="stop", on_click=reporting.cancel)
    done, total = (seen.stage.done, seen.stage.total) if seen.stage else (0, len(_TASKS))
    doing = f"Scoring {_TASKS[done]}" if seen.stage and done < len(_TASKS) else "Getting ready …"
    st.progress(done / total, doing)
    st.markdown(
        ":small[:gray[It takes from half a minute to many minutes, by the number of posts. The "
        "gallery can be used meanwhile, and this page can be left.]]"
    )


def _ended(reporting: Reporting) -> None:
    assert reporting.latest is not None
    seen = reporting.latest.seen()
    if seen.state == "done":
        st.markdown(":green[:material/check_circle:] **The report is made.**")
    elif seen.state == "cancelled":
        st.markdown(":material/stop_circle: **Stopped.** The last report stays.")
    else:
        st.error(plain(f"{seen.problem[:1].upper()}{seen.problem[1:]}"), icon=":material/error:")
    st.button("All right", key="dismiss", type="tertiary", on_click=reporting.dismiss)


def _start(reporting: Reporting) -> None:
    try:
        reporting.start()
    except GalleryError as error:
        st.toast(plain(str(error)))


frame.draw_unfiltered(draw)
