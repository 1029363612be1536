"""What is said when the hub does not give a model; downloads are in test_clip_checkpoints."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from retrieval.encoders import hub
from retrieval.encoders.hub import fetch_folder, undamaged
from retrieval.errors import WeightsUnavailable


def fetch(name: str, **options: Any) -> Path:
    return fetch_folder("captioner", name, ["*.json"], instead="give a folder", **options)


def refused_with(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said when the hub's library raises this."""

    def snapshot_download(*_: object, **__: object) -> str:
        raise error.__new__(error)

    monkeypatch.setattr(hub, "hub_is_reachable", lambda: True)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(WeightsUnavailable) as caught:
        fetch("some/model")
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("RepositoryNotFoundError", "it has no such model; check the name, or give a folder"),
        ("GatedRepoError", "its owner wants terms accepted first"),
        ("HFValidationError", "no name there looks like that; write it as OWNER/NAME"),
        ("XetDownloadError", "XetDownloadError; run this again, which goes on where it stopped"),
    ],
)
def test_the_reason_is_told_in_words(
    name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.errors

    said = refused_with(getattr(huggingface_hub.errors, name), monkeypatch)
    assert f"'some/model' is not a folder here, and cannot be fetched from the {reason}" in (
        said.replace("Hugging Face hub: ", "")
    )


@pytest.mark.parametrize("or_cached", [True, False])
@pytest.mark.parametrize(
    ("forbidden", "reason"), [(True, "HF_HUB_OFFLINE forbids"), (False, "it cannot be reached")]
)
def test_out_of_reach_is_told_at_once(
    forbidden: bool,
    or_cached: bool,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", forbidden)
    monkeypatch.setattr(hub, "hub_is_reachable", lambda: False)
    with pytest.raises(WeightsUnavailable, match=f"{reason}.*, or give a folder"):
        fetch("some/model", or_cached=or_cached)


def test_out_of_reach_what_was_fetched_before_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models--some--model" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (tmp_path / "models--some--model" / "refs").mkdir()
    (tmp_path / "models--some--model" / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "hub_is_reachable", lambda: False)
    assert fetch("some/model") == folder
    with pytest.raises(WeightsUnavailable):
        fetch("some/model", or_cached=False)


def test_a_file_of_the_cache_is_what_its_name_says(tmp_path: Path) -> None:
    whole = tmp_path / hashlib.sha256(b"weights").hexdigest()
    whole.write_bytes(b"weights")
    for name, blob in (("good", whole.name), ("bad", "0" * 64)):
        (tmp_path / blob).write_bytes(b"weights")
        (tmp_path / name).symlink_to(blob)
    assert undamaged(tmp_path / "good") == tmp_path / "good"
    with pytest.raises(WeightsUnavailable, match=r"is damaged.*delete it and run again"):
        undamaged(tmp_path / "bad")
    (tmp_path / "own.bin").write_bytes(b"")
    assert undamaged(tmp_path / "own.bin") == tmp_path / "own.bin"
