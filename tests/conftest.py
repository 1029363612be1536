"""What several test files share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import portalocker
import pytest
from hypothesis import settings

from retrieval.config import Settings
from tests.clip_checkpoints import save_checkpoint
from tests.commands import SAMPLE, build, report_of, run_anew
from tests.data import COCO_MINI, SENTICAP

if TYPE_CHECKING:
    from retrieval.encoders.clip import ClipEncoder

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("untimed")

IN_PARALLEL = "PYTEST_XDIST_WORKER" in os.environ
if IN_PARALLEL:  # the cores are taken: threads of torch and numpy would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where real encoders keep their exports: the user's own cache, so that they are made once."""
    return Settings.from_environment().cache_dir


# --- made once a run, for all of pytest's processes: read them, and write only to copies ------


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Gives a folder of this name, which the first process that asks for it has filled."""
    own = tmp_path_factory.getbasetemp()
    run = own.parent if IN_PARALLEL else own

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        made, is_done = run / name, run / f"{name}.done"
        with portalocker.Lock(run / f"{name}.lock", timeout=280):
            if not is_done.exists():
                shutil.rmtree(made, ignore_errors=True)  # of another that failed
                made.mkdir()
                make(made)
                is_done.touch()
        return made

    return folder


@pytest.fixture(scope="session")
def sample_gallery(once: Once) -> Path:
    """The sample gallery as the packaged encoder sees it; the build's report lies beside it."""

    def make(folder: Path) -> None:
        done = run_anew(
            "indexer", "build", SAMPLE, "--clip", "packaged", "--json",
            "--chroma-dir", folder / "chroma_db",
        )  # fmt: skip
        (folder / "report.json").write_text(json.dumps(report_of(done)))

    return once("sample", make) / "chroma_db"


@pytest.fixture(scope="session")
def coco_gallery(once: Once) -> Path:
    """The hundred pictures of COCO that are at hand, with COCO's captions."""

    def make(folder: Path) -> None:
        for split in ("train2017", "val2017"):
            annotations = COCO_MINI / "annotations" / f"captions_{split}.json"
            build(folder / "chroma_db", annotations, "--images", COCO_MINI / split)

    return once("coco", make) / "chroma_db"


@pytest.fixture(scope="session")
def final_gallery(once: Once, coco_gallery: Path) -> Path:
    """The same with SentiCap's captions."""

    def make(folder: Path) -> None:
        chroma_dir = folder / "chroma_db"
        shutil.copytree(coco_gallery, chroma_dir)
        build(
            chroma_dir, SENTICAP, "--images", COCO_MINI / "train2017", "--images",
            COCO_MINI / "val2017", "--coco-annotations", COCO_MINI / "annotations",
            "--final-dataset", folder / "final_dataset",
        )  # fmt: skip

    return once("final", make) / "chroma_db"


# --- made for a test, or for a process ------------------------------------------------------


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
