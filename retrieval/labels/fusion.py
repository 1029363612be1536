"""How what the caption says and what the picture shows become one label.

The weights in fusion.json come with their provenance; those for topics are made by
`python -m training.fusion`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.labels.scores import is_known
from retrieval.vectors import logistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.labels.scores import Scores

FUSION_FILE = Path(__file__).with_name("fusion.json")

# The weight of each of two texts about one picture, which say partly the same. A prior: there are
# no descriptions with truth here to learn it from.
_PER_TEXT = 0.7

_SURE = 1e-6  # scores are kept this far from 0 and 1, so that no side can outvote the other alone


class TopicWeights(NamedTuple):
    """What makes one score of a topic from the caption's and the picture's.

    `said` is the highest score that the caption has for any topic. A caption that is near none
    says nothing, which is no evidence against each of them: with it the picture counts more.
    """

    caption: float  # of the caption's log-odds
    image: float  # of the picture's log-odds
    said: float
    image_said: float  # of the picture's log-odds times `said`
    bias: float
    by_topic: Mapping[str, float]  # added to `image`: what classes of things can tell of a topic


@dataclass(frozen=True, slots=True)
class Fusion:
    """Late fusion: every side is calibrated by itself, then their log-odds are added up."""

    caption_topics: tuple[float, float, float]  # weights of z-score, of a known word; bias
    image_topics: tuple[float, float]  # weight of the z-score; bias
    topics: TopicWeights
    cuts: tuple[float, float, float]  # the least score that shows a topic: caption, image, both
    sentiment: tuple[float, float]  # weights of the caption's and the picture's log scores
    version: str

    def caption_topic_scores(
        self, z: NDArray[np.float32], words: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Shape of `z`: calibrated scores from z-scores and whether a topic's word is there."""
        weight, word, bias = self.caption_topics
        return _logistic(weight * z + word * words + bias)

    def image_topic_scores(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape of `z`: calibrated scores of an encoder that gives z-scores."""
        weight, bias = self.image_topics
        return _logistic(weight * z + bias)

    def weights_of_pictures(self, topics: Sequence[str], *, of_classes: bool) -> Scores:
        """Shape (topics,): what a picture's log-odds count for each.

        `of_classes`: the encoder tells pictures by classes of things, as the one does that these
        were learned with. Of any other, and of topics that it had too few examples of, all count
        alike.
        """
        shared, by_topic = self.topics.image, self.topics.by_topic if of_classes else {}
        return np.array([shared + by_topic.get(name, 0.0) for name in topics], dtype=np.float32)

    def fused_topics(self, caption: Scores, image: Scores, of_pictures: Scores) -> Scores:
        """Shape (n, topics): of both sides where there are both, else of the one there is.

        `of_pictures` are `weights_of_pictures`.
        """
        weights = self.topics
        said = caption.max(axis=1, keepdims=True, initial=0)
        on_image = of_pictures + weights.image_said * said
        logits = weights.caption * _log_odds(caption) + on_image * _log_odds(image)
        both = _logistic(logits + weights.said * said + weights.bias)
        return _where_both(both, caption, image)

    def described_topics(self, caption: Scores, description: Scores) -> Scores:
        """Shape (n, topics): of both texts; NaN without a description: that arm is then absent."""
        both = _logistic(_PER_TEXT * (_log_odds(caption) + _log_odds(description)))
        fused: Scores = np.where(is_known(caption)[:, None], both, description)
        return fused.astype(np.float32)

    def fused_sentiment(self, caption: Scores, image: Scores) -> Scores:
        """Shape (n, 3): a weighted product of the two distributions, made to sum to 1."""
        on_caption, on_image = self.sentiment
        product = np.exp(on_caption * _log(caption) + on_image * _log(image))
        both: Scores = product / product.sum(axis=1, keepdims=True)
        return _where_both(both, caption, image)


@cache
def load_fusion() -> Fusion:
    """The fusion whose weights lie beside this module."""
    content = FUSION_FILE.read_bytes()
    weights = json.loads(content)["weights"]
    topics = TopicWeights(**weights.pop("topics"))
    return Fusion(
        **{name: tuple(values.values()) for name, values in weights.items()},
        topics=topics,
        version=f"fusion@{hashlib.sha256(content).hexdigest()[:12]}",
    )


def _where_both(both: Scores, caption: Scores, image: Scores) -> Scores:
    has_caption, has_image = is_known(caption)[:, None], is_known(image)[:, None]
    fused: Scores = np.where(has_image, np.where(has_caption, both, image), caption)
    return fused.astype(np.float32)


def _logistic(logits: NDArray[Any]) -> NDArray[np.float32]:
    return logistic(logits).astype(np.float32)


def _log(scores: Scores) -> NDArray[np.float32]:
    logs: NDArray[np.float32] = np.log(np.clip(scores, _SURE, 1 - _SURE))
    return logs


def _log_odds(scores: Scores) -> NDArray[np.float32]:
    return _log(scores) - _log(1 - scores)
