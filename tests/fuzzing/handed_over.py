"""What is handed over under any name: files, and archives of them."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path
from random import Random

from chat_app.uploads import Uploads
from indexer.sources.base import SourceRequest
from indexer.sources.folder import FolderReader
from indexer.sources.registry import choose_reader
from retrieval.errors import GalleryError
from tests.fuzzing.case import File, Kind, Outcome, check_error, check_reading
from tests.fuzzing.pictures import whole_pictures
from tests.fuzzing.values import damaged, encoded, seldom, text

LONGEST_NAME = 250  # bytes; file systems take 255


def _name(random: Random) -> File:
    """The name, as the bytes that a file system holds, is the content."""
    stem = (
        encoded(random, text(random))
        if seldom(random, 0.2)
        else text(random).encode("utf-8", "surrogatepass")
    )
    cut = re.sub(rb"[\0/]", b"_", stem)[: LONGEST_NAME - 20]
    suffix = random.choice(
        (b".png", b".PNG", b".jpg", b".png.txt", b".json", b"", b".", b".png ", b"..png")
    )
    return File("", cut + suffix)


def _read_name(file: File, folder: Path) -> Outcome:
    """In a folder, in a table that names it, and as the browser calls it."""
    root = folder / "posts"
    root.mkdir()
    (root / "red.png").write_bytes(b"x")
    name = os.fsdecode(file.content)
    if name not in ("", ".", ".."):
        (root / name).write_bytes(b"a caption")
    reading = FolderReader().read(SourceRequest(root))
    outcomes = {check_reading(reading), _upload([(name, b"x"), ("red.png", b"x")], folder)}
    for named in (
        name,
        f"../posts/{name}",
        f"{root}/{name}",
        f"file://{root}/{name}",
        f"file://{name}",
    ):
        path = folder / "posts.jsonl"
        path.write_text(json.dumps({"image": named, "caption": "a cat"}))
        request = SourceRequest(path, kind="table", image_roots=(root,))
        try:
            outcomes.add(check_reading(choose_reader(request).read(request)))
        except GalleryError as error:
            check_error(error, path.name)
            outcomes.add("refusal")
    return "skip" if outcomes - {"answer"} else "answer"


class _Handed(io.BytesIO):
    """As the browser hands a file over."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


def _upload(files: list[tuple[str, bytes]], folder: Path) -> Outcome:
    uploads, before = Uploads(folder / "uploads"), set(folder.iterdir())
    try:
        upload = uploads.keep([_Handed(*each) for each in files])
    except GalleryError as error:
        check_error(error)
        assert [path.name for path in uploads.folder.glob("*")] in ([], ["README.md"])
        return "refusal"
    finally:
        assert set(folder.iterdir()) <= {*before, uploads.folder}
    assert upload.location.is_relative_to(uploads.folder)
    return "answer"


def _archive(random: Random) -> File:
    out = io.BytesIO()
    method = random.choice(
        (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("red.png"), whole_pictures()["plain.png"], method)
        for _ in range(random.randint(0, 2)):
            odd = text(random).encode("utf-8", "replace").decode()[:15_000].partition("\0")[0]
            name = (odd or "x") + random.choice(("", ".png", "/red.png", ".txt"))
            archive.writestr(zipfile.ZipInfo(name), b"x" * 99, method)  # without the time
    return File("posts.zip", damaged(random, out.getvalue()))


def _read_archive(file: File, folder: Path) -> Outcome:
    return _upload([(file.name, file.content)], folder)


KINDS = {
    "names": Kind(_name, _read_name),
    "archives": Kind(_archive, _read_archive),
}
