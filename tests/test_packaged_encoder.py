"""The packaged picture encoder with its real weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.encoders.networks import Runtime, load_network
from retrieval.encoders.packaged import PackagedEncoder
from retrieval.encoders.weights import checked, package_folder
from retrieval.errors import BadOption, WeightsUnavailable
from retrieval.pictures import decode, load_file
from tests.data import COCO_MINI, needs_shared_data


@pytest.fixture(scope="module")
def encoder(cache_dir: Path) -> PackagedEncoder:
    return PackagedEncoder(cache_dir=cache_dir, device="cpu")


@pytest.fixture(scope="module")
def photographs() -> dict[str, Image.Image]:
    folder = package_folder("skimage")
    assert folder is not None
    names = ["chelsea", "coffee", "rocket"]
    files = [next((folder / "data").glob(f"{name}.*")) for name in names]
    return {n: Image.open(f).convert("RGB") for n, f in zip(names, files, strict=True)}


def test_words_find_the_photograph_they_describe(
    encoder: PackagedEncoder, photographs: dict[str, Image.Image]
) -> None:
    pictures = encoder.encode_images(list(photographs.values()))
    texts = encoder.encode_texts(["a cat's face", "a cup of coffee", "a rocket on its launch pad"])
    assert np.argmax(texts @ pictures.T, axis=1).tolist() == [0, 1, 2]


def test_vectors_are_unit_rows_of_float32(
    encoder: PackagedEncoder, photographs: dict[str, Image.Image]
) -> None:
    vectors = encoder.encode_images(list(photographs.values()))
    assert vectors.shape == (3, encoder.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode_images([]).shape == (0, 384)


def test_a_vector_does_not_depend_on_its_batch(
    encoder: PackagedEncoder, photographs: dict[str, Image.Image]
) -> None:
    cat = photographs["chelsea"]
    alone = encoder.encode_images([cat])[0]
    among_others = encoder.encode_images([*photographs.values(), *photographs.values(), cat])[-1]
    assert alone @ among_others > 0.99999


def test_the_export_gives_what_torch_gives(
    encoder: PackagedEncoder, photographs: dict[str, Image.Image]
) -> None:
    import torch

    views = encoder.prepare(photographs["chelsea"])
    module = encoder._blueprint.build()
    with torch.inference_mode():
        expected = module(torch.from_numpy(views)).numpy()
    network = load_network(encoder._blueprint, Runtime("cpu", "f32"), encoder._cache_dir)
    assert network(np.resize(views, (16, *views.shape[1:])))[:2] == pytest.approx(
        expected, abs=1e-3
    )


def test_a_picture_of_any_shape_gives_views_of_one_shape(encoder: PackagedEncoder) -> None:
    for size in ((1, 1), (3000, 20), (20, 3000)):
        assert encoder.prepare(Image.new("RGB", size)).shape == (2, 3, 260, 260)


def test_other_numbers_of_views_are_refused(cache_dir: Path) -> None:
    with pytest.raises(BadOption, match="3 views of a picture; choose 2 or 9"):
        PackagedEncoder(cache_dir=cache_dir, views=3)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"other weights")
    with pytest.raises(WeightsUnavailable, match=r"weights.pth is not the published file"):
        checked(tmp_path / "weights.pth", "0" * 64)


@needs_shared_data
@pytest.mark.slow
def test_captions_find_their_pictures_as_often_as_measured(encoder: PackagedEncoder) -> None:
    """R@1 ≥ .32 and R@5 ≥ .70 for 500 captions over 100 COCO pictures (chance: .01 and .05)."""
    paths: list[Path] = []
    captions: list[str] = []
    owners: list[int] = []
    for split in ("train2017", "val2017"):
        annotations = json.loads(
            (COCO_MINI / "annotations" / f"captions_{split}.json").read_text("utf-8")
        )
        for image in annotations["images"]:
            for one in annotations["annotations"]:
                if one["image_id"] == image["id"]:
                    captions.append(one["caption"])
                    owners.append(len(paths))
            paths.append(COCO_MINI / split / image["file_name"])
    pictures = encoder.encode_images(
        [decode(load_file(path), encoder.short_side).image for path in paths]
    )
    similarities = encoder.encode_texts(captions) @ pictures.T
    own = similarities[np.arange(len(captions)), owners]
    ranks = 1 + (similarities > own[:, None]).sum(axis=1)
    assert len(captions) == 500
    assert (ranks <= 1).mean() >= 0.32
    assert (ranks <= 5).mean() >= 0.70
