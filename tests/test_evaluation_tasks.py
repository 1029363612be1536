"""The three tasks on galleries by hand, in which it is known what pictures add."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.errors import WeightsUnavailable
from retrieval.evaluate.arms import (
    BOTH,
    CAPTIONS,
    CHANCE,
    DESCRIBED,
    PICTURES,
    SECOND,
    adjusted,
    verdict,
)
from retrieval.evaluate.bounds import (
    KNOWN,
    OTHERS,
    WEIGHTS,
    as_scores,
    by_weight,
    changed,
    commonest_sentiments,
    pictures_alone,
    senticap_bound,
)
from retrieval.evaluate.controls import LEVELS
from retrieval.evaluate.looks import evaluate_looks
from retrieval.evaluate.material import Material
from retrieval.evaluate.own_posts import describe_posts
from retrieval.evaluate.own_truth import AT_RANDOM, TABLE, evaluate_own_truth
from retrieval.evaluate.report.finding import finding
from retrieval.evaluate.search import evaluate_search
from retrieval.evaluate.sentiment import evaluate_sentiment
from retrieval.evaluate.statistics import holm, wilson
from retrieval.evaluate.topics import evaluate_topics
from retrieval.labels.checks import Check, Checks
from retrieval.labels.fusion import load_fusion
from retrieval.labels.overrides import Override, Overrides, key_of
from retrieval.labels.scores import NOT_DETERMINED
from retrieval.labels.view import LabelView
from retrieval.records import SENTIMENTS, SeenObject, Truth
from tests.data import SENTICAP, needs_shared_data
from tests.evaluated import COLOURS, MoodEncoder, Shown, coloured, gallery_of
from tests.fakes import ColourEncoder
from training import sentiment_bound

CONTRAST = f"{BOTH} - {CAPTIONS}"
SEEN = {
    "red": SeenObject("person", "person", 0.3),
    "green": SeenObject("dog", "animal", 0.3),
    "blue": SeenObject("pizza", "food", 0.3),
}
WORD = {"red": "man", "green": "dog", "blue": "pizza"}
MANY = 36


def is_plain_json(result: Any) -> bool:
    return json.loads(json.dumps(result, allow_nan=False)) is not None


def shows(colour: str) -> Truth:
    return Truth(objects=(SEEN[colour],))


def themed(count: int, look: Callable[[str], str] = lambda colour: colour) -> list[Shown]:
    """Pictures of one thing each; of three captions two name it, one late, and one does not.

    `look` gives the colour that a picture of that theme has.
    """
    shown = []
    for place in range(count):
        colour = list(COLOURS)[place % 3]
        captions = [
            f"one quiet {WORD[colour]} over there {place}",
            f"look at this number {place}",
            f"so this is what was here, a {WORD[colour]} or so {place}",
        ]
        shown.append(Shown(coloured(look(colour)), captions, shows(colour)))
    return shown


# --- topics ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Pictures that carry the topics which some captions leave out."""
    return evaluate_topics(gallery_of(themed(MANY), tmp_path_factory.mktemp("telling")))


def test_pictures_that_carry_what_captions_leave_out_make_topics_better(telling: Any) -> None:
    primary = telling["primary"]
    assert primary["verdict"] == "better"
    assert 0 < primary["low"] <= primary["value"] <= primary["high"]
    assert primary["p"] < 0.001
    arms = telling["arms"]
    assert arms[PICTURES]["micro_f1"]["value"] == 1
    assert arms[BOTH]["micro_f1"]["value"] > 0.98
    assert arms[CAPTIONS]["micro_f1"]["value"] < 0.9
    gain = arms[BOTH]["micro_f1"]["value"] - arms[CAPTIONS]["micro_f1"]["value"]
    assert primary["value"] == pytest.approx(gain)
    assert is_plain_json(telling)


def test_a_gain_is_better_under_every_truth(telling: Any) -> None:
    assert set(telling["by_truth"]) == {
        "every object",
        "objects of 2 % or more",
        "named by two other captions",
    }
    # Two of three captions name the thing: only the third has two others that do.
    labels = {name: each["labels"] for name, each in telling["by_truth"].items()}
    assert labels == {
        "every object": 108, "objects of 2 % or more": 108, "named by two other captions": 36
    }  # fmt: skip
    primary = adjusted({"topics": telling})["topics"]["primary"]
    assert primary["verdict"] == "better"
    assert primary["p_holm"] == primary["p"]


def test_other_peoples_pictures_lose_the_gain(telling: Any) -> None:
    gain = telling["shuffled_pictures"]["gain"]
    assert gain["high"] < telling["primary"]["low"]
    assert gain["value"] < 0


def test_the_less_a_caption_says_the_more_the_picture_adds(telling: Any) -> None:
    levels = telling["degradation"]
    assert list(levels) == list(LEVELS)
    captions = [levels[level]["arms"][CAPTIONS]["value"] for level in LEVELS]
    gains = [levels[level]["difference"]["value"] for level in LEVELS]
    assert captions == sorted(captions, reverse=True)
    assert gains == sorted(gains)
    assert (captions[-1], levels["no caption"]["arms"][BOTH]["value"]) == (0, 1)
    first, whole = levels["full caption"]["difference"], telling["primary"]
    assert {name: first[name] for name in whole} == pytest.approx(whole)
    # The pictures alone stay as they are, and are all that there is to beat.
    assert {levels[level]["arms"][PICTURES]["value"] for level in LEVELS} == {1}
    assert {levels[level]["better_side"] for level in LEVELS} == {PICTURES}
    assert levels["no caption"]["against_better"]["value"] == 0
    assert levels["no caption"]["against_better"]["verdict"] == "cannot tell"


def test_each_topic_tells_what_looking_adds_and_all_are_adjusted_at_once(tmp_path: Path) -> None:
    # Red pictures show the man that captions leave out; green ones look blue, so that pictures
    # take dogs for pizza.
    def look(colour: str) -> str:
        return "blue" if colour == "green" else colour

    found: Any = evaluate_topics(gallery_of(themed(63, look), tmp_path))
    assert found is not None
    by_topic = found["by_topic"]
    gain = by_topic["people"]["difference"]
    f1 = by_topic["people"]["f1"]
    assert gain["value"] == pytest.approx(f1[BOTH]["value"] - f1[CAPTIONS]["value"])
    assert gain["verdict"] == "better"
    p_values = [by_topic[name]["difference"] for name in found["topics"]]
    assert [each["p_holm"] for each in p_values] == pytest.approx(
        list(holm({str(n): each["p"] for n, each in enumerate(p_values)}).values())
    )
    assert found["helped"] == ["people"]
    assert found["harmed"] == ["animals"]
    text = finding(adjusted({"topics": found}), {})
    assert "It helped with people, and did harm with animals." in text


