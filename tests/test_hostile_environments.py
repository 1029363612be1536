"""Every command in surroundings that nobody wished for: each ends in an answer or in one line."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import SAMPLE, Ended
from tests.galleries import three_pictures
from tests.surroundings import Surroundings, run_among

pytestmark = pytest.mark.timeout(250)

MISTAKES: list[tuple[tuple[str, ...], int]] = [  # and how they end
    (("retrieval.search", "--chroma-dir", "{gallery}"), 2),
    (("indexer", "build", "{posts}", "--device", "tpu", "--chroma-dir", "{gallery}"), 2),
    (("indexer", "status", "--chroma-dir", "no/such"), 1),
]
QUICK: list[tuple[str, ...]] = [  # what answers before anything heavy is loaded
    ("indexer", "--help"),
    ("retrieval.search", "--help"),
    ("retrieval.labels", "--help"),
    ("retrieval.evaluate", "--help"),
    ("chat_app", "--help"),
    ("chat_app", "ask", "--help"),
    ("indexer", "status", "--chroma-dir", "{gallery}"),
]
LIGHT: list[tuple[str, ...]] = [  # what needs no encoder
    ("indexer", "overrides", "list", "--chroma-dir", "{gallery}"),
    ("indexer", "build", "{posts}", "--dry-run", "--chroma-dir", "{gallery}"),
    ("retrieval.search", "--count-by", "topic", "--chroma-dir", "{gallery}"),
    ("retrieval.search", "caf\udce9", "--strategy", "words", "--chroma-dir", "{gallery}"),
]
HEAVY: list[tuple[str, ...]] = [
    ("indexer", "build", "{posts}", "--describe", "auto", "--chroma-dir", "{gallery}"),
    ("indexer", "relabel", "--chroma-dir", "{gallery}"),
    ("indexer", "overrides", "set", "sample-12", "--topics", "people", "--chroma-dir", "{gallery}"),
    ("indexer", "overrides", "export", "mine.jsonl", "--chroma-dir", "{gallery}"),
    ("retrieval.search", "a café", "-k", "2", "--chroma-dir", "{gallery}"),
    ("retrieval.labels", "a café ☕", "--chroma-dir", "{gallery}"),
    ("retrieval.evaluate", "--out", "report", "--chroma-dir", "{gallery}"),
    ("chat_app", "ask", "happy posts at the caf\udce9", "--planner", "--chroma-dir", "{gallery}"),
    ("indexer", "forget", str(SAMPLE), "--chroma-dir", "{gallery}"),
]  # fmt: skip

ENVIRONMENTS: dict[str, Surroundings] = {
    "no home": Surroundings({"HOME": None, "XDG_CACHE_HOME": None}),
    "a home that is not there": Surroundings({"HOME": "/dev/null/at/all", "XDG_CACHE_HOME": None}),
    "a home of somebody else": Surroundings(
        {"HOME": "/root", "XDG_CACHE_HOME": None}, is_stranger=True
    ),
    "a user without a name": Surroundings({"HOME": None, "XDG_CACHE_HOME": None}, is_stranger=True),
    "a relative cache": Surroundings({"XDG_CACHE_HOME": "relative"}),
    "an empty cache": Surroundings({"XDG_CACHE_HOME": ""}),
    "no temporary folder": Surroundings({"TMPDIR": "/dev/null/at/all"}),
    "closed stdin": Surroundings(closed=(0,)),
    "closed stdout": Surroundings(closed=(1,)),
    "closed stderr": Surroundings(closed=(2,)),
    "both closed": Surroundings(closed=(1, 2)),
    "all closed": Surroundings(closed=(0, 1, 2)),
    "a full disk": Surroundings(is_full=True),
    "the C locale": Surroundings(
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, needs_start=True
    ),
    "latin-1": Surroundings({"PYTHONIOENCODING": "latin-1"}),
    "ascii": Surroundings({"PYTHONIOENCODING": "ascii"}),
    "no columns": Surroundings({"COLUMNS": "0"}),
    "ten columns": Surroundings({"COLUMNS": "10", "TERM": "dumb"}),
    "no working directory": Surroundings(has_no_folder=True),
}
HOMELESS = {name for name, each in ENVIRONMENTS.items() if "HOME" in each.variables}
REFUSING = {"a home of somebody else", "a user without a name", "no working directory"}  # to write

TAKING_PATHS: list[tuple[str, ...]] = [
    ("indexer", "status", "--chroma-dir", "{path}"),
    ("indexer", "build", "{path}", "--chroma-dir", "{gallery}"),
    ("indexer", "build", "{posts}", "--images", "{path}", "--dry-run", "--chroma-dir", "{gallery}"),
    ("indexer", "build", "{posts}", "--coco-annotations", "{path}", "--chroma-dir", "{gallery}"),
    ("indexer", "build", "{posts}", "--topics", "{path}", "--chroma-dir", "{gallery}"),
    ("indexer", "relabel", "--topics", "{path}", "--chroma-dir", "{gallery}"),
    ("indexer", "forget", "{path}", "--chroma-dir", "{gallery}"),
    ("indexer", "overrides", "import", "{path}", "--chroma-dir", "{gallery}"),
    ("indexer", "overrides", "export", "{path}", "--chroma-dir", "{gallery}"),
    ("retrieval.search", "--queries", "{path}", "--chroma-dir", "{gallery}"),
    ("retrieval.search", "--like", "{path}", "--chroma-dir", "{gallery}"),
    ("retrieval.labels", "--image", "{path}", "--chroma-dir", "{gallery}"),
    ("retrieval.labels", "--captions", "{path}", "--chroma-dir", "{gallery}"),
    ("retrieval.labels", "cat", "--topics", "{path}", "--chroma-dir", "{gallery}"),
    ("retrieval.evaluate", "--chroma-dir", "{path}", "--out", "report"),
    ("chat_app", "ask", "--questions", "{path}", "--chroma-dir", "{gallery}"),
    ("chat_app", "ask", "--conversation", "{path}", "--chroma-dir", "{gallery}"),
    ("chat_app", "ask", "how many posts?", "--chroma-dir", "{path}"),
]  # fmt: skip
PATHS = {
    "empty": "",
    "home": "~",
    "nobody's home": "~nobody_here",
    "two lines": "no\nsuch",
    "undecodable": "caf\udce9",
    "endless": "x" * 5000,
}


@pytest.fixture
def folder(sample_gallery: Path) -> Iterator[Path]:
    """Where strangers can enter: a gallery, posts, and a working folder, each the owner's."""
    made = Path(tempfile.mkdtemp(prefix="hostile-"))
    made.chmod(0o755)
    for name in ("work", "home", "tmp"):
        (made / name).mkdir()
    (made / "tmp").chmod(0o777)
    (made / "home" / ".cache").symlink_to(cache_home())
    three_pictures(made / "posts")
    shutil.copytree(sample_gallery, made / "gallery")
    yield made
    shutil.rmtree(made)


