"""The texts that the sentiment head is trained and tested on, read from their published files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.sources.coco_files import read_caption_file
from indexer.sources.senticap_file import read_sentences
from indexer.sources.text import parsed_json, text_of
from retrieval.labels.caption_topics import SOCIAL_CAPTIONS
from retrieval.labels.vader import vader_features
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.sources.senticap_file import Sentence

NEGATIVE, NEUTRAL, POSITIVE = range(len(SENTIMENTS))

VOICES = Path(__file__).with_name("voices.csv")

_CLASSES: tuple[str, ...] = SENTIMENTS
_NO_MOOD = 0.05  # VADER's compound score of a sentence without one


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence with its class."""

    text: str
    label: int  # a place in SENTIMENTS
    split: str  # train, val or test; empty where the source has none
    picture: int  # COCO's id; 0 without one
    adjectives: frozenset[str] = frozenset()  # that carry the sentiment, in lower case
    stripped: str = ""  # the sentence without them


def read_senticap(path: Path) -> list[Text]:
    """SentiCap's sentences, with the adjectives of their marked adjective-noun pairs.

    Raises:
        BadInput: the file is not SentiCap's.

    """
    sentences = read_sentences(path)  # which checks what `written` takes for granted
    entries = parsed_json(text_of(path), path)["images"]
    written = [each for entry in entries for each in entry["sentences"]]
    return [_text(*each) for each in zip(sentences, written, strict=True)]


def read_coco(paths: Sequence[Path]) -> list[Text]:
    """COCO's captions, which were written to tell facts: neutral.

    Raises:
        BadInput: a file is not one of COCO's caption files.

    """
    return [
        Text(each.caption, NEUTRAL, "", each.picture)
        for path in paths
        for each in read_caption_file(path).captions
    ]


def read_social() -> list[Text]:
    """The captions in social_captions.csv, written for this project."""
    with SOCIAL_CAPTIONS.open(encoding="utf-8", newline="") as file:
        return [
            Text(row["caption"], _CLASSES.index(row["sentiment"]), "train", 0)
            for row in csv.DictReader(file)
        ]


def read_voices() -> list[Text]:
    """The captions in voices.csv, written for this project in several voices.

    Their `split` is the voice.
    """
    with VOICES.open(encoding="utf-8", newline="") as file:
        return [
            Text(row["caption"], _CLASSES.index(row["sentiment"]), row["voice"], 0)
            for row in csv.DictReader(file)
        ]


def pseudo_neutral(texts: Sequence[Text]) -> list[Text]:
    """Sentences without their sentiment-bearing adjectives, where no mood is left in them.

    Their topics are those of the sentences with a mood, so that neutral is not learned as a
    matter of topic.
    """
    stripped = [text for text in texts if text.adjectives]
    compound = vader_features([text.stripped for text in stripped])[:, 0]
    return [
        Text(text.stripped, NEUTRAL, text.split, text.picture)
        for text, mood in zip(stripped, compound, strict=True)
        if abs(mood) < _NO_MOOD
    ]


def _text(sentence: Sentence, written: dict[str, Any]) -> Text:
    """The sentence with what only its tokens tell: which of the marked words are adjectives."""
    tokens, marks = written["tokens"], written["word_sentiment"]
    # A marked run is an adjective and its noun; a run of one word has no adjective of its own.
    adjective = [
        bool(mark and following and not before)
        for before, mark, following in zip([0, *marks], marks, [*marks[1:], 0], strict=False)
    ]
    return Text(
        text=sentence.caption,
        label=SENTIMENTS.index(sentence.sentiment),
        split=sentence.split,
        picture=sentence.picture,
        adjectives=frozenset(t.lower() for t, a in zip(tokens, adjective, strict=True) if a),
        stripped=" ".join(t for t, a in zip(tokens, adjective, strict=True) if not a),
    )
