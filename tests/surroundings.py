"""Commands among surroundings that nobody wished for: odd variables, closed streams, no home.

A command is forked off a process that has imported what commands share, and there finds streams as
a new interpreter would make them; what only an interpreter's start obeys costs a new one. ANEW=1
in the environment gives one to everything, and leaves nothing out.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tests.commands import ROOT, Ended

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext  # Windows has none

PATIENCE = 100  # seconds for a command to end
AS_A_STRANGER = (  # whom passwd does not know; can read all, since the interpreter lies anywhere
    "setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups",
    "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search",
)  # fmt: skip
_PRELOADED = ["tests.surroundings", "pandas", "pyarrow.parquet", "chromadb.api.rust", "rich.table"]


@dataclass(frozen=True)
class Surroundings:
    """What is unlike what a user has."""

    variables: Mapping[str, str | None] = field(default_factory=dict)  # None: unset
    closed: tuple[int, ...] = ()  # file descriptors
    is_full: bool = False  # the disk behind stdout
    is_stranger: bool = False  # to the machine: another user, whom passwd does not know
    has_no_folder: bool = False  # the working directory was deleted
    needs_start: bool = False  # only an interpreter's start obeys it

    @property
    def costs_an_interpreter(self) -> bool:
        """Whether its commands cannot be forked off."""
        return self.needs_start or self.is_stranger


def run_among(
    surroundings: Surroundings, folder: Path, module: str, arguments: Sequence[str]
) -> Ended:
    """Run `python -m module` in `folder`/work; its streams come from files in `folder`."""
    work = folder / ("gone" if surroundings.has_no_folder else "work")
    work.mkdir(exist_ok=True)
    if surroundings.costs_an_interpreter or "ANEW" in os.environ:
        code = _anew(surroundings, folder, work, module, arguments)
    else:
        process = _forking().Process(
            target=_forked, args=(surroundings, dict(os.environ), folder, work, module, arguments)
        )
        process.start()
        process.join(PATIENCE)
        assert process.exitcode is not None, "it does not end"
        code = process.exitcode
    out, err = ((folder / name).read_text("utf-8", "replace") for name in ("out", "err"))
    return Ended(code, out, err)


@cache
def _forking() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _anew(
    surroundings: Surroundings, folder: Path, work: Path, module: str, arguments: Sequence[str]
) -> int:
    """The exit code of a new interpreter."""

    def enter() -> None:
        _enter(surroundings, folder, work)

    environment = _changed(os.environ, surroundings)
    prefix = AS_A_STRANGER if surroundings.is_stranger else ()
    return subprocess.run(
        [*prefix, sys.executable, "-m", module, *map(os.fsencode, arguments)],
        env=environment, preexec_fn=enter, timeout=PATIENCE, check=False,
    ).returncode  # fmt: skip


def _forked(
    surroundings: Surroundings,
    environment: Mapping[str, str],
    folder: Path,
    work: Path,
    module: str,
    arguments: Sequence[str],
) -> None:
    """Become that process."""
    environment = _changed(environment, surroundings)
    os.environ.clear()
    os.environ.update(environment)
    _enter(surroundings, folder, work)
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, None if number in surroundings.closed else _stream(number, encoding))
    sys.argv[1:] = arguments
    tempfile.tempdir = None  # which it may have looked up before
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as exit_:
        code = exit_.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        code = 120  # as an interpreter says at its end
    os._exit(code if isinstance(code, int) else 1)


def _enter(surroundings: Surroundings, folder: Path, work: Path) -> None:
    os.chdir(work)
    if surroundings.has_no_folder:
        work.rmdir()
    names = ("/dev/null", "/dev/full" if surroundings.is_full else folder / "out", folder / "err")
    (folder / "out").touch()
    for number, name in enumerate(names):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = os.open(name, flags)
        os.dup2(opened, number)
        if opened > 2:
            os.close(opened)
    for number in surroundings.closed:
        os.close(number)


def _stream(number: int, encoding: str) -> TextIO:
    """As an interpreter makes it."""
    raw = open(number, "rb" if number == 0 else "wb", closefd=False)  # noqa: SIM115
    errors = "backslashreplace" if number == 2 else "strict"
    return TextIOWrapper(raw, encoding, errors, line_buffering=number == 2)


def _changed(environment: Mapping[str, str], surroundings: Surroundings) -> dict[str, str]:
    changed = {**environment, "PYTHONPATH": str(ROOT), **surroundings.variables}
    return {name: value for name, value in changed.items() if value is not None}
