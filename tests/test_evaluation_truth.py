"""What counts as true, on posts by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from retrieval.evaluate import truth as module
from retrieval.evaluate.controls import (
    LEVELS,
    degraded,
    distinct_captions,
    second_captions,
    shuffled_rows,
)
from retrieval.evaluate.material import most_changed
from retrieval.evaluate.truth import (
    marked_adjectives,
    names_category,
    objects_of,
    sentiment_truth,
    splits,
    topic_truths,
)
from retrieval.labels.scores import NOT_DETERMINED
from retrieval.records import SENTIMENTS, Post, SeenObject, Sentiment, Truth
from retrieval.search.words import stems_of

CATEGORIES_OF_COCO = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire
hydrant, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant,
bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis,
snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis
racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich,
orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed,
dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven,
toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier,
toothbrush
"""


def categories() -> list[str]:
    return [" ".join(name.split()) for name in CATEGORIES_OF_COCO.split(",")]


def post(caption: str = "", truth: Truth | None = None) -> Post:
    return Post("p", "0" * 32, "folder:/a", "/", "x.jpg", caption, truth=truth)


def senticap(caption: str, *marked: str) -> Post:
    return post(caption, Truth("positive", "test", marked))


# --- which things a caption names -----------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "category"),
    [
        ("a dog on a lawn", "dog"),
        ("Two DOGS, asleep", "dog"),
        ("a puppy and its mother", "dog"),
        ("three women talking", "person"),
        ("surfers wait for a wave", "person"),
        ("geese by a lake", "bird"),
        ("a man fixes his motorbike", "motorcycle"),
        ("airplanes over a field", "airplane"),
        ("the traffic lights are red", "traffic light"),
        ("a light above the traffic", "traffic light"),
        ("a stoplight", "traffic light"),
        ("a sign that says stop", "stop sign"),
        ("two wine glasses", "wine glass"),
        ("a cat on the sofa", "couch"),
        ("couches for sale", "couch"),
        ("a table with four chairs", "dining table"),
        ("a pair of scissors", "scissors"),
        ("a child with a teddy", "teddy bear"),
        ("doughnuts in a box", "donut"),
        ("a football match", "sports ball"),
    ],
)
def test_a_caption_names_a_thing_by_its_name_a_plural_or_another_word(
    caption: str, category: str
) -> None:
    assert names_category(category, set(stems_of(caption)))


@pytest.mark.parametrize(
    ("caption", "category"),
    [
        ("a cat on a lawn", "dog"),
        ("the traffic is heavy", "traffic light"),
        ("a light rain", "traffic light"),
        ("he cannot stop", "stop sign"),
        ("a carpet", "car"),
        ("an empty street", "person"),
        ("", "person"),
        ("a glass of milk", "wine glass"),
    ],
)
def test_a_caption_that_has_not_all_words_of_a_name_does_not_name_it(
    caption: str, category: str
) -> None:
    assert not names_category(category, set(stems_of(caption)))


def test_the_further_words_are_of_coco_categories_and_name_them() -> None:
    path = Path(module.__file__).with_name("coco_words.toml")
    written = tomllib.loads(path.read_text("utf-8"))
    assert written.keys() <= set(categories())
    for category, words in written.items():
        for word in words.split():
            assert names_category(category, set(stems_of(f"here is a {word}")))


@pytest.mark.parametrize("category", categories())
def test_every_category_is_named_by_its_own_name(category: str) -> None:
    assert names_category(category, set(stems_of(f"There it is: a {category}!")))


@pytest.mark.parametrize(
    ("plural", "category"),
    [("knives", "knife"), ("buses", "bus"), ("mice", "mouse"), ("TVs", "tv")],
)
def test_plurals_that_stemming_does_not_know_are_among_the_further_words(
    plural: str, category: str
) -> None:
    assert names_category(category, set(stems_of(f"two {plural}")))


# --- the adjectives that carry a sentiment --------------------------------------------------


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (senticap("A lovely dog runs.", "lovely", "dog"), {"lovely"}),
        (senticap("A Lovely dog, a sad cat!", "lovely", "dog", "sad", "cat"), {"lovely", "sad"}),
        (senticap("A dog barks happily.", "happily"), set()),  # a run of one word: no noun
        (senticap("A nice old dog.", "nice", "old", "dog"), {"nice"}),  # a run of three
        (senticap("A plain dog."), set()),
        (post("A lovely dog runs."), set()),
        (senticap("Not a word of it.", "lovely", "dog"), set()),
    ],
)
def test_an_adjective_is_the_first_word_of_a_marked_run(post: Post, expected: set[str]) -> None:
    assert marked_adjectives(post) == expected


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (senticap('Three cows and a "bad car".', "bad", "car"), {"bad"}),
        (senticap("A talented student's room.", "talented", "students"), {"talented"}),
    ],
)
def test_an_adjective_is_found_in_quotes_and_before_a_possessive(
    post: Post, expected: set[str]
) -> None:
    assert marked_adjectives(post) == expected


# --- sentiments and splits ------------------------------------------------------------------


def test_sentiments_that_nobody_knows_are_not_determined() -> None:
    felt: list[Sentiment | None] = ["positive", None, "negative", "neutral"]
    posts = [post(truth=Truth(each)) for each in felt]
    found = sentiment_truth([*posts, post()])
    assert found.tolist() == [2, NOT_DETERMINED, 0, 1, NOT_DETERMINED]
    assert [SENTIMENTS[code] for code in found[[0, 2, 3]]] == ["positive", "negative", "neutral"]
    assert sentiment_truth([]).shape == (0,)


