"""Caption sentiment by two logistic regressions on the sentence vector and VADER's features.

One was trained on sentences that describe a picture, the other on captions as people post them,
whose runs of characters it reads as well; a third, the gate, tells from the vector which kind a
caption is and mixes the two accordingly.
The weights in sentiment_head.json are made by `python -m training.sentiment`, which
writes their scores beside them; docs/models.md is their model card.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.errors import BadOption
from retrieval.labels.characters import character_runs
from retrieval.labels.vader import FEATURES, vader_features
from retrieval.records import SENTIMENTS
from retrieval.vectors import softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import CaptionEncoder, Vectors
    from retrieval.labels.base import Scores

HEAD_FILE = Path(__file__).with_name("sentiment_head.json")


class SentimentHead:
    """The default: it costs nothing on top of the vectors that are stored anyway."""

    spec = "head"
    languages = frozenset({"en"})
    note = None

    def __init__(self, encoder: CaptionEncoder) -> None:
        """Refuse vectors of another space than the one it was trained in.

        Raises:
            BadOption: the captions are encoded by another model.

        """
        if not self.fits(encoder):
            raise BadOption(
                f"the sentiment head reads vectors of {_fields()['encoder']}, and this "
                f"gallery's captions are encoded by {encoder.fingerprint}; choose "
                "--sentiment-model vader, or the name or folder of a transformers classifier"
            )

    @classmethod
    def fits(cls, encoder: CaptionEncoder) -> bool:
        """Whether the head was trained on this encoder's vectors."""
        return bool(encoder.fingerprint == _fields()["encoder"])

    @cached_property
    def version(self) -> str:
        """The head and the start of its file's SHA-256."""
        return f"head@{hashlib.sha256(HEAD_FILE.read_bytes()).hexdigest()[:12]}"

    def scores(self, captions: Sequence[str], vectors: Vectors) -> Scores:
        """Shape (n, 3): calibrated as docs/models.md reports."""
        inputs = np.hstack([vectors, self._standardised(vader_features(captions))])
        weights, bias = self._gate
        posted = 1 / (1 + np.exp(-(vectors @ weights + bias)))[:, None]
        runs = character_runs(captions) @ self._runs.T
        by_posted = softmax(self._logits("posted", inputs) + runs.astype(np.float32))
        by_described = softmax(self._logits("described", inputs))
        scores: Scores = posted * by_posted + (1 - posted) * by_described
        return scores.astype(np.float32)

    def _standardised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (features - self._means) / self._deviations
        return scaled

    def _logits(self, expert: str, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (n, 3): the expert's row of 384 + 4 weights a class, and its biases."""
        rows = [_fields()[expert][name] for name in SENTIMENTS]
        weights = np.array([row["weights"] for row in rows], dtype=np.float32)
        biases = np.array([row["bias"] for row in rows], dtype=np.float32)
        logits: NDArray[np.float32] = inputs @ weights.T + biases
        return logits

    @cached_property
    def _runs(self) -> NDArray[np.float64]:
        """Shape (3, BUCKETS): what runs of characters say to the second expert."""
        rows = [_fields()["posted"][name]["runs"] for name in SENTIMENTS]
        return np.array(rows, dtype=np.float64)

    @cached_property
    def _gate(self) -> tuple[NDArray[np.float32], float]:
        gate = _fields()["gate"]
        return np.array(gate["weights"], dtype=np.float32), float(gate["bias"])

    @cached_property
    def _means(self) -> NDArray[np.float32]:
        return np.array([_fields()["vader"][name]["mean"] for name in FEATURES], np.float32)

    @cached_property
    def _deviations(self) -> NDArray[np.float32]:
        return np.array([_fields()["vader"][name]["deviation"] for name in FEATURES], np.float32)


@cache
def _fields() -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(HEAD_FILE.read_text("utf-8"))
    return fields
