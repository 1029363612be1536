"""Which language a caption is written in, so that no model judges what it was not trained for."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Languages that people post in. Fewer candidates make fewer mistakes on a handful of words.
_CANDIDATES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr",
    "hu", "id", "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr",
    "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

_LINK_OR_MENTION = re.compile(r"https?://\S+|@\w+")
_HASHTAG = re.compile(r"#\w+")
_FEWEST_LETTERS = 12  # of Latin script; with fewer, a guess says more about names than language
_SURE = 0.6  # how probable another language than English has to be


def language_of(caption: str) -> str | None:
    """The ISO 639-1 code of a caption's language; None where it has no words to tell by.

    Links and mentions do not count, and hashtags only where there is nothing else: they are names
    more often than words. A few words in Latin letters count as English unless it is rather
    certain that they are not, since slang, names and typing errors look like any language.
    """
    text = _LINK_OR_MENTION.sub(" ", caption)
    prose = _HASHTAG.sub(" ", text)
    text = (prose if _letters(prose) else text.replace("#", " ")).lower()
    letters = _letters(text)
    if not letters:
        return None
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) > len(letters) / 2
    if latin and len(letters) < _FEWEST_LETTERS:
        return "en"
    language, probability = _identifier().classify(text)
    return "en" if latin and probability < _SURE else str(language)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_CANDIDATES))
    return identifier
