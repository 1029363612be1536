"""Labels everything again from stored vectors and captions: no picture is opened or encoded."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.journal import Journal
from indexer.mirror import opened_collections, tell_chroma
from retrieval.errors import GalleryLocked
from retrieval.files import explained_storage_errors
from retrieval.gallery.generation import Generation, sweep_generations, write_relabelled
from retrieval.gallery.lock import writer_lock
from retrieval.gallery.manifest import read_manifest
from retrieval.gallery.stored_encoders import stored_encoders
from retrieval.labels.labeller import Labeller, choose_labeller
from retrieval.labels.overrides import read_overrides
from retrieval.labels.view import LabelView

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.gallery.manifest import Manifest
    from retrieval.progress import Progress
    from retrieval.records import Reading


@dataclass(frozen=True, slots=True)
class RelabelReport:
    """What came of it."""

    published: Manifest
    counts: dict[str, dict[str, int]]  # as `LabelView.counts`
    seconds: float  # until searches saw the new labels
    mirror_seconds: float  # until Chroma had them as well


def relabel(
    chroma_dir: Path,
    cache_dir: Path,
    *,
    sentiment_model: str | None,
    topics: Path | None,
    progress: Progress,
) -> RelabelReport:
    """Label every post again, publish, then tell Chroma. What is None stays as it was.

    Raises:
        NoGallery, SchemaMismatch: there is nothing to label.
        BadInput: the topics' file is not one.
        GalleryLocked: another process is writing, or a build was interrupted.
        WeightsUnavailable: the sentiment model is not to be had.

    """
    started = time.monotonic()
    manifest = read_manifest(chroma_dir)
    labeller = choose_labeller(
        sentiment_model,
        topics,
        manifest.labels,
        *stored_encoders(manifest.encoders, cache_dir),
        cache_dir=cache_dir,
    )
    if labeller.sentiment.note:
        progress.say(labeller.sentiment.note)
    with explained_storage_errors(chroma_dir), writer_lock(chroma_dir):
        generation = Generation.open(chroma_dir)
        if Journal(chroma_dir).is_pending(generation.manifest.generation):
            raise GalleryLocked(
                "a build was interrupted; finish it first with: python -m indexer build"
            )
        published = _publish(chroma_dir, generation, labeller, progress)
        seconds = time.monotonic() - started
        overrides = read_overrides(chroma_dir)
        with (
            progress.stage("publish", published.posts) as advance,
            opened_collections(chroma_dir, published.encoders) as collections,
        ):
            untold = replace(published, chroma_labels="")  # everything, whatever Chroma has
            published = tell_chroma(collections, chroma_dir, untold, overrides)
            advance(published.posts)
        sweep_generations(chroma_dir, published.generation)
    done = time.monotonic() - started
    counts = LabelView.of(Generation.open(chroma_dir), overrides).counts()
    return RelabelReport(published, counts, seconds, done - seconds)


def _publish(
    chroma_dir: Path, generation: Generation, labeller: Labeller, progress: Progress
) -> Manifest:
    captions: list[str] = generation.catalog["caption"].to_pylist()
    with progress.stage("label", len(captions)) as advance:
        readings = _readings(generation, captions, labeller)
        labels = labeller.label(
            captions,
            readings,
            np.asarray(generation.caption_vectors),
            np.asarray(generation.image_vectors),
            generation.catalog["picture_row"].to_numpy(),
            generation.descriptions,
            np.asarray(generation.description_vectors),
        )
        advance(len(captions))
    published = generation.manifest.published(built_at=int(time.time()), labels=labeller.record)
    write_relabelled(published.generation, generation, readings, labels)
    published.write(chroma_dir)
    return published


def _readings(
    generation: Generation, captions: list[str], labeller: Labeller
) -> list[Reading | None]:
    """Every caption's reading: the stored one where its model still reads, else a new one."""
    readings = list(generation.readings)
    version = labeller.sentiment.version
    stale = [row for row, reading in enumerate(readings) if reading and reading.model != version]
    if stale:
        vectors = generation.caption_vectors[generation.caption_rows[stale]]
        languages = [reading.language for row in stale if (reading := readings[row])]
        read = labeller.read([captions[row] for row in stale], vectors, languages)
        for row, reading in zip(stale, read, strict=True):
            readings[row] = reading
    return readings
