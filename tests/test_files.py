"""What a disk refuses, told so that a user knows what to do."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from retrieval.config import Settings
from retrieval.errors import StorageFailed
from retrieval.files import explained_storage_errors, write_atomically


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


def test_a_write_sweeps_what_a_killed_one_left_but_not_what_another_is_writing(
    tmp_path: Path,
) -> None:
    left, fresh, others = (
        tmp_path / f".{name}.tmp" for name in ("a[1].json.7", "a[1].json.8", "b.9")
    )
    for draft in (left, fresh, others):
        draft.write_bytes(b"half")
        os.utime(draft, (0, 0))
    os.utime(fresh)
    write_atomically(tmp_path / "a[1].json", b"{}")
    assert {path.name for path in tmp_path.iterdir()} == {"a[1].json", fresh.name, others.name}


# --- a cache for a user without a home ------------------------------------------------------


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def nobody_knows() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody_knows)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path / f"post-gallery-{os.getuid()}"


def test_without_a_home_the_cache_is_one_folder_that_is_the_users_alone(temporary: Path) -> None:
    first, again = (Settings.from_environment().cache_dir for _ in range(2))
    assert first == again == temporary / "post-gallery"
    assert temporary.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("trap", ["open to all", "a link"])
def test_a_folder_that_somebody_laid_out_there_is_not_used(temporary: Path, trap: str) -> None:
    if trap == "a link":
        (temporary.parent / "elsewhere").mkdir(mode=0o700)
        temporary.symlink_to("elsewhere")
    else:
        temporary.mkdir()
        temporary.chmod(0o777)
    cache = Settings.from_environment().cache_dir
    assert temporary not in cache.parents
    assert cache.parent.stat().st_mode & 0o077 == 0


def test_a_home_that_is_no_whole_path_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "relative")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert tmp_path in Settings.from_environment().cache_dir.parents
