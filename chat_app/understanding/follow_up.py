"""Questions that take up the last one: narrow it, put another thing in its place, refer to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from chat_app.arguments import Compare, Posts
from chat_app.understanding import frames
from chat_app.understanding.words import POSTS

if TYPE_CHECKING:
    from chat_app.understanding.spans import Text

Lead = Literal["replace", "narrow"]

_FEW_WORDS = 6  # of a question that is nothing but another filter, and names nothing to find
_WHOLE_QUESTION = (POSTS | {"find", "show", "which", "what", "who", "where"}) - {
    "one", "ones", "thing", "things", "stuff", "result", "results"
}  # fmt: skip
_BARE = 2  # words of a question that is nothing but a thing
_TIMES = {"since", "until", "month_day"}
_SUBJECT = {"query", "topics"}


def read_lead(text: Text) -> Lead | None:
    """How a question begins that takes the last one up: "what about …", "only …"."""
    leads: list[tuple[Lead, re.Pattern[str]]] = [
        ("replace", frames.REPLACE),
        ("narrow", frames.NARROW),
    ]
    for lead, pattern in leads:
        if found := pattern.match(text.left):
            text.left = f" {text.left[found.end() :]}"
            return lead
    if found := frames.TRAILING_ONLY.search(text.left):
        text.left = text.left[: found.start()]
        return "narrow"
    return None


def follows(
    whole: str, lead: Lead | None, given: dict[str, Any], last: Posts, *, counts_all: bool
) -> bool:
    """Whether it is about what the last question was about.

    `counts_all`: it asks how many, and of nothing in particular.
    """
    if lead is not None or counts_all:
        return True
    if "query" in given:
        known = set(last.query.split())
        has_subject = bool(_SUBJECT & last.model_dump(exclude_defaults=True).keys())
        if len(whole.split()) <= _BARE and not has_subject:  # "cats", after "posts from May 2022"
            return True
        return set(given["query"].split()) <= known or frames.AMONG.search(whole) is not None
    words = set(re.findall(r"[a-z]+", whole.lower()))
    is_elliptic = len(words) <= _FEW_WORDS and not words & _WHOLE_QUESTION
    return (bool(given) and is_elliptic) or frames.REFER.search(whole) is not None


def taken_up(whole: str, lead: Lead | None, given: dict[str, Any], last: Posts) -> dict[str, Any]:
    """What the last question asked for, with what this one names in its place."""
    fields = last.model_dump(exclude_defaults=True, include=set(Posts.model_fields))
    if _TIMES & given.keys():
        fields = {name: value for name, value in fields.items() if name not in _TIMES}
    if replaces_subject(lead, given):
        fields = {name: value for name, value in fields.items() if name not in _SUBJECT}
    query = given.get("query", "")
    is_among = frames.AMONG.search(whole) or query.startswith("-")
    if query and fields.get("query") and is_among:
        given = given | {"query": f"{fields['query']} {query}"}
    return fields | given


def replaces_subject(lead: Lead | None, given: dict[str, Any]) -> bool:
    """Whether another thing is looked for than before: "what about cats?"."""
    only_leaves_out = given.get("query", "").startswith("-")  # "the same without people"
    return lead == "replace" and bool(_SUBJECT & given.keys()) and not only_leaves_out


def compared_again(given: dict[str, Any], last: Compare) -> Compare | None:
    """The last comparison under another filter; None: another thing is looked for."""
    apart = {name for part in last.slices for name in part.model_dump(exclude_defaults=True)}
    by_time = bool(_TIMES & apart)
    if not given or "query" in given or (by_time and _TIMES & given.keys()):
        return None
    if "topics" in given and not by_time:
        return None
    return Compare(**(last.model_dump(exclude_defaults=True) | given))
