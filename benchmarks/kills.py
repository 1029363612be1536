"""Kills builds, relabels, corrections and forgets at random moments, and looks for losses.

    PYTHONPATH=. python benchmarks/kills.py [--kills 1000] [--seed 0] [--keep FOLDER]

A gallery of a dozen small pictures lives through some forty kills, then a new one is begun. Beside
it lives its twin, on which the same commands run undisturbed. A command is the real one, forked off
a process that has imported everything, with encoders by hand: what a kill can break is files, and
real encoders write none. It is killed at a moment drawn evenly over the time that the twin took,
now and then several times in a row, and run again to its end; in a third of the cases another
build comes first. Then both galleries must hold the same.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import indexer.__main__
import indexer.build
import indexer.forget
import indexer.overrides
import indexer.pipeline
import indexer.relabel
import indexer.writer
from retrieval import progress
from retrieval.errors import GalleryError, NoGallery
from retrieval.gallery.generation import Generation
from retrieval.gallery.manifest import read_manifest
from retrieval.labels.overrides import Override, key_of, read_overrides
from retrieval.labels.taxonomy import DEFAULT_TOPICS
from retrieval.records import SENTIMENTS
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import save_picture
from tests.test_recovery import in_chroma

KILLS_OF_A_GALLERY = 40
AGAIN = 0.5  # the share of kills after which the same command is killed once more
ANOTHER_FIRST = 1 / 3  # the share of killed commands that another build follows first
PATIENCE = 60  # seconds for a command to end
SAYINGS = (
    "what a lovely day at the beach with all of my friends",
    "gutted, the roll is ruined and nothing can be done about it",
    "my cat sleeps on the sofa again, as it does every afternoon",
    "a plate of pasta that I cooked myself this evening",
    "the train was late and it rained the whole way home",
    "sunset over the hills behind our old house",
)


class Painter(ColourEncoder):
    """Takes no two topics for one, whose order would be chance."""

    fingerprint = "painter@1"
    encode_texts = WordEncoder.encode_texts


Encoders = tuple[Painter, WordEncoder]


# --- in a process of its own ------------------------------------------------------------------


def command(arguments: list[str], cache: Path, log: Path, told: Connection) -> None:
    """Run `python -m indexer` with encoders by hand; tells when it begins, its stages, its code."""

    class Telling(progress.Progress):
        @contextmanager
        def stage(self, stage: str, _total: int) -> Iterator[Callable[[int], object]]:
            told.send(stage)
            yield lambda _: None
            told.send(f"after {stage}")

        def complain(self, error: GalleryError) -> None:
            print(f"error: {error}", file=sys.stderr)

    def encoders(*_: Any, **__: Any) -> Encoders:
        return Painter(), WordEncoder()

    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ["XDG_CACHE_HOME"] = str(cache)
    indexer.build._choose_encoders = encoders
    indexer.relabel.stored_encoders = encoders  # type: ignore[attr-defined]
    indexer.forget.stored_encoders = encoders  # type: ignore[attr-defined]
    indexer.pipeline._ENCODE_BATCH = 2  # several batches from a few pictures
    indexer.writer._CHROMA_BATCH = 3
    with patch.dict(progress._HOW, bar=Telling):
        told.send("start")
        told.send(_code(arguments))


def _code(arguments: list[str]) -> int:
    try:
        return indexer.__main__.main(arguments)
    except SystemExit as exit_:
        return int(exit_.code or 0)


def look(gallery: Path, cache: Path, told: Connection) -> None:
    """Send everything that two galleries must have alike."""
    told.send(holdings(gallery, cache))


def holdings(gallery: Path, cache: Path) -> dict[str, Any]:
    """By name: what is published, corrected, shown and in Chroma, and what nobody should leave."""
    manifest = read_manifest(gallery)
    held: dict[str, Any] = {
        **published(gallery),
        "corrections": corrections(gallery),
        "manifest": {
            **{name: getattr(manifest, name) for name in ("posts", "pictures", "sources")},
            **{name: asdict(getattr(manifest, name)) for name in ("encoders", "labels")},
            "chroma_labels": manifest.chroma_labels,
        },
    }
    for name in ("images", "captions"):
        held[name] = {
            each: (text, metadata, np.array(vector, dtype=np.float32).tobytes())
            for each, (text, metadata, vector) in in_chroma(gallery, name).items()
        }
    held["thumbnails"] = {
        str(path.relative_to(gallery)): digest(path) for path in gallery.glob("thumbnails/*/*")
    }
    number = manifest.generation
    kept = {str(n) for n in (number - 1, number)}
    held["leftovers"] = sorted(
        str(path.relative_to(gallery.parent))
        for path in (
            *gallery.glob("journal/*"),
            *gallery.rglob("*.tmp"),
            *cache.rglob("*.tmp"),
            *(path for path in gallery.glob("generations/*") if path.name not in kept),
        )
    )
    held["names"] = sorted(path.name for path in gallery.iterdir() if len(path.name) != 36)
    held["Chroma's folders"] = sum(len(path.name) == 36 for path in gallery.iterdir())
    return held


def published(gallery: Path) -> dict[str, Any]:
    """What searches read: the digest of every file of the published state; {} if there is none."""
    try:
        folder = Generation.open(gallery).folder
    except NoGallery:
        return {}
    return {path.name: digest(path) for path in folder.iterdir()}


def corrections(gallery: Path) -> dict[Any, Override]:
    """Those in force, by picture and caption."""
    return dict(read_overrides(gallery).by_key)


def digest(path: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


# --- one gallery and its twin -----------------------------------------------------------------


class Loss(Exception):
    """What differs from the gallery that nothing disturbed."""


@dataclass(slots=True)
class Tally:
    """What happened, by operation."""

    kills: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    phases: Counter[tuple[str, str]] = field(default_factory=Counter)  # operation, last stage told


class Story:
    """A gallery that is killed again and again, beside one that is not."""

    def __init__(self, folder: Path, random: np.random.Generator, tally: Tally) -> None:
        self.folder, self.random, self.tally = folder, random, tally
        self.killed, self.twin = folder / "killed", folder / "undisturbed"
        self.one, self.two = folder / "one", folder / "two"
        self.forking = multiprocessing.get_context("forkserver")
        self.drawn = 0  # numbers of posts, so far
        self.operation = ""
        self.held: dict[str, Any] = {}  # by both galleries, after the last command
        self.topics = []
        text = DEFAULT_TOPICS.read_text("utf-8")
        for number, phrase in enumerate(("a plate with food", "a table of dishes")):
            self.topics.append(folder / f"topics{number}.toml")
            self.topics[-1].write_text(text.replace("a plate of food", phrase), "utf-8")
        for _ in range(10):
            self.add(self.one)
        for _ in range(3):
            self.add(self.two)
        shutil.copy(next(self.one.glob("*.png")), self.two / "shared.png")

    def live(self, kills: int) -> None:
        """Go through at least so many kills.

        Raises:
            Loss: something is lost.

        """
        until = self.tally.kills.total() + kills
        self.go("first build", "build", self.one)
        while self.tally.kills.total() < until:
            operation = self.random.choice(["build", "rebuild", "relabel", "correct", "forget"])
            getattr(self, operation)()

    def build(self) -> None:
        """Change the first folder, and build it."""
        for _ in range(self.random.integers(1, 5)):
            self.change()
        self.go("build", "build", self.one)

    def rebuild(self) -> None:
        """Everything anew."""
        self.go("rebuild", "build", "--rebuild")

    def relabel(self) -> None:
        """With the other topics."""
        self.topics.reverse()
        self.go("relabel", "relabel", "--topics", self.topics[0])

    def correct(self) -> None:
        """Correct a post, or take a correction back."""
        generation = Generation.open(self.twin)
        posts, labels = generation.posts(), generation.manifest.labels
        assert labels is not None
        post = posts[self.random.integers(len(posts))]
        if key_of(post) in corrections(self.twin) and self.random.random() < 0.3:
            self.go("correct", "overrides", "clear", post.post_id)
            return
        topics = self.random.choice([name for name, _ in labels.topics], size=2, replace=False)
        what = ["--sentiment", self.random.choice(SENTIMENTS), "--topics", ",".join(topics)]
        self.go("correct", "overrides", "set", post.post_id, *what)

    def forget(self) -> None:
        """Build the second folder, and forget it."""
        if self.random.random() < 0.5:
            self.add(self.two)
        self.go("another source", "build", self.two)
        self.go("forget", "forget", self.two)

    def add(self, folder: Path) -> None:
        """Put a new post into a folder."""
        self.drawn += 1
        colour = tuple(int(value) for value in self.random.integers(256, size=3))
        caption = f"{self.random.choice(SAYINGS)}, number {self.drawn}"
        has_caption = self.random.random() < 0.9
        save_picture(folder / f"{self.drawn:03}.png", colour, caption if has_caption else None)

    def change(self) -> None:
        """Do something to the posts of the first folder."""
        pictures = sorted(self.one.glob("*.png"))
        picture = pictures[self.random.integers(len(pictures))]
        caption = picture.with_suffix(".txt")
        what = self.random.choice(["add", "remove", "rename", "copy", "typo", "reword", "redraw"])
        if what == "add" or len(pictures) < 8:
            self.add(self.one)
        elif what == "remove" or len(pictures) > 14:
            picture.unlink()
            caption.unlink(missing_ok=True)
        elif what in ("rename", "copy"):
            self.drawn += 1
            place = shutil.move if what == "rename" else shutil.copy
            for path in (picture, caption):
                if path.exists():
                    place(path, self.one / f"{self.drawn:03}{path.suffix}")
        elif what == "typo" and caption.exists():
            caption.write_text(caption.read_text("utf-8") + "!", "utf-8")
        elif what == "redraw":
            save_picture(picture, tuple(int(v) for v in self.random.integers(256, size=3)))
        else:
            caption.write_text(f"{self.random.choice(SAYINGS)}, once more", "utf-8")

    def go(self, operation: str, *arguments: object) -> None:
        """Run a command on the twin, kill it on the other, run it again, compare."""
        self.operation, before = operation, self.held
        code, seconds = self.run(self.twin, *arguments)
        assert code == 0, f"the twin's {operation} ended with {code}"
        after = self.seen(self.twin)
        kills = 0
        while kills == 0 or (kills < 4 and self.random.random() < AGAIN):
            self.kill(operation, seconds, *arguments)
            kills += 1
            readable = published(self.killed)
            if readable not in (public(before), public(after)):
                raise Loss("searches saw a state that is neither the old nor the new one")
            self.check_corrections(before, after)
        if before and self.random.random() < ANOTHER_FIRST:
            code, _ = self.run(self.killed, "build", self.one)
            if code:
                raise Loss(f"another build afterwards ended with {code}")
            between = self.seen(self.killed)
            if operation != "another source":  # which may be there in part
                self.compare(between, before if differing(between, after) else after)
        code, _ = self.run(self.killed, *arguments)
        if code == 2 and ("forget" in arguments or "clear" in arguments):  # it was done already
            code, _ = self.run(self.killed, "build", self.one)  # which tells Chroma
        if code:
            raise Loss(f"the same command afterwards ended with {code}")
        self.compare(self.seen(self.killed), after)
        self.held = after
        self.tally.recovered[operation] += kills

    def kill(self, operation: str, seconds: float, *arguments: object) -> None:
        """Once, and note it; keeps what the kill left, as evidence."""
        moment = self.random.uniform(0, seconds)
        code, phase = self.killed_run(moment, *arguments)
        self.tally.kills[operation] += 1
        self.tally.inside[operation] += code is None
        self.tally.phases[operation, phase if code is None else "it had ended"] += 1
        shutil.rmtree(self.folder / "as the kill left it", ignore_errors=True)
        if self.killed.exists():
            shutil.copytree(self.killed, self.folder / "as the kill left it")
        with (self.folder / "story.txt").open("a", encoding="utf-8") as file:
            words = " ".join(map(str, arguments))
            file.write(f"{words}: killed after {moment:.4f} of {seconds:.4f} s, in {phase}\n")

    def check_corrections(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """None that was confirmed is lost; the one under way is there or not."""
        held = corrections(self.killed) if self.killed.exists() else {}
        old, new = before.get("corrections", {}), after["corrections"]
        for key in old.keys() | new.keys() | held.keys():
            if held.get(key) not in (old.get(key), new.get(key)):
                raise Loss(f"the correction of {key} is {held.get(key)}")

    def compare(self, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        """Raise Loss unless both hold the same."""
        if names := differing(ours, theirs):
            raise Loss("; ".join(f"{name}: {difference(ours, theirs, name)}" for name in names))

    def run(self, gallery: Path, *arguments: object) -> tuple[int, float]:
        """The exit code, and the seconds that it took."""
        process, told = self.start(gallery, *arguments)
        began = time.monotonic()
        while told.poll(PATIENCE):
            if isinstance(said := told.recv(), int):
                seconds = time.monotonic() - began
                process.join()
                return said, seconds
        process.kill()
        raise Loss(f"{arguments} did not end within {PATIENCE} s")

    def killed_run(self, moment: float, *arguments: object) -> tuple[int | None, str]:
        """The exit code where it had ended before the kill, and the last phase that it told."""
        process, told = self.start(self.killed, *arguments)
        assert process.pid is not None
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        phase = "start"
        with suppress(EOFError):
            while told.poll():
                said = told.recv()
                if isinstance(said, int):
                    return said, phase
                phase = said
        return None, phase

    def start(self, gallery: Path, *arguments: object) -> tuple[Any, Connection]:
        """A process that has just begun to run the command."""
        ours, theirs = self.forking.Pipe(duplex=False)
        words = [*map(str, arguments), "--chroma-dir", str(gallery)]
        cache, log = gallery.with_name(f"{gallery.name}-cache"), self.folder / "log.txt"
        process = self.forking.Process(target=command, args=(words, cache, log, theirs))
        process.start()
        theirs.close()
        assert ours.poll(PATIENCE), "the process does not begin"
        assert ours.recv() == "start"
        return process, ours

    def seen(self, gallery: Path) -> dict[str, Any]:
        """`holdings`, made in a process of its own."""
        ours, theirs = self.forking.Pipe(duplex=False)
        cache = gallery.with_name(f"{gallery.name}-cache")
        process = self.forking.Process(target=look, args=(gallery, cache, theirs))
        process.start()
        theirs.close()
        held: dict[str, Any] = ours.recv()
        process.join()
        return held


def public(held: dict[str, Any]) -> dict[str, Any]:
    """The part of `holdings` that `published` tells."""
    return {name: value for name, value in held.items() if name.endswith((".parquet", ".f32"))}


def differing(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """The names of what is not the same."""
    return [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]


def difference(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> str:
    """In a line, what is not the same under one name."""
    here, there = ours.get(name), theirs.get(name)
    if isinstance(here, dict) and isinstance(there, dict):
        here = {key: value for key, value in here.items() if there.get(key) != value}
        there = {key: value for key, value in there.items() if (ours[name]).get(key) != value}
    return f"{str(here)[:300]} instead of {str(there)[:300]}"


# --- all of them ------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    """Kill, compare, print the tables; 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args(argv)
    ours = [name for name in sys.modules if name.startswith(("indexer", "retrieval", "tests"))]
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["tests.preloaded", *ours])
    arguments.keep.mkdir(parents=True, exist_ok=True)
    tally, started = Tally(), time.monotonic()
    number = 0
    while (left := arguments.kills - tally.kills.total()) > 0:
        name = f"kills-{arguments.seed}-{number}-"
        folder = Path(tempfile.mkdtemp(prefix=name, dir=arguments.keep))
        story = Story(folder, np.random.default_rng([arguments.seed, number]), tally)
        try:
            story.live(min(left, KILLS_OF_A_GALLERY))
            shutil.rmtree(folder)
        except Loss as loss:
            tally.losses[story.operation] += 1
            last = (folder / "story.txt").read_text("utf-8").splitlines()[-1]
            print(f"LOSS: {loss}\n  after {last}\n  kept in {folder}", flush=True)
        number += 1
        print(f"{tally.kills.total()} kills, {time.monotonic() - started:.0f} s", flush=True)
    tell(tally)
    print(f"{number} galleries, {(time.monotonic() - started) / 60:.0f} minutes")
    return 1 if tally.losses else 0


def tell(tally: Tally) -> None:
    """Two tables: by operation, and where in it the kills fell."""
    print("\n| operation | kills | inside | recovered equal | losses |\n|---|---:|---:|---:|---:|")
    for name in [*tally.kills, "all"]:
        counts = [
            counter.total() if name == "all" else counter[name]
            for counter in (tally.kills, tally.inside, tally.recovered, tally.losses)
        ]
        print(f"| {name} | {' | '.join(map(str, counts))} |")
    print("\n| operation | kills by the last stage that it told |\n|---|---|")
    for name in tally.kills:
        fell = [(n, phase) for (operation, phase), n in tally.phases.items() if operation == name]
        print(
            f"| {name} | {', '.join(f'{phase} {n}' for n, phase in sorted(fell, reverse=True))} |"
        )


if __name__ == "__main__":
    raise SystemExit(main())
