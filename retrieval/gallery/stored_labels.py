"""What a generation keeps of labels: the scores of every post, and what made them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

_METADATA = 3  # which keys Chroma is told of a post; raise it with them, and writers tell it again


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """What made a generation's labels."""

    sentiment_model: str  # how to ask for it again
    sentiment: str  # the version of the caption sentiment model
    image: str  # the version of the picture labels
    fusion: str
    taxonomy: str  # SHA-256 of the topics' file
    taxonomy_path: str  # absolute; empty: the file that comes with the project
    topics: tuple[tuple[str, str], ...]  # name and title of each, in the order of the scores
    cuts: tuple[float, float, float]  # the least score that shows a topic: caption, image, both

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> LabelRecord:
        """The inverse of `dataclasses.asdict`."""
        topics = tuple((name, title) for name, title in fields["topics"])
        return cls(**{**fields, "topics": topics, "cuts": tuple(fields["cuts"])})

    @property
    def names(self) -> tuple[str, ...]:
        """The topics' names, in the order of the scores."""
        return tuple(name for name, _ in self.topics)

    @property
    def digest(self) -> str:
        """Equal for labels made alike, and told to Chroma under the same keys."""
        fields = {**asdict(self), "metadata": _METADATA}
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LabelArrays:
    """The scores of n posts, each array of shape (n, classes), float32.

    A row of NaN says *not determined*: there is nothing to judge by, or no model that can.
    """

    caption_sentiment: Scores  # SENTIMENTS
    image_sentiment: Scores
    sentiment: Scores  # of both, fused
    caption_topics: Scores  # the taxonomy's topics
    image_topics: Scores
    topics: Scores
    described_topics: Scores  # of the caption and the picture's description, where it has one

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(field.name for field in fields(cls))
