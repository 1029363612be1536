"""Which captions hold the very words of a query: BM25, which knows nothing of meaning."""

from __future__ import annotations

import logging
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

# Scripts without blanks between words; each two signs that stand together count as a word, as in
# Lucene's CJKAnalyzer.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
_LOOKS = r"[\uFE0F\p{Emoji_Modifier}]"  # in colour, and of which skin: what is meant stays
_EMOJI = rf"\p{{Extended_Pictographic}}{_LOOKS}*"
# Else a run of letters and digits with the marks that belong to them, as in हिन्दी; no underscores.
# An emoji, or several joined into one, is a word too.
_WORD = regex.compile(
    rf"(?V1)(?P<unspaced>(?:{_UNSPACED}\p{{M}}*)+)"
    rf"|[[\p{{L}}\p{{N}}]--{_UNSPACED}][[\p{{L}}\p{{N}}\p{{M}}]--{_UNSPACED}]*"
    rf"|(?P<emoji>\p{{RI}}{{2}}|{_EMOJI}(?:\u200D{_EMOJI})*)"
)


class WordIndex:
    """The words of n captions.

    Words are compared by their English stem, so that "dogs" finds "dog". Words of other languages
    are cut in the same way on both sides, and so are found as they are written.
    """

    def __init__(self, captions: Sequence[str]) -> None:
        self._count = len(captions)
        self._bm25 = load_word_search().BM25(method="lucene")
        # bm25s refuses a corpus without any word.
        corpus = [stems_of(caption) for caption in captions]
        self._bm25.index(corpus if any(corpus) else [["."]], show_progress=False)

    def scores(self, text: str) -> NDArray[np.float32]:
        """Shape (n,): BM25 (Robertson et al. 1994, as Lucene has it); 0 without any of the words.

        As a share, in [0, 1), of the most that these words could ever score, so that queries of
        different length can be compared.
        """
        stems = [stem for stem in _stems(telling_words(text)) if self._may_tell(stem)]
        known = [stem for stem in stems if stem in self._bm25.vocab_dict]
        if not known:
            return np.zeros(self._count, dtype=np.float32)
        most = sum(map(self._inverse_document_frequency, stems))
        scores: NDArray[np.float32] = self._bm25.get_scores(known) / np.float32(most)
        return scores

    def __contains__(self, word: str) -> bool:
        """Whether a caption has the word, or another form of it."""
        return any(stem in self._bm25.vocab_dict for stem in _stems(words_of(word)))

    def _may_tell(self, stem: str) -> bool:
        """All but an emoji that no caption has, which is there for the mood of a query."""
        return stem in self._bm25.vocab_dict or not _is_emoji(stem)

    def _inverse_document_frequency(self, stem: str) -> float:
        """Of Lucene's BM25: ln(1 + (n - df + .5) / (df + .5))."""
        column = self._bm25.vocab_dict.get(stem)
        starts = self._bm25.scores["indptr"]
        frequency = 0 if column is None else int(starts[column + 1] - starts[column])
        return float(np.log1p((self._count - frequency + 0.5) / (frequency + 0.5)))


def load_word_search() -> Any:
    """Import bm25s, which takes a third of a second."""
    import bm25s

    # It sets itself to DEBUG, and speaks as soon as another library (open_clip) opens the root's.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    return bm25s


def matched_words(text: str, caption: str) -> tuple[str, ...]:
    """The words of a query that a caption holds, as the query writes them."""
    held, telling = set(stems_of(caption)), set(_stems(telling_words(text)))
    words = dict.fromkeys(_cut(text))
    found = zip(words, _stems(map(str.casefold, words)), strict=True)
    return tuple(word for word, stem in found if stem in held and stem in telling)


def stems_of(text: str) -> list[str]:
    """The stem of every word by which a text can be found, in order."""
    return _stems(map(str.casefold, _cut(text, single_signs=True)))


def telling_words(text: str) -> list[str]:
    """The words of a text but for those that tell nothing; a text of nothing else keeps them."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    words = words_of(text)
    return [word for word in words if word not in STOPWORDS_EN_PLUS] or words


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, in order."""
    return list(map(str.casefold, _cut(text)))


def _cut(text: str, *, single_signs: bool = False) -> Iterator[str]:
    """The words as they are written; with each sign by itself, too, of scripts without blanks."""
    for found in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        if found["unspaced"]:
            signs = regex.findall(r"\X", found[0])
            pairs = list(map("".join, pairwise(signs)))
            yield from pairs or signs
            yield from signs if single_signs and pairs else ()
        elif found["emoji"]:
            yield regex.sub(_LOOKS, "", found[0])
        else:
            yield found[0]


def _is_emoji(word: str) -> bool:
    found = _WORD.match(word)
    return found is not None and found["emoji"] is not None


def _stems(words: Iterable[str]) -> list[str]:
    stems: list[str] = _stemmer().stemWords(list(words))
    return stems


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")