def test_topics_that_coco_says_nothing_about_are_untested(telling: Any) -> None:
    assert telling["topics"] == ["people", "animals", "food_drink"]
    assert telling["untested_topics"] == ["celebrations"]


def test_a_topic_of_fewer_than_20_pictures_has_no_f1_of_its_own(tmp_path: Path) -> None:
    shown = [*themed(27), *[each for each in themed(60) if each.truth == shows("red")][:11]]
    found: Any = evaluate_topics(gallery_of(shown, tmp_path))
    assert found is not None
    by_topic = found["by_topic"]
    assert {name: each["pictures"] for name, each in by_topic.items()} == {
        "people": 20, "animals": 9, "food_drink": 9
    }  # fmt: skip
    assert by_topic["people"]["f1"].keys() == {CAPTIONS, PICTURES, BOTH, SECOND}
    assert by_topic["people"]["f1"][BOTH]["value"] > 0.98
    assert by_topic["animals"]["f1"] == by_topic["food_drink"]["f1"] == {}
    assert by_topic["animals"]["difference"] is None


def test_pictures_that_help_as_often_as_they_harm_cannot_be_told_from_chance(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(1)

    def look(colour: str) -> str:
        return colour if random.random() < 0.6 else list(COLOURS)[random.integers(3)]

    found: Any = evaluate_topics(gallery_of(themed(MANY, look), tmp_path))
    assert found is not None
    primary: Any = adjusted({"topics": found})["topics"]["primary"]
    assert primary["verdict"] == "cannot tell"
    assert primary["low"] < 0 < primary["high"]
    assert "within chance" in finding(adjusted({"topics": found}), {})


def test_pictures_of_noise_make_topics_no_better(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    noise = themed(MANY, lambda _: list(COLOURS)[random.integers(3)])
    found: Any = evaluate_topics(gallery_of(noise, tmp_path))
    assert found is not None
    assert found["primary"]["verdict"] in ("cannot tell", "worse")
    shuffled = found["shuffled_pictures"]["gain"]
    assert shuffled["low"] < found["primary"]["value"] < shuffled["high"]


def test_the_model_of_words_never_saw_the_pictures_other_captions(tmp_path: Path) -> None:
    # Each picture has a word of its own in all of its captions, and truth by toss: who had seen a
    # picture's other captions would know it.
    random = np.random.default_rng(0)
    shown = []
    for place in range(40):
        truth = Truth(objects=(SEEN["red"],) if random.random() < 0.5 else (SEEN["green"],))
        captions = [f"the wordof{place} thing", f"a wordof{place} again", f"wordof{place} here"]
        shown.append(Shown(coloured("blue"), captions, truth))
    found: Any = evaluate_topics(gallery_of(shown, tmp_path))
    assert found is not None
    learned = found["arms"]["TF-IDF of captions, other pictures' truth learned"]
    assert learned["micro_f1"]["value"] < 0.7
    assert found["arms"]["the three commonest topics"]["recall"]["value"] == 1


def test_posts_without_marked_pictures_have_no_truth_about_topics(tmp_path: Path) -> None:
    shown = [Shown(coloured("red"), ["a man"]), Shown(coloured("red"), ["x"], Truth("positive"))]
    assert evaluate_topics(gallery_of(shown, tmp_path)) is None


def test_of_few_pictures_there_is_no_interval_and_nothing_is_claimed(tmp_path: Path) -> None:
    found: Any = evaluate_topics(gallery_of(themed(9), tmp_path))
    assert found is not None
    primary: Any = adjusted({"topics": found})["topics"]["primary"]
    assert primary["value"] > 0
    assert primary["verdict"] == "cannot tell"
    assert [primary[name] for name in ("low", "high", "p", "detectable")] == [None] * 4
    for name in (CAPTIONS, PICTURES, BOTH):
        assert found["arms"][name]["micro_f1"]["low"] is None
    assert "too few pictures to tell" in finding(adjusted({"topics": found}), {})
    assert is_plain_json(found)


def test_average_precision_is_of_topics_that_twenty_pictures_show(tmp_path: Path) -> None:
    shown = [*themed(27), *[each for each in themed(60) if each.truth == shows("red")][:11]]
    found: Any = evaluate_topics(gallery_of(shown, tmp_path / "a"))
    assert found is not None
    every = found["by_truth"]["every object"]
    assert every["map_topics"] == ["people"]
    assert every["arms"][BOTH]["map"] == {"value": 1, "low": 1, "high": 1}
    few: Any = evaluate_topics(gallery_of(themed(9), tmp_path / "b"))
    assert few is not None
    assert few["by_truth"]["every object"]["map_topics"] == []
    assert "map" not in few["arms"][CAPTIONS]


def test_topics_of_ones_own_that_nobody_marks_are_untested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = '[[topic]]\nname = "cosplay"\nphrases = ["red man"]\n'
    monkeypatch.setattr("tests.evaluated.TOPICS_BY_COLOUR", own)
    found: Any = evaluate_topics(gallery_of(themed(12), tmp_path))
    assert found is None or found["primary"]["verdict"] == "not tested"


def test_captions_with_descriptions_are_an_arm_where_there_are_descriptions(
    tmp_path: Path, telling: Any
) -> None:
    shown = [
        Shown(each.vector, each.captions, each.truth, description=each.captions[0])
        for each in themed(12)
    ]
    found: Any = evaluate_topics(gallery_of(shown, tmp_path))
    assert found is not None
    described = found["arms"][DESCRIBED]
    assert described["tested"]
    # What was written names the thing, where the second caption does not.
    assert described["micro_f1"]["value"] > found["arms"][CAPTIONS]["micro_f1"]["value"]
    assert telling["arms"][DESCRIBED] == {
        "kind": "arm", "tested": False, "why": "the gallery has no descriptions"
    }  # fmt: skip
    above = f"{DESCRIBED} - {CAPTIONS}"
    assert above in found["by_truth"]["every object"]["contrasts"]
    assert above not in telling["by_truth"]["every object"]["contrasts"]


# --- sentiment ------------------------------------------------------------------------------

SAID = ("I hate it", "a table", "I love it")
UNSURE = "picture number"  # VADER calls it positive, with little to spare before neutral
MOODS = MoodEncoder()


def felt(count: int, look: Callable[[int], int] = lambda mood: mood) -> list[Shown]:
    """Pictures about which all sentences feel alike; of two, one says so."""
    return [
        Shown(
            MOODS.mood(look(place % 3)),
            [f"{SAID[place % 3]} {place}", f"{UNSURE} {place}"],
            Truth(SENTIMENTS[place % 3], "test"),
        )
        for place in range(count)
    ]


@pytest.fixture(scope="module")
def moody(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return evaluate_sentiment(gallery_of(felt(MANY), tmp_path_factory.mktemp("moody"), MOODS))


def test_sentiment_of_pictures_without_one_is_not_tested_and_never_equal(tmp_path: Path) -> None:
    shown = [Shown(coloured("red"), each.captions, each.truth) for each in felt(MANY)]
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path))
    assert found is not None
    why = "no encoder of these pictures can tell how they feel"
    assert found["primary"] == {"value": None, "verdict": "not tested", "why": why}
    assert found["arms"][CAPTIONS]["tested"]
    for name in (PICTURES, BOTH):
        assert found["arms"][name] == {"kind": "arm", "tested": False, "why": why}
    assert found["contrasts"][CONTRAST] == found["primary"]
    assert f"{PICTURES} - {CAPTIONS}" not in found["contrasts"]  # the reason is given once
    assert found["shuffled_pictures"] is None
    assert found["degradation"] == {}
    assert found["changed"] == []
    assert found["writers_polarity"] == {
        "tested": False, "why": why, "pictures": {"positive": 12, "negative": 12}
    }  # fmt: skip
    assert list(found["confusion"]) == list(found["reliability"]) == [CAPTIONS]
    assert is_plain_json(found)


def test_pictures_that_show_the_mood_make_sentiment_better(moody: Any) -> None:
    assert moody["primary"]["verdict"] == "better"
    assert moody["arms"][PICTURES]["macro_f1"]["value"] == 1
    assert moody["by_class"] == dict.fromkeys(SENTIMENTS, 24)
    # VADER is right about what says how it feels, and calls everything else positive. Pictures
    # win it over where it is unsure, that is of neutral ones, and not where it sees no way.
    assert moody["confusion"][CAPTIONS] == [[12, 0, 12, 0], [0, 12, 12, 0], [0, 0, 24, 0]]
    assert moody["confusion"][BOTH] == [[12, 0, 12, 0], [0, 24, 0, 0], [0, 0, 24, 0]]
    captions, both = moody["arms"][CAPTIONS], moody["arms"][BOTH]
    assert captions["accuracy"]["value"] == pytest.approx(48 / 72)
    assert captions["macro_f1"]["value"] == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)
    assert both["macro_f1"]["value"] == pytest.approx((2 / 3 + 1 + 4 / 5) / 3)
    assert captions["negative_recall"]["value"] == 0.5
    assert moody["arms"]["VADER"]["accuracy"] == captions["accuracy"]
    assert is_plain_json(moody)


