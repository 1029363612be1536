"""Logistic regression: all that is learned here is learned by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retrieval.vectors import logistic

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


def logistic_regression_of_signals(
    inputs: NDArray[np.float64],
    truth: NDArray[np.bool_],
    strength: float,
    sample_weights: NDArray[np.float64],
    least: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Two classes, with no weight below its `least`, so that no signal speaks against itself.

    Returns the weights, shape (columns,), and the bias. The objective is scikit-learn's.
    """
    from scipy.optimize import minimize

    signs = np.where(truth, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = parameters[:-1], parameters[-1]
        margins = signs * (inputs @ weights + bias)
        value = (
            strength * (sample_weights * np.logaddexp(0, -margins)).sum() + weights @ weights / 2
        )
        by_row = -strength * sample_weights * signs * logistic(-margins)
        gradient = np.append(inputs.T @ by_row + weights, by_row.sum())
        return float(value), gradient

    start = np.append(least, 0.0)
    bounds = [(low, None) for low in least] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x[:-1], float(found.x[-1])
