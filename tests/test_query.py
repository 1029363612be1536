"""Queries as people type them."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from retrieval.errors import BadOption
from retrieval.search.query import Query, Term, parse_query

PICTURE = Image.new("RGB", (4, 4))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("beach", [("beach", 1)]),
        ("dogs on a beach", [("dogs on a beach", 1)]),
        ("  dogs \t on\na  beach ", [("dogs on a beach", 1)]),
        # looking away
        ("beach -people", [("beach", 1), ("people", -1)]),
        ("-people beach", [("beach", 1), ("people", -1)]),
        ("a -b c -d", [("a c", 1), ("b", -1), ("d", -1)]),
        ('beach -"red car"', [("beach", 1), ("red car", -1)]),
        ("beach -people^0.5", [("beach", 1), ("people", -0.5)]),
        ('beach -"red car"^3', [("beach", 1), ("red car", -3)]),
        ("plage -été", [("plage", 1), ("été", -1)]),
        ("海滩 -人", [("海滩", 1), ("人", -1)]),
        # weights
        ("beach^2 sunset", [("sunset", 1), ("beach", 2)]),
        ("beach^2", [("beach", 2)]),
        ('"red car"^0.5 wall', [("wall", 1), ("red car", 0.5)]),
        ("a^10 b^0.01", [("a", 10), ("b", 0.01)]),
        # quotation marks
        ('"red car"', [("red car", 1)]),
        ('a "red car" b', [("a red car b", 1)]),
        ('a " " b', [("a b", 1)]),
        # signs that mean nothing where they stand
        ("well-known places", [("well-known places", 1)]),
        ("a well-known -well-known", [("a well-known", 1), ("well-known", -1)]),
        ("a - b", [("a - b", 1)]),
        ("-5 degrees", [("-5 degrees", 1)]),
        ("--verbose", [("--verbose", 1)]),
        ("–people", [("–people", 1)]),
        ('"red car', [('"red car', 1)]),
        ('red car"', [('red car"', 1)]),
        ('5" screen', [('5" screen', 1)]),
        ('"red"car', [('"red"car', 1)]),
        ("beach^", [("beach^", 1)]),
        ("^2", [("^2", 1)]),
        ("beach^two", [("beach^two", 1)]),
        ("beach^2^3", [("beach^2^3", 1)]),
        ("beach^-1", [("beach^-1", 1)]),
        ("^ beach ^_^ -people", [("^ beach ^_^", 1), ("people", -1)]),
        # any script
        ("Blume im Garten", [("Blume im Garten", 1)]),
        ("שקיעה 👩‍🚀 日落", [("שקיעה 👩‍🚀 日落", 1)]),
    ],
)
def test_a_query_is_read_as_it_is_meant(text: str, terms: list[tuple[str, float]]) -> None:
    assert parse_query(text) == Query(tuple(Term(*term) for term in terms))


@pytest.mark.parametrize("text", ["", "   ", "\n\t", '""', '" "', '"  " "\t"'])
def test_an_empty_query_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadOption, match=r'the query is empty; say what to look for, such as "a '):
        parse_query(text)


@pytest.mark.parametrize("text", ["-people", '-"red car"', "-people -cars", "-people^2"])
def test_a_query_that_only_looks_away_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadOption, match=r'only what is not wanted; .* such as "beach -people"'):
        parse_query(text)


@pytest.mark.parametrize(
    ("text", "weight"),
    [("a^0", "0"), ("a^0.0", "0"), ("b a^10.5", "10.5"), ("-a^11 b", "11"), ("a^" + 400 * "9", "")],
)
def test_a_weight_out_of_range_is_refused_with_the_range(text: str, weight: str) -> None:
    expected = f"the weight {weight}.* is out of range; use a number above 0 and up to 10, such as"
    with pytest.raises(BadOption, match=expected):
        parse_query(text)


def test_a_picture_needs_no_words_and_can_be_looked_away_from_with_some() -> None:
    assert parse_query("", picture=PICTURE) == Query((), PICTURE)
    assert parse_query("", similar_to="ab") == Query((), None, "ab")
    assert parse_query("-people", similar_to="ab").terms == (Term("people", -1.0),)


def test_what_is_wanted_and_what_is_not_can_be_read_as_words() -> None:
    query = parse_query('beach^2 -people -"red car" in summer')
    assert query.wanted == "in summer beach"
    assert query.unwanted == "people red car"
    assert not query.has_picture
    assert parse_query("x", picture=PICTURE).has_picture
    assert parse_query("x", similar_to="ab").has_picture


@given(st.text(st.characters() | st.sampled_from('-"^^"- 19.')))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        query = parse_query(text)
    except BadOption:
        return
    assert query.wanted
    assert all(term.text.strip() and 0 < abs(term.weight) <= 10 for term in query.terms)


@given(st.text(st.characters(exclude_characters='-"^“”„«»', exclude_categories=["Cs"])))
def test_no_word_of_a_text_without_signs_is_lost(text: str) -> None:
    if text.split():
        (term,) = parse_query(text).terms
        assert term.text.split() == text.split()


@given(st.text(st.sampled_from('ab-" \t')))
def test_no_letter_of_a_text_with_signs_is_lost(text: str) -> None:
    try:
        query = parse_query(text, similar_to="any")
    except BadOption:  # only of something to look away from
        assert re.search(r'-"\s*[ab-]', text)
        return
    read = "".join(term.text for term in query.terms)
    assert Counter(re.findall("[ab]", read)) == Counter(re.findall("[ab]", text))


@pytest.mark.parametrize("piece", ["a ", '"', '" ', "a^.", "-a b ", "a^1x ", "\t", "1"])
def test_a_text_that_was_pasted_is_read_in_no_time(piece: str) -> None:
    started = time.process_time()
    parse_query("beach a^" + piece * (100_000 // len(piece)) + "x")
    assert time.process_time() - started < 5


def test_what_is_wrong_with_a_long_text_is_said_in_a_short_one() -> None:
    with pytest.raises(BadOption) as caught:
        parse_query("a^99 " + "b" * 100_000)
    assert "in 'a^99 bbb" in str(caught.value)
    assert len(str(caught.value)) < 200
