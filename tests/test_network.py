"""Nothing phones home: the commands ask the network for nothing, and leave nothing lying about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample" / "posts.csv"

# Runs a module as `python -m` does, and writes down every name that is looked up and every address
# that is connected to, in this process and in those that it forks.
WATCHED = """
import runpy, socket, sys

log, module, *sys.argv[1:] = sys.argv[1:]

def refuse(name):
    def refused(*arguments, **named):
        with open(log, "a") as file:
            print(name, arguments, file=file)
        raise OSError("no network here")
    return refused

class Watched(socket.socket):
    def connect(self, address):
        if self.family != getattr(socket, "AF_UNIX", None):
            refuse("connect")(address)
        return super().connect(address)

socket.getaddrinfo = socket.gethostbyname = refuse("look up")
socket.socket = Watched
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
def test_commands_ask_the_network_for_nothing_and_write_to_the_cache_alone(
    tmp_path: Path, cache_dir: Path
) -> None:
    home, log = tmp_path / "home", tmp_path / "asked.txt"
    (home / ".cache").mkdir(parents=True)
    (home / ".cache" / "post-gallery").symlink_to(cache_dir)
    environment = {**os.environ, "HOME": str(home), "CHROMA_DIR": str(tmp_path / "chroma_db")}
    # CI turns some libraries' telemetry off, which would hide that a user's asks.
    for name in ("CI", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "DO_NOT_TRACK"):
        environment.pop(name, None)
    for command in (
        ("indexer", "build", SAMPLE, "--clip", "packaged"),
        ("retrieval.search", "a cat asleep"),
        ("retrieval.labels", "best coffee in town"),
        ("retrieval.evaluate", "--out", tmp_path / "reports"),
        ("indexer", "status"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, str(log), *map(str, command)],
            capture_output=True, text=True, cwd=tmp_path, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert not log.exists(), (command, log.read_text())
    assert sorted(path.name for path in home.iterdir()) == [".cache"]
    assert sorted(path.name for path in (home / ".cache").iterdir()) == ["post-gallery"]


def test_openvino_runs_without_its_telemetry() -> None:
    code = (
        "import sys\n"
        "from retrieval.encoders.networks import choose_runtime\n"
        "choose_runtime('cpu')\n"
        "assert 'openvino' in sys.modules\n"
        "sys.exit('openvino_telemetry.backend' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
