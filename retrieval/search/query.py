"""What is looked for: texts with weights, a picture, or a picture of the gallery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.captions import readable
from retrieval.errors import BadOption, shown

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_WEIGHT = 10.0

# -word, "two words", word^2 and what they can be made of: -"two words"^0.5
_TOKEN = re.compile(
    r"""(?P<minus>-(?=[^\s\d-]))?    # not before a number, nor alone
        (?:"(?P<quoted>[^"]+)"|(?P<word>[^\s"^]+))
        (?:\^(?P<weight>\d+(?:\.\d+)?|\.\d+))?
        (?:\s+|$)""",
    re.VERBOSE,
)
_BLANKS, _WORD = re.compile(r"\s*"), re.compile("[^ ]*")
_UNCLOSED = re.compile(r'-"\s*[^\s"]')
_QUOTATION_MARKS = str.maketrans("“”„«»", '"' * 5)  # phones write these


@dataclass(frozen=True, slots=True)
class Term:
    """A text that is looked for, or looked away from."""

    text: str
    weight: float = 1.0  # below 0: pictures like it are pushed back


@dataclass(frozen=True, slots=True)
class Query:
    """All that is set is looked for at once: its vectors are added up by weight.

    Nothing set asks for everything, newest first.
    """

    terms: tuple[Term, ...] = ()
    picture: Image | None = None  # upright, RGB
    similar_to: str | None = None  # the image_id of a picture in the gallery

    @property
    def wanted(self) -> str:
        """The texts that are looked for, in one."""
        return " ".join(term.text for term in self.terms if term.weight > 0)

    @property
    def unwanted(self) -> str:
        """The texts that are looked away from, in one."""
        return " ".join(term.text for term in self.terms if term.weight < 0)

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing in particular."""
        return not self.terms and not self.has_picture

    @property
    def has_picture(self) -> bool:
        """Whether it asks by a picture, alone or among other things."""
        return self.picture is not None or self.similar_to is not None


def parse_query(text: str, *, picture: Image | None = None, similar_to: str | None = None) -> Query:
    """A query as people type it.

    `beach -people` looks for beaches and away from people, `-"red car"` away from several words
    at once, `beach^2 sunset` twice as much for beaches. All other words are one text.

    Raises:
        BadOption: nothing is looked for, or a weight is out of range.

    """
    plain: list[str] = []
    terms: list[Term] = []
    for minus, words, weight in _tokens(readable(text)):
        if weight is not None and not 0 < weight <= _MOST_WEIGHT:
            raise BadOption(
                f"the weight {weight:g} in {shown(text)} is out of range; use a number above 0 "
                f"and up to {_MOST_WEIGHT:g}, such as beach^2"
            )
        if minus or weight is not None:
            terms.append(Term(words, (-1 if minus else 1) * (1.0 if weight is None else weight)))
        else:
            plain.append(words)
    if plain:
        terms.insert(0, Term(" ".join(plain)))
    query = Query(tuple(terms), picture, similar_to)
    if not query.wanted and not query.has_picture:
        if terms:
            raise BadOption(
                f"{shown(text)} says only what is not wanted; say what is as well, such as "
                '"beach -people"'
            )
        raise BadOption('the query is empty; say what to look for, such as "a cat asleep"')
    return query


def _tokens(text: str) -> list[tuple[bool, str, float | None]]:
    """Whether it is subtracted, the words, and the weight where one is given; in order."""
    tokens: list[tuple[bool, str, float | None]] = []
    text = text.translate(_QUOTATION_MARKS).rstrip()
    at = 0  # a place and no rest of the text: cutting that off word by word takes its square
    while (at := _end_of(_BLANKS, text, at)) < len(text):
        match = _TOKEN.match(text, at)
        if match is not None:
            weight = None if match["weight"] is None else float(match["weight"])
            tokens.append((match["minus"] is not None, match["quoted"] or match["word"], weight))
            at = match.end()
        elif _UNCLOSED.match(text, at):
            raise BadOption(f"the quotation mark in {shown(text[at:])} is not closed; close it")
        else:  # a quotation mark or a ^ that means nothing here: a word like others
            word = _end_of(_WORD, text, at)
            tokens.append((False, text[at:word], None))
            at = word
    return [token for token in tokens if token[1].strip('"').strip()]


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where the pattern, which can be empty, ends if it begins at a place."""
    found = pattern.match(text, at)
    return at if found is None else found.end()
