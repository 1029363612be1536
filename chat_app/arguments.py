"""What the assistant's tools can be asked; the descriptions are written for a language model."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from retrieval.catalog.facets import Facet
from retrieval.catalog.ordering import Order
from retrieval.records import Disagreement

# One list of values, so that a mistake is answered with one.
Feeling = Literal["negative", "neutral", "positive", "not determined"]

MOST_SHOWN = 24  # pictures in one answer: a page of thumbnails
_MOST_SLICES = 4


class Arguments(BaseModel):
    """The arguments of one tool. Unknown ones are passed over, as models send some."""

    model_config = ConfigDict(frozen=True)

    def given(self) -> dict[str, Any]:
        """Those that say something, as JSON."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Slice(Arguments):
    """Some of the posts, to be compared with others."""

    query: str = Field(
        default="",
        description="what the posts show or say, in a few words, such as 'dog on a beach'; "
        "'-word' looks away from something; empty where filters alone say it",
    )
    sentiments: tuple[Feeling, ...] = Field(
        default=(), description="posts of one of these sentiments"
    )
    topics: tuple[str, ...] = Field(
        default=(), description="posts about one of these topics, by name"
    )
    since: str | None = Field(
        default=None,
        description="posts of this day (2021-03-14), month (2021-03) or year, or later",
    )
    until: str | None = Field(
        default=None, description="posts of this day, month or year, or earlier"
    )


class Posts(Slice):
    """Which posts are meant. Everything that is set must hold; nothing set means all posts."""

    month_day: str | None = Field(
        default=None, description="posts of this day of any year, as MM-DD, such as 12-24"
    )
    sources: tuple[str, ...] = Field(
        default=(), description="posts from one of these sources, by name"
    )
    has_caption: bool | None = Field(
        default=None, description="only posts with, or without, a caption"
    )
    disagreement: Disagreement | None = Field(
        default=None,
        description="only posts whose caption and picture tell different things about this",
    )


class SearchPosts(Posts):
    """Find posts by what their pictures show and their captions say, and show them to the user."""

    order: Literal["relevance"] | Order = Field(
        default="relevance", description="without a query, relevance means the newest first"
    )
    limit: int = Field(
        default=8, ge=1, le=MOST_SHOWN, description="how many pictures to show at most"
    )

    def given(self) -> dict[str, Any]:
        """As of other arguments; "eight posts" were asked for though eight are shown anyway."""
        asked_for = {"limit": self.limit} if "limit" in self.model_fields_set else {}
        return super().given() | asked_for


class CountPosts(Posts):
    """Count posts, also by groups. Use it for every question of how many, how often, or when."""

    group_by: tuple[Facet, ...] = Field(
        default=(),
        max_length=2,
        description="count apart for each value of this, or for each pair of values; with "
        "sentiments set, each group comes with its share of all posts there",
    )


class Compare(Posts):
    """Compare two to four sets of posts: how many there are, how they feel, what they are about."""

    slices: tuple[Slice, ...] = Field(
        min_length=2,
        max_length=_MOST_SLICES,
        description="the sets, each with what tells it apart; what holds for all stands beside",
    )


class _OnePost(Arguments):
    number: int | None = Field(
        default=None,
        description="its place in the list that was shown last, from 1; -1 is the last",
    )
    post_id: str | None = Field(default=None, description="or its post_id")


class ShowPost(_OnePost):
    """Show everything about one post: caption, date, all labels and where they come from."""


class FindSimilar(_OnePost):
    """Find pictures like the one of a post."""