def test_moods_of_other_pictures_lose_the_gain(moody: Any) -> None:
    assert moody["shuffled_pictures"]["gain"]["high"] < moody["primary"]["low"]


def test_without_captions_the_mood_is_told_by_the_pictures_alone(moody: Any) -> None:
    without = moody["degradation"]["no caption"]
    assert (without["arms"][CAPTIONS]["value"], without["arms"][BOTH]["value"]) == (0, 1)


def test_writers_polarity_is_told_from_looks_by_hand(tmp_path: Path) -> None:
    # Of 10 positive pictures 8 look happy and 2 gloomy, of 10 negative 9 gloomy and 1 happy.
    looks = [2] * 8 + [0] * 2 + [0] * 9 + [2]
    truths = [Truth("positive", "test")] * 10 + [Truth("negative", "test")] * 10
    shown = [
        Shown(MOODS.mood(look), ["a bus"], truth) for look, truth in zip(looks, truths, strict=True)
    ]
    # These have no polarity of their own, and do not count.
    both, neutral = (Truth("positive", "test"), Truth("negative", "test")), Truth("neutral", "test")
    shown += [Shown(MOODS.mood(0), ["a bus", "a car"], truths=both)] * 3
    shown += [Shown(MOODS.mood(2), ["a bus"], neutral)] * 3
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, MOODS))
    assert found is not None
    writers = found["writers_polarity"]
    assert writers["pictures"] == {"positive": 10, "negative": 10}
    # Pairs in the right order: 8 · 9. Ties, which count half: 8 · 1 and 2 · 9.
    assert writers["auc"]["value"] == pytest.approx((72 + (8 + 18) / 2) / 100)
    assert writers["auc"]["low"] < 0.85 < writers["auc"]["high"]


def test_made_up_moods_of_pictures_are_tested(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scores = random.dirichlet((1, 1, 1), 2 * MANY).astype(np.float32)
    shown = [Shown(coloured("red"), each.captions, each.truth) for each in felt(MANY)]
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, labels={"image_sentiment": scores}))
    assert found is not None
    assert found["arms"][PICTURES]["tested"]
    assert found["writers_polarity"]["tested"]
    assert found["writers_polarity"]["auc"]["low"] < 0.5 < found["writers_polarity"]["auc"]["high"]


def test_no_looks_can_please_two_writers_who_disagree(tmp_path: Path) -> None:
    both = (Truth("positive", "test"), Truth("negative", "test"), Truth("negative", "test"))
    shown = [Shown(MOODS.mood(0), ["a", "b", "c"], truths=both) for _ in range(4)]
    shown += [Shown(MOODS.mood(1), ["d"], Truth("neutral", "test")) for _ in range(4)]
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, MOODS))
    assert found is not None
    assert found["oracle"] == {
        "polar posts": {"posts": 12, "accuracy": {"value": 8 / 12}},
        "all posts": {"posts": 16, "accuracy": {"value": 12 / 16}},
    }
    assert found["writers_polarity"]["why"] == "no pictures of both polarities"


