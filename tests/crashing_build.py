"""A build that kills its process at a chosen call."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import indexer.journal
import indexer.pipeline
import indexer.writer
import retrieval.gallery.chroma
import retrieval.gallery.manifest
from tests.galleries import index_folder

CALLS: dict[str, tuple[Any, str]] = {
    "journal": (indexer.journal.Journal, "append"),
    "journal clear": (indexer.journal.Journal, "clear"),
    "chroma pictures": (retrieval.gallery.chroma.Collections, "put_pictures"),
    "chroma captions": (retrieval.gallery.chroma.Collections, "put_captions"),
    "chroma removal": (retrieval.gallery.chroma.Collections, "remove_captions"),
    "generation": (indexer.writer, "write_generation"),
    "manifest": (retrieval.gallery.manifest.Manifest, "write"),
    "sweep": (indexer.writer, "sweep_generations"),
}


def killing(function: Callable[..., Any], call: int, when: str) -> Callable[..., Any]:
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def crashing_build(
    chroma_dir: Path, folder: Path, name: str, call: int, when: str, *, rebuild: bool
) -> None:
    """To be run in a process of its own."""
    owner, attribute = CALLS[name]
    setattr(owner, attribute, killing(getattr(owner, attribute), call, when))
    indexer.pipeline._ENCODE_BATCH = 2  # several batches from a few pictures
    indexer.writer._CHROMA_BATCH = 3
    index_folder(chroma_dir, folder, rebuild=rebuild)
