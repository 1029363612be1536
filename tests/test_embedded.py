from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import pillow_heif
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from indexer.sources.embedded import Embedded, read_embedded

pillow_heif.register_heif_opener()
# Pillow's words on broken EXIF; pytest lifts the silence that the reader puts over them.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

NOON = 1_562_241_600  # 2019-07-04T12:00:00Z
UTF8_FLAG = (1, 90, b"\x1b%G")


def picture(kind: str = "JPEG", **save: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(content, kind, **save)
    return content.getvalue()


def embedded(content: bytes) -> Embedded:
    with Image.open(io.BytesIO(content)) as image:
        return read_embedded(image)


def exif(main: dict[int, Any] | None = None, sub: dict[int, Any] | None = None) -> bytes:
    block = Image.Exif()
    block.update(main or {})
    block.get_ifd(IFD.Exif).update(sub or {})
    return block.tobytes()


def dated(**tags: str) -> bytes:
    return picture(exif=exif(sub={Base[name]: value for name, value in tags.items()}))


def xmp(inside: str, attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" {attributes}>'
        f"{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


def alternatives(element: str, **texts: str) -> str:
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>'
        for language, text in texts.items()
    )
    return f"<dc:{element}><rdf:Alt>{items}</rdf:Alt></dc:{element}>"


def iptc(*fields: tuple[int, int, bytes]) -> bytes:
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in fields
    )


def with_iptc(jpeg: bytes, block: bytes) -> bytes:
    """The picture with an APP13 segment, as Photoshop writes it, behind the start marker."""
    resource = b"8BIM" + struct.pack(">HxxI", 0x0404, len(block)) + block + b"\0" * (len(block) % 2)
    content = b"Photoshop 3.0\0" + resource
    segment = b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
    return jpeg[:2] + segment + jpeg[2:]


# --- captions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packet", "caption"),
    [
        (xmp(alternatives("description", x_default="a red wall")), "a red wall"),
        (xmp(alternatives("description", de="rote Wand", x_default="red wall")), "red wall"),
        (xmp(alternatives("description", de="rote Wand", fr="mur rouge")), "rote Wand"),
        (xmp(alternatives("description", x_default=" ", de="rote Wand")), "rote Wand"),
        (xmp("<dc:description>a plain one</dc:description>"), "a plain one"),
        (xmp("", 'dc:description="the short form"'), "the short form"),
        (xmp(alternatives("title", x_default="a title")), "a title"),
        (xmp(alternatives("title", x_default="t") + "<dc:description>d</dc:description>"), "d"),
        (xmp("<dc:description>Café &amp; crème ☕️</dc:description>"), "Café & crème ☕️"),
        (xmp("<dc:creator>somebody</dc:creator>"), ""),
        (xmp("<dc:description>padded</dc:description>") + b"\0 \0", "padded"),
    ],
)
def test_an_xmp_description_is_the_caption(packet: bytes, caption: str) -> None:
    assert embedded(picture(xmp=packet)).caption == caption


@pytest.mark.parametrize(
    ("fields", "caption"),
    [
        ([(2, 120, b"plain")], "plain"),
        ([UTF8_FLAG, (2, 120, "Grüße 🌞".encode())], "Grüße 🌞"),
        ([(2, 120, "Grüße".encode())], "Grüße"),
        ([(2, 120, "Grüße".encode("latin-1"))], "Grüße"),
        ([(2, 120, b"it\x92s")], "it’s"),  # the apostrophe of Windows
        ([(2, 120, b"undefined in cp1252: \x81")], "undefined in cp1252: \x81"),
        ([UTF8_FLAG, (2, 120, b"broken \xff")], "broken \ufffd"),
        ([(2, 120, b"first"), (2, 120, b"second")], "first"),
        ([(2, 105, b"a headline is no caption")], ""),
    ],
)
def test_an_iptc_caption_is_read_in_its_charset(
    fields: list[tuple[int, int, bytes]], caption: str
) -> None:
    assert embedded(with_iptc(picture(), iptc(*fields))).caption == caption


