"""A question as a tool call, and what is asked about single words on the way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from chat_app.arguments import Arguments, Posts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.records import Sentiment

Kind = Literal[
    "find", "count", "compare", "show", "similar", "help", "thanks", "refusal", "unclear"
]


class Lexicon(Protocol):
    """What is known of single words."""

    @property
    def topics(self) -> Mapping[str, str]:
        """The gallery's topics by their titles and synonyms, in lower case."""

    def feeling(self, word: str) -> Sentiment | None:
        """The feeling that a word is sure to tell; None: none, or it is not sure."""

    def is_word(self, word: str) -> bool:
        """Whether it is an English word, spelt as it should be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A question as a tool call."""

    kind: Kind
    arguments: Arguments | None = None  # None: nothing is looked up

    @property
    def posts(self) -> Posts | None:
        """What a next question can take up again."""
        return self.arguments if isinstance(self.arguments, Posts) else None
