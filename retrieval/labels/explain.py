"""Why a caption, or a picture, got its labels: which words, phrases and classes spoke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.captions import for_model, plain
from retrieval.labels.view import LabelView
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder, Vectors
    from retrieval.gallery.stored_labels import LabelArrays
    from retrieval.labels.labeller import Labeller
    from retrieval.records import PostLabels, Reading

_MOST_WORDS = 30  # of a caption, that are left out one by one
_LEAST_INFLUENCE = 0.02


@dataclass(frozen=True, slots=True)
class Explanation:
    """A post's labels with everything that led to them."""

    caption: str
    labels: PostLabels
    topic_scores: list[TopicEvidence]  # of every topic, best first
    word_influences: list[tuple[str, float]]  # what leaving a word out takes from the sentiment
    topic_words: list[tuple[str, str]]  # words that speak for a topic, with its name
    classes: list[tuple[str, float]]  # that the packaged encoder recognised, with their shares


@dataclass(frozen=True, slots=True)
class TopicEvidence:
    """What spoke for one topic; None: that side does not speak."""

    name: str
    score: float
    caption: float | None
    image: float | None
    phrase: str | None  # the one nearest to the caption
    likeness: float | None  # centred cosine to it
    picture_phrase: str | None  # the one nearest to the picture


class Explainer:
    """Labels captions, with or without a picture, outside any gallery."""

    def __init__(
        self, labeller: Labeller, image_encoder: ImageEncoder, caption_encoder: CaptionEncoder
    ) -> None:
        self._labeller = labeller
        self._image_encoder = image_encoder
        self._encoder = caption_encoder

    def label(self, captions: Sequence[str]) -> LabelView:
        """The labels of captions alone."""
        vectors = self._encoder.encode_texts(captions)
        readings = self._labeller.read(captions, vectors)
        return self._view(readings, self._arrays(captions, readings, vectors, None))

    def explain(self, caption: str, picture: Image | None) -> Explanation:
        """The labels of one post, and why."""
        image_vector = None if picture is None else self._image_encoder.encode_images([picture])[0]
        vectors = self._encoder.encode_texts([caption])
        readings = self._labeller.read([caption], vectors)
        arrays = self._arrays([caption], readings, vectors, image_vector)
        labels = self._view(readings, arrays).labels(0)
        return Explanation(
            caption=caption,
            labels=labels,
            topic_scores=self._topics(arrays, vectors, image_vector),
            word_influences=self._influences(caption, labels),
            topic_words=self._labeller.caption_topics.words_in(caption),
            classes=self._classes(picture),
        )

    def _arrays(
        self,
        captions: Sequence[str],
        readings: Sequence[Reading],
        vectors: Vectors,
        image_vector: NDArray[np.float32] | None,
    ) -> LabelArrays:
        written = [bool(for_model(caption)) for caption in captions]
        return self._labeller.label(
            captions,
            [reading if has else None for reading, has in zip(readings, written, strict=True)],
            vectors[written],
            None if image_vector is None else image_vector[None],
            np.zeros(len(captions), dtype=np.int64),
        )

    def _view(self, readings: Sequence[Reading], arrays: LabelArrays) -> LabelView:
        languages = [reading.language for reading in readings]
        return LabelView(self._labeller.record, arrays, languages, [None] * len(languages))

    def _classes(self, picture: Image | None) -> list[tuple[str, float]]:
        from retrieval.encoders.packaged import PackagedEncoder

        if picture is None or not isinstance(self._image_encoder, PackagedEncoder):
            return []
        return self._image_encoder.recognise(picture)

    def _topics(
        self, arrays: LabelArrays, vectors: Vectors, image_vector: NDArray[np.float32] | None
    ) -> list[TopicEvidence]:
        if np.isnan(arrays.topics[0]).all():
            return []
        spoken = not np.isnan(arrays.caption_topics[0]).all()
        nearest: Any = self._labeller.caption_topics.nearest_phrases(vectors[0])
        labels = self._labeller.pictures
        shown = None if image_vector is None else labels.nearest_phrases(image_vector)
        found = [
            TopicEvidence(
                name=topic.name,
                score=float(arrays.topics[0, place]),
                caption=_number(arrays.caption_topics[0, place]),
                image=_number(arrays.image_topics[0, place]),
                phrase=nearest[place][0] if spoken else None,
                likeness=nearest[place][1] if spoken else None,
                picture_phrase=None if shown is None else shown[place],
            )
            for place, topic in enumerate(self._labeller.taxonomy.topics)
        ]
        return sorted(found, key=lambda topic: -topic.score)

    def _influences(self, caption: str, labels: PostLabels) -> list[tuple[str, float]]:
        """How much the caption's sentiment loses without each word; negative: how much it gains.

        Leaving one out (Li, Monroe and Jurafsky 2016) explains any model by what it does.
        """
        name, scores = labels.caption_sentiment.name, labels.caption_sentiment.scores
        words = plain(caption).split()
        if name is None or scores is None or not 1 < len(words) <= _MOST_WORDS:
            return []
        without = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
        vectors = self._encoder.encode_texts(without)
        column = SENTIMENTS.index(name)
        changed = self._labeller.sentiment.scores(without, vectors)[:, column]
        influences = [
            (word, float(scores[column] - score))
            for word, score in zip(words, changed, strict=True)
        ]
        strong = [each for each in influences if abs(each[1]) >= _LEAST_INFLUENCE]
        return sorted(strong, key=lambda each: -abs(each[1]))


def _number(score: np.float32) -> float | None:
    return None if np.isnan(score) else float(score)
