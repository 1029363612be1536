"""Small galleries for tests: a folder of plain pictures, and a build with encoders by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from indexer.pipeline import Counts, Pipeline
from indexer.plan import make_plan, source_name
from indexer.sources.base import Reader, SourceRequest
from indexer.sources.folder import FolderReader
from indexer.writer import Writer, open_writer
from retrieval.gallery.generation import Generation
from retrieval.gallery.manifest import EncoderRecord, Encoders
from retrieval.labels.labeller import Labeller
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy
from retrieval.labels.vader import VaderModel
from retrieval.progress import Progress
from tests.fakes import ColourEncoder, WordEncoder

RECORDS = Encoders(EncoderRecord("colours", "colours@1", 64), EncoderRecord("words", "words@1", 64))


def save_picture(
    path: Path, colour: str | tuple[int, ...], caption: str | None = None, size: int = 40
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size, size), colour).save(path)
    if caption is not None:
        path.with_suffix(".txt").write_text(caption, "utf-8")
    return path


def three_pictures(folder: Path) -> Path:
    save_picture(folder / "red.png", "red", "a red wall")
    save_picture(folder / "green.png", "green", "a green meadow")
    save_picture(folder / "deep" / "blue.png", "blue")
    return folder


def labeller(cache_dir: Path, topics: Path = DEFAULT_TOPICS) -> Labeller:
    """VADER and the default topics, in the spaces of the encoders by hand."""
    return Labeller(
        VaderModel(), load_taxonomy(topics), ColourEncoder(), WordEncoder(), cache_dir / "cache"
    )


@contextmanager
def writing(chroma_dir: Path, *, rebuild: bool = False) -> Iterator[Writer]:
    with open_writer(
        chroma_dir, RECORDS, labeller(chroma_dir.parent), Progress(), rebuild=rebuild
    ) as writer:
        yield writer


def index_folder(
    chroma_dir: Path,
    folder: Path,
    *,
    encoder: ColourEncoder | None = None,
    rebuild: bool = False,
    limit: int | None = None,
) -> Counts:
    """Build a folder into a gallery, as the command does, with encoders by hand."""
    request = SourceRequest(folder)
    return index_source(chroma_dir, FolderReader(), request, encoder, rebuild=rebuild, limit=limit)


def index_source(
    chroma_dir: Path,
    reader: Reader,
    request: SourceRequest,
    encoder: ColourEncoder | None = None,
    *,
    rebuild: bool = False,
    limit: int | None = None,
) -> Counts:
    """The same of a source of any kind."""
    with writing(chroma_dir, rebuild=rebuild) as writer:
        pipeline = Pipeline(
            writer,
            encoder or ColourEncoder(),
            WordEncoder(),
            chroma_dir=chroma_dir,
            publish_every=3600,
        )
        name = source_name(reader.kind, request.location)
        plan = make_plan(name, reader.read(request), writer.state, chroma_dir, limit)
        counts = pipeline.run(plan)
        writer.publish()
    return counts


def captions_by_path(chroma_dir: Path) -> dict[str, str]:
    rows = Generation.open(chroma_dir).catalog.to_pylist()
    return {row["image_path"]: row["caption"] for row in rows}
