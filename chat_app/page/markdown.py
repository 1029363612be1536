"""Text from elsewhere as Markdown that shows it as it is, and can do nothing."""

from __future__ import annotations

import re

from retrieval.captions import clean

# CommonMark lets a backslash stand before each of these.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# What turns into a link or an emoji once the backslashes are gone: a joiner without width, which
# shows nothing, keeps it apart.
_ALIVE = re.compile(r"(?i)(https?|ftp|mailto|www|(?<=\w)(?=@)|:(?=[\w+-]+:))")
_JOINER = "\u2060"


def in_one_line(text: str, longest: int | None = None) -> str:
    """A post's text for places that take no Markdown; cut after `longest` characters."""
    line = " ".join(clean(text).split())
    if longest is not None and len(line) > longest:
        line = line[:longest].rstrip() + " …"
    return line


def plain(text: str, longest: int | None = None) -> str:
    """A post's text, in one line: no link, picture, emphasis, HTML, colour or formula is in it."""
    apart = _ALIVE.sub(lambda match: match[0] + _JOINER, in_one_line(text, longest))
    return _PUNCTUATION.sub(r"\\\1", apart)


def as_sentence(text: str) -> str:
    """What a command says of a mistake, in lower case as commands do, as a sentence of its own."""
    return plain(text[:1].upper() + text[1:])


def plain_lines(text: str) -> str:
    """The same of several lines; those that begin with a dash become a list."""
    lines = []
    for line in text.splitlines():
        dash = line.startswith("- ")
        lines.append(f"- {plain(line[2:])}" if dash else f"\n{plain(line)}\n")
    return "\n".join(lines)


def prose(text: str) -> str:
    """A language model's answer: its paragraphs, lists, tables and emphasis, but no links.

    A model quotes what it read, and a picture's address in an answer is asked for by the browser
    at once, so neither links nor pictures nor HTML may come of it.
    """
    apart = _ALIVE.sub(lambda match: match[0] + _JOINER, clean(text))
    return re.sub(r"([\[\]<>$&:]|!(?=\[))", r"\\\1", apart)