def test_a_perfect_reader_of_pictures_is_a_bound_by_hand(tmp_path: Path) -> None:
    # Of three captions two feel as the picture does, which VADER hears in the first alone.
    mood: Any = ("negative", "negative", "positive"), ("positive", "positive", "negative")
    said = (SAID[0], "a bus", SAID[2]), (SAID[2], "a bus", SAID[0])
    shown = [
        Shown(MOODS.mood(1), said[n % 2], truths=[Truth(each, "test") for each in mood[n % 2]])
        for n in range(12)
    ]
    shown.append(Shown(MOODS.mood(1), ["a car"], Truth("neutral", "test")))  # says it by itself
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, MOODS))
    bound = found["bound"]
    assert bound["pictures_alone"] == pytest.approx((12 * 2 + 1) / (12 * 3 + 1))
    assert found["arms"][KNOWN]["kind"] == found["arms"][OTHERS]["kind"] == "bound"
    assert bound["best"]["macro_f1"] >= found["arms"][KNOWN]["macro_f1"]["value"]
    assert bound["best"]["macro_f1"] >= found["arms"][CAPTIONS]["macro_f1"]["value"]
    # The others of a minority caption are of one mind against it; of the rest they are at odds.
    captions, others = (found["arms"][each]["accuracy"]["value"] for each in (CAPTIONS, OTHERS))
    assert others <= captions
    assert found["contrasts"][f"{KNOWN} - {CAPTIONS}"]["verdict"] != "not tested"


def test_what_each_weight_reaches_by_hand() -> None:
    # A reader who is sure by .6 makes negative 3 times as likely. The second caption sounds
    # neutral by .5 against .4, and turns from 3^w = 1.25 on; the third, of another mind than the
    # others, is positive by .7 against .1 and turns at 3^w = 7.
    caption = np.array([[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.1, 0.2, 0.7]], np.float32)
    truth = np.array([0, 0, 2], np.int8)
    image = as_scores(commonest_sentiments(truth, np.zeros(3, np.int64)), 0.6)
    fusion = replace(load_fusion(), sentiment=(1.0, 0.25))
    reached = dict(zip(WEIGHTS, by_weight(fusion, truth, caption, image), strict=True))
    assert reached[0.2] == pytest.approx((2 / 3 + 1) / 2)
    assert reached[0.25] == reached[1.75] == 1
    assert reached[1.8] == pytest.approx((4 / 5 + 0) / 2)
    both = fusion.fused_sentiment(caption, image)
    assert changed(caption, both) == 1


def test_with_one_caption_a_picture_there_is_no_bound(tmp_path: Path) -> None:
    shown = [Shown(MOODS.mood(2), ["I love it"], Truth("positive", "test")) for _ in range(12)]
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, MOODS))
    assert found["bound"] is None
    assert KNOWN not in found["arms"]


def test_the_commonest_sentiment_of_pictures_by_hand() -> None:
    truth = np.array([2, 2, 0, 0, 2, 1], np.int8)
    pictures = np.array([7, 7, 7, 8, 8, 9])
    nobody = NOT_DETERMINED
    assert commonest_sentiments(truth, pictures).tolist() == [2, 2, 2, nobody, nobody, 1]
    others = commonest_sentiments(truth, pictures, of_others=True)
    assert others.tolist() == [nobody, nobody, 2, 2, 0, nobody]
    assert pictures_alone(truth, pictures) == pytest.approx((2 + 1 + 1) / 6)
    scores = as_scores(np.array([2, nobody], np.int8), 0.6)
    assert scores[0].tolist() == pytest.approx([0.2, 0.2, 0.6])
    assert np.isnan(scores[1]).all()


def test_what_the_pictures_weight_decides_is_counted(moody: Any) -> None:
    weight = moody["picture_weight"]
    # Of 72 labels the picture changes the 12 that sound positive and belong to neutral ones.
    assert (weight["posts"], weight["changed"]) == (72, 12)
    assert weight["prior"] == load_fusion().sentiment[1]
    assert weight["fitted"] is None  # of 36 pictures


def test_a_weight_is_fitted_to_a_hundred_pictures_and_scored_on_others(tmp_path: Path) -> None:
    found: Any = evaluate_sentiment(gallery_of(felt(102), tmp_path, MOODS))
    fitted = found["picture_weight"]["fitted"]
    # These pictures are always right: a weight that outvotes what captions say is best.
    assert len(fitted["folds"]) == 5
    assert all(each > load_fusion().sentiment[1] for each in [*fitted["folds"], fitted["weight"]])
    assert fitted["macro_f1"]["value"] == 1
    assert fitted["above_prior"]["verdict"] == "better"
    above = 1 - found["arms"][CAPTIONS]["macro_f1"]["value"]
    assert fitted["above_captions"]["value"] == pytest.approx(above)
    # Labels stay those of the shipped weight.
    assert found["arms"][BOTH]["macro_f1"]["value"] < 1


def test_the_shipped_bound_on_senticap_is_one() -> None:
    bound = senticap_bound()
    captions, known = (bound["arms"][name]["macro_f1"]["value"] for name in ("captions", "known"))
    assert captions is not None
    assert known is not None
    assert captions <= known <= bound["best"]["macro_f1"] <= 1
    assert (bound["posts"], bound["pictures"]) == (3528, 743)
    assert bound["contrasts"]["known"]["value"] == pytest.approx(known - captions)


@pytest.mark.slow
@needs_shared_data
def test_the_bound_on_senticap_can_be_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentiment_bound, "SENTICAP_FILE", tmp_path / "bound.json")
    assert sentiment_bound.main(["--senticap", str(SENTICAP)]) == 0
    made = json.loads((tmp_path / "bound.json").read_text("utf-8"))
    kept: Any = senticap_bound()
    assert made["best"]["macro_f1"] == pytest.approx(kept["best"]["macro_f1"], abs=0.001)
    for name, each in kept["arms"].items():
        value = made["arms"][name]["macro_f1"]["value"]
        assert value == pytest.approx(each["macro_f1"]["value"], abs=0.001)


