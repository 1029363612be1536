"""Writes docs/walkthrough.md: three posts of the sample gallery, by the real commands.

python docs/walkthrough.py
"""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample" / "posts.csv"
PAGE = ROOT / "docs" / "walkthrough.md"
POSTS = ("sample-16", "sample-29", "sample-31")

HEAD = """\
# A walk through three posts

What the project does with three posts of the sample gallery, step by step: what the caption says of
its mood and topics, what the picture says, what both say together, what a search finds, and what
looking at the pictures adds. Every output below is what the command printed when `make walkthrough`
wrote this page, with the packaged encoder, which needs no model hub. It cannot tell moods from
looks, so the sentiment of a picture is *not determined* here; with CLIP it is.

"""
QUESTION = """\
## The questions behind it

What the posts are asked in the end, here by search. “Which posts about vehicles are negative?”

"""
COMPARISON = """\
## The comparison

Over the whole gallery, the same question for everything whose truth is known: *what did looking at
the pictures add?* The sample gallery has no truth about sentiment and topics, and says so.

"""


class Walk:
    """Runs commands in a gallery of its own and keeps what they print."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def shown(self, command: str, lines: int | None = None) -> str:
        """A command as a reader would type it, and what it printed; `lines` of it at most."""
        done = subprocess.run(
            [sys.executable, *shlex.split(command)[1:]],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(ROOT), "COLUMNS": "96", **_environment()},
        )
        output = done.stdout.replace(str(self._folder), "…").strip("\n").splitlines()
        if lines is not None and len(output) > lines:
            output = [*output[:lines], "…"]
        block = "\n".join(f"    {line}".rstrip() for line in [f"$ {command}", *output])
        return f"{block}\n\n"

    def build(self) -> None:
        """The sample gallery."""
        self.shown(f"python -m indexer build {SAMPLE} --clip packaged")


def _environment() -> dict[str, str]:
    kept = ("HOME", "PATH", "XDG_CACHE_HOME")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _chapter(walk: Walk, post: dict[str, str]) -> str:
    picture, caption = f"pictures/{post['image']}", shlex.quote(post["caption"])
    return "".join(
        [
            f"## “{post['caption']}”\n\n",
            "**What the caption says.** Its sentiment, and which words weigh how much; its topics, "
            "and which phrase of each topic lies nearest.\n\n",
            walk.shown(f"python -m retrieval.labels {caption}", 9),
            "**What the picture says**, without the caption.\n\n",
            walk.shown(f"python -m retrieval.labels --image {picture}", 9),
            "**Both together.**\n\n",
            walk.shown(f"python -m retrieval.labels {caption} --image {picture}", 8),
            "**What a search finds** with the first words, and why.\n\n",
            walk.shown(
                f"python -m retrieval.search {shlex.quote(_first_words(post['caption']))} -k 1"
            ),
        ]
    )


def _first_words(caption: str) -> str:
    return " ".join(word.strip(",.!") for word in caption.split()[:4])


def main() -> None:
    """Write the page."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        posts = {row["post_id"]: row for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        walk = Walk(folder)
        walk.build()
        (folder / "pictures").symlink_to(SAMPLE.parent / "pictures")
        parts = [HEAD, *(_chapter(walk, posts[post]) for post in POSTS)]
        parts += [
            QUESTION,
            walk.shown(
                "python -m retrieval.search --topic vehicles_transport --sentiment negative"
            ),
            "“How did I feel in which year?”\n\n",
            walk.shown("python -m retrieval.search --count-by year --count-by sentiment"),
            COMPARISON,
            walk.shown("python -m retrieval.evaluate --out reports", 8),
        ]
    PAGE.write_text("".join(parts).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
