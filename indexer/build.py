"""One build from end to end: read the sources, choose encoders, write, report."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.carried import unfitting
from indexer.describe import DescriptionCounts, describe_pictures
from indexer.final_dataset import write_final_dataset
from indexer.missing import fetch_command, list_missing
from indexer.pipeline import Counts, Pipeline
from indexer.plan import Plan, check_roots, make_plan, source_name
from indexer.sources.base import SourceReading, SourceRequest
from indexer.sources.mojibake import mended_reading
from indexer.sources.registry import choose_reader, default_location
from indexer.state import State
from indexer.writer import interrupted_rebuild, open_writer
from retrieval.cli import count
from retrieval.encoders.choose import AUTO, choose_image_encoder
from retrieval.encoders.sentence import DEFAULT_SENTENCE_MODEL, SentenceEncoder
from retrieval.errors import BadOption, GalleryDamaged, GalleryError, NoGallery
from retrieval.files import explained_storage_errors
from retrieval.gallery.generation import Generation
from retrieval.gallery.layout import check_is_free, manifest_path, missing_path
from retrieval.gallery.manifest import (
    EncoderRecord,
    Encoders,
    Manifest,
    read_manifest,
    sources_of_any_schema,
)
from retrieval.labels.labeller import choose_labeller
from retrieval.labels.overrides import read_overrides
from retrieval.labels.view import LabelView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.describers.base import Describer
    from indexer.writer import Writer
    from retrieval.encoders.base import CaptionEncoder, ImageEncoder, TextEncoder
    from retrieval.gallery.stored_labels import LabelRecord
    from retrieval.progress import Progress


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build."""

    chroma_dir: Path
    cache_dir: Path
    clip: str = "auto"
    sentence_model: str | None = None  # None: the gallery's own, or the default
    device: str = "auto"
    sentiment_model: str | None = None  # None: the gallery's own, or the best that fits
    topics: Path | None = None  # a taxonomy; None: the gallery's own, or the default
    describer: Describer | None = None  # None: pictures are not described
    rebuild: bool = False
    limit: int | None = None  # posts
    publish_every: float = 120  # seconds
    final_dataset: Path = Path("data/final_dataset")  # written for SentiCap joined with COCO


@dataclass(frozen=True, slots=True)
class Source:
    """A source that has been read."""

    name: str
    kind: str
    request: SourceRequest
    reading: SourceReading


