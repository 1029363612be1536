"""What a question costs: a cold `ask` on a small gallery, and warm turns on a large one.

    python benchmarks/ask.py CHROMA_DIR [POSTS]

Cold: new processes on the gallery CHROMA_DIR, the first of which only fills the disk's cache; how
much of that is imports is told apart. Warm: one conversation after the other, without a language
model, on a gallery of POSTS (default 100,000) generated posts of real captions with noisy vectors.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from chat_app.agent import build_agent
from chat_app.turn import Assistant, Turn
from retrieval.config import Settings
from retrieval.encoders.packaged import PackagedEncoder
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.gallery.generation import Contents, write_generation
from retrieval.gallery.lock import writer_lock
from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest
from retrieval.labels.caption_topics import background_captions
from retrieval.labels.labeller import choose_labeller
from retrieval.records import Picture, Post
from retrieval.search.reader import Reader
from retrieval.search.searcher import Searcher

TODAY = date(2024, 9, 15)
CONVERSATION = (
    "happy posts about food since 2019",
    "only the ones from last year",
    "how many are there?",
    "what about dogs?",
    "show the second",
    "similar to the first",
    "how many posts per year?",
    "am I happier in 2019 or in 2021?",
    "how many posts mention coffee?",
    "a cat asleep on a chair",
)
IMPORTS = "import chat_app.agent, chat_app.turn, retrieval.search.reader"
COLD = 5  # runs
FIRST, LAST = 1_262_304_000, 1_725_148_800  # 2010 to September 2024


def cold(chroma_dir: Path) -> None:
    """Whole processes, and the imports of one alone."""
    for name, command in (
        ("whole command", ["-m", "chat_app", "ask", "a cat asleep", "--chroma-dir", chroma_dir]),
        ("imports alone", ["-c", IMPORTS]),
    ):
        times = []
        for _ in range(COLD + 1):
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL
            )
            times.append(time.perf_counter() - started)
        print(f"cold {name}: median {np.median(times[1:]):.2f} s, most {max(times[1:]):.2f} s")


def generated(chroma_dir: Path, count: int) -> None:
    """A published gallery of posts with real captions, each of its own picture."""
    cache_dir = Settings.from_environment().cache_dir
    image, caption = PackagedEncoder(cache_dir=cache_dir), SentenceEncoder(cache_dir=cache_dir)
    labeller = choose_labeller(None, None, None, image, caption, cache_dir=cache_dir)
    random = np.random.default_rng(0)
    texts = background_captions()
    vectors, readings = (
        caption.encode_texts(texts),
        labeller.read(texts, caption.encode_texts(texts)),
    )
    places = random.integers(len(texts), size=count)
    captions = noisy(vectors[places], random)
    pictures = noisy(vectors[random.integers(len(texts), size=count)], random)
    dates = random.integers(FIRST, LAST, size=count)
    posts = [
        Post(f"p{n:07}", f"{n:032x}", "generated:", "/", f"{n}.jpg", texts[place], int(when))
        for n, (place, when) in enumerate(zip(places, dates, strict=True))
    ]
    read = [readings[place] for place in places]
    labels = labeller.label(
        [post.caption for post in posts], read, captions, pictures, np.arange(count),
        [None] * count, np.empty((0, captions.shape[1]), np.float32),
    )  # fmt: skip
    ids = [post.post_id for post in posts]
    contents = Contents(
        posts=dict(zip(ids, posts, strict=True)),
        pictures={post.image_id: Picture(post.image_id, 640, 480) for post in posts},
        files=[],
        image_vectors={post.image_id: v for post, v in zip(posts, pictures, strict=True)},
        caption_vectors=dict(zip(ids, captions, strict=True)),
        description_vectors={},
        readings=dict(zip(ids, read, strict=True)),
    )
    encoders = Encoders(EncoderRecord.of(image), EncoderRecord.of(caption))
    with writer_lock(chroma_dir):
        write_generation(chroma_dir, 1, contents, labels)
        manifest = Manifest(encoders, 1, int(LAST), count, count, labels=labeller.record)
        manifest.write(chroma_dir)


def noisy(vectors: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Unit vectors near the given ones."""
    moved = vectors + 0.02 * random.standard_normal(vectors.shape, dtype=np.float32)
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


async def conversation(assistant: Assistant, searcher: Searcher) -> list[tuple[str, float]]:
    """Every question with the seconds that its turn took."""
    turns: list[Turn] = []
    times = []
    for question in CONVERSATION:
        started = time.perf_counter()
        events = [event async for event in assistant.ask(question, searcher, TODAY, turns)]
        times.append((question, time.perf_counter() - started))
        assert isinstance(events[-1], Turn)
        turns.append(events[-1])
    return times


def warm(count: int) -> None:
    """Turns of conversations on a large gallery."""
    with tempfile.TemporaryDirectory() as folder:
        chroma_dir = Path(folder) / "chroma_db"
        generated(chroma_dir, count)
        searcher = Reader(chroma_dir, Settings.from_environment().cache_dir).searcher()
        assistant = Assistant(build_agent())
        with asyncio.Runner() as runner:
            runner.run(conversation(assistant, searcher))
            before = memory()
            rounds = [runner.run(conversation(assistant, searcher)) for _ in range(20)]
        times = np.array([[seconds for _, seconds in each] for each in rounds])
        print(f"warm, {count:,} posts: p50 {1000 * np.median(times):.0f} ms, "
              f"p95 {1000 * np.quantile(times, 0.95):.0f} ms a turn")  # fmt: skip
        for question, seconds in zip(CONVERSATION, np.median(times, axis=0), strict=True):
            print(f"    {1000 * seconds:5.0f} ms  {question}")
        print(f"{times.size} turns: memory grew by {memory() - before:.0f} MB")


def memory() -> float:
    """The most that this process ever had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(chroma_dir: Path, count: int) -> None:
    """Print all of it."""
    print(f"{os.cpu_count()} cores")
    cold(chroma_dir)
    warm(count)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
