"""`python -m chat_app`: flags, wiring and printing; nothing imports it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chat_app.serve import LOCAL, PORT, serve
from retrieval.catalog.flags import add_filter_flags, check_dates, filters_from
from retrieval.cli import (
    DONE,
    a_path,
    add_chroma_dir,
    parsed,
    printable,
    read_lines,
    run,
    say,
    write_json,
)
from retrieval.config import Settings
from retrieval.errors import BadInput, BadOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chat_app.turn import Assistant, Turn
    from chat_app.wording import Titles
    from retrieval.catalog.filters import Filters
    from retrieval.search.searcher import Searcher


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the assistant's commands."""
    settings = Settings.from_environment()
    arguments = parsed(_parser(settings), argv)
    return run(lambda: arguments.command(arguments, settings))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chat_app",
        description="Talk about the posts of a gallery. Without a command, the page is served on "
        "this machine and opened in the browser.",
    )
    parser.set_defaults(command=_serve)
    parser.add_argument(
        "--port", type=_port, default=PORT, help="where to serve the page (default: %(default)s)"
    )
    parser.add_argument(
        "--address",
        default=LOCAL,
        help="who can reach the page; anything but the default lets others read the posts "
        "(default: %(default)s)",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    add_chroma_dir(parser, settings)
    commands = parser.add_subparsers(metavar="COMMAND")
    ask = commands.add_parser(
        "ask",
        help="answer questions",
        description="Answer a question about your posts. Without a language model (OPENAI_MODEL) a "
        "planner answers, and nothing leaves this machine.",
    )
    ask.set_defaults(command=_ask)
    ask.add_argument("question", nargs="?", help='such as "sad pictures from last summer"')
    ask.add_argument(
        "--conversation",
        type=a_path,
        metavar="FILE",
        help="one question a line, each taken up from the ones before",
    )
    ask.add_argument(
        "--questions", type=a_path, metavar="FILE", help="one question a line, each on its own"
    )
    ask.add_argument(
        "--today",
        type=_day,
        metavar="YYYY-MM-DD",
        default=None,
        help="the day that “last summer” is counted from (default: today)",
    )
    ask.add_argument(
        "--planner", action="store_true", help="do not ask the language model, if one is set"
    )
    ask.add_argument("--json", action="store_true", help="print one JSON object a question")
    mcp = commands.add_parser(
        "mcp",
        help="serve the tools to another assistant",
        description="Serve the tools to another assistant over stdin and stdout, by the Model "
        "Context Protocol. They only read, and the filters below hold in every one.",
    )
    mcp.set_defaults(command=_mcp)
    for command in (ask, mcp):
        add_filter_flags(command)
        add_chroma_dir(command, settings, also_before=True)
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535")
    return int(text)


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    serve(
        replace(settings, chroma_dir=arguments.chroma_dir),
        arguments.address,
        arguments.port,
        open_browser=not arguments.no_browser,
    )
    return DONE


def _ask(arguments: argparse.Namespace, settings: Settings) -> int:
    check_dates(arguments)
    conversations = _conversations(arguments)
    from chat_app.agent import build_agent
    from chat_app.model import chosen_endpoint
    from chat_app.turn import Assistant
    from retrieval.search.reader import Reader

    endpoint = None if arguments.planner else chosen_endpoint(settings)
    searcher = Reader(arguments.chroma_dir, settings.cache_dir).searcher()
    if searcher.warning:
        say(f"warning: {searcher.warning}")
    filters = filters_from(arguments, searcher.columns)
    filters.mask(searcher.columns)  # what the gallery does not have is told before a question
    assistant = Assistant(build_agent(), endpoint)
    today = arguments.today or date.today()

    async def answer_all() -> None:  # on one event loop: connections to an endpoint are of one
        for questions in conversations:
            await _converse(questions, assistant, searcher, today, filters, arguments)

    asyncio.run(answer_all())
    return DONE


def _mcp(arguments: argparse.Namespace, settings: Settings) -> int:
    check_dates(arguments)
    from chat_app.mcp_server import serve
    from retrieval.search.reader import Reader

    reader = Reader(arguments.chroma_dir, settings.cache_dir)
    columns = reader.searcher().columns
    filters = filters_from(arguments, columns)
    filters.mask(columns)  # what the gallery does not have is told before anybody connects
    serve(reader, filters)
    return DONE


def _conversations(arguments: argparse.Namespace) -> list[list[str]]:
    given = [arguments.question, arguments.conversation, arguments.questions]
    if sum(each is not None for each in given) != 1:
        raise BadOption("give one question, --conversation FILE or --questions FILE")
    if arguments.question is not None:
        return [[arguments.question]]
    path = arguments.conversation or arguments.questions
    lines = [line for line in read_lines(path) if line.strip()]
    if not lines:
        raise BadInput(f"{path} is empty; write one question a line")
    return [lines] if arguments.conversation else [[line] for line in lines]


async def _converse(
    questions: Sequence[str],
    assistant: Assistant,
    searcher: Searcher,
    today: date,
    filters: Filters,
    arguments: argparse.Namespace,
) -> None:
    from chat_app.turn import Turn

    turns: list[Turn] = []
    for question in questions:
        asked = assistant.ask(question, searcher, today, turns, filters)
        turns += [event async for event in asked if isinstance(event, Turn)]
        if arguments.json:
            write_json(_turn_json(turns[-1], filters))
        else:
            _print(turns[-1], searcher.columns.topic_titles, alone=len(questions) == 1)


def _turn_json(turn: Turn, filters: Filters) -> dict[str, Any]:
    from retrieval.catalog.dates import written

    return {
        "question": turn.question,
        "answer": turn.answer,
        "mode": turn.by,
        "understood": {
            "kind": turn.plan.kind,
            **(turn.plan.arguments.given() if turn.plan.arguments else {}),
        },
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in turn.calls],
        "posts": [
            {
                "post_id": post.post_id,
                "image_id": post.image_id,
                "path": str(Path(post.root, post.image_path)),
                "caption": post.caption,
                "created_at": None if post.created_at is None else written(post.created_at),
                "sentiment": labels.sentiment.name,
                "topics": labels.topics.names,
                "sure": hit.sure and turn.is_sure,
            }
            for hit in turn.hits
            for post, labels in list(zip(hit.posts, hit.labels, strict=True))[:1]
        ],
        "counts": turn.counts,
        "filters": _filters_json(filters),
        "seconds": round(turn.seconds, 3),
    }


