"""What can be set from outside, and the only reader of the environment."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things lie. Handed down; nothing else looks at the environment."""

    chroma_dir: Path  # the gallery: Chroma, generations, thumbnails
    cache_dir: Path  # what can be made again: exported encoders, label vectors
    uploads_dir: Path | None = None  # what was handed to the page; None: beside the gallery
    reports_dir: Path = Path("reports")  # what evaluations write
    openai_base_url: str | None = None  # any endpoint that speaks OpenAI's protocol
    openai_api_key: str | None = field(default=None, repr=False)
    openai_model: str | None = None  # that answers questions; None: no language model does

    def keep_libraries_tidy(self) -> None:
        """Let libraries that write into the home folder at import use the cache folder instead."""
        os.environ.setdefault("MPLCONFIGDIR", str(self.cache_dir / "matplotlib"))

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment, and .env in the working directory for what is not set there.

        CHROMA_DIR (default chroma_db/), UPLOADS_DIR (default chroma_db_uploads/, beside the
        gallery), REPORTS_DIR (default reports/), XDG_CACHE_HOME (default ~/.cache),
        OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL.
        """
        values = {**_read_env_file(Path(".env")), **os.environ}
        uploads_dir = values.get("UPLOADS_DIR")
        cache_home = Path(values.get("XDG_CACHE_HOME") or "")
        if not cache_home.is_absolute():  # which the standard has ignored
            cache_home = _home_cache()
        return cls(
            chroma_dir=Path(values.get("CHROMA_DIR") or "chroma_db"),
            cache_dir=cache_home / "post-gallery",
            uploads_dir=Path(uploads_dir) if uploads_dir else None,
            reports_dir=Path(values.get("REPORTS_DIR") or "reports"),
            openai_base_url=values.get("OPENAI_BASE_URL") or None,
            openai_api_key=values.get("OPENAI_API_KEY") or None,
            openai_model=values.get("OPENAI_MODEL") or None,
        )


def _home_cache() -> Path:
    """The home folder's cache; a temporary one for a user without a home, as in containers."""
    try:
        home = Path.home()
    except RuntimeError:
        return _temporary_cache()
    return home / ".cache" if home.is_absolute() else _temporary_cache()


def _temporary_cache() -> Path:
    """A folder for this user alone, the same one every time: anybody may write beside it."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"post-gallery-{user}")
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o077:
            return folder
    return Path(tempfile.mkdtemp(prefix="post-gallery-"))


def _read_env_file(path: Path) -> dict[str, str | None]:
    """What .env sets; nothing where it is not there or no text."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return dict(dotenv_values(path, interpolate=False))
    except (OSError, UnicodeDecodeError):
        return {}
