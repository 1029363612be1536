"""The arithmetic of vectors and scores that encoders, labels and searches share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = TypeVar("Float", bound=np.floating[Any])


def cosines(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], query: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Shape (len(rows),): of a query and rows of stored unit vectors.

    Not by BLAS, whose last bits depend on how many rows are multiplied at once: the same picture
    gets the same number whatever else was found.
    """
    products: NDArray[np.float32] = np.einsum("ij,j->i", vectors[rows], query)
    return products


def logistic(logits: NDArray[Any]) -> NDArray[Any]:
    """1 / (1 + exp(-logits)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(logits / 2)))


def softmax(logits: NDArray[Float]) -> NDArray[Float]:
    """Every row as probabilities: positive numbers that sum to 1."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[Float] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows with length 1; those of length 0 stay as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
