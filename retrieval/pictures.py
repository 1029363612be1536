"""Opening, checking, hashing and decoding one picture file; making its thumbnail."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import threading
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from retrieval.errors import BadInput, StorageFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

THUMBNAIL_SIDE = 320  # pixels, the longer side
MAX_PIXELS = 256_000_000  # a phone's 200-megapixel photo passes, a decompression bomb does not

# Pillow raises at twice its limit and warns from it on; the warning would be noise.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
warnings.simplefilter("ignore", Image.DecompressionBombWarning)
# So are the others that it has for odd files, which name the line of its code and no file.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# What Pillow logs of a picture names no file; what is wrong with one is told by its exceptions.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Programs that make pictures keep whole workflows in their texts, scanners large profiles.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 64 * 1024 * 1024

# Scaled decoding of a large JPEG to at least twice what is needed differs from full decoding by
# 3 of 255 at most, and takes a fifth of the time.
_DRAFT_MARGIN = 2

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_MADE_UP = (b"", b"\x5a\xa5\x3c\x0f" * 64)  # of a JPEG's coded pixels

_BLOCK = 1 << 18  # pixels that are scaled at once
_EIGHT_BITS = 255
_PHOTOMETRIC, _SAMPLE_FORMAT, _WHITE_IS_ZERO = 262, 339, 0  # TIFF's tags, and a value

# How to turn a picture upright, by its EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = tuple(_TURNS[orientation] for orientation in (5, 6, 7, 8))


class UnreadablePicture(Exception):
    """A file that cannot be shown; the message says why and what to do, without the path."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture file's content, not decoded yet."""

    content: bytes
    image_id: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture: upright, RGB, perhaps scaled down."""

    image: Image.Image
    width: int  # of the full picture, upright
    height: int


def load_file(path: Path) -> PictureFile:
    """Read a file and hash its content.

    Raises:
        UnreadablePicture: it is empty or cannot be read.

    """
    try:
        content = path.read_bytes()
    except PermissionError:
        raise UnreadablePicture("no permission to read it; make it readable") from None
    except OSError as error:
        raise UnreadablePicture(f"{error.strerror}; check the disk it lies on") from error
    return picture_file(content)


def picture_file(content: bytes) -> PictureFile:
    """A file's content with its hash.

    Raises:
        UnreadablePicture: it is empty.

    """
    if not content:
        raise UnreadablePicture("the file is empty; fetch it again")
    return PictureFile(content, hashlib.blake2b(content, digest_size=16).hexdigest())


def read_picture(picture: Path | bytes, short_side: int) -> Image.Image:
    """A picture that the user named or handed over, as `decode` gives it.

    Raises:
        BadInput: it cannot be read; says why and what to do.

    """
    name = "the picture" if isinstance(picture, bytes) else picture
    if not isinstance(picture, bytes) and not picture.is_file():
        what = "is no picture file" if picture.exists() else "does not exist"
        raise BadInput(f"{picture} {what}; name one")
    try:
        file = picture_file(picture) if isinstance(picture, bytes) else load_file(picture)
        return decode(file, short_side).image
    except UnreadablePicture as error:
        raise BadInput(f"cannot read {name}: {error}") from error


def decode(file: PictureFile, short_side: int) -> Decoded:
    """Decode a picture upright and in RGB, at `short_side` pixels or more where it has them.

    Raises:
        UnreadablePicture: it is no picture, broken, or larger than MAX_PIXELS.

    """
    try:
        with opened(file) as image:
            needed = _DRAFT_MARGIN * max(short_side, THUMBNAIL_SIDE)
            width, height = image.size
            if _covered(image) < width * height:
                raise EOFError("truncated")
            image.draft(None, (needed, needed))  # JPEG only; elsewhere it does nothing
            image.load()
            turn = _TURNS.get(_orientation(image))  # now: Pillow turns TIFFs while it loads them
            pixels = _as_rgb(image)
            pixels = pixels if turn is None else pixels.transpose(turn)
    except UnreadablePicture:
        raise
    except Exception as error:  # on broken bytes decoders raise whatever they run into
        if (whole := _with_end_marker(file.content)) is not None:
            return decode(PictureFile(whole, file.image_id), short_side)
        raise UnreadablePicture(_reason(error, len(file.content))) from error
    if turn in _SIDEWAYS:
        width, height = height, width
    return Decoded(pixels, width, height)


def _with_end_marker(content: bytes) -> bytes | None:
    """A JPEG that lacks nothing but its end marker, with it; None for any other content.

    Cameras that ran out of power leave such files, and other programs show them. Where pixels are
    missing too, the decoder makes them up from whatever stands in front of the marker.
    """
    if not content.startswith(_JPEG_START) or content.endswith(_JPEG_END):
        return None
    body = content.removesuffix(_JPEG_END[:1])
    try:
        ends = [body + made_up + _JPEG_END for made_up in _MADE_UP]
        shown = {Image.open(io.BytesIO(whole)).tobytes() for whole in ends}
    except Exception:  # as in decode
        return None
    return body + _JPEG_END if len(shown) == 1 else None


def write_thumbnail(decoded: Decoded, path: Path) -> None:
    """Save a WebP of at most 320 pixels a side, unless it is there already, and whole.

    Raises:
        StorageFailed: a folder is in its place.

    """
    if is_whole_thumbnail(path):
        return
    small = decoded.image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    if path.is_dir():
        raise StorageFailed(f"{path} is a folder, where a thumbnail belongs; move it away")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
    small.save(draft, "WEBP", quality=80, method=2)
    draft.replace(path)


def is_whole_thumbnail(path: Path) -> bool:
    """Whether it is there and no shorter than it says it is."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            size = file.seek(0, os.SEEK_END)
    except OSError:
        return False
    is_webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return is_webp and size == 8 + int.from_bytes(head[4:8], "little")


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def opened(file: PictureFile) -> ImageFile.ImageFile:
    """Open a picture without decoding it.

    Raises:
        UnreadablePicture: it is not a picture, or too large.

    """
    _register_heif()
    try:
        return Image.open(io.BytesIO(file.content))
    except UnidentifiedImageError:
        raise UnreadablePicture(_what_it_is(file.content)) from None
    except Image.DecompressionBombError:
        raise UnreadablePicture(
            f"more than {MAX_PIXELS // 1_000_000} megapixels; save a smaller copy"
        ) from None
    except Exception as error:  # as in decode
        raise UnreadablePicture(_reason(error, len(file.content))) from error


