"""The ways to the nearest vectors: each against brute force, and against each other."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.gallery.chroma import IMAGES, ChromaReader, Collections, opened_for_reading
from retrieval.gallery.generation import Generation
from retrieval.gallery.lock import writer_lock
from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest
from retrieval.search.nearest import Access, ChromaIndex, ExactScan, VectorAccess
from retrieval.vectors import cosines
from tests.galleries import index_folder, save_picture, three_pictures

MANY, DIMENSION, CLUSTERS = 20_000, 64, 200  # more in a cluster than are asked for


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


@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.33, 0.45, 0.7, 1.0])
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


def test_more_equal_vectors_than_are_asked_for_are_all_looked_at() -> None:
    vectors = np.ones((5_000, 8), dtype=np.float32) / np.float32(8**0.5)
    passing = np.arange(5_000) % 3 == 1
    found = ExactScan(vectors).nearest(vectors[0], passing, 4)
    assert found.rows.tolist() == [1, 4, 7, 10]


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


RECORD = EncoderRecord("x", "x@1", DIMENSION)


def manifest(generation: int) -> Manifest:
    return Manifest(Encoders(RECORD, RECORD), generation=generation)


def write(chroma_dir: Path, vectors: NDArray[np.float32], generation: int) -> None:
    """Put the vectors into real Chroma and publish them, as a build does."""
    with writer_lock(chroma_dir):
        collections = Collections(chroma_dir, manifest(generation).encoders)
        for start in range(0, len(vectors), 5_000):
            part = vectors[start : start + 5_000]
            collections.images.upsert(
                ids=[f"{start + place:06}" for place in range(len(part))],
                embeddings=list(part),
                documents=["picture"] * len(part),
            )
        collections.close()
        manifest(generation).write(chroma_dir)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.float32]]:
    """20,000 records."""
    chroma_dir = tmp_path_factory.mktemp("many")
    vectors = clustered(MANY, np.random.default_rng(7))
    write(chroma_dir, vectors, generation=1)
    return chroma_dir, vectors


def index_of(many: tuple[Path, NDArray[np.float32]]) -> ChromaIndex:
    chroma_dir, vectors = many
    ids = [f"{row:06}" for row in range(len(vectors))]
    return ChromaIndex(vectors, ids, ChromaReader(chroma_dir, manifest(1)), IMAGES)


@pytest.mark.slow
@pytest.mark.parametrize("share", [1.0, 0.5, 0.33])
def test_the_index_misses_hardly_anything_among_clustered_vectors(
    many: tuple[Path, NDArray[np.float32]], share: float
) -> None:
    index, vectors = index_of(many), many[1]
    random = np.random.default_rng(3)
    passing = random.random(MANY) < share
    found = missed = 0
    for query in clustered(100, np.random.default_rng(7)):  # near the same centres
        best = index.nearest(query, passing if share < 1 else None, 20)
        assert best is not None
        expected = brute_force(vectors, query, passing, 20)
        missed += len(set(expected) - set(best.rows.tolist()))
        found += 20
        assert best.scores.tolist() == cosines(vectors, best.rows, query).tolist()
    assert 1 - missed / found >= 0.999


@pytest.mark.slow
def test_the_index_leaves_it_to_the_scan_where_few_pass(
    many: tuple[Path, NDArray[np.float32]],
) -> None:
    passing = np.zeros(MANY, dtype=np.bool_)
    passing[:50] = True
    index = index_of(many)
    assert index.nearest(many[1][0], passing, 20) is None
    assert index.cost(20, 50) == float("inf")


@pytest.mark.slow
def test_while_a_writer_works_the_index_cannot_be_had(
    many: tuple[Path, NDArray[np.float32]],
) -> None:
    index = index_of(many)
    with writer_lock(many[0]):
        assert index.nearest(many[1][0], None, 5) is None
    assert index.nearest(many[1][0], None, 5) is not None


@pytest.mark.slow
def test_what_an_interrupted_build_left_is_not_searched(
    many: tuple[Path, NDArray[np.float32]],
) -> None:
    index, journal = index_of(many), many[0] / "journal"
    assert index.nearest(many[1][0], None, 5) is not None
    with writer_lock(many[0]):
        journal.mkdir()
        (journal / "00000001-00000001.npz").touch()
    assert index.nearest(many[1][0], None, 5) is None
    with writer_lock(many[0]):
        shutil.rmtree(journal)
    assert index.nearest(many[1][0], None, 5) is not None


WRITING = """
import sys
from pathlib import Path
import numpy as np
from tests.test_nearest import write

