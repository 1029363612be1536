"""`python -m retrieval.search "a cat asleep"`: flags, wiring and printing; nothing imports it."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.captions import for_model
from retrieval.cli import DONE, add_chroma_dir, count, positive_int, printable, run, say
from retrieval.config import Settings
from retrieval.errors import BadInput, BadOption
from retrieval.filters import Filters
from retrieval.records import SENTIMENTS
from retrieval.thumbnails import thumbnail_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.records import Hit, Post, PostLabels
    from retrieval.searcher import Searcher

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 300  # characters of a caption that are shown
_CAPTIONS_SHOWN = 3  # of a picture; the rest is counted


def main(argv: Sequence[str] | None = None) -> int:
    """Search the gallery and print what was found."""
    settings = Settings.from_environment()
    arguments = _parser(settings).parse_args(argv)
    return run(lambda: _search(arguments, settings))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m retrieval.search",
        description="Find posts by what their pictures show and their captions say.",
    )
    parser.add_argument("query", nargs="?", help='what to look for, such as "a cat asleep"')
    parser.add_argument(
        "--queries",
        type=Path,
        metavar="FILE",
        help="read one query a line instead, and print one JSON list a line",
    )
    parser.add_argument(
        "-k", type=positive_int, default=10, help="how many pictures at most (default: %(default)s)"
    )
    only = parser.add_argument_group("only posts that are")
    only.add_argument(
        "--sentiment",
        action="append",
        choices=SENTIMENTS,
        default=[],
        help="of this sentiment; several times: of one of them",
    )
    only.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="NAME",
        help="about this topic, as `python -m indexer status --json` names them; several times: "
        "about one of them",
    )
    parser.add_argument("--json", action="store_true", help="print the hits as one JSON list")
    add_chroma_dir(parser, settings)
    return parser


def _search(arguments: argparse.Namespace, settings: Settings) -> int:
    chroma_dir: Path = arguments.chroma_dir
    queries = _queries(arguments)
    filters = Filters(frozenset(arguments.sentiment), frozenset(arguments.topic))
    found = _open_searcher(chroma_dir, settings).search(queries, arguments.k, filters)
    for query, hits in zip(queries, found, strict=True):
        if arguments.json or arguments.queries:
            json.dump([_as_json(hit, chroma_dir) for hit in hits], sys.stdout, ensure_ascii=False)
            sys.stdout.write("\n")
        else:
            _print(query, hits, chroma_dir)
    return DONE


def _queries(arguments: argparse.Namespace) -> list[str]:
    if (arguments.query is None) == (arguments.queries is None):
        raise BadOption('give either a query, such as "a cat asleep", or --queries FILE')
    if arguments.query is not None:
        return [str(arguments.query)]
    try:
        lines: list[str] = arguments.queries.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {arguments.queries}: {error}; it holds UTF-8 text") from error
    if blank := [number for number, line in enumerate(lines, 1) if not line.strip()]:
        raise BadInput(f"{arguments.queries}, line {blank[0]}: empty; write one query a line")
    return lines


def _open_searcher(chroma_dir: Path, settings: Settings) -> Searcher:
    from retrieval.encoders.stored import stored_encoders
    from retrieval.generation import Generation
    from retrieval.labels.overrides import read_overrides
    from retrieval.labels.view import LabelView
    from retrieval.searcher import Searcher

    generation = Generation.open(chroma_dir)
    made_by = generation.manifest.labels
    if made_by is not None and (warning := made_by.warning()):
        say(f"warning: {warning}")
    labels = LabelView.of(generation, read_overrides(chroma_dir))
    return Searcher(
        generation, labels, *stored_encoders(generation.manifest.encoders, settings.cache_dir)
    )


def _as_json(hit: Hit, chroma_dir: Path) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "image_id": hit.image_id,
        "path": _path(hit.posts[0]),
        "thumbnail": str(thumbnail_path(chroma_dir, hit.image_id)),
        "score": hit.score,
        "why": {
            "image": hit.why.image,
            "caption": hit.why.caption,
            "image_rank": hit.why.image_rank,
            "caption_rank": hit.why.caption_rank,
            "description": hit.why.description,
            "description_rank": hit.why.description_rank,
        },
        "machine_description": hit.description,
        "posts": [
            {
                "post_id": post.post_id,
                "caption": post.caption,
                "created_at": None if post.created_at is None else _date(post.created_at),
                "sentiment": labels.sentiment.name,
                "topics": labels.topics.names,
                "labels": _labels_json(labels),
            }
            for post, labels in zip(hit.posts, hit.labels, strict=True)
        ],
    }


def _labels_json(labels: PostLabels) -> dict[str, Any]:
    """Every label with its scores and who gave it."""
    sentiments = {
        "sentiment": labels.sentiment,
        "caption_sentiment": labels.caption_sentiment,
        "image_sentiment": labels.image_sentiment,
    }
    topics = {
        "topics": labels.topics,
        "caption_topics": labels.caption_topics,
        "image_topics": labels.image_topics,
        "described_topics": labels.described_topics,
    }
    return {
        "language": labels.language,
        **{
            name: {
                "name": label.name,
                "scores": label.scores and dict(zip(SENTIMENTS, label.scores, strict=True)),
                "source": label.source,
            }
            for name, label in sentiments.items()
        },
        **{
            name: {"shown": [asdict(topic) for topic in label.shown], "source": label.source}
            for name, label in topics.items()
        },
    }


def _path(post: Post) -> str:
    return str(Path(post.root, post.image_path))


def _date(seconds: int) -> str:
    # Not fromtimestamp, which refuses years before 1970 on some systems.
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def _print(query: str, hits: Sequence[Hit], chroma_dir: Path) -> None:
    """One block a picture: what was written, why it was found, where it lies."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(f"{count(len(hits), 'picture')} for “{printable(query)}”", style="bold")
    for hit in hits:
        console.print(f"\n{hit.rank:3}  {printable(hit.posts[0].image_path)}", style="bold")
        for post, labels in list(zip(hit.posts, hit.labels, strict=True))[:_CAPTIONS_SHOWN]:
            console.print(_told(post))
            console.print(f"     {_labelled(labels)}  [{printable(post.post_id)}]", style="magenta")
        if (more := len(hit.posts) - _CAPTIONS_SHOWN) > 0:
            console.print(f"     and {count(more, 'more post')} with this picture", style="dim")
        if hit.description is not None:
            console.print(f"     machine-written: {printable(hit.description)}", style="italic")
        console.print(f"     {_reason(hit)}", style="cyan")
        console.print(f"     {thumbnail_path(chroma_dir, hit.image_id)}", style="dim")


