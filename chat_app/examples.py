"""Questions that work on a gallery, made from what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.catalog.facets import UNDATED
from retrieval.catalog.filters import Filters, date_range
from retrieval.labels.taxonomy import OTHER
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from retrieval.catalog.facets import Facet
    from retrieval.search.searcher import Searcher

_MOST = 4


def example_questions(searcher: Searcher, among: Filters) -> tuple[str, ...]:
    """Up to four questions that find something: a topic, a mood, counts, and a comparison.

    `among`: what the user filters by; none where no post passes.
    """
    if not among.mask(searcher.columns).any():
        return ()
    topics = _most(searcher, "topic", among, without=OTHER)
    years = _most(searcher, "year", among, without=UNDATED)
    titles = [searcher.columns.topic_titles[name].lower() for name in topics]
    questions = [f"posts about {titles[0]}"] if titles else []
    if years:
        since, before = date_range(years[0], years[0])
        moods = _moods(searcher, among.both(Filters(since=since, before=before)))
        questions += [f"{mood} posts from {years[0]}" for mood in moods[:1]]
    questions.append("how many posts per year?" if years else "how many posts by topic?")
    if len(years) > 1:
        first, second = sorted(years[:2])
        questions.append(f"am I happier in {first} or in {second}?")
    elif len(titles) > 1:
        questions.append(f"compare {titles[0]} with {titles[1]}")
    questions += [f"{mood} posts" for mood in _moods(searcher, among)]
    return tuple(questions[:_MOST])


def _moods(searcher: Searcher, among: Filters) -> list[str]:
    """The sentiments that occur, neutral last."""
    found = [mood for mood in _most(searcher, "sentiment", among) if mood in SENTIMENTS]
    return sorted(found, key=lambda mood: mood == "neutral")


def _most(searcher: Searcher, by: Facet, among: Filters, without: str = "") -> list[str]:
    """The values that occur, most first."""
    counts = searcher.facets.count(by, among.mask(searcher.columns))
    found = [name for name, number in counts.items() if number and name != without]
    return sorted(found, key=lambda name: (-counts[name], name))
