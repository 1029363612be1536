"""Pictures whose bytes are damaged, spliced or cut short."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from indexer.sources.embedded import embedded_in
from retrieval.pictures import UnreadablePicture, decode, load_file, write_thumbnail
from tests.fuzzing.case import File, Kind, Outcome, check_reason
from tests.fuzzing.values import damaged, seldom

SIDE = 32  # pixels, as an encoder asks for

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description>'
    b'<rdf:Alt><rdf:li xml:lang="x-default">a wall</rdf:li></rdf:Alt></dc:description>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0e\x1c\x02x\0\x06a wall\x1c\x02\x05\0\0"


@cache
def whole_pictures() -> dict[str, bytes]:
    """A small picture in each format and mode that is read, with metadata where it has them."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    noise = Image.fromarray(np.random.default_rng(0).integers(256, size=(36, 48), dtype=np.uint8))
    colour = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    exif = Image.Exif()
    exif.update({270: "a red wall", 274: 6, 0x9C9C: "wall".encode("utf-16-le")})
    exif.get_ifd(0x8769).update({0x9003: "2019:07:04 12:00:00", 0x9286: b"UNICODE\0w\0a\0"})
    told: dict[str, Any] = {"exif": exif.tobytes()}
    late = PngInfo()
    late.add_itxt("XML:com.adobe.xmp", XMP.decode())
    grey16 = Image.fromarray((np.arange(48 * 36, dtype=np.uint16) * 37).reshape(36, 48))

    def moving() -> dict[str, Any]:
        return {"save_all": True, "append_images": [colour.rotate(90), colour.rotate(180)]}

    made: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "plain.jpg": (colour, told | {"xmp": XMP}),
        "progressive.jpg": (colour, told | {"progressive": True, "icc_profile": b"profile" * 30}),
        "cmyk.jpg": (colour.convert("CMYK"), told),
        "mpo.jpg": (colour, moving() | {"format": "MPO"}),
        "plain.png": (colour, told | {"pnginfo": late}),
        "palette.png": (colour.quantize(16), {"transparency": 3}),
        "grey16.png": (grey16, {}),
        "alpha.png": (colour.convert("RGBA"), {}),
        "moving.png": (colour, moving()),
        "lzw.tif": (colour, {"compression": "tiff_lzw"}),
        "deflate.tif": (grey16, {"compression": "tiff_adobe_deflate"}),
        "plain.tif": (colour, told | moving()),
        "float.tif": (noise.convert("F"), {}),
        "fax.tif": (noise.convert("1"), {"compression": "group4"}),
        "plain.webp": (colour, told | {"xmp": XMP}),
        "lossless.webp": (colour.convert("RGBA"), {"lossless": True}),
        "moving.webp": (colour, moving()),
        "plain.gif": (colour, {}),
        "moving.gif": (colour, moving() | {"transparency": 0}),
        "plain.bmp": (colour, {}),
        "palette.bmp": (colour.quantize(16), {}),
        "plain.heic": (colour, told | {"format": "HEIF"}),
        "plain.avif": (colour, told),
    }
    contents = {name: _saved(image, name, options) for name, (image, options) in made.items()}
    whole = contents["plain.jpg"]
    block = b"\xff\xed" + (len(IPTC) + 2).to_bytes(2, "big") + IPTC
    return {**contents, "iptc.jpg": whole[:2] + block + whole[2:]}


def _saved(image: Image.Image, name: str, options: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    suffix = Path(name).suffix
    options = {"format": Image.registered_extensions()[suffix], **options}
    image.copy().save(out, **options)  # saving leaves settings of a format in the picture
    return out.getvalue()


def _picture(random: Random) -> File:
    """Damaged anywhere; as often near its beginning, where sizes and metadata stand."""
    name = random.choice(sorted(whole_pictures()))
    whole = whole_pictures()[name]
    if seldom(random, 0.1):  # two pictures in one
        other = whole_pictures()[random.choice(sorted(whole_pictures()))]
        whole = whole[: random.randint(0, len(whole))] + other[random.randint(0, len(other)) :]
    if seldom(random, 0.5):
        head = random.randint(8, 800)
        return File(name, damaged(random, whole[:head]) + whole[head:])
    return File(name, damaged(random, whole))


def _read_picture(file: File, folder: Path) -> Outcome:
    path = folder / file.name
    path.write_bytes(file.content)
    try:
        picture = load_file(path)
        embedded = embedded_in(picture)
        embedded.caption.encode()
        decoded = decode(picture, SIDE)
    except UnreadablePicture as error:
        check_reason(str(error))
        return "skip"
    assert decoded.image.mode == "RGB"
    assert min(decoded.width, decoded.height) > 0
    write_thumbnail(decoded, folder / "thumbnail.webp")
    return "answer"


KINDS = {
    "pictures": Kind(_picture, _read_picture),
}