write(Path(sys.argv[1]), np.load(sys.argv[2]), generation=2)
"""


@pytest.mark.slow
def test_what_another_process_publishes_is_opened_anew(tmp_path: Path) -> None:
    vectors = clustered(2_500, np.random.default_rng(2))
    write(tmp_path, vectors[:1_000], generation=1)
    before = ChromaReader(tmp_path, manifest(1))
    assert before.nearest(IMAGES, vectors[2_000], 1, None) != ["002000"]
    np.save(tmp_path / "vectors.npy", vectors)
    subprocess.run(
        [sys.executable, "-c", WRITING, str(tmp_path), str(tmp_path / "vectors.npy")], check=True
    )
    after = ChromaReader(tmp_path, manifest(2))  # while the other one is still open
    assert after.nearest(IMAGES, vectors[2_000], 1, None) == ["002000"]
    assert before.nearest(IMAGES, vectors[2_000], 1, None) is None
    with opened_for_reading(tmp_path, manifest(2).encoders) as client:
        assert client.get_collection(IMAGES).count() == 2_500
    assert after.nearest(IMAGES, vectors[2_000], 1, None) == ["002000"]
    after.close()


def test_a_writer_in_the_same_process_closes_what_was_open(tmp_path: Path) -> None:
    vectors = clustered(300, np.random.default_rng(2))
    write(tmp_path, vectors[:200], generation=1)
    before = ChromaReader(tmp_path, manifest(1))
    assert before.nearest(IMAGES, vectors[250], 1, None) != ["000250"]
    write(tmp_path, vectors, generation=2)
    assert not before.is_open
    after = ChromaReader(tmp_path, manifest(2))
    assert after.nearest(IMAGES, vectors[250], 1, None) == ["000250"]
    after.close()


def test_broken_files_are_tried_once_and_scanned_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = clustered(300, np.random.default_rng(2))
    write(tmp_path, vectors, generation=1)
    database = tmp_path / "chroma.sqlite3"
    whole = database.read_bytes()
    database.write_bytes(b"no database " * 1_000)
    index = index_of((tmp_path, vectors))
    assert index.nearest(vectors[7], None, 5) is None
    database.write_bytes(whole)
    assert index.nearest(vectors[7], None, 5) is None  # nobody has mended it yet
    write(tmp_path, vectors, generation=1)
    found = index.nearest(vectors[7], None, 5)
    assert found is not None
    assert found.rows[0] == 7
    index.reader.close()


def test_reading_creates_nothing(tmp_path: Path) -> None:
    write(tmp_path, clustered(20, np.random.default_rng(2)), generation=1)
    (tmp_path / "chroma.sqlite3").unlink()
    assert ChromaReader(tmp_path, manifest(1)).nearest(IMAGES, np.eye(64)[0], 1, None) is None
    assert not (tmp_path / "chroma.sqlite3").exists()
    assert ChromaReader(tmp_path / "none", manifest(1)).nearest(IMAGES, np.eye(64)[0], 1, None) is (
        None
    )
    assert not (tmp_path / "none").exists()


def test_another_encoders_collections_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path, clustered(20, np.random.default_rng(2)), generation=1)
    other = EncoderRecord("y", "y@1", DIMENSION)
    reader = ChromaReader(tmp_path, Manifest(Encoders(RECORD, other), generation=1))
    assert reader.nearest(IMAGES, np.eye(64)[0], 1, None) is None


# --- which way is taken -----------------------------------------------------------------------


def of_size(chroma_dir: Path, rows: int, dimension: int = 512) -> Access:
    """The ways to so many vectors that nobody has to hold."""
    vectors = np.broadcast_to(np.float32(0), (rows, dimension))
    reader = ChromaReader(chroma_dir, manifest(1))
    return Access(ExactScan(vectors), ChromaIndex(vectors, [], reader, IMAGES))


@pytest.mark.parametrize("passing", [0, 3, 36])
def test_small_galleries_are_always_scanned(tmp_path: Path, passing: int) -> None:
    access = of_size(tmp_path, 36)
    assert all(access.choose(passing, 200) is access.exact for _ in range(10_000))


@pytest.mark.parametrize(("rows", "passing"), [(100_000, 100_000), (5_000_000, 5_000)])
def test_a_scan_that_nobody_feels_is_never_replaced(
    tmp_path: Path, rows: int, passing: int
) -> None:
    access = of_size(tmp_path, rows)
    assert all(access.choose(passing, 200) is access.exact for _ in range(10_000))


def test_large_galleries_are_scanned_until_opening_the_index_would_have_paid(
    tmp_path: Path,
) -> None:
    access = of_size(tmp_path, 2_000_000)
    ways = [access.choose(2_000_000, 200) for _ in range(1_000)]
    assert ways[0] is access.exact
    assert ways[-1] is access.index
    scans = sum(way is access.exact for way in ways)
    assert scans * access.exact.cost(2_000_000) > access.index.opening_cost
    assert 20 < scans < 200
    assert access.choose(2_000, 200) is access.exact


@pytest.mark.slow
def test_an_open_index_is_used_at_once(many: tuple[Path, NDArray[np.float32]]) -> None:
    index = index_of(many)
    index.nearest(many[1][0], None, 5)
    access = of_size(many[0], 2_000_000)
    assert access.choose(2_000_000, 200) is access.index
    index.reader.close()
    assert access.choose(2_000_000, 200) is access.exact


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
    where = {"sentiment": {"$in": ["positive"]}}
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


@pytest.fixture
def index_is_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if scans took longer than anything."""
    monkeypatch.setattr(ExactScan, "cost", lambda self, passing: 1e12)


@pytest.mark.slow
@pytest.mark.usefixtures("index_is_best")
def test_the_chosen_way_is_taken(many: tuple[Path, NDArray[np.float32]]) -> None:
    both = Access(ExactScan(many[1]), index_of(many))
    everything = np.ones(MANY, dtype=np.bool_)
    found = both.nearest(many[1][5], everything, 10)
    assert both.index.reader.is_open
    assert found.rows.tolist() == brute_force(many[1], many[1][5], everything, 10)


@pytest.mark.slow
@pytest.mark.usefixtures("index_is_best")
def test_what_the_index_cannot_answer_is_scanned(many: tuple[Path, NDArray[np.float32]]) -> None:
    both = Access(ExactScan(many[1]), index_of(many))
    expected = brute_force(many[1], many[1][5], np.ones(MANY, dtype=np.bool_), 10)
    with writer_lock(many[0]):
        assert both.choose(MANY, 10) is both.index
        assert both.nearest(many[1][5], None, 10).rows.tolist() == expected


READING = """
import sys, time
from pathlib import Path
import numpy as np
from retrieval.search.nearest import VectorAccess
from retrieval.gallery.generation import Generation

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


@pytest.mark.slow
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
