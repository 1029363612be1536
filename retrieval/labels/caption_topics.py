"""What a caption is about: its vector against each topic's phrases, and plain words beside it."""

from __future__ import annotations

import csv
import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.encoders.cache import cached_arrays
from retrieval.vectors import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import TextEncoder, Vectors
    from retrieval.labels.taxonomy import Taxonomy

# Captions of all walks of life. Their labels train the sentiment head; here they are what an
# ordinary caption's similarity to a topic is measured by, whatever the sentence encoder.
SOCIAL_CAPTIONS = Path(__file__).with_name("social_captions.csv")

_BACKGROUND = 600  # captions: enough for a mean and a deviation
_SHARPNESS = 12.0  # of the mean over phrases: between their mean (0) and their maximum (∞)
_TOKEN = re.compile(r"[^\W_]+|[^\w\s\ufe0f]")  # words without underscores; single signs


class CaptionEvidence(NamedTuple):
    """What speaks for each topic, before calibration. Shape (captions, topics) each."""

    z: NDArray[np.float32]  # standard deviations above an ordinary caption
    words: NDArray[np.bool_]  # one of the topic's words is there


class CaptionTopics:
    """Scores captions against a taxonomy.

    With e(x) the unit vector of text x and μ the mean over background captions, a phrase p and a
    caption c are centred to n(e(p) - μ) and n(e(c) - μ), where n(v) = v / |v|. The similarity to a
    topic is the log-mean-exp of the cosines to its phrases; its z-score is taken against the
    background captions.
    """

    def __init__(self, taxonomy: Taxonomy, encoder: TextEncoder, cache_dir: Path) -> None:
        self._taxonomy = taxonomy
        self._encoder = encoder
        self._cache_dir = cache_dir
        self._topics_of_word: dict[str, list[int]] = {}
        for place, topic in enumerate(taxonomy.topics):
            for word in topic.words:
                self._topics_of_word.setdefault(word, []).append(place)

    def evidence(self, captions: Sequence[str], vectors: Vectors) -> CaptionEvidence:
        """What speaks for each topic in each caption; `vectors` are the captions' own."""
        return CaptionEvidence(self._z(vectors), self._words(captions))

    def words_in(self, caption: str) -> list[tuple[str, str]]:
        """The words of a caption that speak for a topic, each with the topic's name."""
        names = self._taxonomy.names
        return [
            (word, names[place])
            for word in dict.fromkeys(tokens(caption))
            for place in self._topics_of_word.get(word, ())
        ]

    def nearest_phrases(self, vector: NDArray[np.float32]) -> list[tuple[str, float]]:
        """For every topic the phrase nearest to a caption, with its centred cosine."""
        cosines = self._centred(vector[None])[0] @ self._statistics["phrases"].T
        phrases = [topic.phrases for topic in self._taxonomy.topics]
        best = []
        for (start, end), texts in zip(topic_slices(self._taxonomy), phrases, strict=True):
            place = int(cosines[start:end].argmax())
            best.append((texts[place], float(cosines[start + place])))
        return best

    def _z(self, vectors: Vectors) -> NDArray[np.float32]:
        statistics = self._statistics
        similarity = self._similarity(self._centred(vectors), statistics["phrases"])
        z: NDArray[np.float32] = (similarity - statistics["mean"]) / statistics["deviation"]
        return z

    def _words(self, captions: Sequence[str]) -> NDArray[np.bool_]:
        found = np.zeros((len(captions), len(self._taxonomy.topics)), dtype=np.bool_)
        for row, caption in enumerate(captions):
            for token in tokens(caption):
                for place in self._topics_of_word.get(token, ()):
                    found[row, place] = True
        return found

    def _centred(self, vectors: Vectors) -> Vectors:
        return unit(vectors - self._statistics["centre"])

    def _similarity(self, vectors: Vectors, phrases: Vectors) -> NDArray[np.float32]:
        return log_mean_exp(vectors @ phrases.T, topic_slices(self._taxonomy), _SHARPNESS)

    @cached_property
    def _statistics(self) -> dict[str, NDArray[np.float32]]:
        key = ("caption-topics", self._encoder.fingerprint, self._taxonomy.sha256, _background_id())
        return cached_arrays(self._cache_dir, key, self._measure)

    def _measure(self) -> dict[str, NDArray[np.float32]]:
        background = self._encoder.encode_texts(background_captions())
        centre = background.mean(axis=0)
        phrases = unit(self._encoder.encode_texts(all_phrases(self._taxonomy)) - centre)
        usual = self._similarity(unit(background - centre), phrases)
        deviation = usual.std(axis=0)
        return {"centre": centre, "phrases": phrases, "mean": usual.mean(0), "deviation": deviation}


def tokens(caption: str) -> list[str]:
    """Words and signs of a caption in lower case; emoji without their variation selectors."""
    return [token.lower() for token in _TOKEN.findall(caption)]


def background_captions() -> list[str]:
    """Captions that stand for all that people post."""
    with SOCIAL_CAPTIONS.open(encoding="utf-8", newline="") as file:
        return [row["caption"] for row in csv.DictReader(file)][:_BACKGROUND]


def all_phrases(taxonomy: Taxonomy) -> list[str]:
    """The phrases of all topics, in order."""
    return [phrase for topic in taxonomy.topics for phrase in topic.phrases]


def topic_slices(taxonomy: Taxonomy) -> list[tuple[int, int]]:
    """Where each topic's phrases lie in `all_phrases`."""
    ends = np.cumsum([len(topic.phrases) for topic in taxonomy.topics])
    return [
        (int(end) - len(topic.phrases), int(end))
        for end, topic in zip(ends, taxonomy.topics, strict=True)
    ]


def log_mean_exp(
    similarities: NDArray[np.float32], slices: Sequence[tuple[int, int]], sharpness: float
) -> NDArray[np.float32]:
    """Shape (n, len(slices)): a soft maximum of each slice of columns, in their own unit."""
    columns = []
    for start, end in slices:
        part: NDArray[Any] = sharpness * similarities[:, start:end]
        highest = part.max(axis=1, keepdims=True)
        mean = np.exp(part - highest).mean(axis=1)
        columns.append((np.log(mean) + highest[:, 0]) / sharpness)
    return np.stack(columns, axis=1).astype(np.float32)


def _background_id() -> str:
    return hashlib.sha256(SOCIAL_CAPTIONS.read_bytes()).hexdigest()
