"""The page's parts that need no browser: text that is only text, stopping, exports, addresses."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import threading
import time
from collections.abc import AsyncGenerator

import pytest

from chat_app.page.export import _as_csv
from chat_app.page.markdown import plain, plain_lines, prose
from chat_app.page.running import Loop
from chat_app.turn import Event, Said

HOSTILE = [
    "![x](https://example.org/x.png)",
    "[click](javascript:alert(1))",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "$x^2$ and $$y$$",
    ":red[look] :material/home: :smile:",
    "# heading\n- list\n> quote\n| a | b |",
    "https://example.org www.example.org me@example.org",
    "\u202eright to left\u2066",
    "*bold* _em_ `code` ~~gone~~ \\",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_caption_is_markup(text: str) -> None:
    escaped = plain(text)
    assert "\n" not in escaped
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", escaped)
    assert not re.search(r"[!-/:-@\[-`{-~]", bare), escaped
    assert not re.search(r"https?\\:|www\\\.", escaped)
    assert "\u202e" not in escaped


def test_a_long_caption_is_cut() -> None:
    assert len(plain("x" * 10_000, 100)) < 110


def test_lines_that_begin_with_a_dash_are_a_list() -> None:
    assert plain_lines("Two:\n- *one*\n- two").split("\n")[-2:] == [r"- \*one\*", "- two"]


@pytest.mark.parametrize("text", HOSTILE[:6])
def test_a_models_words_make_no_link_picture_tag_formula_or_colour(text: str) -> None:
    assert not re.search(r"(?<!\\)[\[\]<>$:]", prose(text))


def test_a_models_emphasis_and_lists_stay() -> None:
    assert prose("**two** posts:\n\n- one") == "**two** posts\\:\n\n- one"


# --- stopping -----------------------------------------------------------------------------------


class Endless:
    """An answer that says one word and then hangs, as a silent endpoint does."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    async def answer(self) -> AsyncGenerator[Event]:
        try:
            yield Said("one")
            await asyncio.sleep(3600)
        finally:
            self.closed.set()


def test_an_answer_that_hangs_is_stopped_at_once() -> None:
    endless, started = Endless(), time.monotonic()
    with Loop().running(endless.answer()) as events:
        assert next(events) == Said("one")
        assert next(events) is None  # a moment for the page to be stopped in
    assert endless.closed.wait(10)
    assert time.monotonic() - started < 30


def test_a_stopped_answer_leaves_the_next_one_working() -> None:
    loop = Loop()
    with loop.running(Endless().answer()) as events:
        next(events)

    async def short() -> AsyncGenerator[Event]:
        yield Said("two")

    with loop.running(short()) as events:
        assert [event for event in events if event is not None] == [Said("two")]


def test_what_goes_wrong_in_an_answer_reaches_the_page() -> None:
    async def broken() -> AsyncGenerator[Event]:
        yield Said("one")
        raise ValueError("a bug")

    with Loop().running(broken()) as events, pytest.raises(ValueError, match="a bug"):
        list(events)


# --- exports ------------------------------------------------------------------------------------


def test_no_cell_of_a_table_is_a_formula() -> None:
    row = {"caption": "=HYPERLINK(1)", "sentiment": None, "topics": ["animals", "people"]}
    (read,) = csv.DictReader(io.StringIO(_as_csv([row])))
    assert read == {"caption": "'=HYPERLINK(1)", "sentiment": "", "topics": "animals; people"}
