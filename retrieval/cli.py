"""What every command of the product shares: flags, and errors printed at the edge."""

from __future__ import annotations

import argparse
import json
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.captions import clean
from retrieval.errors import BadInput, BadOption, GalleryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrieval.config import Settings

DONE, FAILED, USAGE = 0, 1, 2  # exit codes
INTERRUPTED = 130  # as shells report Ctrl-C


def add_chroma_dir(
    parser: argparse.ArgumentParser, settings: Settings, *, also_before: bool = False
) -> None:
    """Add --chroma-dir, which every command takes.

    `also_before`: it can stand before the command's name too; then nothing given there is lost.
    """
    default = str(settings.chroma_dir).replace("%", "%%")
    parser.add_argument(
        "--chroma-dir",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS if also_before else settings.chroma_dir,
        help=f"the gallery's folder (default: {default}; environment: CHROMA_DIR)",
    )


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
    """Print an error on stderr."""
    say(f"error: {error}")


def say(sentence: str) -> None:
    """Print a remark on stderr; stdout is for the answer."""
    print(printable(sentence), file=sys.stderr, flush=True)  # noqa: T201


def run(
    command: Callable[[], int],
    *,
    complain: Callable[[GalleryError], None] = complain,
    say: Callable[[str], None] = say,
) -> int:
    """Run a command; what a user can mend is one line on stderr instead of a traceback."""
    if isinstance(sys.stdout, TextIOWrapper):  # not every terminal and file takes every sign
        sys.stdout.reconfigure(errors="replace")
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except SystemExit as exit_:
        if isinstance(exit_.__context__, BrokenPipeError):  # what rich makes of the same
            return DONE
        raise


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
