"""What a picture shows and which mood it is in, as far as its encoder can tell."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from retrieval.encoders.base import Background, ZeroShot
from retrieval.encoders.cache import cached_arrays
from retrieval.labels.caption_topics import all_phrases, log_mean_exp, topic_slices
from retrieval.labels.scores import undetermined
from retrieval.vectors import softmax, unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.encoders.base import ImageEncoder, Vectors
    from retrieval.labels.fusion import Fusion
    from retrieval.labels.scores import Scores
    from retrieval.labels.taxonomy import Taxonomy

# Prompt ensembling (Radford et al. 2021): a text stands in several sentences, whose vectors are
# averaged.
TEMPLATES = ("{}", "a photo of {}", "a picture showing {}", "a snapshot of {}")

# What a picture that shows none of the topics competes with.
NOTHING_SPECIAL = (
    "something",
    "an object",
    "a texture",
    "a pattern",
    "some text",
    "a blurry image",
)

# Mood words by SENTIMENTS; each class is the mean of its prompts.
MOODS = (
    (
        "a sad scene", "a gloomy, dismal place", "something broken or ruined", "an angry moment",
        "a scary scene", "an ugly, dirty mess", "people who are crying or suffering",
    ),
    (
        "an ordinary scene", "an everyday object", "a plain factual photograph",
        "a document or a product photo", "an unremarkable place",
    ),
    (
        "a happy scene", "a beautiful, lovely place", "something delightful", "a joyful moment",
        "people smiling and laughing", "a cute, charming scene", "a celebration",
    ),
)  # fmt: skip

_MOODS_VERSION = "moods@1"
# Of the encoder's own scale. CLIP is as sure of a mood as of a thing, and errs far more often.
# A prior: there is no truth about pictures' moods here to learn it from.
_MOOD_CONFIDENCE = 0.25
_SHARPNESS = 12.0  # as for captions


class PictureLabels:
    """Labels picture vectors of one encoder.

    An encoder that was trained to judge (CLIP, SigLIP) does so in its own space and scale: a
    topic's log-odds are taken against prompts for nothing special, or by SigLIP's own sigmoid. Any
    other gives z-scores against its background, which the fusion calibrates, and says nothing
    about mood.
    """

    def __init__(
        self, taxonomy: Taxonomy, encoder: ImageEncoder, fusion: Fusion, cache_dir: Path
    ) -> None:
        self._taxonomy = taxonomy
        self._encoder = encoder
        self._fusion = fusion
        self._cache_dir = cache_dir

    @property
    def version(self) -> str:
        """Names everything that the labels of pictures depend on, but the taxonomy."""
        return f"{_MOODS_VERSION}+{self._encoder.fingerprint}"

    def topics(self, vectors: Vectors) -> Scores:
        """Shape (n, topics): scores in [0, 1]."""
        evidence = self.topic_evidence(vectors)
        if not self._judges:
            return self._fusion.image_topic_scores(evidence)
        scores: Scores = (0.5 * (1 + np.tanh(evidence / 2))).astype(np.float32)
        return scores

    def topic_evidence(self, vectors: Vectors) -> NDArray[np.float32]:
        """Shape (n, topics): log-odds of an encoder that judges, z-scores of any other."""
        arrays = self._arrays
        slices = topic_slices(self._taxonomy)
        cosines = vectors @ arrays["phrases"].T
        if not self._judges:
            similarity = log_mean_exp(cosines, slices, _SHARPNESS)
            z: NDArray[np.float32] = (similarity - arrays["mean"]) / arrays["deviation"]
            return z
        scale, bias = map(float, arrays["judgement"])
        if not np.isnan(bias):  # every phrase for itself; the topic is there when one of them is
            best = [cosines[:, start:end].max(axis=1) for start, end in slices]
            return (scale * np.stack(best, axis=1) + bias).astype(np.float32)
        nothing = vectors @ arrays["nothing"].T
        topics = log_mean_exp(cosines, slices, scale)
        usual = log_mean_exp(nothing, [(0, nothing.shape[1])], scale)
        return (scale * (topics - usual)).astype(np.float32)

    def nearest_phrases(self, vector: NDArray[np.float32]) -> list[str]:
        """For every topic the phrase nearest to a picture."""
        cosines = self._arrays["phrases"] @ vector
        phrases = all_phrases(self._taxonomy)
        slices = topic_slices(self._taxonomy)
        return [phrases[start + int(cosines[start:end].argmax())] for start, end in slices]

    def sentiment(self, vectors: Vectors) -> Scores:
        """Shape (n, 3): softmax over the moods; *not determined* by an encoder that cannot."""
        if not self._judges:
            return undetermined(len(vectors), len(MOODS))
        scale = float(self._arrays["judgement"][0]) * _MOOD_CONFIDENCE
        logits = scale * (vectors @ self._arrays["moods"].T)
        return softmax(logits).astype(np.float32)

    @property
    def are_told_by_classes(self) -> bool:
        """Whether the encoder tells pictures by classes of things, and was not trained to judge."""
        return not self._judges

    @property
    def _judges(self) -> bool:
        return "judgement" in self._arrays

    @cached_property
    def _arrays(self) -> dict[str, NDArray[np.float32]]:
        texts = repr((TEMPLATES, NOTHING_SPECIAL, MOODS))
        key = ("picture-labels", self._encoder.fingerprint, self._taxonomy.sha256, texts)
        return cached_arrays(self._cache_dir, key, self._prepare)

    def _prepare(self) -> dict[str, NDArray[np.float32]]:
        phrases = all_phrases(self._taxonomy)
        judgement = self._encoder.judgement
        if isinstance(judgement, Background):
            vectors = self._encoder.encode_texts(phrases)
            cosines = judgement.vectors @ vectors.T
            usual = log_mean_exp(cosines, topic_slices(self._taxonomy), _SHARPNESS)
            return {"phrases": vectors, "mean": usual.mean(0), "deviation": usual.std(0)}
        return {
            "phrases": prompt_ensemble(self._encoder, phrases),
            "nothing": prompt_ensemble(self._encoder, NOTHING_SPECIAL),
            "moods": unit(
                np.stack([prompt_ensemble(self._encoder, mood).mean(axis=0) for mood in MOODS])
            ),
            "judgement": _as_array(judgement),
        }


def prompt_ensemble(encoder: ImageEncoder, texts: Sequence[str]) -> Vectors:
    """Shape (len(texts), d), unit rows: each text's mean over TEMPLATES."""
    prompts = [template.format(text) for text in texts for template in TEMPLATES]
    vectors = encoder.encode_texts(prompts).reshape(len(texts), len(TEMPLATES), -1)
    return unit(vectors.mean(axis=1))


def _as_array(judgement: ZeroShot) -> NDArray[np.float32]:
    bias = np.nan if judgement.bias is None else judgement.bias
    return np.array([judgement.scale, bias], dtype=np.float32)
