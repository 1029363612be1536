"""What was found, as JSON for programs and as lines for people."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.captions import for_model
from retrieval.catalog.dates import written
from retrieval.cli import count, one_line, printable
from retrieval.gallery.layout import thumbnail_path
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.records import Hit, Post, PostLabels

_LONGEST = 300  # characters of a caption that are shown
_CAPTIONS_SHOWN = 3  # of a picture and its copies; the rest is counted


def hit_json(hit: Hit, chroma_dir: Path) -> dict[str, Any]:
    """Everything about a hit."""
    return {
        "rank": hit.rank,
        "image_id": hit.image_id,
        "path": _path(hit.posts[0]),
        "thumbnail": str(thumbnail_path(chroma_dir.absolute(), hit.image_id)),
        "score": hit.score,
        "sure": hit.sure,
        "why": asdict(hit.why),
        "machine_description": hit.description,
        "posts": _posts_json(hit.posts, hit.labels),
        "alike": [
            {
                "image_id": other.posts[0].image_id,
                "path": _path(other.posts[0]),
                "posts": _posts_json(other.posts, other.labels),
            }
            for other in hit.alike
        ],
    }


def _posts_json(posts: Sequence[Post], labelled: Sequence[PostLabels]) -> list[dict[str, Any]]:
    return [
        {
            "post_id": post.post_id,
            "caption": post.caption,
            "created_at": None if post.created_at is None else written(post.created_at),
            "source": post.source,
            "permalink": post.permalink,
            "sentiment": labels.sentiment.name,
            "topics": labels.topics.names,
            "labels": _labels_json(labels),
        }
        for post, labels in zip(posts, labelled, strict=True)
    ]


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
        "disagreements": list(labels.disagreements),
    }


def hit_lines(hit: Hit, chroma_dir: Path) -> Iterator[tuple[str, str]]:
    """One block a picture: what was written, why it was found, where it lies.

    Each line comes with the style that rich knows it by. Texts of posts are made safe to print.
    """
    alike = f"  +{len(hit.alike)} alike" if hit.alike else ""
    yield f"\n{hit.rank:3}  {one_line(hit.posts[0].image_path)}{alike}", "bold"
    posts = hit.posts_and_copies
    for post, labels in posts[:_CAPTIONS_SHOWN]:
        yield _caption_lines(post), ""
        yield f"     {_labelled(labels)}  [{one_line(post.post_id)}]", "magenta"
    if (more := len(posts) - _CAPTIONS_SHOWN) > 0:
        yield f"     and {count(more, 'more post')} with this picture", "dim"
    if hit.description is not None:
        yield f"     machine-written: {printable(hit.description)}", "italic"
    if hit.score is not None:
        yield f"     {reason(hit)}", "cyan"
    yield f"     {thumbnail_path(chroma_dir, hit.image_id)}", "dim"


def reason(hit: Hit) -> str:
    """Why a picture was found, in one line."""
    why = hit.why
    reasons = [
        f"{name} {similarity:.2f}{_ranked(rank)}"
        for name, similarity, rank in (
            ("picture", why.image, why.image_rank),
            ("caption", why.caption, why.caption_rank),
            ("description", why.description, why.description_rank),
        )
        if similarity is not None
    ]
    if why.words:
        reasons.append(f"says {', '.join(map(printable, why.words))}{_ranked(why.words_rank)}")
    if hit.score is None:
        return "nothing was asked"
    return f"relevance {hit.score:.2f}: " + " · ".join(reasons)


def _ranked(rank: int | None) -> str:
    return "" if rank is None else f" (rank {rank})"


def _caption_lines(post: Post) -> str:
    """A post's date and caption, in lines that fit a page."""
    caption = printable(for_model(post.caption))
    if len(caption) > _LONGEST:
        caption = caption[:_LONGEST] + " …"
    date = "" if post.created_at is None else f"{written(post.created_at)[:10]}  "
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


def _path(post: Post) -> str:
    return str(Path(post.root, post.image_path))
