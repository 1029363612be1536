"""What is indexed: files beside pictures, tables, and research data."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from indexer.sources.base import SourceRequest
from indexer.sources.folder import FolderReader
from indexer.sources.registry import choose_reader
from tests.fuzzing.case import File, Kind, Outcome, check_reading
from tests.fuzzing.values import (
    changed,
    csv_text,
    damaged,
    json_lines,
    json_text,
    seldom,
    stored,
    text,
    value,
)

TAKEOUT = {
    "title": "red.png", "description": "a red wall", "imageViews": "3",
    "creationTime": {"timestamp": "1625000000", "formatted": "29.06.2021, 20:53:20 UTC"},
    "photoTakenTime": {"timestamp": "1624900000", "formatted": "28.06.2021, 17:06:40 UTC"},
    "geoData": {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0},
    "url": "https://photos.google.com/photo/x",
}  # fmt: skip
TOLD = {"caption": "a red wall", "date": "2021-07-14", "permalink": "https://x.y/1", "other": None}
SIDECARS = ("red.txt", "red.png.txt", "red.json", "red.png.json", "red.png.supplemental-meta.json")


def _sidecar(random: Random) -> File:
    name = random.choice(SIDECARS)
    told = text(random)
    if name.endswith("json"):
        whole = random.choice((TAKEOUT, TOLD))
        told = json_text(random, value(random) if seldom(random) else changed(random, whole))
    return File(name, stored(random, told))


def _read_sidecar(file: File, folder: Path) -> Outcome:
    (folder / "red.png").write_bytes(b"x")
    (folder / file.name).write_bytes(file.content)
    reading = FolderReader().read(SourceRequest(folder))
    assert len(reading.posts) == 1
    return check_reading(reading)


COLUMNS = (
    *("image", "caption", "date", "id", "permalink", "group", "sentiment", "picture_sentiment"),
    *("topics", "split", "marked_words", "objects", "Image Path", "text"),
)
TABLES = ("posts.csv", "posts.tsv", "posts.jsonl", "posts.ndjson", "posts.json", "posts.parquet")
OBJECT = {"category": "dog", "supercategory": "animal", "area": 0.5}
USUAL_CELLS: Mapping[str, tuple[Any, ...]] = {
    "image": ("red.png", "red.png", "gone.png", "https://x.y/red.png", "./red.png", "C:\\red.png"),
    "date": ("2021-07-14", 1_625_000_000, "1625000000000", None, ""),
    "sentiment": ("positive", -1, "neg", "1.0"),
    "topics": ("animals, food", ["animals"], "animals|other"),
    "marked_words": (["happy"], []),
    "objects": ([OBJECT], []),
}


def _table(random: Random) -> File:
    name = random.choice(TABLES)
    columns = ["image", "caption", *random.sample(COLUMNS[2:], random.randint(0, 4))]
    rows = [[_cell(random, column) for column in columns] for _ in range(random.randint(1, 4))]
    if seldom(random):
        rows = []
    if seldom(random):
        columns[random.randrange(len(columns))] = text(random)
    if name.endswith("parquet"):
        whole = _parquet(random)
        return File(name, damaged(random, whole) if seldom(random, 0.4) else whole)
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    if name.endswith("sv"):
        written_ = csv_text(random, [columns, *rows], "\t" if name.endswith("tsv") else ",")
    elif name.endswith(".json"):
        written_ = json_text(random, changed(random, records))
    else:
        written_ = "\n".join(json_lines(random, records))
    return File(name, stored(random, written_))


def _cell(random: Random, column: str) -> Any:
    if seldom(random, 0.15):
        return value(random)
    return random.choice(USUAL_CELLS.get(column, ("a cat", "a dog", "", text(random))))


def _parquet(random: Random) -> bytes:
    table = pa.table({"image": ["red.png"] * 2, **random.choice(_parquet_columns())})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@cache
def _parquet_columns() -> list[dict[str, pa.Array]]:
    """A caption, with a column of each type that Parquet has where a date or topics belong."""
    far = 2**50  # beyond the year 9999 in seconds, milliseconds and days
    types: list[tuple[list[Any], pa.DataType]] = [
        *(
            ([far, 1], pa.timestamp(unit, zone))
            for unit in ("s", "ms", "us")
            for zone in (None, "UTC")
        ),
        *(([far, None], pa.duration(unit)) for unit in ("s", "us")),
        *(([2**31 - 1, 0], pa.date32()), ([far, 0], pa.date64()), ([0, 1], pa.time64("ns"))),
        *((["1.5", None], pa.string()), ([b"\xff", b""], pa.binary()), ([1.5, None], pa.float32())),
        *(
            ([["a"], None], pa.list_(pa.string())),
            ([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
        ),
        *(([{"a": 1}, None], pa.struct([("a", pa.int64())])), ([True, None], pa.bool_())),
        *(([1, 2**63], pa.uint64()), ([None, None], pa.null())),
    ]
    columns = []
    for cells, kind in types:
        plain = pa.array(cells, pa.int64()) if _is_moment(kind) else None
        odd = pa.array(cells, kind) if plain is None else plain.view(kind)
        for name in ("created_at", "caption", "topics", "id"):
            captions = {} if name == "caption" else {"caption": ["a cat", None]}
            columns.append({**captions, name: odd})
    return columns


def _is_moment(kind: pa.DataType) -> bool:
    moments = (pa.types.is_timestamp, pa.types.is_duration, pa.types.is_date64)
    return any(is_one(kind) for is_one in moments)


def _read_table(file: File, folder: Path) -> Outcome:
    (folder / "red.png").write_bytes(b"x")
    path = folder / file.name
    path.write_bytes(file.content)
    request = SourceRequest(path, kind="table")
    return check_reading(choose_reader(request).read(request))


# --- research data --------------------------------------------------------------------------

ANNOTATIONS: Mapping[str, Any] = {
    "captions_val2017.json": {
        "images": [{"id": 1, "file_name": "000000000001.jpg"}, {"id": 2, "file_name": "2.jpg"}],
        "annotations": [
            {"id": 7, "image_id": 1, "caption": "A cat."},
            {"id": 8, "image_id": 2, "caption": "A dog."},
        ],
    },
    "instances_val2017.json": {
        "images": [{"id": 1, "width": 640, "height": 480}],
        "categories": [{"id": 3, "name": "cat", "supercategory": "animal"}],
        "annotations": [{"image_id": 1, "category_id": 3, "area": 99.5, "segmentation": [[1]]}],
    },
    "senticap_dataset.json": {
        "images": [
            {
                "filename": "COCO_val2014_000000000001.jpg",
                "split": "test",
                "sentences": [
                    {
                        "raw": "a happy cat",
                        "sentiment": 1,
                        "tokens": ["a", "happy", "cat"],
                        "word_sentiment": [0, 1, 0],
                    }
                ],
            }
        ]
    },
}


def _annotations(random: Random) -> File:
    name = random.choice(sorted(ANNOTATIONS))
    whole = json_text(random, changed(random, ANNOTATIONS[name]))
    return File(name, stored(random, whole))


def _read_annotations(file: File, folder: Path) -> Outcome:
    pictures = folder / "val2017"
    pictures.mkdir()
    (pictures / "000000000001.jpg").write_bytes(b"x")
    for name, whole in ANNOTATIONS.items():
        (folder / name).write_text(json.dumps(whole))
    (folder / file.name).write_bytes(file.content)
    is_senticap = file.name.startswith("senticap")
    path = folder / (file.name if is_senticap else "captions_val2017.json")
    kind, joined = ("senticap", folder) if is_senticap else ("coco", None)
    request = SourceRequest(path, kind, coco_annotations=joined)
    return check_reading(choose_reader(request).read(request))


KINDS = {
    "sidecars": Kind(_sidecar, _read_sidecar),
    "tables": Kind(_table, _read_table),
    "annotations": Kind(_annotations, _read_annotations),
}
