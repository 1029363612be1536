"""Which runs of characters a caption has: spellings, endings and emoji that a vector blurs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from retrieval.captions import same_text

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKETS = 4096  # that runs are hashed into, without a list of them to keep
_LENGTHS = (2, 5)  # of runs, which do not go beyond a word and the blanks around it


def character_runs(captions: Sequence[str]) -> Any:
    """Shape (n, BUCKETS), sparse, float64, rows of length 1: which runs of characters occur."""
    from scipy import sparse

    if not captions:  # which scikit-learn does not take
        return sparse.csr_matrix((0, BUCKETS))
    return _hasher().transform(captions)


@cache
def _hasher() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer="char_wb",
        ngram_range=_LENGTHS,
        n_features=BUCKETS,
        preprocessor=same_text,
        binary=True,
    )
