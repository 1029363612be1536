"""The contract between encoders and everyone who uses vectors."""

from __future__ import annotations

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

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return shape (len(texts), dimension), float32, every row of unit length."""


class ImageEncoder(TextEncoder, Protocol):
    """Turns pictures, and texts about pictures, into vectors of one space."""

    @property
    def short_side(self) -> int:
        """The pixels the encoder wants on a picture's short side; more is scaled down."""

    def prepare(self, image: Image) -> NDArray[np.float32]:
        """Turn one upright RGB picture into the network's input. Safe to call from threads."""

    def encode_prepared(self, inputs: Sequence[NDArray[np.float32]]) -> Vectors:
        """Return shape (len(inputs), dimension), float32, unit rows, of what `prepare` gave."""

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Return shape (len(images), dimension), float32, every row of unit length."""