def _told(post: Post) -> str:
    """A post's date and caption, in lines that fit a page."""
    caption = printable(for_model(post.caption))
    if len(caption) > _LONGEST:
        caption = caption[:_LONGEST] + " …"
    date = "" if post.created_at is None else f"{_date(post.created_at)[:10]}  "
    quoted = f"“{caption}”" if caption else "(no caption)"
    hanging = " " * (5 + len(date))
    return textwrap.fill(date + quoted, 95, initial_indent=" " * 5, subsequent_indent=hanging)


def _labelled(labels: PostLabels) -> str:
    """Sentiment and topics in one line; a score where a model gave one."""
    sentiment = labels.sentiment
    told: str = sentiment.name or "sentiment not determined"
    if sentiment.source == "you":
        told += " (you said so)"
    elif sentiment.score is not None:
        told += f" {sentiment.score:.2f}"
    return " · ".join([told, ", ".join(labels.topics.names) or "topics not determined"])


def _reason(hit: Hit) -> str:
    why = hit.why
    reasons = [f"picture {why.image:.2f} (rank {why.image_rank})"]
    if why.caption is not None:
        reasons.append(f"caption {why.caption:.2f} (rank {why.caption_rank})")
    if why.description is not None:
        reasons.append(f"description {why.description:.2f} (rank {why.description_rank})")
    return f"score {hit.score:.4f}: " + " · ".join(reasons)


if __name__ == "__main__":
    raise SystemExit(main())
