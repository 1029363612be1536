from __future__ import annotations

import hashlib
import os
from pathlib import Path
from unittest import mock

import pytest

from retrieval.encoders import weights
from retrieval.encoders.weights import sha256_of

LONG_AGO = 1_600_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write(path, b"first")
    return path


def write(path: Path, content: bytes, seconds: int = LONG_AGO) -> None:
    path.write_bytes(content)
    os.utime(path, (seconds, seconds))


def in_another_process(path: Path, cache_dir: Path) -> tuple[str, int]:
    """The hash, and how often the file was read for it."""
    sha256_of.cache_clear()
    with mock.patch.object(weights, "_digest", wraps=weights._digest) as read:
        return sha256_of(path, cache_dir), read.call_count


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_weights_are_read_once_and_again_when_they_changed(file: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert in_another_process(file, cache) == (sha(b"first"), 1)
    assert in_another_process(file, cache) == (sha(b"first"), 0)
    write(file, b"other", LONG_AGO + 1)  # of the same length
    assert in_another_process(file, cache) == (sha(b"other"), 1)
    assert in_another_process(file, cache) == (sha(b"other"), 0)
    write(file.with_name("replacement"), b"third", LONG_AGO + 1)
    file.with_name("replacement").replace(file)  # of the same length and age
    assert in_another_process(file, cache) == (sha(b"third"), 1)


def test_a_file_that_may_still_be_written_is_not_remembered(file: Path, tmp_path: Path) -> None:
    file.touch()
    for _ in range(2):
        assert in_another_process(file, tmp_path / "cache") == (sha(b"first"), 1)


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"a": 1}', "\udcff"])
def test_a_broken_memory_only_costs_time(file: Path, tmp_path: Path, broken: str) -> None:
    (tmp_path / "weights.json").write_bytes(broken.encode("utf-8", "surrogateescape"))
    assert in_another_process(file, tmp_path) == (sha(b"first"), 1)
    assert in_another_process(file, tmp_path) == (sha(b"first"), 0)


def test_a_cache_that_cannot_be_written_only_costs_time(file: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    for _ in range(2):
        assert in_another_process(file, tmp_path / "cache") == (sha(b"first"), 1)
