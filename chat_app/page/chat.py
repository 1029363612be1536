"""The conversation: a question in bold, the answer with its pictures, and what was understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from chat_app.arguments import Compare, CountPosts, Posts, SearchPosts
from chat_app.examples import example_questions
from chat_app.page import cards, charts, export, frame
from chat_app.page.chosen import without
from chat_app.page.markdown import plain, plain_lines, prose
from chat_app.page.shared import shared
from chat_app.results import Compared, Counted, hits_of
from chat_app.turn import Called, Returned, Said, Turn
from chat_app.understanding.plan import Plan
from chat_app.wording import in_one, named, named_parts
from retrieval.cli import count
from retrieval.errors import GalleryError
from retrieval.pictures import read_picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL.Image import Image

    from chat_app.arguments import Slice
    from chat_app.page.frame import Active, Here
    from chat_app.turn import Call, Event
    from chat_app.wording import Titles
    from retrieval.records import Hit

_CARD = 160  # pixels, at least
_WHOLE = 2  # answers that are drawn whole; each more would cost every click a tenth of a second
_STOPPED = ":orange[:material/stop_circle: Stopped.]"
_DOING = {
    "search_posts": "Looking for",
    "count_posts": "Counting",
    "compare": "Comparing",
    "show_post": "Opening a post",
    "find_similar": "Looking for pictures like it",
}
_BY = {  # by what answered: in words, and what that means
    "planner": (
        "answered without a language model",
        "A planner on this machine took the question apart by rules. What it understood stands "
        "above, and nothing was sent anywhere.",
    ),
    "llm": (
        "answered by a language model",
        "It chose what to look up and wrote the answer; counts and pictures come from the gallery.",
    ),
}
# Streamlit drives a page with an input to its end, until a wheel turns and then a scroll rests. The
# newest question is held at the top instead while its answer comes, and a moment longer for its
# charts, or until the visitor moves.
_AT_THE_TOP = """{
  const page = document.querySelector(".stMain");
  let until, rested = 0, moved = false;
  const hold = now => {
    if (document.querySelector('.stApp[data-test-script-state="running"]')) until = now + 1500;
    if (moved || now > until) return;
    if (now > rested + 150) { page.dispatchEvent(new Event("scroll")); rested = now; }
    page.dispatchEvent(new WheelEvent("wheel"));
    document.querySelector(".st-key-question-%d")
      ?.scrollIntoView({block: "start", behavior: "instant"});
    requestAnimationFrame(hold);
  };
  for (const move of ["wheel", "touchmove", "pointerdown", "keydown"])
    addEventListener(move, event => moved ||= event.isTrusted, {capture: true, passive: true});
  hold(performance.now());
}"""


@dataclass
class Asked:
    """A question of this conversation, and what has come of it."""

    question: str
    picture: bytes | None = None  # as it was dropped
    like: Image | None = None  # an earlier question's picture, where that is known already
    plan: Plan | None = None  # what is asked for, where that is known already
    turn: Turn | None = None
    steps: list[str] = field(default_factory=list)
    said: str = ""
    hits: tuple[Hit, ...] = ()
    trouble: str = ""  # why there is no turn
    is_new: bool = True
    is_unfolded: bool = False  # drawn whole though it is an old one


def draw(here: Here) -> Mapping[str, str]:
    """Draw the conversation; nothing of it belongs into the address."""
    asked: list[Asked] = st.session_state.setdefault("asked", [])
    said = st.chat_input(
        "Ask about your posts, or drop a picture",
        key="ask",
        accept_file=True,
        file_type=["jpg", "jpeg", "png", "webp", "heic"],
        submit_mode="stop",
    )
    if said:
        _take(asked, said)
    _draw_switch()
    intro, thread = st.container(key="intro"), st.container(key="thread")  # both are always there
    if not asked:
        with intro:
            _draw_intro(here, asked)
    for number, entry in enumerate(asked):
        with thread.container(key=f"turn-{number}", gap="xsmall"):
            _draw_turn(here, asked, number, entry)
    if asked:
        with st.container(key="after", horizontal=True):
            st.button(
                "New conversation",
                icon=":material/restart_alt:",
                type="tertiary",
                help="This one is forgotten, as it is when the page is reloaded",
                on_click=asked.clear,
            )
    return {}


def _take(asked: list[Asked], said: Any) -> None:
    picture = said.files[0].getvalue() if said.files else None
    if said.text.strip() or picture:
        asked.append(Asked(said.text.strip(), picture))


def _draw_switch() -> None:
    """Which brain answers, where there are two."""
    try:
        endpoint = shared().endpoint
    except GalleryError as error:
        st.warning(plain(f"The language model cannot be used: {error}"))
        return
    if endpoint is not None:
        st.toggle(
            f"{plain(endpoint.model)} answers",
            value=True,
            key="by-model",
            help="It reads the captions that it finds. Off: a planner answers, and nothing leaves "
            "this machine.",
            persist_state="session",
        )


def _draw_intro(here: Here, asked: list[Asked]) -> None:
    every, passing = here.searcher.columns, int(here.filters.mask(here.searcher.columns).sum())
    posts = count(len(every), "post")
    if passing < len(every):
        posts = f"the {passing:,} of {posts} that pass your filters"
    st.title("What would you like to remember?")
    stays = "" if st.session_state.get("by-model") else " Nothing leaves this machine."
    st.markdown(f":gray[Ask about {posts} and their pictures.{stays}]")
    with st.container(key="ideas", horizontal=True, gap="xsmall"):
        for idea in example_questions(here.searcher, here.filters):
            st.button(plain(idea), key=f"idea-{idea}", on_click=_ask, args=(asked, Asked(idea)))


def _ask(asked: list[Asked], entry: Asked) -> None:
    asked.append(entry)


# --- one turn ---------------------------------------------------------------------------------


def _draw_turn(here: Here, asked: list[Asked], number: int, entry: Asked) -> None:
    with st.container(key=f"question-{number}"):
        if entry.picture is not None:
            _draw_given(entry.picture)
        st.markdown(f"**{plain(entry.question)}**" if entry.question else "**Pictures like this**")
        if entry.is_new:
            st.html(f"<script>{_AT_THE_TOP % number}</script>", unsafe_allow_javascript=True)
    with st.container(key=f"doing-{number}"):  # hidden as soon as nothing runs
        steps = st.empty()
    with st.container(key=f"stopped-{number}"):  # hidden while something runs
        stopped = st.empty()
    answer = st.empty()
    chart, grid = st.container(key=f"numbers-{number}"), st.container(key=f"hits-{number}")
    if entry.is_new:
        entry.is_new = False
        stopped.markdown(_STOPPED)  # for a stop ends this run wherever it is, and draws no more
        _answer(here, asked[:number], entry, steps, answer)
        stopped.empty()
    turn, titles = entry.turn, here.searcher.columns.topic_titles
    steps.empty()
    is_folded = number < len(asked) - _WHOLE and not entry.is_unfolded
    answer.markdown(_text(entry, is_folded=is_folded))
    if is_folded and turn is not None:
        st.button(
            "Show again",
            icon=":material/unfold_more:",
            type="tertiary",
            key=f"unfold-{number}",
            on_click=_unfold,
            args=(entry,),
        )
        return
    if turn is not None and turn.results:
        with chart:
            charts.draw(turn.results[-1], titles, f"chart-{number}")
    if turn is not None and turn.held_back and number == len(asked) - 1:
        _offer_to_take_off(here, asked, entry, turn)
    if entry.hits:
        with grid:
            if turn is not None and (which := _which_pictures(turn)):
                st.markdown(f":small[:gray[{which}]]")
            cards.draw(entry.hits, f"turn{number}", _CARD)
    if turn is not None:
        _draw_understood(asked, number, turn, titles)
        _draw_foot(here, number, turn)


def _unfold(entry: Asked) -> None:
    entry.is_unfolded = True


def _which_pictures(turn: Turn) -> str:
    """Which pictures stand beside numbers, where the answer does not speak of them."""
    result = turn.results[-1] if turn.results else None
    if isinstance(result, Compared):
        return "Examples of each side"
    if isinstance(result, Counted) and len(result.examples) < result.posts:
        return "Those that match best" if result.asked.query else "The newest of them"
    return ""


def _draw_given(picture: bytes) -> None:
    try:
        st.image(read_picture(picture, 320), width=160, alt="the picture you gave")
    except GalleryError:
        st.markdown(":gray[:material/broken_image: a file that is no picture]")


def _text(entry: Asked, *, is_folded: bool) -> str:
    if turn := entry.turn:
        if turn.by == "llm" or turn.plan.kind in ("refusal", "help"):  # words of our own
            return prose(turn.answer)
        drawn = bool(turn.results) and charts.has_bars(turn.results[-1]) and not is_folded
        lines = turn.answer.splitlines()
        return plain_lines("\n".join(x for x in lines if not (drawn and x.startswith("- "))))
    why = f":orange[:material/info: {plain(entry.trouble)}]" if entry.trouble else _STOPPED
    return f"{prose(entry.said)}\n\n{why}"


def _answer(here: Here, before: list[Asked], entry: Asked, steps: Any, answer: Any) -> None:
    """Answer while the page shows what happens; what was said is kept when it is stopped."""
    try:
        picture = entry.like
        if entry.picture is not None:
            picture = read_picture(entry.picture, here.searcher.short_side)
        turns = [each.turn for each in before if each.turn is not None]
        running = (
            shared()
            .assistant()
            .ask(
                entry.question,
                here.searcher,
                date.today(),
                turns,
                here.filters,
                picture=picture,
                plan=entry.plan,
                by_model=st.session_state.get("by-model", False),
            )
        )
        steps.markdown(":gray[Looking …]")
        with shared().loop.running(running) as events:
            for event in events:
                _hear(entry, event, here.searcher.columns.topic_titles)
                steps.markdown(_told_steps(entry))  # also where a stop reaches this run
                if entry.said:
                    answer.markdown(prose(entry.said))
    except GalleryError as error:
        entry.trouble = str(error)


def _hear(entry: Asked, event: Event | None, titles: Titles) -> None:
    match event:
        case Called(call):
            entry.steps.append(_doing(call, titles))
        case Returned(result):
            entry.hits = hits_of(result)
        case Said(text):
            entry.said += text
        case Turn():
            entry.turn, entry.hits = event, event.hits


def _doing(call: Call, titles: Titles) -> str:
    from chat_app.tools import TOOLS

    doing = _DOING.get(call.name, call.name)
    try:
        what = " · ".join(named(TOOLS[call.name][0](**call.arguments), titles))
    except (KeyError, ValueError):  # what a model made up; the tool will say so
        what = ""
    return f"{doing} {what}".strip()


def _told_steps(entry: Asked) -> str:
    steps = entry.steps or ["Looking …"]
    return "  \n".join(f":gray[:material/search: {plain(step)}]" for step in steps)


# --- beside the answer ------------------------------------------------------------------------


def _draw_understood(asked: list[Asked], number: int, turn: Turn, titles: Titles) -> None:
    """What was understood, each part with a way to take it off again."""
    parts = _parts_of(turn.plan, titles)
    if not parts:
        return
    with st.container(
        key=f"understood-{number}", horizontal=True, gap="xsmall", vertical_alignment="center"
    ):
        st.markdown(":small[:gray[Understood]]", width="content")
        if turn.picture is not None:
            again = Asked("the same without the picture", plan=turn.plan)
            _draw_part(asked, again, "like your picture", f"less-{number}-picture")
        for name, phrase, plan in parts:
            again = Asked(f"the same without {phrase}", like=turn.picture, plan=plan)
            _draw_part(asked, again, phrase, f"less-{number}-{name}")


def _parts_of(plan: Plan, titles: Titles) -> list[tuple[str, str, Plan]]:
    """What was understood: a name and a phrase for each part, and the plan without it."""
    arguments = plan.arguments
    if not isinstance(arguments, Posts):
        return []
    parts = [
        (fields[0], phrase, Plan(plan.kind, without(arguments, *fields)))
        for fields, phrase in named_parts(arguments, titles)
    ]
    if isinstance(arguments, CountPosts) and arguments.group_by:
        by = "by " + " and ".join(arguments.group_by)
        parts.append(("by", by, Plan("count", without(arguments, "group_by"))))
    if isinstance(arguments, SearchPosts) and arguments.order != "relevance":
        order = f"{arguments.order.replace('_', ' ')} first"
        parts.append(("order", order, Plan("find", without(arguments, "order"))))
    if isinstance(arguments, Compare):
        for place, side in enumerate(arguments.slices):
            others = arguments.slices[:place] + arguments.slices[place + 1 :]
            parts.append((f"side{place}", in_one(side, titles), _compared_less(arguments, others)))
    return parts


def _compared_less(asked: Compare, sides: Sequence[Slice]) -> Plan:
    """A comparison of fewer sides; of one, its posts."""
    shared = asked.model_dump(exclude_defaults=True, exclude={"slices"})
    if len(sides) > 1:
        return Plan("compare", Compare(**shared, slices=tuple(sides)))
    return Plan("find", SearchPosts(**(shared | sides[0].model_dump(exclude_defaults=True))))


def _offer_to_take_off(here: Here, asked: list[Asked], entry: Asked, turn: Turn) -> None:
    """The filters that hold back what was asked for, each with a way to ask again without it."""
    again = Asked(entry.question, like=turn.picture, plan=turn.plan)
    with st.container(key="held-back", horizontal=True, gap="xsmall", vertical_alignment="center"):
        held = f"{count(turn.held_back, 'post')} held back by your filters"
        st.markdown(f":small[:orange[:material/filter_alt: {held}:]]", width="content")
        for active in frame.active(here.searcher):
            st.button(
                active.phrase,
                icon=":material/close:",
                icon_position="right",
                key=f"without-{active.key}",
                help="Take this filter off and ask again",
                on_click=_ask_without,
                args=(asked, again, active),
            )


def _ask_without(asked: list[Asked], again: Asked, active: Active) -> None:
    active.take_off()
    _ask(asked, again)


def _draw_part(asked: list[Asked], again: Asked, phrase: str, key: str) -> None:
    st.button(
        plain(phrase),
        icon=":material/close:",
        icon_position="right",
        key=key,
        help="Ask again without this",
        on_click=_ask,
        args=(asked, again),
    )


def _draw_foot(here: Here, number: int, turn: Turn) -> None:
    who, how = _BY[turn.by]
    with st.container(
        key=f"foot-{number}", horizontal=True, gap="xsmall", vertical_alignment="center"
    ):
        if turn.hits:
            for kind, mime in export.KINDS.items():
                st.download_button(
                    kind.upper(),
                    data=partial(export.posts_of, here, turn, kind),
                    file_name=f"posts.{kind}",
                    mime=mime,
                    key=f"{kind}-{number}",
                    help="Save all posts of this answer",
                    type="tertiary",
                    icon=":material/download:",
                    on_click="ignore",
                )
        with st.popover(
            "Copy", icon=":material/content_copy:", type="tertiary", key=f"copy-{number}"
        ):
            st.code(turn.answer, language=None, wrap_lines=True)
        took = f"{turn.seconds:.1f} s" if turn.seconds >= 1 else f"{turn.seconds * 1000:.0f} ms"
        st.markdown(f":small[:gray[{who} · {took}]]", width="content", help=how)


if __name__ == "__main__":
    frame.draw(draw)
