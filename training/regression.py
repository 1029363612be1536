"""Logistic regression: all that is learned here is learned by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Linear(NamedTuple):
    """A logistic regression: a row of weights a class, or one row for two classes."""

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]

    def logits(self, inputs: Any) -> NDArray[np.float64]:
        """Shape (n, rows)."""
        return np.asarray(inputs @ self.weights.T + self.biases, dtype=np.float64)


def logistic_regression(
    inputs: Any,
    truth: Any,
    strength: float,
    *,
    sample_weights: NDArray[np.float64] | None = None,
    balanced: bool = False,
) -> Linear:
    """Fit to inputs of shape (n, columns), dense or sparse.

    `strength` is scikit-learn's C: the higher, the less regularised. `balanced` classes count
    alike, however many there are of each.
    """
    from sklearn.linear_model import LogisticRegression

    class_weight = "balanced" if balanced else None
    model = LogisticRegression(C=strength, max_iter=3000, class_weight=class_weight)
    model.fit(inputs, truth, sample_weights)
    return Linear(model.coef_, model.intercept_)
