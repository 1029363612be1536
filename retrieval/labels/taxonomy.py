"""The topics that posts are sorted into: a file that users edit."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from retrieval.errors import BadInput, BadOption, shown
from retrieval.labels.scores import MOST_TOPICS
from retrieval.names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retrieval.gallery.stored_labels import LabelRecord

DEFAULT_TOPICS = Path(__file__).with_name("topics.toml")
OTHER = "other"  # the topic of a post that no topic of the file fits

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = {"name", "title", "phrases", "words"}
_MOST_PHRASES = 50


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that posts can be about."""

    name: str  # how commands and filters call it
    title: str  # how pages and reports call it
    phrases: tuple[str, ...]  # what such a post shows or tells
    words: frozenset[str] = frozenset()  # lower-case words and emoji that speak strongly for it


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The topics of one file, in its order."""

    topics: tuple[Topic, ...]
    path: Path
    sha256: str  # of the file: another one means that labels made with it are stale

    @property
    def is_default(self) -> bool:
        """Whether it is the one that comes with the project, wherever that lies."""
        return self.path == DEFAULT_TOPICS.absolute()

    @property
    def names(self) -> tuple[str, ...]:
        """The topics' names, in order."""
        return tuple(topic.name for topic in self.topics)


def load_taxonomy(path: Path) -> Taxonomy:
    """Read a taxonomy.

    Raises:
        BadInput: the file is not there or not as it should be; names the topic and what is wrong.

    """
    try:
        content = path.read_bytes()
        entries = tomllib.loads(content.decode("utf-8")).get("topic", [])
    except FileNotFoundError:
        raise BadInput(
            f"there is no {path}; a file of topics looks like {DEFAULT_TOPICS}"
        ) from None
    except OSError as error:
        raise BadInput(
            f"cannot read {path}: {error.strerror}; a file of topics looks like {DEFAULT_TOPICS}"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path} is not a file of topics: {error}; see {DEFAULT_TOPICS}") from error
    except RecursionError as error:
        raise BadInput(f"{path} is nested too deeply; see {DEFAULT_TOPICS}") from error
    if not isinstance(entries, list) or not entries:
        raise BadInput(f"{path} has no [[topic]]; see {DEFAULT_TOPICS} for how they look")
    topics = tuple(_topic(entry, place, path) for place, entry in enumerate(entries, start=1))
    names = [topic.name for topic in topics]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"{path}: the topic {twice[0]} is there twice; give each its own name")
    return Taxonomy(topics, path.absolute(), hashlib.sha256(content).hexdigest())


def written_topics(topics: Iterable[Topic]) -> str:
    """Topics as `load_taxonomy` reads them."""
    return "\n".join(
        f"[[topic]]\nname = {_written(topic.name)}\ntitle = {_written(topic.title)}\n"
        f"phrases = [{''.join(f'{chr(10)}    {_written(each)},' for each in topic.phrases)}\n]\n"
        f"words = {_written(' '.join(sorted(topic.words)))}\n"
        for topic in topics
    )


def _written(text: str) -> str:
    """A basic string of TOML, which differs from JSON's in one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def taxonomy_file(record: LabelRecord) -> Path:
    """The file that a gallery's topics were read from."""
    return Path(record.taxonomy_path) if record.taxonomy_path else DEFAULT_TOPICS


def stale(record: LabelRecord) -> str | None:
    """What is wrong with showing these labels: the topics' file says something else now."""
    path = taxonomy_file(record)
    try:
        now = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return (
            f"the topics were read from {path}, which is not there any more; "
            "put it back, or choose another with: python -m indexer relabel --topics FILE"
        )
    if now == record.taxonomy:
        return None
    return (
        f"{path} has changed since the posts were labelled, and their topics "
        "are still those of before; bring them up to date with: python -m indexer relabel"
    )


def topic_named(text: str, titles: Mapping[str, str]) -> str:
    """A topic by its name or title, in any case; what is neither stays, for others to refuse."""
    known = {folded(title): name for name, title in titles.items()}
    known |= {folded(name): name for name in titles}
    return known.get(folded(text), text)


def check_topics(names: list[str], known: tuple[str, ...]) -> None:
    """Refuse topics that a gallery does not have.

    Raises:
        BadOption: names the first and lists what is allowed.

    """
    allowed = dict.fromkeys([*known, OTHER])
    for name in names:
        if name not in allowed:
            raise BadOption(f"unknown topic {shown(name)}; choose from {', '.join(allowed)}")


def correct_topics(names: list[str], known: tuple[str, ...]) -> list[str]:
    """The topics that a person says a post is about, without OTHER: that means none of them.

    Raises:
        BadOption: the gallery does not have one of them, one is there twice, or there are more
            than a post is shown under.

    """
    check_topics(names, known)
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadOption(f"the topic {twice[0]} is there twice; name each topic once")
    topics = [name for name in names if name != OTHER]
    if len(topics) > MOST_TOPICS:
        raise BadOption(
            f"{len(topics)} topics; a post has at most {MOST_TOPICS}: keep those it is most about"
        )
    return topics


def _topic(entry: Any, place: int, path: Path) -> Topic:
    where = f"{path}, topic {place}"
    if not isinstance(entry, dict):
        raise BadInput(f"{where}: write it as [[topic]] with name, title, phrases and words")
    name, title = entry.get("name"), entry.get("title")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == OTHER:
        raise BadInput(
            f"{where}: the name {shown(name)} is not one; use small letters, digits and _, such as "
            f"food_drink, and not {OTHER!r}"
        )
    if unknown := sorted(entry.keys() - _KEYS):
        raise BadInput(
            f"{where} ({name}): unknown key {shown(unknown[0])}; allowed: {sorted(_KEYS)}"
        )
    phrases = entry.get("phrases")
    if not _are_texts(phrases) or not 0 < len(phrases) <= _MOST_PHRASES:
        raise BadInput(
            f"{where} ({name}): phrases is a list of 1 to {_MOST_PHRASES} descriptions, best 4 to "
            '6, such as ["a plate of food", "cooking dinner"]'
        )
    words = entry.get("words", "")
    if _are_texts(words):
        words = " ".join(words)
    if not isinstance(words, str):
        raise BadInput(f'{where} ({name}): words is a text or a list, such as "coffee pizza ☕"')
    return Topic(
        name=name,
        title=title if isinstance(title, str) and title.strip() else name.replace("_", " "),
        phrases=tuple(phrases),
        words=frozenset(words.lower().replace("#", " ").split()),
    )


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)
