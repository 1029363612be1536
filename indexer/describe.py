"""Has a model put into words what pictures show, once a picture and model."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.journal import Change
from indexer.sources.base import Skipped
from retrieval.cli import count
from retrieval.files import explained_storage_errors, json_value, write_atomically
from retrieval.gallery.layout import descriptions_path
from retrieval.pictures import UnreadablePicture, decode, load_file

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from PIL.Image import Image

    from indexer.describers.base import Describer
    from indexer.writer import Writer
    from retrieval.encoders.base import CaptionEncoder
    from retrieval.records import Post

_BATCH = 8  # pictures: as many as a captioner sees at once
_SIDE = 512  # pixels of the short side; no describer looks closer


@dataclass(slots=True)
class DescriptionCounts:
    """What a build did about descriptions."""

    described: int = 0  # pictures that the model saw
    reused: int = 0  # whose description by this model was known
    failed: int = 0  # that it had no answer for, or that could not be read any more


class DescriptionCache:
    """All descriptions ever made for a gallery, by picture and model; a rebuild finds them here."""

    def __init__(self, chroma_dir: Path, model: str) -> None:
        self._path = descriptions_path(chroma_dir)
        self._model = model
        self._known = dict(self._read())

    def get(self, image_id: str) -> str | None:
        """What this model wrote about a picture before."""
        return self._known.get(image_id)

    def add(self, image_id: str, text: str) -> None:
        """Keep a description."""
        self._known[image_id] = text
        line = json.dumps({"image_id": image_id, "model": self._model, "text": text})
        with (
            explained_storage_errors(self._path.parent),
            self._path.open("a", encoding="utf-8") as file,
        ):
            file.write(line + "\n")

    def _read(self) -> Iterator[tuple[str, str]]:
        if not self._path.is_file():
            return
        for line in self._path.read_text("utf-8", errors="replace").splitlines():
            try:
                row = json_value(line)
                if row["model"] == self._model:
                    yield str(row["image_id"]), str(row["text"])
            except (ValueError, KeyError, TypeError):  # torn by a crash: it is made again
                continue


def forget_descriptions(chroma_dir: Path, image_ids: Container[str]) -> None:
    """Remove what was ever written about these pictures."""
    path = descriptions_path(chroma_dir)
    if not path.is_file():
        return
    lines = path.read_text("utf-8", errors="replace").splitlines(keepends=True)
    staying = [line for line in lines if _picture_of(line) not in image_ids]
    if len(staying) < len(lines):
        with explained_storage_errors(chroma_dir):
            write_atomically(path, "".join(staying).encode())


def _picture_of(line: str) -> str:
    try:
        return str(json_value(line)["image_id"])
    except (ValueError, KeyError, TypeError):  # torn by a crash
        return ""


def describe_pictures(
    writer: Writer,
    describer: Describer,
    caption_encoder: CaptionEncoder,
    posts: Sequence[Post],
    *,
    chroma_dir: Path,
    publish_every: float,
) -> tuple[DescriptionCounts, list[Skipped]]:
    """Describe the pictures of these posts that this model has not described yet.

    Raises:
        EndpointFailed: the model's endpoint is gone or refuses; what was described is kept.
        WeightsUnavailable: the model is not to be had.

    """
    counts, skipped = DescriptionCounts(), []
    pictures = writer.state.pictures
    wanted = {
        post.image_id: post
        for post in posts
        if pictures[post.image_id].described_by != describer.version
    }
    cache = DescriptionCache(chroma_dir, describer.version)
    unseen = sum(cache.get(image_id) is None for image_id in wanted)
    if unseen:
        leave = ": they leave this machine" if describer.uploads else ""
        writer.progress.say(
            f"{count(unseen, 'picture')} to be described by {describer.spec}{leave}"
        )
    remaining = iter(wanted.values())
    with writer.progress.stage("describe", len(wanted)) as advance:
        while batch := list(islice(remaining, _BATCH)):
            texts: dict[str, str] = {}
            images: dict[str, Image] = {}
            for post in batch:
                if known := cache.get(post.image_id):
                    texts[post.image_id] = known
                    counts.reused += 1
                    continue
                try:
                    file = load_file(Path(post.root, post.image_path))
                    images[post.image_id] = decode(file, _SIDE).image
                except (OSError, UnreadablePicture) as error:
                    skipped.append(Skipped(str(Path(post.root, post.image_path)), str(error)))
                    writer.progress.skip(skipped[-1].path, skipped[-1].reason)
                    counts.failed += 1
            answers = describer.describe(list(images.values())) if images else []
            for image_id, answer in zip(images, answers, strict=True):
                if answer is None:
                    counts.failed += 1
                    continue
                cache.add(image_id, answer)
                texts[image_id] = answer
                counts.described += 1
            _write(writer, describer.version, caption_encoder, texts)
            writer.publish_if_due(publish_every)
            advance(len(batch))
    return counts, skipped


def _write(
    writer: Writer, model: str, caption_encoder: CaptionEncoder, texts: dict[str, str]
) -> None:
    if not texts:
        return
    state = writer.state
    vectors = caption_encoder.encode_texts(list(texts.values()))
    writer.write(
        Change(
            pictures=[
                replace(state.pictures[image_id], description=text, described_by=model)
                for image_id, text in texts.items()
            ],
            image_vectors=[state.image_vectors[image_id] for image_id in texts],
            description_vectors=dict(zip(texts, vectors, strict=True)),
        )
    )
