"""The texts that the sentiment head is trained and tested on, read from their published files."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrieval.captions import plain
from retrieval.errors import BadInput
from retrieval.labels.caption_topics import SOCIAL_CAPTIONS
from retrieval.labels.vader import vader_features
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NEGATIVE, NEUTRAL, POSITIVE = range(len(SENTIMENTS))

_CLASSES: tuple[str, ...] = SENTIMENTS
_PICTURE_ID = re.compile(r"([0-9]{12})\.jpg$")
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
    try:
        entries = json.loads(path.read_text("utf-8"))["images"]
        return [
            _sentence(sentence, entry["split"], _picture(entry["filename"]))
            for entry in entries
            for sentence in entry["sentences"]
        ]
    except OSError as error:
        raise BadInput(
            f"cannot read {path}: {error.strerror}; see the README for where it is"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is not senticap_dataset.json ({error!r}); see the README for where it is"
        ) from error


def read_coco(paths: Sequence[Path]) -> list[Text]:
    """COCO's captions, which were written to tell facts: neutral.

    Raises:
        BadInput: a file is not one of COCO's caption files.

    """
    texts = []
    for path in paths:
        try:
            annotations = json.loads(path.read_text("utf-8"))["annotations"]
            texts += [Text(each["caption"], NEUTRAL, "", each["image_id"]) for each in annotations]
        except OSError as error:
            raise BadInput(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path} is not a file of COCO captions ({error!r})") from error
    return texts


def read_social() -> list[Text]:
    """The captions in social_captions.csv, written for this project."""
    with SOCIAL_CAPTIONS.open(encoding="utf-8", newline="") as file:
        return [
            Text(row["caption"], _CLASSES.index(row["sentiment"]), "train", 0)
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


def same_text(text: str) -> str:
    """What two captions share that differ only in typography."""
    return plain(text).casefold()


def _sentence(sentence: dict[str, Any], split: str, picture: int) -> Text:
    tokens, marks = sentence["tokens"], sentence["word_sentiment"]
    # A marked run is an adjective and its noun; a run of one word has no adjective of its own.
    adjective = [
        bool(mark and following and not before)
        for before, mark, following in zip([0, *marks], marks, [*marks[1:], 0], strict=False)
    ]
    return Text(
        text=str(sentence["raw"]),
        label=POSITIVE if sentence["sentiment"] == 1 else NEGATIVE,
        split=split,
        picture=picture,
        adjectives=frozenset(t.lower() for t, a in zip(tokens, adjective, strict=True) if a),
        stripped=" ".join(t for t, a in zip(tokens, adjective, strict=True) if not a),
    )


def _picture(filename: str) -> int:
    match = _PICTURE_ID.search(filename)
    if match is None:
        raise ValueError(f"{filename!r} names no COCO picture")
    return int(match.group(1))