@dataclass(frozen=True, slots=True)
class Planned:
    """What a build would do about a source."""

    source: Source
    plan: Plan


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What came of a build; posts and pictures are those of the sources that were built."""

    sources: list[str]
    posts: int
    pictures: int
    counts: Counts
    missing: int  # pictures
    missing_list: Path | None  # the file that names them
    notes: list[str]
    seconds: float
    published: Manifest
    labels: dict[str, dict[str, int]]  # how many of the sources' posts have each
    descriptions: DescriptionCounts

    def as_json(self) -> dict[str, Any]:
        """What `build --json` prints."""
        return {
            "sources": self.sources,
            "posts": self.posts,
            "pictures": self.pictures,
            "encoded": self.counts.encoded,
            "reused": self.counts.reused,
            "unchanged": self.counts.unchanged,
            "removed": self.counts.removed,
            "missing": self.missing,
            "failed": [asdict(skipped) for skipped in self.counts.failed],
            "seconds": round(self.seconds, 2),
            "labels": self.labels,
            "descriptions": asdict(self.descriptions),
            "generation": self.published.generation,
            "encoders": asdict(self.published.encoders),
            "gallery": {"posts": self.published.posts, "pictures": self.published.pictures},
        }


def build(
    request: SourceRequest | None,
    options: BuildOptions,
    progress: Progress,
) -> BuildReport:
    """Bring a source's posts into the gallery, and in a rebuild every known source's as well.

    Without a request, a rebuild is of the known sources alone, and any other build of the default.

    Raises:
        BadInput: a source cannot be read; nothing is changed.
        BadOption: the gallery's folder holds something else.
        GalleryError: see its other subclasses; the last published generation stays as it is.

    """
    started = time.monotonic()
    check_is_free(options.chroma_dir)
    rebuilding = interrupted_rebuild(options.chroma_dir)
    requests = _requests(request, options.chroma_dir, rebuild=options.rebuild or bool(rebuilding))
    sources = _read(requests, options.chroma_dir, progress)
    stored = rebuilding or (None if options.rebuild else _stored(options.chroma_dir))
    image, caption = _choose_encoders(options, stored, progress)
    encoders = Encoders(
        _record(image, stored.image if stored else None),
        _record(caption, stored.caption if stored else None),
    )
    labeller = choose_labeller(
        options.sentiment_model,
        options.topics,
        _stored_labels(options.chroma_dir),
        image,
        caption,
        cache_dir=options.cache_dir,
        device=options.device,
    )
    if labeller.sentiment.note:
        progress.say(labeller.sentiment.note)
    for source in (source for source in sources if source.request.coco_annotations):
        with explained_storage_errors(options.final_dataset):
            path = write_final_dataset(source.reading, options.final_dataset)
        progress.say(f"the joined table is in {path}, its columns are explained beside it")
    with open_writer(
        options.chroma_dir, encoders, labeller, progress, rebuild=options.rebuild
    ) as writer:
        pipeline = Pipeline(
            writer,
            image,
            caption,
            chroma_dir=options.chroma_dir,
            publish_every=options.publish_every,
        )
        counts = _run(pipeline, writer, sources, options)
        descriptions = _describe(writer, caption, sources, options, counts)
        seconds = time.monotonic() - started
        return _report(sources, counts, descriptions, writer, options.chroma_dir, seconds)


def _read(requests: Sequence[SourceRequest], chroma_dir: Path, progress: Progress) -> list[Source]:
    sources = []
    with progress.stage("read", len(requests)) as advance:
        for request in requests:
            sources.append(read_source(request, chroma_dir))
            for skipped in sources[-1].reading.skipped:
                progress.skip(skipped.path, skipped.reason)
            advance(1)
    return sources


def read_source(request: SourceRequest, chroma_dir: Path) -> Source:
    """Read a source and make sure that it is all there.

    Raises:
        BadInput: it cannot be read, or its disk is not mounted.
        BadOption: a flag was given that is for another kind of source.

    """
    reader = choose_reader(request)
    _check_fits(request, reader.kind)
    name = source_name(reader.kind, request.location)
    reading = mended_reading(reader.read(request))
    check_roots(name, request, reading, _indexed_roots(chroma_dir, name))
    return Source(name, reader.kind, request, reading)


def _check_fits(request: SourceRequest, kind: str) -> None:
    """Refuse what a kind of source would pass over in silence."""
    if request.columns and kind != "table":
        raise BadOption(f"--columns is for tables; {request.location} is read as {kind}")
    if request.coco_annotations and kind != "senticap":
        raise BadOption(f"--coco-annotations joins SentiCap; {request.location} is read as {kind}")


def plan_only(request: SourceRequest | None, options: BuildOptions) -> list[Planned]:
    """What a build would do now, by source. Writes nothing and loads no model.

    Raises:
        BadInput: a source cannot be read.
        BadOption: the gallery's folder holds something else.

    """
    check_is_free(options.chroma_dir)
    requests = _requests(request, options.chroma_dir, rebuild=options.rebuild)
    sources = [read_source(each, options.chroma_dir) for each in requests]
    try:
        state = State() if options.rebuild else State.of(Generation.open(options.chroma_dir))
    except NoGallery:
        state = State()
    return [
        Planned(
            source, make_plan(source.name, source.reading, state, options.chroma_dir, options.limit)
        )
        for source in sources
    ]


def encoder_in_view(options: BuildOptions) -> str | None:
    """The picture encoder that a build would use, as far as that is known without looking for one.

    A new gallery's `auto` depends on what can be had when it is built.
    """
    if options.clip != AUTO:
        return options.clip
    stored = None if options.rebuild else _stored(options.chroma_dir)
    return stored.image.spec if stored else None


def _run(
    pipeline: Pipeline,
    writer: Writer,
    sources: Sequence[Source],
    options: BuildOptions,
) -> Counts:
    total = Counts()
    try:
        for source in sources:
            plan = make_plan(
                source.name, source.reading, writer.state, options.chroma_dir, options.limit
            )
            writer.register(source.name, _remembered(source.request))
            if plan.to_open:
                writer.progress.say(pipeline.describe())
            total += pipeline.run(plan)
            total.failed += source.reading.skipped
    except KeyboardInterrupt:
        writer.publish_if_due(0)
        raise
    writer.publish()
    return total


def _describe(
    writer: Writer,
    caption_encoder: CaptionEncoder,
    sources: Sequence[Source],
    options: BuildOptions,
    counts: Counts,
) -> DescriptionCounts:
    """After everything else is published: it can take hours, and an endpoint can fail."""
    if options.describer is None:
        return DescriptionCounts()
    posts = [post for source in sources for post in writer.state.posts_of(source.name).values()]
    try:
        described, skipped = describe_pictures(
            writer,
            options.describer,
            caption_encoder,
            posts,
            chroma_dir=options.chroma_dir,
            publish_every=options.publish_every,
        )
    finally:
        writer.publish()
    counts.failed += skipped
    return described


def _report(
    sources: Sequence[Source],
    counts: Counts,
    descriptions: DescriptionCounts,
    writer: Writer,
    chroma_dir: Path,
    seconds: float,
) -> BuildReport:
    posts = [post for source in sources for post in writer.state.posts_of(source.name).values()]
    readings = {source.name: source.reading for source in sources}
    return BuildReport(
        sources=[source.name for source in sources],
        posts=len(posts),
        pictures=len({post.image_id for post in posts}),
        counts=counts,
        missing=sum(len(reading.missing) for reading in readings.values()),
        missing_list=list_missing(readings, chroma_dir),
        notes=[
            *(note for source in sources for note in _notes(source, chroma_dir)),
            *_lost_corrections(writer, chroma_dir),
        ],
        seconds=seconds,
        published=writer.manifest,
        descriptions=descriptions,
        labels=_label_counts(chroma_dir, {source.name for source in sources}),
    )


def _lost_corrections(writer: Writer, chroma_dir: Path) -> Iterator[str]:
    overrides = read_overrides(chroma_dir)
    lost = unfitting(overrides, list(writer.state.posts.values())) if overrides.by_key else 0
    if lost:
        verb = "fits" if lost == 1 else "fit"
        yield (
            f"{count(lost, 'correction')} {verb} no post of the gallery (any more); they stay, and "
            "hold again where their posts come back. To see them: python -m indexer overrides list"
        )


def _label_counts(chroma_dir: Path, sources: set[str]) -> dict[str, dict[str, int]]:
    generation = Generation.open(chroma_dir)
    names = generation.catalog["source"].to_pylist()
    rows = np.array([row for row, name in enumerate(names) if name in sources], dtype=np.int64)
    return LabelView.of(generation, read_overrides(chroma_dir)).counts(rows)


def _notes(source: Source, chroma_dir: Path) -> Iterator[str]:
    """What the reader says, and how to fetch what is missing where that is known."""
    reading = source.reading
    yield from reading.notes
    if reading.missing and reading.missing_from:
        name = reading.missing_from.rstrip("/").rpartition("/")[2]
        folder = source.request.location.parent / name
        command = fetch_command(missing_path(chroma_dir).absolute(), folder)
        yield f"To fetch just those, then build again with --images {folder} added:\n{command}"


def _choose_encoders(
    options: BuildOptions, stored: Encoders | None, progress: Progress
) -> tuple[ImageEncoder, CaptionEncoder]:
    image = choose_image_encoder(
        options.clip,
        cache_dir=options.cache_dir,
        device=options.device,
        stored_spec=stored.image.spec if stored else None,
        say=progress.say,
    )
    model = options.sentence_model or (stored.caption.spec if stored else DEFAULT_SENTENCE_MODEL)
    return image, SentenceEncoder(model, cache_dir=options.cache_dir)


def _record(encoder: TextEncoder, stored: EncoderRecord | None) -> EncoderRecord:
    """The encoder's record; asking a new encoder for its dimension loads it, so not always."""
    if stored is not None and stored.fingerprint == encoder.fingerprint:
        return stored
    return EncoderRecord(encoder.spec, encoder.fingerprint, encoder.dimension)


