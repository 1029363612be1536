"""The kinds of towers that the presets have, in small: do their exports give what torch gives?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from retrieval.encoders.clip import ClipEncoder
from retrieval.encoders.clip_checkpoints import parse_checkpoint
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from tests.clip_checkpoints import MODEL, PREPROCESSING

WORDS = ("<s>", "<pad>", "</s>", "<unk>", "a", "cat", "dog", "asleep")
TEXTS = ["a cat", "a dog asleep a a a cat", ""]


def save_tokenizer(folder: Path) -> None:
    """A tokenizer of whole words, in the format of transformers."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
    ).save_pretrained(str(folder))


def like_xlm_roberta(folder: Path) -> dict[str, Any]:
    """A text tower that transformers builds, as preset `multilingual` has it."""
    from transformers import XLMRobertaConfig

    XLMRobertaConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=90,
        pad_token_id=1,
    ).save_pretrained(str(folder / "text"))
    text = {"hf_model_name": str(folder / "text"), "hf_tokenizer_name": "its own"}
    return {**MODEL, "text_cfg": text}


def like_siglip2(folder: Path) -> dict[str, Any]:
    """A picture tower that timm builds and SigLIP's text tower, as preset `best` has them."""
    import open_clip

    config: dict[str, Any] = open_clip.get_model_config("ViT-B-16-SigLIP2")
    vision = {**config["vision_cfg"], "image_size": 160, "timm_model_name": "test_vit"}
    text = {**config["text_cfg"], "vocab_size": len(WORDS), "width": 64, "heads": 2, "layers": 1}
    return {**config, "embed_dim": 64, "vision_cfg": vision, "text_cfg": text}


@pytest.mark.slow
@pytest.mark.parametrize("config_of", [like_xlm_roberta, like_siglip2])
def test_the_export_gives_what_torch_gives(tmp_path: Path, config_of: Any) -> None:
    make_torchvision_importable()
    import open_clip
    import torch
    from safetensors.torch import save_file

    save_tokenizer(tmp_path)
    config = {"model_cfg": config_of(tmp_path), "preprocess_cfg": PREPROCESSING}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    name = f"local-dir:{tmp_path}"
    torch.manual_seed(0)
    model = open_clip.create_model(name, load_weights=False, pretrained_text=False).eval()
    save_file(model.state_dict(), tmp_path / "open_clip_model.safetensors")
    encoder = ClipEncoder(parse_checkpoint(str(tmp_path)), cache_dir=tmp_path, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 255, (2, 50, 70, 3), np.uint8)
    images = [Image.fromarray(each) for each in pixels]
    prepared = torch.from_numpy(np.stack([encoder.prepare(image) for image in images]))
    with torch.inference_mode():
        texts = model.encode_text(open_clip.get_tokenizer(name)(TEXTS), normalize=True).numpy()
        pictures = model.encode_image(prepared, normalize=True).numpy()
    assert encoder.encode_texts(TEXTS) == pytest.approx(texts, abs=1e-5)
    assert (encoder.encode_images(images) * pictures).sum(axis=1).min() > 0.999
