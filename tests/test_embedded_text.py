from __future__ import annotations

import pytest

from indexer.sources.embedded_text import (
    decoded,
    exif_text,
    user_comment,
    windows_text,
    written_by_a_person,
)

# --- charsets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Grüße 🌞".encode(), "Grüße 🌞"),
        ("Grüße".encode("latin-1"), "Grüße"),
        (b"it\x92s", "it’s"),  # the apostrophe of Windows
        (b"undefined in cp1252: \x81", "undefined in cp1252: \x81"),
        (b"", ""),
    ],
)
def test_text_of_an_unknown_charset_is_utf8_where_it_can_be(content: bytes, text: str) -> None:
    assert decoded(content) == text
    assert exif_text(content) == text
    assert exif_text(content.decode("latin-1")) == text


@pytest.mark.parametrize(
    ("comment", "caption"),
    [
        (b"ASCII\0\0\0a red wall", "a red wall"),
        (b"ASCII\0\0\0" + "Grüße".encode(), "Grüße"),
        (b"UNICODE\0" + "Grüße 🌞".encode("utf-16-le"), "Grüße 🌞"),
        (b"UNICODE\0" + "Grüße 🌞".encode("utf-16-be"), "Grüße 🌞"),
        (b"UNICODE\0" + "\ufeff夏の海".encode("utf-16-le"), "夏の海"),
        (b"UNICODE\0" + "\ufeff夏の海".encode("utf-16-be"), "夏の海"),
        (b"UNICODE\0" + "夏　の　海".encode("utf-16-be"), "夏　の　海"),
        (b"UNICODE\0" + " ".encode("utf-16-le") * 50, ""),
        (b"JIS\0\0\0\0\0" + "夏の海".encode("iso2022_jp"), "夏の海"),
        (bytes(8) + "Grüße".encode(), "Grüße"),
        (b"no charset at all", "no charset at all"),
        (b"ASCII\0\0\0" + b" " * 100, ""),
        (bytes(300), ""),
        (bytes(8) + b"\x01\x02binary\x00\x03", ""),
        (bytes(8) + b"\xff\xd8\xff", ""),
        (b"", ""),
    ],
)
def test_a_comment_is_read_in_the_charset_of_its_prefix(comment: bytes, caption: str) -> None:
    assert written_by_a_person(user_comment(comment, big_endian=True)) == caption


def test_a_comment_without_latin_letters_takes_the_byte_order_of_the_file() -> None:
    for big_endian, encoding in ((False, "utf-16-le"), (True, "utf-16-be")):
        comment = b"UNICODE\0" + "夏の海".encode(encoding)
        assert user_comment(comment, big_endian=big_endian) == "夏の海"


@pytest.mark.parametrize(
    "caption",
    [
        "комментарий",
        "καλοκαίρι στη θάλασσα",
        "קיץ בים",
        "夏の海と山と川",
        "안녕하세요 바다에서",
        "Grüße 🌞",
        "ฤดูร้อน",
    ],
)
@pytest.mark.parametrize("big_endian", [True, False])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_comment_in_the_other_byte_order_is_read_all_the_same(
    caption: str, encoding: str, big_endian: bool
) -> None:
    comment = b"UNICODE\0" + caption.encode(encoding)
    assert written_by_a_person(user_comment(comment, big_endian=big_endian)) == caption


@pytest.mark.parametrize("caption", ["Grüße 🌞", "夏　の　海"])
def test_what_windows_writes_is_utf16(caption: str) -> None:
    assert written_by_a_person(windows_text(f"{caption}\0".encode("utf-16-le"))) == caption


@pytest.mark.parametrize("value", [None, 7, (1, 2)])
def test_a_value_of_another_type_is_no_text(value: object) -> None:
    assert exif_text(value) == windows_text(value) == user_comment(value, big_endian=True) == ""


def test_lone_surrogates_become_replacement_characters() -> None:
    assert windows_text("half \ud83d!".encode("utf-16-le", "surrogatepass")) == "half \ufffd!"
    assert written_by_a_person("half \ud83d!") == "half \ufffd!"


# --- fillers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filler",
    [
        "OLYMPUS DIGITAL CAMERA         ",
        "SONY DSC",
        "DCIM",
        "DIGITAL CAMERA",
        "SAMSUNG",
        "MINOLTA DIGITAL CAMERA",
        "KONICA MINOLTA DIGITAL CAMERA",
        "Screenshot",
        "ASCII",
        "charset=Ascii",
        'charset="Ascii" ',
        "oznor",
        "DSC_0123",
        "_DSC0123.JPG",
        "IMG_1234.JPG",
        "IMG-20190704-WA0001",
        "PXL_20210101_123456789",
        "20190704_123456.jpg",
        "P1010123",
        "Screenshot_20190704-123456",
        '{"mirror":false,"sensor_type":"rear"}',
    ],
)
def test_what_cameras_write_is_no_caption(filler: str) -> None:
    assert written_by_a_person(filler) == ""


@pytest.mark.parametrize(
    "caption",
    [
        "Samsung lied to me",
        "my new digital camera!",
        "Route 66",
        "1984",
        "NYC2019",
        "img of my cat",
        "DSC_0123 is my best one",
        "what charset=utf-8 means",
    ],
)
def test_what_only_resembles_a_filler_is_kept(caption: str) -> None:
    assert written_by_a_person(caption) == caption


def test_a_charset_in_front_of_a_comment_is_taken_off() -> None:
    assert written_by_a_person("charset=Ascii a red wall") == "a red wall"
