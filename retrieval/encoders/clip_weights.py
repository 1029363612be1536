"""Where a checkpoint's weights lie: in a file or folder, the model hub's cache, or on the hub."""

from __future__ import annotations

import http.client
import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import sha256_of
from retrieval.errors import WeightsUnavailable

if TYPE_CHECKING:
    from retrieval.encoders.clip_checkpoints import Checkpoint

_HUB_TIMEOUT = 3  # seconds; a build should not wait long to learn that it is offline
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    path = cached_weights(checkpoint) or _download(checkpoint)
    # The hub's cache links to a blob, which for a large file is named by its SHA-256.
    blob = path.parent / path.readlink() if path.is_symlink() else path
    if _SHA256.fullmatch(blob.name) and sha256_of(path) != blob.name:
        raise WeightsUnavailable(
            f"{blob.resolve()} is damaged: its content is not what the hub has under "
            f"{checkpoint.spec}; delete it and run again"
        )
    return path


def cached_weights(checkpoint: Checkpoint) -> Path | None:
    """A tag's weights in the hub's cache, without asking the network; None if not there."""
    from huggingface_hub import try_to_load_from_cache

    repository, names = _on_hub(checkpoint)
    for name in names:
        if isinstance(found := try_to_load_from_cache(repository, name), str):
            return Path(found)
    return None


def hub_is_reachable() -> bool:
    """Whether the model hub answers, within a few seconds; never when told to stay offline."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 https or the user's own endpoint
    try:
        with urllib.request.urlopen(request, timeout=_HUB_TIMEOUT):  # noqa: S310
            return True
    except (OSError, ValueError, http.client.HTTPException):  # URLError is an OSError
        return False


def _download(checkpoint: Checkpoint) -> Path:
    """Not by open_clip's own function: it answers a break in one file by fetching another."""
    if not hub_is_reachable():  # else the hub's library tries for a minute
        raise _not_downloaded(checkpoint, "no model hub can be reached")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    repository, names = _on_hub(checkpoint)
    for name in names:
        try:
            return Path(hf_hub_download(repository, name))
        except RemoteEntryNotFoundError:
            continue
        except Exception as error:  # the hub's, the disk's, or of httpx or httpx2 by version
            raise _not_downloaded(checkpoint, str(error).partition("\n")[0]) from error
    raise _not_downloaded(checkpoint, f"{repository} has none of {', '.join(names)}")


def _not_downloaded(checkpoint: Checkpoint, reason: str) -> WeightsUnavailable:
    return WeightsUnavailable(
        f"the weights of {checkpoint.spec} cannot be downloaded: {reason}. Run this again where "
        "the model hub can be reached (a download goes on where it stopped), or give a local "
        "checkpoint: --clip ARCHITECTURE/TAG=FILE, or use --clip packaged"
    )


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