def test_only_the_sources_test_split_is_tested(tmp_path: Path) -> None:
    of_train = [Shown(each.vector, each.captions, Truth("positive", "train")) for each in felt(6)]
    unknown = [Shown(MOODS.mood(1), ["who knows"], Truth(split="test"))]
    found: Any = evaluate_sentiment(gallery_of([*felt(12), *of_train, *unknown], tmp_path, MOODS))
    assert found is not None
    assert (found["split"], found["posts"], found["pictures"]) == ("test", 24, 12)


def test_posts_whose_sentiment_nobody_knows_are_not_evaluated(tmp_path: Path) -> None:
    shown = [Shown(MOODS.mood(2), ["lovely"]), Shown(MOODS.mood(2), ["lovely"], shows("red"))]
    assert evaluate_sentiment(gallery_of(shown, tmp_path, MOODS)) is None


def test_further_models_get_rows_of_their_own(tmp_path: Path) -> None:
    found: Any = evaluate_sentiment(gallery_of(felt(12), tmp_path, MOODS), ["vader"])
    assert found is not None
    assert "model vader" not in found["arms"]  # it has a row already
    assert found["arms"]["VADER"]["kind"] == "baseline"


def test_words_are_learned_only_where_there_is_enough_to_learn_from(
    tmp_path: Path, moody: Any
) -> None:
    why = "0 posts with truth to train on are too few"
    assert moody["arms"]["TF-IDF"] == {"kind": "baseline", "tested": False, "why": why}
    of_train = [
        Shown(each.vector, each.captions, Truth(each.truth.sentiment, "train"))
        for each in felt(100)
        if each.truth is not None
    ]
    found: Any = evaluate_sentiment(gallery_of([*felt(12), *of_train], tmp_path, MOODS))
    assert found is not None
    # It learns which words go with which sentiment; captions about the bus it can but guess.
    assert found["arms"]["TF-IDF"]["accuracy"]["value"] > 0.6


def test_sentences_with_unseen_adjectives_are_told_by_other_words(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    shown = []
    for place in range(300):
        mood = 2 * (place % 2)
        adjective = f"adj{chr(97 + mood)}{random.integers(12)}"  # of 12 for each polarity
        noun = ("wreck", "", "smile")[mood]
        truth = Truth(SENTIMENTS[mood], "train", (adjective, noun))
        shown.append(Shown(MOODS.mood(1), [f"the {adjective} {noun} in a yard"], truth))
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, MOODS))
    assert found is not None
    unseen = found["unseen_adjectives"]
    assert unseen["tested"]
    assert unseen["posts"] == unseen["pictures"] == 300  # each is tested in one fold
    for name in ("caption vectors and VADER, trained on the others", "TF-IDF"):
        assert unseen["accuracy"][name]["value"] == 1  # the noun says it


