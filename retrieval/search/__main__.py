"""`python -m retrieval.search "a cat asleep"`: flags, wiring and printing; nothing imports it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from retrieval.catalog.facets import FACETS
from retrieval.catalog.flags import add_filter_flags, check_dates, filters_from, has_filters
from retrieval.cli import (
    DONE,
    a_path,
    add_chroma_dir,
    count,
    leave,
    one_line,
    open_console,
    parsed,
    positive_int,
    print_table,
    printable,
    read_lines,
    run,
    say,
    write_json,
)
from retrieval.config import Settings
from retrieval.errors import BadInput, BadOption
from retrieval.records import STRATEGIES
from retrieval.search.query import Query, parse_query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retrieval.catalog.columns import Columns
    from retrieval.catalog.filters import Filters
    from retrieval.records import Found
    from retrieval.search.searcher import Searcher


def main(argv: Sequence[str] | None = None) -> int:
    """Search the gallery and print what was found."""
    settings = Settings.from_environment()
    arguments = parsed(_parser(settings), argv)
    return run(lambda: _search(arguments, settings))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m retrieval.search",
        description="Find posts by what their pictures show and their captions say; "
        "without a query, those that pass the filters, newest first.",
        epilog='In a query -word looks away from something ("beach -people"), word^2 counts '
        'double, and "two words" in quotation marks belong together. Give a query that starts '
        "with a minus after --.",
    )
    parser.add_argument("query", nargs="?", help='what to look for, such as "a cat asleep"')
    parser.add_argument(
        "--queries",
        type=a_path,
        metavar="FILE",
        help="read one query a line instead, and print one JSON list a line",
    )
    parser.add_argument(
        "--like", type=a_path, metavar="FILE", help="look for pictures like this one, anywhere"
    )
    parser.add_argument(
        "--similar-to",
        metavar="IMAGE_ID",
        help="look for pictures like this one of the gallery; the start of its id will do",
    )
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="hybrid",
        help="look at the pictures, read the captions for their meaning or for the query's very "
        "words, or all three (default: %(default)s)",
    )
    parser.add_argument(
        "-k", type=positive_int, default=10, help="how many pictures at most (default: %(default)s)"
    )
    parser.add_argument(
        "--no-cutoff",
        dest="cutoff",
        action="store_false",
        help="show the nearest pictures also where they have little to do with the query",
    )
    parser.add_argument(
        "--no-collapse",
        dest="collapse",
        action="store_false",
        help="show copies of a picture one by one",
    )
    parser.add_argument(
        "--count-by",
        action="append",
        choices=FACETS,
        default=[],
        metavar="WHAT",
        help="count the posts by this instead of searching; twice: by each pair. WHAT is one of "
        + ", ".join(FACETS),
    )
    add_filter_flags(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_chroma_dir(parser, settings)
    return parser


def _search(arguments: argparse.Namespace, settings: Settings) -> int:
    check_dates(arguments)
    texts = _texts(arguments)
    from retrieval.pictures import read_picture
    from retrieval.search.reader import Reader

    searcher = Reader(arguments.chroma_dir, settings.cache_dir).searcher()
    if searcher.warning:
        say(f"warning: {searcher.warning}")
    filters = filters_from(arguments, searcher.columns)
    if arguments.count_by:
        return _count(arguments, searcher, filters)
    picture = arguments.like and read_picture(arguments.like, searcher.short_side)
    queries = [
        parse_query(text, picture=picture, similar_to=arguments.similar_to) for text in texts
    ]
    if not texts and arguments.queries is None:
        queries = [Query()]  # by filters alone
    return _answer(arguments, searcher, queries, filters)


def _texts(arguments: argparse.Namespace) -> list[str]:
    """The queries as they were typed; an empty one with a picture alone, none with filters."""
    by_picture = arguments.like is not None or arguments.similar_to is not None
    asked = arguments.query is not None or by_picture
    if arguments.count_by:
        if asked or arguments.queries is not None or len(arguments.count_by) > 2:
            raise BadOption("--count-by takes filters but no query, and is given once or twice")
        return []
    if asked and arguments.queries is not None:
        raise BadOption("give either one query or --queries FILE")
    if asked:
        return [arguments.query or ""]
    if arguments.queries is None:
        if has_filters(arguments):
            return []
        raise BadOption(
            'give a query, such as "a cat asleep", --like FILE, --similar-to IMAGE_ID, '
            "--queries FILE, or at least a filter, such as --sentiment negative"
        )
    lines = read_lines(arguments.queries)
    if blank := [number for number, line in enumerate(lines, 1) if not line.strip()]:
        raise BadInput(f"{arguments.queries}, line {blank[0]}: empty; write one query a line")
    for number, line in enumerate(lines, 1):
        try:
            parse_query(line)
        except BadOption as error:
            raise BadInput(f"{arguments.queries}, line {number}: {error}") from None
    return lines


def _answer(
    arguments: argparse.Namespace, searcher: Searcher, queries: Sequence[Query], filters: Filters
) -> int:
    from retrieval.search.hits import hit_json
    from retrieval.search.searcher import Options

    options = Options(arguments.strategy, arguments.cutoff, arguments.collapse)
    answers = searcher.search(queries, arguments.k, filters, options)
    for query, found in zip(queries, answers, strict=True):
        if arguments.json or arguments.queries:
            write_json([hit_json(hit, arguments.chroma_dir) for hit in found.hits])
        else:
            _print(query, found, arguments.chroma_dir, cutoff=arguments.cutoff)
        if not arguments.queries:
            _remark(query, found, filters, searcher.columns, arguments)
    return DONE


def _remark(
    query: Query,
    found: Found,
    filters: Filters,
    columns: Columns,
    arguments: argparse.Namespace,
) -> None:
    """What a user should know about an answer that it does not say itself."""
    if query.unwanted and arguments.strategy != "words":
        say(
            f"looking away from “{query.unwanted}”: pictures like that come later, but none is "
            "ruled out, since encoders cannot tell that something is absent"
        )
    if found.hits:
        if found.held_back:
            are = "is" if found.held_back == 1 else "are"
            say(
                f"{found.held_back} more of the nearest {are} not shown, as having nothing to do "
                "with it; --no-cutoff shows them"
            )
        return
    if not found.passing and (why := filters.unanswerable(columns)):
        say(f"no post passes these filters: {why}")
    elif not found.passing and not filters.is_empty:
        say("no post passes these filters; leave one out, or count posts with --count-by")
    elif not found.passing:
        say("the gallery has nothing else to show")
    elif found.held_back:
        say("nothing here has to do with it; --no-cutoff shows the nearest all the same")
    elif arguments.strategy == "words":
        say("no caption has any of these words; --strategy hybrid also looks for their meaning")
    else:
        say("no caption to look through passes these filters; --strategy hybrid looks at pictures")


def _print(query: Query, found: Found, chroma_dir: Path, *, cutoff: bool) -> None:
    from retrieval.search.hits import hit_lines

    console = open_console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    pictures = count(sum(hit.sure or not cutoff for hit in found.hits), "picture")
    title = f"{pictures} for {_named(query)}"
    if query.is_empty:
        title = f"{pictures} of {found.passing:,} that pass the filters, newest first"
    console.print(title, style="bold")
    for hit, before in zip(found.hits, (None, *found.hits), strict=False):
        if cutoff and not hit.sure and (before is None or before.sure):
            nothing = "" if before else "nothing here is surely that; "
            console.print(f"\n{nothing}less sure:", style="bold yellow")
        for line, style in hit_lines(hit, chroma_dir):
            console.print(line, style=style)


def _named(query: Query) -> str:
    parts = [f"“{printable(query.wanted)}”"] if query.wanted else []
    if query.has_picture:
        parts.append("pictures like the one given" if query.picture else "more like that picture")
    if query.unwanted:
        parts.append(f"away from “{printable(query.unwanted)}”")
    return ", ".join(parts)


def _count(arguments: argparse.Namespace, searcher: Searcher, filters: Filters) -> int:
    facets, passing = searcher.facets, filters.mask(searcher.columns)
    counts: Any
    if len(arguments.count_by) == 1:
        counts = facets.count(arguments.count_by[0], passing)
    else:
        by, and_by = arguments.count_by
        counts = facets.count_pairs(by, and_by, passing)
    if arguments.json:
        write_json(counts)
    else:
        _print_counts(arguments.count_by, counts, int(passing.sum()))
    return DONE


def _print_counts(by: Sequence[str], counts: dict[str, Any], posts: int) -> None:
    """A line a value; of pairs, the facet with fewer values goes across."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    pairs = counts if len(by) == 2 else {name: {"posts": n} for name, n in counts.items()}
    across = list(next(iter(pairs.values()), {}))
    if len(across) > len(pairs):
        pairs = {name: {row: pairs[row][name] for row in pairs} for name in across}
        by, across = by[::-1], list(next(iter(pairs.values())))
    table = Table(box=box.SIMPLE_HEAD, title=count(posts, "post"), title_justify="left")
    table.add_column(" \\ ".join(by), no_wrap=True)
    for name in across:
        table.add_column(Text(one_line(name)), justify="right", no_wrap=True)
    for name, row in pairs.items():
        table.add_row(Text(one_line(name)), *(f"{number:,}" for number in row.values()))
    print_table(open_console(), table)


if __name__ == "__main__":
    leave(main())
