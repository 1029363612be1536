"""Addresses that a source tells of a post."""

from __future__ import annotations

_WEB = ("http://", "https://")  # anything else might do something when it is clicked


def web_address(text: str) -> str | None:
    """The address if it is one of the web, else None."""
    return text if text.startswith(_WEB) else None
