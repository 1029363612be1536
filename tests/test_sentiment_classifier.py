"""Transformers classifiers that the tests save themselves: tiny, real, and sure of three words."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders import hub
from retrieval.encoders.languages import trained_languages
from retrieval.encoders.sentiment_classifier import SentimentClassifier
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import BadInput, WeightsUnavailable
from retrieval.records import SENTIMENTS

pytestmark = pytest.mark.slow  # loads torch

NO_VECTORS = np.empty((0, 384), dtype=np.float32)
WORDS = ["bad", "table", "good"]  # one speaks for each class, in the order of SENTIMENTS
USUAL = ["negative", "neutral", "positive"]


def save_classifier(folder: Path, labels: list[str], words: list[str]) -> Path:
    """Save a BERT without layers, whose class vectors are its words' own: output i is words[i]."""
    make_torchvision_importable()
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "a", "the"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=16, max_position_embeddings=32, hidden_dropout_prob=0,
        id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    torch.manual_seed(0)
    model = BertForSequenceClassification(config)
    tokenizer = BertTokenizer(vocab=str(folder / "vocab.txt"))
    inputs = tokenizer(words, return_tensors="pt")
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        loss = model(**inputs, labels=torch.arange(len(words))).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("models") / "usual", USUAL, WORDS)


def sentiments(folder: Path, captions: list[str]) -> list[str]:
    scores = SentimentClassifier(str(folder), device="cpu").scores(captions, NO_VECTORS)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)
    return [SENTIMENTS[column] for column in scores.argmax(axis=1)]


def test_the_usual_order_of_labels(usual: Path) -> None:
    assert sentiments(usual, ["good", "bad", "table"]) == ["positive", "negative", "neutral"]


def test_the_reversed_order_of_labels(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "reversed", USUAL[::-1], WORDS[::-1])
    assert sentiments(folder, ["good", "bad", "table"]) == ["positive", "negative", "neutral"]


def test_stars_are_understood(tmp_path: Path) -> None:
    labels = ["1 star", "3 stars", "5 stars"]
    folder = save_classifier(tmp_path / "stars", labels, WORDS)
    assert sentiments(folder, ["good", "bad", "table"]) == ["positive", "negative", "neutral"]


def test_two_poles_get_a_neutral_and_it_is_said(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "poles", ["NEGATIVE", "POSITIVE"], ["bad", "good"])
    assert sentiments(folder, ["good", "bad"]) == ["positive", "negative"]
    assert "knows no neutral" in (SentimentClassifier(str(folder)).note or "")


@pytest.mark.parametrize(
    ("margin", "neutral_wins"), [(0.0, True), (0.55, True), (0.65, False), (1.0, False)]
)
def test_neutral_wins_where_the_poles_are_close(margin: float, neutral_wins: bool) -> None:
    from retrieval.encoders.sentiment_classifier import _with_neutral

    poles = np.array([[(1 - margin) / 2, 0, (1 + margin) / 2]], dtype=np.float32)
    scores = _with_neutral(poles)
    assert (scores[0].argmax() == 1) == neutral_wins
    assert scores.sum() == pytest.approx(1)


def test_labels_that_say_nothing_are_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "mute", ["LABEL_0", "LABEL_1", "LABEL_2"], WORDS)
    with pytest.raises(BadInput, match=r"the labels LABEL_0, LABEL_1, LABEL_2.*id2label"):
        sentiments(folder, ["good"])


def test_scores_do_not_depend_on_company_and_long_captions_are_cut(usual: Path) -> None:
    model = SentimentClassifier(str(usual), device="cpu")
    alone = model.scores(["a good table"], NO_VECTORS)
    captions = ["good " * 10_000, *(["bad the table"] * 40), "a good table"]
    together = model.scores(captions, NO_VECTORS)
    np.testing.assert_allclose(together[-1:], alone, atol=1e-5)
    assert model.scores([], NO_VECTORS).shape == (0, 3)


def test_other_weights_are_another_version(usual: Path, tmp_path: Path) -> None:
    other = save_classifier(tmp_path / "usual", USUAL[::-1], WORDS[::-1])
    versions = [SentimentClassifier(str(folder)).version for folder in (usual, usual, other)]
    assert versions[0] == versions[1] != versions[2]


def test_damaged_weights_are_said(usual: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(usual, tmp_path / "damaged"))
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsUnavailable, match="cannot be loaded"):
        sentiments(folder, ["good"])


def test_english_alone_unless_the_name_or_family_says_otherwise(usual: Path) -> None:
    assert SentimentClassifier(str(usual)).languages == frozenset({"en"})
    many = usual.rename(usual.with_name("multilingual"))
    assert SentimentClassifier(str(many)).languages is None
    many.rename(usual)


@pytest.mark.parametrize(
    ("family", "name", "many"),
    [
        ("xlm-roberta", "twitter-sentiment", True),
        ("bert", "some/bert-Multilingual-sentiment", True),
        ("deberta-v2", "some/mdeberta", True),
        ("bert", "some/bert", False),
    ],
)
def test_family_and_name_tell_which_languages_a_model_knows(
    family: str, name: str, many: bool
) -> None:
    assert trained_languages(family, name) == (None if many else {"en"})


def test_what_is_not_there_or_no_model_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "hub_is_reachable", lambda: False)
    with pytest.raises(WeightsUnavailable) as caught:
        _ = SentimentClassifier("no-such/model").version
    assert str(caught.value) == (
        "sentiment model 'no-such/model' is not a folder here, and cannot be fetched from the "
        "Hugging Face hub: it cannot be reached; run this again where it can (a download goes on "
        "where it stopped), or choose head, vader, or a folder saved by transformers"
    )
    with pytest.raises(WeightsUnavailable, match="holds no weights"):
        _ = SentimentClassifier(str(tmp_path)).version
