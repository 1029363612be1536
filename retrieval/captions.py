"""Captions as people write them: kept as written, cleaned only for a model's eyes."""

from __future__ import annotations

import re
import unicodedata

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_BRAILLE_BLANK = "\u2800"  # which people post where nothing at all is not allowed
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def readable(text: str) -> str:
    """The text with lone surrogates as U+FFFD: Chroma, Parquet and UTF-8 itself refuse them."""
    return _LONE_SURROGATE.sub("�", text)


def has_words(text: str) -> bool:
    """Whether there are letters or digits of any script to read."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def has_signs(text: str) -> bool:
    """Whether there is a sign that shows something, as emoji do, and not only marks and blanks."""
    signs = text.replace(_BRAILLE_BLANK, "")
    return any(unicodedata.category(character) in ("So", "Sk", "Sm", "Sc") for character in signs)


def clean(text: str) -> str:
    """The text without what a terminal obeys or no file should hold; it may come from a post.

    Controls, lone surrogates and what turns the direction of the text around it become U+FFFD;
    right-to-left text itself stays.
    """
    return "".join("�" if _is_obeyed(character) else character for character in text)


def for_model(text: str) -> str:
    """The text without control characters and with single blanks, as an encoder should see it."""
    return " ".join(_CONTROL.sub(" ", text).split())


def plain(text: str) -> str:
    """The text as `for_model`, without a single final full stop.

    Whether a caption ends in one says who wrote it and nothing of what it says: 78 % of COCO's
    captions do and 55 % of SentiCap's, so a model would learn to tell data sets apart by it. An
    ellipsis stays; it is a tone of voice.
    """
    cleaned = for_model(text)
    return cleaned[:-1].rstrip() if cleaned.endswith(".") and cleaned[-2:] != ".." else cleaned


def same_text(text: str) -> str:
    """What captions share that differ only in typography."""
    return plain(text).casefold()


def _is_obeyed(character: str) -> bool:
    if character in "\n\t":
        return False
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
