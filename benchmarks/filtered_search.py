"""What filtered vector search costs at 100,000 × 512, one core: our ways, Chroma's own, faiss.

    python benchmarks/filtered_search.py [VECTORS [FOLDER]]

Vectors lie in clusters, as those of real pictures do; every filter is asked with the same 200
queries for 20 neighbours. FOLDER keeps what is filled, for the next run. faiss is only needed
here: pip install faiss-cpu==1.15.1
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.gallery.chroma import IMAGES, ChromaReader, Collections
from retrieval.gallery.lock import writer_lock
from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest, read_manifest
from retrieval.search.nearest import Access, ChromaIndex, ExactScan
from retrieval.vectors import cosines

DIMENSION, CLUSTERS, NOISE, QUERIES, WARMING_UP, K = 512, 2_000, 0.4, 200, 20, 20
TOPICS = ("animals", "food", "sports", "people", "travel", "city", "home", "work")
FIRST, LAST = 1_300_000_000, 1_700_000_000
BATCH = 5_000

Filter = tuple[str, np.ndarray | None, dict[str, Any] | None]  # name, mask, Chroma's words
Find = Callable[[np.ndarray], np.ndarray]  # a query to the rows found


def clustered(count: int, random: np.random.Generator, centres: np.ndarray) -> np.ndarray:
    """Shape (count, DIMENSION): unit vectors around the centres."""
    vectors = centres[random.integers(len(centres), size=count)]
    vectors = vectors + NOISE * random.standard_normal(vectors.shape, dtype=np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def columns(count: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """What posts are filtered by: a number that shares are cut from, topics, dates."""
    return {
        "part": random.integers(0, 1_000, size=count),
        "topics": random.random((count, len(TOPICS))) < 0.12,
        "created_at": random.integers(FIRST, LAST, size=count),
    }


def filters(data: dict[str, np.ndarray]) -> list[Filter]:
    """The filters that are asked, from none to one that little passes."""
    found: list[Filter] = [("no filter", None, None)]
    for share in (500, 330, 50, 5):
        where = {"part": {"$lt": share}}
        found.append((f"{share / 10:g} %", data["part"] < share, where))
    any_of = [{"topics": {"$contains": name}} for name in TOPICS[:3]]
    found.append(("any of 3 topics", data["topics"][:, :3].any(axis=1), {"$or": any_of}))
    since = FIRST + int(0.02 * (LAST - FIRST))
    date_range = {"$and": [{"created_at": {"$gte": since}}, {"created_at": {"$lt": LAST}}]}
    found.append(("date range, 98 %", data["created_at"] >= since, date_range))
    return found


def fill(chroma_dir: Path, vectors: np.ndarray, data: dict[str, np.ndarray]) -> Manifest:
    """Write a collection as a build does."""
    record = EncoderRecord("generated", "generated@1", DIMENSION)
    manifest = Manifest(Encoders(record, record), generation=1)
    with writer_lock(chroma_dir):
        collections = Collections(chroma_dir, manifest.encoders)
        for start in range(0, len(vectors), BATCH):
            rows = range(start, min(start + BATCH, len(vectors)))
            collections.images.upsert(
                ids=[f"{row:07}" for row in rows],
                embeddings=[vectors[row] for row in rows],
                documents=["picture"] * len(rows),
                metadatas=[
                    {
                        "part": int(data["part"][row]),
                        "created_at": int(data["created_at"][row]),
                        "topics": [TOPICS[t] for t in np.flatnonzero(data["topics"][row])] or None,
                    }
                    for row in rows
                ],
            )
        collections.close()
        manifest.write(chroma_dir)
    return manifest


def measured(find: Find, queries: np.ndarray, truth: list[set[int]]) -> str:
    """Median and 95th percentile in milliseconds, and recall@20."""
    for query in queries[:WARMING_UP]:
        find(query)
    times, right = [], 0
    for query, expected in zip(queries, truth, strict=True):
        start = time.perf_counter()
        rows = find(query)
        times.append(time.perf_counter() - start)
        right += len(expected & set(rows.tolist()))
    p50, p95 = 1000 * np.quantile(times, [0.5, 0.95])
    return f"{p50:.1f} / {p95:.1f} / {right / sum(map(len, truth)):.3f}"


def main(count: int, folder: Path) -> None:
    """Print one row a filter."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((CLUSTERS, DIMENSION), dtype=np.float32)
    vectors, data = clustered(count, random, centres), columns(count, random)
    queries = clustered(QUERIES, random, centres)
    path = folder / "images.f32"
    vectors.tofile(path)
    mapped = np.memmap(path, dtype="<f4", mode="r").reshape(-1, DIMENSION)
    chroma_dir = folder / "chroma_db"
    if not (chroma_dir / "manifest.json").exists():
        started = time.monotonic()
        fill(chroma_dir, vectors, data)
        print(f"Chroma filled in {time.monotonic() - started:.0f} s", flush=True)
    reader = ChromaReader(chroma_dir, read_manifest(chroma_dir))
    index = ChromaIndex(mapped, [f"{row:07}" for row in range(count)], reader, IMAGES)
    started = time.monotonic()
    index.nearest(queries[0], None, K)
    print(f"Chroma opened in {time.monotonic() - started:.1f} s", flush=True)
    compare(mapped, index, filters(data), queries)
    reader.close()


