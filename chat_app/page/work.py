"""The indexer at work: how far it is, what it passed over, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from chat_app.page.markdown import as_sentence, plain
from chat_app.wording import about_time
from retrieval.cli import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chat_app.building import Building, Child, Seen, Stage

_EVERY = 1.0  # seconds between two looks at it
_DOING = {
    "add": "Adding {about}",
    "forget": "Taking out {about}",
    "rebuild": "Making the gallery anew",
    "relabel": "Labelling the posts again",
}
_STAGES = {
    "read": "Find the posts",
    "encode": "Look at the pictures",
    "label": "Label the posts",
    "publish": "Put them into the gallery",
}
_STAGES_OF = {
    "add": list(_STAGES),
    "rebuild": list(_STAGES),
    "forget": ["label", "publish"],
    "relabel": ["label", "publish"],
}


def draw(building: Building) -> None:
    """What is at work, or was last; nothing where nothing was."""
    child = building.latest
    if child is None:
        return
    with st.container(key="work", border=True):
        if child.seen().is_over:
            _ended(building, child)
        else:
            _watch(building)


@st.fragment(run_every=_EVERY)
def _watch(building: Building) -> None:
    child = building.latest
    if child is None or (seen := child.seen()).is_over:
        st.rerun()  # the whole page: the gallery is another one now
    with st.container(horizontal=True, vertical_alignment="center"):
        title = _DOING[child.work].format(about=plain(child.about))
        st.markdown(f"**{title}**", width="stretch")
        st.button("Stop", icon=":material/stop_circle:", key="stop", on_click=building.cancel)
    names = _STAGES_OF[child.work]
    st.progress(_share(seen.stage), text=_told(seen.stage))
    st.markdown(_steps(names, seen.stage.name if seen.stage else ""))
    st.markdown(":small[:gray[The gallery can be used meanwhile, and this page can be left.]]")
    skipped(seen.skipped, seen.skips)


def _share(stage: Stage | None) -> float:
    return min(1.0, stage.done / stage.total) if stage and stage.total else 0.0


def _told(stage: Stage | None) -> str:
    if stage is None:
        return "Getting ready …"
    parts = [f"{stage.done:,} of {stage.total:,}" if stage.total else "none is new"]
    if stage.name == "encode" and stage.rate:
        parts.append(f"{stage.rate:,.1f} a second")
        if stage.left:
            parts.append(f"{about_time(stage.left)} left")
    return f"{_STAGES.get(stage.name, stage.name)}: {' · '.join(parts)}"


def _steps(names: Sequence[str], current: str) -> str:
    """All stages in a line: those that are over, the one at work, those to come."""
    at = names.index(current) if current in names else -1
    marked = [
        f":material/check: {_STAGES[name]}"
        if place < at
        else f"**{_STAGES[name]}**"
        if place == at
        else f":gray[{_STAGES[name]}]"
        for place, name in enumerate(names)
    ]
    return f":small[{' → '.join(marked)}]"


def _ended(building: Building, child: Child) -> None:
    seen = child.seen()
    about = plain(child.about)
    if seen.state == "done":
        st.markdown(f":green[:material/check_circle:] {_result(child, seen)}")
    elif seen.state == "cancelled":
        st.markdown(
            f":material/stop_circle: **Stopped.** {_DOING[child.work].format(about=about)} was "
            "stopped; what was done so far is kept, and starting it again goes on from there."
        )
    else:
        st.error(as_sentence(seen.problem), icon=":material/error:")
    skipped(seen.skipped, seen.skips)
    with st.container(horizontal=True, vertical_alignment="center"):
        if seen.state == "done" and child.work != "forget":
            st.page_link(
                "page/gallery.py", label="See the gallery", icon=":material/photo_library:"
            )
        st.button("All right", key="dismiss", type="tertiary", on_click=building.dismiss)


def _result(child: Child, seen: Seen) -> str:
    report = seen.report
    if child.work == "forget":
        return f"**{count(report['removed'], 'post')}** left the gallery; the files stay."
    if child.work == "relabel":
        return f"**The posts are labelled again.** That took {about_time(report['seconds'])}."
    told = [
        f"**{count(report['posts'], 'post')}** with "
        f"**{count(report['pictures'], 'picture')}** are in the gallery"
    ]
    if child.work == "add":
        told.append(f"{report['encoded']:,} of them looked at for the first time")
    if report["removed"]:
        told.append(f"{count(report['removed'], 'post')} left it with their files")
    if report["missing"]:
        told.append(f"{count(report['missing'], 'picture')} could not be found")
    return f"{'; '.join(told)}. That took {about_time(report['seconds'])}."


def skipped(files: Sequence[tuple[str, str]], number: int, told: str = "{} skipped") -> None:
    """The files that are not used, each with what to do about it."""
    if not number:
        return
    title = told.format(count(number, "file"))
    with st.expander(title[:1].upper() + title[1:]):
        lines = [f"- {plain(path)}: {plain(reason)}" for path, reason in files]
        if number > len(files):
            lines.append(f"- … and {number - len(files):,} more")
        st.markdown("\n".join(lines))
