"""A question as a tool call, and what is asked about single words on the way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from chat_app.arguments import Arguments, Posts, ShowPost

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
        """Whether it is spelt as it should be: an English word, or one that a caption has."""

    def spelt(self, word: str) -> str:
        """The word as it should be spelt, in lower case; itself where that is anyone's guess."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A question as a tool call."""

    kind: Kind
    arguments: Arguments | None = None  # None: nothing is looked up
    goes_on: bool = False  # what the last question looked for is looked for still

    @property
    def posts(self) -> Posts | None:
        """What a next question can take up again."""
        return self.arguments if isinstance(self.arguments, Posts) else None

    @property
    def seen(self) -> int | None:
        """The place of the post that it looks at; None: at none of them."""
        return self.arguments.number if isinstance(self.arguments, ShowPost) else None
