"""Galleries by hand whose truth is known: posts, what is true of them, and what pictures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Background, ZeroShot
from retrieval.evaluate.material import Material
from retrieval.gallery.generation import Contents, Generation, write_generation
from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest
from retrieval.labels.labeller import Labeller
from retrieval.labels.taxonomy import load_taxonomy
from retrieval.labels.vader import VaderModel
from retrieval.records import Picture, Post, Truth
from tests.fakes import DIMENSION, ColourEncoder, WordEncoder

# People are red, animals green, food is blue: pictures by their colour, captions by these words.
TOPICS_BY_COLOUR = """
[[topic]]
name = "people"
phrases = ["red man", "red woman"]
words = "man woman"

[[topic]]
name = "animals"
phrases = ["green dog", "green cat"]
words = "dog cat"

[[topic]]
name = "food_drink"
phrases = ["blue pizza", "blue soup"]
words = "pizza soup"

[[topic]]
name = "celebrations"
phrases = ["birthday party"]
words = "birthday"
"""
RESAMPLES = 300  # enough where nothing is close; the whole number takes a minute
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
_MOODS = ("gloomy sad broken angry scary ugly crying", "", "happy lovely joyful smiling cute")


class MoodEncoder(WordEncoder):
    """Pictures of one mood each, which it sees: 0 gloomy, 1 ordinary, 2 happy."""

    spec = "moods"
    fingerprint = "moods@1"
    short_side = 32
    judgement: ZeroShot | Background = ZeroShot(scale=100.0, bias=None)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self.mood(_mood_of(text)) for text in texts], dtype=np.float32)

    def prepare(self, image: Any) -> NDArray[np.float32]:
        raise NotImplementedError

    encode_prepared = encode_images = prepare  # pictures come as vectors here

    def mood(self, code: int) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = np.eye(DIMENSION, dtype=np.float32)[code]
        return vector


@dataclass(frozen=True)
class Shown:
    """One picture, what is true about it, and its captions."""

    vector: NDArray[np.float32]
    captions: Sequence[str]
    truth: Truth | None = None
    truths: Sequence[Truth | None] = ()  # by caption, where they differ
    description: str | None = None


def coloured(colour: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = ColourEncoder().encode_prepared([np.array(COLOURS[colour])])[0]
    return vector


def gallery_of(
    pictures: Sequence[Shown], folder: Path, encoder: Any = None, labels: Mapping[str, Any] = {}
) -> Material:
    """A published generation of these pictures, labelled by VADER and the topics above.

    `labels` stand in for those of the models.
    """
    image_encoder, caption_encoder = encoder or ColourEncoder(), WordEncoder()
    topics = folder / "topics.toml"
    topics.parent.mkdir(parents=True, exist_ok=True)
    topics.write_text(TOPICS_BY_COLOUR, "utf-8")
    labeller = Labeller(
        VaderModel(), load_taxonomy(topics), image_encoder, caption_encoder, folder / "cache"
    )
    contents = _contents(pictures, caption_encoder, labeller)
    _publish(folder / "chroma_db", contents, labeller, labels)
    generation = Generation.open(folder / "chroma_db")
    return Material(generation, image_encoder, caption_encoder, folder / "cache", RESAMPLES)


def _contents(
    pictures: Sequence[Shown], caption_encoder: WordEncoder, labeller: Labeller
) -> Contents:
    ids = [f"{place:032x}" for place in range(len(pictures))]
    posts = [
        Post(
            f"{place:04}-{number}",
            image_id,
            "folder:/posts",
            "/posts",
            f"{place}.jpg",
            caption,
            truth=shown.truths[number] if shown.truths else shown.truth,
        )
        for place, (image_id, shown) in enumerate(zip(ids, pictures, strict=True))
        for number, caption in enumerate(shown.captions)
    ]
    captioned = [post for post in posts if post.has_caption]
    texts = [post.caption for post in captioned]
    vectors = caption_encoder.encode_texts(texts)
    readings = labeller.read(texts, vectors, ["en"] * len(texts))
    described = {
        image_id: shown.description
        for image_id, shown in zip(ids, pictures, strict=True)
        if shown.description is not None
    }
    return Contents(
        posts={post.post_id: post for post in posts},
        pictures={
            image_id: Picture(image_id, 40, 40, description=described.get(image_id))
            for image_id in ids
        },
        files=[],
        image_vectors={
            image_id: shown.vector for image_id, shown in zip(ids, pictures, strict=True)
        },
        caption_vectors={post.post_id: v for post, v in zip(captioned, vectors, strict=True)},
        description_vectors={
            image_id: caption_encoder.encode_texts([text])[0]
            for image_id, text in described.items()
        },
        readings={post.post_id: r for post, r in zip(captioned, readings, strict=True)},
    )


def _publish(
    chroma_dir: Path, contents: Contents, labeller: Labeller, labels: Mapping[str, Any]
) -> None:
    posts, ids = contents.in_order(), sorted(contents.pictures)
    captioned = [post.post_id for post in posts if post.has_caption]
    described = [image_id for image_id in ids if image_id in contents.description_vectors]
    arrays = labeller.label(
        [post.caption for post in posts],
        [contents.readings.get(post.post_id) for post in posts],
        _stacked([contents.caption_vectors[each] for each in captioned]),
        _stacked([contents.image_vectors[each] for each in ids]),
        np.array([ids.index(post.image_id) for post in posts], dtype=np.int64),
        [contents.pictures[each].description for each in ids],
        _stacked([contents.description_vectors[each] for each in described]),
    )
    for name, values in labels.items():
        getattr(arrays, name)[:] = values
    write_generation(chroma_dir, 1, contents, arrays)
    encoders = Encoders(
        EncoderRecord.of(labeller.pictures._encoder), EncoderRecord.of(WordEncoder())
    )
    Manifest(
        encoders, 1, posts=len(posts), pictures=len(ids), labels=labeller.record
    ).write(chroma_dir)  # fmt: skip


def _stacked(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.array(vectors, dtype=np.float32).reshape(-1, DIMENSION)


def _mood_of(text: str) -> int:
    for code, words in enumerate(_MOODS):
        if set(words.split()) & set(text.replace(",", "").split()):
            return code
    return 1
