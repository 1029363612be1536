"""From captions and pictures to labels: the parts by hand-worked values."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.encoders.base import ZeroShot
from retrieval.gallery.stored_labels import LabelArrays
from retrieval.labels.caption_topics import CaptionTopics, log_mean_exp, tokens
from retrieval.labels.emoji_moods import emoji_moods
from retrieval.labels.fusion import Fusion, TopicWeights, load_fusion
from retrieval.labels.labeller import Labeller
from retrieval.labels.overrides import Override
from retrieval.labels.picture_labels import MOODS, TEMPLATES, PictureLabels
from retrieval.labels.scores import sentiment_codes, shown_topics, undetermined
from retrieval.labels.taxonomy import load_taxonomy
from retrieval.labels.vader import VaderModel
from retrieval.labels.view import LabelView
from retrieval.records import SENTIMENTS, Reading
from tests.fakes import ColourEncoder, WordEncoder

FUSION = Fusion(
    caption_topics=(1, 2, -1),
    image_topics=(1, -1),
    topics=TopicWeights(1, 1, 0, 0, 0, {}),
    cuts=(0.5, 0.6, 0.7),
    sentiment=(1, 0.5),
    version="by hand",
)
TOPICS = """
[[topic]]
name = "cats"
phrases = ["cat", "kitten"]
words = "kitty 😻"
[[topic]]
name = "boats"
phrases = ["boat sailing"]
"""


def row(*numbers: float) -> NDArray[np.float32]:
    return np.array([numbers], dtype=np.float32)


@pytest.fixture
def taxonomy_file(tmp_path: Path) -> Path:
    path = tmp_path / "topics.toml"
    path.write_text(TOPICS, "utf-8")
    return path


@pytest.fixture
def labeller(taxonomy_file: Path, tmp_path: Path) -> Labeller:
    return Labeller(
        VaderModel(), load_taxonomy(taxonomy_file), ColourEncoder(), WordEncoder(), tmp_path
    )


# --- scores to names ------------------------------------------------------------------------


def test_at_most_three_topics_are_shown_and_only_above_the_cut() -> None:
    scores = row(0.9, 0.2, 0.8, 0.7, 0.6)
    assert shown_topics(scores, 0.5).tolist() == [[True, False, True, True, False]]
    assert shown_topics(scores, 0.75).tolist() == [[True, False, True, False, False]]
    assert not shown_topics(undetermined(1, 5), 0.0001).any()


def test_the_highest_score_names_the_sentiment_and_nan_is_not_determined() -> None:
    scores = np.vstack([row(0.2, 0.3, 0.5), undetermined(1, 3), row(0.5, 0.5, 0)])
    assert sentiment_codes(scores).tolist() == [2, -1, 0]


# --- fusion ---------------------------------------------------------------------------------


def test_a_missing_side_leaves_the_other_alone() -> None:
    known, none = row(0.2, 0.3, 0.5), undetermined(1, 3)
    np.testing.assert_array_equal(FUSION.fused_sentiment(known, none), known)
    np.testing.assert_array_equal(FUSION.fused_sentiment(none, known), known)
    assert np.isnan(FUSION.fused_sentiment(none, none)).all()
    of_pictures = np.ones(3, dtype=np.float32)
    np.testing.assert_array_equal(FUSION.fused_topics(known, none, of_pictures), known)
    np.testing.assert_array_equal(FUSION.fused_topics(none, known, of_pictures), known)


def test_two_sides_multiply_their_odds() -> None:
    fused = FUSION.fused_topics(row(0.8), row(0.8), row(1)[0])  # odds 4 × 4
    assert fused[0, 0] == pytest.approx(16 / 17, abs=1e-5)
    mood = FUSION.fused_sentiment(row(0.6, 0.2, 0.2), row(0.25, 0.25, 0.5))
    products = np.array([0.6 * 0.5, 0.2 * 0.5, 0.2 * 0.5**0.5])
    np.testing.assert_allclose(mood[0], products / products.sum(), atol=1e-6)


def test_a_caption_that_says_nothing_leaves_more_to_the_picture_and_topics_may_differ() -> None:
    weights = TopicWeights(1, 2, 0.5, -1, 0.25, {"cats": -0.5})
    fusion = replace(FUSION, topics=weights)
    of_pictures = fusion.weights_of_pictures(["cats", "boats"], of_classes=True)
    assert of_pictures.tolist() == [1.5, 2]
    assert fusion.weights_of_pictures(["cats", "boats"], of_classes=False).tolist() == [2, 2]
    fused = fusion.fused_topics(row(0.2, 0.5), row(0.8, 0.8), of_pictures)
    # The most that is said is .5: pictures count 1 and 1.5; odds 1/4 × 4 and 1 × 4^1.5 = 8, times
    # e^(.5 × .5 + .25).
    odds = np.array([1, 8]) * np.exp(0.5)
    np.testing.assert_allclose(fused[0], odds / (1 + odds), atol=1e-5)


def test_a_picture_cannot_turn_a_caption_that_is_sure() -> None:
    fused = load_fusion().fused_sentiment(row(0.95, 0.03, 0.02), row(0.01, 0.04, 0.95))
    assert sentiment_codes(fused).tolist() == [0]
    undecided = load_fusion().fused_sentiment(row(0.45, 0.1, 0.45), row(0.01, 0.04, 0.95))
    assert sentiment_codes(undecided).tolist() == [2]


def test_the_weights_come_with_their_provenance() -> None:
    import json

    from retrieval.labels.fusion import FUSION_FILE

    fields = json.loads(FUSION_FILE.read_text("utf-8"))
    assert fields["provenance"]["data"].startswith("100 MS COCO 2017 pictures")
    assert "not learned" in fields["provenance"]["sentiment"]


# --- captions -------------------------------------------------------------------------------


def test_log_mean_exp_lies_between_mean_and_maximum() -> None:
    similarities = row(0.1, 0.5, 0.9)
    value = log_mean_exp(similarities, [(0, 3)], 12)[0, 0]
    assert 0.5 < value < 0.9
    assert value == pytest.approx(np.log(np.exp(12 * similarities).mean()) / 12, abs=1e-5)
    assert log_mean_exp(similarities, [(1, 2)], 12)[0, 0] == pytest.approx(0.5)


def test_words_are_found_in_hashtags_and_emoji() -> None:
    assert tokens("My #Kitty_cat 😻!") == ["my", "#", "kitty", "cat", "😻", "!"]
    assert tokens("☕️ time") == ["☕", "time"]


def test_a_caption_is_about_the_topic_whose_phrases_or_words_it_shares(
    labeller: Labeller,
) -> None:
    captions = ["a cat and a kitten", "boat sailing home", "so sweet 😻"]
    vectors = WordEncoder().encode_texts(captions)
    z, words = labeller.caption_topics.evidence(captions, vectors)
    assert z[0, 0] > 2 > z[0, 1]
    assert z[1, 1] > 2 > z[1, 0]
    assert words.tolist() == [[False, False], [False, False], [True, False]]
    assert labeller.caption_topics.words_in("so sweet 😻") == [("😻", "cats")]
    assert labeller.caption_topics.nearest_phrases(vectors[0])[1][0] == "boat sailing"


def test_what_was_measured_once_is_read_from_the_cache(taxonomy_file: Path, tmp_path: Path) -> None:
    class Counting(WordEncoder):
        texts = 0

        def encode_texts(self, texts):  # type: ignore[no-untyped-def]
            Counting.texts += len(texts)
            return super().encode_texts(texts)

    taxonomy = load_taxonomy(taxonomy_file)
    vectors = WordEncoder().encode_texts(["a cat"])
    first = CaptionTopics(taxonomy, Counting(), tmp_path).evidence(["a cat"], vectors)
    encoded = Counting.texts
    second = CaptionTopics(taxonomy, Counting(), tmp_path).evidence(["a cat"], vectors)
    assert Counting.texts == encoded > 0
    np.testing.assert_array_equal(first.z, second.z)


def test_foreign_and_empty_captions_are_not_determined(labeller: Labeller) -> None:
    captions = ["ich freue mich riesig über diesen schönen Tag", "what a lovely cat", "", "😻"]
    vectors = WordEncoder().encode_texts(captions)
    german, english, empty, emoji = labeller.read(captions, vectors)
    assert (german.language, german.sentiment) == ("de", None)
    assert english.sentiment is not None
    assert english.sentiment[2] == max(english.sentiment)
    assert empty.sentiment is None
    assert (emoji.language, emoji.sentiment is None) == (None, False)
    arrays = labeller.label(
        captions, [german, english, None, emoji], vectors[[0, 1, 3]], None, np.zeros(4, np.int64)
    )
    assert np.isnan(arrays.caption_topics[:, 0]).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    "caption", [".", "…", "?!", "\u200b\u200b", "\ufeff", "—", "\u2060 \u200d", "\u2800", "3️⃣ 2️⃣"]
)
def test_marks_and_what_cannot_be_seen_say_nothing(labeller: Labeller, caption: str) -> None:
    assert labeller.read([caption], WordEncoder().encode_texts([caption]))[0].sentiment is None


@pytest.mark.parametrize(
    ("caption", "mood"),
    [
        *((each, "positive") for each in ("❤️", "❤", "😍😍", "😊!", "👍🏽", "❤️‍🔥", "🎂 🎉", "🥰")),
        *((each, "neutral") for each in ("🔥", "🚗", "🇫🇷")),
        *((each, "negative") for each in ("💔", "😭", "😢", "😡😡")),
    ],
)
def test_emoji_alone_stand_for_what_people_use_them_for(
    labeller: Labeller, caption: str, mood: str
) -> None:
    told = labeller.read([caption], WordEncoder().encode_texts([caption]))[0].sentiment
    assert told is not None
    assert SENTIMENTS[int(np.argmax(told))] == mood
    assert sum(told) == pytest.approx(1)


def test_the_moods_of_several_emoji_are_averaged() -> None:
    # 🚗 in 8, 31 and 23 negative, neutral and positive tweets, 🐶 in 12, 37, 99; one of each more.
    cars, dogs = np.array([9, 32, 24]) / 65, np.array([13, 38, 100]) / 151
    for caption, expected in (("🚗", cars), ("🐶", dogs), ("🚗🐶", (cars + dogs) / 2)):
        np.testing.assert_allclose(emoji_moods([caption])[0], expected, atol=1e-3)


def test_a_caption_of_control_characters_says_nothing(labeller: Labeller) -> None:
    vectors = WordEncoder().encode_texts(["\x00\x07 \x1b"])
    assert labeller.read(["\x00\x07 \x1b"], vectors)[0].sentiment is None


# --- pictures -------------------------------------------------------------------------------


class Judging(ColourEncoder):
    """A zero-shot encoder whose answers are certain: each text is given its own direction."""

    fingerprint = "judging@1"
    judgement = ZeroShot(scale=100, bias=None)  # type: ignore[assignment]

    def encode_texts(self, texts):  # type: ignore[no-untyped-def]
        directions = ["cat", "kitten", "boat sailing", "happy", "sad", "ordinary"]
        rows = np.full((len(texts), 64), 0.01)
        for place, text in enumerate(texts):
            for direction, word in enumerate(directions):
                rows[place, direction] += word in text
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def picture_of(*directions: int) -> NDArray[np.float32]:
    vector = np.full(64, 0.01, dtype=np.float32)
    vector[list(directions)] += 1
    return (vector / np.linalg.norm(vector))[None]


@pytest.mark.parametrize("bias", [None, -10.0])
def test_a_zero_shot_encoder_finds_what_a_picture_shows(
    taxonomy_file: Path, tmp_path: Path, bias: float | None
) -> None:
    encoder = Judging()
    encoder.judgement = ZeroShot(100, bias)
    labels = PictureLabels(load_taxonomy(taxonomy_file), encoder, FUSION, tmp_path)
    cat, boat, neither = (labels.topics(picture_of(d))[0] for d in (1, 2, 20))
    assert cat[0] > 0.9
    assert cat[1] < 0.1
    assert boat[1] > 0.9
    assert boat[0] < 0.1
    assert max(neither) < 0.6


@pytest.mark.parametrize(("direction", "mood"), [(3, 2), (4, 0), (5, 1)])
def test_a_zero_shot_encoder_tells_the_mood(
    taxonomy_file: Path, tmp_path: Path, direction: int, mood: int
) -> None:
    labels = PictureLabels(load_taxonomy(taxonomy_file), Judging(), FUSION, tmp_path)
    scores = labels.sentiment(picture_of(direction))
    assert scores[0].argmax() == mood
    assert scores.sum() == pytest.approx(1, abs=1e-5)


def test_any_other_encoder_gives_topics_and_no_mood(taxonomy_file: Path, tmp_path: Path) -> None:
    labels = PictureLabels(load_taxonomy(taxonomy_file), ColourEncoder(), FUSION, tmp_path)
    assert labels.topics(picture_of(0)).shape == (1, 2)
    assert np.isnan(labels.sentiment(picture_of(0))).all()


def test_moods_are_three_ensembles_of_their_own_prompts() -> None:
    assert len(MOODS) == 3
    assert not set(itertools.chain(*MOODS[:1])) & set(itertools.chain(*MOODS[1:]))
    assert all(template.count("{}") == 1 for template in TEMPLATES)


# --- the labels that hold -------------------------------------------------------------------


def view_of(
    labeller: Labeller, override: Override | None, **arrays: NDArray[np.float32]
) -> LabelView:
    empty = LabelArrays(
        caption_sentiment=undetermined(1, 3),
        image_sentiment=undetermined(1, 3),
        sentiment=undetermined(1, 3),
        caption_topics=undetermined(1, 2),
        image_topics=undetermined(1, 2),
        topics=undetermined(1, 2),
        described_topics=undetermined(1, 2),
    )
    record = replace(labeller.record, cuts=(0.5, 0.6, 0.7))
    return LabelView(record, replace(empty, **arrays), [None], [override])


@pytest.mark.parametrize(
    ("sides", "cut"), [(("caption",), 0.5), (("image",), 0.6), (("caption", "image"), 0.7)]
)
def test_the_cut_is_of_the_sides_that_spoke(
    labeller: Labeller, sides: tuple[str, ...], cut: float
) -> None:
    source = "both" if len(sides) == 2 else sides[0]
    for score, names in ((cut + 0.01, ["cats"]), (cut - 0.01, ["other"])):
        topics = {f"{side}_topics": row(score, 0.1) for side in (*sides,)}
        labels = view_of(labeller, None, topics=row(score, 0.1), **topics).labels(0)
        assert (labels.topics.names, labels.topics.source) == (names, source)


def test_nothing_known_is_not_determined_everywhere(labeller: Labeller) -> None:
    view = view_of(labeller, None)
    labels = view.labels(0)
    assert (labels.sentiment.name, labels.sentiment.source) == (None, None)
    assert (labels.topics.names, labels.topics.source) == ([], None)
    assert view.counts() == {
        "sentiment": {"negative": 0, "neutral": 0, "positive": 0, "not determined": 1},
        "topics": {"cats": 0, "boats": 0, "other": 0},
    }


def test_what_the_user_said_wins_and_counts(labeller: Labeller) -> None:
    said = Override("positive", ("boats", "hats"))
    view = view_of(labeller, said, sentiment=row(0.9, 0.1, 0), topics=row(0.9, 0.1))
    labels = view.labels(0)
    assert (labels.sentiment.name, labels.sentiment.source) == ("positive", "you")
    assert labels.topics.names == ["boats", "hats"]
    assert view.topic_names == ("cats", "boats", "hats", "other")
    assert view.counts()["topics"] == {"cats": 0, "boats": 1, "hats": 1, "other": 0}
    assert view.counts()["sentiment"]["positive"] == 1


def test_a_reading_is_plain_numbers(labeller: Labeller) -> None:
    reading = labeller.read(["a lovely day"], WordEncoder().encode_texts(["a lovely day"]))[0]
    assert isinstance(reading, Reading)
    assert reading.sentiment is not None
    assert all(type(score) is float for score in reading.sentiment)
