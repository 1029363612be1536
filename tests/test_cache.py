from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.cache import cached_arrays


def made(cache_dir: Path, number: float, *key: str) -> float:
    arrays = cached_arrays(
        cache_dir, ("numbers", *key), lambda: {"one": np.array([number], np.float32)}
    )
    return float(arrays["one"][0])


def test_arrays_are_made_once_a_key(tmp_path: Path) -> None:
    assert made(tmp_path, 1, "a") == 1
    assert made(tmp_path, 2, "a") == 1
    assert made(tmp_path, 2, "b") == 2


@pytest.mark.parametrize("length", [0, 3, 100, -1])
def test_a_damaged_cache_is_made_again(tmp_path: Path, length: int) -> None:
    made(tmp_path, 1, "a")
    [path] = (tmp_path / "labels").glob("numbers-*.npz")
    path.write_bytes(path.read_bytes()[:length])
    assert made(tmp_path, 2, "a") == 2
    assert made(tmp_path, 3, "a") == 2


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a file where the folder should be")
    assert made(tmp_path, 1, "a") == 1
    assert made(tmp_path, 2, "a") == 2
