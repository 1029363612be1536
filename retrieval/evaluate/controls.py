"""Captions made worse step by step, to see where the picture begins to matter."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from retrieval.search.words import stems_of, telling_words

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = ("full caption", "first five words", "two hashtags", "no caption")


def degraded(captions: Sequence[str], level: str) -> list[str]:
    """The captions with only as much left as the level says."""
    if level == "full caption":
        return list(captions)
    if level == "first five words":
        return [" ".join(caption.split()[:5]) for caption in captions]
    if level == "two hashtags":
        known = Counter(stem for caption in captions for stem in set(stems_of(caption)))
        return [_hashtags(caption, known) for caption in captions]
    return ["" for _ in captions]


def _hashtags(caption: str, known: Counter[str]) -> str:
    """The two words that fewest captions have, in their order: as people tag what is special."""
    words = list(dict.fromkeys(telling_words(caption)))
    rarest = sorted(words, key=lambda word: (known[stems_of(word)[0]], word))[:2]
    return " ".join(f"#{word}" for word in words if word in rarest)
