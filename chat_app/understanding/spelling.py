"""Misspelt words that matter to a question, as they should be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chat_app.understanding.words import (
    FEELINGS,
    FILLER,
    NUMBERS,
    PHRASES,
    PLACES,
    POSTS,
    TOPIC_WORDS,
    WORDS,
    any_of,
)

if TYPE_CHECKING:
    from chat_app.understanding.plan import Lexicon

_MISSPELT: dict[str, str] = WORDS["misspelt"]  # words that are English words as well
_LEAST = 4  # letters: shorter words have too many neighbours
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}", re.IGNORECASE)  # "boringggg", "moood"
_PHRASE = re.compile(rf"\b{any_of(PHRASES)}\b", re.IGNORECASE)

# In this order: of two that are as near, what says more is meant.
_MENDABLE = tuple(
    dict.fromkeys(
        [
            *FEELINGS,
            *(name for names in WORDS["months"] for name in names if len(name) >= _LEAST),
            *WORDS["seasons"],
            *WORDS["weekdays"],
            *WORDS["feasts"],
            *TOPIC_WORDS,
            *(word for word in NUMBERS if len(word) >= _LEAST),
            *(word for word in PLACES if word.isalpha()),
            *WORDS["talk"]["frames"].split(),
            *(word for word in sorted(POSTS | FILLER) if len(word) >= _LEAST),
        ]
    )
)
_KNOWN = frozenset(_MENDABLE) | POSTS | FILLER


def mended(text: str, lexicon: Lexicon) -> str:
    """The text as it should be spelt, and phrases that have a plain way to say them said so.

    What is a word, a topic of the gallery or a name (in capitals, but for the first word) stays as
    it is. Words of feelings, times, topics and requests are meant before others.
    """
    first = re.search("[A-Za-z]", text)

    def mend(found: re.Match[str]) -> str:
        word = found[0]
        if _DRAWN_OUT.search(word):
            once, twice = (_DRAWN_OUT.sub(to, word) for to in (r"\1", r"\1\1"))
            doubled = twice.lower() in _KNOWN or lexicon.is_word(twice.lower())
            word = twice if doubled else once
        low = word.lower()
        if low in _MISSPELT:
            return _MISSPELT[low]
        if len(low) < _LEAST or low in _KNOWN or low in lexicon.topics or lexicon.is_word(low):
            return word
        is_name = word[0].isupper() and first is not None and found.start() > first.start()
        of_request = next((known for known in _MENDABLE if is_one_slip(low, known)), None)
        return of_request or (word if is_name else lexicon.spelt(low))

    text = re.sub(r"[A-Za-z]+", mend, text)
    return _PHRASE.sub(lambda found: PHRASES[found[0].lower()], text)


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
