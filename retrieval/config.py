"""What can be set from outside, and the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things lie. Handed down; nothing else looks at the environment."""

    chroma_dir: Path  # the gallery: Chroma, generations, thumbnails
    cache_dir: Path  # what can be made again: exported encoders, label vectors

    @classmethod
    def from_environment(cls) -> Settings:
        """Read CHROMA_DIR (default chroma_db/) and XDG_CACHE_HOME (default ~/.cache)."""
        cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return cls(
            chroma_dir=Path(os.environ.get("CHROMA_DIR") or "chroma_db"),
            cache_dir=Path(cache_home) / "post-gallery",
        )
