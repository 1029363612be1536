"""A question while spans are being taken out of it."""

from __future__ import annotations

import re

from chat_app.understanding.words import FILLER, NUMBERS, PLACES, POSTS, WEAK

BREAK = " \x00 "  # where something was taken out: what stood apart does not grow together

# An emoji is meant where posts are asked for that have it; elsewhere it is the asker's own mood.
_EMOJI_MEANT = (
    r"(?:(?<=with )|(?<=with the )|(?<=has )|(?<=have )|(?<=contain )|(?<=containing )|(?<=for ))"
    r"[\U0001F1E6-\U0001FAFF\u2600-\u27BF][\U0001F1E6-\U0001FAFF\u2600-\u27BF\uFE0F\u200D]*"
)
_FIRST_SIGN = "\u2600"  # from here on a single sign says something: emoji, and 海
_CALLED_SO = {"emoji", "emojis", "emoticon"}
_TOKEN = re.compile(rf"\x00|[,;:()]|{_EMOJI_MEANT}|-?[^\W_][\w'’-]*")
_CONTRACTION = re.compile(
    r"(?:'(?:m|ve|d|ll|re)|n't)$|^(?:im|ive|id|ill|cant|wont|dont)$"
)  # "I've"
_POSSESSIVE = re.compile(r"'s?$")


class Text:
    """What nobody has understood yet of a question."""

    def __init__(self, text: str) -> None:
        self.left = text

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Whether the pattern is anywhere in it."""
        return pattern.search(self.left) is not None

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take out the first span that the pattern finds."""
        found = pattern.search(self.left)
        if found:
            self.left = self.left[: found.start()] + BREAK + self.left[found.end() :]
        return found

    def drop(self, pattern: re.Pattern[str]) -> None:
        """Leave out every span that the pattern finds; what stands around it stays together."""
        self.left = pattern.sub(" ", self.left)

    def runs(self) -> list[list[str]]:
        """The words that say something, in runs of neighbours; weak ones only beside others."""
        return runs_of(self.left)


def runs_of(text: str) -> list[list[str]]:
    """As `Text.runs`."""
    runs: list[list[str]] = [[]]
    for found in _TOKEN.findall(text):
        token = _POSSESSIVE.sub("", found)
        low = token.lower()
        if _CONTRACTION.search(low):
            runs.append([])
            continue
        if token[0] in "\x00,;:()" or low in FILLER | POSTS or _is_one_letter(low):
            runs.append([])
            continue
        if low in _CALLED_SO and runs[-1] and runs[-1][-1] >= _FIRST_SIGN:
            continue
        if low.startswith("-"):
            runs.append([])
        runs[-1].append(token)
    return [run for run in runs if any(word.lower() not in WEAK for word in run)]


def _is_one_letter(word: str) -> bool:
    bare = word.strip("-'")
    return not bare or (len(bare) == 1 and bare < _FIRST_SIGN)


def number_in(text: str | None) -> int:
    """A number in digits or words; 1 where there is none."""
    low = (text or "1").lower()
    return int(low) if low.isdigit() else NUMBERS[low]


def place_in(found: re.Match[str]) -> int:
    """The place in a list that PLACE or HASH found; -1 is the last."""
    groups = found.groupdict()
    if groups.get("word"):
        return PLACES[groups["word"].lower()]
    return number_in(groups.get("number") or groups.get("after") or groups.get("opened"))
