"""How names are compared: by what a reader sees, not by how a system or a program writes them."""

from __future__ import annotations

import unicodedata


def composed(name: str) -> str:
    """The name in Unicode's composed form (NFC); macOS writes é as two characters."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """The composed name in small letters: to Windows and macOS IMG.JPG and img.jpg are one file."""
    return composed(composed(name).casefold())
