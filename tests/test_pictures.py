from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from retrieval import pictures
from retrieval.errors import BadInput, StorageFailed
from retrieval.pictures import (
    Decoded,
    UnreadablePicture,
    decode,
    load_file,
    read_picture,
    write_thumbnail,
)

LEFT_RED = Image.new("RGB", (60, 40), "blue")
LEFT_RED.paste("red", (0, 0, 30, 40))


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def decoded(path: Path) -> Image.Image:
    return decode(load_file(path), short_side=64).image


def colour(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a share of the width and height, rounded so that JPEG's noise is gone."""
    pixel = image.getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(pixel, tuple)
    return tuple(round(value / 64) * 64 for value in pixel)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_shown_upright_whatever_its_exif_says(tmp_path: Path, orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions
    turned = LEFT_RED.transpose(Image.Transpose(undo.get(orientation, 0)))
    stored = LEFT_RED if orientation == 1 else turned
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "turned.jpg", stored, exif=exif, quality=95)
    result = decode(load_file(path), short_side=64)
    assert (result.width, result.height) == (60, 40)
    assert result.image.size == (60, 40)
    assert colour(result.image, 0.25, 0.5)[0] > 128
    assert colour(result.image, 0.75, 0.5)[2] > 128


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("grey.png", Image.new("L", (9, 9), 200), (192, 192, 192)),
        ("bilevel.png", Image.new("1", (9, 9), 1), (256, 256, 256)),
        ("palette.gif", Image.new("RGB", (9, 9), "red").convert("P"), (256, 0, 0)),
        ("cmyk.jpg", Image.new("CMYK", (9, 9), (0, 255, 255, 0)), (256, 0, 0)),
        ("glass.png", Image.new("RGBA", (9, 9), (0, 0, 0, 0)), (256, 256, 256)),
        ("grey-alpha.png", Image.new("LA", (9, 9), (0, 0)), (256, 256, 256)),
        ("deep.png", Image.fromarray(np.full((9, 9), 32_768, np.uint16)), (128, 128, 128)),
        ("float.tiff", Image.fromarray(np.eye(9, dtype=np.float32)), (256, 256, 256)),
        ("ycbcr.jpg", Image.new("YCbCr", (9, 9), (128, 128, 128)), (128, 128, 128)),
        ("web.webp", Image.new("RGB", (9, 9), (0, 0, 255)), (0, 0, 256)),
        ("phone.avif", Image.new("RGB", (16, 16), (0, 255, 0)), (0, 256, 0)),
    ],
)
def test_any_mode_becomes_rgb(
    tmp_path: Path, name: str, image: Image.Image, expected: tuple[int, ...]
) -> None:
    result = decoded(saved(tmp_path / name, image))
    assert result.mode == "RGB"
    assert colour(result, 0, 0) == expected


def test_heic_is_read(tmp_path: Path) -> None:
    pillow_heif.from_pillow(LEFT_RED.resize((600, 400))).save(tmp_path / "phone.heic")
    result = decode(load_file(tmp_path / "phone.heic"), short_side=64)
    assert (result.width, result.height) == (600, 400)
    assert colour(result.image, 0.25, 0.5)[0] > 128


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), c) for c in ("red", "blue")]
    path = saved(tmp_path / "moving.gif", frames[0], save_all=True, append_images=frames[1:])
    assert colour(decoded(path), 0.5, 0.5) == (256, 0, 0)


def test_a_picture_under_a_wrong_name_is_read(tmp_path: Path) -> None:
    assert decoded(saved(tmp_path / "really.jpg", LEFT_RED, format="PNG")).size == (60, 40)


