"""Filters, by hand and against real Chroma: the mask and `where` select the same posts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.catalog.columns import Columns
from retrieval.catalog.facets import FACETS, Facets
from retrieval.catalog.filters import Filters, date_range
from retrieval.errors import BadOption
from retrieval.gallery.chroma import Collections
from retrieval.gallery.generation import Generation
from retrieval.gallery.stored_labels import LabelArrays, LabelRecord
from retrieval.labels.overrides import Override
from retrieval.labels.scores import is_known, undetermined
from retrieval.labels.view import LabelView
from retrieval.records import DISAGREEMENTS, SENTIMENTS, SIDES, UNDETERMINED, Post
from tests.galleries import RECORDS

TOPICS = ("animals", "food", "sports")
SOURCES = ("folder:/a", "folder:/b", "table:/c.csv")
DAY = 86_400

RECORD = LabelRecord(
    sentiment_model="head",
    sentiment="by hand",
    image="by hand",
    fusion="by hand",
    taxonomy="",
    taxonomy_path="",
    topics=tuple((name, name.title()) for name in TOPICS),
    cuts=(0.5, 0.5, 0.5),
)


class Catalog:
    """The parts of a generation that columns are read from."""

    def __init__(self, posts: list[Post]) -> None:
        names = tuple(sorted({post.source for post in posts}))
        self.sources = names, np.array([names.index(post.source) for post in posts], np.int64)
        self.created_at = np.array(
            [np.nan if post.created_at is None else post.created_at for post in posts]
        )
        captioned = np.array([post.has_caption for post in posts], dtype=np.bool_)
        self.caption_rows = np.where(captioned, np.cumsum(captioned) - 1, -1)
        self.image_ids = sorted({post.image_id for post in posts})
        self.picture_rows = np.array([self.image_ids.index(post.image_id) for post in posts])


def columns_of(posts: list[Post], view: LabelView) -> Columns:
    catalog: Any = Catalog(posts)
    return Columns(catalog, view)


def sentiments(names: list[str | None]) -> Any:
    """Scores that name these; None is not determined."""
    scores = undetermined(len(names), 3)
    for row, name in enumerate(names):
        if name is not None:
            scores[row] = [0.8 if name == each else 0.1 for each in SENTIMENTS]
    return scores


def topic_scores(rows: list[list[str] | None]) -> Any:
    scores = undetermined(len(rows), len(TOPICS))
    for row, names in enumerate(rows):
        if names is not None:
            scores[row] = [0.9 if name in names else 0.1 for name in TOPICS]
    return scores


def view_of(
    caption: list[str | None],
    image: list[str | None],
    caption_topics: list[list[str] | None],
    image_topics: list[list[str] | None],
    overrides: list[Override | None],
) -> LabelView:
    felt, seen = sentiments(caption), sentiments(image)
    told, shown = topic_scores(caption_topics), topic_scores(image_topics)
    arrays = LabelArrays(
        caption_sentiment=felt,
        image_sentiment=seen,
        sentiment=np.where(is_known(felt)[:, None], felt, seen),
        caption_topics=told,
        image_topics=shown,
        topics=np.where(is_known(told)[:, None], told, shown),
        described_topics=undetermined(len(caption), len(TOPICS)),
    )
    return LabelView(RECORD, arrays, ["en"] * len(caption), overrides)


# --- by hand --------------------------------------------------------------------------------


@pytest.fixture
def five() -> Columns:
    """Five posts of 2021: see the lists."""
    posts = [
        Post(f"p{n}", "0" * 32, SOURCES[n % 2], "/", "x.jpg", "a caption" if n else "", n * DAY)
        for n in range(5)
    ]
    view = view_of(
        caption=[None, "negative", "positive", "neutral", "positive"],
        image=["positive", "positive", "positive", None, None],
        caption_topics=[None, ["animals"], ["food", "animals"], [], ["sports"]],
        image_topics=[["food"], ["food"], ["food"], ["food"], None],
        overrides=[None, None, None, None, Override(sentiment="negative", topics=())],
    )
    return columns_of(posts, view)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), [0, 1, 2, 3, 4]),
        (Filters(sentiments=frozenset({"negative"})), [1, 4]),
        (Filters(sentiments=frozenset({"negative"}), sentiment_by="caption"), [1]),
        (Filters(sentiments=frozenset({"positive"}), sentiment_by="image"), [0, 1, 2]),
        (Filters(sentiments=frozenset({UNDETERMINED}), sentiment_by="image"), [3, 4]),
        (Filters(topics=frozenset({"animals", "food"})), [0, 1, 2]),
        (Filters(topics=frozenset({"animals", "food"}), topics_match="all"), [2]),
        (Filters(topics=frozenset({"other"})), [3, 4]),
        (Filters(month_day=(1, 3)), [2]),
        (Filters(month_day=(2, 29)), []),
        (Filters(topics=frozenset({"animals"})).both(Filters(topics=frozenset({"food"}))), [2]),
        (
            Filters(sentiments=frozenset({"negative"})).both(
                Filters(sentiments=frozenset({"positive"}))
            ),
            [],
        ),
        (Filters(since=DAY).both(Filters(before=4 * DAY)).both(Filters(month_day=(1, 4))), [3]),
        (Filters().both(Filters(since=4 * DAY)), [4]),
        (Filters(since=DAY, before=3 * DAY), [1, 2]),
        (Filters(sources=frozenset({SOURCES[1]})), [1, 3]),
        (Filters(has_caption=True), [1, 2, 3, 4]),
        (Filters(has_caption=False), [0]),
        (Filters(disagreement="sentiment"), [1]),
        (Filters(disagreement="topics"), [1]),
        (Filters(has_caption=True, topics=frozenset({"food"}), since=2 * DAY), [2]),
    ],
)
def test_a_mask_lets_through_what_passes_every_filter(
    five: Columns, filters: Filters, expected: list[int]
) -> None:
    assert np.flatnonzero(filters.mask(five)).tolist() == expected


def test_what_the_gallery_lacks_is_refused_with_what_it_has(five: Columns) -> None:
    with pytest.raises(BadOption, match="unknown topic 'cats'; choose from animals, food, sports"):
        Filters(topics=frozenset({"cats"})).mask(five)
    with pytest.raises(BadOption, match="unknown source 'x'; choose from folder:/a, folder:/b"):
        Filters(sources=frozenset({"x"})).mask(five)


def test_filters_can_be_compared_and_remembered() -> None:
    one, other = (Filters(topics=frozenset({"food"}), since=3) for _ in range(2))
    assert one == other
    assert len({one, other, Filters()}) == 2
    assert Filters().is_empty
    assert not one.is_empty


@pytest.mark.parametrize(
    ("since", "until", "first", "end"),
    [
        ("1971", None, 365 * DAY, None),
        ("1970-02", "1970-02", 31 * DAY, 59 * DAY),
        ("1970-01-03", "1970-01-03", 2 * DAY, 3 * DAY),
        ("1970-01-01T00:00+02:00", "1970-01-01T00:00:30", 0, 31),
        (None, "1970-12", None, 365 * DAY),
        (None, "9999", None, 253402300799),
    ],
)
def test_a_range_holds_all_of_its_last_year_month_or_day(
    since: str | None, until: str | None, first: int | None, end: int | None
) -> None:
    assert date_range(since, until) == (first, end)


@pytest.mark.parametrize("text", ["21", "2021-13", "yesterday", "2021-02-30", "", "14.3.2021"])
def test_a_bad_date_says_which_forms_are_good(text: str) -> None:
    with pytest.raises(BadOption, match=r"not a date; write a year \(2021\), a month"):
        date_range(text, None)


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(BadOption, match="swap the two dates"):
        date_range("2022", "2021")


# --- facets ---------------------------------------------------------------------------------


def test_facets_count_what_passes(five: Columns) -> None:
    facets = Facets(five)
    everything = np.ones(5, dtype=np.bool_)
    assert facets.count("sentiment", everything) == {
        "negative": 2, "neutral": 1, "positive": 2, UNDETERMINED: 0
    }  # fmt: skip
    assert facets.count("topic", everything) == {"animals": 2, "food": 2, "sports": 0, "other": 2}
    assert facets.count("caption", everything) == {"no caption": 1, "caption": 4}
    assert facets.count("year", everything) == {"1970": 5}
    assert facets.count("disagreement", everything) == {"sentiment": 1, "topics": 1}
    negative = Filters(sentiments=frozenset({"negative"})).mask(five)
    assert facets.count("source", negative) == {SOURCES[0]: 1, SOURCES[1]: 1}
    assert facets.count_pairs("sentiment", "topic", negative)["negative"] == {
        "animals": 1, "food": 0, "sports": 0, "other": 1
    }  # fmt: skip


def test_undated_posts_are_counted_apart() -> None:
    dates = [0, 40 * DAY, None, -DAY]
    posts = [Post(f"p{n}", "0" * 32, "s", "/", "x", "", date) for n, date in enumerate(dates)]
    view = view_of([None] * 4, [None] * 4, [None] * 4, [None] * 4, [])
    facets, everything = Facets(columns_of(posts, view)), np.ones(4, dtype=np.bool_)
    assert facets.count("year", everything) == {"1969": 1, "1970": 2, "no date": 1}
    assert list(facets.count("month", everything)) == ["1969-12", "1970-01", "1970-02", "no date"]


# --- against real Chroma --------------------------------------------------------------------

some_topics = st.lists(st.sampled_from(TOPICS), unique=True, max_size=3)
a_sentiment = st.sampled_from((*SENTIMENTS, None))


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[list[Post], LabelView]:
    n = draw(st.integers(1, 8))

    def each(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    captions = each(st.sampled_from(["", "a dog", "lunch"]))
    dates = each(st.one_of(st.none(), st.integers(-5, 5)))
    sources = each(st.sampled_from(SOURCES))
    posts = [
        Post(f"p{row}", f"{row:032x}", source, "/", "x.jpg", caption, date)
        for row, (caption, date, source) in enumerate(zip(captions, dates, sources, strict=True))
    ]

    def of_captions(values: list[Any]) -> list[Any]:
        return [value if text else None for value, text in zip(values, captions, strict=True)]

    felt, told = of_captions(each(a_sentiment)), of_captions(each(some_topics))
    overrides = each(
        st.one_of(
            st.none(),
            st.builds(
                Override,
                st.sampled_from((*SENTIMENTS, None)),
                st.one_of(st.none(), some_topics.map(tuple)),
            ),
        )
    )
    shown = each(st.one_of(st.none(), some_topics))
    return posts, view_of(felt, each(a_sentiment), told, shown, overrides)


def some_of(values: Any) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), max_size=3)


IDS = [f"{row:032x}" for row in range(0, 8, 2)]
plain_filters = st.builds(
    Filters,
    sentiments=some_of((*SENTIMENTS, UNDETERMINED)),
    sentiment_by=st.sampled_from(SIDES),
    topics=some_of((*TOPICS, "other")),
    topics_match=st.sampled_from(("any", "all")),
    since=st.one_of(st.none(), st.integers(-5, 5)),
    before=st.one_of(st.none(), st.integers(-5, 5)),
    sources=some_of(SOURCES),
    has_caption=st.sampled_from((None, True, False)),
    disagreement=st.sampled_from((None, *DISAGREEMENTS)),
    month_day=st.sampled_from((None, None, (1, 1), (12, 31))),
    pictures=st.sampled_from(
        (None, None, None, frozenset[str](), frozenset(IDS[:3]), frozenset(IDS))
    ),
)
filters = st.one_of(plain_filters, st.builds(Filters.both, plain_filters, plain_filters))


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collections]:
    opened = Collections(tmp_path_factory.mktemp("chroma"), RECORDS)
    yield opened
    opened.close()


@pytest.mark.slow
@settings(  # a catalog in Chroma costs as much as a score of questions: many to each
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(catalog=catalogs(), asked=st.lists(filters, min_size=1, max_size=15))
def test_a_mask_and_chromas_where_select_the_same_captioned_posts(
    collections: Collections, catalog: tuple[list[Post], LabelView], asked: list[Filters]
) -> None:
    posts, view = catalog
    columns = columns_of(posts, view)
    captioned = [row for row, post in enumerate(posts) if post.has_caption]
    vector = np.eye(64, dtype=np.float32)[0]
    collections.remove_captions([f"p{row}" for row in range(8)])
    collections.put_captions([(posts[row], view.labels(row), vector) for row in captioned])
    for each in asked:
        each = with_known_sources(each, set(columns.source_names))
        passing = each.mask(columns)
        where = each.where()
        found = collections.captions.get(where=where, include=[])["ids"]
        assert sorted(found) == [f"p{row}" for row in captioned if passing[row]], (each, where)


def with_known_sources(asked: Filters, known: set[str]) -> Filters:
    also = asked.also and with_known_sources(asked.also, known)
    return replace(asked, sources=asked.sources & known, also=also)


def test_every_facet_can_be_counted_alone_and_in_pairs(five: Columns) -> None:
    facets, everything = Facets(five), np.ones(5, dtype=np.bool_)
    for by in FACETS:
        assert sum(facets.count(by, everything).values()) >= 0
        for other in FACETS:
            pairs = facets.count_pairs(by, other, everything)
            for value, total in facets.count(by, everything).items():
                if other not in ("topic", "disagreement"):
                    assert sum(pairs[value].values()) == total


def test_a_real_generation_gives_the_same_columns(chroma_dir: Path, tmp_path: Path) -> None:
    from tests.galleries import index_folder, three_pictures

    index_folder(chroma_dir, three_pictures(tmp_path / "posts"))
    generation = Generation.open(chroma_dir)
    names, codes = generation.sources
    posts = generation.posts()
    assert [names[code] for code in codes] == [post.source for post in posts]
    assert np.isnan(generation.created_at).tolist() == [p.created_at is None for p in posts]
