"""Searching a gallery with encoders by hand: what is found, in which order, and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from indexer.sources.base import SourceRequest
from indexer.sources.table import TableReader
from retrieval.catalog.filters import EVERYTHING, Filters
from retrieval.errors import BadOption
from retrieval.gallery.generation import Generation
from retrieval.labels.overrides import read_overrides, set_override
from retrieval.labels.view import LabelView
from retrieval.records import STRATEGIES, Found, Hit, Strategy
from retrieval.search.query import Query, Term, parse_query
from retrieval.search.relevance import RELEVANCE_FILE
from retrieval.search.searcher import Options, Searcher
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import index_folder, index_source, save_picture, writing

EVERY = Options(cutoff=False, collapse=False)  # plain pictures would all be copies
RED, GREEN, BLUE, YELLOW, PURPLE, SAND = (
    "red.png", "green.png", "blue.png", "yellow.png", "purple.png", "sand.png"
)  # fmt: skip


def opened(chroma_dir: Path, colours: ColourEncoder | None = None) -> Searcher:
    generation = Generation.open(chroma_dir)
    view = LabelView.of(generation, read_overrides(chroma_dir))
    return Searcher(generation, view, colours or ColourEncoder(), WordEncoder())


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures from two folders; the red one has three posts, the blue one no caption."""
    folder = tmp_path_factory.mktemp("searcher")
    posts, shop = folder / "posts", folder / "shop"
    save_picture(posts / RED, "red", "a red wall")
    save_picture(posts / "red again.png", "red", "what a horrible ugly wall")
    save_picture(posts / GREEN, (0, 128, 0), "a lovely green meadow")
    save_picture(posts / BLUE, "blue")
    save_picture(posts / YELLOW, "yellow", "beach people people")
    save_picture(shop / PURPLE, (255, 0, 255), "a market")
    save_picture(shop / SAND, (200, 180, 100), "beach sunset sand")
    save_picture(shop / "red in the shop.png", "red")
    for source in (posts, shop):
        index_folder(folder / "gallery", source)
    return folder / "gallery"


@pytest.fixture(scope="module")
def searcher(gallery: Path) -> Searcher:
    return opened(gallery)


def find(
    searcher: Searcher,
    query: str | Query,
    k: int = 10,
    strategy: Strategy = "hybrid",
    filters: Filters = EVERYTHING,
    options: Options = EVERY,
) -> Found:
    query = parse_query(query) if isinstance(query, str) else query
    (found,) = searcher.search([query], k, filters, replace(options, strategy=strategy))
    return found


def score_of(hit: Hit) -> float:
    assert hit.score is not None
    return hit.score


def paths(found: Found) -> list[str]:
    """Pictures by the name of the first file that shows them."""
    return [min((post.image_path for post in hit.posts), key=len) for hit in found.hits]


def hit_of(found: Found, path: str) -> Hit:
    return found.hits[paths(found).index(path)]


def image_id(searcher: Searcher, path: str) -> str:
    posts = searcher.generation.posts()
    return next(post.image_id for post in posts if post.image_path == path)


# --- rankings by hand -----------------------------------------------------------------------


