"""A language model's words as plain text: it may repeat what a post told it to.

Links, pictures and tags are left out, since a page would make something of them; the words in them
stay. Text comes in pieces, so what may still become one of these is held back until it is whole.
"""

from __future__ import annotations

import re

_WHOLE = re.compile(
    r"!?\[(?P<words>[^\]\n]*)\]\([^)\n]*\)"  # Markdown's links and pictures
    r"|<(?P<address>https?:[^>\s]*)>|</?[A-Za-z!][^>\n]*>"  # HTML
    r"|\b(?:https?|ftp|file|data|javascript):[^\s)\]>]+|\bwww\.[^\s)\]>]+",
    re.IGNORECASE,
)
_BEGUN = re.compile(
    r"(?:!|!?\[[^\]\n]{0,300}(?:\](?:\([^)\n]{0,500})?)?|<[^>\n]{0,500}|\b[a-z]+:\S{0,500}"
    r"|\bwww\.\S{0,500}|\b[a-z]{1,10})$",
    re.IGNORECASE,
)
_LEFT_OUT = "(link left out)"


def plain_text(text: str) -> str:
    """Text without links, pictures and tags."""
    return _WHOLE.sub(_words_of, text)


class PlainStream:
    """The same of text that comes in pieces."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown by now."""
        self._held += piece
        closed = [
            found.end()
            for found in _WHOLE.finditer(self._held)
            if found[0][-1] in ")>" or found.end() < len(self._held)
        ]
        begun = _BEGUN.search(self._held, max(closed, default=0))
        end = begun.start() if begun else len(self._held)
        whole, self._held = self._held[:end], self._held[end:]
        return plain_text(whole)

    def rest(self) -> str:
        """What was held back, when no more comes."""
        held, self._held = self._held, ""
        return plain_text(held)


def _words_of(found: re.Match[str]) -> str:
    if found["words"] is not None:
        return found["words"]
    return "" if found[0].startswith("<") and not found["address"] else _LEFT_OUT