def _filters_json(filters: Filters) -> dict[str, Any]:
    """The user's own filters, as the flags name them."""
    from retrieval.catalog.dates import written

    told: dict[str, Any] = {
        "sentiments": sorted(filters.sentiments),
        "topics": sorted(filters.topics),
        "since": None if filters.since is None else written(filters.since)[:10],
        "until": None if filters.before is None else written(filters.before - 1)[:10],
        "month_day": filters.month_day and "{:02}-{:02}".format(*filters.month_day),
        "sources": sorted(filters.sources),
        "has_caption": filters.has_caption,
        "disagreement": filters.disagreement,
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def _print(turn: Turn, titles: Titles, *, alone: bool) -> None:
    from chat_app.wording import described, shown_date

    lines = [] if alone else [f"> {printable(turn.question)}"]
    lines += [printable(line) for line in turn.answer.splitlines()]
    for number, hit in enumerate(turn.hits, start=1):
        if number > 1 and not hit.sure and turn.hits[number - 2].sure:
            lines.append("Less sure:")
        if turn.plan.kind != "show":
            post, labels = hit.posts[0], hit.labels[0]
            lines.append(
                f"{number:3}  {shown_date(post)}  {printable(described(post, labels, titles))}"
            )
        lines.append(f"     {printable(str(Path(hit.posts[0].root, hit.posts[0].image_path)))}")
    sys.stdout.write("\n".join(lines) + ("\n" if alone else "\n\n"))


if __name__ == "__main__":
    raise SystemExit(main())
