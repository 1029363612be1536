"""The ways to the nearest vectors: each against brute force, and against each other."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.access import Access, ChromaIndex, ExactScan, VectorAccess
from retrieval.filters import Filters
from retrieval.gallery import IMAGES, Gallery, GalleryReader
from retrieval.generation import Generation
from retrieval.lock import reader_lock, writer_lock
from retrieval.manifest import EncoderRecord, Encoders, Manifest
from retrieval.vectors import cosines
from tests.galleries import index_folder, save_picture, three_pictures

MANY, DIMENSION, CLUSTERS = 20_000, 64, 400


def clustered(count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors in clusters, as those of real pictures are; isotropic noise has no near ones."""
    centres = random.standard_normal((CLUSTERS, DIMENSION))
    vectors = centres[random.integers(CLUSTERS, size=count)]
    vectors = vectors + 0.6 * random.standard_normal((count, DIMENSION))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def brute_force(
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    passing: NDArray[np.bool_],
    depth: int,
) -> list[int]:
    rows = np.flatnonzero(passing)
    scores = cosines(vectors, rows, query)
    order = sorted(range(len(rows)), key=lambda place: (-float(scores[place]), rows[place]))
    return [int(rows[place]) for place in order[:depth]]


# --- the exact scan -------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.33, 0.5, 1.0])
@pytest.mark.parametrize("depth", [1, 20, 500])
def test_the_exact_scan_equals_brute_force_under_any_mask(share: float, depth: int) -> None:
    random = np.random.default_rng(int(share * 1000) + depth)
    vectors = clustered(2_000, random)
    passing = random.random(2_000) < share
    query = clustered(1, random)[0]
    found = ExactScan(vectors).nearest(query, passing, depth)
    assert found.rows.tolist() == brute_force(vectors, query, passing, depth)
    assert found.scores.tolist() == cosines(vectors, found.rows, query).tolist()


def test_without_a_mask_everything_is_compared() -> None:
    random = np.random.default_rng(0)
    vectors, query = clustered(300, random), clustered(1, random)[0]
    everything = np.ones(300, dtype=np.bool_)
    found = ExactScan(vectors).nearest(query, None, 7)
    assert found.rows.tolist() == brute_force(vectors, query, everything, 7)


def test_equal_vectors_come_in_the_order_of_their_rows_also_where_the_list_ends() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    found = ExactScan(vectors).nearest(np.eye(4, dtype=np.float32)[1], None, 3)
    assert found.rows.tolist() == [5, 6, 7]


def test_a_score_does_not_depend_on_what_else_is_there() -> None:
    random = np.random.default_rng(1)
    vectors, query = clustered(1_000, random), clustered(1, random)[0]
    alone = np.zeros(1_000, dtype=np.bool_)
    best = ExactScan(vectors).nearest(query, None, 5)
    for row, score in zip(best.rows.tolist(), best.scores.tolist(), strict=True):
        alone[:] = False
        alone[row] = True
        assert ExactScan(vectors).nearest(query, alone, 5).scores.tolist() == [score]


# --- Chroma's index -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.float32]]:
    """20,000 records in real Chroma."""
    chroma_dir = tmp_path_factory.mktemp("many")
    random = np.random.default_rng(7)
    vectors = clustered(MANY, random)
    record = EncoderRecord("x", "x@1", DIMENSION)
    manifest = Manifest(Encoders(record, record), generation=1)
    with writer_lock(chroma_dir):
        gallery = Gallery(chroma_dir, manifest.encoders)
        for start in range(0, MANY, 5_000):
            rows = range(start, start + 5_000)
            gallery.images.add(
                ids=[f"{row:06}" for row in rows],
                embeddings=[vectors[row] for row in rows],
                documents=["picture"] * 5_000,
            )
        gallery.close()
        manifest.write(chroma_dir)
    return chroma_dir, vectors


def index_of(many: tuple[Path, NDArray[np.float32]]) -> ChromaIndex:
    chroma_dir, vectors = many
    record = EncoderRecord("x", "x@1", DIMENSION)
    reader = GalleryReader(chroma_dir, Manifest(Encoders(record, record), generation=1))
    return ChromaIndex(vectors, [f"{row:06}" for row in range(MANY)], reader, IMAGES)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.33])
def test_the_index_misses_hardly_anything_among_clustered_vectors(
    many: tuple[Path, NDArray[np.float32]], share: float
) -> None:
    index, vectors = index_of(many), many[1]
    random = np.random.default_rng(3)
    passing = random.random(MANY) < share
    found = missed = 0
    for query in clustered(100, np.random.default_rng(7)) + 0:
        best = index.nearest(query, passing if share < 1 else None, 20)
        assert best is not None
        expected = brute_force(vectors, query, passing, 20)
        missed += len(set(expected) - set(best.rows.tolist()))
        found += 20
        assert best.scores.tolist() == cosines(vectors, best.rows, query).tolist()
    assert 1 - missed / found >= 0.999


def test_the_index_leaves_it_to_the_scan_where_few_pass(
    many: tuple[Path, NDArray[np.float32]],
) -> None:
    passing = np.zeros(MANY, dtype=np.bool_)
    passing[:50] = True
    index = index_of(many)
    assert index.nearest(many[1][0], passing, 20) is None
    assert index.cost(20, 50) == float("inf")


