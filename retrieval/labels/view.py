"""The labels that hold: what the models say, unless the user said otherwise."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.labels.overrides import Overrides, key_of
from retrieval.labels.scores import NOT_DETERMINED, is_known, sentiment_codes, shown_topics
from retrieval.labels.taxonomy import OTHER
from retrieval.records import (
    SENTIMENTS,
    UNDETERMINED,
    PostLabels,
    SentimentLabel,
    TopicLabel,
    TopicLabels,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.gallery.generation import Generation
    from retrieval.gallery.stored_labels import LabelArrays, LabelRecord
    from retrieval.labels.overrides import Override
    from retrieval.labels.scores import Codes, Scores
    from retrieval.records import Disagreement, LabelSource, Post, Reading


class LabelView:
    """The labels of n posts, by row."""

    def __init__(
        self,
        record: LabelRecord,
        arrays: LabelArrays,
        languages: Sequence[str | None],
        overrides: Sequence[Override | None],
    ) -> None:
        self._record = record
        self._arrays = arrays
        self._languages = languages
        self._overrides = {row: said for row, said in enumerate(overrides) if said is not None}

    @classmethod
    def of(cls, generation: Generation, overrides: Overrides) -> LabelView:
        """The labels of everything published, in the order of its catalog."""
        record = generation.manifest.labels
        assert record is not None, "a published generation has labels"
        languages = languages_of(generation.readings)
        # Without corrections nothing is asked of the posts, which are slow to read.
        said = overrides_of(generation.posts(), overrides) if overrides.by_key else []
        return cls(record, generation.labels, languages, said)

    @property
    def corrected(self) -> int:
        """How many posts the user has corrected."""
        return len(self._overrides)

    @cached_property
    def topic_names(self) -> tuple[str, ...]:
        """The columns of `topics`: the taxonomy's, those only the user knows, and OTHER."""
        known = self._record.names
        said = {name for override in self._overrides.values() for name in override.topics or ()}
        return (*known, *sorted(said - {*known, OTHER}), OTHER)

    @property
    def topic_titles(self) -> dict[str, str]:
        """How pages and reports call each of `topic_names`; what only the user knows, as it is."""
        own = {name: name for name in self.topic_names}
        return own | dict(self._record.topics) | {OTHER: "Other"}

    @cached_property
    def sentiments(self) -> Codes:
        """Shape (n,): places in SENTIMENTS, or NOT_DETERMINED."""
        codes = sentiment_codes(self._arrays.sentiment)
        for row, override in self._overrides.items():
            if override.sentiment is not None:
                codes[row] = SENTIMENTS.index(override.sentiment)
        return codes

    @property
    def sentiment_scores(self) -> Scores:
        """Shape (n, 3): of SENTIMENTS, in [0, 1], NaN where not determined; by the models alone."""
        return self._arrays.sentiment

    @cached_property
    def caption_sentiments(self) -> Codes:
        """Shape (n,): as `sentiments`, by the captions alone."""
        return sentiment_codes(self._arrays.caption_sentiment)

    @cached_property
    def image_sentiments(self) -> Codes:
        """Shape (n,): as `sentiments`, by the pictures alone."""
        return sentiment_codes(self._arrays.image_sentiment)

    @cached_property
    def sides_topics(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Shape (n, topics) each: what the caption alone shows, and what the picture alone does."""
        of_caption, of_image, _ = self._record.cuts
        return (
            shown_topics(self._arrays.caption_topics, of_caption),
            shown_topics(self._arrays.image_topics, of_image),
        )

    def disagreement(self, about: Disagreement) -> NDArray[np.bool_]:
        """Shape (n,): where caption and picture are not at one; see `PostLabels.disagreements`."""
        if about == "sentiment":
            caption, image = self.caption_sentiments, self.image_sentiments
            told = (caption != NOT_DETERMINED) & (image != NOT_DETERMINED)
            return np.asarray(told & (caption != image))
        caption_topics, image_topics = self.sides_topics
        both_tell = caption_topics.any(axis=1) & image_topics.any(axis=1)
        return np.asarray(both_tell & ~(caption_topics & image_topics).any(axis=1))

    @cached_property
    def topics(self) -> NDArray[np.bool_]:
        """Shape (n, len(topic_names)): what each post is shown under."""
        names = self.topic_names
        found = np.zeros((len(self._languages), len(names)), dtype=np.bool_)
        shown = self._shown
        found[:, : shown.shape[1]] = shown
        known = is_known(self._arrays.topics)
        found[:, -1] = known & ~shown.any(axis=1)
        for row, override in self._overrides.items():
            if override.topics is not None:
                found[row] = [name in override.topics for name in names]
                found[row, -1] |= not override.topics
        return found

    def counts(self, rows: NDArray[Any] | None = None) -> dict[str, dict[str, int]]:
        """How many posts each sentiment and each topic has; of some rows, or of all."""
        chosen = slice(None) if rows is None else rows
        codes = Counter(self.sentiments[chosen].tolist())
        sentiments = {str(name): codes[code] for code, name in enumerate(SENTIMENTS)}
        topics = self.topics[chosen].sum(axis=0).tolist()
        return {
            "sentiment": {**sentiments, UNDETERMINED: codes[NOT_DETERMINED]},
            "topics": dict(zip(self.topic_names, topics, strict=True)),
        }

    def labels(self, row: int) -> PostLabels:
        """Everything about one post."""
        arrays, override = self._arrays, self._overrides.get(row)
        caption, image = _known(arrays.caption_sentiment, row), _known(arrays.image_sentiment, row)
        sentiment = _sentiment(arrays.sentiment[row], _source(caption=caption, image=image))
        on_caption, on_image = _known(arrays.caption_topics, row), _known(arrays.image_topics, row)
        source = _source(caption=on_caption, image=on_image)
        topics = self._topics(arrays.topics[row], self._shown[row], source)
        of_caption, of_image, _ = self._record.cuts
        if override is not None and override.sentiment is not None:
            sentiment = SentimentLabel(override.sentiment, sentiment.scores, "you")
        if override is not None and override.topics is not None:
            topics = self._overridden(override.topics, arrays.topics[row])
        return PostLabels(
            language=self._languages[row],
            sentiment=sentiment,
            caption_sentiment=_sentiment(arrays.caption_sentiment[row], "caption"),
            image_sentiment=_sentiment(arrays.image_sentiment[row], "image"),
            topics=topics,
            caption_topics=self._one_side(arrays.caption_topics, row, of_caption, "caption"),
            image_topics=self._one_side(arrays.image_topics, row, of_image, "image"),
            described_topics=self._one_side(arrays.described_topics, row, of_caption, "both"),
        )

    @cached_property
    def _shown(self) -> NDArray[np.bool_]:
        """Shape (n, topics): by the fused scores."""
        arrays = self._arrays
        of_caption, of_image, of_both = self._record.cuts
        caption, image = is_known(arrays.caption_topics), is_known(arrays.image_topics)
        cut = np.where(image, np.where(caption, of_both, of_image), of_caption)
        return shown_topics(arrays.topics, cut.astype(np.float32)[:, None])

    def _one_side(self, scores: Scores, row: int, cut: float, source: LabelSource) -> TopicLabels:
        one = scores[row : row + 1]
        return self._topics(scores[row], shown_topics(one, cut)[0], source)

    def _topics(
        self, scores: NDArray[np.float32], shown: NDArray[np.bool_], source: LabelSource | None
    ) -> TopicLabels:
        if not len(scores) or np.isnan(scores[0]):
            return TopicLabels((), None)
        rows = sorted(np.flatnonzero(shown).tolist(), key=lambda place: -float(scores[place]))
        names = self._record.names
        found = tuple(TopicLabel(names[place], float(scores[place])) for place in rows)
        return TopicLabels(found or (TopicLabel(OTHER, None),), source)

    def _overridden(self, said: tuple[str, ...], scores: NDArray[np.float32]) -> TopicLabels:
        places = {name: place for place, name in enumerate(self._record.names)}
        return TopicLabels(
            tuple(
                TopicLabel(name, _number(scores[places[name]]) if name in places else None)
                for name in said or (OTHER,)
            ),
            "you",
        )


def overrides_of(posts: Sequence[Post], overrides: Overrides) -> list[Override | None]:
    """What was said about each of these posts, if anything."""
    if not overrides.by_key:
        return [None] * len(posts)
    return [overrides.by_key.get(key_of(post)) for post in posts]


def languages_of(readings: Sequence[Reading | None]) -> list[str | None]:
    """The language of each post's caption."""
    return [None if reading is None else reading.language for reading in readings]


def _sentiment(scores: NDArray[np.float32], source: LabelSource | None) -> SentimentLabel:
    if np.isnan(scores[0]):
        return SentimentLabel(None, None, None)
    negative, neutral, positive = map(float, scores)
    return SentimentLabel(SENTIMENTS[int(scores.argmax())], (negative, neutral, positive), source)


def _known(scores: Scores, row: int) -> bool:
    return bool(is_known(scores[row : row + 1])[0])


def _source(*, caption: bool, image: bool) -> LabelSource | None:
    if caption and image:
        return "both"
    if caption:
        return "caption"
    return "image" if image else None


def _number(score: np.float32) -> float | None:
    return None if np.isnan(score) else float(score)
