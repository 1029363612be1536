from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from indexer.final_dataset import write_final_dataset
from indexer.sources.base import SourcePost, SourceReading, SourceRequest
from indexer.sources.senticap import SentiCapReader
from indexer.sources.table import TableReader
from retrieval.errors import BadInput, BadOption, StorageFailed
from retrieval.records import SeenObject, Truth
from tests.data import COCO_MINI, SENTICAP, needs_shared_data
from tests.galleries import save_picture

CAT = (SeenObject("cat", "animal", 0.25), SeenObject("bed", "furniture", 0.125))


@pytest.fixture
def reading(tmp_path: Path) -> SourceReading:
    """Three pictures: of a cat, of a street that nobody annotated, and of nothing marked."""
    root = tmp_path / "coco pictures"
    cat = save_picture(root / "val2017" / "000000000001.jpg", "grey", size=4)
    street = save_picture(root / "000000000002.jpg", "grey", size=4)
    sky = save_picture(root / "000000000003.jpg", "grey", size=4)
    posts = [
        ("1:0:0", cat, "A pretty cat", Truth("positive", "test", ("pretty", "cat"), CAT)),
        ("1:0:1", cat, 'An "ugly"\ncat', Truth("negative", "test", ("ugly", "cat"), CAT)),
        ("2:0:0", street, "A lonely street", Truth("negative", "train", ("lonely",), None)),
        ("coco:7", cat, "A cat.", Truth("neutral", "test", (), CAT)),
        ("coco:8", sky, "The sky. ", Truth("neutral", "train", (), ())),
    ]
    return SourceReading(
        tuple(
            SourcePost(key, root, path.relative_to(root).as_posix(), caption, truth=truth)
            for key, path, caption, truth in posts
        )
    )


def test_the_final_dataset_is_read_back_as_it_was_written(
    reading: SourceReading, tmp_path: Path
) -> None:
    table = write_final_dataset(reading, tmp_path / "made" / "final")
    assert TableReader().recognises(table)
    again = TableReader().read(SourceRequest(table, image_roots=(tmp_path / "coco pictures",)))
    assert again.posts == reading.posts


def test_the_columns_are_those_that_the_readme_explains(
    reading: SourceReading, tmp_path: Path
) -> None:
    table = write_final_dataset(reading, tmp_path / "final")
    rows = pq.read_table(table).to_pylist()
    assert rows[1] == {
        "post_id": "1:0:1",
        "image": f"{tmp_path}/coco pictures/val2017/000000000001.jpg",
        "caption": 'An "ugly"\ncat',
        "sentiment": "negative",
        "split": "test",
        "marked_words": ["ugly", "cat"],
        "objects": [
            {"category": "cat", "supercategory": "animal", "area": 0.25},
            {"category": "bed", "supercategory": "furniture", "area": 0.125},
        ],
        "origin": "senticap",
    }
    assert [row["origin"] for row in rows] == ["senticap"] * 3 + ["coco"] * 2
    assert [row["objects"] for row in rows[2::2]] == [None, []]
    readme = (tmp_path / "final" / "README.md").read_text("utf-8")
    assert all(f"| `{column}` | " in readme for column in rows[0])


def test_the_readme_counts_the_posts_and_names_the_terms(
    reading: SourceReading, tmp_path: Path
) -> None:
    write_final_dataset(reading, tmp_path / "final")
    readme = (tmp_path / "final" / "README.md").read_text("utf-8")
    assert "| senticap | negative | test | 1 |" in readme
    assert "| coco | neutral | train | 1 |" in readme
    assert "| all | | | 5 |" in readme
    assert "3 pictures; COCO's object annotations are known of 2 of them." in readme
    assert f"final_dataset.parquet --images '{tmp_path}/coco pictures'" in readme
    assert "CC BY 4.0" in readme
    assert "research data set of the Australian National University" in readme


def test_writing_again_replaces_the_files_and_leaves_nothing_else(
    reading: SourceReading, tmp_path: Path
) -> None:
    folder = tmp_path / "final"
    write_final_dataset(reading, folder)
    table = write_final_dataset(SourceReading(reading.posts[:1]), folder)
    assert pq.read_metadata(table).num_rows == 1
    assert {path.name for path in folder.iterdir()} == {"final_dataset.parquet", "README.md"}


def test_nothing_to_write_and_nowhere_to_write_are_errors(
    reading: SourceReading, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="none of the pictures were found"):
        write_final_dataset(SourceReading(()), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(BadOption, match=r"--final-dataset .*file is a file; name a folder"):
        write_final_dataset(reading, tmp_path / "file")
    with pytest.raises(StorageFailed, match=r"cannot write the final dataset to .*deeper"):
        write_final_dataset(reading, tmp_path / "file" / "deeper")


@needs_shared_data
def test_the_real_final_dataset_of_coco_minis_pictures(tmp_path: Path) -> None:
    request = SourceRequest(
        SENTICAP, image_roots=(COCO_MINI,), coco_annotations=COCO_MINI / "annotations"
    )
    reading = SentiCapReader().read(request)
    table = write_final_dataset(reading, tmp_path / "final")
    again = TableReader().read(SourceRequest(table, image_roots=(COCO_MINI,)))
    assert len(again.posts) == 41
    assert again.posts == reading.posts
