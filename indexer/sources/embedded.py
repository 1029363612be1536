"""The caption and the date that a camera or a program left inside a picture file."""

from __future__ import annotations

import struct
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
from indexer.sources.embedded_text import (
    decoded,
    exif_text,
    user_comment,
    windows_text,
    written_by_a_person,
)
from retrieval.pictures import UnreadablePicture, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.pictures import PictureFile

# What Pillow and its parsers raise on broken metadata, whose lengths and offsets lead anywhere.
_MALFORMED = (SyntaxError, struct.error, ValueError, LookupError, TypeError, OSError, OverflowError)

FIRST_PHOTOGRAPH = 1826  # the year of the oldest one that is kept: a date before it is a mistake

_MOMENTS = (Base.DateTimeOriginal, Base.DateTimeDigitized)

_IPTC_CHARSET = (1, 90)
_IPTC_CAPTION = (2, 120)
_IPTC_UTF8 = b"\x1b%G"

_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_LIST_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a picture file says about itself."""

    caption: str  # empty: it says nothing that a person wrote
    created_at: int | None  # seconds since 1970 on the camera's clock


def embedded_in(file: PictureFile) -> Embedded:
    """Read the caption and date that a camera or program left in the file; decodes nothing."""
    try:
        with opened(file) as image:
            return read_embedded(image)
    except UnreadablePicture:  # told when it is decoded
        return Embedded("", None)


def read_embedded(image: Image.Image) -> Embedded:
    """Read the caption and the moment of exposure out of an opened picture.

    The caption is the first that a person may have written among: XMP description, IPTC
    caption, EXIF description, EXIF comment, Windows comment; then the titles of XMP and Windows,
    which more often name a file than tell something. The date is EXIF's DateTimeOriginal, else
    DateTimeDigitized (never DateTime, which is when the file was edited), as the camera's clock
    showed it.

    Malformed metadata count as absent; nothing is raised for them. Decodes nothing, except a
    PNG whose metadata lie behind the pixels.
    """
    _reach_late_chunks(image)
    exif = _exif_of(image)
    captions = map(written_by_a_person, _captions(image, exif))
    return Embedded(next(filter(None, captions), ""), _exposed_at(exif))


def _captions(image: Image.Image, exif: _Exif) -> Iterator[str]:
    xmp = _xmp_of(image)
    yield _dublin_core(xmp, "description")
    yield _iptc_caption(image)
    yield exif_text(exif.values.get(Base.ImageDescription))
    yield user_comment(exif.values.get(Base.UserComment), big_endian=exif.big_endian)
    yield windows_text(exif.values.get(Base.XPComment))
    yield _dublin_core(xmp, "title")
    yield windows_text(exif.values.get(Base.XPTitle))


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
        values.update(exif)
    with suppress(*_MALFORMED):
        values.update(exif.get_ifd(IFD.Exif))
    return _Exif(values, big_endian=exif.endian == ">")


def _exposed_at(exif: _Exif) -> int | None:
    moments = (_moment(exif.values.get(tag)) for tag in _MOMENTS)
    return next((seconds for seconds in moments if seconds is not None), None)


def _moment(time: object) -> int | None:
    try:
        seconds = read_date(_unpadded(time))
    except ValueError:  # "0000:00:00 00:00:00" of a clock never set, and anything else
        return None
    return seconds if seconds is not None and _is_plausible(seconds) else None


def _unpadded(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""


def _is_plausible(seconds: int) -> bool:
    year = datetime.fromtimestamp(seconds, UTC).year
    return FIRST_PHOTOGRAPH <= year <= datetime.now(UTC).year + 1


# --- IPTC -----------------------------------------------------------------------------------


def _iptc_caption(image: Image.Image) -> str:
    fields = None
    with suppress(*_MALFORMED):
        if isinstance(image, ImageFile.ImageFile):
            fields = getiptcinfo(image)
    if not fields:
        return ""
    caption, charset = _first(fields.get(_IPTC_CAPTION)), _first(fields.get(_IPTC_CHARSET))
    return caption.decode("utf-8", errors="replace") if charset == _IPTC_UTF8 else decoded(caption)


def _first(value: bytes | list[bytes] | None) -> bytes:
    """A field's content; programs repeat fields that should be there once."""
    return (value[0] if isinstance(value, list) else value) or b""


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
