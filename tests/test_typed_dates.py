"""Dates as people type them into filters: whole years, months, days and minutes, or none."""

from __future__ import annotations

import pytest

from retrieval.catalog.dates import first_second, second_after
from retrieval.errors import BadOption

DAY, MINUTE = 86_400, 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2021", 365 * DAY),
        ("2021-02", 28 * DAY),
        ("2021-07-14", DAY),
        ("2021-07-14T18:30", MINUTE),
        ("2021-07-14 18:30+02:00", MINUTE),
        ("2021-07-14T18:30:15", 1),
        ("2021-07-14T18:30:15.5Z", 1),
    ],
)
def test_what_is_named_lasts_as_long_as_it_does(text: str, seconds: int) -> None:
    assert second_after(text) - first_second(text) == seconds


@pytest.mark.parametrize(
    "text", ["20210714", "2021-W28", "2021-W28-3", "2021-195", "202107", "14.07.2021", "2021-7-14",
             "2021-07-14T18", "20210714T183000", "2021-13", "2021-02-30", "", "now"],
)  # fmt: skip
def test_what_could_be_understood_half_is_refused(text: str) -> None:
    with pytest.raises(BadOption, match="is not a date; write a year"):
        first_second(text)