def test_an_adjective_that_tells_all_tells_nothing_when_it_is_unseen(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    shown = []
    for place in range(300):
        mood = 2 * (place % 2)
        adjective = f"adj{chr(97 + mood)}{random.integers(12)}"
        truth = Truth(SENTIMENTS[mood], "train", (adjective, "thing"))
        shown.append(Shown(MOODS.mood(1), [f"the {adjective} thing in a yard"], truth))
    found: Any = evaluate_sentiment(gallery_of(shown, tmp_path, MOODS))
    assert found is not None
    # Not better than chance; worse, since a polarity is rarer in training the more it is tested.
    assert found["unseen_adjectives"]["accuracy"]["TF-IDF"]["value"] < 0.55


def test_a_contrast_without_captions_says_that_the_captions_are_missing(tmp_path: Path) -> None:
    labels = {"caption_sentiment": np.nan}
    found: Any = evaluate_sentiment(gallery_of(felt(12), tmp_path, MOODS, labels))
    assert found is not None
    assert found["primary"]["why"] == found["arms"][CAPTIONS]["why"]


# --- search ---------------------------------------------------------------------------------


def searchable(count: int, captions: Callable[[int], list[str]], **about: Any) -> list[Shown]:
    return [Shown(coloured("red"), captions(place), **about) for place in range(count)]


def test_a_caption_does_not_find_its_picture_by_itself(tmp_path: Path) -> None:
    # Every word is in one caption only: whoever looked at its own would find it first.
    unique = searchable(12, lambda n: [f"alpha{n} beta{n}", f"gamma{n} delta{n}"])
    found: Any = evaluate_search(gallery_of(unique, tmp_path))
    assert found is not None
    assert (found["posts"], found["pictures"], found["gallery"]) == (24, 12, 12)
    for name in ("captions by words", "captions by TF-IDF"):
        assert found["arms"][name]["recall_at_10"]["value"] == 0  # all are tied, behind all others
        assert found["arms"][name]["mrr"]["value"] == pytest.approx(1 / 12)
    assert found["arms"][CAPTIONS]["recall_at_1"]["value"] < 0.5
    assert is_plain_json(found)


def test_a_caption_finds_its_picture_by_another_caption(tmp_path: Path) -> None:
    shared = searchable(12, lambda n: [f"alpha{n} beta{n}", f"alpha{n} delta{n}"])
    found: Any = evaluate_search(gallery_of(shared, tmp_path))
    assert found is not None
    for name in ("captions by words", "captions by TF-IDF"):
        assert found["arms"][name]["recall_at_1"]["value"] == 1
    assert found["arms"][PICTURES]["recall_at_1"]["value"] == 0  # all look alike
    assert found["arms"]["chance"]["recall_at_5"]["value"] == pytest.approx(5 / 12)
    assert found["arms"]["chance"]["mrr"]["value"] == pytest.approx(
        sum(1 / rank for rank in range(1, 13)) / 12
    )


def test_a_caption_does_not_find_its_picture_by_a_copy_of_itself(tmp_path: Path) -> None:
    twice = searchable(12, lambda n: [f"alpha{n} beta{n}"] * 2)
    found: Any = evaluate_search(gallery_of(twice, tmp_path))
    assert found is None or found["arms"]["captions by words"]["recall_at_1"]["value"] == 0


def test_pictures_that_look_as_asked_make_the_search_better(tmp_path: Path) -> None:
    colours = [coloured(colour) for colour in COLOURS]
    shown = [
        Shown(colours[place % 3], [f"{list(COLOURS)[place % 3]} a{place}", f"what b{place}"])
        for place in range(3)
    ]
    found: Any = evaluate_search(gallery_of(shown, tmp_path))
    assert found is not None
    # "red", "green" and "blue" look for their colours; the other captions find nothing by looks.
    assert found["arms"][PICTURES]["recall_at_1"]["value"] == 0.5


def test_descriptions_are_an_arm_where_there_are_descriptions(tmp_path: Path) -> None:
    shown = [
        Shown(coloured("red"), [f"alpha{n} beta{n}", f"gamma{n} delta{n}"], None, (),
              f"alpha{n} gamma{n}")
        for n in range(12)
    ]  # fmt: skip
    found: Any = evaluate_search(gallery_of(shown, tmp_path))
    assert found is not None
    described, alone = found["arms"][DESCRIBED], found["arms"][CAPTIONS]
    assert described["tested"]
    assert described["mrr"]["value"] > alone["mrr"]["value"]
    assert f"{DESCRIBED} - {CAPTIONS}" in found["contrasts"]


def test_without_descriptions_their_arm_is_not_tested(tmp_path: Path) -> None:
    shown = searchable(12, lambda n: [f"alpha{n} beta{n}", f"alpha{n} delta{n}"])
    found: Any = evaluate_search(gallery_of(shown, tmp_path))
    assert found is not None
    why = "the gallery has no descriptions"
    assert found["arms"][DESCRIBED] == {"kind": "arm", "tested": False, "why": why}
    assert f"{DESCRIBED} - {CAPTIONS}" not in found["contrasts"]


def test_with_one_caption_a_picture_a_second_one_is_the_reference(tmp_path: Path) -> None:
    three = searchable(12, lambda n: [f"alpha{n}", f"beta{n}", f"alpha{n} beta{n}", f"beta{n}!"])
    found: Any = evaluate_search(gallery_of(three, tmp_path))
    assert found is not None
    one = found["one_caption_a_picture"]
    assert (one["tested"], one["posts"], one["pictures"]) == (True, 24, 12)
    # The third caption finds the first; the fourth shares a word with the second only.
    assert (
        one["arms"][CAPTIONS]["recall_at_1"]["value"] < one["arms"][SECOND]["recall_at_1"]["value"]
    )
    assert one["arms"][SECOND]["kind"] == "reference"
    assert list(found["degradation"]) == list(LEVELS)
    without = found["degradation"]["no caption"]
    assert without["arms"][CAPTIONS]["value"] == 0


def test_two_captions_a_picture_are_too_few_for_one_and_others_that_ask(tmp_path: Path) -> None:
    two = searchable(12, lambda n: [f"alpha{n} beta{n}", f"alpha{n} delta{n}"])
    found: Any = evaluate_search(gallery_of(two, tmp_path))
    assert found is not None
    assert found["one_caption_a_picture"] == {
        "tested": False, "why": "0 pictures have three captions"
    }  # fmt: skip
    assert found["degradation"] == {}


def test_pairs_of_things_are_asked_where_somebody_marked_them(tmp_path: Path) -> None:
    dog, cat = SeenObject("dog", "animal", 0.3), SeenObject("cat", "animal", 0.3)
    speck = SeenObject("car", "vehicle", 0.001)
    two, one = Truth(objects=(dog, cat, speck)), Truth(objects=(dog,))
    shown = [Shown(coloured("red"), [f"dog cat {n}", f"a cat dog {n}"], two) for n in range(6)]
    shown += [Shown(coloured("red"), [f"dog {n}", f"a dog {n}"], one) for n in range(6)]
    shown += [Shown(coloured("red"), [f"bus {n}", f"a bus {n}"], one) for n in range(6)]
    found: Any = evaluate_search(gallery_of(shown, tmp_path))
    assert found is not None
    pairs = found["pairs"]
    assert (pairs["queries"], pairs["examples"]) == (1, ["cat and dog"])  # the car is but a speck
    assert pairs["arms"]["captions by words"]["ndcg_at_10"]["value"] == pytest.approx(1)
    assert pairs["things"] == 2  # the unit; of two there is no interval
    assert pairs["arms"][BOTH]["ndcg_at_10"]["low"] is None
    assert pairs["contrasts"][CONTRAST]["p"] is None


def test_pairs_of_many_things_have_intervals_over_the_things(tmp_path: Path) -> None:
    def seen(place: int) -> Truth:
        two = (f"thing{place}", f"thing{(place + 1) % 12}")
        return Truth(objects=tuple(SeenObject(name, "sports", 0.3) for name in two))

    shown = [
        Shown(coloured("red"), [f"thing{n} thing{(n + 1) % 12}", f"so {n}"], seen(n))
        for n in range(12)
    ]
    found: Any = evaluate_search(gallery_of(shown, tmp_path))
    assert found is not None
    pairs = found["pairs"]
    assert (pairs["queries"], pairs["things"]) == (12, 12)
    score = pairs["arms"][CAPTIONS]["ndcg_at_10"]
    assert score["low"] <= score["value"] <= score["high"]
    assert pairs["contrasts"][CONTRAST]["p"] is None


def test_where_no_picture_has_a_second_caption_nobody_can_ask(tmp_path: Path) -> None:
    assert evaluate_search(gallery_of(searchable(12, lambda n: [f"a{n}"]), tmp_path)) is None
    assert evaluate_search(gallery_of(searchable(3, lambda _: ["", " "]), tmp_path / "b")) is None
    assert evaluate_search(gallery_of([], tmp_path / "c")) is None


def test_captions_of_nothing_but_emoji_are_searched_as_well(tmp_path: Path) -> None:
    found: Any = evaluate_search(gallery_of(searchable(12, lambda _: ["😀", "🎉"]), tmp_path))
    assert found is not None


# --- looks, where there is no truth ------------------------------------------------------------


def test_captions_look_for_their_own_pictures_where_each_has_one(tmp_path: Path) -> None:
    # "red", "green" and "blue" are four pictures each, which cannot be told apart: one is first
    # for nobody (ties count as ahead), and among the first five is everybody's own.
    shown = [
        Shown(coloured(list(COLOURS)[place % 3]), [f"{list(COLOURS)[place % 3]} {place}"])
        for place in range(12)
    ]
    found: Any = evaluate_looks(gallery_of(shown, tmp_path))
    assert (found["posts"], found["pictures"], found["gallery"]) == (12, 12, 12)
    looks, chance = found["arms"][PICTURES], found["arms"][CHANCE]
    assert (looks["recall_at_1"]["value"], looks["recall_at_5"]["value"]) == (0, 1)
    assert looks["mrr"]["value"] == pytest.approx(1 / 4)
    assert looks["recall_at_5"] == {"value": 1, "low": 1, "high": 1}
    assert chance["recall_at_10"]["value"] == pytest.approx(10 / 12)
    assert is_plain_json(found)


def test_looks_are_those_of_the_search_where_captions_ask_there_too(tmp_path: Path) -> None:
    material = gallery_of(themed(12), tmp_path)
    looks, search = evaluate_looks(material), evaluate_search(material)
    assert looks is not None
    assert search is not None
    assert looks["arms"][PICTURES] == search["arms"][PICTURES]


def test_of_few_captioned_pictures_nothing_is_said_about_looks(tmp_path: Path) -> None:
    few = [Shown(coloured("red"), ["a"]) for _ in range(9)]
    silent = [Shown(coloured("red"), [""]) for _ in range(5)]
    assert evaluate_looks(gallery_of([*few, *silent], tmp_path / "a")) is None
    assert evaluate_looks(gallery_of([], tmp_path / "b")) is None


def test_an_encoder_whose_weights_are_gone_is_told(tmp_path: Path) -> None:
    class Gone(ColourEncoder):
        def encode_texts(self, texts: Sequence[str]) -> Any:
            if "there" in texts[0]:
                raise WeightsUnavailable("they are gone")
            return super().encode_texts(texts)

    shown = [Shown(coloured("red"), [f"there {n}"]) for n in range(10)]
    found: Any = evaluate_looks(gallery_of(shown, tmp_path, Gone()))
    assert (found["tested"], found["why"]) == (False, "they are gone")


def test_the_same_gallery_gives_the_same_results(tmp_path: Path) -> None:
    one, other = (gallery_of(themed(12), tmp_path / name) for name in "ab")
    for evaluate in (evaluate_topics, evaluate_search, evaluate_looks):
        assert json.dumps(evaluate(one)) == json.dumps(evaluate(other))


# --- the three together ---------------------------------------------------------------------


def primary(value: float | None, low: float | None, high: float | None, p: float | None) -> Any:
    return {"value": value, "low": low, "high": high, "p": p, "detectable": 0.01}


def by_truth(*verdicts: str) -> Any:
    return {
        str(place): {"contrasts": {CONTRAST: {"verdict": each}}}
        for place, each in enumerate(verdicts)
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"value": 0.1, "low": 0.01, "high": 0.2}, "better"),
        ({"value": -0.1, "low": -0.2, "high": -0.01}, "worse"),
        ({"value": 0.1, "low": -0.01, "high": 0.2}, "cannot tell"),
        ({"value": 0.1, "low": 0.0, "high": 0.2}, "cannot tell"),
        ({"value": -0.1, "low": -0.2, "high": 0.0}, "cannot tell"),
        ({"value": 0.0, "low": 0.0, "high": 0.0}, "cannot tell"),
        ({"value": 0.1, "low": None, "high": None}, "cannot tell"),
        ({"value": None}, "not tested"),
        ({"value": 0.1, "low": 0.01, "high": 0.2, "p_holm": 0.049}, "better"),
        ({"value": 0.1, "low": 0.01, "high": 0.2, "p_holm": 0.05}, "cannot tell"),
        ({"value": -0.1, "low": -0.2, "high": -0.01, "p_holm": 0.3}, "cannot tell"),
    ],
)
def test_a_verdict_is_chance_until_shown_otherwise(found: Any, expected: str) -> None:
    assert verdict(found) == expected


