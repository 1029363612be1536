"""Where a checkpoint's weights lie: in a file or folder, the model hub's cache, or on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.encoders.hub import fetch_file, undamaged
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import WeightsUnavailable

if TYPE_CHECKING:
    from retrieval.encoders.clip_checkpoints import Checkpoint, CheckpointConfig

_INSTEAD = (
    "give a local checkpoint: --clip ARCHITECTURE/TAG=FILE, or let the packaged encoder see the "
    "pictures: --clip packaged"
)

_SUFFIXES = (".safetensors", ".bin", ".pth")  # that open_clip looks for


def weights_file(checkpoint: Checkpoint, config: CheckpointConfig, cache_dir: Path) -> Path:
    """The checkpoint's weights; a tag's are taken from the hub's cache or downloaded.

    Downloads show a progress bar, and go on where they were interrupted. `cache_dir` remembers
    which of the hub's files were found to be undamaged.

    Raises:
        WeightsUnavailable: they are not to be had, or are not what the hub says they are.

    """
    if checkpoint.file is not None:
        return checkpoint.file
    if checkpoint.folder is not None:
        return _folder_weights(checkpoint.folder)
    if cached := cached_weights(config):
        return undamaged(cached, cache_dir)
    # Not by open_clip's own function: it answers a break in one file by fetching another.
    what = f"the weights of {checkpoint.spec}"
    fetched = fetch_file(what, config.repository, config.files, instead=_INSTEAD)
    return undamaged(fetched, cache_dir)


def cached_weights(config: CheckpointConfig) -> Path | None:
    """A tag's weights in the hub's cache, without asking the network; None if not there."""
    from huggingface_hub import try_to_load_from_cache

    for name in config.files:
        if isinstance(found := try_to_load_from_cache(config.repository, name), str):
            return Path(found)
    return None


def _folder_weights(folder: Path) -> Path:
    there = [path for path in folder.iterdir() if path.suffix in _SUFFIXES]
    if len(there) == 1:
        return there[0]
    make_torchvision_importable()
    from open_clip.factory import _find_checkpoint_in_dir

    found = _find_checkpoint_in_dir(folder)  # the one that open_clip would load
    if found is None:
        raise WeightsUnavailable(f"{folder} holds no weights: no .safetensors, .bin or .pth file")
    return Path(found)
