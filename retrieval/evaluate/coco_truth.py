"""COCO's marked things as topics, through the reviewed mapping in coco_topics.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retrieval.records import SeenObject

_MAPPING = Path(__file__).with_name("coco_topics.toml")


def topics_of_objects(objects: Iterable[SeenObject]) -> set[str]:
    """The names of the topics that these things speak for."""
    mapping = _mapping()
    topics: set[str] = set()
    for seen in objects:
        by_category = mapping["category"].get(seen.category)
        found = mapping["supercategory"].get(seen.supercategory, ())
        topics.update(found if by_category is None else by_category)
    return topics


def tested_topics() -> set[str]:
    """The names of the topics that COCO has anything to say about."""
    return {topic for part in _mapping().values() for topics in part.values() for topic in topics}


@cache
def _mapping() -> dict[str, Any]:
    return tomllib.loads(_MAPPING.read_text("utf-8"))
