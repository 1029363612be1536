"""CLIP through open_clip's own loading code, on checkpoints that the tests save themselves."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from retrieval.encoders.clip import ClipEncoder
from retrieval.encoders.clip_checkpoints import parse_checkpoint
from retrieval.encoders.clip_model import one_tower
from retrieval.encoders.networks import Runtime, _torch_network
from retrieval.errors import WeightsUnavailable
from tests.clip_checkpoints import save_checkpoint

pytestmark = pytest.mark.slow  # loads torch

TEXTS = ["a cat asleep on a sofa", "", "🐈 " * 200]


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    generator = np.random.default_rng(0)
    sizes = [(40, 60), (300, 20), (32, 32), (7, 5)]
    return [Image.fromarray(generator.integers(0, 255, (*s, 3), np.uint8)) for s in sizes]


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    result: np.ndarray = (one * other).sum(axis=1) / lengths
    return result


def test_pictures_get_the_vectors_that_torch_gives_them(
    clip_encoder: ClipEncoder, clip_model: Any, images: list[Image.Image]
) -> None:
    import torch

    batch = torch.from_numpy(np.stack([clip_encoder.prepare(image) for image in images]))
    with torch.inference_mode():
        expected = clip_model.encode_image(batch).numpy()
    vectors = clip_encoder.encode_images(images)
    assert vectors.shape == (4, clip_encoder.dimension) == (4, 16)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert cosines(vectors, expected).min() > 0.999, "bf16 keeps three digits"


def test_texts_get_the_vectors_that_torch_gives_them(
    clip_encoder: ClipEncoder, clip_model: Any
) -> None:
    import open_clip
    import torch

    tokens = open_clip.get_tokenizer("ViT-B-32")([" ".join(text.split()) for text in TEXTS])
    with torch.inference_mode():
        expected = clip_model.encode_text(tokens).numpy()
    assert cosines(clip_encoder.encode_texts(TEXTS), expected).min() > 0.99999
    assert clip_encoder.encode_texts([]).shape == (0, 16)


def test_a_vector_does_not_depend_on_its_batch(
    clip_encoder: ClipEncoder, images: list[Image.Image]
) -> None:
    alone = clip_encoder.encode_images(images[:1])
    among_others = clip_encoder.encode_images([*images * 9, images[0]])
    assert cosines(alone, among_others[-1:]).min() > 0.99999


def test_torch_itself_runs_the_network_as_on_an_accelerator(
    clip_encoder: ClipEncoder, images: list[Image.Image]
) -> None:
    tower = _torch_network(one_tower(clip_encoder._load(), "encode_image"), Runtime("cpu", "bf16"))
    vectors = tower(np.stack([clip_encoder.prepare(image) for image in images]))
    assert cosines(vectors, clip_encoder.encode_images(images)).min() > 0.995


def test_an_export_in_the_cache_is_used_without_loading_the_weights(
    clip_encoder: ClipEncoder, clip_folder: Path, clip_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = clip_encoder.encode_texts(TEXTS)
    again = ClipEncoder(parse_checkpoint(str(clip_folder)), cache_dir=clip_cache, device="cpu")
    monkeypatch.setattr(ClipEncoder, "_load", lambda _: pytest.fail("the weights were loaded"))
    assert again.encode_texts(TEXTS) == pytest.approx(expected, abs=1e-6)


def test_one_loading_of_the_weights_exports_both_towers(
    clip_folder: Path, clip_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip

    loaded: list[str] = []
    create = open_clip.create_model

    def counted(name: str, **options: Any) -> Any:
        loaded.append(name)
        return create(name, **options)

    monkeypatch.setattr(open_clip, "create_model", counted)
    encoder = ClipEncoder(parse_checkpoint(str(clip_folder)), cache_dir=tmp_path, device="cpu")
    encoder.encode_images([Image.new("RGB", (9, 9))])
    encoder.encode_texts(["a cat"])
    assert len(loaded) == 1
    assert len(list((tmp_path / "networks").glob("*/model.xml"))) == 2


def test_other_weights_have_another_fingerprint(clip_encoder: ClipEncoder, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "tiny", seed=1)
    other = ClipEncoder(parse_checkpoint(str(tmp_path / "tiny")), cache_dir=tmp_path)
    assert other.fingerprint != clip_encoder.fingerprint
    assert clip_encoder.fingerprint.startswith("open_clip:tiny@")


def test_other_preprocessing_has_another_fingerprint(
    clip_encoder: ClipEncoder, clip_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(clip_folder, tmp_path / "tiny")
    config = tmp_path / "tiny" / "open_clip_config.json"
    config.write_text(config.read_text().replace('"squash"', '"shortest"'))
    other = ClipEncoder(parse_checkpoint(str(tmp_path / "tiny")), cache_dir=tmp_path)
    assert other.fingerprint != clip_encoder.fingerprint


def test_pictures_are_prepared_pixel_for_pixel_as_open_clip_does(
    tmp_path: Path, images: list[Image.Image]
) -> None:
    import open_clip

    (tmp_path / "weights.pt").write_bytes(b"not looked at")
    encoder = ClipEncoder(
        parse_checkpoint(f"ViT-B-32-256={tmp_path / 'weights.pt'}"), cache_dir=tmp_path
    )
    logging.disable(logging.WARNING)  # about weights that are random
    _, _, transform = open_clip.create_model_and_transforms("ViT-B-32-256")
    logging.disable(logging.NOTSET)
    for image in images:
        assert np.array_equal(encoder.prepare(image), transform(image).numpy())
    assert (encoder.dimension, encoder.short_side) == (512, 256)


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_a_weights_file_of_a_known_architecture_is_loaded(
    tmp_path: Path, images: list[Image.Image], name: str
) -> None:
    """ViT-S-32-alt, the smallest that open_clip knows, with random weights."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    logging.disable(logging.WARNING)
    reference = open_clip.create_model("ViT-S-32-alt").eval()
    logging.disable(logging.NOTSET)
    path = tmp_path / name
    if path.suffix == ".pt":
        torch.save({"state_dict": reference.state_dict()}, path)
    else:
        save_file(reference.state_dict(), path)
    encoder = ClipEncoder(
        parse_checkpoint(f"ViT-S-32-alt={path}"), cache_dir=tmp_path, device="cpu"
    )
    batch = torch.from_numpy(np.stack([encoder.prepare(image) for image in images]))
    loaded: Any = encoder._load()  # exporting it takes long, and smaller ones are exported above
    with torch.inference_mode():
        assert torch.equal(loaded.encode_image(batch), reference.encode_image(batch))


