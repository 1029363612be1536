"""SentiCap's file senticap_dataset.json: sentences about MS COCO's pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.sources.coco_files import entries, member, picture_id
from indexer.sources.text import parsed_json, text_of
from retrieval.captions import readable
from retrieval.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from retrieval.records import Sentiment

_POLARITY: Mapping[int, Sentiment] = {0: "negative", 1: "positive"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One of SentiCap's captions."""

    key: str  # COCO id : which entry of that picture : which sentence, the latter two from 0
    picture: int
    file_name: str
    caption: str
    sentiment: Sentiment
    split: str
    marked_words: tuple[str, ...]


def read_sentences(path: Path) -> list[Sentence]:
    """Read all sentences, in the order of the file.

    Raises:
        BadInput: it cannot be read, is cut short, or holds something else than sentences.

    """
    document = parsed_json(text_of(path), path)
    repeats: Counter[int] = Counter()  # test has 135 pictures in two entries each
    sentences: list[Sentence] = []
    for where, entry in entries(document, "images", path):
        picture = _picture(entry, where)
        sentences += _sentences_of(entry, picture, f"{picture}:{repeats[picture]}", where)
        repeats[picture] += 1
    if not sentences:
        raise BadInput(f"{path} holds no sentences; is it senticap_dataset.json as published?")
    return sentences


def _picture(entry: object, where: str) -> int:
    name = member(entry, "filename", str, where)
    picture = picture_id(name)
    if picture is None:
        raise BadInput(
            f"{where}: {name!r} is no name of a COCO picture, such as COCO_val2014_000000391895.jpg"
        )
    return picture


def _sentences_of(entry: object, picture: int, key: str, where: str) -> Iterator[Sentence]:
    file_name, split = member(entry, "filename", str, where), member(entry, "split", str, where)
    for index, sentence in enumerate(member(entry, "sentences", list, where)):
        here = f"{where}, sentence {index + 1}"
        yield Sentence(
            key=f"{key}:{index}",
            picture=picture,
            file_name=file_name,
            caption=readable(member(sentence, "raw", str, here)),
            sentiment=_sentiment(sentence, here),
            split=split,
            marked_words=_marked_words(sentence, here),
        )


def _sentiment(sentence: object, where: str) -> Sentiment:
    number = member(sentence, "sentiment", int, where)
    if number not in _POLARITY:
        raise BadInput(f"{where}: 'sentiment' is {number}; SentiCap has 0 (negative), 1 (positive)")
    return _POLARITY[number]


def _marked_words(sentence: object, where: str) -> tuple[str, ...]:
    tokens = member(sentence, "tokens", list, where)
    marks = member(sentence, "word_sentiment", list, where)
    if len(tokens) != len(marks):
        raise BadInput(f"{where}: {len(tokens)} 'tokens' but {len(marks)} 'word_sentiment'")
    words = (str(token) for token, mark in zip(tokens, marks, strict=True) if mark == 1)
    return tuple(map(readable, words))
