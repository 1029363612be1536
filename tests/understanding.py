"""Scores what the planner understands against conversations whose calls are known.

    python -m tests.understanding FILE…

prints every question that was understood otherwise, and the scores. Strict: the tool and every one
of its arguments have to be right; the words of a query count in any order.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chat_app.tools import NAMES
from chat_app.understanding.lexicon import GalleryLexicon
from chat_app.understanding.plan import Plan
from chat_app.understanding.understand import understand
from retrieval.config import Settings
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy

TODAY = date(2024, 9, 15)
QUESTIONS = Path(__file__).with_name("questions")


@dataclass(frozen=True)
class Scored:
    """One question, and whether it was understood."""

    manner: str
    question: str
    is_follow_up: bool
    expected: Any
    found: Any

    @property
    def is_right(self) -> bool:
        return bool(self.expected == self.found)


def default_lexicon() -> GalleryLexicon:
    topics = load_taxonomy(DEFAULT_TOPICS).topics
    encoder = SentenceEncoder(cache_dir=Settings.from_environment().cache_dir)
    return GalleryLexicon({topic.name: topic.title for topic in topics}, encoder, lambda _: False)


def scored(path: Path, lexicon: GalleryLexicon) -> Iterator[Scored]:
    """Every question of a file, each conversation from its beginning."""
    for line in path.read_text("utf-8").splitlines():
        conversation = json.loads(line)
        previous: Plan | None = None
        seen = 1
        for place, turn in enumerate(conversation["turns"]):
            plan = understand(turn["question"], TODAY, lexicon, previous, seen)
            expected = [_comparable(each) for each in turn["calls"]] or turn["kind"]
            yield Scored(
                conversation["manner"], turn["question"], place > 0, expected, _found(plan)
            )
            previous, seen = (plan, 1) if plan.posts is not None else (previous, seen)
            seen = plan.seen or seen


def _found(plan: Plan) -> Any:
    if plan.arguments is None:
        return plan.kind
    name, given = NAMES[type(plan.arguments)], plan.arguments.given()
    return [_comparable({"name": name, "arguments": given})]


def _comparable(call: dict[str, Any]) -> Any:
    return call["name"], _fields(call["arguments"])


def _fields(arguments: dict[str, Any]) -> Any:
    fields = {}
    for name, value in arguments.items():
        if name == "query":
            fields[name] = sorted(value.lower().split())
        elif name == "slices":
            fields[name] = sorted((_fields(each) for each in value), key=str)
        elif isinstance(value, list) and name != "group_by":
            fields[name] = sorted(value)
        else:
            fields[name] = value
    return fields


def main(paths: list[str]) -> int:
    lexicon = default_lexicon()
    for path in paths:
        results = list(scored(Path(path), lexicon))
        for each in results:
            if not each.is_right:
                sign = "+" if each.is_follow_up else " "
                print(
                    f"{sign} {each.question}\n    wanted {each.expected}\n    found  {each.found}"
                )
        print(f"\n{path}: {_share(results)}")
        groups: dict[str, list[Scored]] = defaultdict(list)
        for each in results:
            groups[each.manner].append(each)
            groups["follow-ups" if each.is_follow_up else "first questions"].append(each)
        for name, members in sorted(groups.items()):
            print(f"    {name:15} {_share(members)}")
    return 0


def _share(results: list[Scored]) -> str:
    right = sum(each.is_right for each in results)
    return f"{right} of {len(results)} ({right / len(results):.2f})"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
