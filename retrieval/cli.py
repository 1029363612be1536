"""What every command of the product shares: flags, and errors printed at the edge."""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from retrieval.captions import clean
from retrieval.errors import BadInput, BadOption, GalleryError, StorageFailed
from retrieval.files import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console
    from rich.table import Table

    from retrieval.config import Settings

DONE, FAILED, USAGE = 0, 1, 2  # exit codes
INTERRUPTED = 130  # as shells report Ctrl-C

_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EFBIG}
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # a drive has one letter
_NARROWEST, _ENDLESS = 20, 100_000  # columns


def add_chroma_dir(
    parser: argparse.ArgumentParser, settings: Settings, *, also_before: bool = False
) -> None:
    """Add --chroma-dir, which every command takes.

    `also_before`: it can stand before the command's name too; then nothing given there is lost.
    """
    default = str(settings.chroma_dir).replace("%", "%%")
    parser.add_argument(
        "--chroma-dir",
        type=a_path,
        metavar="DIR",
        default=argparse.SUPPRESS if also_before else settings.chroma_dir,
        help=f"the gallery's folder (default: {default}; environment: CHROMA_DIR)",
    )


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; --help is an answer as any other, on streams of any kind."""
    _open_streams()
    told = StringIO()
    try:
        with redirect_stdout(told):  # argparse says nothing where it cannot be written
            return parser.parse_args(argv)
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else DONE

    def answer() -> int:
        if text := told.getvalue():
            sys.stdout.write(text)
        return code

    raise SystemExit(run(answer))


def positive_int(text: str) -> int:
    """Read a whole number of at least 1, for argparse."""
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that the user named.

    Raises:
        BadInput: it cannot be read as UTF-8.

    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}; give a text file") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text; save it as UTF-8") from error
    # Not splitlines, which also ends lines at signs that stand in captions.
    return text.removesuffix("\n").split("\n") if text else []


def complain(error: GalleryError) -> None:
    """Print an error on stderr; in one line, whatever the name in it."""
    say(one_line(f"error: {error}"))


def say(sentence: str) -> None:
    """Print a remark on stderr; stdout is for the answer."""
    print(printable(sentence), file=sys.stderr, flush=True)  # noqa: T201


def leave(code: int) -> NoReturn:
    """End the process without taking it down piece by piece.

    Networks of hundreds of megabytes take a seventh of a second to be unloaded. Only for commands
    that read: nothing registered with atexit is run.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(
    command: Callable[[], int],
    *,
    complain: Callable[[GalleryError], None] = complain,
    say: Callable[[str], None] = say,
) -> int:
    """Run a command; what a user can mend is one line on stderr instead of a traceback."""
    _open_streams()
    try:
        code = command()
        sys.stdout.flush()  # here, where a closed pipe is caught, and not at the interpreter's end
        return code
    except BadOption as error:
        complain(error)
        return USAGE
    except GalleryError as error:
        complain(error)
        return FAILED
    except KeyboardInterrupt:
        say("stopped; what was done so far is kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough, as `head` does
        _stop_writing()
        return DONE
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        _stop_writing()
        complain(StorageFailed(f"cannot write the answer: {error.strerror}; write it elsewhere"))
        return FAILED
    except SystemExit as exit_:
        if isinstance(exit_.__context__, BrokenPipeError):  # what rich makes of the same
            return DONE
        raise


def _open_streams() -> None:
    """Streams that were closed swallow what is written; a sign that one does not take becomes ?."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, TextIOWrapper) and stream.errors != "replace":  # which flushes
            stream.reconfigure(errors="replace")


def _stop_writing() -> None:
    """Nothing more goes to stdout, not even what is left in it at the interpreter's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def a_path(text: str) -> Path:
    """Read a path, for argparse; ~ is the home folder also where no shell has said so."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path; name a file or a folder")
    if _ADDRESS.match(text):
        raise argparse.ArgumentTypeError(f"{text[:80]} is an address; name a file on this machine")
    path = expanded(text)
    try:
        path.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise argparse.ArgumentTypeError(f"'{text[:40]}…': {error.strerror}") from None
    return path


def open_console(**options: Any) -> Console:
    """Where text is printed; 80 columns wide where the terminal does not say how wide it is."""
    from rich.console import Console

    console = Console(**options)
    if console.width < _NARROWEST:
        console.width = 80
    return console


def print_table(console: Console, table: Table) -> None:
    """A table; where nobody watches it is as wide as it needs to be, and nothing is cut."""
    if console.is_terminal:
        console.print(table)
        return
    usual = console.width
    endless = console.options.update(max_width=_ENDLESS)
    console.width = max(usual, console.measure(table, options=endless).maximum)
    console.print(table)
    console.width = usual


def write_json(value: Any, *, indent: int | None = None) -> None:
    """Print JSON on stdout, by default in one line; no character is lost in any encoding."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    if not _stdout_takes(text):
        text = json.dumps(value, allow_nan=False, indent=indent)
    sys.stdout.write(text + "\n")


def _stdout_takes(text: str) -> bool:
    """Whether it goes out as Unicode; a lone surrogate, as in some file names, does not."""
    encoding = sys.stdout.encoding or ""
    if not encoding.lower().startswith("utf"):
        return text.isascii()
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 post", "2,221 posts"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """The text without what a terminal would obey or cannot encode: it may come from a post."""
    encoding = sys.stderr.encoding or "utf-8"
    return clean(text).encode(encoding, errors="replace").decode(encoding)


def one_line(text: str) -> str:
    """As `printable`, for what is one word to a reader: a file's name, an id."""
    return printable(text.replace("\n", "�").replace("\t", "�"))
