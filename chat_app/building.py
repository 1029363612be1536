"""Commands at work for the page: processes of their own, watched without waiting for them.

A build goes on when the server ends (a session of its own), since nothing is lost by that; it is
ended only by `cancel`. What it tells is explained in docs/progress.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Literal

from retrieval.cli import FAILED, say
from retrieval.errors import BadOption, GalleryError, GalleryLocked
from retrieval.gallery.lock import check_no_writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    State = Literal["starting", "running", "done", "failed", "cancelled"]
    Work = Literal["look", "add", "forget", "rebuild", "relabel", "evaluate"]

# What the package brings to try it with; not there where only the program was installed.
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "posts.csv"

_KEPT = 200  # skipped files that are listed; all are counted
_SHORT = 200  # characters of a path that is none
_PATIENCE = 10.0  # seconds that a process may take to end before it is killed
_GOES_ON = "what was done so far is kept: start it again and it goes on from there"


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a part of the work is."""

    name: str  # one of those in docs/progress.md
    done: int
    total: int
    rate: float  # items a second
    left: float | None  # seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a piece of work at one moment."""

    state: State = "starting"
    stage: Stage | None = None
    skipped: tuple[tuple[str, str], ...] = ()  # (path, reason) of the first
    skips: int = 0  # how many in all
    report: dict[str, Any] = field(default_factory=dict)  # once it is done
    problem: str = ""  # why it failed, in one sentence

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "failed", "cancelled")


class Child:
    """One command in a process of its own, which tells as docs/progress.md explains.

    `command`: its module, and its arguments.
    """

    def __init__(self, work: Work, about: str, command: Sequence[str]) -> None:
        self.work = work
        self.about = about  # what it is done to
        self._lock = Lock()
        self._seen = Seen()
        self._cancelled = False
        self._error = ""
        self._last_words: deque[str] = deque(maxlen=1)  # lines that are no JSON
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        # A pipe that nobody empties fills up, and the process waits for ever.
        self._listener = Thread(target=self._listen, name=f"{work} listens", daemon=True)
        self._listener.start()
        Thread(target=self._await, name=f"{work} awaits", daemon=True).start()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def seen(self) -> Seen:
        """How it stands now."""
        with self._lock:
            return self._seen

    def cancel(self) -> None:
        """End it: politely, and after some seconds by force. Safe at any moment; does not wait."""
        with self._lock:
            if self._seen.is_over:
                return
            self._cancelled = True
        self._process.terminate()
        Thread(target=self._insist, name="insists", daemon=True).start()

    def _insist(self) -> None:
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._hear(line.rstrip("\n"))

    def _hear(self, line: str) -> None:
        told = _object(line)
        if told is None:  # a library's warning, or a traceback: for whoever runs the server
            say(line)
            self._last_words.extend(line.split("\n") if line.strip() else ())
        elif "stage" in told:
            stage = Stage(told["stage"], told["done"], told["total"], told["rate"], told["left_s"])
            self._set(state="running", stage=stage)
        elif "skipped" in told:
            with self._lock:
                kept = (*self._seen.skipped, (told["skipped"], told["reason"]))[:_KEPT]
                self._seen = replace(self._seen, skipped=kept, skips=self._seen.skips + 1)
        elif "error" in told:
            self._error = told["error"]

    def _await(self) -> None:
        assert self._process.stdout is not None
        answer = self._process.stdout.read()
        self._listener.join()
        self._settle(self._process.wait(), _object(answer.strip()))

    def _settle(self, code: int, report: dict[str, Any] | None) -> None:
        if code == 0 and report is not None:
            self._set(state="done", report=report)
        elif self._cancelled:
            self._set(state="cancelled")
        else:
            self._set(state="failed", problem=self._problem(code, report))

    def _problem(self, code: int, report: dict[str, Any] | None) -> str:
        if self._error:
            return self._error
        if code == FAILED and report is not None:
            return f"no picture in {self.about} could be read; see what was skipped and why"
        if code < 0:
            return f"it was ended from outside (signal {-code}); {_GOES_ON}"
        last = self._last_words[-1] if self._last_words else f"exit code {code}"
        return f"it ended by a mistake of this program ({last}); {_GOES_ON}"

    def _set(self, **changes: Any) -> None:
        with self._lock:
            self._seen = replace(self._seen, **changes)


