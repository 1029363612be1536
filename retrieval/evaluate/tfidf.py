"""Captions as bags of words: the baseline that knows no meaning."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from retrieval.search.words import words_of


def tfidf(*, pairs: bool) -> Any:
    """scikit-learn's TF-IDF of words, and of pairs of neighbours, in captions of any kind."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=_with_pairs if pairs else _words, sublinear_tf=True)


def _words(caption: str) -> list[str]:
    """The words, or the signs of a caption that has none, such as emoji."""
    return words_of(caption) or caption.split()


def _with_pairs(caption: str) -> list[str]:
    words = _words(caption)
    return [*words, *(f"{one} {other}" for one, other in pairwise(words))]