def test_pictures_are_ranked_by_their_look(searcher: Searcher) -> None:
    # Cosines with pure red; one more of each colour keeps black pictures from having no vector.
    by_hand = {
        RED: 256 / sqrt(256**2 + 2),
        YELLOW: 256 / sqrt(2 * 256**2 + 1),
        SAND: 201 / sqrt(201**2 + 181**2 + 101**2),
        GREEN: 1 / sqrt(129**2 + 2),
        BLUE: 1 / sqrt(256**2 + 2),
    }
    found = find(searcher, "red", strategy="image")
    assert [path for path in paths(found) if path != PURPLE] == list(by_hand)
    for path, cosine in by_hand.items():
        assert hit_of(found, path).why.image == pytest.approx(cosine, abs=3e-3)
    assert [hit.rank for hit in found.hits] == [1, 2, 3, 4, 5, 6]
    assert [hit.why.image_rank for hit in found.hits] == [1, 2, 3, 4, 5, 6]
    scores = [score_of(hit) for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert (found.passing, found.held_back) == (6, 0)


def test_captions_are_ranked_by_their_meaning(searcher: Searcher) -> None:
    found = find(searcher, "beach sunset", strategy="caption")
    # Two of three words; one of beach, people, people; the others share none.
    assert paths(found)[:2] == [SAND, YELLOW]
    assert found.hits[0].why.caption == pytest.approx(2 / sqrt(2 * 3), abs=1e-2)
    assert found.hits[1].why.caption == pytest.approx(1 / sqrt(2 * 5), abs=1e-2)
    assert BLUE not in paths(found), "it has no caption"
    assert found.hits[0].why.image is None
    assert found.hits[0].why.words == ()


def test_words_are_found_and_nothing_else(searcher: Searcher) -> None:
    found = find(searcher, "beaches sunsets", strategy="words")
    assert paths(found) == [SAND, YELLOW]
    assert [hit.why.words for hit in found.hits] == [("beaches", "sunsets"), ("beaches",)]
    assert [hit.why.words_rank for hit in found.hits] == [1, 2]
    assert [score_of(hit) for hit in found.hits] == [hit.why.words_score for hit in found.hits]
    assert all(hit.why.image is None and hit.why.caption is None for hit in found.hits)
    assert find(searcher, "submarine", strategy="words") == Found((), 6, 0)


def test_the_hybrid_finds_by_look_and_by_caption(searcher: Searcher) -> None:
    found = find(searcher, "red market")
    assert set(paths(found)[:2]) == {RED, PURPLE}
    assert set(paths(found)) == {RED, GREEN, BLUE, YELLOW, PURPLE, SAND}
    purple = hit_of(found, PURPLE)
    assert purple.why.words == ("market",)
    assert purple.why.caption_rank == 1
    assert hit_of(found, RED).why.image_rank == 1
    assert hit_of(found, BLUE).why.caption is None
    assert hit_of(found, BLUE).why.words_score is None


def test_a_hybrid_score_is_worked_out_from_what_the_answer_says(searcher: Searcher) -> None:
    about = json.loads(RELEVANCE_FILE.read_text("utf-8"))["encoders"]["classes"]
    typical = about["typical"]
    found = find(searcher, "red wall")
    generation = searcher.generation
    look = generation.image_vectors @ ColourEncoder().encode_texts(["red wall"])[0]
    text = generation.caption_vectors @ WordEncoder().encode_texts(["red wall"])[0]

    def standardised(value: float, all_: Any, kind: str) -> float:
        prior, n = typical[kind], len(all_)
        mean = (sum(all_) + 10 * prior["mean"]) / (n + 10)
        squares = sum((each - mean) ** 2 for each in all_)
        squares += 10 * (prior["deviation"] ** 2 + (prior["mean"] - mean) ** 2)
        return float((value - mean) / sqrt(squares / (n + 10)))

    for hit in found.hits:
        why = hit.why
        assert why.image is not None
        weights = about["weights"]["image" if why.caption is None else "hybrid"]
        logit = weights["bias"] + weights["image"] * standardised(why.image, look, "image")
        logit += weights["image_cosine"] * why.image
        if why.caption is not None:
            logit += weights["text"] * standardised(why.caption, text, "caption")
            logit += weights["text_cosine"] * why.caption
        logit += weights.get("words", 0) * (why.words_score or 0)
        assert score_of(hit) == pytest.approx(1 / (1 + exp(-logit)), abs=1e-4)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_question_gets_the_same_answer(searcher: Searcher, strategy: Strategy) -> None:
    first = find(searcher, "red beach", strategy=strategy)
    assert first == find(searcher, "red beach", strategy=strategy)
    assert first.hits


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_fewer_are_the_first_of_more(searcher: Searcher, strategy: Strategy) -> None:
    many = find(searcher, "red beach", 1000, strategy)
    for k in (1, 2, 3):
        assert find(searcher, "red beach", k, strategy).hits == many.hits[:k]


def test_more_than_there_are_is_everything(searcher: Searcher) -> None:
    assert len(find(searcher, "red", 10_000).hits) == 6


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_cannot_be_asked_for(searcher: Searcher, k: int) -> None:
    with pytest.raises(BadOption, match=f"k is {k}; ask for 1 picture or more"):
        find(searcher, "red", k)


class Counting(ColourEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def encode_texts(self, texts: Sequence[str]) -> Any:
        self.asked.append(list(texts))
        return super().encode_texts(texts)


def test_many_queries_are_encoded_at_once_and_answered_as_one_by_one(gallery: Path) -> None:
    encoder = Counting()
    searcher = opened(gallery, encoder)
    queries = [parse_query(text) for text in ("red", "beach -red", "red")]
    together = searcher.search(queries, 3)
    assert encoder.asked == [["beach", "red"]]
    assert together == [searcher.search([query], 3)[0] for query in queries]
    assert searcher.search([], 3) == []


def test_words_need_no_encoder(gallery: Path) -> None:
    encoder = Counting()
    find(opened(gallery, encoder), "beach", strategy="words")
    find(opened(gallery, encoder), "beach", strategy="caption")
    assert encoder.asked == []


# --- posts ----------------------------------------------------------------------------------


def captions(hit: Hit) -> list[str]:
    return [post.caption for post in hit.posts]


@pytest.mark.parametrize("strategy", ["caption", "words", "hybrid"])
def test_a_picture_comes_once_with_its_posts_best_caption_first(
    searcher: Searcher, strategy: Strategy
) -> None:
    plain, ugly = "a red wall", "what a horrible ugly wall"
    red = find(searcher, "a red wall", strategy=strategy).hits[0]
    assert captions(red) == [plain, ugly, ""]
    assert captions(find(searcher, "horrible ugly", strategy=strategy).hits[0]) == [ugly, plain, ""]
    assert len(red.labels) == 3
    assert red.labels[0].sentiment.source is not None


def test_a_hit_has_only_the_posts_that_pass(searcher: Searcher) -> None:
    negative = Filters(sentiments=frozenset({"negative"}), sentiment_by="caption")
    found = find(searcher, "a red wall", filters=negative)
    assert [captions(hit) for hit in found.hits] == [["what a horrible ugly wall"]]
    assert found.passing == 1
    assert [labels.sentiment.name for labels in found.hits[0].labels] == ["negative"]


def test_a_caption_that_does_not_pass_finds_nothing(searcher: Searcher) -> None:
    shop = next(name for name in searcher.columns.source_names if name.endswith("shop"))
    only = Filters(sources=frozenset({shop}))
    found = find(searcher, "red wall", filters=only)
    assert set(paths(found)) == {"red in the shop.png", PURPLE, SAND}
    red = hit_of(found, "red in the shop.png")
    assert (red.why.caption, red.why.words_score, red.why.words) == (None, None, ())
    assert captions(red) == [""]
    assert red.why.image_rank == 1
    assert paths(find(searcher, "wall", strategy="words", filters=only)) == []
    # Ranks are counted among what passes.
    ranks = [hit.why.caption_rank for hit in find(searcher, "market", filters=only).hits]
    assert sorted(rank or 0 for rank in ranks) == [0, 1, 2]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("options", [EVERY, Options()])
def test_filters_that_nothing_passes_find_nothing(
    searcher: Searcher, strategy: Strategy, options: Options
) -> None:
    nothing = Filters(since=5, before=5)
    assert find(searcher, "red wall", 5, strategy, nothing, options) == Found((), 0, 0)


def test_what_the_filters_do_not_know_is_refused(searcher: Searcher) -> None:
    with pytest.raises(BadOption, match="unknown topic 'boats'; choose from people, animals"):
        find(searcher, "red", filters=Filters(topics=frozenset({"boats"})))


def test_a_correction_changes_what_passes(gallery: Path, tmp_path: Path) -> None:
    shutil.copytree(gallery, tmp_path / "gallery")
    searcher = opened(tmp_path / "gallery")
    red = find(searcher, "a red wall").hits[0].posts[0]
    set_override(tmp_path / "gallery", red, sentiment="positive")
    positive = Filters(sentiments=frozenset({"positive"}))
    corrected = searcher.relabelled(
        LabelView.of(searcher.generation, read_overrides(tmp_path / "gallery"))
    )
    assert red not in [post for hit in find(searcher, "wall", filters=positive).hits
                       for post in hit.posts]  # fmt: skip
    (hit,) = [hit for hit in find(corrected, "wall", filters=positive).hits if red in hit.posts]
    assert hit.labels[0].sentiment.source == "you"


# --- several things at once -----------------------------------------------------------------


def test_what_is_subtracted_is_pushed_back(searcher: Searcher) -> None:
    # Yellow is red and green; purple is red and blue.
    for unwanted, back, front in (("green", YELLOW, PURPLE), ("blue", PURPLE, YELLOW)):
        order = paths(find(searcher, f"red -{unwanted}", strategy="image"))
        assert order.index(front) < order.index(back)
    before = hit_of(find(searcher, "red", strategy="image"), YELLOW)
    after = hit_of(find(searcher, "red -green", strategy="image"), YELLOW)
    assert before.why.image == pytest.approx(sqrt(1 / 2), abs=1e-2)
    assert after.why.image == pytest.approx(0, abs=1e-2)
    assert score_of(after) < score_of(before)


def test_a_caption_with_a_word_that_is_not_wanted_is_not_found_by_words(
    searcher: Searcher,
) -> None:
    assert set(paths(find(searcher, "beach", strategy="words"))) == {YELLOW, SAND}
    assert paths(find(searcher, "beach -people", strategy="words")) == [SAND]
    found = find(searcher, "beach -person -people")
    assert hit_of(found, YELLOW).why.words_score == 0
    assert hit_of(found, YELLOW).why.words_rank is None
    assert hit_of(found, SAND).why.words == ("beach",)


def test_a_word_weighs_as_much_as_it_is_told_to(searcher: Searcher) -> None:
    assert paths(find(searcher, "red^3 green", strategy="image"))[0] == RED
    assert paths(find(searcher, "red green^3", strategy="image"))[0] == GREEN
    # (2, 1) / sqrt(5) and (1, 1) / sqrt(2)
    yellow = hit_of(find(searcher, "red^2 green", strategy="image"), YELLOW)
    assert yellow.why.image == pytest.approx(3 / sqrt(10), abs=1e-2)


def test_a_word_that_takes_itself_away_finds_no_traceback(searcher: Searcher) -> None:
    for strategy in STRATEGIES:
        found = find(searcher, "red -red", strategy=strategy)
        assert all(np.isfinite(score_of(hit)) for hit in found.hits)


# --- by picture -----------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["image", "hybrid"])
def test_a_picture_finds_what_looks_like_it(searcher: Searcher, strategy: Strategy) -> None:
    query = parse_query("", picture=Image.new("RGB", (8, 8), (250, 10, 10)))
    found = find(searcher, query, strategy=strategy)
    assert paths(found)[0] == RED
    assert found.hits[0].why.caption is None
    assert found.hits[0].why.words == ()
    with_words = parse_query("market -green", picture=Image.new("RGB", (8, 8), "red"))
    assert paths(find(searcher, with_words))[0] == PURPLE


def test_a_picture_is_not_cut_off(searcher: Searcher) -> None:
    query = parse_query("", picture=Image.new("RGB", (8, 8), "red"))
    found = find(searcher, query, options=Options(collapse=False))
    assert (len(found.hits), found.held_back) == (6, 0)


@pytest.mark.parametrize("strategy", ["image", "caption", "hybrid"])
def test_a_picture_of_the_gallery_finds_others_but_not_itself(
    searcher: Searcher, strategy: Strategy
) -> None:
    whole = image_id(searcher, YELLOW)
    found = find(searcher, Query(similar_to=whole), strategy=strategy)
    assert YELLOW not in paths(found)
    assert found.passing == 5
    assert found == find(searcher, Query(similar_to=whole[:8]), strategy=strategy)
    first = {"image": SAND, "caption": SAND, "hybrid": SAND}
    assert paths(found)[0] == first[strategy]


def test_a_picture_without_captions_is_like_others_by_its_look_alone(searcher: Searcher) -> None:
    query = Query(similar_to=image_id(searcher, BLUE))
    assert paths(find(searcher, query))[0] == PURPLE
    assert all(hit.why.caption is None for hit in find(searcher, query).hits)
    assert find(searcher, query, strategy="caption") == Found((), 5, 0)


def test_similar_with_words_looks_for_both(searcher: Searcher) -> None:
    query = Query((Term("green"),), similar_to=image_id(searcher, RED))
    found = find(searcher, query, strategy="image")
    assert paths(found)[0] == YELLOW
    assert found.hits[0].why.image == pytest.approx(1, abs=1e-2)
    assert RED not in paths(found)


def test_the_only_picture_is_like_no_other(tmp_path: Path) -> None:
    save_picture(tmp_path / "posts" / RED, "red", "a red wall")
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    searcher = opened(tmp_path / "gallery")
    query = Query(similar_to=searcher.generation.image_ids[0])
    for strategy in set(STRATEGIES) - {"words"}:
        assert find(searcher, query, strategy=strategy) == Found((), 0, 0)


@pytest.mark.parametrize("wrong", ["", "zz", "0" * 33, "red.png", "日落"])
def test_a_picture_that_is_not_there_is_said(searcher: Searcher, wrong: str) -> None:
    with pytest.raises(BadOption, match=f"the gallery has no picture '{wrong}'; take an image_id"):
        find(searcher, Query(similar_to=wrong))


def test_the_start_of_an_id_must_fit_one_picture_alone(tmp_path: Path) -> None:
    for grey in range(17):  # of 17 ids, two start alike
        save_picture(tmp_path / "posts" / f"{grey}.png", (grey, grey, grey))
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    searcher = opened(tmp_path / "gallery")
    ids = searcher.generation.image_ids
    starts = [one[0] for one in ids]
    shared = next(start for start in starts if starts.count(start) > 1)
    with pytest.raises(BadOption, match=f"several pictures start with '{shared}'; write more"):
        find(searcher, Query(similar_to=shared))
    for row, whole in enumerate(ids):
        assert searcher.picture_row(whole) == row
        shortest = next(n for n in range(1, 33) if sum(i.startswith(whole[:n]) for i in ids) == 1)
        assert searcher.picture_row(whole[:shortest]) == row


@pytest.mark.parametrize(
    ("query", "strategy", "message"),
    [
        (Query((Term("x"),)), "capton", "unknown strategy 'capton'; choose from image, caption, "),
        (Query(similar_to="ab"), "words", "the strategy words looks for words"),
        (Query(picture=Image.new("RGB", (8, 8))), "words", "the strategy words looks for words"),
        (Query(picture=Image.new("RGB", (8, 8))), "caption", "caption cannot look for a picture"),
    ],
)
def test_what_a_strategy_cannot_answer_is_refused(
    searcher: Searcher, query: Query, strategy: Any, message: str
) -> None:
    with pytest.raises(BadOption, match=message):
        find(searcher, query, strategy=strategy)


# --- ties -----------------------------------------------------------------------------------


def test_equal_scores_come_in_the_order_of_ids(tmp_path: Path) -> None:
    for number in range(12):  # the same colour in other sizes, so other files
        save_picture(tmp_path / "posts" / f"{number}.png", "red", "a wall", size=20 + number)
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    searcher = opened(tmp_path / "gallery")
    for strategy in STRATEGIES:
        found = find(searcher, "red wall", strategy=strategy, k=12)
        assert len({score_of(hit) for hit in found.hits}) == 1
        assert [hit.image_id for hit in found.hits] == sorted(searcher.generation.image_ids)


# --- the cut-off ----------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["image", "caption", "hybrid"])
def test_what_has_little_to_do_with_the_query_is_less_sure_or_held_back(
    searcher: Searcher, strategy: Any
) -> None:
    weights = searcher.evidence.relevance.weights[strategy]
    everything = find(searcher, "red wall", strategy=strategy)
    found = find(searcher, "red wall", strategy=strategy, options=Options(collapse=False))
    worth = [hit for hit in everything.hits if score_of(hit) >= weights["near"]]
    assert found.hits == tuple(worth)
    assert [hit.sure for hit in worth] == [score_of(hit) >= weights["sure"] for hit in worth]
    assert worth[0].sure
    assert 0 < len(worth) < len(everything.hits)
    assert found.held_back == len(everything.hits) - len(worth)
    assert (everything.held_back, everything.passing) == (0, 6)


def test_what_would_not_have_been_shown_anyway_is_not_held_back(searcher: Searcher) -> None:
    only_first = find(searcher, "red wall", 1, options=Options())
    assert (len(only_first.hits), only_first.held_back) == (1, 0)
    assert find(searcher, "submarine", 4, "caption", options=Options()).held_back == 4


def test_words_are_never_held_back(searcher: Searcher) -> None:
    query = "beach submarine volcano umbrella"
    found = find(searcher, query, strategy="words", options=Options(collapse=False))
    assert set(paths(found)) == {YELLOW, SAND}
    assert score_of(found.hits[0]) < 0.23
    assert found.held_back == 0


# --- copies ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn picture, two copies of it in other forms, and another drawing in like colours."""
    folder = tmp_path_factory.mktemp("copies")
    posts, other = folder / "posts", folder / "elsewhere"
    posts.mkdir()
    other.mkdir()

    def drawn(seed: int) -> Image.Image:
        fields = np.random.default_rng(seed).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
        fields[..., 1:] //= 8  # reds
        return Image.fromarray(fields).resize((320, 320), Image.Resampling.BICUBIC)

    for path, image, caption in (
        (posts / "original.png", drawn(0), "a wall"),
        (posts / "small.png", drawn(0).resize((90, 90)), "wall wall"),
        (other / "bright.jpg", ImageEnhance.Brightness(drawn(0)).enhance(1.2), "my wall"),
        (posts / "another.png", drawn(1), "a wall of mine"),
    ):
        image.save(path)
        path.with_suffix(".txt").write_text(caption)
    index_folder(folder / "gallery", posts)
    index_folder(folder / "gallery", other)
    return folder / "gallery"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_copies_of_a_picture_are_shown_as_one(copies: Path, strategy: Strategy) -> None:
    searcher = opened(copies)
    separate = find(searcher, "red wall", strategy=strategy)
    assert len(separate.hits) == 4
    assert all(hit.alike == () for hit in separate.hits)
    found = find(searcher, "red wall", strategy=strategy, options=Options(cutoff=False))
    assert len(found.hits) == 2
    assert [hit.rank for hit in found.hits] == [1, 2]
    one = next(hit for hit in found.hits if hit.alike)
    shown = [hit.posts[0].image_path for hit in separate.hits]
    copied = [path for path in shown if path != "another.png"]
    assert [post.image_path for post, _ in one.posts_and_copies] == copied
    assert all(len(each.posts) == len(each.labels) == 1 for each in one.alike)
    assert found.passing == 4


def test_k_counts_copies_once_and_finds_as_many_of_each(copies: Path) -> None:
    found = {
        k: find(opened(copies), "red wall", k, options=Options(cutoff=False)).hits
        for k in (1, 2, 3)
    }
    assert [len(hits) for hits in found.values()] == [1, 2, 2]
    assert found[1] == found[2][:1]
    assert found[2] == found[3]
    assert sum(len(hit.alike) for hit in found[2]) == 2


def test_a_list_of_posts_shows_every_one_that_says_something_else(copies: Path) -> None:
    (found,) = opened(copies).search([Query()], 10)
    assert len(found.hits) == 4
    assert not any(hit.alike for hit in found.hits)


def test_a_list_shows_a_copy_with_the_same_words_once(copies: Path, tmp_path: Path) -> None:
    shutil.copytree(copies, tmp_path / "gallery")
    again = tmp_path / "again"
    again.mkdir()
    with Image.open(copies.parent / "posts" / "original.png") as image:
        image.resize((100, 100)).save(again / "smaller.png")
    (again / "smaller.txt").write_text("a wall")
    index_folder(tmp_path / "gallery", again)
    searcher = opened(tmp_path / "gallery")
    (found,) = searcher.search([Query()], 10)
    (one,) = (hit for hit in found.hits if hit.alike)
    shown = {post.image_path for post, _ in one.posts_and_copies}
    assert shown == {"original.png", "smaller.png"}
    assert len(found.hits) == len(searcher.hits(range(5), collapse=True)) == 4
    assert len(searcher.hits(range(5))) == 5


def test_a_copy_that_does_not_pass_is_not_told(copies: Path) -> None:
    searcher = opened(copies)
    posts = next(name for name in searcher.columns.source_names if name.endswith("posts"))
    found = find(
        searcher, "red wall",
        filters=Filters(sources=frozenset({posts})), options=Options(cutoff=False),
    )  # fmt: skip
    told = {post.image_path for hit in found.hits for post, _ in hit.posts_and_copies}
    assert told == {"original.png", "small.png", "another.png"}


def test_without_thumbnails_every_picture_is_shown(copies: Path, tmp_path: Path) -> None:
    shutil.copytree(copies, tmp_path / "gallery")
    shutil.rmtree(tmp_path / "gallery" / "thumbnails")
    found = find(opened(tmp_path / "gallery"), "red wall", options=Options(cutoff=False))
    assert len(found.hits) == 4


# --- galleries at the edge ------------------------------------------------------------------


def test_a_gallery_without_captions_is_found_by_look(tmp_path: Path) -> None:
    save_picture(tmp_path / "posts" / RED, "red")
    save_picture(tmp_path / "posts" / BLUE, "blue")
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    searcher = opened(tmp_path / "gallery")
    assert paths(find(searcher, "red")) == [RED, BLUE]
    assert find(searcher, "red", strategy="words") == Found((), 2, 0)
    assert find(searcher, "red", strategy="caption") == Found((), 2, 0)


def test_a_gallery_that_was_emptied_finds_nothing(tmp_path: Path) -> None:
    index_folder(tmp_path / "gallery", save_picture(tmp_path / "posts" / RED, "red", "x").parent)
    with writing(tmp_path / "gallery") as writer:
        writer.remove(list(writer.state.posts))
        writer.publish()
    searcher = opened(tmp_path / "gallery")
    for strategy in STRATEGIES:
        assert find(searcher, "red", strategy=strategy, options=Options()) == Found((), 0, 0)


def test_without_a_query_the_newest_come_first_and_undated_ones_last(
    chroma_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "posts"
    for colour, date in (("red", "2019"), ("green", "2021"), ("blue", None), ("olive", "2020")):
        save_picture(folder / f"{colour}.png", colour)
        about = {"caption": f"a {colour} wall"} | ({"date": f"{date}-01-01"} if date else {})
        (folder / f"{colour}.json").write_text(json.dumps(about), "utf-8")
    index_folder(chroma_dir, folder)
    searcher = opened(chroma_dir)
    found = find(searcher, Query(), 10)
    assert paths(found) == ["green.png", "olive.png", "red.png", "blue.png"]
    assert all(hit.score is None for hit in found.hits)
    (only,) = searcher.search([Query()], 1, Filters(before=1_577_836_800))  # 2020
    assert (paths(only), only.passing) == (["red.png"], 1)


def test_without_a_query_a_hits_own_posts_come_newest_first_too(
    chroma_dir: Path, tmp_path: Path
) -> None:
    shown = ("2019-05-01", "2022-01-31", None, "2021-12-24")
    lines = [f"wall.png,seen {date},{date or ''}" for date in shown]
    save_picture(tmp_path / "wall.png", "red")
    (tmp_path / "posts.csv").write_text("image,caption,date\n" + "\n".join(lines), "utf-8")
    index_source(chroma_dir, TableReader(), SourceRequest(tmp_path / "posts.csv"))
    (hit,) = find(opened(chroma_dir), Query()).hits
    assert [post.caption for post in hit.posts] == [
        "seen 2022-01-31", "seen 2021-12-24", "seen 2019-05-01", "seen None"
    ]  # fmt: skip


def test_facets_count_what_the_searcher_searches(gallery: Path) -> None:
    searcher = opened(gallery)
    everything = EVERYTHING.mask(searcher.columns)
    assert sum(searcher.facets.count("sentiment", everything).values()) == 8
    relabelled = searcher.relabelled(LabelView.of(searcher.generation, read_overrides(gallery)))
    assert relabelled.facets is not searcher.facets


def test_labels_are_warned_of_when_the_topics_are_others_now(gallery: Path) -> None:
    searcher = opened(gallery)
    assert searcher.warning is None
    made_by = searcher.generation.manifest.labels
    assert made_by is not None
    searcher.generation.manifest = replace(
        searcher.generation.manifest, labels=replace(made_by, taxonomy="another")
    )
    assert "has changed since the posts were labelled" in (searcher.warning or "")