def run_here(
    folder: Path, command: tuple[str, ...], surroundings: Surroundings, path: str = ""
) -> Ended:
    """Run it, and see that it ended as it should."""
    if surroundings.is_stranger and (os.getuid() != 0 or shutil.which("setpriv") is None):
        pytest.skip("only root can run a command as somebody else, with setpriv")
    before = everything(folder)
    places = {"gallery": folder / "gallery", "posts": folder / "posts", "path": path}
    module, *arguments = (each.format(**places) for each in command)
    base = {
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": cache_home(),
        "TMPDIR": str(folder / "tmp"),
    }
    at_home = Surroundings(
        **{**vars(surroundings), "variables": {**base, **surroundings.variables}}
    )
    ended = run_among(at_home, folder, module, arguments)
    told = f"{command} among {surroundings}: {ended}"
    assert "Traceback" not in ended.stderr, told
    assert ended.returncode in (0, 1, 2), told
    if ended.returncode and 2 not in surroundings.closed:
        errors = [line for line in ended.stderr.splitlines() if "error: " in line]
        assert len(errors) == 1, told
        assert ended.stderr.splitlines()[-1] == errors[0], told
    written = f"work/{path}" if "export" in command else "work/mine.jsonl"
    allowed = (written, "gallery", "work/report", "home/.cache", "tmp/", "out", "err")
    made = {name for name in everything(folder) - before if not name.startswith(allowed)}
    assert not made, told
    return ended


def everything(folder: Path) -> set[str]:
    """All files and folders in it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def cache_home() -> str:
    """The user's own cache, where encoders lie that were exported once."""
    return os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if each.costs_an_interpreter else [])
        for name, each in ENVIRONMENTS.items()
    ],
)
def test_what_answers_at_once_does_so_anywhere(folder: Path, name: str) -> None:
    for command, code in [*((command, 0) for command in QUICK), *MISTAKES]:
        ended = run_here(folder, command, ENVIRONMENTS[name])
        check_code(ended, code, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_command_ends_in_an_answer_or_in_one_line(folder: Path, name: str) -> None:
    for command in chosen(name):
        ended = run_here(folder, command, ENVIRONMENTS[name])
        check_code(ended, 1 if name in REFUSING and ended.returncode else 0, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", PATHS)
def test_a_path_of_any_kind_is_read_or_named_in_one_line(folder: Path, name: str) -> None:
    part = slice(None) if "ANEW" in os.environ else slice(list(PATHS).index(name) % 2, None, 2)
    for command in TAKING_PATHS[part]:
        ended = run_here(folder, command, Surroundings(), PATHS[name])
        assert PATHS[name] or ended.returncode == 2, ended


def test_a_home_that_only_the_shell_knows_is_found(folder: Path) -> None:
    (folder / "home" / "gallery").symlink_to(folder / "gallery")
    command = ("indexer", "status", "--chroma-dir", "{path}")
    assert run_here(folder, command, Surroundings(), "~/gallery").returncode == 0
    assert "an empty path" in run_here(folder, command, Surroundings(), "").stderr


def chosen(name: str) -> list[tuple[str, ...]]:
    """One of the heavy commands, but all where ANEW is set; they take many minutes.

    Without a home there is no cache, and each has to export its networks first.
    """
    if "ANEW" in os.environ:
        return [*LIGHT, *HEAVY]
    turn = list(ENVIRONMENTS).index(name) % len(HEAVY)
    return LIGHT if name in HOMELESS else [*LIGHT, HEAVY[turn]]


def check_code(ended: Ended, code: int, name: str) -> None:
    """That of an undisturbed run; but an answer that cannot be written is a failure."""
    if ENVIRONMENTS[name].is_full and code == 0:
        assert "cannot write the answer: No space left on device" in ended.stderr, ended
        code = 1
    assert ended.returncode == code, ended
