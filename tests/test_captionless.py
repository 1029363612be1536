"""Pictures without captions, found by what they show: the plain command on the reference data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retrieval.gallery.generation import Generation
from tests.data import COCO_MINI, needs_shared_data

ROOT = Path(__file__).resolve().parents[1]
SPLITS = ("train2017", "val2017")
PLAIN = 0.02  # the share of a picture that a thing covers, for people to say it is there

pytestmark = [needs_shared_data, pytest.mark.slow]


def run(*command: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], capture_output=True, encoding="utf-8", cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 COCO pictures, and nothing that was written about them."""
    chroma_dir = tmp_path_factory.mktemp("captionless") / "chroma_db"
    for split in SPLITS:
        captions = COCO_MINI / "annotations" / f"captions_{split}.json"
        pictures = ("--images", COCO_MINI / split, "--no-captions", "--clip", "packaged")
        run("indexer", "build", captions, *pictures, "--chroma-dir", chroma_dir)
    return chroma_dir


def shown(gallery: Path, queries: list[str], folder: Path) -> list[list[str]]:
    """The names of the pictures that the command shows for each query, without any flag."""
    (folder / "queries.txt").write_text("\n".join(queries), "utf-8")
    printed = run("retrieval.search", "--queries", folder / "queries.txt", "--chroma-dir", gallery)
    answers: list[list[Any]] = [json.loads(line) for line in printed.splitlines()]
    return [[Path(hit["path"]).name for hit in hits] for hits in answers]


def test_captions_find_their_own_pictures(gallery: Path, tmp_path: Path) -> None:
    """R@1 ≥ .32 and R@5 ≥ .70 for 500 captions over 100 pictures (chance: .01 and .05)."""
    captions, owners = [], []
    for split in SPLITS:
        about = json.loads((COCO_MINI / "annotations" / f"captions_{split}.json").read_text())
        names = {image["id"]: image["file_name"] for image in about["images"]}
        captions += [each["caption"].replace("-", " ").strip() for each in about["annotations"]]
        owners += [names[each["image_id"]] for each in about["annotations"]]
    found = shown(gallery, captions, tmp_path)
    assert len(found) == 500
    for k, least in ((1, 0.32), (5, 0.70)):
        hits = [own in names[:k] for own, names in zip(owners, found, strict=True)]
        assert sum(hits) / len(hits) >= least, k


def test_plainly_visible_things_are_found(gallery: Path, tmp_path: Path) -> None:
    """At most .12 of the categories that cover 2 % of a picture show nothing right."""
    areas: dict[str, dict[str, float]] = {}
    for post in Generation.open(gallery).posts():
        objects = post.truth.objects if post.truth else None
        areas[Path(post.image_path).name] = {seen.category: seen.area for seen in objects or ()}
    names = {name for each in areas.values() for name, area in each.items() if area >= PLAIN}
    queries = sorted(names)
    assert len(queries) == 41
    missed = [
        query
        for query, pictures in zip(queries, shown(gallery, queries, tmp_path), strict=True)
        if not any(query in areas[picture] for picture in pictures)
    ]
    assert len(missed) / len(queries) <= 0.12, missed
