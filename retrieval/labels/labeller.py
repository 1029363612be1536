"""Labels posts: from the caption, from the picture, and from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrieval.captions import has_signs, has_words
from retrieval.errors import BadInput
from retrieval.gallery.stored_labels import LabelArrays, LabelRecord
from retrieval.labels.caption_topics import CaptionTopics
from retrieval.labels.emoji_moods import emoji_moods, without_keycaps
from retrieval.labels.fusion import Fusion, load_fusion
from retrieval.labels.language import language_of
from retrieval.labels.picture_labels import PictureLabels
from retrieval.labels.scores import undetermined
from retrieval.labels.sentiment_head import SentimentHead
from retrieval.labels.taxonomy import DEFAULT_TOPICS, Taxonomy, load_taxonomy, taxonomy_file
from retrieval.labels.vader import VaderModel
from retrieval.records import SENTIMENTS, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder, Vectors
    from retrieval.labels.base import SentimentModel
    from retrieval.labels.scores import Scores


class Labeller:
    """Labels posts with one set of models. Cheap to construct; they load at first use."""

    def __init__(
        self,
        sentiment: SentimentModel,
        taxonomy: Taxonomy,
        image_encoder: ImageEncoder,
        caption_encoder: CaptionEncoder,
        cache_dir: Path,
    ) -> None:
        self.sentiment = sentiment
        self.taxonomy = taxonomy
        self.fusion: Fusion = load_fusion()
        self.caption_topics = CaptionTopics(taxonomy, caption_encoder, cache_dir)
        self.pictures = PictureLabels(taxonomy, image_encoder, self.fusion, cache_dir)
        self._caption_languages = caption_encoder.languages

    @property
    def record(self) -> LabelRecord:
        """What makes these labels."""
        return LabelRecord(
            sentiment_model=self.sentiment.spec,
            sentiment=self.sentiment.version,
            image=self.pictures.version,
            fusion=self.fusion.version,
            taxonomy=self.taxonomy.sha256,
            taxonomy_path="" if self.taxonomy.is_default else str(self.taxonomy.path),
            topics=tuple((topic.name, topic.title) for topic in self.taxonomy.topics),
            cuts=self.fusion.cuts,
        )

    def read(
        self,
        captions: Sequence[str],
        vectors: Vectors,
        languages: Sequence[str | None] | None = None,
    ) -> list[Reading]:
        """What the sentiment model makes of captions; *not determined* in foreign languages.

        `languages` are theirs where they are known already.
        """
        if languages is None:
            languages = [language_of(caption) for caption in captions]
        rows = [
            row
            for row, (caption, language) in enumerate(zip(captions, languages, strict=True))
            if _has_words(caption) and _understands(self.sentiment.languages, language)
        ]
        scores = self.sentiment.scores([captions[row] for row in rows], vectors[rows])
        known: dict[int, Any] = dict(zip(rows, map(tuple, scores.tolist()), strict=True))
        # A vector of nothing but unknown signs says nothing.
        shown = [
            row for row, text in enumerate(captions) if has_signs(text) and not _has_words(text)
        ]
        by_emoji = emoji_moods([captions[row] for row in shown])
        known |= dict(zip(shown, map(tuple, by_emoji.tolist()), strict=True))
        version = self.sentiment.version
        return [
            Reading(language, known.get(row), version) for row, language in enumerate(languages)
        ]

    def label(
        self,
        captions: Sequence[str],
        readings: Sequence[Reading | None],
        caption_vectors: Vectors,
        image_vectors: Vectors | None,
        picture_rows: NDArray[np.int64],
        descriptions: Sequence[str | None] = (),
        description_vectors: Vectors | None = None,
    ) -> LabelArrays:
        """The labels of n posts.

        `readings` is None for posts without a caption; `caption_vectors` has a row for each of the
        others, in their order. `picture_rows` (n,) says which row of `image_vectors` is whose;
        without pictures both are of no account. `descriptions` are what a machine wrote about
        the pictures, with a row of `description_vectors` for each that is not None.
        """
        caption_sentiment = _sentiments(readings)
        image_sentiment = undetermined(len(captions), len(SENTIMENTS))
        image_topics = undetermined(len(captions), len(self.taxonomy.topics))
        if image_vectors is not None:
            image_sentiment = self.pictures.sentiment(image_vectors)[picture_rows]
            image_topics = self.pictures.topics(image_vectors)[picture_rows]
        caption_topics = self._caption_topics(captions, readings, caption_vectors)
        return LabelArrays(
            caption_sentiment=caption_sentiment,
            image_sentiment=image_sentiment,
            sentiment=self.fusion.fused_sentiment(caption_sentiment, image_sentiment),
            caption_topics=caption_topics,
            image_topics=image_topics,
            topics=self.fused_topics(caption_topics, image_topics),
            described_topics=self._described(
                caption_topics, descriptions, description_vectors, picture_rows
            ),
        )

    def fused_topics(self, caption: Scores, image: Scores) -> Scores:
        """Shape (n, topics): of both sides where there are both, else of the one there is."""
        of_pictures = self.fusion.weights_of_pictures(
            self.taxonomy.names, of_classes=self.pictures.are_told_by_classes
        )
        return self.fusion.fused_topics(caption, image, of_pictures)

    def _described(
        self,
        caption_topics: Scores,
        descriptions: Sequence[str | None],
        vectors: Vectors | None,
        picture_rows: NDArray[np.int64],
    ) -> Scores:
        """Captions with descriptions, by the same topic model; NaN without a description."""
        described = [row for row, text in enumerate(descriptions) if text is not None]
        if not described or vectors is None:
            return undetermined(*caption_topics.shape)
        evidence = self.caption_topics.evidence([descriptions[r] or "" for r in described], vectors)
        of_pictures = undetermined(len(descriptions), caption_topics.shape[1])
        of_pictures[described] = self.fusion.caption_topic_scores(evidence.z, evidence.words)
        return self.fusion.described_topics(caption_topics, of_pictures[picture_rows])

    def _caption_topics(
        self, captions: Sequence[str], readings: Sequence[Reading | None], vectors: Vectors
    ) -> Scores:
        scores = undetermined(len(captions), len(self.taxonomy.topics))
        captioned = [(row, reading) for row, reading in enumerate(readings) if reading is not None]
        understood = [
            _understands(self._caption_languages, reading.language) for _, reading in captioned
        ]
        rows = [row for (row, _), known in zip(captioned, understood, strict=True) if known]
        if rows:
            evidence = self.caption_topics.evidence(
                [captions[row] for row in rows], vectors[understood]
            )
            scores[rows] = self.fusion.caption_topic_scores(evidence.z, evidence.words)
        return scores


def choose_labeller(
    sentiment_model: str | None,
    topics: Path | None,
    stored: LabelRecord | None,
    image_encoder: ImageEncoder,
    caption_encoder: CaptionEncoder,
    *,
    cache_dir: Path,
    device: str = "auto",
) -> Labeller:
    """The labeller of these models; what is None is as it was, or the default in a new gallery.

    Raises:
        BadInput: the topics' file is not one, or is gone.
        BadOption: the sentiment model does not fit the caption encoder.

    """
    taxonomy = _taxonomy(topics, stored)
    if sentiment_model is None and stored is not None:
        # The head is for one encoder; a gallery that gets another falls back on what fits.
        remembered = stored.sentiment_model
        sentiment_model = None if remembered == SentimentHead.spec else remembered
    sentiment = choose_sentiment_model(sentiment_model, caption_encoder, device=device)
    return Labeller(sentiment, taxonomy, image_encoder, caption_encoder, cache_dir)


def _taxonomy(topics: Path | None, stored: LabelRecord | None) -> Taxonomy:
    if topics is not None or stored is None or not stored.taxonomy_path:
        return load_taxonomy(topics or DEFAULT_TOPICS)
    try:
        return load_taxonomy(taxonomy_file(stored))
    except BadInput as error:
        raise BadInput(
            f"{error}. The gallery remembers this file as its topics: put it right, or choose "
            "another with --topics FILE, for good with: python -m indexer relabel --topics FILE"
        ) from error


def choose_sentiment_model(
    spec: str | None, caption_encoder: CaptionEncoder, *, device: str = "auto"
) -> SentimentModel:
    """`head`, `vader`, or a transformers classifier; None: the head where it fits, else VADER.

    Raises:
        BadOption: the head was asked for, and does not read this encoder's vectors.

    """
    if spec == SentimentHead.spec or (spec is None and SentimentHead.fits(caption_encoder)):
        return SentimentHead(caption_encoder)
    if spec in (None, VaderModel.spec):
        return VaderModel()
    from retrieval.encoders.sentiment_classifier import SentimentClassifier

    return SentimentClassifier(str(spec), device=device)


def _sentiments(readings: Sequence[Reading | None]) -> Scores:
    scores = undetermined(len(readings), len(SENTIMENTS))
    for row, reading in enumerate(readings):
        if reading is not None and reading.sentiment is not None:
            scores[row] = reading.sentiment
    return scores


def _has_words(caption: str) -> bool:
    return has_words(without_keycaps(caption))


def _understands(languages: frozenset[str] | None, language: str | None) -> bool:
    """Whether a model was trained for a language; signs without words are read by all."""
    return languages is None or language is None or language in languages
