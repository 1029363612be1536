from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from retrieval.captions import plain
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.errors import BadOption
from retrieval.labels.labeller import choose_sentiment_model
from retrieval.labels.sentiment_head import HEAD_FILE, SentimentHead
from retrieval.labels.vader import VaderModel
from retrieval.records import SENTIMENTS
from tests.data import COCO_MINI, SENTICAP, needs_shared_data
from tests.fakes import WordEncoder
from training.sentiment_texts import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    pseudo_neutral,
    read_coco,
    read_senticap,
    read_social,
    read_voices,
)

NO_VECTORS = np.empty((0, 384), dtype=np.float32)


@pytest.fixture(scope="module")
def encoder(cache_dir: Path) -> SentenceEncoder:
    return SentenceEncoder(cache_dir=cache_dir)


@pytest.fixture(scope="module")
def head(encoder: SentenceEncoder) -> SentimentHead:
    return SentimentHead(encoder)


def read(head: SentimentHead, encoder: SentenceEncoder, captions: list[str]) -> np.ndarray:
    return head.scores(captions, encoder.encode_texts(captions))


@pytest.mark.parametrize(
    ("caption", "sentiment"),
    [
        ("a beautiful dog on a lovely beach", "positive"),
        ("a dead plant in an ugly, dirty room", "negative"),
        ("a man riding a wave on a surfboard", "neutral"),
        ("She's finally mine 😍 started first time", "positive"),
        ("Worst start to a season ever 😡", "negative"),
        ("Espresso, red cup, 8:40", "neutral"),
    ],
)
def test_the_head_tells_moods_in_descriptions_and_in_posts(
    head: SentimentHead, encoder: SentenceEncoder, caption: str, sentiment: str
) -> None:
    scores = read(head, encoder, [caption])[0]
    assert SENTIMENTS[scores.argmax()] == sentiment
    assert scores.sum() == pytest.approx(1, abs=1e-5)


def test_case_and_a_final_stop_give_nothing_away(
    head: SentimentHead, encoder: SentenceEncoder
) -> None:
    styles = ["A man rides a wave.", "a man rides a wave", "A MAN RIDES A WAVE."]
    scores = read(head, encoder, styles)
    np.testing.assert_allclose(scores, scores[[0, 0, 0]], atol=1e-6)


def test_only_a_single_final_stop_is_style() -> None:
    assert [plain(t) for t in ("a cat.", "a cat...", "a cat!", " a\x00 cat . ")] == [
        "a cat",
        "a cat...",
        "a cat!",
        "a cat",
    ]


def test_the_weights_say_which_encoder_they_need_and_what_they_score() -> None:
    fields = json.loads(HEAD_FILE.read_text("utf-8"))
    assert fields["encoder"].startswith("sentence:all-MiniLM-L6-v2@53aa51172d142c89")
    chosen = fields["scores"]["comparison"][-1]
    assert chosen["test"]["macro_f1"] >= 0.89
    assert chosen["test"]["neutral_recall"] >= 0.85
    assert chosen["unseen_adjectives"] >= 0.93


def test_another_encoder_s_vectors_are_refused_and_vader_takes_over() -> None:
    words = WordEncoder()
    with pytest.raises(BadOption, match="words@1; choose --sentiment-model vader"):
        choose_sentiment_model("head", words)
    assert isinstance(choose_sentiment_model(None, words), VaderModel)


def test_nothing_to_read_is_no_rows(head: SentimentHead) -> None:
    assert head.scores([], NO_VECTORS).shape == (0, 3)
    assert VaderModel().scores([], NO_VECTORS).shape == (0, 3)


@pytest.mark.parametrize(
    ("caption", "sentiment"),
    [("what a lovely day", "positive"), ("I hate this", "negative"), ("a chair", "neutral")],
)
def test_vader_decides_as_its_authors_say(caption: str, sentiment: str) -> None:
    scores = VaderModel().scores([caption], NO_VECTORS)[0]
    assert SENTIMENTS[scores.argmax()] == sentiment
    assert scores.sum() == pytest.approx(1)


def test_the_social_captions_are_balanced_and_none_is_in_the_probe() -> None:
    social = read_social()
    counts = [sum(text.label == label for text in social) for label in range(3)]
    assert max(counts) - min(counts) < len(social) / 50
    with Path("data/probe/posts.csv").open(encoding="utf-8", newline="") as file:
        probe = {row["caption"].strip().casefold() for row in csv.DictReader(file)}
    assert len(probe) == 300
    assert not probe & {text.text.strip().casefold() for text in social}


def test_the_voices_are_balanced_and_none_of_their_captions_is_anywhere_else() -> None:
    voices, social = read_voices(), read_social()
    counts = [sum(text.label == label for text in voices) for label in range(3)]
    assert max(counts) - min(counts) < len(voices) / 10
    captions = [text.text.strip().casefold() for text in voices]
    assert len(set(captions)) == len(captions)
    with Path("data/probe/posts.csv").open(encoding="utf-8", newline="") as file:
        others = {row["caption"].strip().casefold() for row in csv.DictReader(file)}
    assert not set(captions) & (others | {text.text.strip().casefold() for text in social})


def test_the_probe_has_two_labellings_and_two_halves_of_each_kind() -> None:
    with Path("data/probe/posts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["language"] != "en" for row in rows) == 60
    for half in ("choose", "report"):
        assert sum(row["half"] == half for row in rows) == 150
    assert all(row["first"] in SENTIMENTS and row["second"] in SENTIMENTS for row in rows)


@needs_shared_data
def test_senticap_gives_adjectives_and_sentences_without_them() -> None:
    texts = read_senticap(SENTICAP)
    assert len(texts) == 8_869
    assert {text.label for text in texts} == {NEGATIVE, POSITIVE}
    food = next(
        text for text in texts if text.text == "a plate of delicious food including French fries."
    )
    assert food.adjectives == {"delicious"}
    assert food.stripped == "a plate of food including french fries"


@needs_shared_data
def test_neutral_texts_have_no_mood_left() -> None:
    train = [text for text in read_senticap(SENTICAP) if text.split == "train"]
    neutrals = pseudo_neutral(train)
    assert 2_500 < len(neutrals) < 3_500
    assert {text.label for text in neutrals} == {NEUTRAL}
    coco = read_coco([COCO_MINI / "annotations" / "captions_val2017.json"])
    assert {text.label for text in coco} == {NEUTRAL}
    assert len(coco) == 250
