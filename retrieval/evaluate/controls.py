"""What the arms are held against: less of a caption, another caption, another picture."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from retrieval.captions import has_words, same_text
from retrieval.evaluate.arms import BOTH, CAPTIONS, PICTURES, contrast, figure
from retrieval.evaluate.statistics import SEED, interval
from retrieval.search.words import stems_of, telling_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.evaluate.results import Level, Shuffled
    from retrieval.evaluate.statistics import Counts, Measure

FULL_CAPTION, FIVE_WORDS, TWO_HASHTAGS, NO_CAPTION = LEVELS = (
    "full caption",
    "first five words",
    "two hashtags",
    "no caption",
)

_SHUFFLES = 200


def shuffled(
    both: Callable[[np.random.Generator], Counts], captions: Counts, measure: Measure
) -> Shuffled:
    """What both have above captions only in each of many shuffles of the pictures.

    `both` counts how it does with every picture standing for another: what is left is not from
    looking.
    """
    random = np.random.default_rng(SEED)
    baseline = float(measure(captions.sum(axis=0)))
    gains = [float(measure(both(random).sum(axis=0))) - baseline for _ in range(_SHUFFLES)]
    low, high = interval(np.array(gains))
    return {
        "shuffles": _SHUFFLES,
        "gain": {"value": float(np.mean(gains)), "low": low, "high": high},
    }


def degradation(
    counts_at: Callable[[str], Mapping[str, Counts]], measure: Measure, draws: NDArray[np.float64]
) -> dict[str, Level]:
    """The three arms with less and less of the caption left; `counts_at` takes a level."""
    return {level: _level(counts_at(level), measure, draws) for level in LEVELS}


def _level(counts: Mapping[str, Counts], measure: Measure, draws: NDArray[np.float64]) -> Level:
    """Both against captions only, and against the better of the two sides.

    Where captions say next to nothing it is no merit to do better than they.
    """
    alone = {side: float(measure(counts[side].sum(axis=0))) for side in (CAPTIONS, PICTURES)}
    better = PICTURES if alone[PICTURES] > alone[CAPTIONS] else CAPTIONS
    difference = contrast(counts[BOTH], counts[CAPTIONS], measure, draws)
    return {
        "arms": {name: figure(counts[name], measure, draws) for name in (CAPTIONS, PICTURES, BOTH)},
        "difference": difference,
        "better_side": better,
        "against_better": difference
        if better == CAPTIONS
        else contrast(counts[BOTH], counts[PICTURES], measure, draws),
    }


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
