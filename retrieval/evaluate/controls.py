"""What the arms are held against: less of a caption, another caption, another picture."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from retrieval.captions import has_words, same_text
from retrieval.search.words import stems_of, telling_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FULL_CAPTION, FIVE_WORDS, TWO_HASHTAGS, NO_CAPTION = LEVELS = (
    "full caption",
    "first five words",
    "two hashtags",
    "no caption",
)


def degraded(captions: Sequence[str], level: str) -> list[str]:
    """The captions with as much left as the level says, to see where pictures begin to matter."""
    if level == FULL_CAPTION:
        return list(captions)
    if level == FIVE_WORDS:
        return [" ".join(caption.split()[:5]) for caption in captions]
    if level == TWO_HASHTAGS:
        known = Counter(stem for caption in captions for stem in set(stems_of(caption)))
        return [_hashtags(caption, known) for caption in captions]
    return ["" for _ in captions]


def distinct_captions(texts: Sequence[str], pictures: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of captions but for those that say of their picture what an earlier one does."""
    keys = zip(pictures.tolist(), map(same_text, texts), strict=True)
    first: dict[tuple[int, str], int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    return np.array(sorted(first.values()), dtype=np.int64)


def second_captions(texts: Sequence[str], pictures: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every row another caption of the same picture, the next one round; -1: there is none."""
    others = np.full(len(pictures), -1, dtype=np.int64)
    distinct = distinct_captions(texts, pictures)
    for picture in np.unique(pictures):
        rows = distinct[pictures[distinct] == picture]
        if len(rows) > 1:
            keys = [same_text(texts[row]) for row in rows.tolist()]
            next_one = dict(zip(keys, np.roll(rows, -1), strict=True))
            for row in np.flatnonzero(pictures == picture).tolist():
                others[row] = next_one[same_text(texts[row])]
    return others


def shuffled_rows(pictures: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """For every row one of another picture, the same for all rows of a picture."""
    names, first, places = np.unique(pictures, return_index=True, return_inverse=True)
    stand_in = first[random.permutation(len(names))]
    rows: NDArray[np.int64] = stand_in[places]
    return rows


def _hashtags(caption: str, known: Counter[str]) -> str:
    """The two words that fewest captions have, in their order: as people tag what is special."""
    words = list(dict.fromkeys(filter(has_words, telling_words(caption))))
    rarest = sorted(words, key=lambda word: (known[stems_of(word)[0]], word))[:2]
    return " ".join(f"#{word}" for word in words if word in rarest)
