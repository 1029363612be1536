"""Dates as people type them: a year, a month, a day or a moment.

As in `indexer/sources/dates.py` a moment counts as its clock shows it, wherever that stands.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from retrieval.errors import BadOption, shown
from retrieval.records import EPOCH

_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?P<zone>Z|[+-]\d{2}:?\d{2})?")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_MONTH_DAY = re.compile(r"\d{2}-\d{2}")
_LEAP_YEAR = 2024


def first_second(text: str) -> int:
    """When what `text` names begins, in seconds since 1970.

    Raises:
        BadOption: it is no date; says which forms are.

    """
    return _seconds(_start(text))


def second_after(text: str) -> int:
    """When what `text` names is over: the first second that does not belong to it any more.

    Raises:
        BadOption: it is no date; says which forms are.

    """
    start = _start(text)
    try:
        if _YEAR.fullmatch(text):
            end = start.replace(year=start.year + 1)
        elif _MONTH.fullmatch(text):
            end = (start + timedelta(days=31)).replace(day=1)
        elif _DAY.fullmatch(text):
            end = start + timedelta(days=1)
        elif _MINUTE.fullmatch(text):
            end = start + timedelta(minutes=1)
        else:
            end = start + timedelta(seconds=1)
    except (OverflowError, ValueError):  # the year 9999
        end = datetime.max.replace(tzinfo=UTC, microsecond=0)
    return _seconds(end)


def parse_month_day(text: str) -> tuple[int, int]:
    """The month and day that `text` names, such as 07-04.

    Raises:
        BadOption: there is no such day in any year.

    """
    try:
        if not _MONTH_DAY.fullmatch(text):
            raise ValueError
        day = datetime.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        raise BadOption(
            f"{shown(text)} is not a day of the year; write month and day, such as 07-04"
        ) from None
    return day.month, day.day


def written(seconds: int) -> str:
    """A moment as ISO 8601, without an offset: it is what a clock showed."""
    # Not fromtimestamp, which refuses years before 1970 on some systems.
    return (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def _start(text: str) -> datetime:
    padded = text
    if _YEAR.fullmatch(text):
        padded = f"{text}-01-01"
    elif _MONTH.fullmatch(text):
        padded = f"{text}-01"
    try:
        if not any(form.fullmatch(padded) for form in (_DAY, _MINUTE, _MOMENT)):
            raise ValueError  # the standard has more forms, such as weeks, of other lengths
        moment = datetime.fromisoformat(padded)
    except ValueError:
        raise BadOption(
            f"{shown(text)} is not a date; write a year (2021), a month (2021-03), a day "
            "(2021-03-14) or a moment (2021-03-14T18:30)"
        ) from None
    return moment.replace(tzinfo=UTC)


def _seconds(moment: datetime) -> int:
    return int((moment - EPOCH) // timedelta(seconds=1))
