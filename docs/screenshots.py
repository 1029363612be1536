"""Writes the pictures of the page that README.md shows, from the sample gallery.

    python -m docs.screenshots

Needs requirements-dev.txt and a Chromium.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import Visitor, serving, visiting
from tests.commands import ROOT, SAMPLE, build

COLOURS = 112  # enough for paper, ink and thumbnails, in a third of the bytes


def write(visitor: Visitor, name: str) -> None:
    """The page as it stands, as a PNG beside this script."""
    visitor.page.mouse.move(0, 0)
    visitor.settle()
    shot = Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")
    path = ROOT / "docs" / name
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Build the sample gallery, ask it and look into it."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Path(folder) / "chroma_db"
        build(gallery, SAMPLE)
        with serving(gallery, Path(folder) / "log") as url, visiting(url) as seen:
            seen.open()
            seen.ask("which happy posts are from 2018?")
            write(seen, "page-chat.png")
            seen.open("/gallery?sort=most_positive")
            write(seen, "page-gallery.png")


if __name__ == "__main__":
    main()
