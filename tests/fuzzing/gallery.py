"""The gallery's own files, as a failing disk or an editor leaves them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from indexer.describe import DescriptionCache
from indexer.journal import Change, Journal
from indexer.state import State
from retrieval.gallery.generation import Contents, Generation, write_generation
from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest
from retrieval.gallery.stored_labels import LabelArrays, LabelRecord
from retrieval.labels.checks import read_checks
from retrieval.labels.overrides import import_overrides, read_overrides
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy
from retrieval.records import IndexedFile, Picture, Post, Reading
from tests.fuzzing.case import File, Kind, Outcome
from tests.fuzzing.values import (
    VERY_DEEP,
    changed,
    damaged,
    json_lines,
    json_text,
    stored,
    text,
    value,
)

POST = Post("p", "ab" * 16, "folder:/p", "/p", "red.png", "a red wall", 1_625_000_000)
ENCODERS = Encoders(EncoderRecord("colours", "colours@1", 4), EncoderRecord("words", "words@1", 4))
RECORD = LabelRecord(
    "vader", "vader@1", "zero-shot@1", "fusion@1", "0" * 64, "",
    (("animals", "Animals"), ("other", "Other")), (0.5, 0.5, 0.5),
)  # fmt: skip


@cache
def _gallery() -> tuple[tempfile.TemporaryDirectory[str], str]:
    """A published post, without Chroma; and its manifest."""
    kept = tempfile.TemporaryDirectory()
    folder = Path(kept.name)
    vector = np.array([1, 0, 0, 0], dtype=np.float32)
    contents = Contents(
        {POST.post_id: POST}, {POST.image_id: Picture(POST.image_id, 8, 8)},
        [IndexedFile("/p", "red.png", 1, 1, POST.image_id)], {POST.image_id: vector},
        {POST.post_id: vector}, {}, {POST.post_id: Reading("en", (0.1, 0.2, 0.7), "vader@1")},
    )  # fmt: skip
    sentiment, topics = np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float32)
    labels = LabelArrays(*[sentiment] * 3, *[topics] * 4)
    manifest = Manifest(ENCODERS, sources={"folder:/p": {"location": "/p"}}).published(
        built_at=1_700_000_000, posts=1, pictures=1, labels=RECORD
    )
    write_generation(folder, manifest.generation, contents, labels)
    manifest.write(folder)
    return kept, (folder / "manifest.json").read_text("utf-8")


def _manifest(random: Random) -> File:
    whole = json_text(random, changed(random, json.loads(_gallery()[1])))
    return File("manifest.json", stored(random, whole))


def _read_manifest(file: File, folder: Path) -> Outcome:
    (folder / "generations").symlink_to(Path(_gallery()[0].name, "generations"))
    (folder / "manifest.json").write_bytes(file.content)
    generation = Generation.open(folder)
    manifest = generation.manifest
    assert generation.posts() == [POST]
    assert manifest.named
    if manifest.labels is not None:
        assert manifest.labels.digest
        assert dict(manifest.labels.topics).keys() == set(manifest.labels.names)
    for source, record in manifest.sources.items():
        source.encode(errors="surrogateescape")
        record.get("location")
    return "answer"


def _generation(random: Random) -> File:
    published = Path(_gallery()[0].name, "generations", "1")
    path = random.choice(sorted(published.iterdir()))
    return File(path.name, damaged(random, damaged(random, path.read_bytes())))


def _read_generation(file: File, folder: Path) -> Outcome:
    shutil.copytree(_gallery()[0].name, folder / "gallery")
    (folder / "gallery" / "generations" / "1" / file.name).write_bytes(file.content)
    generation = Generation.open(folder / "gallery")
    assert State.of(generation).posts == {POST.post_id: generation.posts()[0]}
    return "answer"


CHANGE = Change(
    pictures=[Picture(POST.image_id, 8, 8)], image_vectors=[np.ones(4, dtype=np.float32)],
    posts=[POST], caption_vectors={"p": np.ones(4, dtype=np.float32)},
    readings={"p": Reading("en", (0.1, 0.2, 0.7), "vader@1")},
    files=[IndexedFile("/p", "red.png", 1, 1, POST.image_id)], removed_posts=["q"],
    removed_files=[("/p", "q.png")],
)  # fmt: skip


@cache
def _journal_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        journal.append(CHANGE, 1)
        journal.start_rebuild(ENCODERS, 1)
        return {path.name: path.read_bytes() for path in Path(folder, "journal").iterdir()}


def _journal(random: Random) -> File:
    name = random.choice(sorted(_journal_files()))
    whole = _journal_files()[name]
    if name.endswith("json"):
        whole = json_text(random, changed(random, json.loads(whole))).encode("utf-8", "replace")
    return File(name, damaged(random, damaged(random, whole)))


def _read_journal(file: File, folder: Path) -> Outcome:
    (folder / "journal").mkdir()
    (folder / "journal" / file.name).write_bytes(file.content)
    journal = Journal(folder)
    rebuild, changes = journal.pending_rebuild(1), list(journal.pending(1))
    assert rebuild is None or rebuild.image.fingerprint is not None
    return "answer" if changes or rebuild else "skip"


SAID: Mapping[str, list[Any]] = {
    "overrides.jsonl": [
        {"image_id": "ab" * 16, "caption": "0" * 16, "sentiment": "neutral", "topics": ["animals"]},
        {"image_id": "ab" * 16, "caption": "0" * 16, "topics": None, "at": "2024-01-01"},
    ],
    "checks.jsonl": [
        {"seed": 1, "of": 5, "random": [["a", "b"]], "disagreeing": [["c", "d"]]},
        {
            "image_id": "a",
            "caption": "b",
            "sentiment": None,
            "picture_sentiment": "neutral",
            "topics": [],
        },
    ],
    "descriptions.jsonl": [{"image_id": "ab" * 16, "model": "blip@1", "text": "a wall"}],
}  # fmt: skip
CORRECTIONS = "corrections.jsonl"  # what `overrides import` is given


def _said(random: Random) -> File:
    name = random.choice((*SAID, CORRECTIONS))
    lines = SAID["overrides.jsonl" if name == CORRECTIONS else name]
    whole = "".join(f"{line}\n" for line in json_lines(random, lines))
    return File(name, stored(random, whole))


def _read_said(file: File, folder: Path) -> Outcome:
    (folder / file.name).write_bytes(file.content)
    if file.name == CORRECTIONS:
        imported = import_overrides(folder, folder / file.name, RECORD.names)
        assert len(read_overrides(folder).ever) == imported
    return _is_something(
        read_overrides(folder).by_key,
        read_checks(folder).drawn,
        DescriptionCache(folder, "blip@1").get("ab" * 16),
    )


def _is_something(*read: object) -> Outcome:
    return "answer" if any(read) else "skip"


def _topics(random: Random) -> File:
    whole = DEFAULT_TOPICS.read_text("utf-8").split("[[topic]]")
    parts = random.sample(whole[1:], random.randint(0, 2))
    lines = "".join(f"[[topic]]{part}" for part in parts).split("\n")
    for _ in range(random.randint(0, 2)):
        place = random.randint(0, len(lines))
        odd = (
            *(text(random), f"title = {json_text(random, value(random))}", "name = 'other'"),
            *("words = 5", "[topic]", "phrases = [" * random.choice((1, VERY_DEEP)), "[[topic]]"),
            *("name = " + "{a = " * VERY_DEEP, "x" + ".x" * random.choice((2, 1_000)) + " = 1"),
        )
        lines[place : place + random.randint(0, 1)] = [random.choice(odd)]
    return File("topics.toml", stored(random, "\n".join(lines)))


def _read_topics(file: File, folder: Path) -> Outcome:
    (folder / file.name).write_bytes(file.content)
    for topic in load_taxonomy(folder / file.name).topics:
        f"{topic.title} {topic.phrases} {sorted(topic.words)}".encode()
    return "answer"


KINDS = {
    "manifests": Kind(_manifest, _read_manifest, names_the_file=False),
    "generations": Kind(_generation, _read_generation, names_the_file=False),
    "journals": Kind(_journal, _read_journal),
    "corrections and checks": Kind(_said, _read_said),
    "topics": Kind(_topics, _read_topics),
}
