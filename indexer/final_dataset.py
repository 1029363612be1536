"""The final dataset: SentiCap's captions and COCO's for the pictures at hand, as one table."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from retrieval.errors import BadInput, StorageFailed
from retrieval.files import check_folder, write_atomically
from retrieval.records import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.sources.base import SourcePost, SourceReading

_TABLE = "final_dataset.parquet"
_README_FILE = "README.md"
_TITLE = "# The final dataset\n"  # of our README: it marks a folder as one we made

_README = """
`{table}` has one row a caption: SentiCap's captions with their sentiment, and the factual \
captions that MS COCO holds of the same pictures. The pictures stay where they are.

| column | meaning |
|---|---|
| `post_id` | SentiCap: COCO id of the picture, entry, sentence (the latter two counted from 0); \
COCO: `coco:` and the id of the annotation |
| `image` | absolute path of the picture |
| `caption` | the caption as written |
| `sentiment` | the sentiment it was written with, `negative` or `positive`; COCO's: `neutral` |
| `split` | SentiCap's `train`, `val` or `test`; COCO's captions have that of the picture |
| `marked_words` | the words that SentiCap marks as carrying the sentiment |
| `objects` | what COCO's annotators marked in the picture: category, supercategory and the share \
of the picture it covers; null where the picture was not annotated |
| `origin` | `senticap` or `coco` |

## Counts

{counts}

{pictures} pictures; COCO's object annotations are known of {annotated} of them.

## Reading it back

    {command}

## Terms

SentiCap (Mathews, Xie and He, AAAI 2016) is a research data set of the Australian National \
University and NICTA. COCO's captions and object annotations are licensed under CC BY 4.0; the \
pictures are under the terms of Flickr and of the people who took them.
"""


def write_final_dataset(reading: SourceReading, folder: Path) -> Path:
    """Write the posts of a SentiCap or COCO reading, and a README; the path of the table.

    The table can be read back as a source. Either file is replaced as a whole or not at all.

    Raises:
        BadInput: the reading holds no posts.
        BadOption: the folder holds something else.
        StorageFailed: the folder cannot be written.

    """
    if not reading.posts:
        raise BadInput("there is no final dataset to write: none of the pictures were found")
    check_folder(folder, "a joined data set", "--final-dataset", is_ours=_is_ours(folder))
    table = folder / _TABLE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # First what marks the folder as ours.
        write_atomically(folder / _README_FILE, _readme(reading.posts, table).encode())
        write_atomically(table, _parquet([_row(post) for post in reading.posts]))
    except OSError as error:
        raise StorageFailed(
            f"cannot write the final dataset to {folder}: {error.strerror}; make room or make the "
            "folder writable, and run this again"
        ) from error
    return table


def _is_ours(folder: Path) -> bool:
    try:
        return (folder / _README_FILE).read_text("utf-8").startswith(_TITLE)
    except (OSError, UnicodeDecodeError):
        return False


def _row(post: SourcePost) -> dict[str, Any]:
    truth = post.truth or Truth()
    return {
        "post_id": post.key,
        "image": str(post.root / post.image_path),
        "caption": post.caption,
        "sentiment": truth.sentiment,
        "split": truth.split,
        "marked_words": truth.marked_words,
        "objects": None if truth.objects is None else [asdict(seen) for seen in truth.objects],
        "origin": _origin(truth),
    }


def _origin(truth: Truth) -> str:
    """SentiCap's captions were all written with a polarity, COCO's all without."""
    return "senticap" if truth.sentiment in ("negative", "positive") else "coco"


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.string()
    seen = pa.struct([("category", text), ("supercategory", text), ("area", pa.float64())])
    kinds = dict.fromkeys(rows[0], text)
    kinds |= {"marked_words": pa.list_(text), "objects": pa.list_(seen)}
    content = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(kinds)), content, compression="zstd")
    return bytes(content.getvalue())


def _readme(posts: Sequence[SourcePost], table: Path) -> str:
    truths = {(post.root, post.image_path): post.truth or Truth() for post in posts}
    roots = " ".join(
        f"--images {shlex.quote(root)}" for root in sorted({str(p.root) for p in posts})
    )
    return _TITLE + _README.format(
        table=table.name,
        counts=_counts(posts),
        pictures=f"{len(truths):,}",
        annotated=f"{sum(truth.objects is not None for truth in truths.values()):,}",
        command=f"python -m indexer build {shlex.quote(str(table))} {roots}",
    )


def _counts(posts: Sequence[SourcePost]) -> str:
    """Posts by origin, sentiment and split, as a Markdown table."""
    truths = [post.truth or Truth() for post in posts]
    counts = Counter((_origin(t), t.sentiment or "–", t.split or "–") for t in truths)
    lines = [f"| {' | '.join(kind)} | {count:,} |" for kind, count in sorted(counts.items())]
    head = ["| origin | sentiment | split | posts |", "|---|---|---|---:|"]
    return "\n".join([*head, *lines, f"| all | | | {len(posts):,} |"])
