"""Where a checkpoint's weights lie: in a file or folder, the model hub's cache, or on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.encoders.hub import fetch_file, undamaged
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import WeightsUnavailable

if TYPE_CHECKING:
    from retrieval.encoders.clip_checkpoints import Checkpoint

_INSTEAD = (
    "give a local checkpoint: --clip ARCHITECTURE/TAG=FILE, or let the packaged encoder see the "
    "pictures: --clip packaged"
)


def weights_file(checkpoint: Checkpoint) -> Path:
    """The checkpoint's weights; a tag's are taken from the hub's cache or downloaded.

    Downloads show a progress bar, and go on where they were interrupted.

    Raises:
        WeightsUnavailable: they are not to be had, or are not what the hub says they are.

    """
    if checkpoint.file is not None:
        return checkpoint.file
    if checkpoint.folder is not None:
        return _folder_weights(checkpoint.folder)
    if cached := cached_weights(checkpoint):
        return undamaged(cached)
    # Not by open_clip's own function: it answers a break in one file by fetching another.
    what = f"the weights of {checkpoint.spec}"
    return undamaged(fetch_file(what, *_on_hub(checkpoint), instead=_INSTEAD))


def cached_weights(checkpoint: Checkpoint) -> Path | None:
    """A tag's weights in the hub's cache, without asking the network; None if not there."""
    from huggingface_hub import try_to_load_from_cache

    repository, names = _on_hub(checkpoint)
    for name in names:
        if isinstance(found := try_to_load_from_cache(repository, name), str):
            return Path(found)
    return None


def _on_hub(checkpoint: Checkpoint) -> tuple[str, list[str]]:
    """A tag's repository, and the names its weights may have there, open_clip's favourite first."""
    make_torchvision_importable()
    from open_clip.constants import HF_WEIGHTS_NAME
    from open_clip.pretrained import _get_safe_alternatives, get_pretrained_cfg

    place = get_pretrained_cfg(checkpoint.architecture, checkpoint.tag)["hf_hub"]
    repository, _, name = place.rpartition("/")
    name = name or HF_WEIGHTS_NAME
    return repository, [*_get_safe_alternatives(name), name]


def _folder_weights(folder: Path) -> Path:
    make_torchvision_importable()
    from open_clip.factory import _find_checkpoint_in_dir

    found = _find_checkpoint_in_dir(folder)  # the one that open_clip would load
    if found is None:
        raise WeightsUnavailable(f"{folder} holds no weights: no .safetensors, .bin or .pth file")
    return Path(found)
