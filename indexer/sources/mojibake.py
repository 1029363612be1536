"""Captions that an export garbled, as cafÃ© for café, read as they were written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval.cli import count

if TYPE_CHECKING:
    from indexer.sources.base import SourceReading

# UTF-8 that was taken for Latin-1 or Windows-1252 on the way: the first byte of a character, then
# one of those that follow. Only what has that is looked at closely, which takes a tenth of a
# millisecond a caption.
_SUSPICIOUS = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013-\u203a\u20ac\u2122]|\u00c3 "
)


def mended(text: str) -> str:
    """The text in its own characters; as it is where it is not surely garbled.

    Facebook's and Instagram's exports write every letter beyond ASCII so, and spreadsheets make it
    of a CSV file without a byte order mark.
    """
    if not _SUSPICIOUS.search(text):
        return text
    import ftfy

    return ftfy.fix_encoding(text)


def mended_reading(reading: SourceReading) -> SourceReading:
    """The reading with its captions mended, and a note on how many were."""
    captions = [post.caption and mended(post.caption) for post in reading.posts]
    posts = tuple(
        replace(post, caption=caption) if caption != post.caption else post
        for post, caption in zip(reading.posts, captions, strict=True)
    )
    garbled = sum(new is not old for new, old in zip(posts, reading.posts, strict=True))
    if not garbled:
        return reading
    note = (
        f"{count(garbled, 'caption')} came garbled, as cafÃ© for café, and "
        f"{'was' if garbled == 1 else 'were'} mended."
    )
    return replace(reading, posts=posts, notes=(*reading.notes, note))
