"""Misspelt words that matter to a question, as they should be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chat_app.understanding.words import FEELINGS, FILLER, PLACES, POSTS, TOPIC_WORDS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_MISSPELT: dict[str, str] = WORDS["misspelt"]  # words that are English words as well
_LEAST = 4  # letters: shorter words have too many neighbours

# In this order: of two that are as near, what says more is meant.
_MENDABLE = tuple(
    dict.fromkeys(
        [
            *FEELINGS,
            *(name for names in WORDS["months"] for name in names if len(name) > _LEAST),
            *WORDS["seasons"],
            *WORDS["weekdays"],
            *WORDS["feasts"],
            *TOPIC_WORDS,
            *(word for word in PLACES if word.isalpha()),
            *WORDS["talk"]["frames"].split(),
            *(word for word in sorted(POSTS | FILLER) if len(word) >= _LEAST),
        ]
    )
)
_KNOWN = frozenset(_MENDABLE) | POSTS | FILLER


def mended(text: str, topics: Collection[str], is_word: Callable[[str], bool]) -> str:
    """The text with words of feelings, times, topics and requests spelt right.

    What is an English word, or a topic of the gallery, stays as it is, and so does every other
    misspelt word: captions may have it as well.
    """

    def mend(found: re.Match[str]) -> str:
        word = found[0]
        low = word.lower()
        if low in _MISSPELT:
            return _MISSPELT[low]
        if len(low) < _LEAST or low in _KNOWN or low in topics or is_word(low):
            return word
        return next((known for known in _MENDABLE if is_one_slip(low, known)), word)

    return re.sub(r"[A-Za-z]+", mend, text)


def is_one_slip(word: str, known: str) -> bool:
    """Whether one letter is missing, too many or another, or two are swapped (Damerau 1964)."""
    if abs(len(word) - len(known)) > 1 or word == known:
        return word == known
    start = next(
        (at for at, (a, b) in enumerate(zip(word, known, strict=False)) if a != b),
        min(len(word), len(known)),
    )
    left, right = word[start:], known[start:]
    swapped = len(left) > 1 and len(right) > 1 and left[1] + left[0] == right[:2]
    if swapped and left[2:] == right[2:]:
        return True
    return left[1:] == right[1:] or left == right[1:] or left[1:] == right
