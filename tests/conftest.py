"""What several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.config import Settings


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where real encoders keep their exports: the user's own cache, so that they are made once."""
    return Settings.from_environment().cache_dir


@pytest.fixture
def chroma_dir(tmp_path: Path) -> Path:
    return tmp_path / "chroma_db"
