"""Which posts a search may find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.labels.taxonomy import check_topics
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.labels.view import LabelView
    from retrieval.records import Sentiment


@dataclass(frozen=True, slots=True)
class Filters:
    """What a post must have; nothing set lets every post through."""

    sentiments: frozenset[Sentiment] = frozenset()  # one of these
    topics: frozenset[str] = frozenset()  # at least one of these, by name

    def mask(self, labels: LabelView) -> NDArray[np.bool_]:
        """Shape (posts,): the posts that pass.

        Raises:
            BadOption: a topic is not one of the gallery's.

        """
        check_topics(sorted(self.topics), labels.topic_names[:-1])
        passing = np.ones(len(labels.sentiments), dtype=np.bool_)
        if self.sentiments:
            codes = [SENTIMENTS.index(name) for name in self.sentiments]
            passing &= np.isin(labels.sentiments, codes)
        if self.topics:
            columns = [labels.topic_names.index(name) for name in self.topics]
            passing &= labels.topics[:, columns].any(axis=1)
        return passing