def test_splits_are_the_sources_own() -> None:
    posts = [post(truth=Truth(split="test")), post(truth=Truth()), post()]
    assert splits(posts) == ["test", None, None]


# --- topics ---------------------------------------------------------------------------------

PERSON, DOG, CUP, PIZZA = (
    SeenObject("person", "person", 0.5),
    SeenObject("dog", "animal", 0.01),
    SeenObject("cup", "kitchen", 0.02),
    SeenObject("pizza", "food", 0.4),
)
TOPICS = ("people", "animals", "food_drink", "celebrations")


def four_posts() -> list[Post]:
    in_common = Truth(objects=(PERSON, DOG, CUP))
    return [
        post("a man with his dog", in_common),
        post("a man and a puppy", in_common),
        post("a man on a bench", in_common),
        post("lunch, pizza, pizza again", Truth(objects=(PIZZA,))),
    ]


def test_three_truths_by_hand_on_four_posts_of_two_pictures() -> None:
    truths = topic_truths(four_posts(), np.array([5, 5, 5, 2]), TOPICS)
    yes, no = True, False
    assert {name: truth.tolist() for name, truth in truths.items()} == {
        "every object": [[yes, yes, yes, no]] * 3 + [[no, no, yes, no]],
        # The dog covers 1 % of the picture; the cup, 2 %, is just large enough.
        "objects of 2 % or more": [[yes, no, yes, no]] * 3 + [[no, no, yes, no]],
        # Only the third post has two others that name the dog; nobody names the cup. The last
        # picture has no other caption, and its own does not count.
        "named by two other captions": [
            [yes, no, no, no],
            [yes, no, no, no],
            [yes, yes, no, no],
            [no, no, no, no],
        ],
    }


def test_a_picture_in_which_nothing_was_marked_has_no_topics() -> None:
    truths = topic_truths([post("a dog", Truth(objects=()))], np.array([0]), TOPICS)
    assert not any(truth.any() for truth in truths.values())
    assert all(truth.shape == (1, 4) for truth in truths.values())


def test_nobody_looked_is_not_nothing_there() -> None:
    assert objects_of(post()) is None
    assert objects_of(post(truth=Truth())) is None
    assert objects_of(post(truth=Truth(objects=()))) == ()


def test_the_same_caption_in_another_source_is_no_other_caption() -> None:
    truth = Truth(objects=(PERSON, DOG))
    posts = [post("a dog", truth) for _ in range(3)]
    named = topic_truths(posts, np.array([0, 0, 0]), TOPICS)["named by two other captions"]
    assert not named.any()


def test_topics_that_coco_says_nothing_about_are_told_apart() -> None:
    places, others = module.testable(("celebrations", "animals", "mine", "people"))
    assert (places, others) == ([1, 3], ["celebrations", "mine"])
    assert module.tested_topics() >= {"people", "animals", "food_drink"}


# --- captions made worse --------------------------------------------------------------------

CAPTIONS = ["The brown dog  sleeps on the sofa", "a brown dog", "the dogs run", "", "it is"]


def test_degraded_captions_by_hand() -> None:
    assert {level: degraded(CAPTIONS, level) for level in LEVELS} == {
        "full caption": CAPTIONS,
        "first five words": [
            "The brown dog sleeps on", "a brown dog", "the dogs run", "", "it is"
        ],
        # A stem's captions: dog 3, brown 2, all others 1.
        "two hashtags": ["#sleeps #sofa", "#brown #dog", "#dogs #run", "", "#it #is"],
        "no caption": ["", "", "", "", ""],
    }  # fmt: skip


def test_every_level_leaves_less_than_the_one_before() -> None:
    left = [sum(len(each.split()) for each in degraded(CAPTIONS, level)) for level in LEVELS]
    assert left == sorted(left, reverse=True)


def test_hashtags_of_a_caption_with_one_word_are_one_and_do_not_repeat() -> None:
    assert degraded(["dog dog dog", "😀"], "two hashtags") == ["#dog", ""]


# --- other captions and other pictures ------------------------------------------------------


def test_a_second_caption_is_the_next_one_of_the_same_picture() -> None:
    texts = ["a", "b", "c", "d", "e", "f"]
    found = second_captions(texts, np.array([3, 1, 3, 3, 2, 1]))
    assert found.tolist() == [2, 5, 3, 0, -1, 1]


def test_a_copy_of_a_caption_is_no_second_one() -> None:
    texts = ["A dog.", "a dog", "a cat", "a dog", "A dog"]
    found = second_captions(texts, np.array([1, 1, 1, 2, 2]))
    assert found.tolist() == [2, 2, 0, -1, -1]
    assert distinct_captions(texts, np.array([1, 1, 1, 2, 2])).tolist() == [0, 2, 3]


def test_shuffling_gives_all_posts_of_a_picture_the_same_other_one() -> None:
    pictures = np.array([4, 0, 4, 2, 9, 0])
    for seed in range(20):
        rows = shuffled_rows(pictures, np.random.default_rng(seed))
        stand_ins = {
            picture: set(pictures[rows[pictures == picture]].tolist()) for picture in (0, 2, 4, 9)
        }
        assert all(len(each) == 1 for each in stand_ins.values())
        assert {min(each) for each in stand_ins.values()} == {0, 2, 4, 9}  # nobody is lost


def test_the_posts_that_changed_most_are_told_best_first_and_each_picture_once() -> None:
    gain = np.array([0.1, -0.5, 0.9, 0.8, 0.0, -0.2])
    pictures = np.array([0, 1, 2, 2, 3, 4])
    assert most_changed(gain, pictures, 2) == [2, 0, 1, 5]
    assert most_changed(gain, pictures, 1) == [2, 1]
    assert most_changed(np.zeros(6), pictures, 2) == []
