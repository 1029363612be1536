"""What a `--clip` value means.

To list every ARCHITECTURE/TAG: python -m retrieval.encoders.clip_checkpoints
"""

from __future__ import annotations

import difflib
import importlib.metadata
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import BadOption, WeightsUnavailable
from retrieval.files import expanded, write_atomically

PRESETS = {
    "default": "ViT-B-32-256/datacomp_s34b_b86k",
    "best": "ViT-B-16-SigLIP2/webli",
    "multilingual": "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k",
}

CONFIG = "open_clip_config.json"
_LOCAL_DIR = "local-dir:"  # open_clip's own prefix for a folder
_PATHLIKE = (_LOCAL_DIR, "/", "~", ".")  # no name of open_clip's begins like these
_PREPROCESSING = ("mean", "std", "interpolation", "resize_mode", "fill_color")
_NEEDED = ("embed_dim", "vision_cfg", "text_cfg")  # of a model config
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "*.bpe.model", "spiece.model", "vocab.*")


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
    repository: str = ""  # of a tag, on the model hub
    files: tuple[str, ...] = ()  # the names its weights may have there, open_clip's favourite first

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures that the model sees, in pixels."""
        side = self.model["vision_cfg"].get("image_size", 224)  # open_clip's default
        return (side, side) if isinstance(side, int) else tuple(side)


def parse_checkpoint(value: str) -> Checkpoint:
    """Read a `--clip` value by its form; whether open_clip knows the names is seen later.

    Raises:
        BadOption: it has none of the forms allowed; lists them.
        WeightsUnavailable: the file or folder it names is not there.

    """
    value = PRESETS.get(value, value)
    if value.startswith(_PATHLIKE) or (value and Path(value).exists()):
        return _local(value)
    model, equals, file = value.partition("=")
    architecture, slash, tag = model.partition("/")
    if equals and architecture and bool(slash) == bool(tag):
        path = _existing(file)
        if path.is_dir():
            raise BadOption(f"--clip {value}: {path} is a folder, not a weights file")
        return Checkpoint(f"{model}={path}", architecture, tag or None, path)
    if architecture and tag and "/" not in tag:
        return Checkpoint(value, architecture, tag)
    raise BadOption(
        f"unknown picture encoder {value!r}; choose auto, packaged, a preset "
        f"({', '.join(PRESETS)}), ARCHITECTURE/TAG as open_clip names them, "
        f"ARCHITECTURE=FILE, ARCHITECTURE/TAG=FILE, or a folder with {CONFIG}"
    )


def remembered_config(checkpoint: Checkpoint, cache_dir: Path) -> CheckpointConfig:
    """What `read_config` says, kept from the last time: asking open_clip means importing torch."""
    if checkpoint.folder is not None:
        return read_config(checkpoint)
    version = importlib.metadata.version("open_clip_torch")
    name = f"{checkpoint.architecture}-{checkpoint.tag or 'untagged'}-{version}.json"
    kept = cache_dir / "checkpoints" / re.sub(r"[^\w.-]+", "-", name)
    with suppress(OSError, ValueError, TypeError):
        return CheckpointConfig(**json.loads(kept.read_text("utf-8")))
    config = read_config(checkpoint)
    with suppress(OSError):  # a cache that cannot be written only costs time
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(asdict(config)).encode())
    return config


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
        **(_on_hub(pretrained[0]) if tag else {}),
    )


def _on_hub(pretrained: dict[str, Any]) -> dict[str, Any]:
    from open_clip.constants import HF_WEIGHTS_NAME
    from open_clip.pretrained import _get_safe_alternatives

    repository, _, name = pretrained["hf_hub"].rpartition("/")
    name = name or HF_WEIGHTS_NAME
    return {"repository": repository, "files": (*_get_safe_alternatives(name), name)}


def _existing(written: str) -> Path:
    # Absolute but not resolved: a link of the hub's cache has the suffix that tells the format.
    path = expanded(written).absolute()
    if not path.exists():
        raise WeightsUnavailable(f"there is no file or folder {path}; check --clip")
    return path


def _local(value: str) -> Checkpoint:
    path = _existing(value.removeprefix(_LOCAL_DIR))
    if path.is_dir():
        return Checkpoint(str(path), folder=path)
    raise BadOption(
        f"--clip {value}: say of which architecture these weights are, such as "
        f"--clip ViT-B-32-256={value}, or give a folder that holds them beside {CONFIG}"
    )


def _folder_config(folder: Path) -> CheckpointConfig:
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text("utf-8"))
        model, preprocessing = config["model_cfg"], config.get("preprocess_cfg") or {}
        lacking = [key for key in _NEEDED if key not in model]
        preprocessing = {k: preprocessing[k] for k in _PREPROCESSING if k in preprocessing}
    except FileNotFoundError:
        raise WeightsUnavailable(
            f"{folder} holds no {CONFIG}; a checkpoint's folder holds that file (model_cfg, "
            "preprocess_cfg) beside its weights, as open_clip saves them for the hub"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsUnavailable(f"{path} is not a config of open_clip's: {error!r}") from error
    if lacking:
        raise WeightsUnavailable(f"{path}: model_cfg lacks {', '.join(lacking)}")
    _check_tokenizer_is_there(folder, model["text_cfg"])
    return CheckpointConfig(model, preprocessing)


def _check_tokenizer_is_there(folder: Path, text: dict[str, Any]) -> None:
    """Now, since a build would not notice: only the first query would."""
    needed = text.get("hf_tokenizer_name")
    if needed and not any(any(folder.glob(pattern)) for pattern in _TOKENIZERS):
        raise WeightsUnavailable(
            f"{folder} holds no tokenizer (tokenizer.json or its like), which its {CONFIG} asks "
            f"for; copy it there from {needed}"
        )


def _unknown(what: str, name: str, known: list[str]) -> str:
    spelt = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), spelt, n=5)
    guess = f"; did you mean {', '.join(spelt[each] for each in near)}?" if near else "."
    return (
        f"open_clip knows no {what} {name!r}, nor is there a file or folder of that name{guess} "
        "To see all of them: python -m retrieval.encoders.clip_checkpoints"
    )


if __name__ == "__main__":
    make_torchvision_importable()
    from open_clip import list_pretrained

    print(*("/".join(pair) for pair in list_pretrained()), sep="\n")  # noqa: T201
