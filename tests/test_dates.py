import math

import pytest

from indexer.sources.dates import DATE_FORMATS, read_date

NOON = 1_562_241_600  # 2019-07-04T12:00:00Z
DAY = 1_562_198_400  # 2019-07-04T00:00:00Z


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2019-07-04T12:00:00Z", NOON),
        ("2019-07-04T12:00:00", NOON),
        ("2019-07-04 12:00", NOON),
        ("2019-07-04T12:00:00+02:00", NOON),
        ("2019-07-04 12:00:00 -0500", NOON),
        ("0001-01-01T00:00:00+14:00", -62_135_596_800),  # in UTC before the first year
        ("2019-07-04 12:00:00 UTC", NOON),
        ("2019-07-04T12:00:00.999Z", NOON),
        ("2019:07:04 12:00:00", NOON),
        ("2019:07:04 12:00:00+02:00", NOON),
        ("2019-07-04", DAY),
        ("20190704", DAY),
        ("  2019-07-04\n", DAY),
        ("1969-12-31T23:59:59Z", -1),
        (NOON, NOON),
        (NOON * 1000, NOON),
        (float(NOON) + 0.5, NOON),
        (str(NOON), NOON),
        (f"{NOON}.5", NOON),
        (f"{NOON}123", NOON),
        (-NOON, -NOON),
    ],
)
def test_every_allowed_format_becomes_seconds_since_1970(
    written: str | float, seconds: int
) -> None:
    assert read_date(written) == seconds


@pytest.mark.parametrize("nothing", ["", "   ", "\t\n", 0, 0.0, "0"])
def test_a_blank_or_a_zero_is_no_date(nothing: str | float) -> None:
    assert read_date(nothing) is None


@pytest.mark.parametrize(
    "unreadable",
    [
        "yesterday",
        "04/07/2019",
        "2019-02-30",
        "0000:00:00 00:00:00",
        "2019",
        2019,
        True,
        "20191332",
        math.nan,
        math.inf,
        10**400,
        "9" * 400,
        NOON * 1_000_000,  # microseconds
        "2019-07-04T12:00:00+25:00",
    ],
)
def test_what_is_none_of_them_is_refused(unreadable: str | float) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_date(unreadable)


def test_the_sentence_of_formats_names_formats_that_are_read() -> None:
    for written in ("2023-07-14", "2023-07-14 18:30", "2023-07-14T18:30:00Z"):
        assert written in DATE_FORMATS
        assert read_date(written) is not None
