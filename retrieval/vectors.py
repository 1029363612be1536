"""How alike a query and stored vectors are, to the last bit the same wherever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cosines(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], query: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Shape (len(rows),): of unit vectors.

    Not by BLAS, whose last bits depend on how many rows are multiplied at once: the same picture
    gets the same number whatever else was found.
    """
    products: NDArray[np.float32] = np.einsum("ij,j->i", vectors[rows], query)
    return products