class OneAtATime:
    """The one piece of work of a kind that a server has in hand, or had last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: Child | None = None

    @property
    def latest(self) -> Child | None:
        """What is at work, or was last; None: nothing yet."""
        return self._child

    @property
    def is_at_work(self) -> bool:
        """Whether there is work in hand that is not over."""
        return self._child is not None and not self._child.seen().is_over

    def cancel(self) -> None:
        """End what is at work."""
        if self._child is not None:
            self._child.cancel()

    def dismiss(self) -> None:
        """Say no more of what is over."""
        with self._lock:
            if not self.is_at_work:
                self._child = None


class Building(OneAtATime):
    """The one piece of work on a gallery."""

    def __init__(self, chroma_dir: Path) -> None:
        super().__init__()
        self._chroma_dir = chroma_dir

    def look_at(self, path: Path, images: Iterable[Path] = ()) -> Child:
        """Find out what adding would do. Writes nothing, so that any number can look.

        Raises:
            BadOption: that is no path.

        """
        self._check(path)
        return Child("look", str(path), self._build(path, images, "--dry-run"))

    def add(self, path: Path, images: Iterable[Path] = ()) -> None:
        """Start bringing the posts of an input into the gallery.

        Raises:
            GalleryLocked: the gallery is being changed already; says by whom.
            BadOption: that is no path, or the gallery's folder is somebody's.

        """
        self._check(path)
        self._start("add", str(path), self._build(path, images))

    def rebuild(self, clip: str | None = None) -> None:
        """Start encoding everything anew, with another picture encoder where one is named.

        Raises:
            GalleryLocked: as `add` does.

        """
        encoder = [] if clip is None else [f"--clip={clip}"]
        command = ["indexer", "build", "--rebuild", *encoder, *self._flags()]
        self._start("rebuild", "all sources", command)

    def relabel(self, sentiment_model: str | None = None, topics: Path | None = None) -> None:
        """Start labelling all posts again; what is None stays as it was.

        Raises:
            GalleryLocked: as `add` does.

        """
        chosen = [] if sentiment_model is None else [f"--sentiment-model={sentiment_model}"]
        chosen += [] if topics is None else [f"--topics={topics}"]
        self._start("relabel", "all posts", ["indexer", "relabel", *chosen, *self._flags()])

    def forget(self, source: str) -> None:
        """Start taking a source's posts out; its files stay.

        Raises:
            GalleryLocked: as `add` does.

        """
        self._start("forget", source, ["indexer", "forget", *self._flags(), "--", source])

    def busy(self) -> str:
        """Why nothing can be started now, in one sentence; empty: something can be."""
        if self.is_at_work:
            return "the gallery is being changed already; wait until that is done, or stop it"
        try:
            check_no_writer(self._chroma_dir)
        except GalleryError as error:
            return str(error)
        return ""

    def _start(self, work: Work, about: str, arguments: Sequence[str]) -> None:
        with self._lock:
            if reason := self.busy():
                raise GalleryLocked(reason)
            self._child = Child(work, about, arguments)

    def _build(self, path: Path, images: Iterable[Path], *flags: str) -> list[str]:
        roots = [flag for root in images for flag in ("--images", str(root))]
        return ["indexer", "build", *roots, *flags, *self._flags(), "--", str(path)]

    def _flags(self) -> list[str]:
        return ["--progress", "json", "--json", "--chroma-dir", str(self._chroma_dir)]

    @staticmethod
    def _check(path: Path) -> None:
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return  # the indexer says what to do
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BadOption(
                f"{str(path)[:_SHORT]} cannot be looked at ({reason}); check the path"
            ) from None


def _object(text: str) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