def test_while_a_writer_works_the_index_cannot_be_had(
    many: tuple[Path, NDArray[np.float32]],
) -> None:
    index = index_of(many)
    with writer_lock(many[0]):
        assert index.nearest(many[1][0], None, 5) is None
    assert index.nearest(many[1][0], None, 5) is not None


def test_unpublished_work_and_newer_generations_are_not_searched(
    many: tuple[Path, NDArray[np.float32]],
) -> None:
    chroma_dir, vectors = many
    index = index_of(many)
    journal = chroma_dir / "journal"
    journal.mkdir()
    (journal / "1-1.change").touch()
    assert index.nearest(vectors[0], None, 5) is None
    (journal / "1-1.change").unlink()
    journal.rmdir()
    assert index.nearest(vectors[0], None, 5) is not None
    record = EncoderRecord("x", "x@1", DIMENSION)
    Manifest(Encoders(record, record), generation=2).write(chroma_dir)
    assert index.nearest(vectors[0], None, 5) is None
    Manifest(Encoders(record, record), generation=1).write(chroma_dir)


# --- all ways together ----------------------------------------------------------------------


def test_all_ways_find_the_same_pictures(chroma_dir: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for place in range(60):
        # Of the same likeness two are equally near, and an index may find either.
        told = " ".join(f"word{number}" for number in random.integers(0, 999, size=12))
        colour = (place * 4, 255 - place * 4, (place * 37) % 256)
        mood = "lovely" if place % 2 else "plain"
        save_picture(tmp_path / "posts" / f"{place}.png", colour, f"{mood} {told}")
    index_folder(chroma_dir, tmp_path / "posts")
    generation = Generation.open(chroma_dir)
    access = VectorAccess.open(generation)
    captions = access.captions
    mask = np.array(["lovely" in caption for caption in generation.captions])
    where = Filters(sentiments=frozenset({"positive"})).where()
    for row in (0, 17, 42):
        query = np.asarray(generation.caption_vectors[row])
        expected = brute_force(generation.caption_vectors, query, mask, 3)
        assert captions.exact.nearest(query, mask, 3).rows.tolist() == expected
        masked = captions.index.nearest(query, mask, 3)
        filtered = captions.index.nearest(query, None, 3, where)
        assert masked is not None
        assert filtered is not None
        assert masked.rows.tolist() == filtered.rows.tolist() == expected
        assert masked.scores.tolist() == filtered.scores.tolist()
    access.reader.close()


def test_a_small_gallery_and_a_narrow_filter_are_scanned(
    many: tuple[Path, NDArray[np.float32]], chroma_dir: Path, tmp_path: Path
) -> None:
    index_folder(chroma_dir, three_pictures(tmp_path / "posts"))
    access = VectorAccess.open(Generation.open(chroma_dir))
    access.images.nearest(np.eye(64, dtype=np.float32)[0], None, 2)
    assert not access.reader.is_open
    index = index_of(many)
    narrow = np.zeros(MANY, dtype=np.bool_)
    narrow[::1000] = True
    Access(ExactScan(many[1]), index).nearest(many[1][0], narrow, 10)
    assert not index.reader.is_open


def test_what_the_index_cannot_answer_is_scanned(many: tuple[Path, NDArray[np.float32]]) -> None:
    index = index_of(many)
    both = Access(ExactScan(many[1]), index)
    expected = brute_force(many[1], many[1][5], np.ones(MANY, dtype=np.bool_), 10)
    with writer_lock(many[0]):
        assert both.nearest(many[1][5], None, 10).rows.tolist() == expected


READING = """
import sys, time
from pathlib import Path
import numpy as np
from retrieval.access import VectorAccess
from retrieval.generation import Generation

chroma_dir, seconds = Path(sys.argv[1]), float(sys.argv[2])
ends = time.monotonic() + seconds
asked = answered = 0
while time.monotonic() < ends:
    access = VectorAccess.open(Generation.open(chroma_dir))
    for _ in range(20):
        found = access.images.index.nearest(np.eye(64, dtype=np.float32)[0], None, 5)
        asked += 1
        answered += found is not None
    access.reader.close()
print(asked, answered)
"""


def test_a_reader_of_chroma_survives_builds_beside_it(chroma_dir: Path, tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    index_folder(chroma_dir, three_pictures(posts))
    reader = subprocess.Popen(
        [sys.executable, "-c", READING, str(chroma_dir), "5"], stdout=subprocess.PIPE, text=True
    )
    ends = time.monotonic() + 5
    builds = 0
    while time.monotonic() < ends:
        save_picture(posts / f"{builds}.png", (builds % 256, 9, 9), f"wall {builds}")
        index_folder(chroma_dir, posts)
        builds += 1
        time.sleep(0.3)
    output, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    asked, answered = map(int, output.split())
    assert builds >= 2
    assert asked > answered > 0


def test_two_readers_share_the_lock_and_a_writer_waits_for_a_short_one(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        pass
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from retrieval.lock import reader_lock\n"
        "with reader_lock(Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(0.7)\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "held\n"
    with reader_lock(tmp_path):
        pass
    with writer_lock(tmp_path):
        assert reader.wait(timeout=5) == 0
    reader.stdout.close()
