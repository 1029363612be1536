"""Text queries in new processes, this program's and rclip's in turn, with the same CLIP model.

    python benchmarks/cold_query.py --rclip VENV/bin/rclip --clip ARCHITECTURE=FILE --pictures DIR

rclip has a virtual environment of its own and finds the model as ONNX in RCLIP_DATADIR. The
pictures are indexed by both first; then each answers in turn, and medians are compared.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUERY = "a dog on a beach"


def timed(command: list[str], folder: Path) -> float:
    """Seconds until the process has ended."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Index with both, then ask in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rclip", type=Path, required=True)
    parser.add_argument("--clip", required=True)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    here, pictures = Path(__file__).resolve().parents[1], arguments.pictures.resolve()
    rclip = str(arguments.rclip.absolute())
    with tempfile.TemporaryDirectory() as folder:
        gallery = ["--chroma-dir", str(Path(folder, "chroma_db"))]
        ours = [sys.executable, "-m", "retrieval.search", QUERY, "--json", *gallery]
        build = [sys.executable, "-m", "indexer", "build", str(pictures), "--clip", arguments.clip]
        print(f"built in {timed(build + gallery, here):.1f} s")
        print(f"rclip's first query, with indexing: {timed([rclip, QUERY], pictures):.1f} s")
        pairs = [
            (timed(ours, here), timed([rclip, "--no-indexing", QUERY], pictures))
            for _ in range(arguments.rounds)
        ]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"cold query: {mine:.2f} s, rclip {theirs:.2f} s, ratio {mine / theirs:.2f}")


if __name__ == "__main__":
    main()
