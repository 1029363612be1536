"""The mean of many captions' vectors, which pictures and queries are centred on.

Every caption shares a large part of its vector with every other ("this is an English caption").
Subtracting the mean leaves what a caption is about. The numbers in caption_mean.txt are the mean
MiniLM vector of SentiCap's train captions; to make them again:

    python -m retrieval.encoders.caption_mean senticap_dataset.json > caption_mean.txt
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILE = Path(__file__).with_suffix(".txt")


@cache
def caption_mean() -> NDArray[np.float32]:
    """Shape (384,), float32: the mean of unit vectors, shorter than 1 itself."""
    return np.loadtxt(_FILE, dtype=np.float32)


def main(argv: list[str]) -> int:
    """Compute the mean from a SentiCap file and print it, one number a line."""
    from retrieval.config import Settings
    from retrieval.encoders.sentence import SentenceEncoder

    encoder = SentenceEncoder(cache_dir=Settings.from_environment().cache_dir)
    images = json.loads(Path(argv[0]).read_text("utf-8"))["images"]
    captions = [s["raw"] for i in images if i["split"] == "train" for s in i["sentences"]]
    print(f"# mean of {len(captions)} SentiCap train captions, {encoder.fingerprint}")  # noqa: T201
    np.savetxt(sys.stdout, encoder.encode_texts(captions).mean(axis=0), fmt="%.8f")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
