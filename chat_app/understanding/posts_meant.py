"""Which posts a question means: feelings, topics by name, times, and what is left to look for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat_app.understanding import frames
from chat_app.understanding.spans import BREAK, Text
from chat_app.understanding.words import FEELINGS, FILLER, POSTS
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chat_app.understanding.plan import Lexicon
    from chat_app.understanding.when import Period
    from retrieval.records import FeltAs, Sentiment

_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_LEAST = 4  # letters of a word that is asked for its feeling


@dataclass
class Asked:
    """The fields of a tool's arguments as they are found."""

    query: str = ""
    sentiments: tuple[FeltAs, ...] = ()
    topics: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    month_day: str | None = None
    has_caption: bool | None = None
    disagreement: str | None = None

    def given(self) -> dict[str, Any]:
        """The fields that say something."""
        return {name: value for name, value in vars(self).items() if value not in ("", (), None)}


def read_posts(
    text: Text, periods: Sequence[Period], lexicon: Lexicon, *, by_topic: bool = True
) -> Asked:
    """Everything that narrows the posts down, and the query; `by_topic`: topics are filters."""
    asked = Asked()
    for period in periods[:1]:
        vars(asked).update(days_of(period))
    if text.take(frames.WITH_CAPTION):
        asked.has_caption = True
    elif text.take(frames.NO_CAPTION):
        asked.has_caption = False
    if text.take(frames.DISAGREE):
        asked.disagreement = "topics" if "topic" in text.left.lower() else "sentiment"
        text.drop(frames.OF_BOTH_SIDES)
    opposed = asked.disagreement is None and text.has(frames.LOOKS_OTHERWISE)
    asked.sentiments = _sentiments(text, lexicon)
    if opposed and len(asked.sentiments) > 1:  # "sad pictures whose caption is happy"
        asked.sentiments, asked.disagreement = (), "sentiment"
    text.left = frames.LEFT_OUT.sub(_minus, text.left)
    asked.topics, asked.query = _topics_and_query(text, lexicon.topics if by_topic else {})
    return asked


def days_of(period: Period) -> dict[str, Any]:
    """A period as a tool's arguments."""
    if period.month_day:
        return {"month_day": "{:02}-{:02}".format(*period.month_day)}
    days = {"since": period.since, "until": period.until}
    return {name: day.isoformat() for name, day in days.items() if day}


def felt(word: str, lexicon: Lexicon) -> Sentiment | None:
    """The feeling that a word tells, by the list or, where that lacks it, by the lexicon."""
    low = word.lower().strip("-'")
    if low in FEELINGS:
        return FEELINGS[low]
    if low in lexicon.topics or low in FILLER | POSTS or len(low) < _LEAST:
        return None
    return lexicon.feeling(low)


def _is_listed(word: str) -> bool:
    return word.lower().strip("-'") in FEELINGS


def _is_of_mood(text: str, word: re.Match[str]) -> bool:
    """Whether a word that no list has tells a mood: of posts, or of somebody; "a school play"."""
    of_posts = frames.OF_POSTS.match(text, word.end()) is not None
    return of_posts or frames.SOMEBODY_FELT.search(text[: word.start()]) is not None


def more_than(text: Text, lexicon: Lexicon) -> re.Match[str] | None:
    """Where the text sets one feeling over another: "more happy than sad"."""
    found = frames.MORE_THAN.search(text.left)
    both = found and felt(found["one"], lexicon) and felt(found["other"], lexicon)
    return found if both else None


def _sentiments(text: Text, lexicon: Lexicon) -> tuple[FeltAs, ...]:
    """Feelings that are named, and those that are left when some are ruled out."""
    if more := more_than(text, lexicon):
        text.left = text.left[: more.start()] + BREAK + text.left[more.end() :]
        one = felt(more["one"], lexicon)
        return (one,) if one else ()
    wanted: set[Sentiment] = set()
    unwanted: set[Sentiment] = set()
    pieces, last = [], 0
    for word in _WORD.finditer(text.left):
        sentiment = felt(word[0], lexicon)
        if sentiment is None or not (_is_listed(word[0]) or _is_of_mood(text.left, word)):
            continue
        before = text.left[last : word.start()]
        negation = frames.NEGATED.search(before)
        left_out = frames.LEFT_OUT_AFTER.match(text.left, word.end())
        if negation or left_out or (unwanted and frames.AND_ALSO.fullmatch(before)):
            unwanted.add(sentiment)
            pieces.append(before[: negation.start() if negation else 0] + BREAK)
        else:
            wanted.add(sentiment)
            pieces.append(before + BREAK)
        last = word.end()
    text.left = "".join(pieces) + text.left[last:]
    if not wanted and not unwanted:
        return ()
    return tuple(name for name in SENTIMENTS if name in (wanted or set(SENTIMENTS)) - unwanted)


def _minus(found: re.Match[str]) -> str:
    """What is to be left out, as a query says it: "without people" is -people."""
    word = found["word"].lower()
    return found[0] if word in FILLER | POSTS else f"{BREAK}-{word} "


def _topics_and_query(text: Text, known: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """A topic's word is a filter where it stands by itself; beside others it is looked for."""
    topics: dict[str, None] = {}
    for title in sorted((t for t in known if " " in t), key=len, reverse=True):
        if text.take(re.compile(rf"\b{re.escape(title)}\b", re.IGNORECASE)):
            topics[known[title]] = None
    words: list[str] = []
    for run in text.runs():
        named = [known.get(word.lower()) for word in run]
        if all(named):
            topics.update(dict.fromkeys(name for name in named if name))
            continue
        for word, name in zip(run, named, strict=True):
            if name and word.lower().endswith("s") and not word.startswith("-"):
                topics[name] = None  # "wild animals", but not "food truck"
            else:
                words.append(word.lower())
    return tuple(topics), " ".join(words)
