"""What several test files share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from retrieval.config import Settings
from tests.clip_checkpoints import save_checkpoint

if TYPE_CHECKING:
    from retrieval.encoders.clip import ClipEncoder


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where real encoders keep their exports: the user's own cache, so that they are made once."""
    return Settings.from_environment().cache_dir


@pytest.fixture
def chroma_dir(tmp_path: Path) -> Path:
    return tmp_path / "chroma_db"


@pytest.fixture(scope="session")
def saved_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A tiny CLIP's folder, and the model that is saved there."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    return folder, save_checkpoint(folder)


@pytest.fixture(scope="session")
def clip_folder(saved_clip: tuple[Path, Any]) -> Path:
    return saved_clip[0]


@pytest.fixture(scope="session")
def clip_model(saved_clip: tuple[Path, Any]) -> Any:
    return saved_clip[1]


@pytest.fixture(scope="session")
def clip_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def clip_encoder(clip_folder: Path, clip_cache: Path) -> ClipEncoder:
    from retrieval.encoders.clip import ClipEncoder
    from retrieval.encoders.clip_checkpoints import parse_checkpoint

    return ClipEncoder(parse_checkpoint(str(clip_folder)), cache_dir=clip_cache, device="cpu")
