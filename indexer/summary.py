"""What the indexer's commands tell a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from retrieval.cli import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from indexer.build import BuildReport, Planned
    from indexer.status import Status
    from retrieval.manifest import Manifest


def build_text(report: BuildReport, chroma_dir: Path) -> str:
    """What came of a build."""
    counts = report.counts
    lines = [
        *map(printable, report.sources),
        f"  {count(report.posts, 'post')}, {count(report.pictures, 'picture')}",
        f"  pictures: {counts.encoded:,} encoded, {counts.reused:,} known by their content, "
        f"{counts.unchanged:,} unchanged",
    ]
    if counts.removed:
        lines.append(f"  {count(counts.removed, 'post')} left the source and the gallery")
    if report.missing:
        lines.append(
            f"  {count(report.missing, 'picture')} missing, listed in {report.missing_list}"
        )
    if counts.failed:
        lines.append(f"  {count(len(counts.failed), 'file')} could not be read, listed above")
    lines += [f"  {printable(note)}" for note in report.notes]
    lines += ["", *_gallery_lines(report.published, chroma_dir)]
    lines.append(f"  done in {report.seconds:.1f} s")
    return "\n".join(lines)


def plan_json(planned: Sequence[Planned]) -> dict[str, Any]:
    """What `build --dry-run --json` prints."""
    plans = [each.plan for each in planned]
    return {
        "dry_run": True,
        "sources": [plan.source for plan in plans],
        "posts": sum(plan.posts for plan in plans),
        "pictures": sum(len(plan.wanted) for plan in plans),
        "to_open": sum(len(plan.to_open) for plan in plans),
        "unchanged": sum(len(plan.known) for plan in plans),
        "removed": sum(len(plan.removed) for plan in plans),
        "missing": sum(len(each.source.reading.missing) for each in planned),
    }


def plan_text(planned: Sequence[Planned]) -> str:
    """What a build would do."""
    lines = [line for each in planned for line in _plan_lines(each)]
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
            f"  built {built:%Y-%m-%d %H:%M} UTC, {status.bytes / 1e6:,.1f} MB on disk",
            "  sources:",
            *(
                f"    {printable(name)}: {count(posts, 'post')}"
                for name, posts in status.posts_by_source.items()
            ),
        ]
    )


def _gallery_lines(manifest: Manifest, chroma_dir: Path) -> list[str]:
    image, caption = manifest.encoders.image, manifest.encoders.caption
    return [
        f"gallery {chroma_dir}: {count(manifest.posts, 'post')}, "
        f"{count(manifest.pictures, 'picture')}, generation {manifest.generation}",
        f"  pictures by {image.spec} ({image.dimension} dimensions), "
        f"captions by {caption.spec} ({caption.dimension})",
    ]
