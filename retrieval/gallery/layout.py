"""Where the small copies of the pictures lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def thumbnail_path(chroma_dir: Path, image_id: str) -> Path:
    """The WebP of a picture; spread over 256 folders, since some file systems dislike huge ones."""
    return chroma_dir / "thumbnails" / image_id[:2] / f"{image_id}.webp"
