"""The catalog's columns that posts are filtered and counted by, one entry a post."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from retrieval.gallery.generation import Generation
    from retrieval.labels.scores import Codes, Scores
    from retrieval.labels.view import LabelView
    from retrieval.records import Disagreement, Side

    Moments = NDArray[np.datetime64]

_THURSDAY = 3  # days since Monday of the day that 1970 began with


class Columns:
    """What is known about n posts, by row; a column is read at first use."""

    def __init__(self, generation: Generation, labels: LabelView) -> None:
        self._generation = generation
        self._labels = labels

    def __len__(self) -> int:
        return len(self._generation.caption_rows)

    def sentiments(self, side: Side = "both") -> Codes:
        """Shape (n,): places in SENTIMENTS, or NOT_DETERMINED."""
        if side == "caption":
            return self._labels.caption_sentiments
        return self._labels.image_sentiments if side == "image" else self._labels.sentiments

    @property
    def sentiment_scores(self) -> Scores:
        """Shape (n, 3): of SENTIMENTS, in [0, 1], NaN where not determined; by the models alone."""
        return self._labels.sentiment_scores

    @property
    def topic_names(self) -> tuple[str, ...]:
        """The columns of `topics`, the last of which is OTHER."""
        return self._labels.topic_names

    @property
    def topic_titles(self) -> dict[str, str]:
        """How pages and reports call the topics, by name."""
        return self._labels.topic_titles

    @property
    def topics(self) -> NDArray[np.bool_]:
        """Shape (n, len(topic_names)): what each post is shown under."""
        return self._labels.topics

    def disagreement(self, about: Disagreement) -> NDArray[np.bool_]:
        """Shape (n,): where caption and picture are not at one."""
        return self._labels.disagreement(about)

    @cached_property
    def created_at(self) -> NDArray[np.float64]:
        """Shape (n,): seconds since 1970; NaN where there is no date."""
        return self._generation.created_at

    @property
    def picture_rows(self) -> NDArray[np.int64]:
        """Shape (n,): the row of each post's picture."""
        return self._generation.picture_rows

    def shows_one_of(self, image_ids: Collection[str]) -> NDArray[np.bool_]:
        """Shape (n,): posts that show one of these pictures; those not known are passed over."""
        wanted = [image_id in image_ids for image_id in self._generation.image_ids]
        return np.asarray(wanted, dtype=np.bool_)[self.picture_rows]

    @cached_property
    def has_caption(self) -> NDArray[np.bool_]:
        """Shape (n,)."""
        captioned: NDArray[np.bool_] = self._generation.caption_rows >= 0
        return captioned

    @cached_property
    def _sources(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        return self._generation.sources

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources, sorted."""
        return self._sources[0]

    @property
    def sources(self) -> NDArray[np.int64]:
        """Shape (n,): places in `source_names`."""
        return self._sources[1]

    @cached_property
    def months(self) -> NDArray[np.int64]:
        """Shape (n,): months since January of the year 0; -1 where there is no date."""
        return self._of_dates(lambda moments: _since(moments, "M") + 1970 * 12)

    @cached_property
    def weekdays(self) -> NDArray[np.int64]:
        """Shape (n,): days since Monday, UTC; -1 where there is no date."""
        return self._of_dates(lambda moments: (_since(moments, "D") + _THURSDAY) % 7)

    @cached_property
    def hours(self) -> NDArray[np.int64]:
        """Shape (n,): hours since midnight, UTC; -1 where there is no date."""
        return self._of_dates(lambda moments: _since(moments, "h") % 24)

    @cached_property
    def month_days(self) -> NDArray[np.int64]:
        """Shape (n,): month and day as `month_day_number` writes them; -1 without a date."""

        def read(moments: Moments) -> NDArray[np.int64]:
            month_starts = moments.astype("datetime64[M]").astype("datetime64[D]")
            day = _since(moments, "D") - month_starts.astype(np.int64) + 1
            return (_since(moments, "M") % 12 + 1) * 100 + day

        return self._of_dates(read)

    def _of_dates(self, read: Callable[[Moments], NDArray[np.int64]]) -> NDArray[np.int64]:
        """Shape (n,): what is read of every date; -1 where there is none."""
        dated = ~np.isnan(self.created_at)
        numbers = np.full(len(self), -1, dtype=np.int64)
        numbers[dated] = read(self.created_at[dated].astype(np.int64).astype("datetime64[s]"))
        return numbers


def _since(moments: Moments, unit: Literal["M", "D", "h"]) -> NDArray[np.int64]:
    """Whole months, days or hours since 1970 began."""
    return moments.astype(f"datetime64[{unit}]").astype(np.int64)
