"""What a `--clip` value means, and where the weights it names lie."""

from __future__ import annotations

import difflib
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import checked
from retrieval.errors import BadOption, WeightsUnavailable

PRESETS = {
    "default": "ViT-B-32-256/datacomp_s34b_b86k",
    "best": "ViT-B-16-SigLIP2/webli",
    "multilingual": "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k",
}

_CONFIG = "open_clip_config.json"
_HUB_TIMEOUT = 3  # seconds; a build should not wait long to learn that it is offline
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PREPROCESSING = ("mean", "std", "interpolation", "resize_mode")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One trained CLIP model: an architecture, and where its weights and preprocessing come from.

    Either `folder` is set (its own config says everything), or `architecture` with a `tag` of
    open_clip's, a weights `file`, or both: then the file has the weights, the tag says how
    pictures are prepared for them.
    """

    spec: str  # how to ask for it again, from any working directory
    architecture: str | None = None
    tag: str | None = None
    file: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """What open_clip knows of a checkpoint without its weights."""

    model: dict[str, Any]  # open_clip's model config
    preprocessing: dict[str, Any]  # mean, std, interpolation, resize_mode; {}: open_clip's default
    quick_gelu: bool = False


def parse_checkpoint(value: str) -> Checkpoint:
    """Read a `--clip` value by its form; whether open_clip knows the names is seen later.

    Raises:
        BadOption: it has none of the forms allowed; lists them.

    """
    value = PRESETS.get(value, value)
    folder = Path(value.removeprefix("local-dir:")).expanduser()
    if value and folder.is_dir():
        return Checkpoint(str(folder.resolve()), folder=folder.resolve())
    model, equals, file = value.partition("=")
    architecture, slash, tag = model.partition("/")
    if equals and architecture and bool(slash) == bool(tag):
        path = Path(file).expanduser().resolve()
        if not path.is_file():
            raise BadOption(f"--clip {value}: there is no file {path}")
        return Checkpoint(f"{model}={path}", architecture, tag or None, path)
    if Path(value).is_file():
        raise BadOption(
            f"--clip {value}: say of which architecture these weights are, such as "
            f"--clip ViT-B-32-256={value}, or give a folder that holds them beside {_CONFIG}"
        )
    if architecture and tag and "/" not in tag:
        return Checkpoint(value, architecture, tag)
    raise BadOption(
        f"unknown picture encoder {value!r}; choose auto, packaged, a preset "
        f"({', '.join(PRESETS)}), ARCHITECTURE/TAG as open_clip names them, "
        f"ARCHITECTURE=FILE, ARCHITECTURE/TAG=FILE, or a folder with {_CONFIG}"
    )


def read_config(checkpoint: Checkpoint) -> CheckpointConfig:
    """Look up how the model is built and how pictures are prepared for it.

    Raises:
        BadOption: open_clip does not know the architecture or the tag, or a tag is needed.
        WeightsUnavailable: the folder's config is missing or broken.

    """
    if checkpoint.folder is not None:
        return _folder_config(checkpoint.folder)
    make_torchvision_importable()
    import open_clip

    architecture, tag = checkpoint.architecture or "", checkpoint.tag
    known = open_clip.list_models()
    if architecture not in known:
        raise BadOption(_unknown("architecture", architecture, known))
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag is not None and tag not in tags:
        raise BadOption(_unknown(f"tag of {architecture}", tag, tags))
    pretrained = [open_clip.get_pretrained_cfg(architecture, t) for t in ([tag] if tag else tags)]
    preprocessing = [{key: c[key] for key in _PREPROCESSING if key in c} for c in pretrained]
    if any(other != preprocessing[0] for other in preprocessing):
        raise BadOption(
            f"{architecture} weights differ in how pictures are prepared for them; say which these "
            f"are: --clip {architecture}/TAG=FILE, with a TAG of {', '.join(tags)}"
        )
    return CheckpointConfig(
        model=open_clip.get_model_config(architecture),
        preprocessing=preprocessing[0] if preprocessing else {},
        quick_gelu=bool(tag and pretrained[0].get("quick_gelu")),
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
    path = cached_weights(checkpoint) or _download(checkpoint)
    # The hub's cache links to a blob, which for a large file is named by its SHA-256.
    blob = path.parent / path.readlink() if path.is_symlink() else path
    if _SHA256.fullmatch(blob.name):
        checked(path, blob.name)
    return path


def cached_weights(checkpoint: Checkpoint) -> Path | None:
    """A tag's weights in the hub's cache, without asking the network; None if not there."""
    from huggingface_hub import try_to_load_from_cache

    repository, _, filename = _pretrained(checkpoint).get("hf_hub", "").rpartition("/")
    names = (
        [filename] if filename else ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
    )
    for name in names if repository else []:
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
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _download(checkpoint: Checkpoint) -> Path:
    if not hub_is_reachable():  # else the hub's library tries for a minute
        raise _not_downloaded(checkpoint, "no model hub can be reached")
    import open_clip

    try:
        return Path(open_clip.download_pretrained(_pretrained(checkpoint)))
    except (OSError, RuntimeError) as error:
        raise _not_downloaded(checkpoint, str(error).partition("\n")[0]) from error


def _not_downloaded(checkpoint: Checkpoint, reason: str) -> WeightsUnavailable:
    return WeightsUnavailable(
        f"the weights of {checkpoint.spec} cannot be downloaded: {reason}. Run this again where "
        "the model hub can be reached (a download goes on where it stopped), or give a local "
        "checkpoint: --clip ARCHITECTURE/TAG=FILE, or use --clip packaged"
    )


def _pretrained(checkpoint: Checkpoint) -> dict[str, Any]:
    make_torchvision_importable()
    import open_clip

    config: dict[str, Any] = open_clip.get_pretrained_cfg(checkpoint.architecture, checkpoint.tag)
    return config


def _folder_config(folder: Path) -> CheckpointConfig:
    path = folder / _CONFIG
    try:
        config = json.loads(path.read_text("utf-8"))
        preprocessing = config.get("preprocess_cfg", {})
        return CheckpointConfig(
            model=config["model_cfg"],
            preprocessing={k: preprocessing[k] for k in _PREPROCESSING if k in preprocessing},
        )
    except FileNotFoundError:
        raise WeightsUnavailable(
            f"{folder} holds no {_CONFIG}; a checkpoint's folder holds that file (model_cfg, "
            "preprocess_cfg) beside its weights, as open_clip saves them for the hub"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsUnavailable(f"{path} is not a config of open_clip's: {error!r}") from error


def _folder_weights(folder: Path) -> Path:
    make_torchvision_importable()
    from open_clip.factory import _find_checkpoint_in_dir

    found = _find_checkpoint_in_dir(folder)  # the one that open_clip would load
    if found is None:
        raise WeightsUnavailable(f"{folder} holds no weights: no .safetensors, .bin or .pth file")
    return Path(found)


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=5, cutoff=0.4) or sorted(known)[:5]
    return (
        f"open_clip knows no {what} {name!r}; did you mean {', '.join(near)}? All of them: "
        'python -c "import open_clip; print(open_clip.list_pretrained())"'
    )
