"""How right each arm is about what the user said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.own_truth import AT_RANDOM, DISAGREEING, TABLE
from retrieval.evaluate.report.document import Table
from retrieval.evaluate.report.reader import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.evaluate.report.document import Block, Cell
    from retrieval.evaluate.report.reader import ResultsReader

_COLUMNS = (
    "", "sentiment of the post", "of the picture alone", "topics (micro-F1)", "precision", "recall",
)  # fmt: skip
_NOTES = {
    AT_RANDOM: "A sample of the posts that it was drawn from: so often each is right about any of "
    "them, within the 95 % intervals in brackets.",
    DISAGREEING: "Chosen since caption and picture disagree, so it tells which of the two to "
    "believe there, and nothing of other posts.",
    TABLE: "What columns of your table say.",
}


def own_truth(read: ResultsReader) -> Iterator[Block]:
    """A table for each place that truth is from."""
    for source, found in read.at("own_truth").items():
        path = f"own_truth.{source}"
        rows = tuple(
            (
                name,
                _right(read, f"{path}.sentiment", name),
                _right(read, f"{path}.picture_sentiment", name),
                *(
                    _right(read, f"{path}.topics", name, measure)
                    for measure in ("micro_f1", "precision", "recall")
                ),
            )
            for name in SIDES
        )
        of = f" of {found['drawn']:,} drawn" if "drawn" in found else ""
        note = (
            f"{found['posts']:,} posts{of}: {found['sentiment']['posts']:,} with a sentiment, "
            f"{found['picture_sentiment']['posts']:,} with one of the picture alone, "
            f"{found['topics']['posts']:,} with topics. {_NOTES[source]}"
        )
        if "drawn" in found and found["drawn_from"] < found["gallery"]:
            note += (
                f" Drawn when the gallery had {found['drawn_from']:,} posts; the "
                f"{found['gallery'] - found['drawn_from']:,} that came since had no chance."
            )
        if unknown := found["topics"]["unknown"]:
            note += f" Not topics of this gallery, and left out: {', '.join(unknown[:5])}."
        yield Table(f"How often each is right: {source}", _COLUMNS, rows, note)


def _right(read: ResultsReader, path: str, name: str, measure: str = "") -> Cell:
    """A share that is right, or a measure of topics; blank where nothing was said."""
    if name not in read.at(path)["arms"]:
        return ""
    return read.number(f"{path}.arms.{name}.{measure}" if measure else f"{path}.arms.{name}")
