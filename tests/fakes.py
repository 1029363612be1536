"""Encoders without weights, so that ranking and writing are tested by hand-worked values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from retrieval.encoders.base import Background

DIMENSION = 64


class WordEncoder:
    """Counts words: captions that share words are close."""

    spec = "words"
    fingerprint = "words@1"
    dimension = DIMENSION
    languages = frozenset({"en"})
    runtime = "by hand"

    def is_word(self, text: str) -> bool:
        return True

    def load_for_texts(self) -> None:
        pass

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([_unit(_word_counts(text)) for text in texts], dtype=np.float32)


class ColourEncoder(WordEncoder):
    """Pictures by their mean colour; the words red, green and blue find them."""

    spec = "colours"
    fingerprint = "colours@1"
    short_side = 32
    judgement = Background(np.eye(DIMENSION, dtype=np.float32))

    def __init__(self) -> None:
        self.encoded = 0  # pictures, ever

    def prepare(self, image: Image) -> NDArray[np.float32]:
        assert image.mode == "RGB"
        return np.asarray(image.resize((1, 1)), dtype=np.float32).reshape(3)

    def encode_prepared(self, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        self.encoded += len(inputs)
        return np.array([_unit(_padded(colour + 1)) for colour in inputs], dtype=np.float32)

    def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        return self.encode_prepared([self.prepare(image) for image in images])

    def load_for_texts(self) -> None:
        pass

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        names = ("red", "green", "blue")
        colours = [[float(name in text) + 1e-3 for name in names] for text in texts]
        return np.array([_unit(_padded(np.array(c))) for c in colours], dtype=np.float32)


def _word_counts(text: str) -> NDArray[Any]:
    counts = np.full(DIMENSION, 1e-3)
    for word in text.lower().split():
        counts[sum(map(ord, word)) % DIMENSION] += 1
    return counts


def _padded(values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([values, np.zeros(DIMENSION - len(values))])


def _unit(vector: NDArray[Any]) -> NDArray[Any]:
    unit: NDArray[Any] = vector / np.linalg.norm(vector)
    return unit
