"""Labels that a person corrected: they win over every model, and outlive all of them.

`overrides.jsonl` lies in the gallery's folder and only grows: a line a correction, the last one
about a post's sentiment or topics counts. A post is known by its picture's content and its
caption, so a correction survives renaming, re-indexing, relabelling and other encoders.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from retrieval.errors import BadInput, BadOption, StorageFailed, shown
from retrieval.files import append_lines, appended_lines, explained_storage_errors, json_value
from retrieval.gallery.layout import overrides_path
from retrieval.labels.taxonomy import correct_topics
from retrieval.records import SENTIMENTS, Sentiment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from retrieval.records import Post

Key: TypeAlias = tuple[str, str]  # image_id, caption hash
Field = Literal["sentiment", "topics"]

FIELDS: tuple[Field, ...] = ("sentiment", "topics")


@dataclass(frozen=True, slots=True)
class Override:
    """What a person said about a post; None: nothing about that."""

    sentiment: Sentiment | None = None
    topics: tuple[str, ...] | None = None  # names; empty: about no topic at all

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self.sentiment is None and self.topics is None


@dataclass(frozen=True, slots=True)
class Overrides:
    """All corrections of a gallery, in force at one moment."""

    by_key: Mapping[Key, Override]
    ever: tuple[Key, ...] = ()  # the key of every line, in order: also what was cleared again


def key_of(post: Post) -> Key:
    """What a post is known by."""
    return post.image_id, hashlib.sha256(post.caption.encode()).hexdigest()[:16]


def read_overrides(chroma_dir: Path) -> Overrides:
    """Read all corrections; a line that was torn by a crash is passed over.

    Raises:
        BadInput: the file cannot be read, or another line of it says something impossible.

    """
    by_key: dict[Key, Override] = {}
    ever = []
    for where, line in appended_lines(overrides_path(chroma_dir)):
        key, changes = _parse(line, where)
        override = _changed(by_key.get(key, Override()), changes)
        by_key.pop(key, None)
        if not override.is_empty:
            by_key[key] = override
        ever.append(key)
    return Overrides(by_key, tuple(ever))


def overrides_state(chroma_dir: Path) -> int:
    """Another number whenever there are other corrections: they only ever grow."""
    try:
        return overrides_path(chroma_dir).stat().st_size
    except OSError:
        return 0


def set_override(
    chroma_dir: Path,
    post: Post,
    *,
    sentiment: Sentiment | None = None,
    topics: Iterable[str] | None = None,
) -> None:
    """Correct a post's sentiment, topics, or both; what is None stays as it was.

    Raises:
        StorageFailed: the disk refuses.

    """
    said = Override(sentiment, None if topics is None else tuple(topics))
    _append(chroma_dir, [_line(key_of(post), _changes(said))])


def carry_override(
    chroma_dir: Path, said: Override, before: Post, post: Post, *, keep: bool
) -> None:
    """Say of a post what was said of the one before it, and no more of that unless `keep`.

    Raises:
        StorageFailed: the disk refuses.

    """
    lines = [_line(key_of(post), _changes(said))]
    if not keep:
        lines.append(_line(key_of(before), dict.fromkeys(FIELDS)))
    _append(chroma_dir, lines)


def clear_override(chroma_dir: Path, post: Post, fields: Iterable[Field] = FIELDS) -> None:
    """Take a correction back, so that the models speak again.

    Raises:
        StorageFailed: the disk refuses.

    """
    _append(chroma_dir, [_line(key_of(post), dict.fromkeys(fields))])


def export_overrides(overrides: Overrides, path: Path, *, force: bool = False) -> int:
    """Write the corrections in force to a file that `import_overrides` reads; returns how many.

    Raises:
        BadOption: the file is there already; `force` overwrites it.
        StorageFailed: it cannot be written.

    """
    lines = [_line(key, _changes(override)) for key, override in sorted(overrides.by_key.items())]
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except FileExistsError:
        raise BadOption(
            f"{path} is there already; give another name, or --force to overwrite it"
        ) from None
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error
    return len(lines)


def import_overrides(chroma_dir: Path, path: Path, topics: tuple[str, ...]) -> int:
    """Add the corrections of an exported file, which win over those here; returns how many.

    `topics` are the names that the gallery has.

    Raises:
        BadInput: the file cannot be read, or a line of it says something impossible, of topics
            too; nothing is imported then.
        StorageFailed: the disk refuses.

    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise BadInput(
            f"cannot read {path}: {error.strerror}; give a file that `overrides export` wrote"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"cannot read {path}: {error}; save it as UTF-8 text") from error
    lines = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            key, changes = _parse(line, where)
            lines.append(_line(key, _checked(changes, topics, where)))
    _append(chroma_dir, lines)
    return len(lines)


def _line(key: Key, changes: Mapping[Field, Any]) -> str:
    image_id, caption = key
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"image_id": image_id, "caption": caption, **changes, "at": at})


def _changes(said: Override) -> dict[Field, Any]:
    """What a line says of it: nothing about what is None."""
    changes: dict[Field, Any] = {}
    if said.sentiment is not None:
        changes["sentiment"] = said.sentiment
    if said.topics is not None:
        changes["topics"] = list(said.topics)
    return changes


def _checked(
    changes: Mapping[Field, Any], known: tuple[str, ...], where: str
) -> Mapping[Field, Any]:
    """What a line says, with topics that the gallery has."""
    if changes.get("topics") is None:
        return changes
    try:
        return {**changes, "topics": correct_topics(list(changes["topics"]), known)}
    except BadOption as error:
        raise BadInput(f"{where}: {error}") from error


def _append(chroma_dir: Path, lines: Iterable[str]) -> None:
    with explained_storage_errors(chroma_dir):
        append_lines(overrides_path(chroma_dir), lines)


def _changed(override: Override, changes: Mapping[Field, Any]) -> Override:
    return Override(
        sentiment=changes.get("sentiment", override.sentiment),
        topics=changes.get("topics", override.topics),
    )


def _parse(line: str, where: str) -> tuple[Key, dict[Field, Any]]:
    """A line's post, and what it says of it: None takes back what was said."""
    try:
        fields = json_value(line)
        key = fields["image_id"], fields["caption"]
        if not all(isinstance(part, str) for part in key):
            raise TypeError
    except (ValueError, TypeError, KeyError):
        raise BadInput(
            f'{where}: not a correction; each line is a JSON object with "image_id", "caption" '
            '(its hash) and "sentiment" or "topics"'
        ) from None
    changes: dict[Field, Any] = {name: fields[name] for name in FIELDS if name in fields}
    sentiment, topics = changes.get("sentiment"), changes.get("topics")
    if sentiment is not None and sentiment not in SENTIMENTS:
        raise BadInput(
            f"{where}: sentiment {shown(sentiment)}; choose from {', '.join(SENTIMENTS)}"
        )
    if topics is not None:
        if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
            raise BadInput(f"{where}: topics {shown(topics)}; write a list of names")
        changes["topics"] = tuple(topics)
    return cast("Key", key), changes
