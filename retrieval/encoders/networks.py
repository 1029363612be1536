"""Runs a neural network: exported once and run by OpenVINO on CPUs, by torch on accelerators.

Why an export: importing torch, transformers and open_clip takes 3–7 s and most of a gigabyte, and
OpenVINO runs the same network several times faster on CPUs (docs/benchmarks.md). After the first
use a query needs neither torch nor the libraries the network came from.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from retrieval.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    from numpy.typing import NDArray

Precision = Literal["f32", "bf16", "f16"]

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where a network runs and in which precision."""

    device: str  # "cpu", "cuda" or "mps"
    precision: Precision

    def __str__(self) -> str:
        place = f"{os.cpu_count()} CPU cores" if self.device == "cpu" else self.device.upper()
        return f"{place}, {self.precision}"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """How to build one network. `name` must change whenever its weights or code do."""

    name: str  # safe as a folder name
    build: Callable[[], torch.nn.Module]  # float32, in eval mode, on the CPU
    example: Callable[[], tuple[NDArray[Any], ...]]  # inputs of a typical shape, to trace with


class Network(Protocol):
    """A network ready to run."""

    def __call__(self, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return the network's single output for a batch."""


def choose_runtime(device: str = "auto", *, exact: bool = False) -> Runtime:
    """Choose the fastest device at hand, and half precision where the hardware has it.

    With `exact` the precision stays float32: for networks that are small enough and whose vectors
    should not depend on how a batch was put together.

    Raises:
        BadOption: the device is unknown or not on this machine.

    """
    if device not in DEVICES:
        raise BadOption(f"unknown device {device!r}; choose from {', '.join(DEVICES)}")
    device = _find_device(device)
    if exact:
        return Runtime(device, "f32")
    if device == "cpu":
        return Runtime("cpu", "bf16" if _cpu_has_bf16() else "f32")
    return Runtime(device, "bf16" if device == "cuda" else "f16")


def load_network(blueprint: Blueprint, runtime: Runtime, cache_dir: Path) -> Network:
    """Build the network, or take its export from `cache_dir` where an earlier run left it."""
    if runtime.device != "cpu":
        return _torch_network(blueprint.build(), runtime)
    export = cache_dir / "networks" / blueprint.name / "model.xml"
    if export.is_file() or (model := _export(blueprint, export)) == export:
        return _compiled_from(export, runtime)
    return _compiled(model, runtime)


def _find_device(device: str) -> str:
    if device == "cpu" or (device == "auto" and not _may_have_accelerator()):
        return "cpu"
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, there in present.items() if there), "cpu")
    if not present[device]:
        raise BadOption(f"this machine's torch finds no {device} device; use --device cpu or auto")
    return device


def _may_have_accelerator() -> bool:
    """Whether asking torch is worth the second that importing it takes."""
    drivers = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # NVIDIA, NVIDIA under WSL, AMD
    return (
        sys.platform == "darwin"
        or shutil.which("nvidia-smi") is not None
        or any(Path(driver).exists() for driver in drivers)
    )


def _openvino() -> Any:
    """OpenVINO, the only import of it.

    At import it looks up www.google-analytics.com, writes a client's id into the home folder and
    forks the process. Without the package that does so it takes a stub of its own.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def _openvino_core() -> Any:
    return _openvino().Core()


def _cpu_has_bf16() -> bool:
    return "BF16" in _openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


_one_export_at_a_time = threading.Lock()  # tracing is a state of the whole process


def _export(blueprint: Blueprint, path: Path) -> Any:
    """Convert the network and keep it at `path`; returns the path, or the model itself.

    The model itself where the cache cannot be written: the run goes on, only the next start pays
    again. Two processes may export at once: a rename decides, and both files are the same.
    """
    import torch

    openvino = _openvino()
    with _one_export_at_a_time, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing warns about every Python branch in the model
        model = openvino.convert_model(
            blueprint.build(), example_input=[torch.from_numpy(a) for a in blueprint.example()]
        )
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=path.parent.parent, prefix=".export-"))
    except OSError:
        return model
    try:
        openvino.save_model(model, draft / path.name, compress_to_fp16=False)
        draft.rename(path.parent)
    except (OSError, RuntimeError):
        shutil.rmtree(draft, ignore_errors=True)
    return path if path.is_file() else model


@cache  # two encoders can share a network; compiling takes a quarter of a second
def _compiled_from(export: Path, runtime: Runtime) -> Network:
    # What was compiled is kept beside the export, without the weights: half a megabyte that
    # saves half a second of a CLIP query.
    kept = {"CACHE_DIR": str(export.parent), "CACHE_MODE": "OPTIMIZE_SIZE"}
    try:
        return _compiled(export, runtime, kept)
    except RuntimeError:  # the cache is broken, or cannot be written: it only costs time
        return _compiled(export, runtime)


def _compiled(model: Any, runtime: Runtime, settings: Mapping[str, str] | None = None) -> Network:
    network = _openvino_core().compile_model(
        model, "CPU", {"INFERENCE_PRECISION_HINT": runtime.precision, **(settings or {})}
    )

    one_at_a_time = threading.Lock()  # a second thread would be refused; the cores are busy anyway

    def run(*inputs: NDArray[Any]) -> NDArray[np.float32]:
        with one_at_a_time:
            return np.array(network(list(inputs))[0], dtype=np.float32)

    return run


def _torch_network(module: torch.nn.Module, runtime: Runtime) -> Network:
    """Run by torch, with weights in the runtime's precision: never autocast, which copies them."""
    import torch

    dtype = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[runtime.precision]
    module = module.to(runtime.device, dtype)

    def run(*inputs: NDArray[Any]) -> NDArray[np.float32]:
        tensors = [torch.from_numpy(array).to(runtime.device) for array in inputs]
        tensors = [t.to(dtype) if t.is_floating_point() else t for t in tensors]
        with torch.inference_mode():
            output: NDArray[np.float32] = module(*tensors).float().cpu().numpy()
        return output

    return run
