"""Copies of a picture are alike, whatever was done to them; different pictures are not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from indexer.sources.base import SourceRequest
from indexer.sources.sample import SampleReader
from retrieval.search.alike import _LEAST_CORRELATION, _shades, are_alike
from tests.data import COCO_MINI, needs_shared_data

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "posts.csv"
PHOTOGRAPHS = (
    "astronaut", "chelsea", "coffee", "motorcycle_left", "motorcycle_right", "camera",
    "clock_motion",
)  # fmt: skip
SAME = np.eye(1, 4, dtype=np.float32)[0]  # vectors that leave the pictures to decide


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photographs of the sample gallery, out of the packages that hold them."""
    folder = tmp_path_factory.mktemp("pictures")
    SampleReader().read(SourceRequest(SAMPLE, image_roots=(folder,)))
    return folder


def alike(first: Path, second: Path) -> bool:
    return are_alike((SAME, SAME), (first, second))


def correlation(first: Path, second: Path) -> float:
    one, other = _shades(first), _shades(second)
    assert one is not None
    assert other is not None
    return float(one @ other)


def saved(image: Image.Image, path: Path, quality: int = 80) -> Path:
    image.save(path, quality=quality)
    return path


def noise(path: Path, seed: int) -> Path:
    """Eight by eight fields of random greys."""
    fields = np.random.default_rng(seed).integers(0, 256, size=(8, 8), dtype=np.uint8)
    return saved(Image.fromarray(fields).resize((320, 320), Image.Resampling.BICUBIC), path)


def gradient(path: Path, *, rising: bool) -> Path:
    row = np.linspace(0, 255, 320).astype(np.uint8)
    grey = np.tile(row if rising else row[::-1], (240, 1))
    return saved(Image.fromarray(grey), path)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "a tenth of the size": lambda image: image.resize((image.width // 10, image.height // 10)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "without colours": lambda image: image.convert("L").convert("RGB"),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_is_like_itself_changed(
    pictures: Path, tmp_path: Path, name: str, change: str
) -> None:
    original = next(pictures.glob(f"{name}.*"))
    with Image.open(original) as image:
        changed = CHANGES[change](image.convert("RGB"))
    assert alike(original, saved(changed, tmp_path / "changed.webp"))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_picture_is_like_its_poor_jpeg(pictures: Path, tmp_path: Path, name: str) -> None:
    original = next(pictures.glob(f"{name}.*"))
    with Image.open(original) as image:
        assert alike(original, saved(image.convert("RGB"), tmp_path / "poor.jpg", quality=10))


def test_no_two_different_photographs_are_alike(pictures: Path) -> None:
    files = [next(pictures.glob(f"{name}.*")) for name in PHOTOGRAPHS]
    for first, second in combinations(files, 2):
        assert not alike(first, second), (first.name, second.name)


@needs_shared_data
def test_no_two_reference_pictures_are_alike_and_none_is_near_it() -> None:
    files = sorted((COCO_MINI / "val2017").glob("*.jpg"))
    assert len(files) >= 40
    nearest = max(correlation(*pair) for pair in combinations(files, 2))
    assert nearest < _LEAST_CORRELATION - 0.1


def test_drawn_pictures_by_hand(tmp_path: Path) -> None:
    rising = gradient(tmp_path / "rising.png", rising=True)
    falling = gradient(tmp_path / "falling.png", rising=False)
    assert correlation(rising, falling) == pytest.approx(-1, abs=1e-3)
    assert correlation(rising, rising) == pytest.approx(1)
    assert not alike(rising, falling)
    assert alike(rising, rising)
    assert not alike(noise(tmp_path / "0.png", 0), noise(tmp_path / "1.png", 1))


def test_pictures_whose_vectors_differ_are_not_looked_at(tmp_path: Path) -> None:
    picture = noise(tmp_path / "a.png", 0)
    angle = np.arccos(0.49)
    other = np.array([np.cos(angle), np.sin(angle), 0, 0], dtype=np.float32)
    assert not are_alike((SAME, other), (picture, picture))
    angle = np.arccos(0.51)
    near = np.array([np.cos(angle), np.sin(angle), 0, 0], dtype=np.float32)
    assert are_alike((SAME, near), (picture, picture))


def test_a_picture_without_a_thumbnail_is_like_no_other(tmp_path: Path) -> None:
    picture = noise(tmp_path / "a.png", 0)
    missing, broken = tmp_path / "missing.webp", tmp_path / "broken.webp"
    broken.write_bytes(b"RIFF, or not")
    (tmp_path / "folder.webp").mkdir()
    for gone in (missing, broken, tmp_path / "folder.webp"):
        assert not alike(picture, gone)
        assert not alike(gone, picture)
        assert not alike(gone, gone)


def test_pictures_of_one_colour_tell_nothing_and_are_not_copies(tmp_path: Path) -> None:
    red = saved(Image.new("RGB", (320, 320), "red"), tmp_path / "red.png")
    yellow = saved(Image.new("RGB", (320, 320), "yellow"), tmp_path / "yellow.png")
    assert not alike(red, yellow)


def card(path: Path, *lines: str, size: int) -> Path:
    """Words on white, as people post them."""
    image = Image.new("RGB", (320, 320), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for row, line in enumerate(lines):
        draw.text((160, 110 + row * (size + 8)), line, fill="black", font=font, anchor="mt")
    return saved(image, path)


def test_cards_with_other_words_are_not_copies(tmp_path: Path) -> None:
    change = card(tmp_path / "a.png", "Be the change", "you want to see", "in the world", size=22)
    closed = card(tmp_path / "b.png", "Our shop is closed", "on Monday for", "holidays", size=22)
    assert not alike(change, closed)
    sale, new = (card(tmp_path / f"{word}.png", word, size=60) for word in ("SALE", "NEW"))
    assert not alike(sale, new)
    with Image.open(sale) as image:
        assert alike(sale, saved(image.resize((90, 90)), tmp_path / "small.webp"))
