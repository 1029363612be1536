from __future__ import annotations

import pytest

from chat_app.safe_text import PlainStream, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("There are 3 posts, see number 2.", "There are 3 posts, see number 2."),
        ("[click here](http://evil.example/x)", "click here"),
        ("![a cat](http://evil.example/track.png)", "a cat"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)> hello", " hello"),
        ("see https://evil.example/a?b=c now", "see (link left out) now"),
        ("<https://evil.example>", "(link left out)"),
        ("javascript:alert", "(link left out)"),
        ("www.evil.example", "(link left out)"),
        ("2 < 3 and [1, 2] are numbers!", "2 < 3 and [1, 2] are numbers!"),
        ("at 10:30, note: fine", "at 10:30, note: fine"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_links_pictures_and_tags_are_left_out_however_the_text_comes(
    text: str, plain: str, size: int
) -> None:
    assert plain_text(text) == plain
    stream = PlainStream()
    pieces = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(pieces) + stream.rest() == plain


def test_words_come_as_soon_as_they_are_whole() -> None:
    stream = PlainStream()
    assert stream.feed("There are three posts about ") == "There are three posts about "
    assert stream.feed("cats.") == "cats."


def test_what_never_becomes_a_link_is_not_held_back_for_ever() -> None:
    stream = PlainStream()
    assert stream.feed("[" + "x" * 1000).startswith("[x")
