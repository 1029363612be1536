"""Measures how much pictures could add to captions' sentiment on SentiCap, if read perfectly.

    python -m training.sentiment_bound --senticap senticap_dataset.json

reads SentiCap's test split with the shipped sentiment head, and writes senticap_bound.json beside
the evaluation, whose reports quote it. No picture is opened: what people said of a picture stands
in for a reader of pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.cli import run
from retrieval.config import Settings
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.evaluate.arms import arm, contrast
from retrieval.evaluate.bounds import (
    SENTICAP_FILE,
    WEIGHTS,
    as_scores,
    by_weight,
    changed,
    commonest_sentiments,
    pictures_alone,
)
from retrieval.evaluate.metrics import accuracy, confusion_counts, macro_f1
from retrieval.evaluate.statistics import RESAMPLES, SEED, resamples, summed_by_picture
from retrieval.labels.fusion import load_fusion
from retrieval.labels.scores import sentiment_codes
from retrieval.labels.sentiment_head import SentimentHead
from training.sentiment_texts import read_senticap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.evaluate.results import MeasureName, SenticapBound
    from retrieval.evaluate.statistics import Counts, Measure
    from retrieval.labels.scores import Scores


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m training.sentiment_bound",
        description="Measure what a perfect reader of pictures would add to captions' sentiment.",
    )
    parser.add_argument("--senticap", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args(argv)
    return run(lambda: _measure(arguments.senticap, Settings.from_environment()))


def _measure(senticap: Path, settings: Settings) -> int:
    texts = [text for text in read_senticap(senticap) if text.split == "test"]
    captions = [text.text for text in texts]
    encoder = SentenceEncoder(cache_dir=settings.cache_dir)
    head = SentimentHead(encoder)
    scores = head.scores(captions, encoder.encode_texts(captions))
    truth = np.array([text.label for text in texts], dtype=np.int8)
    pictures = np.array([text.picture for text in texts], dtype=np.int64)
    found = bound(truth, pictures, scores, head.version)
    text = json.dumps(found, indent=1) + "\n"
    SENTICAP_FILE.write_text(text, "utf-8")
    sys.stdout.write(f"{text}wrote {SENTICAP_FILE}\n")
    return 0


def bound(truth: Any, pictures: Any, caption: Scores, head: str) -> SenticapBound:
    """Captions alone, with the picture's commonest sentiment, and with its other captions'."""
    fusion = load_fusion()
    known = commonest_sentiments(truth, pictures)
    sure = pictures_alone(truth, pictures)
    image = as_scores(known, sure)
    others = as_scores(commonest_sentiments(truth, pictures, of_others=True), sure)
    fused = {
        "captions": caption,
        "known": fusion.fused_sentiment(caption, image),
        "others": fusion.fused_sentiment(caption, others),
    }

    def counts(scores: Scores) -> Counts:
        return summed_by_picture(pictures, confusion_counts(truth, sentiment_codes(scores)))

    draws = resamples(len(np.unique(pictures)))
    measures: dict[MeasureName, Measure] = {"macro_f1": macro_f1, "accuracy": accuracy}
    reached = by_weight(fusion, truth, caption, image)
    best = int(np.argmax(reached))
    of_captions = counts(caption)
    return {
        "made_by": "python -m training.sentiment_bound --senticap senticap_dataset.json",
        "data": "SentiCap, test split: two polarities",
        "sentiment_by": head,
        "seed": SEED,
        "resamples": RESAMPLES,
        "posts": len(truth),
        "pictures": len(draws[0]),
        "pictures_alone": sure,
        "weight": fusion.sentiment[1],
        "changed": changed(caption, fused["known"]),
        "arms": {name: arm("bound", counts(each), measures, draws) for name, each in fused.items()},
        "contrasts": {
            name: contrast(counts(fused[name]), of_captions, macro_f1, draws)
            for name in ("known", "others")
        },
        "best": {"weight": WEIGHTS[best], "macro_f1": float(reached[best])},
    }


if __name__ == "__main__":
    raise SystemExit(main())
