"""How long `python -m indexer relabel` takes at 100,000 posts of generated vectors.

python benchmarks/relabel.py [POSTS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from indexer.journal import Change
from indexer.relabel import relabel
from indexer.writer import open_writer
from retrieval.config import Settings
from retrieval.encoders.packaged import PackagedEncoder
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.gallery.manifest import EncoderRecord, Encoders
from retrieval.labels.caption_topics import background_captions
from retrieval.labels.labeller import choose_labeller
from retrieval.labels.overrides import read_overrides, set_override
from retrieval.labels.taxonomy import DEFAULT_TOPICS
from retrieval.progress import Bar
from retrieval.records import Picture, Post

_BATCH = 5_000


def main(posts: int) -> None:
    """Fill a gallery, relabel it twice, print the times."""
    cache_dir = Settings.from_environment().cache_dir
    image, caption = PackagedEncoder(cache_dir=cache_dir), SentenceEncoder(cache_dir=cache_dir)
    with tempfile.TemporaryDirectory() as folder:
        chroma_dir = Path(folder)
        started = time.monotonic()
        _fill(chroma_dir, posts, image, caption)
        print(f"{posts:,} posts written in {time.monotonic() - started:.0f} s", flush=True)
        topics = chroma_dir / "topics.toml"
        text = DEFAULT_TOPICS.read_text("utf-8")
        topics.write_text(text.replace("a plate of food", "a plate with food"), "utf-8")
        before = read_overrides(chroma_dir).by_key
        report = relabel(chroma_dir, cache_dir, sentiment_model=None, topics=topics, progress=Bar())
        print(
            f"new topics: searchable after {report.seconds:.1f} s, in Chroma "
            f"{report.mirror_seconds:.1f} s later"
        )
        report = relabel(
            chroma_dir, cache_dir, sentiment_model="vader", topics=None, progress=Bar()
        )
        print(
            f"another sentiment model: searchable after {report.seconds:.1f} s, in Chroma "
            f"{report.mirror_seconds:.1f} s later"
        )
        assert read_overrides(chroma_dir).by_key == before
        print(f"{len(before)} corrections intact")


def _fill(chroma_dir: Path, posts: int, image: PackagedEncoder, caption: SentenceEncoder) -> None:
    """A post a picture, with real captions numbered so that each is its own, and noisy vectors."""
    random = np.random.default_rng(0)
    captions = background_captions()
    vectors = caption.encode_texts(captions)
    encoders = Encoders(EncoderRecord.of(image), EncoderRecord.of(caption))
    labeller = choose_labeller(
        None, None, None, image, caption, cache_dir=Settings.from_environment().cache_dir
    )
    with open_writer(chroma_dir, encoders, labeller, Bar(), rebuild=False) as writer:
        for start in range(0, posts, _BATCH):
            numbers = range(start, min(start + _BATCH, posts))
            places = random.integers(len(captions), size=len(numbers))
            noisy = _unit(vectors[places] + 0.02 * random.standard_normal((len(numbers), 384)))
            batch = [
                Post(f"p{n:07}", f"{n:032x}", "generated:", "/", f"{n}.jpg", captions[place])
                for n, place in zip(numbers, places, strict=True)
            ]
            readings = labeller.read([post.caption for post in batch], noisy)
            writer.write(
                Change(
                    pictures=[Picture(post.image_id, 640, 480) for post in batch],
                    image_vectors=list(_unit(random.standard_normal((len(numbers), 384)))),
                    posts=batch,
                    caption_vectors={p.post_id: v for p, v in zip(batch, noisy, strict=True)},
                    readings={p.post_id: r for p, r in zip(batch, readings, strict=True)},
                )
            )
        writer.publish()
        for post in batch[:100]:
            set_override(chroma_dir, post, sentiment="positive", topics=["animals"])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
