"""Which languages a text model was trained for, as far as its family and its name tell."""

from __future__ import annotations

import re

# Families of networks whose vocabulary is of a hundred languages.
_MULTILINGUAL = frozenset(
    {"xlm-roberta", "xlm-roberta-xl", "xlm", "mt5", "umt5", "rembert", "canine"}
)
_NAMED_SO = re.compile("multilingual|mdeberta|xlm", re.IGNORECASE)


def trained_languages(family: str, name: str) -> frozenset[str] | None:
    """ISO 639-1 codes; None: many. English alone, unless the model says otherwise.

    `family` is the `model_type` of its config.json, `name` the model's on the hub or its folder.
    """
    many = family in _MULTILINGUAL or _NAMED_SO.search(name)
    return None if many else frozenset({"en"})
