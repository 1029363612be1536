"""How things look wherever they are drawn: one colour, one icon and one name for each feeling."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retrieval.records import SENTIMENTS, UNDETERMINED, FeltAs

if TYPE_CHECKING:
    from retrieval.records import SentimentLabel


class Look(NamedTuple):
    """Of one sentiment."""

    title: str
    color: str  # of the theme
    icon: str


FEELINGS: dict[FeltAs, Look] = {
    UNDETERMINED: Look("Not determined", "gray", ":material/help:"),
    "negative": Look("Negative", "red", ":material/sentiment_dissatisfied:"),
    "neutral": Look("Neutral", "gray", ":material/sentiment_neutral:"),
    "positive": Look("Positive", "green", ":material/sentiment_satisfied:"),
}


IN_ORDER: tuple[FeltAs, ...] = (*SENTIMENTS, UNDETERMINED)  # of charts and tables


def badge(label: SentimentLabel) -> str:
    """A sentiment as Markdown."""
    look = FEELINGS[label.name or UNDETERMINED]
    return f":{look.color}-badge[{look.icon} {look.title}]"
