"""Makes the mean of captions' vectors anew, which pictures and queries are centred on.

    python -m training.caption_mean senticap_dataset.json > caption_mean.txt

prints the mean MiniLM vector of SentiCap's train captions, one number a line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.sources.senticap_file import read_sentences
from retrieval.cli import run
from retrieval.config import Settings
from retrieval.encoders.sentence import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Compute the mean from a SentiCap file and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m training.caption_mean", description="Print the mean of captions' vectors."
    )
    parser.add_argument("senticap", type=Path, metavar="FILE", help="senticap_dataset.json")
    arguments = parser.parse_args(argv)
    return run(lambda: _print_mean(arguments.senticap, Settings.from_environment().cache_dir))


def _print_mean(senticap: Path, cache_dir: Path) -> int:
    encoder = SentenceEncoder(cache_dir=cache_dir)
    captions = [each.caption for each in read_sentences(senticap) if each.split == "train"]
    mean = encoder.encode_texts(captions).mean(axis=0)
    sys.stdout.write(f"# mean of {len(captions)} SentiCap train captions, {encoder.fingerprint}\n")
    np.savetxt(sys.stdout, mean, fmt="%.8f")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