def compare(
    vectors: np.ndarray, index: ChromaIndex, asked: list[Filter], queries: np.ndarray
) -> None:
    """Print the table."""
    exact, both = ExactScan(vectors), Access(ExactScan(vectors), index)
    others = faiss_indexes(vectors)
    print("p50 / p95 ms / recall@20")
    print(
        "| filter | passing | exact scan | index, masked | chosen | Chroma's where | "
        "faiss flat | faiss HNSW |"
    )
    for name, mask, where in asked:
        passing = np.ones(len(vectors), dtype=np.bool_) if mask is None else mask
        rows = np.flatnonzero(passing)
        truth = [
            set(rows[np.argsort(-cosines(vectors, rows, query), kind="stable")[:K]].tolist())
            for query in queries
        ]
        cells = [
            measured(lambda q, m=mask: exact.nearest(q, m, K).rows, queries, truth),
            masked_or_not(index, mask, queries, truth),
            measured(lambda q, m=mask: both.nearest(q, m, K).rows, queries, truth),
            measured(lambda q, w=where: rows_of(index.nearest(q, None, K, w)), queries, truth),
            *(of_faiss(each, mask, queries, truth) for each in others),
        ]
        print(f"| {name} | {len(rows):,} | " + " | ".join(cells) + " |", flush=True)


def faiss_indexes(vectors: np.ndarray) -> list[Any]:
    """An exact one and HNSW, as widely built and as closely searched as Chroma's."""
    import faiss

    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(DIMENSION)
    graph = faiss.IndexHNSWFlat(DIMENSION, 16, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = graph.hnsw.efSearch = 100
    for each in (flat, graph):
        each.add(np.ascontiguousarray(vectors))
    return [flat, graph]


def rows_of(found: Any) -> np.ndarray:
    """The rows of candidates; none where there are no candidates."""
    return np.empty(0, dtype=np.int64) if found is None else found.rows


def masked_or_not(
    index: ChromaIndex, mask: np.ndarray | None, queries: np.ndarray, truth: list[set[int]]
) -> str:
    """The index alone, where it does not give up."""
    if index.nearest(queries[0], mask, K) is None:
        return "left to the scan"
    return measured(lambda q: rows_of(index.nearest(q, mask, K)), queries, truth)


def of_faiss(
    index: Any, mask: np.ndarray | None, queries: np.ndarray, truth: list[set[int]]
) -> str:
    """A faiss index with its own way to filter."""
    import faiss

    options = None
    if mask is not None:
        selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        if isinstance(index, faiss.IndexHNSWFlat):
            options = faiss.SearchParametersHNSW(sel=selector, efSearch=index.hnsw.efSearch)
        else:
            options = faiss.SearchParameters(sel=selector)
    return measured(lambda q: index.search(q[None], K, params=options)[1][0], queries, truth)


if __name__ == "__main__":
    if find_spec("faiss") is None:
        sys.exit("there is no faiss to compare with: pip install faiss-cpu==1.15.1")
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        main(wanted, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(wanted, Path(temporary))
