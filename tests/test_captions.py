from __future__ import annotations

import pytest

from retrieval.captions import for_model, readable


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("half an emoji \ud83d", "half an emoji �"),
        ("whole 😀, שלום, line\nbreak", "whole 😀, שלום, line\nbreak"),
        ("", ""),
    ],
)
def test_captions_are_kept_as_written_but_for_lone_surrogates(written: str, kept: str) -> None:
    assert readable(written) == kept
    readable(written).encode()


def test_an_encoder_sees_no_control_characters_and_single_blanks() -> None:
    assert for_model(" a\x00cat \x1b[31m\n\n asleep\t") == "a cat [31m asleep"
