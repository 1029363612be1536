"""How names are compared: by what a reader sees, not by how a system or a program writes them."""

from __future__ import annotations

import unicodedata


def folded(name: str) -> str:
    """The name in small letters and in Unicode's composed form (NFC).

    macOS and its archives write é as two characters, other systems as one; Windows and macOS take
    IMG.JPG and img.jpg for one file.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
