"""What a disk refuses, told so that a user knows what to do."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from retrieval.errors import StorageFailed
from retrieval.files import explained_storage_errors


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "make room on that disk"),
        (OSError(errno.EROFS, "Read-only file system"), "on a disk that can be written"),
        (RuntimeError("error returned from database: database or disk is full"), "make room"),
        (RuntimeError("attempt to write a readonly database"), "make it writable"),
    ],
)
def test_what_a_disk_refuses_has_a_remedy(error: Exception, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=f"cannot write to .*{remedy}"):
        with explained_storage_errors(tmp_path):
            raise error


@pytest.mark.parametrize("free", [40_000, 40_000_000_000])
def test_any_error_of_chroma_on_a_disk_without_room_is_that(
    free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    error = RuntimeError("Error in compaction: Failed to apply logs to the metadata segment")
    with pytest.raises(StorageFailed if free < 1_000_000 else RuntimeError):
        with explained_storage_errors(tmp_path):
            raise error
