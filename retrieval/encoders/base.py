"""The contract between encoders and everyone who uses vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Vectors = NDArray[np.float32]


class TextEncoder(Protocol):
    """Turns text into vectors of one space. Cheap to construct; weights load at first use."""

    @property
    def spec(self) -> str:
        """How to ask for this encoder again on a command line."""

    @property
    def fingerprint(self) -> str:
        """Names weights and preprocessing; equal fingerprints give comparable vectors."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def runtime(self) -> str:
        """Device and precision in words, such as "2 CPU cores, bf16"."""

    def load_for_texts(self) -> None:
        """Load now what the first text would else wait for."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return shape (len(texts), dimension), float32, every row of unit length."""


class CaptionEncoder(TextEncoder, Protocol):
    """Turns captions into vectors, and knows which languages it understands."""

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of the languages it was trained for; None: any."""

    def is_word(self, text: str) -> bool:
        """Whether its vocabulary has a word whole, as it does of common words spelt right."""


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """An encoder that was trained to judge texts about pictures, and how it does."""

    scale: float  # what a cosine is multiplied with
    bias: float | None  # added before a sigmoid (SigLIP); None: softmax over competitors (CLIP)


@dataclass(frozen=True, slots=True)
class Background:
    """An encoder that was not, and vectors to tell an unusual similarity from a usual one."""

    vectors: Vectors  # of all kinds of pictures: (n, dimension), float32, unit rows


class ImageEncoder(TextEncoder, Protocol):
    """Turns pictures, and texts about pictures, into vectors of one space."""

    @property
    def judgement(self) -> ZeroShot | Background:
        """How its similarities between pictures and texts can be read. May load the weights."""

    @property
    def short_side(self) -> int:
        """The pixels the encoder wants on a picture's short side; more is scaled down."""

    def prepare(self, image: Image) -> NDArray[np.float32]:
        """Turn one upright RGB picture into the network's input. Safe to call from threads."""

    def encode_prepared(self, inputs: Sequence[NDArray[np.float32]]) -> Vectors:
        """Return shape (len(inputs), dimension), float32, unit rows, of what `prepare` gave."""

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Return shape (len(images), dimension), float32, every row of unit length."""
