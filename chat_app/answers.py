"""Sentences from results: nothing stands in them that a tool did not find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat_app.arguments import SearchPosts
from chat_app.results import Compared, Counted, Found, Shown, Similar, held_back
from chat_app.safe_text import plain_text
from chat_app.wording import described, in_one, named, shown_date
from retrieval.cli import count
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chat_app.results import Part, Result
    from chat_app.understanding.plan import Plan
    from chat_app.wording import Titles

_MOST_LINES = 12  # of a table in a sentence
_FEW = 5  # posts, below which a share says little

_REFUSAL = (
    "I can only look things up. To change or delete a post, do it where the files lie and run "
    "`python -m indexer build` again. To correct a label, open its picture on the page, or run "
    "`python -m indexer overrides set POST_ID`. Posts of a whole source leave the gallery under "
    "“Add posts”, or by `python -m indexer forget SOURCE`; their files stay."
)
_HELP = (
    "Ask about your posts: find them (“sad pictures from last summer”), count them (“how many "
    "posts about food per year?”), compare (“am I happier in 2019 or 2021?”), look closer (“show "
    "the second”, “similar to the first”), and go on from there (“only the happy ones”, “and in "
    "2021?”). To correct a label, open its picture on the page; to add posts or to change them, do "
    "it where the files lie and run `python -m indexer build`."
)


def answer(plan: Plan, result: Result | None, titles: Titles, examples: Sequence[str] = ()) -> str:
    """What to say about a plan's result; without one, why there is none."""
    if result is None:
        return _without_result(plan, examples)
    if isinstance(result, Found):
        return _found(result, titles)
    if isinstance(result, Counted):
        return _counted(result, titles)
    if isinstance(result, Compared):
        return _compared(result, titles)
    return _shown(result, titles) if isinstance(result, Shown) else _similar(result)


def refused_by_tool(reason: str) -> str:
    """A tool's advice as an answer."""
    return f"That did not work: {reason.strip().removesuffix('.')}."


def _without_result(plan: Plan, examples: Sequence[str]) -> str:
    if plan.kind == "refusal":
        return _REFUSAL
    if plan.kind == "thanks":
        return "You are welcome."
    if plan.kind == "help":
        return _HELP
    told = "".join(f"\n- {example}" for example in examples)
    return f"I did not understand that. Questions that work here, for example:{told or ' help'}"


def _found(result: Found, titles: Titles) -> str:
    like = ["your picture"] if result.like_picture else []
    which = " · ".join([*like, *named(result.asked, titles)]) or "that"
    if not result.hits:
        return f"No post matches {which}.{_held_back(result)}"
    if result.dropped:
        return f"No post matches {which}. Without {_dropped(result, titles)} these do:"
    if not result.sure:
        nearest = "These come closest, but I am less sure of them:"
        return f"Nothing surely matches {which}.{_held_back(result)} {nearest}"
    if result.like_picture:
        return (
            f"{count(len(result.hits), 'picture')} closest to yours{_parts(result.asked, titles)}."
        )
    posts = count(result.posts, "post")
    shown = sum(hit.sure for hit in result.hits)
    more = _more(shown, result.pictures)
    return f"{posts}{_parts(result.asked, titles)}.{more}{_less_sure(result)}"


def _more(shown: int, pictures: int) -> str:
    """That there are more pictures than are shown."""
    if shown >= pictures:
        return ""
    first = "Here is the first" if shown == 1 else f"Here are the first {shown}"
    return f" {first} of {pictures:,} pictures."


def _dropped(result: Found, titles: Titles) -> str:
    fields = {"since", "until"} if result.dropped == "since" else {result.dropped}
    return in_one(SearchPosts(**result.asked.model_dump(include=fields)), titles)


def _less_sure(result: Found | Counted) -> str:
    return f" Of {result.less_sure:,} more I am less sure." if result.less_sure else ""


def _held_back(result: Found | Counted) -> str:
    held = held_back(result)
    return f" Without your filters {held:,} would." if held else ""


def _counted(result: Counted, titles: Titles) -> str:
    asked = result.asked
    what = _parts(asked, titles)
    head = f"{count(result.posts, 'post')}{what}"
    if not what:
        head += " in all"
    elif result.of and not result.pairs:
        head += f", {result.posts / result.of:.0%} of {result.of:,}"
    if result.pairs:
        return f"{head}.\n" + "\n".join(_lines_of_pairs(result.pairs, titles))
    if result.counts:
        return f"{head}, by {asked.group_by[0]}.\n" + "\n".join(_lines(result, titles))
    return f"{head}.{_less_sure(result)}{_held_back(result)}"


