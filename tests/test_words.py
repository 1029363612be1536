"""Words of captions, against a slow BM25 and by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.search.words import WordIndex, matched_words, stems_of, telling_words

CAPTIONS = [
    "A dog runs",
    "Two dogs, and a third dog: dogs everywhere!",
    "",
    "cats",
    "🐶",
    "海滩日落",
    "the the the beach at sunset #beachlife",
    "a",
]
DOG, DOGS, EMPTY, CATS, EMOJI, CHINESE, BEACH, A = range(8)


def found(captions: list[str], text: str) -> list[int]:
    """The captions with any of the words, best first."""
    scores = WordIndex(captions).scores(text)
    return [int(row) for row in np.argsort(-scores, kind="stable") if scores[row] > 0]


def slow_scores(captions: list[str], text: str) -> list[float]:
    """The formula, word for word; k1 = 1.5 and b = .75."""
    documents = [stems_of(caption) for caption in captions]
    n = len(documents)
    average = sum(map(len, documents)) / n
    query = [stems_of(word)[0] for word in telling_words(text)]

    def idf(stem: str) -> float:
        df = sum(stem in document for document in documents)
        return log(1 + (n - df + 0.5) / (df + 0.5))

    def share(document: list[str]) -> float:
        score = 0.0
        for stem in query:
            tf = document.count(stem)
            score += idf(stem) * tf / (tf + 1.5 * (1 - 0.75 + 0.75 * len(document) / average))
        return score / sum(map(idf, query))

    return [share(document) for document in documents]


def test_one_word_by_hand() -> None:
    # n = 2, df = 1: idf = ln(1 + 1.5 / 1.5), which the share divides by again; both captions are
    # of average length, so what is left is tf / (tf + 1.5).
    scores = WordIndex(["dog dog", "cat cat"]).scores("dog")
    assert scores.tolist() == pytest.approx([2 / 3.5, 0])


def test_a_word_that_no_caption_has_lowers_the_share() -> None:
    # n = 2: idf("dog") = ln(1 + 1.5 / 1.5) = ln 2, idf("ufo") = ln(1 + 2.5 / .5) = ln 6.
    scores = WordIndex(["dog dog", "cat cat"]).scores("dog ufo")
    assert scores.tolist() == pytest.approx([2 / 3.5 * log(2) / (log(2) + log(6)), 0])


@pytest.mark.parametrize(
    "text",
    ["dog", "Dogs", "dogs and cats", "dog dog sunset", "a dog at the beach", "dog unknown", "the"],
)
def test_scores_are_those_of_the_formula(text: str) -> None:
    scores = WordIndex(CAPTIONS).scores(text)
    assert scores.tolist() == pytest.approx(slow_scores(CAPTIONS, text), abs=1e-5)


some_words = st.lists(st.sampled_from(["dog", "dogs", "cat", "runs", "run", "sea", "the"]))


@given(st.lists(some_words.map(" ".join), min_size=1, max_size=8), some_words.filter(bool))
def test_scores_are_shares_and_those_of_the_formula_for_any_captions(
    captions: list[str], query: list[str]
) -> None:
    scores = WordIndex(captions).scores(" ".join(query))
    assert scores.shape == (len(captions),)
    assert np.all((scores >= 0) & (scores < 1))
    if any(captions):
        assert scores.tolist() == pytest.approx(slow_scores(captions, " ".join(query)), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("dog", [DOGS, DOG]),
        ("dogs", [DOGS, DOG]),
        ("DOG'S", [DOGS, DOG]),
        ("cat", [CATS]),
        ("running", [DOG]),
        ("the dog", [DOGS, DOG]),
        ("the", [BEACH]),
        ("a", [A, DOG, DOGS]),
        ("sunset cats", [CATS, BEACH]),
        ("#sunset", [BEACH]),
        ("beachlife", [BEACH]),
        ("海滩日落", [CHINESE]),
        ("海滩", [CHINESE]),
        ("落", [CHINESE]),
        ("滩海", []),  # its signs stand otherwise
        ("🐶", [EMOJI]),
        ("🐶\ufe0f", [EMOJI]),
        ("🐱", []),
        ("dog 🎉", [DOGS, DOG]),
        ("unknown", []),
        ("of", []),
        ("!?", []),
        ("", []),
    ],
)
def test_which_captions_a_query_finds(text: str, rows: list[int]) -> None:
    assert found(CAPTIONS, text) == rows


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("東京", "昨日の東京タワー"),
        ("タワー", "昨日の東京タワー"),
        ("写真", "iPhone写真"),
        ("iphone", "iPhone写真"),
        ("ครับ", "สวัสดีครับ"),
        ("ပုံ", "ဓာတ်ပုံ"),
        ("사진", "우리 사진"),
        ("❤", "for you ❤\ufe0f"),
        ("👩‍🚀", "👩🏽‍🚀 on the moon"),
        ("🇩🇪", "home 🇩🇪🏠"),
    ],
)
def test_scripts_without_blanks_and_emoji_are_found_as_they_are_read(
    text: str, caption: str
) -> None:
    assert found(["something else", caption], text) == [1]
    assert text in WordIndex([caption])
    assert "".join(matched_words(text, caption)) != ""


def test_an_emoji_that_no_caption_has_takes_nothing_from_the_words() -> None:
    index = WordIndex(CAPTIONS)
    assert index.scores("dog 🎉").tolist() == index.scores("dog").tolist()


def test_words_that_tell_nothing_count_only_where_there_are_no_others() -> None:
    assert telling_words("the dog on the beach") == ["dog", "beach"]
    assert telling_words("to be or not to be") == ["to", "be", "or", "not", "to", "be"]
    assert telling_words("") == []


@pytest.mark.parametrize("captions", [[], [""], ["", "  "], ["…", "!!!", "_"]])
@pytest.mark.parametrize("text", ["dog", "the", ".", "", "🐶", "海"])
def test_captions_without_any_word_score_nothing(captions: list[str], text: str) -> None:
    assert WordIndex(captions).scores(text).tolist() == [0.0] * len(captions)


def test_scoring_leaves_the_index_as_it_was() -> None:
    index = WordIndex(CAPTIONS)
    first = index.scores("dog")
    first[:] = 7
    assert index.scores("dog").tolist() == WordIndex(CAPTIONS).scores("dog").tolist()


@pytest.mark.parametrize(
    ("text", "caption", "words"),
    [
        ("running dogs", "A dog runs", ("running", "dogs")),
        ("dogs running", "A dog runs", ("dogs", "running")),
        ("dog dogs dog", "DOG", ("dog", "dogs")),
        ("the dog", "the cat", ()),
        ("the", "the cat", ("the",)),
        ("dog", "dogged", ("dog",)),
        ("dog", "hotdog", ()),
        ("日落", "日落", ("日落",)),
        ("", "a dog", ()),
        ("dog", "", ()),
    ],
)
def test_the_words_that_a_caption_holds_are_told(
    text: str, caption: str, words: tuple[str, ...]
) -> None:
    assert matched_words(text, caption) == words


def test_matched_words_are_told_as_the_query_writes_them() -> None:
    assert matched_words("Grace HOPPER Straße", "grace hopper, strasse 5") == (
        "Grace", "HOPPER", "Straße"
    )  # fmt: skip


def test_indexing_says_nothing_when_another_library_opened_the_root_logger(
    caplog: pytest.LogCaptureFixture,
) -> None:
    WordIndex(["a cat"])
    assert not caplog.records
