"""How fast the encoders' networks run: torch against their export, in both precisions.

    python benchmarks/runtimes.py [--threads 1]

Ratios to torch float32 in the same run are what counts; the machine decides the rest. The CLIP
tower has random weights, which take the same time as trained ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import openvino
import torch

from retrieval.config import Settings
from retrieval.encoders.packaged import PackagedEncoder
from retrieval.encoders.torchvision_cure import make_torchvision_importable


def seconds(run: Callable[[], Any]) -> float:
    """The best of five runs, after one to warm up."""
    run()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def clip_tower() -> torch.nn.Module:
    """The picture tower of ViT-B-32-256, untrained."""
    make_torchvision_importable()
    import open_clip

    model: torch.nn.Module = open_clip.create_model("ViT-B-32-256").visual
    return model.eval()


def measure(name: str, module: torch.nn.Module, inputs: np.ndarray, threads: int) -> None:
    """Print a row for each way to run a network."""
    tensor = torch.from_numpy(inputs)
    with torch.no_grad():
        model = openvino.convert_model(module, example_input=tensor)
    rows: dict[str, Callable[[], Any]] = {"torch f32": lambda: module(tensor)}
    for precision in ("f32", "bf16"):
        hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
        compiled = openvino.Core().compile_model(model, "CPU", hints)
        rows[f"export {precision}"] = lambda compiled=compiled: compiled(inputs)
    with torch.inference_mode():
        base = seconds(rows["torch f32"])
        timings = {label: seconds(run) for label, run in rows.items()}
        half = module.bfloat16()
        timings["torch bf16"] = seconds(lambda: half(tensor.bfloat16()))
    for label, taken in timings.items():
        print(f"{name:20} {label:12} {len(inputs) / taken:7.1f}/s  {base / taken:5.1f}x")


def main() -> None:
    """Measure the networks that see pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    generator = np.random.default_rng(0)
    encoder = PackagedEncoder(cache_dir=Settings.from_environment().cache_dir)
    views = generator.normal(size=(8, 3, 260, 260)).astype(np.float32)
    measure("EfficientNet-Lite2", encoder._blueprint.build(), views, threads)
    measure("ViT-B-32-256", clip_tower(), views[..., :256, :256].copy(), threads)


if __name__ == "__main__":
    main()
