"""Questions that set posts side by side: two times, topics, moods or things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chat_app.arguments import Compare, Slice
from chat_app.understanding import frames
from chat_app.understanding.posts_meant import days_of, felt, more_than, read_posts
from chat_app.understanding.spans import Text
from chat_app.understanding.words import COMPARATIVES

if TYPE_CHECKING:
    from chat_app.understanding.plan import Lexicon
    from chat_app.understanding.when import Period

_MOST = 4  # sets
_COMPARABLE = ("sentiments", "topics", "query")


def is_comparison(text: Text, lexicon: Lexicon) -> bool:
    """Whether sets are compared, and not one feeling named by another."""
    found = frames.COMPARE.search(text.left)
    if not found:
        return False
    if more := more_than(text, lexicon):
        return frames.ASKS.search(text.left[: more.start() + len("more")]) is not None
    return not text.has(frames.COUNT) or "than" in found[0].lower()


def read_comparison(text: Text, periods: list[Period], lexicon: Lexicon) -> Compare | None:
    """The sets, each with what tells it apart; None: there are no two."""
    if len(periods) > 1:
        text.drop(frames.COMPARING)
        _drop_measures(text, lexicon)
        shared = read_posts(text, (), lexicon).given()
        slices = [Slice(**days_of(period)) for period in periods[:_MOST]]
        return Compare(slices=tuple(slices), **shared)
    sides = _sides(_with_topics_as_one_word(text.left, lexicon))
    given = _given(sides, lexicon, measured=False)
    if "sentiments" not in _differing(given):  # then a feeling is what is measured
        given = _given(sides, lexicon, measured=True)
    differing = _differing(given)
    if differing == ["topics", "query"]:  # like is compared with like: all of them are looked for
        given = _given(sides, lexicon, measured=True, by_topic=False)
        differing = _differing(given)
    if not differing:
        return None
    shared = {k: v for fields in given for k, v in fields.items() if k not in differing}
    shared |= days_of(periods[0]) if periods else {}
    slices = [Slice(**{k: v for k, v in fields.items() if k in differing}) for fields in given]
    return Compare(slices=tuple(slices), **shared)


def _given(
    sides: list[str], lexicon: Lexicon, *, measured: bool, by_topic: bool = True
) -> list[dict[str, Any]]:
    """What each side asks for, but for those that ask for nothing."""
    given = []
    for side in sides:
        text = Text(f" {side} ")
        text.drop(frames.COMPARING)
        if measured:
            _drop_measures(text, lexicon)
        given.append(read_posts(text, (), lexicon, by_topic=by_topic).given())
    return [fields for fields in given if fields][:_MOST]


def _differing(given: list[dict[str, Any]]) -> list[str]:
    """The fields that tell the sides apart; a topic can stand against a query."""
    if len(given) < 2:
        return []
    found = [
        name
        for name in _COMPARABLE
        if all(name in each for each in given)
        and any(each[name] != given[0][name] for each in given)
    ]
    if found:
        return found
    subjects = {"topics", "query"}
    return ["topics", "query"] if all(subjects & each.keys() for each in given) else []


def _drop_measures(text: Text, lexicon: Lexicon) -> None:
    """What is measured by comparing is no filter: happier, complain more."""
    text.drop(frames.MORE_OR_LESS)
    words = [" " if _is_measure(word, lexicon) else word for word in text.left.split(" ")]
    text.left = " ".join(words)


def _is_measure(word: str, lexicon: Lexicon) -> bool:
    low = word.lower()
    return (low in COMPARATIVES or bool(frames.VERB_OF_MOOD.fullmatch(low))) and bool(
        felt(low, lexicon)
    )


def _with_topics_as_one_word(text: str, lexicon: Lexicon) -> str:
    """Topics of two words by their names: what joins the words would part the sides."""
    for words, name in lexicon.topics.items():
        if " & " in words or " and " in words:
            text = re.sub(rf"\b{re.escape(words)}\b", name, text, flags=re.IGNORECASE)
    return text


def _sides(text: str) -> list[str]:
    """What stands on the sides of the strongest word between; commas part them as well."""
    for pattern in frames.BETWEEN_SIDES:
        sides = re.split(pattern, text, flags=re.IGNORECASE)
        if len(sides) > 1:
            return [part for side in sides for part in side.split(",")]
    return []
