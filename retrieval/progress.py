"""What a command tells while it works: a bar for a person, or lines of JSON for a program."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Literal, Self

from retrieval.cli import complain, one_line, run, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from retrieval.errors import GalleryError

Stage = Literal["read", "encode", "label", "publish", "describe", "score"]

EVERY = 0.5  # seconds between two lines of JSON
_UNITS: dict[Stage, str] = {"encode": "picture", "describe": "picture"}  # worth a bar


def add_progress(parser: argparse._ActionsContainer) -> None:
    """Add --progress, which every command takes that can be long."""
    parser.add_argument(
        "--progress",
        choices=list(_HOW),
        default="bar",
        help="how to tell how far it is: a bar for people, or lines of JSON for programs, as "
        "docs/progress.md explains them (default: %(default)s)",
    )


def run_telling(arguments: argparse.Namespace, command: Callable[[], int]) -> int:
    """Run a command that finds the way it tells in `arguments.progress`, as `cli.run` does."""
    with _HOW[arguments.progress]() as progress:
        arguments.progress = progress
        return run(command, complain=progress.complain, say=progress.say)


class Progress:
    """Tells nothing; the base of those that do. Entered for as long as there is something."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Tell what is still to be told."""

    @contextmanager
    def stage(self, stage: Stage, total: int) -> Iterator[Callable[[int], object]]:
        """A part of the work; gives what to call with every few more of `total` that are done.

        A stage can lie within another: an encoding of hours is published now and then.
        """
        del stage, total
        yield lambda _: None

    def skip(self, path: str, reason: str) -> None:
        """An input that is not used."""

    def say(self, sentence: str) -> None:
        """A remark."""

    def complain(self, error: GalleryError) -> None:
        """Why nothing came of it."""


class Bar(Progress):
    """Sentences, and a bar with total, rate and time left; no bar when nobody watches."""

    @contextmanager
    def stage(self, stage: Stage, total: int) -> Iterator[Callable[[int], object]]:
        """A bar for what takes long."""
        from tqdm import tqdm

        hidden = None if total and stage in _UNITS else True
        unit = _UNITS.get(stage, "")
        with tqdm(total=total, unit=unit, file=sys.stderr, disable=hidden) as bar:
            yield bar.update

    def skip(self, path: str, reason: str) -> None:
        """A line above the bar."""
        from tqdm import tqdm

        tqdm.write(one_line(f"skipping {path}: {reason}"), file=sys.stderr)

    def say(self, sentence: str) -> None:
        """A line."""
        say(sentence)

    def complain(self, error: GalleryError) -> None:
        """A line."""
        complain(error)


@dataclass(slots=True, eq=False)
class _Work:
    """A stage and how far it is."""

    stage: Stage
    total: int
    done: int = 0
    began: float = field(default_factory=time.monotonic)

    def as_json(self) -> dict[str, Any]:
        rate = self.done / max(time.monotonic() - self.began, 1e-9)
        left = (self.total - self.done) / rate if rate else None
        return {
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "rate": round(rate, 2),
            "left_s": None if left is None else round(left, 1),
        }


class Lines(Progress):
    """Lines of JSON on stderr, as docs/progress.md explains them.

    A thread tells the stages in their order, one every half second, so that a stage is told however
    short it is and nothing waits for the telling but the command's end.
    """

    def __init__(self) -> None:
        self._untold: list[_Work] = []
        self._lock = Lock()
        self._over = Event()
        self._teller = Thread(target=self._tell, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell the stages that were too quick to be told so far."""
        self._over.set()
        self._teller.join()

    @contextmanager
    def stage(self, stage: Stage, total: int) -> Iterator[Callable[[int], object]]:
        """Told again whenever more is done."""
        work = _Work(stage, total)
        self._note(work)

        def advance(more: int) -> None:
            work.done += more
            self._note(work)

        yield advance

    def skip(self, path: str, reason: str) -> None:
        """At once: each is told once only."""
        self._write({"skipped": path, "reason": reason})

    def say(self, sentence: str) -> None:
        """At once."""
        self._write({"note": sentence})

    def complain(self, error: GalleryError) -> None:
        """At once."""
        self._write({"error": str(error)})

    def _note(self, work: _Work) -> None:
        with self._lock:
            if work not in self._untold:
                self._untold.append(work)

    def _tell(self) -> None:
        while True:
            is_over = self._over.is_set()  # before looking: what comes later is still told
            with self._lock:
                work = self._untold.pop(0) if self._untold else None
            if work is not None:
                self._write(work.as_json())
                time.sleep(EVERY)
            elif is_over:
                return
            else:
                self._over.wait(EVERY / 10)

    def _write(self, line: dict[str, Any]) -> None:
        """One line in one piece. That nobody reads it any more is no reason to stop the work."""
        with suppress(OSError):
            sys.stderr.write(json.dumps(line) + "\n")
            sys.stderr.flush()


_HOW: Mapping[str, type[Progress]] = {"bar": Bar, "json": Lines}
