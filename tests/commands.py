"""The product's commands, run as a user types them: in a new process, or in this one.

A new process costs seconds of imports. It is needed where a test is about the process (its pipes,
its encoding, what it loads, how it dies), and once for every command; what a command says and
how it ends are the same in this one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from importlib import import_module
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample" / "posts.csv"
HEAVY = frozenset(
    {
        "torch", "open_clip", "transformers", "sentence_transformers", "pandas",
        "openvino", "tokenizers", "chromadb",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a command ended, as `subprocess.run` says it."""

    returncode: int
    stdout: str
    stderr: str
    heavy: tuple[str, ...] = ()  # packages that are loaded by now


def run(module: str, *arguments: object, **environment: str) -> Ended:
    """Run `python -m module` in this process."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", newline="") for _ in range(2))
    main = import_module(f"{module}.__main__").main
    with redirect_stdout(out), redirect_stderr(err), chdir(ROOT), patch.dict("os.environ"):
        os.environ.update(environment)
        code = _code_of(main, [str(each) for each in arguments])
    loaded = tuple(sorted(HEAVY & sys.modules.keys()))
    return Ended(code, _text(out), _text(err), loaded)


def run_anew(
    module: str, *arguments: object, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True, encoding="utf-8", cwd=ROOT, env=os.environ | environment,
    )  # fmt: skip


def run_after_each_other(commands: Sequence[Sequence[object]], **environment: str) -> list[Ended]:
    """Run them in one new process, which has loaded nothing but what they load."""
    asked = json.dumps([[str(each) for each in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=asked, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT,
        env=os.environ | environment, check=True,
    )  # fmt: skip
    return [Ended(**json.loads(line)) for line in done.stdout.splitlines()]


def build(chroma_dir: Path, *arguments: object) -> dict[str, Any]:
    """Build a gallery with the packaged encoder; the report."""
    report: dict[str, Any] = report_of(
        run(
            "indexer", "build", *arguments, "--clip", "packaged", "--json",
            "--chroma-dir", chroma_dir,
        )
    )  # fmt: skip
    return report


def report_of(done: Ended | subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a command printed, which has to have succeeded."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _code_of(main: Any, arguments: list[str]) -> int:
    try:
        code = main(arguments)
    except SystemExit as exit_:
        code = exit_.code
    assert isinstance(code, int)
    return code


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode("utf-8")


if __name__ == "__main__":
    for command in json.load(sys.stdin):
        print(json.dumps(asdict(run(*command))), flush=True)
