"""A gallery whose pictures a CLIP model saw: built, and asked in new processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.clip_checkpoints import save_checkpoint
from tests.commands import SAMPLE, report_of, run_after_each_other, run_anew

pytestmark = pytest.mark.slow  # loads torch

RUN_BY = {"openvino", "tokenizers"}  # all that a query needs, once the model is exported


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    save_checkpoint(folder / "tiny")
    chroma_dir = folder / "chroma_db"
    done = run_anew(
        "indexer", "build", SAMPLE, "--clip", folder / "tiny", "--json", "--chroma-dir", chroma_dir,
        XDG_CACHE_HOME=str(folder / "cache"),
    )  # fmt: skip
    assert report_of(done)["gallery"]["posts"] > 0
    return chroma_dir


def test_a_query_loads_neither_torch_nor_what_the_model_came_from(gallery: Path) -> None:
    search = ("retrieval.search", "a red cup", "--json", "--chroma-dir", gallery)
    cache = str(gallery.parent / "cache")
    (first,) = run_after_each_other([search], XDG_CACHE_HOME=cache)
    assert set(first.heavy) == RUN_BY
    assert first.returncode == 0, first.stderr


def test_the_same_is_found_when_everything_has_to_be_exported_again(
    gallery: Path, tmp_path: Path
) -> None:
    search = ("retrieval.search", "a red cup", "--json", "--chroma-dir", gallery)
    kept = run_anew(*search, XDG_CACHE_HOME=str(gallery.parent / "cache"))
    anew = run_anew(*search, XDG_CACHE_HOME=str(tmp_path))
    assert report_of(anew) == report_of(kept)


def test_other_weights_under_the_same_name_are_noticed(gallery: Path) -> None:
    weights = gallery.parent / "tiny" / "open_clip_model.safetensors"
    before = shutil.copy2(weights, gallery.parent / "before")
    save_checkpoint(gallery.parent / "tiny", seed=1)
    done = run_anew(
        "retrieval.search", "a cup", "--chroma-dir", gallery,
        XDG_CACHE_HOME=str(gallery.parent / "cache"),
    )  # fmt: skip
    assert done.returncode == 1
    assert "encoded by open_clip:tiny@" in done.stderr
    shutil.copy2(before, weights)
