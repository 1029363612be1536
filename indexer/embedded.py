"""The caption and the date that a camera or a program left inside a picture file."""

from __future__ import annotations

import re
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring
from PIL import Image, ImageFile, PngImagePlugin
from PIL.ExifTags import IFD, Base
from PIL.IptcImagePlugin import getiptcinfo

from indexer.sources.dates import read_date
from retrieval.captions import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pillow tells of every odd EXIF entry; here odd entries are simply absent.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")

# What Pillow and its parsers raise on broken metadata, whose lengths and offsets lead anywhere.
_MALFORMED = (
    SyntaxError,  # "not a TIFF file", "invalid IPTC/NAA file"
    struct.error,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OSError,
    OverflowError,
)

FIRST_PHOTOGRAPH = 1826  # the year of the oldest one that is kept: a date before it is a mistake

_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_LIST_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

_IPTC_CHARSET = (1, 90)
_IPTC_CAPTION = (2, 120)
_IPTC_UTF8 = b"\x1b%G"

_COMMENT_CHARSET_BYTES = 8
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}|Z")

# What cameras and telephones write where a caption belongs. Some are seen millions of times (the
# first group), some are the modes of a telephone's camera (the second).
_FILLERS = frozenset(
    {
        "olympus digital camera", "minolta digital camera", "konica minolta digital camera",
        "kodak digital still camera", "digital camera", "samsung digital camera", "samsung",
        "sony dsc", "dcim", "exif_jpeg_picture", "screenshot", "ascii", "untitled",
        "cof", "dav", "edf", "fbt", "hdrpl", "mde", "oznor", "rhdr",
    }
)  # fmt: skip
# Nothing but the name of a file, as cameras and programs count them: DSC_0123, IMG_1234.JPG,
# P1010123, IMG-20190704-WA0001, PXL_20210101_123456789, 20190704_123456.
_FILE_NAME = re.compile(
    r"(?:(?:_?dsc[nf]?|_?imgp?|image|mvi|vid|pxl|pict?|cimg|sam|gopr|screenshot)[-_ ]?[0-9]{3,}"
    r"|p[0-9]{7}|[0-9]{8}(?=[-_]))"
    r"(?:[-_](?:wa)?[0-9]+)*(?:\.[a-z]{3,4})?",
    re.IGNORECASE,
)
_CHARSET_NAME = re.compile(r"\Acharset\s*=\s*\"?[\w-]+\"?\s*", re.IGNORECASE)
_SETTINGS = re.compile(r"\{.*\}", re.DOTALL)  # telephones keep JSON in the comment


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a picture file says about itself."""

    caption: str  # empty: it says nothing that a person wrote
    created_at: int | None  # seconds since 1970, UTC


def read_embedded(image: Image.Image) -> Embedded:
    """Read the caption and the moment of exposure out of an opened picture.

    The caption is the first that a person may have written among: XMP description, IPTC
    caption, EXIF description, EXIF comment, Windows comment; then the titles of XMP and Windows,
    which more often name a file than tell something. The date is EXIF's DateTimeOriginal, else
    DateTimeDigitized (never DateTime, which is when the file was edited). Where the camera gave
    no offset its clock is taken for UTC.

    Malformed metadata count as absent; nothing is raised for them. Decodes nothing, except a
    PNG whose metadata lie behind the pixels.
    """
    _reach_late_chunks(image)
    exif = _exif_of(image)
    captions = (caption for raw in _captions(image, exif) if (caption := _as_written(raw)))
    return Embedded(next(captions, ""), _exposed_at(exif))


def _captions(image: Image.Image, exif: _Exif) -> Iterator[str]:
    xmp = _xmp_of(image)
    yield _dublin_core(xmp, "description")
    yield _iptc_caption(image)
    yield _exif_text(exif.values.get(Base.ImageDescription))
    yield _user_comment(exif.values.get(Base.UserComment), exif.big_endian)
    yield _windows_text(exif.values.get(Base.XPComment))
    yield _dublin_core(xmp, "title")
    yield _windows_text(exif.values.get(Base.XPTitle))


def _as_written(raw: str) -> str:
    """The text without padding; empty where no person wrote it."""
    text = _CHARSET_NAME.sub("", raw.partition("\0")[0].strip(), count=1)
    fillers = (_FILE_NAME, _SETTINGS)
    if text.casefold() in _FILLERS or any(filler.fullmatch(text) for filler in fillers):
        return ""
    return readable(text)


# --- PNG ------------------------------------------------------------------------------------


def _reach_late_chunks(image: Image.Image) -> None:
    """Let Pillow read on where a PNG's metadata lie behind its pixels, as ExifTool puts them."""
    with suppress(*_MALFORMED):
        if isinstance(image, PngImagePlugin.PngImageFile) and _is_late(image):
            image.load()


def _is_late(image: ImageFile.ImageFile) -> bool:
    """Whether metadata follow the pixels. Walks the chunks, which costs no decoding."""
    file = image.fp
    if file is None:  # loaded already
        return False
    here = file.tell()
    try:
        file.seek(8)  # behind the signature
        seen_pixels = False
        while len(head := file.read(8)) == 8:
            length, chunk = struct.unpack(">I4s", head)
            seen_pixels = seen_pixels or chunk == b"IDAT"
            if seen_pixels and chunk in (b"eXIf", b"iTXt", b"zTXt"):
                return True
            file.seek(length + 4, 1)  # the content and its checksum
        return False
    finally:
        file.seek(here)