def _lines(result: Counted, titles: Titles) -> list[str]:
    """A line a group, with its share: of the posts counted, or of all posts of that group."""
    counts, out_of = result.counts, result.out_of
    if result.asked.group_by[0] in ("year", "month"):
        order = list(counts)
    else:
        order = sorted(counts, key=lambda name: -counts[name])
    lines = [
        f"- {titles.get(name, name)}: {counts[name]:,} ({share(result, name)})"
        for name in order[-_MOST_LINES:]
    ]
    if best := _highest(counts, out_of, titles):
        lines.append(best)
    return lines


def share(result: Counted, name: str) -> str:
    """A group's share of the posts counted, or of all posts of that group: "25% of 8"."""
    whole = result.out_of.get(name, result.posts)
    return f"{result.counts[name] / whole:.0%} of {whole:,}" if whole else "–"


def _highest(counts: Mapping[str, int], out_of: Mapping[str, int], titles: Titles) -> str | None:
    """Where the share is highest, among groups that have enough posts to say so."""
    shares = {name: counts[name] / whole for name, whole in out_of.items() if whole >= _FEW}
    if len(shares) < 2:
        return None
    name = max(shares, key=lambda each: shares[each])
    where = f"{titles.get(name, name)} ({shares[name]:.0%})"
    return f"Highest share, of groups with {_FEW} posts or more: {where}."


def _lines_of_pairs(pairs: Mapping[str, Mapping[str, int]], titles: Titles) -> list[str]:
    lines = []
    for name, line in list(pairs.items())[-_MOST_LINES:]:
        each = (f"{titles.get(other, other)} {n:,}" for other, n in line.items() if n)
        told = ", ".join(each)
        lines.append(f"- {titles.get(name, name)}: {told} (n = {sum(line.values()):,})")
    return lines


def _compared(result: Compared, titles: Titles) -> str:
    lines = [f"- {in_one(part.asked, titles)}: {_told_part(part)}" for part in result.parts]
    shared = "; ".join(named(result.asked, titles))
    first = [f"Compared ({shared}):" if shared else "Compared:", *_foremost(result.parts, titles)]
    return "\n".join([" ".join(first), *lines])


def _foremost(parts: Sequence[Part], titles: Titles) -> list[str]:
    """Which side is the most positive, or that the foremost are level; which has the most posts."""
    told, positive = [], ""
    if not any(part.asked.sentiments for part in parts) and all(map(_known, parts)):
        shares = [part.sentiments.get("positive", 0) / _known(part) for part in parts]
        if positive := _ahead(parts, shares, titles):
            few = " (of few posts)" if min(map(_known, parts)) < _FEW else ""
            told.append(f"{positive} is the most positive{few}")
        elif max(shares) > 0:
            told.append("no side is more positive")
    most = _ahead(parts, [part.posts for part in parts], titles)
    if most and most == positive:
        told = [f"{told[0]} and has the most posts"]
    elif most:
        told.append(f"{most} has the most posts")
    return [f"{', '.join(told)}."] if told else []


def _ahead(parts: Sequence[Part], values: Sequence[float], titles: Titles) -> str:
    """The side with the largest value; "" where several have it."""
    largest = max(values)
    if values.count(largest) > 1:
        return ""
    return in_one(parts[values.index(largest)].asked, titles)


def _known(part: Part) -> int:
    """Posts whose sentiment is determined."""
    return sum(part.sentiments.get(name, 0) for name in SENTIMENTS)


def _told_part(part: Part) -> str:
    known = _known(part)
    told = count(part.posts, "post")
    if known and not part.asked.sentiments:
        shares = (f"{part.sentiments[name] / known:.0%} {name}" for name in reversed(SENTIMENTS))
        told += f", {', '.join(shares)} (n = {known:,})"
    return told


def _shown(result: Shown, titles: Titles) -> str:
    lines = []
    for post, labels in zip(result.hit.posts, result.hit.labels, strict=True):
        lines.append(f"{shown_date(post)}: {plain_text(described(post, labels, titles))}")
    return "\n".join(lines)


def _similar(result: Similar) -> str:
    if not result.hits:
        return "The gallery has nothing else to show."
    return f"{count(len(result.hits), 'picture')} like that one, the most alike first."


def _parts(asked: object, titles: Titles) -> str:
    """What was asked for, after a count: " · negative · 2021"."""
    return "".join(f" · {part}" for part in named(asked, titles))
