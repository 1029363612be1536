from __future__ import annotations

from pathlib import Path

import pytest

from indexer.sources.base import SourcePost, SourceReading
from indexer.sources.embedded_text import written_by_a_person
from indexer.sources.mojibake import mended, mended_reading


@pytest.mark.parametrize(
    ("charset", "text"),
    [  # Latin-1 as Facebook and Instagram write it, Windows' charset as spreadsheets do
        *(("latin-1", text) for text in ("Café 🎉", "it’s – fine…", "夏の海", "комментарий", "✨")),
        *(("cp1252", text) for text in ("Café 🎉", "it’s – fine…", "Grüße aus Málaga", "✨")),
    ],
)
def test_text_that_was_taken_for_another_charset_is_mended(charset: str, text: str) -> None:
    assert mended(text.encode().decode(charset)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("Café 🎉", "SÃO PAULO É LINDO", "l’été à Málaga", "Ünï", "¿Qué tal?", "ÃO", "Â"),
        *("Привет", "夏の海"),
    ],
)
def test_text_in_its_own_characters_stays(text: str) -> None:
    assert mended(text) == text


def test_a_reading_says_how_many_captions_were_mended() -> None:
    captions = ["CafÃ©", "plain", None, ""]
    posts = [SourcePost(str(n), Path("/x"), "a.jpg", text) for n, text in enumerate(captions)]
    reading = mended_reading(SourceReading(tuple(posts), notes=("first",)))
    assert [post.caption for post in reading.posts] == ["Café", "plain", None, ""]
    assert reading.notes == ("first", "1 caption came garbled, as cafÃ© for café, and was mended.")
    untouched = SourceReading(tuple(posts[1:]))
    assert mended_reading(untouched) is untouched


def test_a_garbled_caption_within_a_picture_is_mended() -> None:
    assert written_by_a_person("GrÃ¼ÃŸe") == "Grüße"