def _stored(chroma_dir: Path) -> Encoders | None:
    try:
        return read_manifest(chroma_dir).encoders
    except NoGallery:
        return None


def _stored_labels(chroma_dir: Path) -> LabelRecord | None:
    try:
        return read_manifest(chroma_dir).labels
    except GalleryError:  # none, or one that is about to be rebuilt
        return None


def _indexed_roots(chroma_dir: Path, source: str) -> set[str]:
    """The folders that the gallery holds posts of a source from."""
    try:
        catalog = Generation.open(chroma_dir).catalog.select(["source", "root"]).to_pylist()
    except GalleryError:  # none, or one that is about to be rebuilt
        return set()
    return {row["root"] for row in catalog if row["source"] == source}


def _requests(
    request: SourceRequest | None, chroma_dir: Path, *, rebuild: bool
) -> list[SourceRequest]:
    known = _known_requests(chroma_dir) if rebuild else ()
    others = [each for each in known if request is None or each.location != request.location]
    if request is None and not others:
        request = SourceRequest(default_location())
    return ([request] if request else []) + others


def _known_requests(chroma_dir: Path) -> list[SourceRequest]:
    try:
        return [_as_request(record) for record in sources_of_any_schema(chroma_dir).values()]
    except (KeyError, TypeError) as error:
        raise GalleryDamaged(
            f"{manifest_path(chroma_dir)} does not say how to read its sources ({error!r}); move "
            "it away, and build each source again with: python -m indexer build SOURCE"
        ) from error


def _remembered(request: SourceRequest) -> dict[str, Any]:
    """A request as the manifest keeps it; the inverse of `_as_request`."""
    return {
        "location": str(request.location),
        "kind": request.kind,
        "image_roots": [str(root) for root in request.image_roots],
        "columns": dict(request.columns),
        "coco_annotations": request.coco_annotations and str(request.coco_annotations),
        "captions": request.captions,
    }


def _as_request(record: dict[str, Any]) -> SourceRequest:
    return SourceRequest(
        location=Path(record["location"]),
        kind=record["kind"],
        image_roots=tuple(map(Path, record["image_roots"])),
        columns=record["columns"],
        coco_annotations=record["coco_annotations"] and Path(record["coco_annotations"]),
        captions=record["captions"],
    )
