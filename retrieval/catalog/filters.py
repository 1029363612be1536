"""Which posts a search may find: one object, as a mask over the catalog and as Chroma's `where`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from retrieval.catalog.dates import first_second, second_after
from retrieval.errors import BadOption, shown
from retrieval.labels.scores import NOT_DETERMINED
from retrieval.labels.taxonomy import check_topics
from retrieval.records import SENTIMENTS, UNDETERMINED, month_day_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from retrieval.catalog.columns import Columns
    from retrieval.records import Disagreement, FeltAs, Side

    Mask = NDArray[np.bool_]
    Where = dict[str, Any]

_SENTIMENT_KEY = {
    "both": "sentiment",
    "caption": "caption_sentiment",
    "image": "image_sentiment",
}
_NO_POST: Where = {"image_id": ""}  # Chroma has no other word for "nothing"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a post must have; nothing set lets every post through. All that is set must hold."""

    sentiments: frozenset[FeltAs] = frozenset()  # one of these
    sentiment_by: Side = "both"  # whose sentiment: the one that holds, or one side's alone
    topics: frozenset[str] = frozenset()  # by name
    topics_match: Literal["any", "all"] = "any"
    since: int | None = None  # seconds since 1970; that second included
    before: int | None = None  # seconds since 1970; that second excluded
    sources: frozenset[str] = frozenset()  # one of these
    has_caption: bool | None = None
    disagreement: Disagreement | None = None  # what caption and picture are not at one about
    month_day: tuple[int, int] | None = None  # month from 1, day from 1; of any year
    pictures: frozenset[str] | None = None  # shows one of these, by id; None: any
    also: Filters | None = None  # must hold as well: "any of these" and "any of those"

    def both(self, other: Filters) -> Filters:
        """What passes these filters and the others: neither can be widened by the other."""
        if other.is_empty or self.is_empty:
            return self if other.is_empty else other
        return replace(self, also=other if self.also is None else self.also.both(other))

    @property
    def is_empty(self) -> bool:
        """Whether every post passes."""
        return self == EVERYTHING

    def unanswerable(self, columns: Columns) -> str | None:
        """Why these filters can find nothing in this gallery, or None.

        An encoder that was not trained on captions cannot judge how a picture feels.
        """
        by_picture = self.sentiment_by == "image" and self.sentiments - {UNDETERMINED}
        if (by_picture or self.disagreement == "sentiment") and (
            columns.sentiments("image") == NOT_DETERMINED
        ).all():
            return (
                "how its pictures feel is not determined in this gallery, since its picture "
                "encoder cannot judge that; one built with CLIP can"
            )
        return None if self.also is None else self.also.unanswerable(columns)

    def mask(self, columns: Columns) -> Mask:
        """Shape (posts,): the posts that pass.

        Raises:
            BadOption: a topic or a source is not one of the gallery's.

        """
        check_topics(sorted(self.topics), columns.topic_names)
        check_sources(self.sources, columns.source_names)
        return reduce(np.logical_and, self._masks(columns), np.ones(len(columns), dtype=np.bool_))

    def _masks(self, columns: Columns) -> list[Mask]:
        masks: list[Mask] = []
        if self.sentiments:
            codes = [
                NOT_DETERMINED if name == UNDETERMINED else SENTIMENTS.index(name)
                for name in self.sentiments
            ]
            masks.append(np.isin(columns.sentiments(self.sentiment_by), codes))
        if self.topics:
            about = columns.topics[:, [columns.topic_names.index(name) for name in self.topics]]
            enough = np.any if self.topics_match == "any" else np.all
            masks.append(np.asarray(enough(about, axis=1)))
        if self.sources:
            codes = [columns.source_names.index(name) for name in self.sources]
            masks.append(np.isin(columns.sources, codes))
        if self.has_caption is not None:
            masks.append(np.equal(columns.has_caption, self.has_caption))
        if self.disagreement is not None:
            masks.append(columns.disagreement(self.disagreement))
        if self.pictures is not None:
            masks.append(columns.shows_one_of(self.pictures))
        if self.also is not None:
            masks.append(self.also.mask(columns))
        return masks + self._date_masks(columns)

    def _date_masks(self, columns: Columns) -> list[Mask]:
        masks: list[Mask] = []
        if self.since is not None:
            masks.append(columns.created_at >= self.since)  # a post without a date is NaN: never
        if self.before is not None:
            masks.append(columns.created_at < self.before)
        if self.month_day is not None:
            masks.append(columns.month_days == month_day_number(self.month_day))
        return masks

    def where(self) -> Where | None:
        """The same posts in Chroma's collection of captions; None: all of them.

        A post without a caption is not in that collection, whatever it passes.
        """
        return _joined("$and", self._clauses())

    def _clauses(self) -> list[Where]:
        clauses = [*self._label_clauses(), *self._date_clauses()]
        if self.sources:
            clauses.append({"source": {"$in": sorted(self.sources)}})
        if self.has_caption is False or self.pictures == frozenset():
            clauses.append(_NO_POST)
        if self.pictures:
            clauses.append({"image_id": {"$in": sorted(self.pictures)}})
        return clauses if self.also is None else clauses + self.also._clauses()

    def _label_clauses(self) -> list[Where]:
        clauses: list[Where] = []
        if self.sentiments:
            key = _SENTIMENT_KEY[self.sentiment_by]
            named = [name for name in SENTIMENTS if name in self.sentiments]
            others = [name for name in SENTIMENTS if name not in self.sentiments]
            if UNDETERMINED not in self.sentiments:
                clauses.append({key: {"$in": named}})
            elif others:  # $nin also matches what lacks the key, which is how undetermined is kept
                clauses.append({key: {"$nin": others}})
        if self.topics:
            about = [{"topics": {"$contains": name}} for name in sorted(self.topics)]
            joined = _joined("$or" if self.topics_match == "any" else "$and", about)
            clauses.append(joined or {})
        if self.disagreement is not None:
            clauses.append({"disagreement": {"$contains": self.disagreement}})
        return clauses

    def _date_clauses(self) -> list[Where]:
        clauses: list[Where] = []
        if self.since is not None:
            clauses.append({"created_at": {"$gte": self.since}})
        if self.before is not None:
            clauses.append({"created_at": {"$lt": self.before}})
        if self.month_day is not None:
            clauses.append({"month_day": month_day_number(self.month_day)})
        return clauses


EVERYTHING = Filters()


def date_range(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """The `since` and `before` of dates as people type them; the last one is included whole.

    Raises:
        BadOption: one is no date, or the last lies before the first.

    """
    first = None if since is None else first_second(since)
    end = None if until is None else second_after(until)
    if first is not None and end is not None and end <= first:
        raise BadOption(f"no post is both since {since} and until {until}; swap the two dates")
    return first, end


def check_sources(names: Iterable[str], known: Sequence[str]) -> None:
    """Refuse sources that a gallery does not have.

    Raises:
        BadOption: names the first and lists what is allowed.

    """
    if unknown := sorted(set(names) - set(known)):
        raise BadOption(f"unknown source {shown(unknown[0])}; choose from {', '.join(known)}")


def _joined(operator: str, clauses: list[Where]) -> Where | None:
    """Chroma refuses an operator over less than two clauses."""
    if len(clauses) < 2:
        return clauses[0] if clauses else None
    return {operator: clauses}
