from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retrieval.errors import GalleryLocked, StorageFailed
from retrieval.gallery import lock
from retrieval.gallery.lock import last_write, reader_lock, writer_lock

HOLD = """
import sys, time
from pathlib import Path
from retrieval.gallery.lock import reader_lock, writer_lock
lock = {"writer": writer_lock, "reader": reader_lock}[sys.argv[2]]
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def hold_elsewhere(
    folder: Path, side: str = "writer", seconds: float = 60
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), side, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    holder = hold_elsewhere(tmp_path)
    try:
        with pytest.raises(GalleryLocked, match=f"process {holder.pid} on .* since 20"):
            with writer_lock(tmp_path):
                pass
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.parametrize("written", ["", "[]", "{}", "[" * 20_000])
def test_a_holder_whose_name_is_half_written_is_another_process(
    tmp_path: Path, written: str
) -> None:
    holder = hold_elsewhere(tmp_path)
    try:
        (tmp_path / "writer.json").write_text(written)
        with pytest.raises(GalleryLocked, match="being written by another process"):
            with writer_lock(tmp_path):
                pass
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    holder = hold_elsewhere(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with writer_lock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match=f"file{os.sep}gallery"):
        with writer_lock(tmp_path / "file" / "gallery"):
            pass


def test_two_readers_share_the_lock_and_a_writer_waits_for_a_short_one(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        pass
    reader = hold_elsewhere(tmp_path, "reader", 0.7)
    with reader_lock(tmp_path):
        assert reader.poll() is None
    with writer_lock(tmp_path):
        assert reader.wait(timeout=5) == 0


def test_a_reader_is_refused_while_a_writer_works(tmp_path: Path) -> None:
    holder = hold_elsewhere(tmp_path)
    try:
        with pytest.raises(GalleryLocked, match=f"process {holder.pid} on"):
            with reader_lock(tmp_path):
                pass
    finally:
        holder.kill()
        holder.wait()
    with reader_lock(tmp_path):
        pass


def test_a_program_that_keeps_reading_is_not_mistaken_for_a_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_PATIENCE", 0.1)
    with writer_lock(tmp_path):
        pass
    with reader_lock(tmp_path):
        with pytest.raises(GalleryLocked, match="open in a program that searches it"):
            with writer_lock(tmp_path):
                pass


def test_a_folder_that_nobody_wrote_to_has_no_lock_to_share(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot read"):
        with reader_lock(tmp_path):
            pass
    assert not list(tmp_path.iterdir())
    assert last_write(tmp_path) == 0


def test_every_writer_leaves_a_later_time(tmp_path: Path) -> None:
    times = []
    for _ in range(3):
        with writer_lock(tmp_path):
            pass
        times.append(last_write(tmp_path))
        time.sleep(0.02)
    assert 0 < times[0] < times[1] < times[2]
