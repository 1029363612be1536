"""Pictures prepared without torch, pixel for pixel as open_clip prepares them."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from retrieval.encoders.clip_pixels import Pixels
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import WeightsUnavailable

SIGLIP = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}


@pytest.mark.slow  # loads torch
@pytest.mark.parametrize("size", [(32, 32), (24, 40), (40, 24)])
@pytest.mark.parametrize(
    "preprocessing",
    [
        {},
        SIGLIP,
        {"interpolation": "bilinear", "resize_mode": "shortest"},
        {"interpolation": "random", "resize_mode": None},
        {"resize_mode": "longest"},
        {"resize_mode": "longest", "fill_color": 127, "interpolation": "bilinear"},
        {"resize_mode": "longest", "fill_color": [1, 2, 3]},
        {"mean": 0.5, "std": 0.25},
    ],
)
def test_every_way_of_open_clip_s(preprocessing: dict[str, Any], size: tuple[int, int]) -> None:
    make_torchvision_importable()
    from open_clip.transform import PreprocessCfg, image_transform_v2

    given = {
        key: tuple(v) if key == "fill_color" and isinstance(v, list) else v
        for key, v in preprocessing.items()
    }
    transform = image_transform_v2(PreprocessCfg(**{**given, "size": size}), is_train=False)
    pixels = Pixels.from_config(size, preprocessing, "a checkpoint")
    generator = np.random.default_rng(0)
    for height, width in (
        (32, 32),
        (40, 24),
        (7, 5),
        (61, 300),
        (301, 20),
        (1, 1),
        (33, 1),
        (480, 641),
    ):
        image = Image.fromarray(generator.integers(0, 255, (height, width, 3), np.uint8))
        expected = transform(image).numpy()
        found = pixels(image)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected, err_msg=f"{height} x {width}")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 5000), (5000, 3), (30, 6000)])
def test_a_long_and_thin_picture_is_prepared_as_it_would_be_and_fills_no_memory(
    size: tuple[int, int],
) -> None:
    make_torchvision_importable()
    from open_clip.transform import PreprocessCfg, image_transform_v2

    generator = np.random.default_rng(0)
    image = Image.fromarray(generator.integers(0, 255, (size[1], size[0], 3), np.uint8))
    with mock.patch.object(
        Image.Image, "resize", autospec=True, side_effect=Image.Image.resize
    ) as resize:
        found = Pixels((32, 32))(image)
    assert max(resize.call_args.args[1]) < 3200
    whole = image_transform_v2(PreprocessCfg(size=(32, 32)), is_train=False)(image).numpy()
    # Of noise, which a shift of half a pixel changes most.
    assert np.corrcoef(found.ravel(), whole.ravel())[0, 1] > 0.99


def test_a_way_that_open_clip_has_not_is_named_with_those_it_has() -> None:
    with pytest.raises(
        WeightsUnavailable, match=r"tiny asks: .*'tiled'.*shortest, longest, squash"
    ):
        Pixels.from_config((32, 32), {"resize_mode": "tiled"}, "tiny")
    with pytest.raises(WeightsUnavailable, match="interpolation one of bicubic"):
        Pixels.from_config((32, 32), {"interpolation": "lanczos"}, "tiny")
