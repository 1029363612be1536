"""Questions that work on a gallery, made from what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retrieval.catalog.facets import UNDATED
from retrieval.labels.taxonomy import OTHER
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.search.searcher import Searcher


def example_questions(searcher: Searcher) -> tuple[str, ...]:
    """Four questions that find something: a topic, a year with a mood, counts, and a comparison."""
    facets = searcher.facets
    everything = np.ones(len(searcher.columns), dtype=np.bool_)
    topics = _most(facets.count("topic", everything), without=OTHER)
    years = _most(facets.count("year", everything), without=UNDATED)
    moods = _most(
        {n: c for n, c in facets.count("sentiment", everything).items() if n in SENTIMENTS}
    )
    titles = searcher.columns.topic_titles
    questions = []
    if topics:
        questions.append(f"posts about {titles[topics[0]].lower()}")
    if moods and years:
        questions.append(f"{moods[0]} posts from {years[0]}")
    questions.append("how many posts per year?" if years else "how many posts by topic?")
    if len(years) > 1:
        first, second = sorted(years[:2])
        questions.append(f"am I happier in {first} or in {second}?")
    return tuple(questions)


def _most(counts: Mapping[str, int], without: str = "") -> list[str]:
    """The values that occur, most first."""
    found = [name for name, number in counts.items() if number and name != without]
    return sorted(found, key=lambda name: (-counts[name], name))
