"""The contract of caption sentiment models, and what all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors

    Scores = NDArray[np.float32]


class SentimentModel(Protocol):
    """Tells how a caption feels. Cheap to construct; weights load at first use."""

    @property
    def spec(self) -> str:
        """How to ask for this model again on a command line."""

    @property
    def version(self) -> str:
        """Names the weights; equal versions give equal scores."""

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of the languages it was trained for; None: any."""

    @property
    def note(self) -> str | None:
        """What a user should know about its scores, in one sentence."""

    def scores(self, captions: Sequence[str], vectors: Vectors) -> Scores:
        """Shape (n, 3), float32: negative, neutral, positive in [0, 1]; rows sum to 1.

        `vectors` are the captions' sentence vectors, for the models that want them.
        """
