"""How many posts there are of each kind: counted in the catalog, under any filter."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from retrieval.records import DISAGREEMENTS, SENTIMENTS, UNDETERMINED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.catalog.columns import Columns

Facet = Literal[
    "sentiment",
    "caption_sentiment",
    "image_sentiment",
    "topic",
    "source",
    "year",
    "month",
    "weekday",
    "hour",
    "caption",
    "disagreement",
]
FACETS: tuple[Facet, ...] = get_args(Facet)

UNDATED = "no date"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02}" for hour in range(24))


class _Coded(NamedTuple):
    """A facet of which every post has exactly one value."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]  # (posts,): the place of each post's value

    def of(self, passing: NDArray[np.bool_]) -> _Coded:
        return self._replace(codes=self.codes[passing])

    def counts(self) -> NDArray[np.int64]:
        return np.bincount(self.codes, minlength=len(self.names))


class _Several(NamedTuple):
    """A facet of which a post can have any number of values."""

    names: tuple[str, ...]
    members: NDArray[np.bool_]  # (posts, values)

    def of(self, passing: NDArray[np.bool_]) -> _Several:
        return self._replace(members=self.members[passing])

    def counts(self) -> NDArray[np.int64]:
        return np.asarray(self.members.sum(axis=0))


class Facets:
    """Counts posts by what they have in common. Remembers what it has worked out: keep it."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._values = cache(self._values_of)

    def count(self, by: Facet, passing: NDArray[np.bool_]) -> dict[str, int]:
        """How many of the passing posts each value of a facet has, also those that have none.

        A post with several topics counts under each.
        """
        values = self._values(by).of(passing)
        return dict(zip(values.names, values.counts().tolist(), strict=True))

    def count_pairs(
        self, by: Facet, and_by: Facet, passing: NDArray[np.bool_]
    ) -> dict[str, dict[str, int]]:
        """How many of the passing posts each pair of values has: by the first, then the second."""
        one, other = self._values(by).of(passing), self._values(and_by).of(passing)
        return {
            name: dict(zip(other.names, line, strict=True))
            for name, line in zip(one.names, _pairs(one, other).tolist(), strict=True)
        }

    def _values_of(self, facet: Facet) -> _Coded | _Several:
        columns = self._columns
        if facet == "topic":
            return _Several(columns.topic_names, columns.topics)
        if facet == "disagreement":
            found = [columns.disagreement(about) for about in DISAGREEMENTS]
            return _Several(DISAGREEMENTS, np.stack(found, axis=1))
        return _Coded(*self._coded(facet))

    def _coded(self, facet: Facet) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        columns = self._columns
        if facet == "source":
            return columns.source_names, columns.sources
        if facet == "caption":
            return ("no caption", "caption"), columns.has_caption.astype(np.int64)
        if facet in ("year", "month"):
            return _periods(columns.months, 12 if facet == "year" else 1)
        if facet in ("weekday", "hour"):
            names, codes = (
                (WEEKDAYS, columns.weekdays) if facet == "weekday" else (HOURS, columns.hours)
            )
            return (*names, UNDATED), np.where(codes < 0, len(names), codes)
        codes = {
            "sentiment": columns.sentiments("both"),
            "caption_sentiment": columns.sentiments("caption"),
            "image_sentiment": columns.sentiments("image"),
        }[facet].astype(np.int64)
        return (*SENTIMENTS, UNDETERMINED), np.where(codes < 0, len(SENTIMENTS), codes)


def _pairs(one: _Coded | _Several, other: _Coded | _Several) -> NDArray[np.int64]:
    """Shape (values, values): how many posts have both."""
    if isinstance(one, _Several):
        if isinstance(other, _Coded):
            return _pairs(other, one).T
        # float32 counts exactly up to 16 million
        products = one.members.T.astype(np.float32) @ other.members.astype(np.float32)
        return products.astype(np.int64)
    if isinstance(other, _Several):
        columns = [one.of(column).counts() for column in other.members.T]
        return np.stack(columns, axis=1)
    together = one.codes * len(other.names) + other.codes
    counts = np.bincount(together, minlength=len(one.names) * len(other.names))
    return counts.reshape(len(one.names), len(other.names))


def _periods(months: NDArray[np.int64], length: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The periods that have posts, in order, and for every post the place of its own."""
    periods = np.where(months < 0, np.iinfo(np.int64).max, months // length)  # undated: last
    found, places = np.unique(periods, return_inverse=True)
    return tuple(_period_name(int(period), length) for period in found), places


def _period_name(period: int, length: int) -> str:
    if period == np.iinfo(np.int64).max:
        return UNDATED
    year, month = divmod(period * length, 12)
    return f"{year:04}" if length == 12 else f"{year:04}-{month + 1:02}"
