"""Lets open_clip and transformers import torchvision beside a torch without CUDA.

PyPI's torchvision is built against CUDA. Beside a CPU build of torch its C++ extension does not
load, and `import torchvision` fails with "operator torchvision::nms does not exist". Only
detection operators are affected, and nothing here needs them: declaring their signatures is
enough for the import. Beside a torch that fits, the extension is loaded and nothing is declared,
since declaring an operator twice is an error.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


_one_at_a_time = Lock()  # two encoders may be loaded side by side


def make_torchvision_importable() -> None:
    """Call before importing open_clip, transformers or sentence_transformers."""
    with _one_at_a_time:
        _declare_what_is_missing()


@cache
def _declare_what_is_missing() -> Any:
    """Returns the library that holds the declarations, kept alive by the cache.

    None where torchvision's own extension works.
    """
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None or _extension_loads(Path(spec.origin).parent):
        return None
    declarations = torch.library.Library("torchvision", "DEF")
    for operator in _OPERATORS:
        declarations.define(operator + _SIGNATURE)
    return declarations


def _extension_loads(package: Path) -> bool:
    """Whether the compiled part (`_C.so` in 0.28, `_C_stable.so` in 0.29) fits this torch."""
    import torch

    for extension in sorted([*package.glob("_C*.so"), *package.glob("_C*.pyd")]):
        try:
            torch.ops.load_library(str(extension))
        except OSError:
            continue
        return True
    return False
