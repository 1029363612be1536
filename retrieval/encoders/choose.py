"""Which encoder sees the pictures: CLIP where its weights can be had, else the packaged one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.encoders.clip_checkpoints import PRESETS, parse_checkpoint, remembered_config
from retrieval.encoders.clip_weights import cached_weights
from retrieval.encoders.hub import hub_is_reachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retrieval.encoders.base import ImageEncoder

AUTO, PACKAGED = "auto", "packaged"


def check_clip_value(value: str) -> None:
    """Refuse a `--clip` value of no known form, without loading anything.

    Raises:
        BadOption: lists the forms.
        WeightsUnavailable: the file or folder it names is not there.

    """
    if value not in (AUTO, PACKAGED):
        parse_checkpoint(value)


def choose_image_encoder(
    clip: str,
    *,
    cache_dir: Path,
    device: str = "auto",
    stored_spec: str | None = None,
    say: Callable[[str], None],
) -> ImageEncoder:
    """Choose by a `--clip` value; `auto` prefers the gallery's own encoder, then CLIP.

    Raises:
        BadOption: the value is of no known form, or open_clip does not know its names.

    """
    if clip == AUTO:
        clip = stored_spec or _best_to_be_had(cache_dir, say)
    return named_encoder(clip, cache_dir=cache_dir, device=device)


def named_encoder(spec: str, *, cache_dir: Path, device: str = "auto") -> ImageEncoder:
    """The encoder of this spec, and no other. Cheap; weights load at first use.

    Raises:
        BadOption: the spec is of no known form.

    """
    if spec == PACKAGED:
        from retrieval.encoders.packaged import PackagedEncoder

        return PackagedEncoder(cache_dir=cache_dir, device=device)
    from retrieval.encoders.clip import ClipEncoder

    return ClipEncoder(parse_checkpoint(spec), cache_dir=cache_dir, device=device)


def _best_to_be_had(cache_dir: Path, say: Callable[[str], None]) -> str:
    checkpoint = parse_checkpoint(PRESETS["default"])
    if cached_weights(remembered_config(checkpoint, cache_dir)):
        return checkpoint.spec
    if hub_is_reachable():
        say(f"fetching CLIP ({checkpoint.spec}, about 600 MB) once from the model hub")
        return checkpoint.spec
    say(
        "no CLIP weights here, and no model hub in reach: the packaged encoder sees the pictures. "
        "For CLIP: --rebuild --clip default where a hub is in reach, or --clip ARCHITECTURE=FILE"
    )
    return PACKAGED
