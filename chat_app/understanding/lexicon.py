"""What is known of single words: the gallery's topics, feelings, and which words there are."""

from __future__ import annotations

from functools import cache, cached_property
from string import ascii_lowercase
from typing import TYPE_CHECKING

from chat_app.understanding.words import WORDS
from retrieval.labels.sentiment_head import SentimentHead
from retrieval.labels.taxonomy import OTHER
from retrieval.labels.vader import vader_features
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spellchecker import SpellChecker

    from retrieval.encoders.base import CaptionEncoder
    from retrieval.records import Sentiment

_SURE = 0.3  # of VADER's compound score, beyond which a word is no neutral adjective
_SUFFIXES = (
    "y", "ful", "less", "ous", "ed", "ing", "ive", "able", "ible", "ish", "some", "ant", "ent",
    "ic",
)  # fmt: skip
_COMMON = 300  # times that a word is in the dictionary's subtitles, to be taken for a misspelt one
_THINGS = frozenset(WORDS["feelings"]["things"].split())


@cache
def _dictionary() -> SpellChecker:
    """English words and how often they are used; loaded at the first word that nobody knows."""
    from spellchecker import SpellChecker

    return SpellChecker()


class GalleryLexicon:
    """The words of one gallery. Cheap to construct; asks models at the first word."""

    def __init__(
        self,
        titles: Mapping[str, str],
        encoder: CaptionEncoder,
        in_captions: Callable[[str], bool],
    ) -> None:
        self._titles = titles  # of the topics, by name
        self._encoder = encoder
        self._in_captions = in_captions
        self.feeling = cache(self._feeling)

    @cached_property
    def topics(self) -> Mapping[str, str]:
        """Topics by their names, titles, parts of titles and synonyms, in lower case."""
        known: dict[str, str] = {}
        for name, words in WORDS["topics"].items():
            if name in self._titles:
                known |= dict.fromkeys(words.split(), name)
        for name, title in self._titles.items():
            if name != OTHER:
                low = title.lower()
                known |= dict.fromkeys((low, low.replace("&", "and"), name), name)
        return known

    def is_word(self, word: str) -> bool:
        """Whether the caption encoder's vocabulary has it whole, or a caption has it.

        A misspelt word falls to pieces in the vocabulary.
        """
        return self._encoder.is_word(word) or self._in_captions(word)

    def spelt(self, word: str) -> str:
        """The most common word that is two swapped letters or a missing or doubled one away.

        Another letter or an extra one is no slip here: it would make a mocha of a mochi.
        """
        spelt = _dictionary()
        if word in spelt:
            return word
        parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
        swapped = {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
        missing = {a + letter + b for a, b in parts for letter in ascii_lowercase}
        doubled = {a + b[1:] for a, b in parts if len(b) > 1 and b[0] == b[1]}
        for near in (swapped, missing, doubled):
            common = [each for each in sorted(near) if spelt[each] >= _COMMON]
            if common:
                return max(common, key=lambda each: spelt[each])
        return word

    def _feeling(self, word: str) -> Sentiment | None:
        """Where VADER's word list and the sentiment head are sure of the same.

        Either alone takes neutral adjectives for moods. Things that people have feelings about
        (a party, a funeral) are looked for, not felt: only words formed like adjectives count.
        """
        if word in _THINGS or not word.endswith(_SUFFIXES) or word.endswith("ly"):
            return None
        compound = float(vader_features([word])[0, 0])
        if abs(compound) < _SURE or not SentimentHead.fits(self._encoder):
            return None
        vectors = self._encoder.encode_texts([word])
        found = SENTIMENTS[int(SentimentHead(self._encoder).scores([word], vectors)[0].argmax())]
        return found if found == ("positive" if compound > 0 else "negative") else None
