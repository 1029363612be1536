"""The words that the assistant knows without a language model: words.toml, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable  # noqa: TC003 - read with the annotations of data below
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from retrieval.records import Sentiment

WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def _talk(name: str) -> frozenset[str]:
    return frozenset(WORDS["talk"][name].split())


POSTS, FILLER, WEAK = _talk("posts"), _talk("filler"), _talk("weak")
THANKS, GREETINGS = _talk("thanks"), _talk("greetings")
PLACES: dict[str, int] = WORDS["places"]
NUMBERS: dict[str, int] = WORDS["numbers"]
FEELINGS: dict[str, Sentiment] = {
    word: name for name in SENTIMENTS for word in WORDS["feelings"][name].split()
}
SUPERLATIVES: dict[str, Sentiment] = {
    word: name for name in ("positive", "negative") for word in WORDS["superlatives"][name].split()
}
COMPARATIVES = frozenset(WORDS["feelings"]["comparatives"].split())
PHRASES: dict[str, str] = WORDS["phrases"]
TOPIC_WORDS: dict[str, str] = {
    word: name for name, words in WORDS["topics"].items() for word in words.split()
}


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of these words, the longest first."""
    return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"
