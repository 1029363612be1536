"""What all commands share: what they print, and how they read what a user named."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retrieval.cli import complain, read_lines, write_json
from retrieval.errors import BadInput

ROOT = Path(__file__).resolve().parents[1]
VALUE: dict[str, Any] = {
    "c": "☕ naïve \u2028 שלום",
    "file": "caf\udce9.jpg",
    "number": 1.5,
    "none": None,
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "cp1252", "ascii"])
@pytest.mark.parametrize("indent", [None, 1])
def test_json_loses_no_character_whatever_the_output_takes(
    encoding: str, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, errors="replace"))
    write_json(VALUE, indent=indent)
    sys.stdout.flush()
    text = raw.getvalue().decode(encoding)
    assert json.loads(text) == VALUE
    assert indent or text.count("\n") == 1


def test_text_that_the_output_takes_is_printed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "utf-8"))
    write_json("☕ naïve")
    sys.stdout.flush()
    assert raw.getvalue().decode() == '"☕ naïve"\n'


@pytest.mark.parametrize("command", ["retrieval.labels"])
def test_a_command_prints_json_that_an_old_pipe_takes(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", command, VALUE["c"], "--json", "--chroma-dir", str(tmp_path)],
        capture_output=True, cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("latin-1"))["caption"].startswith("☕ naïve")


@pytest.mark.parametrize("package", ["indexer", "retrieval", "chat_app"])
def test_json_is_printed_by_one_function(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if path.name != "cli.py":
            text = path.read_text("utf-8")
            assert "json.dump(" not in text, path
            assert "stdout.write(json" not in text, path


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", []),
        ("one", ["one"]),
        ("one\ntwo\r\nthree\n", ["one", "two", "three"]),
        ("one\n\n", ["one", ""]),
        ("cat\u2028dog\x0c\x85\x1ebird\n", ["cat\u2028dog\x0c\x85\x1ebird"]),
    ],
)
def test_lines_end_at_line_ends_alone(content: str, lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_bytes(content.encode())
    assert read_lines(tmp_path / "lines.txt") == lines


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file or directory; give a text file"), (b"\xff\xfe", "is not UTF-8 text")],
)
def test_a_file_that_is_no_text_is_an_error(content: Any, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "lines.txt").write_bytes(content)
    with pytest.raises(BadInput, match=message):
        read_lines(tmp_path / "lines.txt")


def test_an_error_is_one_line_whatever_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    complain(BadInput("a\nb\u2028c.csv holds no rows"))
    assert capsys.readouterr().err == "error: a�b�c.csv holds no rows\n"