def test_holms_method_adjusts_the_comparisons_that_were_tested() -> None:
    tasks: Any = {
        "sentiment": {"primary": {"value": None, "verdict": "not tested", "why": "x"}},
        "topics": {"primary": primary(0.1, 0.02, 0.2, 0.02), "by_truth": by_truth("better")},
        "search": {"primary": primary(-0.1, -0.2, -0.01, 0.03)},
    }
    found = adjusted(tasks)
    # What four of five studies find: 2.241 + .842 for the 2.5 % of the stricter test.
    for name in ("topics", "search"):
        assert found[name]["primary"]["detectable"] == pytest.approx(0.01 * 3.083 / 2.802, rel=1e-3)
    # Two were tested: 2 · .02 and 1 · .03, raised to the one before it.
    assert found["topics"]["primary"]["p_holm"] == pytest.approx(0.04)
    assert found["search"]["primary"]["p_holm"] == pytest.approx(0.04)
    assert found["topics"]["primary"]["verdict"] == "better"
    assert found["search"]["primary"]["verdict"] == "worse"
    assert found["sentiment"] == tasks["sentiment"]
    assert "p_holm" not in tasks["topics"]["primary"]  # the given ones stay as they are


def test_what_holds_alone_need_not_hold_among_three() -> None:
    tasks: Any = {
        "sentiment": {"primary": primary(0.1, 0.01, 0.2, 0.04)},
        "topics": {"primary": primary(0.0, -0.1, 0.1, 0.9), "by_truth": by_truth("cannot tell")},
        "search": {"primary": primary(0.1, 0.05, 0.2, 0.001)},
    }
    adjusted_tasks: Any = adjusted(tasks)
    found = {name: task["primary"]["verdict"] for name, task in adjusted_tasks.items()}
    assert found == {"sentiment": "cannot tell", "topics": "cannot tell", "search": "better"}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (("better", "better", "better"), "better"),
        (("better", "better", "cannot tell"), "not by every truth"),
        (("better", "worse", "better"), "not by every truth"),
    ],
)
def test_a_gain_in_topics_has_to_hold_under_every_truth(
    verdicts: tuple[str, ...], expected: str
) -> None:
    task: Any = {"primary": primary(0.1, 0.05, 0.2, 0.001), "by_truth": by_truth(*verdicts)}
    assert adjusted({"topics": task})["topics"]["primary"]["verdict"] == expected


def test_nothing_tested_is_nothing_to_adjust() -> None:
    assert adjusted({}) == {}


# --- posts that nobody labelled -------------------------------------------------------------


NOBODY = Overrides({})


def described(material: Material, overrides: Overrides = NOBODY) -> Any:
    return describe_posts(material, LabelView.of(material.generation, NOBODY), overrides)


