from __future__ import annotations

import pytest

from retrieval.labels.language import language_of


@pytest.mark.parametrize(
    ("caption", "language"),
    [
        ("Best day at the beach in years", "en"),
        ("Die erste Dahlie ist aufgegangen 🌼 ich freu mich riesig! #garten", "de"),
        ("On est enfin arrivés, la mer est magnifique ce soir", "fr"),
        ("Сегодня был отличный день на море", "ru"),
        ("今日は海に行きました。とても楽しかった", "ja"),
        ("오늘 바다에 갔어요", "ko"),
        ("omg lol", "en"),  # too little to tell by
        ("Pizza!", "en"),
        ("#sunset #beach", "en"),
        ("", None),
        ("😍😍", None),
        ("https://example.com @someone", None),
        ("12:45", None),
    ],
)
def test_languages_are_told_and_little_latin_counts_as_english(
    caption: str, language: str | None
) -> None:
    assert language_of(caption) == language


def test_tags_and_mentions_do_not_turn_english_into_another_language() -> None:
    assert (
        language_of("We finally made it to the lake house #schadenfreude @maria_gonzalez") == "en"
    )
