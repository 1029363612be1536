"""What is typed: dates, queries and questions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache, partial
from pathlib import Path
from random import Random

import numpy as np

from chat_app.understanding.lexicon import GalleryLexicon
from chat_app.understanding.plan import Plan
from chat_app.understanding.understand import understand
from indexer.sources.dates import read_date
from retrieval.catalog.dates import first_second, parse_month_day, written
from retrieval.catalog.filters import date_range
from retrieval.cli import read_lines
from retrieval.errors import BadOption, GalleryError
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy
from retrieval.search.query import parse_query
from retrieval.search.words import WordIndex, matched_words
from tests.fakes import WordEncoder
from tests.fuzzing.case import File, Kind, Outcome, check_error
from tests.fuzzing.values import number, text

TODAY = date(2024, 9, 15)


def _typed(random: Random) -> File:
    lines = [text(random) for _ in range(random.randint(1, 3))]
    return File("", "\n".join(lines).encode("utf-8", "surrogatepass"))


def _typed_text(file: File) -> str:
    return file.content.decode("utf-8", "surrogatepass")


def _dates(random: Random) -> File:
    digits = (f"{random.randint(0, 9999):04}", f"{random.randint(0, 13):02}")
    near = "-".join((*digits, f"{random.randint(0, 32):02}")[: random.randint(1, 3)])
    moment = random.choice(
        ("", "T18:30", " 24:00", "T18:30:60", "T00:00+14:00", "T23:59-23:59", "Z")
    )
    typed = random.choice((near, near + moment, text(random), str(number(random))))
    return File("", typed.encode("utf-8", "surrogatepass"))


def _read_dates(file: File, folder: Path) -> Outcome:
    """As a filter, as the day of any year, and as a source has it."""
    typed = _typed_text(file)
    readers: tuple[Callable[[str], object], ...] = (
        first_second,
        partial(date_range, typed),
        partial(date_range, None),
        parse_month_day,
    )
    outcomes = set()
    for reader in readers:
        try:
            reader(typed)
            outcomes.add("answer")
        except BadOption as error:
            check_error(error)
    try:
        if (seconds := read_date(typed)) is not None:
            written(seconds)
        outcomes.add("answer")
    except ValueError:  # by which its callers skip
        pass
    return "answer" if outcomes else "refusal"


def _read_query(file: File, folder: Path) -> Outcome:
    queries = folder / "queries.txt"
    queries.write_bytes(file.content)
    typed = _typed_text(file)
    outcomes: set[Outcome] = set()
    for one in (typed, *_lines_of(queries)):
        try:
            query = parse_query(one)
        except BadOption as error:
            check_error(error)
            outcomes.add("refusal")
            continue
        assert query.wanted.encode()
        scores = _words().scores(query.wanted)
        assert np.all((scores >= 0) & (scores < 1))
        matched_words(query.wanted, "a cat on a beach")
        outcomes.add("answer")
    return "answer" if "answer" in outcomes else "refusal"


def _lines_of(queries: Path) -> list[str]:
    try:
        return read_lines(queries)
    except GalleryError as error:
        check_error(error, queries.name)
        return []


@cache
def _words() -> WordIndex:
    return WordIndex(["a cat on a beach", "", "海滩", "Blume"])


def _read_question(file: File, folder: Path) -> Outcome:
    """A conversation, a turn a line."""
    previous: Plan | None = None
    for turn in _typed_text(file).split("\n"):
        plan = understand(turn, TODAY, _lexicon(), previous)
        if plan.arguments is not None:
            plan.arguments.given()
        previous = plan if plan.posts is not None else previous
    return "skip" if previous is None else "answer"


class _FewWords(WordEncoder):
    """An encoder that knows so few words that the others are looked up for how they are spelt."""

    def is_word(self, text: str) -> bool:
        return text in ("happy", "food", "cat")


@cache
def _lexicon() -> GalleryLexicon:
    titles = {topic.name: topic.title for topic in load_taxonomy(DEFAULT_TOPICS).topics}
    return GalleryLexicon(titles, _FewWords(), lambda _: False)


KINDS = {
    "dates": Kind(_dates, _read_dates),
    "queries": Kind(_typed, _read_query),
    "questions": Kind(_typed, _read_question),
}
