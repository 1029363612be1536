"""Topics while somebody edits them on the page: kept apart until they are saved."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.errors import BadInput
from retrieval.files import explained_storage_errors, write_atomically
from retrieval.gallery.layout import topics_path
from retrieval.labels.labeller import choose_labeller
from retrieval.labels.overrides import Overrides
from retrieval.labels.taxonomy import OTHER, Topic, load_taxonomy, written_topics
from retrieval.labels.view import LabelView, languages_of
from retrieval.names import folded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retrieval.records import Post
    from retrieval.search.searcher import Searcher

_SHOWN = 10  # posts of a preview
_TRIED = 2_000  # posts that a preview looks at, evenly drawn


@dataclass(frozen=True, slots=True)
class Change:
    """A post, and its topics now and with the draft, by title."""

    post: Post
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change."""

    tried: int  # posts
    changed: int  # of them
    examples: tuple[Change, ...]  # some that change; some others where none does


def draft_topic(
    title: str, phrases: str, words: str, name: str | None, others: Sequence[Topic]
) -> Topic:
    """A topic as a form has it, phrases a line each; a new one is named after its title.

    Raises:
        BadInput: it has no title, or another one has it.

    """
    title = " ".join(title.split())
    if not title:
        raise BadInput("a topic needs a title, such as “Garden & plants”")
    if any(folded(other.title) == folded(title) for other in others):
        raise BadInput(f"there is a topic “{title}” already; give this one another title")
    lines = tuple(" ".join(line.split()) for line in phrases.splitlines() if line.strip())
    if not lines:
        raise BadInput(
            "a topic needs at least one description of what such a post shows, such as “a plate "
            "of food”; four to six are best"
        )
    name = name or _name_of(title, {other.name for other in others})
    return Topic(name, title, lines, frozenset(words.lower().replace("#", " ").split()))


def save_topics(chroma_dir: Path, topics: Sequence[Topic]) -> Path:
    """Keep the topics in the gallery's own file, whose place is returned; no other is touched.

    Raises:
        BadInput: they are no topics.
        StorageFailed: the disk refuses.

    """
    path = topics_path(chroma_dir)
    with explained_storage_errors(chroma_dir):
        write_atomically(path, written_topics(topics).encode())
    load_taxonomy(path)
    return path


def preview_topics(searcher: Searcher, topics: Sequence[Topic], cache_dir: Path) -> Preview:
    """Label some posts with a draft, and compare; corrections are left out.

    Raises:
        BadInput: they are no topics.
        StorageFailed: the disk refuses.

    """
    draft = cache_dir / "topics-draft.toml"
    with explained_storage_errors(cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True)
        write_atomically(draft, written_topics(topics).encode())
    generation = searcher.generation
    labeller = choose_labeller(
        None,
        draft,
        generation.manifest.labels,
        searcher.image_encoder,
        searcher.caption_encoder,
        cache_dir=cache_dir,
    )
    posts = len(searcher.columns)
    rows = np.unique(np.linspace(0, posts - 1, min(posts, _TRIED)).astype(np.int64))
    caption_rows = generation.caption_rows[rows]
    captions: list[str] = generation.catalog["caption"].take(rows).to_pylist()
    readings = [generation.readings[row] for row in rows.tolist()]
    images = np.asarray(generation.image_vectors)
    labels = labeller.label(
        captions,
        readings,
        np.asarray(generation.caption_vectors)[caption_rows[caption_rows >= 0]],
        images if len(images) else None,
        generation.picture_rows[rows],
    )
    view = LabelView(labeller.record, labels, languages_of(readings), [])
    now = LabelView.of(generation, Overrides({}))
    changes = [
        (row, _titles(now, row), _titles(view, place)) for place, row in enumerate(rows.tolist())
    ]
    differing = [change for change in changes if set(change[1]) != set(change[2])]
    shown = differing[:_SHOWN] or changes[:_SHOWN]
    return Preview(
        len(rows),
        len(differing),
        tuple(Change(generation.post(row), before, after) for row, before, after in shown),
    )


def _titles(view: LabelView, row: int) -> tuple[str, ...]:
    titles = view.topic_titles
    return tuple(titles[name] for name in view.labels(row).topics.names if name != OTHER)


def _name_of(title: str, taken: set[str]) -> str:
    """A name as commands write it; numbered where it is taken or the title has no Latin letter."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    name = name if name[:1].isalpha() else f"topic_{name}".rstrip("_")
    free, number = name, 2
    while free in taken or free == OTHER:
        free, number = f"{name}_{number}", number + 1
    return free
