"""Commands in environments that nobody wished for: each ends in an answer or in one line."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

COMMANDS = [
    ("indexer", "status"),
    ("retrieval.search", "a café", "-k", "2"),
    ("retrieval.search", "--count-by", "month", "--count-by", "topic"),
]
ENVIRONMENTS = [
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "latin-1"},
    {"COLUMNS": "0"},
    {"COLUMNS": "10", "TERM": "dumb"},
    {"XDG_CACHE_HOME": "relative"},
]


def ended(command: tuple[str, ...], gallery: Path, shell: str = "", **environment: str) -> str:
    """What it printed, on both streams; `shell` says where they go."""
    line = " ".join(f"'{each}'" for each in (sys.executable, "-m", *command))
    done = subprocess.run(
        ["bash", "-c", f"{line} --chroma-dir '{gallery}' {shell}; echo \"code $?\""],
        capture_output=True, cwd=ROOT, env=os.environ | environment, timeout=60,
    )  # fmt: skip
    return (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_an_answer_comes_in_odd_environments(
    sample_gallery: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    for command in COMMANDS:
        told = ended(command, sample_gallery, **environment)
        assert "Traceback" not in told, told
        assert "code 0" in told, told
        assert len(told.splitlines()) > 3, told
    assert not (ROOT / "relative").exists()


@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-", "</dev/null >&-"])
def test_closed_streams_cost_the_answer_and_no_more(sample_gallery: Path, shell: str) -> None:
    for command in COMMANDS[:2]:
        told = ended(command, sample_gallery, shell)
        assert "Traceback" not in told, told
        assert "code 0" in told, told


def test_a_full_disk_behind_the_answer_is_one_line(sample_gallery: Path) -> None:
    for command in (*COMMANDS, ("indexer", "status", "--json")):
        told = ended(command, sample_gallery, "> /dev/full")
        assert "Traceback" not in told, told
        assert "cannot write the answer: No space left on device" in told
        assert "code 1" in told, told


def test_a_user_without_a_home_has_a_temporary_cache(
    monkeypatch: pytest.MonkeyPatch, sample_gallery: Path
) -> None:
    def nobody(*_: object) -> object:
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    done = run("retrieval.search", "cat", "-k", 1, "--json", "--chroma-dir", sample_gallery)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 1
    assert Path(json.loads(done.stdout)[0]["thumbnail"]).is_absolute()


def test_undecodable_bytes_of_a_query_are_looked_for_as_a_sign(sample_gallery: Path) -> None:
    done = run("retrieval.search", "caf\udce9", "-k", 1, "--chroma-dir", sample_gallery)
    assert done.returncode == 0, done.stderr
    done = run("chat_app", "ask", "caf\udce9 pictures", "--chroma-dir", sample_gallery)
    assert done.returncode == 0, done.stderr


def test_a_home_that_only_the_shell_knows_is_found(
    monkeypatch: pytest.MonkeyPatch, sample_gallery: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "gallery").symlink_to(sample_gallery)
    assert run("indexer", "status", "--chroma-dir", "~/gallery").returncode == 0
    for command in COMMANDS[:2]:
        done = run(*command, "--chroma-dir", "")
        assert done.returncode == 2
        assert "an empty path" in done.stderr
