"""How often captions find their own picture with the packaged encoder, and what a view costs.

    python benchmarks/packaged_encoder.py COCO_DIR

COCO_DIR holds annotations/captions_*.json and a folder of pictures for each of them. Every caption
is a query for its own picture among all pictures.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from retrieval.config import Settings
from retrieval.encoders.packaged import PackagedEncoder
from retrieval.pictures import decode, load_file


def read(folder: Path) -> tuple[list[Path], list[str], list[int]]:
    """The pictures, the captions, and each caption's row among the pictures."""
    pictures: list[Path] = []
    captions: list[str] = []
    owners: list[int] = []
    for file in sorted(folder.glob("annotations/captions_*.json")):
        annotations = json.loads(file.read_text("utf-8"))
        for image in annotations["images"]:
            own = [a for a in annotations["annotations"] if a["image_id"] == image["id"]]
            captions += [annotation["caption"] for annotation in own]
            owners += [len(pictures)] * len(own)
            pictures.append(folder / file.stem.partition("_")[2] / image["file_name"])
    return pictures, captions, owners


def main(folder: Path) -> None:
    """Print one row for each number of views."""
    paths, captions, owners = read(folder)
    images = [decode(load_file(path), PackagedEncoder.short_side).image for path in paths]
    print(f"{len(captions)} captions over {len(images)} pictures")
    print("views   R@1   R@5  R@10   MRR  pictures/s")
    for views in (2, 9):
        encoder = PackagedEncoder(cache_dir=Settings.from_environment().cache_dir, views=views)
        encoder.encode_images(images[:1])  # loads the network
        start = time.perf_counter()
        vectors = encoder.encode_images(images)
        rate = len(images) / (time.perf_counter() - start)
        similarities = encoder.encode_texts(captions) @ vectors.T
        own = similarities[np.arange(len(captions)), owners]
        ranks = 1 + (similarities > own[:, None]).sum(axis=1)
        recalls = "  ".join(f"{(ranks <= k).mean():.3f}" for k in (1, 5, 10))
        print(f"{views:5}  {recalls}  {(1 / ranks).mean():.3f}  {rate:10.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
