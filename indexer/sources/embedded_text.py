"""Text as cameras and programs store it: in many charsets, and often no person's words."""

from __future__ import annotations

import re
import unicodedata

from indexer.sources.mojibake import mended
from retrieval.captions import readable

_COMMENT_CHARSET_BYTES = 8

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
_SETTINGS = re.compile(r"\{.*\}", re.DOTALL)  # telephones keep JSON in the comment
_CHARSET_NAME = re.compile(r"\Acharset\s*=\s*\"?[\w-]+\"?\s*", re.IGNORECASE)


def written_by_a_person(raw: str) -> str:
    """The text without padding and rubbish; empty where a camera or a program wrote it."""
    text = _CHARSET_NAME.sub("", raw.partition("\0")[0].strip())
    if text.casefold() in _FILLERS or _FILE_NAME.fullmatch(text) or _SETTINGS.fullmatch(text):
        return ""
    return readable(mended(text))


def decoded(content: bytes) -> str:
    """Text of an unknown 8-bit charset: UTF-8 if it is that, else what Windows writes."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def exif_text(value: object) -> str:
    """EXIF's ASCII, which Pillow reads as Latin-1 though most programs write UTF-8."""
    if isinstance(value, str):
        value = value.encode("latin-1", errors="replace")
    return decoded(value) if isinstance(value, bytes) else ""


def windows_text(value: object) -> str:
    """Of Windows' own EXIF entries, which are UTF-16."""
    return value.decode("utf-16-le", errors="replace") if isinstance(value, bytes) else ""


def user_comment(value: object, *, big_endian: bool) -> str:
    """EXIF's comment, whose first eight bytes should name its charset."""
    if not isinstance(value, bytes):
        return exif_text(value)
    charset = value[:_COMMENT_CHARSET_BYTES].rstrip(b"\0 ").upper()
    content = value[_COMMENT_CHARSET_BYTES:]
    if charset == b"ASCII":
        return decoded(content)
    if charset == b"UNICODE":
        return _utf16(content, big_endian=big_endian)
    if charset == b"JIS":
        return content.decode("iso2022_jp", errors="replace")
    return _printable(value if charset else content)


def _utf16(content: bytes, *, big_endian: bool) -> str:
    """UTF-16 in the order that makes it text; where both may be, in the file's.

    A script fills few of Unicode's blocks of 256 characters, so the upper bytes of a text vary less
    than the lower ones.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    big, little = (content.decode(f"utf-16-{order}", errors="replace") for order in ("be", "le"))
    strange = [sum(map(_is_no_letters, text)) for text in (big, little)]
    varied = [len(set(content[start::2])) for start in (0, 1)]
    for one, other in (strange, varied):
        if one != other:
            return big if one < other else little
    return big if big_endian else little


def _is_no_letters(character: str) -> bool:
    """Whether nobody's script has it: private, not assigned, or half a pair."""
    return unicodedata.category(character) in ("Co", "Cn", "Cs") or character == "\ufffd"


def _printable(content: bytes) -> str:
    """The UTF-8 in a comment of no named charset; empty for the binaries that makers keep there."""
    try:
        text = content.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if all(c.isprintable() or c in "\t\r\n" for c in text) else ""
