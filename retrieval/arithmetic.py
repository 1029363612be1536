"""The arithmetic of scores and vectors that encoders and label models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = TypeVar("Float", bound=np.floating[Any])


def softmax(logits: NDArray[Float]) -> NDArray[Float]:
    """Every row as probabilities: positive numbers that sum to 1."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[Float] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows with length 1; those of length 0 stay as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
