"""What every command of the product shares: flags, and errors printed at the edge."""

from __future__ import annotations

import argparse
import os
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import BadOption, GalleryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrieval.config import Settings

DONE, FAILED, USAGE = 0, 1, 2  # exit codes
INTERRUPTED = 130  # as shells report Ctrl-C


def add_chroma_dir(parser: argparse.ArgumentParser, settings: Settings) -> None:
    """Add --chroma-dir, which every command takes."""
    parser.add_argument(
        "--chroma-dir",
        type=Path,
        metavar="DIR",
        default=settings.chroma_dir,
        help="the gallery's folder (default: %(default)s; environment: CHROMA_DIR)",
    )


def positive_int(text: str) -> int:
    """Read a whole number of at least 1, for argparse."""
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")


def run(command: Callable[[], int]) -> int:
    """Run a command; what a user can mend is one line on stderr instead of a traceback."""
    try:
        return command()
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


def complain(error: GalleryError) -> None:
    """Print an error on stderr."""
    say(f"error: {error}")


def say(sentence: str) -> None:
    """Print a remark on stderr; stdout is for the answer."""
    print(printable(sentence), file=sys.stderr, flush=True)  # noqa: T201


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 post", "2,221 posts"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """The text without what a terminal would obey or cannot encode: it may come from a post.

    Right-to-left text stays; what turns the direction of the text around it goes.
    """
    shown = "".join("�" if _is_obeyed(c) else c for c in text)
    encoding = sys.stderr.encoding or "utf-8"
    return shown.encode(encoding, errors="replace").decode(encoding)


def _is_obeyed(character: str) -> bool:
    if character in "\n\t":
        return False
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