# --- EXIF -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Exif:
    values: dict[int, object]
    big_endian: bool


def _exif_of(image: Image.Image) -> _Exif:
    values: dict[int, object] = {}
    exif = Image.Exif()
    with suppress(*_MALFORMED):
        # The base class's: PNG's own would decode the picture in search of a late chunk.
        exif = Image.Image.getexif(image)
    with suppress(*_MALFORMED):
        values.update(exif)
    with suppress(*_MALFORMED):
        values.update(exif.get_ifd(IFD.Exif))
    return _Exif(values, big_endian=exif.endian == ">")


def _exif_text(value: object) -> str:
    """EXIF's ASCII, which Pillow reads as Latin-1 though most programs write UTF-8."""
    if isinstance(value, bytes):
        return _decoded(value)
    if not isinstance(value, str):
        return ""
    try:
        return _decoded(value.encode("latin-1"))
    except UnicodeEncodeError:
        return value


def _user_comment(value: object, big_endian: bool) -> str:
    if not isinstance(value, bytes):
        return _exif_text(value)
    charset = value[:_COMMENT_CHARSET_BYTES].rstrip(b"\0 ").upper()
    content = value[_COMMENT_CHARSET_BYTES:]
    if charset == b"ASCII":
        return _decoded(content)
    if charset == b"UNICODE":
        return _utf16(content, big_endian)
    if charset == b"JIS":
        return content.decode("iso2022_jp", errors="replace")
    return _undeclared(value if charset else content)


def _undeclared(content: bytes) -> str:
    """Text of no declared charset: UTF-8 that can be printed, since makers keep binaries there."""
    try:
        text = content.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if all(c.isprintable() or c in "\t\r\n" for c in text) else ""


def _utf16(content: bytes, big_endian: bool) -> str:
    """UTF-16 in the file's byte order, unless the other makes it mostly Latin letters."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    orders = ("utf-16-be", "utf-16-le") if big_endian else ("utf-16-le", "utf-16-be")
    text, swapped = (content.decode(order, errors="replace").rstrip("\0") for order in orders)
    latin = sum(character < "\u0100" for character in swapped)
    return swapped if latin > len(swapped) / 2 else text


def _windows_text(value: object) -> str:
    return value.decode("utf-16-le", errors="replace") if isinstance(value, bytes) else ""


def _exposed_at(exif: _Exif) -> int | None:
    tags = (
        (Base.DateTimeOriginal, Base.OffsetTimeOriginal),
        (Base.DateTimeDigitized, Base.OffsetTimeDigitized),
    )
    for moment, offset in tags:
        seconds = _moment(exif.values.get(moment), exif.values.get(offset))
        if seconds is not None and _is_plausible(seconds):
            return seconds
    return None


def _moment(written: object, offset: object) -> int | None:
    if not isinstance(written, str):
        return None
    text = written.strip("\0 ")
    if isinstance(offset, str) and _OFFSET.fullmatch(offset.strip("\0 ")):
        text += offset.strip("\0 ")
    try:
        return read_date(text)
    except ValueError:  # "0000:00:00 00:00:00" of a clock never set, and anything else
        return None


def _is_plausible(seconds: int) -> bool:
    year = datetime.fromtimestamp(seconds, UTC).year
    return FIRST_PHOTOGRAPH <= year <= datetime.now(UTC).year + 1


# --- IPTC -----------------------------------------------------------------------------------


def _iptc_caption(image: Image.Image) -> str:
    if not isinstance(image, ImageFile.ImageFile):
        return ""
    fields = None
    with suppress(*_MALFORMED):
        fields = getiptcinfo(image)
    if not fields:
        return ""
    caption, charset = _first(fields.get(_IPTC_CAPTION)), _first(fields.get(_IPTC_CHARSET))
    if charset == _IPTC_UTF8:
        return caption.decode("utf-8", errors="replace")
    return _decoded(caption)


def _first(value: bytes | list[bytes] | None) -> bytes:
    """A field's content; programs repeat fields that should be there once."""
    return (value[0] if isinstance(value, list) else value) or b""


def _decoded(content: bytes) -> str:
    """Text of an unknown 8-bit charset: UTF-8 if it is that, else what Windows writes."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


# --- XMP ------------------------------------------------------------------------------------


def _xmp_of(image: Image.Image) -> Element | None:
    packet = image.info.get("xmp")
    if not isinstance(packet, bytes):
        return None
    try:
        root: Element = fromstring(packet.rstrip(b"\0 "))
    except (ParseError, ValueError, LookupError):  # what defusedxml forbids; an unknown encoding
        return None
    return root


def _dublin_core(xmp: Element | None, name: str) -> str:
    """A text of the Dublin Core in its default language, else in the first that is there."""
    if xmp is None:
        return ""
    texts = list(_texts_by_language(xmp, _DUBLIN_CORE + name))
    texts.sort(key=lambda item: item[0] != "x-default")  # stable: the others keep their order
    return next((text for _, text in texts if text.strip()), "")


def _texts_by_language(xmp: Element, tag: str) -> Iterator[tuple[str, str]]:
    for element in xmp.iter():
        if tag in element.attrib:  # RDF's short form
            yield "", element.attrib[tag]
        if element.tag == tag:
            for item in list(element.iter(_LIST_ITEM)) or [element]:
                yield item.get(_LANGUAGE, ""), "".join(item.itertext())
