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
    listed = list_missing([reading], folder)
    assert listed is not None
    environment = {"PATH": f"{curl.parent}{os.pathsep}{os.environ['PATH']}"}
    command = fetch_command(listed, folder / "val2014")
    subprocess.run(["sh", "-c", command], env=environment, check=True)
    fetched = {file.name: file.read_text().strip() for file in (folder / "val2014").iterdir()}
    assert fetched == {n: f"http://example.org/val2014/{n}" for n in ("1.jpg", "2.jpg")}


def test_where_nothing_is_missing_any_more_the_old_list_goes(tmp_path: Path) -> None:
    assert (
        list_missing([SourceReading((), missing=("a.jpg",))], tmp_path) == tmp_path / "missing.txt"
    )
    assert (tmp_path / "missing.txt").read_text() == "a.jpg\n"
    assert list_missing([SourceReading(())], tmp_path) is None
    assert not (tmp_path / "missing.txt").exists()
