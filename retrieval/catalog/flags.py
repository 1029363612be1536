"""The flags that say which posts a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.catalog.dates import parse_month_day
from retrieval.catalog.filters import Filters, date_range
from retrieval.errors import BadOption
from retrieval.labels.taxonomy import topic_named
from retrieval.names import folded
from retrieval.records import DISAGREEMENTS, SENTIMENTS, SIDES, UNDETERMINED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from retrieval.catalog.columns import Columns
    from retrieval.records import FeltAs

# By what is typed: UNDETERMINED is one word there, which shells take without quotes.
_SENTIMENTS: dict[str, FeltAs] = {
    **{name: name for name in SENTIMENTS},
    "undetermined": UNDETERMINED,
}


def add_filter_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every filter."""
    only = parser.add_argument_group("only posts that are")
    only.add_argument(
        "--sentiment",
        action="append",
        choices=tuple(_SENTIMENTS),
        default=[],
        help="of this sentiment; several times: of one of them",
    )
    only.add_argument(
        "--sentiment-by",
        choices=SIDES,
        default=SIDES[0],
        help="whose sentiment: the caption's and picture's together, or one of them alone "
        "(default: %(default)s)",
    )
    only.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="NAME",
        help="about this topic, as `python -m indexer status` names them; several times: about "
        "one of them",
    )
    only.add_argument("--all-topics", action="store_true", help="about every --topic, not just one")
    only.add_argument(
        "--since", metavar="DATE", help="of this year (2021), month (2021-03) or day, or later"
    )
    only.add_argument("--until", metavar="DATE", help="of this year, month or day, or earlier")
    only.add_argument(
        "--month-day", metavar="MM-DD", help="of this day of the year, in any year, such as 07-04"
    )
    only.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="TEXT",
        help="from a source whose name, as in `python -m indexer status`, has this in it",
    )
    captioned = only.add_mutually_exclusive_group()
    captioned.add_argument("--with-caption", dest="has_caption", action="store_true", default=None)
    captioned.add_argument("--without-caption", dest="has_caption", action="store_false")
    only.add_argument(
        "--disagreement",
        choices=DISAGREEMENTS,
        help="ones whose caption and picture are not at one about this",
    )


def filters_from(arguments: argparse.Namespace, columns: Columns) -> Filters:
    """The filters that the flags ask for, in this gallery.

    Raises:
        BadOption: there is no such date, topic or source.

    """
    since, before = date_range(arguments.since, arguments.until)
    return Filters(
        sentiments=frozenset(_SENTIMENTS[name] for name in arguments.sentiment),
        sentiment_by=arguments.sentiment_by,
        topics=frozenset(topic_named(name, columns.topic_titles) for name in arguments.topic),
        topics_match="all" if arguments.all_topics else "any",
        since=since,
        before=before,
        sources=frozenset(_sources(arguments.source, columns.source_names)),
        has_caption=arguments.has_caption,
        disagreement=arguments.disagreement,
        month_day=None if arguments.month_day is None else parse_month_day(arguments.month_day),
    )


def has_filters(arguments: argparse.Namespace) -> bool:
    """Whether any filter was given."""
    return bool(
        arguments.sentiment
        or arguments.topic
        or arguments.since is not None
        or arguments.until is not None
        or arguments.source
        or arguments.has_caption is not None
        or arguments.disagreement is not None
        or arguments.month_day is not None
    )


def check_dates(arguments: argparse.Namespace) -> None:
    """Refuse dates that are none, before anything is opened.

    Raises:
        BadOption: says which forms are allowed.

    """
    date_range(arguments.since, arguments.until)
    if arguments.month_day is not None:
        parse_month_day(arguments.month_day)


def _sources(texts: Sequence[str], known: Sequence[str]) -> list[str]:
    found: list[str] = []
    for text in texts:
        fitting = [name for name in known if folded(text) in folded(name)]
        if not fitting:
            raise BadOption(
                f"no source has {text!r} in its name; there are: {', '.join(known) or 'none'}"
            )
        found += fitting
    return found
