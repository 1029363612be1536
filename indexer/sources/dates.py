"""Dates as exports, tables, sidecar files and cameras write them, as seconds since 1970.

A date counts as its clock showed it: half past midnight on New Year's Day in Athens is a moment
of the new year, whatever the year still was in UTC. An offset tells where the clock stood, and
moves nothing; numbers are UTC, since nothing tells another clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

DATE_FORMATS = (
    "ISO 8601 (2023-07-14, 2023-07-14 18:30, 2023-07-14T18:30:00+02:00, 2023-07-14T18:30:00Z), "
    "EXIF's 2023:07:14 18:30:00, or seconds or milliseconds since 1970"
)

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_EXIF_DAY = re.compile(r"([0-9]{4}):([0-9]{2}):([0-9]{2})\b")
_BLANK_BEFORE_OFFSET = re.compile(r"\s+(?=[+-][0-9]{2}:?[0-9]{2}$)")
_UTC_NAMED = re.compile(r"\s*(UTC|GMT)$", re.IGNORECASE)
_COMPACT_DAY_DIGITS = 8  # 20230714

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138; as milliseconds, March 1973
_SECONDS_FROM = 1e8  # below it (March 1973) a number is rather a year or a misplaced id


def read_date(value: str | int | float) -> int | None:
    """Seconds since 1970 on its own clock, of a date in one of `DATE_FORMATS`.

    A blank is None, and so is 0, which is how exports write "no date".

    Raises:
        ValueError: it is none of these formats, or no such day exists.

    """
    if not isinstance(value, str):
        return _from_number(value)
    text = value.strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text) and len(text) != _COMPACT_DAY_DIGITS:
        return _from_number(float(text))
    return _from_text(text)


def _from_number(number: float) -> int | None:
    if number == 0:
        return None
    if abs(number) < _SECONDS_FROM:
        raise ValueError(f"{number} is too small to be seconds since 1970")
    try:
        seconds = number / 1000 if abs(number) > _MILLISECONDS_FROM else number
        return int(datetime.fromtimestamp(seconds // 1, UTC).timestamp())
    except (OverflowError, OSError) as error:
        raise ValueError("the number lies outside the years 1 to 9999") from error


def _from_text(text: str) -> int:
    iso = _EXIF_DAY.sub(r"\1-\2-\3", text, count=1)
    iso = _UTC_NAMED.sub("Z", _BLANK_BEFORE_OFFSET.sub("", iso))
    return int(datetime.fromisoformat(iso).replace(tzinfo=UTC).timestamp() // 1)
