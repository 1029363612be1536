"""What can be said about posts that nobody labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.report.document import Cards, Paragraph, Table
from retrieval.evaluate.report.finding import bound_sentence
from retrieval.records import SENTIMENTS, UNDETERMINED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.evaluate.report.document import Block
    from retrieval.evaluate.report.reader import ResultsReader


def posts(read: ResultsReader) -> Iterator[Block]:
    """Counts of labels, how far caption and picture agree, and what was corrected."""
    about = read.at("posts")
    yield Paragraph(
        f"{about['posts']:,} posts, {about['captioned']:,} of them with a caption, show "
        f"{about['pictures']:,} pictures. Here the models speak, without corrections."
    )
    yield Paragraph(bound_sentence(read.results["senticap_bound"]))
    arms = about["sentiment"]
    yield Table(
        "Sentiment",
        ("", *arms),
        tuple(
            (name, *(read.number(f"posts.sentiment.{each}.{name}", "count") for each in arms))
            for name in (*SENTIMENTS, UNDETERMINED)
        ),
    )
    yield _topics(read)
    if about["agreement"]["sentiment"]["kappa"]["value"] is not None:
        place = "posts.agreement.sentiment"
        yield Table(
            "Agreement on sentiment",
            ("", "posts", "Cohen's κ"),
            (
                (
                    "caption and picture",
                    read.number(f"{place}.posts", "count"),
                    read.number(f"{place}.kappa"),
                ),
            ),
        )
    for label, found in about["disagreements"].items():
        cards = tuple(
            read.card(
                each["image_id"],
                each["caption"],
                {name: of_arm[label] for name, of_arm in each["said"].items()},
            )
            for each in found
        )
        if cards:
            yield Cards(f"Caption and picture differ: {label}", cards)
    yield from _corrected(read)


def _topics(read: ResultsReader) -> Table:
    counts, agreement = read.at("posts.topics"), read.at("posts.agreement.topics")
    names = sorted(counts, key=lambda name: (-counts[name], name))
    rows = tuple(
        (
            read.title(name),
            read.number(f"posts.topics.{name}", "count"),
            read.number(f"posts.agreement.topics.{name}.kappa")
            if name in agreement and agreement[name]["kappa"]["value"] is not None
            else "",
        )
        for name in names
    )
    return Table(
        "Topics",
        ("", "posts", "agreement of caption and picture (Cohen's κ)"),
        rows,
        f"{read.explained('kappa')} A post counts under each of its topics.".strip(),
    )


def _corrected(read: ResultsReader) -> Iterator[Block]:
    rows = tuple(
        (
            label,
            read.number(f"posts.corrected.{label}.posts", "count"),
            read.number(f"posts.corrected.{label}.alike", "count"),
        )
        for label, each in read.at("posts.corrected").items()
        if each["posts"]
    )
    if rows:
        yield Table(
            "Posts that you corrected",
            ("", "posts", "the models had said the same"),
            rows,
            "Not an accuracy: people look where something seems wrong.",
        )
