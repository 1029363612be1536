"""Odd inputs by the thousand, for every reader: none may raise, hang, or touch what is not its own.

    PYTHONPATH=. python benchmarks/fuzz.py --cases 100000 --seed 0 --state fuzz.json
    PYTHONPATH=. python benchmarks/fuzz.py --seed 0 --only tables:1234  # one case

Stopped, it goes on where the state file says. The kinds and the makers of their cases are those of
the tests (tests/fuzzing/). Each case runs in a process that may die of it; Linux and macOS only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from retrieval.cli import positive_int
from retrieval.files import write_atomically
from tests.fuzzing import KINDS, cases
from tests.fuzzing.case import listing, outcome_of

MADE_BY = "benchmarks/fuzz.py"  # stands in what it made itself, which alone it overwrites
SECONDS = 10  # of processor time, that a case may take
PATIENCE = 120  # seconds of waiting, on a busy machine, for a case that does nothing
MEMORY = 8 << 30  # bytes of address space
CHUNK = 250  # cases of a kind in a row, by one process
MOST_KEPT = 20  # faults of a kind whose input is kept


@dataclass
class Tally:
    """How the cases of one kind ended."""

    done: int = 0
    answer: int = 0
    skip: int = 0
    refusal: int = 0
    slowest: float = 0.0  # seconds of processor time
    slowest_case: int = 0
    faults: dict[str, str] = field(default_factory=dict)  # by case: what happened


def main() -> int:
    """Run what is left, print the table; 1 where there were faults."""
    asked = _arguments()
    if asked.only:
        name, _, number = asked.only.rpartition(":")
        ((_, file),) = cases(name, asked.seed, int(number), int(number) + 1)
        print(f"{file.name!r}: {file.content[:2000]!r}")
        print(outcome_of(KINDS[name], file))
        return 0
    tallies = _resumed(asked.state, asked.seed)
    _check_keep(asked.keep)
    each = -(-asked.cases // len(KINDS))
    with tempfile.TemporaryDirectory() as home:
        _furnish(Path(home))
        while todo := [name for name in KINDS if tallies[name].done < each]:
            for name in todo:
                end = min(tallies[name].done + CHUNK, each)
                _run(name, tallies[name], asked.seed, end, Path(home), asked.keep)
                _write(asked.state, asked.seed, tallies)
            done = sum(tally.done for tally in tallies.values())
            print(f"{done:,} cases", file=sys.stderr, flush=True)
    print("\n".join(_table(tallies)))
    return 1 if any(tally.faults for tally in tallies.values()) else 0


def _run(name: str, tally: Tally, seed: int, end: int, home: Path, keep: Path | None) -> None:
    """Cases up to `end`, in a process; where it dies, the next case begins another one."""
    before = listing(home)
    while tally.done < end:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=_work, args=(theirs, name, seed, tally.done, end, home)
        )
        child.start()
        theirs.close()
        while tally.done < end:
            try:
                if not ours.poll(PATIENCE):
                    raise EOFError
                ended, seconds = ours.recv()
            except EOFError:
                child.kill()
                child.join()
                ended, seconds = f"fault: its process ended with {child.exitcode}", float(SECONDS)
                _count(tally, name, seed, ended, seconds, keep)
                break
            _count(tally, name, seed, ended, seconds, keep)
        child.join()
    if listing(home) != before:
        tally.faults[f"up to {end}"] = "something in the home folder was changed"


def _work(told: Connection, name: str, seed: int, first: int, end: int, home: Path) -> None:
    """In the process: tells how each case ended, and the seconds that it took."""
    os.environ["HOME"] = str(home)
    os.chdir(home)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # libtiff writes what it thinks of a file
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for _, file in cases(name, seed, first, end):
        started = time.process_time()
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(started) + 1 + SECONDS, hard))
        with warnings.catch_warnings(record=True) as warned:
            try:
                ended: str = outcome_of(KINDS[name], file)
            except Exception as error:
                ended = f"fault: {type(error).__name__}: {str(error)[:300]}{_place(error)}"
        if warned and not ended.startswith("fault"):
            ended = f"fault: warns: {warned[0].message} ({warned[0].filename}:{warned[0].lineno})"
        told.send((ended, time.process_time() - started))


def _place(error: BaseException) -> str:
    """Where in the project it was raised, or passed through last."""
    place, trace, root = "", error.__traceback__, str(Path(__file__).parents[1])
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if path.startswith(root) and "site-packages" not in path:
            place = f" ({path.removeprefix(root + os.sep)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _count(
    tally: Tally, name: str, seed: int, ended: str, seconds: float, keep: Path | None
) -> None:
    case = tally.done
    tally.done += 1
    if seconds > tally.slowest:
        tally.slowest, tally.slowest_case = seconds, case
    if not ended.startswith("fault"):
        setattr(tally, ended, getattr(tally, ended) + 1)
        return
    tally.faults[str(case)] = ended
    print(f"{name}:{case} {ended}", file=sys.stderr, flush=True)
    if keep is not None and len(tally.faults) <= MOST_KEPT:
        ((_, file),) = cases(name, seed, case, case + 1)
        kept = keep / f"{name.replace(' ', '-')}-{seed}-{case}"
        kept.with_suffix(".txt").write_text(f"{file.name!r}\n{ended}\n", errors="replace")
        kept.with_suffix(".bin").write_bytes(file.content)


def _furnish(home: Path) -> None:
    """What must be there unchanged afterwards."""
    (home / "Pictures").mkdir()
    (home / "Pictures" / "red.png").write_bytes(b"mine")
    (home / ".env").write_text("OPENAI_MODEL=none\n")


def _resumed(state: Path, seed: int) -> dict[str, Tally]:
    """How far an earlier run with this state file got."""
    if not state.exists():
        return {name: Tally() for name in KINDS}
    try:
        fields = json.loads(state.read_text("utf-8"))
        if (fields["made_by"], fields["seed"]) != (MADE_BY, seed):
            raise ValueError(f"it is of another run, of seed {fields['seed']}")
        known = {name: Tally(**tally) for name, tally in fields["kinds"].items()}
    except (ValueError, KeyError, TypeError) as error:
        sys.exit(f"{state} is no state to go on from ({error}); name a new file")
    return {name: known.get(name, Tally()) for name in KINDS}


def _write(state: Path, seed: int, tallies: Mapping[str, Tally]) -> None:
    kinds = {name: asdict(tally) for name, tally in tallies.items()}
    fields = {"made_by": MADE_BY, "seed": seed, "kinds": kinds}
    write_atomically(state, json.dumps(fields, indent=1).encode())


def _check_keep(keep: Path | None) -> None:
    """Refuse a folder that is somebody's."""
    if keep is None:
        return
    mark = keep / ".fuzz"
    if keep.exists() and not mark.is_file() and any(keep.iterdir()):
        sys.exit(f"--keep {keep} holds other things; name a folder that is new or empty")
    keep.mkdir(parents=True, exist_ok=True)
    mark.write_text(MADE_BY)


def _table(tallies: Mapping[str, Tally]) -> list[str]:
    rows: list[tuple[Any, ...]] = [
        (name, t.done, t.answer, t.skip, t.refusal, len(t.faults), t.slowest)
        for name, t in tallies.items()
    ]
    columns = list(zip(*rows, strict=True))
    rows.append(("together", *(sum(column) for column in columns[1:-1]), max(columns[-1])))
    return [
        "| kind | cases | answers | skips | clear errors | faults | slowest, s |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | " + " | ".join(f"{number:,}" for number in numbers) + f" | {slowest:.2f} |"
            for name, *numbers, slowest in rows
        ),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Feed every reader odd input.")
    parser.add_argument("--cases", type=positive_int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("fuzz.json"), help="a file of its own")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the input of faults goes")
    parser.add_argument("--only", metavar="KIND:CASE", help="run one case, with its traceback")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
