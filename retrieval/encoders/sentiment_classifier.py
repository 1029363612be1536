"""Caption sentiment by any transformers text classifier, from the hub or a folder."""

from __future__ import annotations

import re
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.captions import for_model
from retrieval.encoders.hub import fetch_folder
from retrieval.encoders.languages import trained_languages
from retrieval.encoders.networks import choose_runtime
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import sha256_of
from retrieval.errors import BadInput, WeightsUnavailable
from retrieval.files import expanded, real_path
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors

_BATCH = 32  # captions; of about one length, so little of a batch is padding
_LONGEST = 512  # tokens, where neither model nor tokenizer says less

_NEGATIVE, _NEUTRAL, _POSITIVE = range(len(SENTIMENTS))
_NAMES = {"negative": _NEGATIVE, "neg": _NEGATIVE, "neutral": _NEUTRAL, "neu": _NEUTRAL}
_NAMES |= {"positive": _POSITIVE, "pos": _POSITIVE}
_STARS = {1: _NEGATIVE, 2: _NEGATIVE, 3: _NEUTRAL, 4: _POSITIVE, 5: _POSITIVE}

# Of a model that knows two poles only: how far apart they have to be for a mood. A prior, with no
# truth to learn it from: such models are sure of everything, so it is wide.
_MARGIN = 0.6

_SETTINGS = ("*.json", "*.txt", "*.model")
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")  # the first that there is, is enough


class SentimentClassifier:
    """Reads what each class means from the model's own `id2label`: their order differs."""

    def __init__(self, spec: str, *, device: str = "auto") -> None:
        folder = expanded(spec)
        self.spec = str(real_path(folder)) if folder.is_dir() else spec
        self._device = device

    @cached_property
    def version(self) -> str:
        """The model's name, and a hash of its weights and of what its outputs mean."""
        folder = self._folder
        files = list(folder.glob("model*.safetensors")) or list(folder.glob("pytorch_model*.bin"))
        if not files:
            raise WeightsUnavailable(f"{folder} holds no weights of a transformers model")
        hashes = "".join(sha256_of(file) for file in sorted(files)) + repr(self._classes)
        return f"classifier:{Path(self.spec).name}@{sha256(hashes.encode()).hexdigest()[:12]}"

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """English alone, unless its family or its name says that it knows many."""
        return trained_languages(self._config.model_type, self.spec)

    @cached_property
    def note(self) -> str | None:
        """That neutral is a matter of thresholds, where it is."""
        if _NEUTRAL in self._classes:
            return None
        return (
            f"{self.spec} knows no neutral: captions count as neutral where its two poles are less "
            f"than {_MARGIN} apart, a threshold that is not calibrated"
        )

    def scores(self, captions: Sequence[str], vectors: Vectors) -> NDArray[np.float32]:  # noqa: ARG002
        """Shape (n, 3): its probabilities, summed by what its labels mean."""
        scores = np.zeros((len(captions), len(SENTIMENTS)), dtype=np.float32)
        texts = [for_model(caption) for caption in captions]
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(texts), _BATCH):
            rows = by_length[start : start + _BATCH]
            probabilities = self._probabilities([texts[row] for row in rows])
            for column, sentiment in enumerate(self._classes):
                scores[rows, sentiment] += probabilities[:, column]
        return scores if _NEUTRAL in self._classes else _with_neutral(scores)

    def _probabilities(self, texts: list[str]) -> NDArray[np.float32]:
        import torch

        tokenizer, model = self._model
        longest = min(tokenizer.model_max_length, self._longest)
        inputs = tokenizer(
            texts, padding=True, truncation=True, max_length=longest, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = model(**inputs.to(model.device)).logits.float()
        shares: NDArray[np.float32] = logits.softmax(dim=1).cpu().numpy()
        return shares

    @property
    def _longest(self) -> int:
        positions = getattr(self._config, "max_position_embeddings", None) or _LONGEST
        # RoBERTa's positions start behind its padding token.
        first = (self._config.pad_token_id or 0) + 1 if "roberta" in self._config.model_type else 0
        return int(positions) - first

    @cached_property
    def _classes(self) -> list[int]:
        """For every output of the model, what it speaks for.

        Raises:
            BadInput: its labels say nothing that is understood.

        """
        labels = [self._config.id2label[place] for place in range(len(self._config.id2label))]
        classes = [_meaning(label) for label in labels]
        known = [sentiment for sentiment in classes if sentiment is not None]
        if len(known) < len(labels) or not {_NEGATIVE, _POSITIVE} <= set(known):
            raise BadInput(
                f"{self.spec} has the labels {', '.join(labels)}, which do not say what is "
                "negative, neutral and positive (nor 1 to 5 stars); name them so in id2label of "
                "its config.json"
            )
        return known

    @cached_property
    def _folder(self) -> Path:
        """Where its files lie; those of the hub are downloaded once."""
        if Path(self.spec).is_dir():
            return Path(self.spec)
        instead = "choose head, vader, or a folder saved by transformers"
        for weights in _WEIGHTS:
            folder = fetch_folder(
                "sentiment model", self.spec, [*_SETTINGS, weights], instead=instead
            )
            if any(folder.glob(weights)):
                break
        return folder

    @cached_property
    def _config(self) -> Any:
        make_torchvision_importable()
        from transformers import AutoConfig

        try:
            return AutoConfig.from_pretrained(self._folder)
        except (OSError, ValueError) as error:
            raise WeightsUnavailable(
                f"{self._folder} is not a model saved by transformers: {error}"
            ) from error

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        _ = self._config  # first: it makes torchvision importable
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._folder)
            model, loading = AutoModelForSequenceClassification.from_pretrained(
                self._folder, dtype="float32", output_loading_info=True
            )
        except Exception as error:  # whatever reading a damaged file runs into
            raise WeightsUnavailable(f"{self.spec} cannot be loaded: {error}") from error
        if loading["missing_keys"]:  # transformers would fill them with noise
            raise WeightsUnavailable(
                f"{self.spec} is not a text classifier: its weights lack "
                f"{sorted(loading['missing_keys'])[0]}"
            )
        return tokenizer, model.eval().to(choose_runtime(self._device, exact=True).device)


def _meaning(label: str) -> int | None:
    if stars := re.search(r"([1-5]) ?stars?", label.lower()):
        return _STARS[int(stars.group(1))]
    found = {_NAMES[word] for word in re.findall("[a-z]+", label.lower()) if word in _NAMES}
    return found.pop() if len(found) == 1 else None


def _with_neutral(poles: NDArray[np.float32]) -> NDArray[np.float32]:
    """Neutral as likely as the stronger pole where the two are _MARGIN apart, and so on linearly.

    With m the difference of the poles, neutral's odds against the stronger one are
    (1 - |m|) / (1 - _MARGIN).
    """
    margin = np.abs(poles[:, _POSITIVE] - poles[:, _NEGATIVE])
    scores = poles.copy()
    scores[:, _NEUTRAL] = poles.max(axis=1) * (1 - margin) / (1 - _MARGIN)
    normalised: NDArray[np.float32] = scores / scores.sum(axis=1, keepdims=True)
    return normalised
