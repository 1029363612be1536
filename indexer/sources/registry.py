"""All readers, and which of them reads an input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.sources.coco import CocoReader
from indexer.sources.folder import FolderReader
from indexer.sources.sample import SampleReader
from indexer.sources.senticap import SentiCapReader
from indexer.sources.table import TableReader
from indexer.sources.table_formats import looks_like_table
from retrieval.errors import BadInput, BadOption

if TYPE_CHECKING:
    from indexer.sources.base import Reader, SourceRequest

# In the order in which they are asked: the first that recognises an input reads it.
READERS: tuple[Reader, ...] = (
    FolderReader(),
    SampleReader(),
    SentiCapReader(),
    CocoReader(),
    TableReader(),
)
KINDS = tuple(reader.kind for reader in READERS)

_DATA = Path(__file__).resolve().parents[2] / "data"
SAMPLE = _DATA / "sample" / "posts.csv"


def default_location() -> Path:
    """What is built when nothing is named: data/posts/ if it holds anything, else the sample.

    A single table in data/posts/ is read as one, with its pictures in that folder.
    """
    posts = _DATA / "posts"
    held = [path for path in posts.glob("*") if not path.name.startswith(".")]
    if not held:
        return SAMPLE
    tables = [path for path in held if looks_like_table(path)]
    return tables[0] if len(tables) == 1 else posts


def choose_reader(request: SourceRequest) -> Reader:
    """The reader that was asked for, or the first that recognises the input.

    Raises:
        BadOption: there is no reader of that kind.
        BadInput: the input is not there, or no reader recognises it.

    """
    if request.kind is not None:
        if request.kind not in KINDS:
            raise BadOption(f"unknown source {request.kind!r}; choose from {', '.join(KINDS)}")
        return READERS[KINDS.index(request.kind)]
    if not request.location.exists():
        raise BadInput(
            f"{request.location} does not exist; give a folder of pictures, a table, or an "
            "annotation file. Nothing was changed. Is its disk mounted?"
        )
    for reader in READERS:
        if reader.recognises(request.location):
            return reader
    raise BadInput(
        f"{request.location} is nothing that is read here; give a folder of pictures, a table "
        "(CSV, TSV, JSONL, Parquet), or a SentiCap or COCO annotation file, or say what it is "
        f"with --source {{{','.join(KINDS)}}}"
    )
