from __future__ import annotations

import os
import subprocess
from pathlib import Path

from indexer.missing import fetch_command, list_missing
from indexer.sources.base import SourceReading

# Plays curl: keeps the address it was asked for in a file of its last part.
CURL = '#!/bin/sh\nfor address; do :; done\necho "$address" > "${address##*/}"\n'


def test_the_command_fetches_every_missing_picture_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text(CURL)
    curl.chmod(0o755)
    reading = SourceReading(
        (), missing=("1.jpg", "2.jpg"), missing_from="http://example.org/val2014/"
    )
    listed = list_missing({"senticap:a.json": reading}, folder)
    assert listed is not None
    environment = {"PATH": f"{curl.parent}{os.pathsep}{os.environ['PATH']}"}
    command = fetch_command(listed, folder / "val2014")
    subprocess.run(["sh", "-c", command], env=environment, check=True)
    fetched = {file.name: file.read_text().strip() for file in (folder / "val2014").iterdir()}
    assert fetched == {n: f"http://example.org/val2014/{n}" for n in ("1.jpg", "2.jpg")}


def missing(*names: str) -> SourceReading:
    return SourceReading((), missing=names)


def test_every_source_has_its_section_until_nothing_of_it_is_missing(tmp_path: Path) -> None:
    listed = tmp_path / "missing.txt"
    assert list_missing({"table:a.csv": missing("a.jpg", "b.jpg")}, tmp_path) == listed
    list_missing({"folder:b": missing()}, tmp_path)
    list_missing({"table:c.csv": missing("c.jpg")}, tmp_path)
    assert listed.read_text() == "# table:a.csv\na.jpg\nb.jpg\n# table:c.csv\nc.jpg\n"
    list_missing({"table:a.csv": missing("b.jpg")}, tmp_path)
    assert listed.read_text() == "# table:a.csv\nb.jpg\n# table:c.csv\nc.jpg\n"
    list_missing({"table:c.csv": missing()}, tmp_path)
    assert list_missing({"table:a.csv": missing()}, tmp_path) is None
    assert not listed.exists()