def test_scaled_decoding_of_a_large_jpeg_looks_like_full_decoding(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    large = Image.fromarray(noise).resize((4000, 3000), Image.Resampling.BICUBIC)
    path = saved(tmp_path / "large.jpg", large, quality=95)
    result = decode(load_file(path), short_side=260)
    assert (result.width, result.height) == (4000, 3000)
    assert min(result.image.size) in range(2 * 320, 3000)
    small = np.asarray(result.image.resize((260, 260), Image.Resampling.BICUBIC), np.int16)
    full = Image.open(path).resize((260, 260), Image.Resampling.BICUBIC)
    assert np.abs(small - np.asarray(full, np.int16)).mean() < 3


def bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


def truncated() -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()[:20_480]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty; fetch it again"),
        (b"\0" * 5000, "the file holds nothing but zeros; fetch it again"),
        (b"<!DOCTYPE html><html>404</html>", "not a picture but a web page; fetch it again"),
        (b"hello", "not a picture in a format that is read; save it as JPEG or PNG"),
        (b"\0\0\0 ftypisom" + b"\0" * 99, "a video, or a picture in a format that is not read"),
        (truncated(), "truncated after 20 KB; fetch it again"),
        (bomb(), "more than 256 megapixels; save a smaller copy"),
        (b"\x89PNG\r\n\x1a\n" + b"rubbish" * 9, "truncated after 1 KB"),
    ],
)
def test_what_cannot_be_shown_says_why_and_what_to_do(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(UnreadablePicture, match=reason):
        decoded(tmp_path / "bad.jpg")


def test_a_corrupt_heic_is_one_error_and_no_hang(tmp_path: Path) -> None:
    pillow_heif.from_pillow(LEFT_RED.resize((600, 400))).save(tmp_path / "a.heic")
    content = bytearray((tmp_path / "a.heic").read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    (tmp_path / "b.heic").write_bytes(content)
    with pytest.raises(UnreadablePicture):
        decoded(tmp_path / "b.heic")


def test_the_same_content_has_the_same_id_under_any_name(tmp_path: Path) -> None:
    first, second = (saved(tmp_path / n, LEFT_RED) for n in ("a.png", "b.png"))
    assert load_file(first).image_id == load_file(second).image_id
    assert len(load_file(first).image_id) == 32


def test_a_thumbnail_is_a_small_webp_and_is_written_once(tmp_path: Path) -> None:
    path = saved(tmp_path / "large.png", LEFT_RED.resize((1200, 800)))
    thumbnail = tmp_path / "thumbnails" / "large.webp"
    write_thumbnail(decode(load_file(path), 64), thumbnail)
    with Image.open(thumbnail) as small:
        assert (small.format, small.size) == ("WEBP", (pictures.THUMBNAIL_SIDE, 213))
        assert colour(ImageOps.exif_transpose(small).convert("RGB"), 0.25, 0.5)[0] > 128
    written = thumbnail.stat().st_mtime_ns
    write_thumbnail(decode(load_file(path), 64), thumbnail)
    assert thumbnail.stat().st_mtime_ns == written
    assert [p.name for p in thumbnail.parent.iterdir()] == ["large.webp"]


def test_a_picture_is_read_from_a_file_and_from_bytes_alike(tmp_path: Path) -> None:
    path = saved(tmp_path / "red.png", LEFT_RED)
    by_path, by_bytes = read_picture(path, 64), read_picture(path.read_bytes(), 64)
    assert by_path.tobytes() == by_bytes.tobytes() == LEFT_RED.tobytes()


def test_what_is_no_picture_is_bad_input_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nope.jpg does not exist"):
        read_picture(tmp_path / "nope.jpg", 64)
    with pytest.raises(BadInput, match="cannot read the picture: not a picture in a format"):
        read_picture(b"plain text", 64)
    with pytest.raises(BadInput, match="cannot read the picture: the file is empty"):
        read_picture(b"", 64)


def test_a_folder_in_a_thumbnails_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.webp").mkdir()
    picture = Decoded(Image.new("RGB", (40, 40)), 40, 40)
    with pytest.raises(StorageFailed, match=r"a\.webp is a folder, where a thumbnail belongs"):
        write_thumbnail(picture, tmp_path / "a.webp")
