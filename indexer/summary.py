"""What the indexer's commands tell a person."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from retrieval.captions import for_model
from retrieval.cli import count, one_line, printable

_BAR = 40  # characters of the longest bar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from indexer.build import BuildReport, Planned
    from indexer.overrides import Corrected
    from indexer.preview import Preview
    from indexer.relabel import RelabelReport
    from indexer.status import Status
    from retrieval.gallery.manifest import Manifest


def build_text(report: BuildReport, chroma_dir: Path) -> str:
    """What came of a build."""
    counts = report.counts
    lines = [
        *map(printable, report.sources),
        f"  {count(report.posts, 'post')}, {count(report.pictures, 'picture')}",
        f"  pictures: {counts.encoded:,} encoded, {counts.reused:,} known by their content, "
        f"{counts.unchanged:,} unchanged",
    ]
    told = report.descriptions
    if told.described or told.reused or told.failed:
        lines.append(
            f"  descriptions: {told.described:,} written by a machine, {told.reused:,} known, "
            f"{told.failed:,} not to be had"
        )
    if counts.removed:
        lines.append(f"  {count(counts.removed, 'post')} left the source and the gallery")
    if report.missing:
        lines.append(
            f"  {count(report.missing, 'picture')} missing, listed in {report.missing_list}"
        )
    if counts.failed:
        lines.append(f"  {count(len(counts.failed), 'file')} could not be read, listed above")
    lines += [f"  {printable(note)}" for note in report.notes]
    lines += ["", *label_lines(report.labels, report.published)]
    lines += ["", *_gallery_lines(report.published, chroma_dir)]
    lines.append(f"  done in {report.seconds:.1f} s")
    return "\n".join(lines)


def label_lines(counts: dict[str, dict[str, int]], manifest: Manifest) -> list[str]:
    """How many posts have each label, as bars; topics that no post has are left out."""
    titles = dict(manifest.labels.topics) if manifest.labels else {}
    sentiments = list(counts["sentiment"].items())
    topics = sorted(
        ((titles.get(name, name), number) for name, number in counts["topics"].items() if number),
        key=lambda topic: -topic[1],
    )
    most = max((number for _, number in sentiments + topics), default=0)
    width = max((len(name) for name, _ in sentiments + topics), default=0)
    return [
        "  sentiment",
        *(_bar(name, number, most, width) for name, number in sentiments),
        "  topics (up to three a post)",
        *(_bar(name, number, most, width) for name, number in topics),
    ]


def _bar(name: str, number: int, most: int, width: int) -> str:
    """One line of a bar chart; whatever there is has at least a sliver."""
    eighths = -(-number * _BAR * 8 // most) if most else 0
    bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return f"    {printable(name):{width}}  {number:7,}  {bar}".rstrip()


def relabel_json(report: RelabelReport) -> dict[str, Any]:
    """What `relabel --json` prints."""
    return {
        "posts": report.published.posts,
        "generation": report.published.generation,
        "labels": report.counts,
        "seconds": round(report.seconds, 2),
        "mirror_seconds": round(report.mirror_seconds, 2),
    }


def relabel_text(report: RelabelReport) -> str:
    """What came of labelling again."""
    lines = label_lines(report.counts, report.published)
    lines.append(
        f"  {count(report.published.posts, 'post')} labelled and searchable after "
        f"{report.seconds:.1f} s; Chroma knew {report.mirror_seconds:.1f} s later"
    )
    return "\n".join(lines)


def corrections_json(corrected: Sequence[Corrected]) -> list[dict[str, Any]]:
    """What `overrides list --json` prints."""
    return [
        {
            "posts": [post.post_id for post in each.posts],
            "caption": each.posts[0].caption if each.posts else None,
            "sentiment": each.override.sentiment,
            "topics": each.override.topics and list(each.override.topics),
        }
        for each in corrected
    ]


def corrections_text(corrected: Sequence[Corrected]) -> str:
    """The corrections in force, one a line."""
    return "\n".join(map(_correction, corrected)) or "no post has been corrected"


def _correction(each: Corrected) -> str:
    said: list[str] = [each.override.sentiment] if each.override.sentiment else []
    if each.override.topics is not None:
        said.append("topics: " + (", ".join(each.override.topics) or "other"))
    posts = ", ".join(post.post_id for post in each.posts) or "(its post is not in the gallery)"
    caption = f"  “{for_model(each.posts[0].caption)[:60]}”" if each.posts else ""
    return printable(f"{posts}  {' · '.join(said)}{caption}")


def plan_json(planned: Sequence[Planned], preview: Preview) -> dict[str, Any]:
    """What `build --dry-run --json` prints."""
    plans = [each.plan for each in planned]
    return {
        "dry_run": True,
        "sources": [plan.source for plan in plans],
        "kinds": [each.source.kind for each in planned],
        "posts": sum(plan.posts for plan in plans),
        "pictures": sum(len(plan.wanted) for plan in plans),
        "to_open": sum(len(plan.to_open) for plan in plans),
        "unchanged": sum(len(plan.known) for plan in plans),
        "removed": sum(len(plan.removed) for plan in plans),
        "missing": sum(len(each.source.reading.missing) for each in planned),
        "years": preview.years and list(preview.years),
        "dated": preview.dated,
        "looked_at": preview.looked_at,
        "skipped": [asdict(skipped) for skipped in preview.skipped],
        "minutes": None if preview.minutes is None else round(preview.minutes, 1),
        "notes": [note for each in planned for note in each.source.reading.notes],
    }


def plan_text(planned: Sequence[Planned], preview: Preview) -> str:
    """What a build would do."""
    lines = [line for each in planned for line in _plan_lines(each)]
    if preview.years:
        first, last = preview.years
        lines.append(f"dates from {first} to {last}, judged by {count(preview.dated, 'post')}")
    lines += [one_line(f"would skip {each.path}: {each.reason}") for each in preview.skipped]
    if preview.minutes is not None:
        lines.append(f"would take about {count(max(1, round(preview.minutes)), 'minute')}")
    return "\n".join([*lines, "nothing was written (--dry-run)"])


def _plan_lines(planned: Planned) -> Iterator[str]:
    plan, reading = planned.plan, planned.source.reading
    yield printable(plan.source)
    yield f"  {count(plan.posts, 'post')} with {count(len(plan.wanted), 'picture file')}"
    yield (
        f"  would open {count(len(plan.to_open), 'picture file')}, leave "
        f"{len(plan.known):,} unchanged, and remove {count(len(plan.removed), 'post')}"
    )
    if reading.missing:
        yield f"  {count(len(reading.missing), 'picture')} missing"
    yield from (f"  {printable(note)}" for note in reading.notes)


def status_text(status: Status) -> str:
    """What is in the gallery."""
    manifest = status.manifest
    built = datetime.fromtimestamp(manifest.built_at, UTC)
    return "\n".join(
        [
            *_gallery_lines(manifest, status.path),
            *_sentiment_lines(manifest),
            f"  built {built:%Y-%m-%d %H:%M} UTC, {status.bytes / 1e6:,.1f} MB on disk",
            "",
            *label_lines(status.labels, manifest),
            *([f"  {printable(status.warning)}"] if status.warning else []),
            "",
            "  sources:",
            *(
                f"    {printable(name)}: {count(posts, 'post')}"
                for name, posts in status.posts_by_source.items()
            ),
        ]
    )


def _sentiment_lines(manifest: Manifest) -> list[str]:
    if manifest.labels is None:
        return []
    model, version = manifest.labels.sentiment_model, manifest.labels.sentiment
    return [f"  captions' sentiment by {printable(model)} ({printable(version)})"]


def _gallery_lines(manifest: Manifest, chroma_dir: Path) -> list[str]:
    image, caption = manifest.encoders.image, manifest.encoders.caption
    return [
        f"gallery {chroma_dir}: {count(manifest.posts, 'post')}, "
        f"{count(manifest.pictures, 'picture')}, generation {manifest.generation}",
        f"  pictures by {image.spec} ({image.dimension} dimensions), "
        f"captions by {caption.spec} ({caption.dimension})",
    ]
