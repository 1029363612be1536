"""A checkpoint's network and tokenizer, as open_clip builds them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from retrieval.encoders.base import ZeroShot
from retrieval.encoders.hub import hub_is_reachable
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from retrieval.encoders.clip_checkpoints import Checkpoint, CheckpointConfig

Tower = Literal["encode_image", "encode_text"]  # methods of open_clip's models


def load_model(checkpoint: Checkpoint, config: CheckpointConfig, weights: Path) -> torch.nn.Module:
    """The whole model in float32 and eval mode: open_clip hands models out in train mode.

    Raises:
        WeightsUnavailable: they are not weights, or not this model's.

    """
    make_torchvision_importable()
    import open_clip

    _fetch_text_config(checkpoint, config)
    options: dict[str, Any] = {"require_pretrained": True}
    if checkpoint.folder is None:
        options |= {"pretrained": str(weights), "force_quick_gelu": config.quick_gelu}
    logging.disable(logging.WARNING)  # open_clip speaks through the root logger
    try:
        model: torch.nn.Module = open_clip.create_model(_name(checkpoint), **options)
    except Exception as error:  # whatever unpickling or fitting a foreign file runs into
        raise WeightsUnavailable(
            f"{weights} cannot be loaded as {checkpoint.spec}: {_why_not_loaded(error)}"
        ) from error
    finally:
        logging.disable(logging.NOTSET)
    return model.eval()


def learned_judgement(model: Any) -> ZeroShot:
    """What a model learned beside its towers: the scale of its cosines, and SigLIP's bias."""
    bias = getattr(model, "logit_bias", None)
    scale = float(model.logit_scale.detach().exp())
    return ZeroShot(scale, None if bias is None else float(bias.detach()))


def one_tower(model: Any, method: Tower) -> torch.nn.Module:
    """The part of a model behind `encode_image` or `encode_text`, as a module of its own."""
    import torch

    class OneTower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            vectors: torch.Tensor = getattr(self.model, method)(inputs)
            return vectors

    return OneTower().eval()


def load_tokenizer(
    checkpoint: Checkpoint, config: CheckpointConfig
) -> Callable[[list[str]], torch.Tensor]:
    """Texts in, token ids out: shape (len(texts), context length), int64.

    Raises:
        WeightsUnavailable: it is one from the model hub, and not to be had.

    """
    make_torchvision_importable()
    import open_clip

    needed = config.model["text_cfg"].get("hf_tokenizer_name")
    options = _only_local_where_offline() if needed else {}
    try:
        tokenizer: Callable[[list[str]], torch.Tensor] = open_clip.get_tokenizer(
            _name(checkpoint), **options
        )
    except (OSError, ValueError) as error:
        raise _not_at_hand(checkpoint, "tokenizer", needed, error) from error
    return tokenizer


def _name(checkpoint: Checkpoint) -> str:
    """The model as open_clip's functions want it named."""
    return f"local-dir:{checkpoint.folder}" if checkpoint.folder else str(checkpoint.architecture)


def _fetch_text_config(checkpoint: Checkpoint, config: CheckpointConfig) -> None:
    """Some text towers are built by transformers, after a configuration on the hub."""
    needed = config.model["text_cfg"].get("hf_model_name")
    if not needed:
        return
    from transformers import AutoConfig

    try:
        AutoConfig.from_pretrained(needed, **_only_local_where_offline())
    except (OSError, ValueError) as error:
        raise _not_at_hand(checkpoint, "text configuration", needed, error) from error


def _only_local_where_offline() -> dict[str, bool]:
    """For transformers, which else tries an unreachable hub again and again for half a minute."""
    return {"local_files_only": not hub_is_reachable()}


def _not_at_hand(
    checkpoint: Checkpoint, what: str, of: str, error: Exception
) -> WeightsUnavailable:
    return WeightsUnavailable(
        f"{checkpoint.spec} needs the {what} of {of}, which is neither here nor to be had from the "
        f"model hub ({_in_short(error)}); run once where the hub is in reach, or choose a "
        "checkpoint that needs none, such as default"
    )


def _why_not_loaded(error: Exception) -> str:
    if "weights_only" in str(error):  # torch's own advice is to run whatever the file holds
        return "it is not a state dict, as torch.save(model.state_dict(), path) writes one"
    return _in_short(error)


def _in_short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + " …"