def test_a_pickle_of_code_is_refused_without_torchs_advice_to_run_it(
    clip_model: Any, tmp_path: Path
) -> None:
    import torch

    torch.save(clip_model, tmp_path / "whole.pt")
    checkpoint = parse_checkpoint(f"ViT-S-32-alt={tmp_path / 'whole.pt'}")
    with pytest.raises(WeightsUnavailable, match=r"whole\.pt: it is not a state dict") as caught:
        ClipEncoder(checkpoint, cache_dir=tmp_path).encode_texts(["a"])
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no weights at all", "cannot be loaded as .*tiny: "),
        (b"", "cannot be loaded as .*tiny: "),
    ],
)
def test_a_broken_weights_file_is_named(
    clip_folder: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    shutil.copytree(clip_folder, tmp_path / "tiny")
    (tmp_path / "tiny" / "open_clip_model.safetensors").write_bytes(content)
    encoder = ClipEncoder(parse_checkpoint(str(tmp_path / "tiny")), cache_dir=tmp_path)
    with pytest.raises(WeightsUnavailable, match=message):
        encoder.encode_texts(["a"])


def test_weights_that_are_not_numbers_are_an_error(clip_folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(clip_folder, tmp_path / "tiny")
    path = tmp_path / "tiny" / "open_clip_model.safetensors"
    save_file({k: torch.full_like(v, float("nan")) for k, v in load_file(path).items()}, path)
    encoder = ClipEncoder(parse_checkpoint(str(tmp_path / "tiny")), cache_dir=tmp_path)
    with pytest.raises(WeightsUnavailable, match="zero or not numbers; its weights are broken"):
        encoder.encode_texts(["a cat"])


@pytest.mark.slow
def test_open_clip_is_importable_beside_a_torch_without_cuda() -> None:
    code = (
        "from retrieval.encoders.torchvision_cure import make_torchvision_importable\n"
        "make_torchvision_importable(); make_torchvision_importable()\n"
        "import open_clip, torchvision\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