def _covered(image: ImageFile.ImageFile) -> int:
    """How many pixels a file has the place of; Pillow leaves black what a TIFF leaves out."""
    if image.format != "TIFF":
        return image.width * image.height
    boxes = (tile.extents for tile in image.tile)
    return sum((box[2] - box[0]) * (box[3] - box[1]) for box in boxes if box)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF that is broken says nothing about the pixels, which may be fine
        return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    """Any mode as RGB: transparency on white, more than 8 bits scaled down, colours as in sRGB."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        return _in_srgb(_to_eight_bits(image), profile).convert("RGB")
    if not image.has_transparency_data:
        pixels = image.convert("RGB") if image.mode == "P" else image
        return _in_srgb(pixels, profile).convert("RGB")
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple) and max(key) > _EIGHT_BITS:
        image.info["transparency"] = tuple(part >> 8 for part in key)  # of 16 bits, as the file's
    layers = image.convert("RGBA")
    colours = image.convert("L") if image.mode in ("L", "LA") else layers.convert("RGB")
    white = Image.new("RGB", layers.size, "white")
    white.paste(_in_srgb(colours, profile).convert("RGB"), mask=layers.getchannel("A"))
    return white


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that a profile means, which phones and cameras embed; unchanged where it is none.

    A profile of another kind than the picture, such as one of CMYK, says nothing about it.
    """
    if not profile or image.mode not in ("RGB", "CMYK", "L", "LAB"):
        return image
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(meant):
            return image
        converted = ImageCms.profileToProfile(image, meant, _srgb(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _to_eight_bits(image: Image.Image) -> Image.Image:
    tags = getattr(image, "tag_v2", {})  # of TIFFs
    pixels = np.asarray(image)
    if pixels.dtype == np.int32 and tags.get(_SAMPLE_FORMAT, (1,))[0] == 1 and tags:
        pixels = pixels.view(np.uint32)  # Pillow has no mode for them
    low, high = (0.0, 65_535.0) if image.mode.startswith("I;16") else _range_of(pixels)
    eight = np.empty(pixels.shape, dtype=np.uint8)
    for values, scaled in zip(_blocks(pixels), _blocks(eight), strict=True):
        shares = (np.nan_to_num(_floats(values)) - low) / max(high - low, 1e-12) * 255
        if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            shares = 255 - shares
        if isinstance(see_through := image.info.get("transparency"), int):
            shares[values == see_through] = 255
        scaled[:] = shares.clip(0, 255).round()
    return Image.fromarray(eight)


def _range_of(pixels: NDArray[Any]) -> tuple[float, float]:
    """The darkest and the brightest value: 32 bits have no agreed white."""
    finite = (values[np.isfinite(values)] for values in map(_floats, _blocks(pixels)))
    ends = [(float(each.min()), float(each.max())) for each in finite if each.size]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 1.0)


def _blocks(pixels: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Views of the pixels, few at a time: of all of them, floats would fill the memory."""
    flat = pixels.reshape(-1)
    return (flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK))


def _floats(values: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # NaN of broken files
        return values.astype(np.float64)


def _what_it_is(content: bytes) -> str:
    head = content[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "not a picture but a web page; fetch it again"
    if content[4:8] == b"ftyp":
        return "a video, or a picture in a format that is not read; save it as JPEG"
    if not content.strip(b"\0"):
        return "the file holds nothing but zeros; fetch it again"
    return "not a picture in a format that is read; save it as JPEG or PNG"


def _reason(error: Exception, size: int) -> str:
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return f"truncated after {max(1, size // 1024)} KB; fetch it again"
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine; save a smaller copy"
    return f"broken ({' '.join(str(error).split())}); fetch it again or save it anew"
