"""What is to be done with the posts: counted by something, put in an order, how many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from chat_app.understanding import frames
from chat_app.understanding.spans import Text, number_in
from chat_app.understanding.words import FEELINGS, SUPERLATIVES

if TYPE_CHECKING:
    from retrieval.catalog.facets import Facet
    from retrieval.catalog.ordering import Order


class Groups(NamedTuple):
    """By what posts are counted."""

    by: tuple[Facet, ...] = ()
    is_share: bool = False  # of a feeling among all: the feeling is no filter


class Ordered(NamedTuple):
    """In which order posts are shown, and how many."""

    order: Literal["relevance"] | Order = "relevance"
    limit: int | None = None


def read_groups(text: Text) -> Groups:
    """What a question wants to have counted apart."""
    if text.has(frames.MOOD_OVER_TIME):
        unit: Facet = "year" if text.has(frames.YEARS) else "month"
        text.drop(frames.OVER_TIME)
        return Groups((unit, "sentiment"))
    if found := text.take(frames.BY):
        if found["yearly"]:
            return Groups(("month",) if found["yearly"].lower() == "monthly" else ("year",))
        names = [frames.GROUPS[found[name].lower()] for name in ("one", "two") if found[name]]
        if len(names) == 1 and text.take(frames.ABOUT_MOOD):
            names.append("sentiment")  # "my mood by year"
        return Groups(tuple(dict.fromkeys(names)))
    if text.take(frames.HOW_FELT):
        return Groups(("sentiment",))
    if text.take(frames.SHARE):
        return Groups(("sentiment",), is_share=True)
    if found := text.take(frames.MOST_OF_GROUP):
        return Groups((frames.GROUPS[found["of"].lower()],))
    if text.take(frames.MOST_TOPIC):
        return Groups(("topic",))
    if found := frames.WHEN.search(text.left):
        unit = frames.GROUPS[(found["unit"] or found["unit2"] or "month").lower()]
        text.drop(frames.WHICH_PERIOD)
        return Groups((unit,))
    return Groups()


def read_first_or_last(text: Text) -> Ordered:
    """The first and the last in time: "my first picture of a dog", "the latest three"."""
    found = frames.FIRST_OR_LAST.search(text.left)
    if not found:
        return Ordered()
    after = text.left[found.end() :].strip().lower()
    if frames.PERIOD_FOLLOWS.match(after):
        return Ordered()
    number = next((found[name] for name in ("n", "n2", "n3", "n4") if found[name]), None)
    noun = frames.NOUN_FOLLOWS.match(after)
    is_plural = bool(noun and noun[0].endswith("s"))
    text.left = text.left[: found.start()] + " " + text.left[found.end() :]
    limit = number_in(number) if number else (None if is_plural else 1)
    return Ordered("oldest" if found["old"] or found["old2"] else "newest", limit)


def read_extreme(text: Text, *, alone: bool = False) -> Ordered:
    """The posts that feel most: "my saddest post"; `alone`: "the saddest" as well."""
    if alone and (bare := frames.EXTREME_ALONE.fullmatch(text.left)):
        text.left = ""
        is_positive = SUPERLATIVES[bare["word"].lower()] == "positive"
        shown = number_in(bare["n"])  # one, where no number is named
        return Ordered("most_positive" if is_positive else "most_negative", shown)
    found = text.take(frames.EXTREME)
    if not found:
        return Ordered()
    word = (found["felt"] or found["word"]).lower()
    is_positive = (SUPERLATIVES.get(word) or FEELINGS[word]) == "positive"
    if (found["most"] or "").lower() == "least":
        is_positive = not is_positive
    several = found["noun"].lower().endswith("s")
    number = found["n0"] or found["n"]
    limit = number_in(number) if number else (None if several else 1)
    return Ordered("most_positive" if is_positive else "most_negative", limit)


def read_limit(text: Text, *, alone: bool = False) -> int | None:
    """How many are asked for: "5 happy pictures"; `alone`: "make it five" as well."""
    if text.has(frames.COUNT):
        return None
    if alone and (number := frames.NUMBER_ALONE.search(text.left)):
        text.left = text.left[: number.start()]
        return number_in(number["n"])
    found = text.take(frames.LIMIT)
    return number_in(found["n"] or found["n2"] or found["n3"]) if found else None


def read_sorting(text: Text) -> Ordered:
    """An order for what is shown already: "sort them by date"."""
    found = text.take(frames.SORT)
    return Ordered(frames.ORDERS[(found["by"] or found["first"]).lower()]) if found else Ordered()
