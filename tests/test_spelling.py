"""Misspelt words: which are mended, and which are nobody's business."""

from __future__ import annotations

import pytest

from chat_app.understanding.lexicon import GalleryLexicon
from chat_app.understanding.spelling import mended
from tests.understanding import default_lexicon


@pytest.fixture(scope="module")
def lexicon() -> GalleryLexicon:
    return default_lexicon()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("carved pumkins in ocotber", "carved pumpkins in october"),
        ("my motrobike", "my motorbike"),
        ("a yelow taxi", "a yellow taxi"),
        ("hwo many gradution pictrues", "how many graduation pictures"),
        ("boringggg, moood", "boring, mood"),
        ("hit me with cats", "show me cats"),
    ],
)
def test_slips_are_mended(lexicon: GalleryLexicon, written: str, meant: str) -> None:
    assert mended(written, lexicon) == meant


@pytest.mark.parametrize(
    "text",
    [
        "a tabby cat with latte art",
        "mochi and bento",  # no dictionary has them, and no common word is a missing letter away
        "pilates at the harbour",
        "beach with Pepa and Kaethe",  # names
        "gnocchi in Lofoten",
    ],
)
def test_rare_words_and_names_stay(lexicon: GalleryLexicon, text: str) -> None:
    assert mended(text, lexicon) == text


def test_what_a_caption_says_is_spelt_right(lexicon: GalleryLexicon) -> None:
    titles = {"other": "Other"}
    encoder = lexicon._encoder
    knows_it = GalleryLexicon(titles, encoder, lambda word: word == "pumkins")
    assert mended("carved pumkins", knows_it) == "carved pumkins"
    assert mended("carved pumkins", lexicon) == "carved pumpkins"
