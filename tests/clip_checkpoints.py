"""A CLIP small enough for tests, saved the way a user has one: a folder, or a weights file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from retrieval.encoders.torchvision_cure import make_torchvision_importable

MODEL = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
PREPROCESSING = {
    "mean": [0.4, 0.5, 0.6],
    "std": [0.2, 0.3, 0.4],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}


def save_checkpoint(folder: Path, seed: int = 0) -> Any:
    """Save a random model as a folder of open_clip's; returns the model, in eval mode."""
    make_torchvision_importable()
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    model = open_clip.CLIP(
        embed_dim=MODEL["embed_dim"],
        vision_cfg=open_clip.CLIPVisionCfg(**MODEL["vision_cfg"]),  # type: ignore[arg-type]
        text_cfg=open_clip.CLIPTextCfg(**MODEL["text_cfg"]),  # type: ignore[arg-type]
    )
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": MODEL, "preprocess_cfg": PREPROCESSING}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return model.eval()