@pytest.mark.parametrize(
    ("description", "caption"),
    [
        ("a red wall", "a red wall"),
        ("Grüße 🌞".encode(), "Grüße 🌞"),
        ("Grüße".encode("latin-1"), "Grüße"),
        ("ends with a NUL\0and rubbish", "ends with a NUL"),
        ("  blanks around  ", "blanks around"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_an_exif_description_is_utf8_where_it_can_be(
    description: str | bytes, caption: str
) -> None:
    assert embedded(picture(exif=exif({Base.ImageDescription: description}))).caption == caption


def test_a_comment_without_latin_letters_takes_the_byte_order_of_the_file() -> None:
    for endian in ("<", ">"):
        block = Image.Exif()
        block.endian = endian
        encoding = "utf-16-le" if endian == "<" else "utf-16-be"
        comment = b"UNICODE\0" + "夏の海".encode(encoding)
        block.get_ifd(IFD.Exif)[Base.UserComment] = comment
        assert embedded(picture(exif=block.tobytes())).caption == "夏の海"


PLACES = [
    "xmp description",
    "iptc caption",
    "exif description",
    "exif comment",
    "windows comment",
    "xmp title",
    "windows title",
]


def filled(places: list[str]) -> bytes:
    """A picture with each of the places holding its own name."""
    main: dict[int, Any] = {}
    if "exif description" in places:
        main[Base.ImageDescription] = "exif description"
    if "windows comment" in places:
        main[Base.XPComment] = "windows comment".encode("utf-16-le")
    if "windows title" in places:
        main[Base.XPTitle] = "windows title".encode("utf-16-le")
    sub: dict[int, Any] = {}
    if "exif comment" in places:
        sub[Base.UserComment] = b"ASCII\0\0\0exif comment"
    elements = [
        f"<dc:{place[4:]}>{place}</dc:{place[4:]}>" for place in places if place.startswith("xmp ")
    ]
    content = picture(exif=exif(main, sub), xmp=xmp("".join(elements)))
    if "iptc caption" in places:
        content = with_iptc(content, iptc((2, 120, b"iptc caption")))
    return content


@pytest.mark.parametrize("count", range(1, len(PLACES) + 1))
def test_the_first_place_that_a_person_filled_gives_the_caption(count: int) -> None:
    last = PLACES[-count:]
    assert embedded(filled(last)).caption == last[0]


def test_a_place_that_the_camera_filled_is_passed_over() -> None:
    main: dict[int, Any] = {Base.ImageDescription: "OLYMPUS DIGITAL CAMERA         "}
    assert embedded(picture(exif=exif(main))).caption == ""
    main[Base.XPComment] = "by a person".encode("utf-16-le")
    assert embedded(picture(exif=exif(main))).caption == "by a person"


# --- dates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ({"DateTimeOriginal": "2019:07:04 12:00:00"}, NOON),
        ({"DateTimeOriginal": "2019:07:04 12:00:00", "OffsetTimeOriginal": "+02:00"}, NOON),
        ({"DateTimeOriginal": "2019:07:04 12:00:00", "OffsetTimeOriginal": "-05:00"}, NOON),
        ({"DateTimeOriginal": "2019:07:04 12:00:00", "OffsetTimeOriginal": "   :  "}, NOON),
        ({"DateTimeOriginal": "2019:07:04 12:00:00", "OffsetTimeDigitized": "+02:00"}, NOON),
        ({"DateTimeDigitized": "2019:07:04 12:00:00"}, NOON),
        ({"DateTimeDigitized": "2019:07:04 12:00:00", "OffsetTimeDigitized": "+02:00"}, NOON),
        (
            {"DateTimeOriginal": "0000:00:00 00:00:00", "DateTimeDigitized": "2019:07:04 12:00:00"},
            NOON,
        ),
        ({"DateTimeOriginal": "0000:00:00 00:00:00"}, None),
        ({"DateTimeOriginal": "    :  :     :  :  "}, None),
        ({"DateTimeOriginal": "soon"}, None),
        ({"DateTimeOriginal": "2019:02:30 12:00:00"}, None),
        ({"DateTimeOriginal": "1825:12:31 23:59:59"}, None),
        ({"DateTimeOriginal": "1826:01:01 00:00:00"}, -4_544_208_000),
        ({"DateTimeOriginal": "0001:01:01 00:00:00", "OffsetTimeOriginal": "+14:00"}, None),
        ({}, None),
    ],
)
def test_the_date_is_when_the_picture_was_taken(tags: dict[str, str], seconds: int | None) -> None:
    assert embedded(dated(**tags)).created_at == seconds


def test_a_clock_may_be_a_year_fast_and_no_more() -> None:
    year = datetime.now(UTC).year
    assert embedded(dated(DateTimeOriginal=f"{year + 1}:01:01 00:00:00")).created_at is not None
    assert embedded(dated(DateTimeOriginal=f"{year + 2}:01:02 00:00:00")).created_at is None


def test_the_date_of_the_last_edit_is_not_taken() -> None:
    edited = exif({Base.DateTime: "2019:07:04 12:00:00"})
    assert embedded(picture(exif=edited)).created_at is None


# --- formats and broken files ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "MPO"])
def test_exif_is_read_from_every_format_that_has_it(kind: str) -> None:
    block = exif({Base.ImageDescription: "a wall"}, {Base.DateTimeOriginal: "2019:07:04 12:00:00"})
    assert embedded(picture(kind, exif=block)) == Embedded("a wall", NOON)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF", "AVIF"])
def test_xmp_is_read_from_every_format_that_pillow_writes_it_to(kind: str) -> None:
    packet = xmp("<dc:description>a wall</dc:description>")
    assert embedded(picture(kind, xmp=packet)).caption == "a wall"


def test_xmp_and_iptc_are_read_from_a_tiff() -> None:
    packet = {700: xmp("<dc:description>a wall</dc:description>")}
    assert embedded(picture("TIFF", tiffinfo=packet)).caption == "a wall"
    block = {33723: iptc((2, 120, b"an old wall"))}
    assert embedded(picture("TIFF", tiffinfo=block)).caption == "an old wall"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PNG", "JPEG", "TIFF"])
def test_a_picture_without_metadata_says_nothing(kind: str) -> None:
    assert embedded(picture(kind)) == Embedded("", None)


def test_a_picture_made_in_memory_says_nothing() -> None:
    assert read_embedded(Image.new("RGB", (4, 4))) == Embedded("", None)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def test_a_png_may_hold_its_metadata_in_front_of_its_pixels_or_behind_them() -> None:
    packet = xmp("<dc:description>a wall</dc:description>")
    block = exif(sub={Base.DateTimeOriginal: "2019:07:04 12:00:00"})
    chunks = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    chunks += png_chunk(b"eXIf", block.removeprefix(b"Exif\0\0"))
    plain = picture("PNG")
    header, end = 8 + 25, len(plain) - 12  # behind IHDR; in front of IEND
    assert embedded(plain[:header] + chunks + plain[header:]) == Embedded("a wall", NOON)
    assert embedded(plain[:end] + chunks + plain[end:]) == Embedded("a wall", NOON)


def test_only_a_png_with_late_metadata_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    block = exif({Base.ImageDescription: "a wall"})
    pictures = [picture("PNG"), picture("PNG", exif=block), picture("JPEG", exif=block)]

    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    for content in pictures:
        with Image.open(io.BytesIO(content)) as image:
            monkeypatch.setattr(type(image), "load", decode)
            read_embedded(image)


BILLION_LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
BAD_ENCODING = b'<?xml version="1.0" encoding="no-such-encoding"?><x/>'


@pytest.mark.parametrize(
    "packet",
    [b"", b"<x", b"\xff\xfe\x00", b"<x></y>", BILLION_LAUGHS, BAD_ENCODING],
)
def test_malformed_xmp_counts_as_absent(packet: bytes) -> None:
    block = exif({Base.ImageDescription: "a wall"})
    assert embedded(picture(xmp=packet, exif=block)).caption == "a wall"


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x1c",
        b"not iptc at all",
        b"\x1c\x02\x78\xff\xff",
        b"\x1c\x02\x78\x85\x00",
        b"\x1c\x02\x78\x00\x40too short",
        b"\x00" * 12,
    ],
)
def test_malformed_iptc_does_not_hide_the_rest(block: bytes) -> None:
    whole = picture(exif=exif(sub={Base.DateTimeOriginal: "2019:07:04 12:00:00"}))
    assert embedded(with_iptc(whole, block)).created_at == NOON


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0",
        b"Exif\0\0II",
        b"Exif\0\0not a TIFF file",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\xff\xff\xff\xff\0\0\0\x1a\0\0\0\0",
        exif({Base.ImageDescription: "cut off"})[:20],
    ],
)
def test_malformed_exif_counts_as_absent(block: bytes) -> None:
    packet = xmp("<dc:description>a wall</dc:description>")
    assert embedded(picture(exif=block, xmp=packet)) == Embedded("a wall", None)


def test_no_single_wrong_byte_in_the_metadata_raises() -> None:
    block = exif(
        {Base.ImageDescription: "SONY DSC", Base.XPComment: "wall".encode("utf-16-le")},
        {Base.UserComment: b"UNICODE\0wall", Base.DateTimeOriginal: "2019:07:04 12:00:00"},
    )
    whole = with_iptc(picture(exif=block, xmp=xmp("<dc:title>t</dc:title>")), iptc(UTF8_FLAG))
    pixels = whole.index(b"\xff\xdb")  # the first quantisation table
    for place in range(20, pixels):
        for value in (0x00, 0x7F, 0xFF):
            broken = whole[:place] + bytes([value]) + whole[place + 1 :]
            try:
                image = Image.open(io.BytesIO(broken))
            except (OSError, SyntaxError):  # no picture any more: told when it is opened
                continue
            assert isinstance(read_embedded(image), Embedded)