def test_unlabelled_posts_are_described_by_hand(tmp_path: Path) -> None:
    # Twenty pictures are told as they look, eight the other way round.
    alike = [Shown(MOODS.mood(2 * (n % 2)), [SAID[2 * (n % 2)]]) for n in range(20)]
    apart = [Shown(MOODS.mood(2), ["I hate it"]) for _ in range(8)]
    found = described(gallery_of([*alike, *apart, Shown(MOODS.mood(1), [""])], tmp_path, MOODS))
    assert [found[name] for name in ("posts", "pictures", "captioned", "with_truth")] == [
        29, 29, 28, 0
    ]  # fmt: skip
    assert found["sentiment"][CAPTIONS] == {
        "negative": 18, "neutral": 0, "positive": 10, "not determined": 1
    }  # fmt: skip
    assert found["sentiment"][PICTURES] == {
        "negative": 10, "neutral": 1, "positive": 18, "not determined": 0
    }  # fmt: skip
    kappa = found["agreement"]["sentiment"]
    by_chance = (18 * 10 + 10 * 18) / 28**2
    assert kappa["posts"] == 28
    assert kappa["kappa"]["value"] == pytest.approx((20 / 28 - by_chance) / (1 - by_chance))
    assert [each["caption"] for each in found["disagreements"]["sentiment"]] == ["I hate it"] * 6
    assert found["disagreements"]["sentiment"][0]["said"][PICTURES]["sentiment"] == "positive"
    assert is_plain_json(found)


@pytest.mark.parametrize(("pictures", "told"), [(9, False), (10, True)])
def test_agreement_needs_ten_pictures_on_each_side(
    tmp_path: Path, pictures: int, told: bool
) -> None:
    # Red ones say and show people, the others animals; two posts each count once.
    shown = [Shown(coloured("green"), ["a dog"]) for _ in range(12)]
    shown += [Shown(coloured("red"), ["a man", "man"]) for _ in range(pictures)]
    found = described(gallery_of(shown, tmp_path))["agreement"]["topics"]
    assert found["people"]["posts"] == 12 + 2 * pictures
    assert found["people"]["kappa"]["value"] == (1 if told else None)
    assert found["celebrations"]["kappa"] == {"value": None}


def test_disagreements_show_each_picture_once(tmp_path: Path) -> None:
    shown = [Shown(MOODS.mood(2), ["I hate it", "I hate it so much", "awful"]) for _ in range(3)]
    found = described(gallery_of(shown, tmp_path, MOODS))["disagreements"]["sentiment"]
    assert len({each["image_id"] for each in found}) == len(found) == 3


def test_what_people_checked_is_counted_and_is_no_accuracy(tmp_path: Path) -> None:
    material = gallery_of(felt(6), tmp_path, MOODS)
    said = [Override(sentiment="negative"), Override(sentiment="neutral"), Override(topics=())]
    posts = [material.posts[row] for row in (0, 2, 1)]
    overrides = {key_of(post): each for post, each in zip(posts, said, strict=True)}
    found = described(material, Overrides(overrides))["corrected"]
    assert found["sentiment"] == {"posts": 2, "alike": 2}
    assert found["topics"]["posts"] == 1


def test_an_empty_gallery_and_one_without_captions_are_described(tmp_path: Path) -> None:
    empty = described(gallery_of([], tmp_path / "a"))
    assert empty["posts"] == 0
    assert empty["agreement"]["sentiment"] == {"posts": 0, "kappa": {"value": None}}
    silent = described(gallery_of(searchable(3, lambda _: [""]), tmp_path / "b"))
    assert silent["sentiment"][CAPTIONS]["not determined"] == 3
    assert is_plain_json([empty, silent])


# --- what the user said -----------------------------------------------------------------------


def own_truth_of(material: Material, checks: Checks) -> Any:
    return evaluate_own_truth(material, LabelView.of(material.generation, NOBODY), checks)


def test_answers_about_drawn_posts_are_scored_by_hand(tmp_path: Path) -> None:
    # The first five look as they feel; the captions of the others are told wrongly.
    material = gallery_of(
        [Shown(MOODS.mood(2), [SAID[2] if n < 5 else SAID[0]]) for n in range(10)], tmp_path, MOODS
    )
    keys = tuple(map(key_of, material.posts))
    said = {key: Check("positive", "positive") for key in keys[:8]} | {keys[8]: Check()}
    found = own_truth_of(material, Checks(keys[:9], keys[9:], said))
    assert list(found) == [AT_RANDOM]  # nothing was said of the other
    drawn = found[AT_RANDOM]
    assert (drawn["drawn"], drawn["posts"], drawn["sentiment"]["posts"]) == (9, 9, 8)
    assert drawn["sentiment"]["arms"][CAPTIONS]["right"] == 5
    assert drawn["sentiment"]["arms"][CAPTIONS] == {"right": 5, **wilson(5, 8)._asdict()}
    assert drawn["picture_sentiment"]["arms"][PICTURES]["right"] == 8
    assert drawn["topics"]["posts"] == 0
    assert is_plain_json(found)
    assert finding({}, found).startswith(
        "Of 8 posts drawn at random that you looked at yourself, captions alone are right about "
        "how 5 feel, with the pictures 5: "
    )


def test_topics_of_a_table_are_known_by_names_and_titles(tmp_path: Path) -> None:
    red, blue = Truth(topics=("PEOPLE", "unheard of")), Truth(topics=("food_drink",), split="x")
    nobody = [Truth(topics=("nonsense",)), Truth(split="x"), None]
    shown = [
        Shown(coloured("red"), ["red red"], red),
        Shown(coloured("blue"), ["red red"], blue),
        *(Shown(coloured("red"), ["red"], truth) for truth in nobody),
    ]
    found = own_truth_of(gallery_of(shown, tmp_path), Checks())[TABLE]
    assert found["topics"]["posts"] == 2
    assert found["topics"]["unknown"] == ["nonsense", "unheard of"]
    assert found["topics"]["arms"][CAPTIONS]["precision"]["value"] == 0.5
    assert found["topics"]["arms"][PICTURES]["recall"]["value"] == 1.0
    assert (
        found["topics"]["arms"][PICTURES]["micro_f1"]["low"] is None
    )  # two pictures tell of no others


def test_corrections_are_never_truth(tmp_path: Path) -> None:
    material = gallery_of(felt(6), tmp_path, MOODS)
    assert own_truth_of(material, Checks()) == {}
