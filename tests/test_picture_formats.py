"""Pictures of odd formats: the right way up, in the colours that are meant, none lost."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor
from PIL.PngImagePlugin import PngInfo

from retrieval.pictures import PictureFile, UnreadablePicture, decode, picture_file

CORNERS = ("red", "lime", "blue", "yellow")  # from the upper left, row by row


def quad(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A picture with a colour in each corner."""
    image = Image.new("RGB", size)
    half = size[0] // 2, size[1] // 2
    for place, colour in enumerate(CORNERS):
        left, top = place % 2 * half[0], place // 2 * half[1]
        image.paste(colour, (left, top, left + half[0], top + half[1]))
    return image


def corners_of(image: Image.Image) -> list[str]:
    """The names of the colours in the corners."""
    width, height = image.size
    names = {ImageColor.getrgb(name): name for name in (*CORNERS, "white", "black")}
    found = []
    for x, y in ((9, 9), (width - 9, 9), (9, height - 9), (width - 9, height - 9)):
        pixel = image.getpixel((x, y))
        assert isinstance(pixel, tuple)
        found.append(
            min(names, key=lambda rgb: sum(abs(a - b) for a, b in zip(rgb, pixel, strict=True)))
        )
    return [names[rgb] for rgb in found]


def saved(image: Image.Image, form: str, **options: Any) -> PictureFile:
    content = BytesIO()
    image.save(content, form, **options)
    return picture_file(content.getvalue())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_deflate"}),
        ("JPEG", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_every_orientation_of_every_format_comes_upright(
    form: str, options: dict[str, Any], orientation: int
) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = quad() if orientation == 1 else quad().transpose(turns[orientation])
    if form == "TIFF":
        options = options | {"tiffinfo": {274: orientation}}
    else:
        exif = Image.Exif()
        exif[274] = orientation
        options = options | {"exif": exif}
    decoded = decode(saved(stored, form, **options), 100)
    assert (decoded.width, decoded.height) == (300, 200)
    assert decoded.image.size == (300, 200)
    assert corners_of(decoded.image) == list(CORNERS)


def swapped_profile() -> bytes:
    """sRGB with red and green changed places: what it is embedded in means other colours."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    start = {name: profile.index(name, 128) for name in (b"rXYZ", b"gXYZ")}
    changed = bytearray(profile)
    for name, other in ((b"rXYZ", b"gXYZ"), (b"gXYZ", b"rXYZ")):
        changed[start[name] : start[name] + 4] = other
    description = changed.find("sRGB".encode("utf-16-be"))
    changed[description : description + 8] = "xRGB".encode("utf-16-be")
    return bytes(changed)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_colours_are_those_that_the_profile_means(form: str) -> None:
    red, green, blue = quad().split()
    stored = Image.merge("RGB", (green, red, blue))
    options: dict[str, Any] = {"quality": 95} if form in ("JPEG", "WEBP") else {}
    decoded = decode(saved(stored, form, icc_profile=swapped_profile(), **options), 100)
    assert corners_of(decoded.image) == list(CORNERS)


@pytest.mark.parametrize("profile", [b"no profile", b"", bytes(200)])
def test_a_profile_that_is_none_changes_nothing(profile: bytes) -> None:
    decoded = decode(saved(quad(), "PNG", icc_profile=profile), 100)
    assert corners_of(decoded.image) == list(CORNERS)


@pytest.mark.parametrize("how", ["zTXt", "iTXt", "iCCP"])
def test_a_png_with_megabytes_of_text_is_read(how: str) -> None:
    texts, profile = PngInfo(), None
    if how == "zTXt":
        texts.add_text("prompt", "x" * 5_000_000, zip=True)
    elif how == "iTXt":
        texts.add_itxt("prompt", "é" * 2_000_000, zip=True)
    else:
        profile = bytes(1_500_000)
    decoded = decode(saved(quad(), "PNG", pnginfo=texts, icc_profile=profile), 100)
    assert corners_of(decoded.image) == list(CORNERS)


def ramp(dtype: str, top: int) -> NDArray[Any]:
    """Dark on the left, bright on the right."""
    return np.tile(np.linspace(0, top, 64).astype(dtype), (48, 1))


@pytest.mark.parametrize(
    ("values", "options", "rises"),
    [
        (ramp("uint16", 65_535), {}, True),
        (ramp("uint16", 65_535), {"photometric": "miniswhite"}, False),
        (ramp("uint8", 255), {"photometric": "miniswhite"}, False),
        (ramp("uint32", 2**32 - 1), {}, True),
        (ramp("int32", 2**31 - 1), {}, True),
        (ramp("float32", 1), {}, True),
    ],
)
def test_odd_grey_tiffs_are_bright_where_they_should_be(
    values: NDArray[Any], options: dict[str, Any], rises: bool
) -> None:
    content = BytesIO()
    tifffile.imwrite(content, values, **options)
    grey = np.asarray(decode(picture_file(content.getvalue()), 10).image.convert("L")).astype(int)
    rise = int(grey[0, -1] - grey[0, 0])
    assert rise > 200 if rises else rise < -200


def test_a_tiff_that_says_it_is_larger_than_it_is_is_truncated() -> None:
    content = saved(Image.new("F", (48, 36)), "TIFF").content
    height = struct.pack("<HHII", 257, 4, 1, 36)
    assert content.count(height) == 1
    larger = content.replace(height, struct.pack("<HHII", 257, 4, 1, 60_000))
    with pytest.raises(UnreadablePicture, match="truncated after 6 KB"):
        decode(picture_file(larger), 32)


def test_grey_pictures_of_many_blocks_are_scaled_as_one() -> None:
    ramp = np.linspace(-2, 6, 1_200 * 700, dtype=np.float32).reshape(700, 1_200)
    grey = np.asarray(decode(saved(Image.fromarray(ramp), "TIFF"), 32).image)[..., 0]
    assert grey[0, 0] == 0
    assert grey[-1, -1] == 255
    assert np.all(np.diff(grey.reshape(-1).astype(int)) >= 0)


@pytest.mark.parametrize("depth", [8, 16])
def test_what_is_see_through_is_white(depth: int) -> None:
    high = depth // 8
    rows = b"".join(b"\0" + b"\0" * high * 8 for _ in range(8))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, 0, 0, 0, 0)),
        (b"tRNS", b"\0\0"),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    assert decode(picture_file(content), 8).image.getpixel((4, 4)) == (255, 255, 255)


def linear_grey() -> bytes:
    """A profile whose grey of 55 is a grey of 128 in sRGB."""
    curve = b"curv" + bytes(4) + struct.pack(">I", 0) + bytes(4)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"wtpt", white), (b"kTRC", curve)]
    offset, table, content = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags:
        table += name + struct.pack(">2I", offset + len(content), len(data))
        content += data
    body = struct.pack(">I", len(tags)) + table + content
    head = struct.pack(
        ">I4sI4s4s4s", 128 + len(body), bytes(4), 0x02100000, b"mntr", b"GRAY", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + body


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_profiles_hold_for_every_kind_of_grey(mode: str) -> None:
    deep = Image.fromarray(np.full((40, 40), 55 * 257, np.uint16))
    grey = deep if mode == "I;16" else Image.new("L", (40, 40), 55).convert(mode)
    shown = decode(saved(grey, "PNG", icc_profile=linear_grey()), 8).image.getpixel((9, 9))
    assert isinstance(shown, tuple)
    assert shown == pytest.approx((128, 128, 128), abs=1)


def test_a_palette_has_the_colours_that_its_profile_means() -> None:
    red, green, blue = quad().split()
    swapped = Image.merge("RGB", (green, red, blue)).quantize(8)
    file = saved(swapped, "PNG", icc_profile=swapped_profile())
    assert corners_of(decode(file, 100).image) == list(CORNERS)


def test_a_colour_of_sixteen_bits_is_see_through() -> None:
    row = b"\0" + struct.pack(">6H", 0x0102, 0x0304, 0x0506, 65535, 0, 0)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)),
        (b"tRNS", struct.pack(">3H", 0x0102, 0x0304, 0x0506)),
        (b"IDAT", zlib.compress(row * 2)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    shown = decode(picture_file(content), 8).image
    assert [shown.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (255, 0, 0)]


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"quality": 30}, {"subsampling": 0}], ids=str
)
def test_a_jpeg_that_lacks_only_its_end_is_read(options: dict[str, Any]) -> None:
    content = saved(quad(), "JPEG", **options).content
    for end in (2, 1):
        assert corners_of(decode(picture_file(content[:-end]), 100).image) == list(CORNERS)
    random = np.random.default_rng(2).integers(0, 255, (60, 80, 3), np.uint8)
    content = saved(Image.fromarray(random), "JPEG", **options).content
    for end in (200, len(content) // 2):
        with pytest.raises(UnreadablePicture, match="truncated"):
            decode(picture_file(content[:-end]), 100)


@pytest.mark.parametrize(("form", "end"), [("PNG", 12), ("PNG", 4), ("GIF", 1)])
def test_other_formats_are_read_without_their_end_as_well(form: str, end: int) -> None:
    content = saved(quad(), form).content
    assert corners_of(decode(picture_file(content[:-end]), 100).image) == list(CORNERS)


def test_why_a_picture_is_not_read_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    heif = bytearray(saved(quad(), "HEIF").content)
    random = np.random.default_rng(1)
    reasons = []
    for _ in range(60):
        broken = bytearray(heif)
        for place in random.integers(12, len(broken), 8):
            broken[place] = random.integers(0, 256)
        try:
            decode(picture_file(bytes(broken)), 100)
        except UnreadablePicture as error:
            reasons.append(str(error))
    assert reasons
    assert not any("\n" in reason for reason in reasons)
    assert capfd.readouterr() == ("", "")
