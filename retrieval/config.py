"""What can be set from outside, and the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things lie. Handed down; nothing else looks at the environment."""

    chroma_dir: Path  # the gallery: Chroma, generations, thumbnails
    cache_dir: Path  # what can be made again: exported encoders, label vectors
    openai_base_url: str | None = None  # any endpoint that speaks OpenAI's protocol
    openai_api_key: str | None = field(default=None, repr=False)

    def keep_libraries_tidy(self) -> None:
        """Let libraries that write into the home folder at import use the cache folder instead."""
        os.environ.setdefault("MPLCONFIGDIR", str(self.cache_dir / "matplotlib"))

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment.

        CHROMA_DIR (default chroma_db/), XDG_CACHE_HOME (default ~/.cache), OPENAI_BASE_URL,
        OPENAI_API_KEY.
        """
        cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return cls(
            chroma_dir=Path(os.environ.get("CHROMA_DIR") or "chroma_db"),
            cache_dir=Path(cache_home) / "post-gallery",
            openai_base_url=os.environ.get("OPENAI_BASE_URL") or None,
            openai_api_key=os.environ.get("OPENAI_API_KEY") or None,
        )
