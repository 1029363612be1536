"""Arguments and posts in words, as people say them."""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from retrieval.captions import for_model
from retrieval.catalog.dates import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.records import Post, PostLabels

    Titles = Mapping[str, str]  # of topics, by their names

_LONGEST = 200  # characters of a caption in a sentence


def named(asked: object, titles: Titles) -> list[str]:
    """A phrase for each thing that is asked for: “dogs”, negative, 2021."""
    return [phrase for _, phrase in named_parts(asked, titles)]


def in_one(asked: object, titles: Titles) -> str:
    """All of it in one phrase."""
    return "; ".join(named(asked, titles)) or "all posts"


def named_parts(asked: object, titles: Titles) -> list[tuple[tuple[str, ...], str]]:
    """The same, each with the arguments that say it."""
    parts: list[tuple[tuple[str, ...], str]] = []
    if query := getattr(asked, "query", ""):
        parts.append((("query",), f"“{query}”"))
    if sentiments := getattr(asked, "sentiments", ()):
        parts.append((("sentiments",), " or ".join(sentiments)))
    if topics := getattr(asked, "topics", ()):
        parts.append((("topics",), " or ".join(titles.get(name, name) for name in topics)))
    since, until = getattr(asked, "since", None), getattr(asked, "until", None)
    if since or until:
        parts.append((("since", "until"), period(since, until)))
    if month_day := getattr(asked, "month_day", None):
        parts.append((("month_day",), f"{month_day} of any year"))
    if sources := getattr(asked, "sources", ()):
        parts.append((("sources",), "from " + " or ".join(map(source_title, sources))))
    if (captioned := getattr(asked, "has_caption", None)) is not None:
        parts.append((("has_caption",), "with a caption" if captioned else "without a caption"))
    if about := getattr(asked, "disagreement", None):
        parts.append((("disagreement",), f"caption and picture disagree about {about}"))
    return parts


def about_time(seconds: float) -> str:
    """A span of time as nobody would measure it: “a few seconds”, “about 3 minutes”."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 50:
        return f"about {round(seconds, -1):.0f} seconds"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return "about a minute" if minutes == 1 else f"about {minutes} minutes"
    hours = round(seconds / 3600)
    return "about an hour" if hours == 1 else f"about {hours} hours"


def period(since: str | None, until: str | None) -> str:
    """Such as “2021”, “March 2021”, “2019 to 2021”, “since 2021-03-14”."""
    if since is None or until is None:
        return f"until {until}" if since is None else f"since {_short(since)}"
    if len(since) == len(until) == 10:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
        if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
            return str(first.year) if first.year == last.year else f"{first.year} to {last.year}"
        if first == last:
            return since
        whole = first.day == 1 and (last.toordinal() + 1 == _next_month(last).toordinal())
        if whole and (first.year, first.month) == (last.year, last.month):
            return f"{first:%B %Y}"
        if whole:
            return f"{first:%B %Y} to {last:%B %Y}"
    return since if since == until else f"{since} to {until}"


def _short(day: str) -> str:
    return day[:4] if day.endswith("-01-01") else day


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def source_title(source: str) -> str:
    """What a source is called: the last part of where it lies, without its kind."""
    _, _, location = source.partition(":")
    return PurePath(location).name or source


def shown_date(post: Post) -> str:
    """The day of a post."""
    return "no date" if post.created_at is None else written(post.created_at)[:10]


def described(post: Post, labels: PostLabels, titles: Titles) -> str:
    """A post's caption in quotation marks, and its labels with where they come from."""
    caption = " ".join(for_model(post.caption).split())
    if len(caption) > _LONGEST:
        caption = caption[:_LONGEST] + " …"
    sentiment = labels.sentiment
    told: str = sentiment.name or "sentiment not determined"
    if sentiment.source == "you":
        told += " (you said so)"
    elif sentiment.score is not None:
        told += f" {sentiment.score:.2f} (by {_whose(sentiment.source)})"
    topics = ", ".join(titles.get(name, name) for name in labels.topics.names) or "not determined"
    quoted = f"“{caption}”" if caption else "no caption"
    return f"{quoted} · {told} · topics: {topics}"


def _whose(source: str | None) -> str:
    return {"both": "caption and picture", "image": "the picture"}.get(source or "", "the caption")
