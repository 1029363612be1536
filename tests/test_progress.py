"""What a build tells while it works, to a person and to a program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import retrieval.progress
from retrieval.errors import BadInput
from retrieval.progress import Lines
from tests.commands import ROOT, build, run
from tests.galleries import save_picture, three_pictures


def lines_of(stderr: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr.splitlines()]


def stages(lines: list[dict[str, Any]]) -> list[str]:
    """The stages told, each once where it is told several times on end."""
    told = [line["stage"] for line in lines if "stage" in line]
    return [each for each, before in zip(told, [None, *told], strict=False) if each != before]


def pictures(folder: Path, number: int = 3) -> Path:
    three_pictures(folder)
    for shade in range(number - 3):
        save_picture(folder / f"{shade}.png", (shade, 99, 7), f"shade {shade}")
    return folder


@pytest.mark.slow
def test_a_build_tells_its_stages_in_order_a_line_every_half_second(tmp_path: Path) -> None:
    posts = pictures(tmp_path / "posts")
    (posts / "page.jpg").write_text("<html>not found</html>")
    (posts / "red.json").write_text("{ no json")
    command = [
        sys.executable, "-m", "indexer", "build", str(posts), "--progress", "json", "--json",
        "--clip", "packaged", "--chroma-dir", str(tmp_path / "c"),
    ]  # fmt: skip
    lines, times = [], []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as child:
        assert child.stderr is not None
        assert child.stdout is not None
        for line in child.stderr:
            lines.append(json.loads(line))
            if "stage" in lines[-1]:
                times.append(time.monotonic())
        report = json.loads(child.stdout.read())
    assert stages(lines) == ["read", "encode", "label", "publish"]
    assert min(b - a for a, b in pairwise(times)) > retrieval.progress.EVERY - 0.2
    for line in (each for each in lines if "stage" in each):
        assert line.keys() == {"stage", "done", "total", "rate", "left_s"}
        assert 0 <= line["done"] <= line["total"]
        assert line["left_s"] is None or line["left_s"] >= 0
    last = {line["stage"]: (line["done"], line["total"]) for line in lines if "stage" in line}
    assert last == {"read": (1, 1), "encode": (4, 4), "label": (3, 3), "publish": (3, 3)}
    skipped = {Path(each["skipped"]).name: each["reason"] for each in lines if "skipped" in each}
    assert skipped.keys() == {"page.jpg", "red.json"}
    assert skipped == {Path(each["path"]).name: each["reason"] for each in report["failed"]}
    assert any("packaged" in each.get("note", "") for each in lines)


def test_relabel_and_forget_tell_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval.progress, "EVERY", 0.01)
    posts, chroma_dir = pictures(tmp_path / "posts"), tmp_path / "c"
    build(chroma_dir, posts)
    for command in (["relabel"], ["forget", posts]):
        done = run("indexer", *command, "--progress", "json", "--json", "--chroma-dir", chroma_dir)
        assert done.returncode == 0
        assert stages(lines_of(done.stderr)) == ["label", "publish"]


def test_an_error_is_a_line_of_json_too(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    done = run("indexer", "build", gone, "--progress", "json", "--chroma-dir", tmp_path / "c")
    assert done.returncode == 1
    (error,) = [line["error"] for line in lines_of(done.stderr) if "error" in line]
    assert str(gone) in error


def test_a_person_is_told_in_sentences(tmp_path: Path) -> None:
    posts = pictures(tmp_path / "posts")
    (posts / "page.jpg").write_text("<html>not found</html>")
    done = run("indexer", "build", posts, "--clip", "packaged", "--chroma-dir", tmp_path / "c")
    assert f"skipping {posts / 'page.jpg'}: not a picture but a web page" in done.stderr
    assert "{" not in done.stderr


def test_a_stage_within_another_is_told_and_the_outer_one_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.progress, "EVERY", 0.01)
    with Lines() as progress, progress.stage("encode", 4) as advance:
        advance(2)
        with progress.stage("publish", 9) as published:
            published(9)
        time.sleep(0.1)
        advance(2)
    told = lines_of(capsys.readouterr().err)
    assert stages(told) == ["encode", "publish", "encode"]
    assert (told[-1]["done"], told[-1]["total"], told[-1]["left_s"]) == (4, 4, 0.0)


def test_many_steps_are_few_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.progress, "EVERY", 0.1)
    with Lines() as progress, progress.stage("encode", 1_000) as advance:
        for _ in range(1_000):
            advance(1)
            time.sleep(0.0002)
    told = lines_of(capsys.readouterr().err)
    assert len(told) < 20
    assert told[-1]["done"] == 1_000


def test_that_nobody_reads_any_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(retrieval.progress.sys, "stderr", Closed())  # type: ignore[attr-defined]
    with Lines() as progress, progress.stage("read", 1) as advance:
        progress.say("hello")
        progress.skip("a.png", "it is empty")
        progress.complain(BadInput("it is gone"))
        advance(1)
