"""The zero-shot path against open_clip's own, with a checkpoint that the tests save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from retrieval.encoders.base import ZeroShot
from retrieval.encoders.clip import ClipEncoder
from retrieval.encoders.clip_checkpoints import parse_checkpoint
from retrieval.labels.fusion import load_fusion
from retrieval.labels.picture_labels import TEMPLATES, PictureLabels, prompt_ensemble
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy


def test_the_scale_is_the_models_own_and_remembered(
    clip_encoder: ClipEncoder, clip_model: Any, clip_folder: Path, clip_cache: Path
) -> None:
    expected = ZeroShot(float(clip_model.logit_scale.detach().exp()), None)
    assert clip_encoder.judgement == expected
    again = ClipEncoder(parse_checkpoint(str(clip_folder)), cache_dir=clip_cache, device="cpu")
    again._load = None  # type: ignore[assignment, method-assign]
    assert again.judgement == expected


def test_prompt_ensembles_are_open_clips(clip_encoder: ClipEncoder, clip_model: Any) -> None:
    import open_clip

    names = ["a pet dog", "a plate of food", "a church"]
    reference = open_clip.build_zero_shot_classifier(
        clip_model, open_clip.get_tokenizer("ViT-B-32"), names, [t.format for t in TEMPLATES]
    )
    ours = prompt_ensemble(clip_encoder, names)
    np.testing.assert_allclose(ours, reference.detach().numpy().T, atol=1e-4)


def test_a_picture_is_judged_as_open_clip_would(clip_encoder: ClipEncoder, tmp_path: Path) -> None:
    taxonomy = load_taxonomy(DEFAULT_TOPICS)
    labels = PictureLabels(taxonomy, clip_encoder, load_fusion(), tmp_path)
    pictures = [Image.effect_noise((40, 40), sigma).convert("RGB") for sigma in (10, 200)]
    vectors = clip_encoder.encode_images(pictures)
    moods = labels.sentiment(vectors)
    topics = labels.topics(vectors)
    assert moods.shape == (2, 3)
    assert moods.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert topics.shape == (2, 14)
    assert ((topics > 0) & (topics < 1)).all()
    evidence = labels.topic_evidence(vectors)
    np.testing.assert_allclose(topics, 1 / (1 + np.exp(-evidence)), atol=1e-6)
