"""The results of an evaluation as a document to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.report.document import Document, Heading, Paragraph
from retrieval.evaluate.report.reader import ResultsReader
from retrieval.evaluate.report.sections.own_truth import own_truth
from retrieval.evaluate.report.sections.posts import posts
from retrieval.evaluate.report.sections.search import looks, search
from retrieval.evaluate.report.sections.sentiment import sentiment
from retrieval.evaluate.report.sections.summary import TITLES, summary
from retrieval.evaluate.report.sections.topics import topics

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.evaluate.report.document import Block
    from retrieval.evaluate.results import Results

_TASKS = {"sentiment": sentiment, "topics": topics, "search": search}
_PROTOCOL = (
    "The unit is the picture with all its posts: intervals are from 2,000 resamples of pictures, "
    "p-values from 10,000 swaps of two arms by whole picture. One comparison a task is primary, "
    "both against captions only, and Holm's method adjusts the three; everything else is "
    "exploratory. An interval that contains 0 reads “cannot tell”; the smallest detectable "
    "difference is what four of five such studies would find.",
    "A gain in topics counts only if it holds under all three truths. Weights of the fusion of "
    "topics and of the search were fitted on 100 pictures of COCO; where these are among the "
    "pictures here, figures are development values.",
    "Both: the labels that the gallery shows, from caption and picture together. In the search, "
    "captions only is meaning and words together. Seeds are fixed: the same gallery gives the same "
    "numbers.",
)


def document(results: Results, chroma_dir: Path) -> Document:
    """The whole report; every figure in it is one of `results`, which report.json holds."""
    read = ResultsReader(results, chroma_dir)
    blocks: list[Block] = []
    if results["tasks"]:
        blocks += summary(read)
    for name, section in _TASKS.items():
        if name in results["tasks"]:
            blocks += [Heading(TITLES[name]), *section(read, f"tasks.{name}")]
    if results["looks"] is not None:
        blocks += [Heading("How well the pictures are seen"), *looks(read, "looks")]
    if results["own_truth"]:
        blocks += [Heading("What you said yourself"), *own_truth(read)]
    blocks += [Heading("These posts"), *posts(read)]
    if results["tasks"]:
        blocks += [Heading("How to read this"), *map(Paragraph, _PROTOCOL)]
    return Document(
        title="What did looking at the pictures add?",
        finding=results["finding"],
        facts=tuple((n.replace("_", " "), str(value)) for n, value in results["about"].items()),
        blocks=tuple(blocks),
    )
