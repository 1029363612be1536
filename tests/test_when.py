"""Times as people say them, on Sunday 15 September 2024; all of them in the past."""

from __future__ import annotations

from datetime import date

import pytest

from chat_app.understanding.when import find_period, related_to, with_years_written_out

TODAY = date(2024, 9, 15)


@pytest.mark.parametrize(
    ("text", "since", "until", "span"),
    [
        ("posts from 2021", "2021-01-01", "2021-12-31", "from 2021"),
        ("2021-03", "2021-03-01", "2021-03-31", "2021-03"),
        ("on 2021-03-14", "2021-03-14", "2021-03-14", "on 2021-03-14"),
        ("14.03.2021", "2021-03-14", "2021-03-14", "14.03.2021"),
        ("12 May 2018", "2018-05-12", "2018-05-12", "12 May 2018"),
        ("on May 12th, 2018", "2018-05-12", "2018-05-12", "on May 12th, 2018"),
        ("the 3rd of June", "2024-06-03", "2024-06-03", "the 3rd of June"),
        ("3 december", "2023-12-03", "2023-12-03", "3 december"),
        ("in May", "2024-05-01", "2024-05-31", "in May"),
        ("in january", "2024-01-01", "2024-01-31", "in january"),
        ("dec 2020", "2020-12-01", "2020-12-31", "dec 2020"),
        ("last december", "2023-12-01", "2023-12-31", "last december"),
        ("early 2021", "2021-01-01", "2021-04-30", "early 2021"),
        ("mid-2022", "2022-05-01", "2022-08-31", "mid-2022"),
        ("the second half of 2022", "2022-07-01", "2022-12-31", "the second half of 2022"),
        ("first half of last year", "2023-01-01", "2023-06-30", "first half of last year"),
        ("q3 2020", "2020-07-01", "2020-09-30", "q3 2020"),
        ("the summer of 2018", "2018-06-01", "2018-08-31", "the summer of 2018"),
        ("winter 2021", "2021-12-01", "2022-02-28", "winter 2021"),
        ("last summer", "2024-06-01", "2024-08-31", "last summer"),
        ("last autumn", "2023-09-01", "2023-11-30", "last autumn"),
        ("the 2010s", "2010-01-01", "2019-12-31", "the 2010s"),
        ("Christmas 2022", "2022-12-24", "2022-12-26", "Christmas 2022"),
        ("christmas", "2023-12-24", "2023-12-26", "christmas"),
        ("on new year's eve 2019", "2019-12-31", "2019-12-31", "on new year's eve 2019"),
        ("yesterday", "2024-09-14", "2024-09-14", "yesterday"),
        ("last week", "2024-09-02", "2024-09-08", "last week"),
        ("last weekend", "2024-09-07", "2024-09-08", "last weekend"),
        ("last friday", "2024-09-13", "2024-09-13", "last friday"),
        ("last month", "2024-08-01", "2024-08-31", "last month"),
        ("this year", "2024-01-01", "2024-12-31", "this year"),
        ("the year before last", "2022-01-01", "2022-12-31", "the year before last"),
        ("two years ago", "2022-01-01", "2022-12-31", "two years ago"),
        ("a couple of months ago", "2024-07-01", "2024-07-31", "a couple of months ago"),
        ("the past 3 months", "2024-06-15", "2024-09-15", "the past 3 months"),
        ("in the last year", "2023-09-15", "2024-09-15", "in the last year"),
        ("more than 2 years ago", None, "2022-09-14", "more than 2 years ago"),
        ("since 2020", "2020-01-01", None, "since 2020"),
        ("2020 or later", "2020-01-01", None, "2020 or later"),
        ("since last summer", "2024-06-01", None, "since last summer"),
        ("after March 2022", "2022-04-01", None, "after March 2022"),
        ("before 2020", None, "2019-12-31", "before 2020"),
        ("until the end of 2020", None, "2020-12-31", "until the end of 2020"),
        ("between May and July 2020", "2020-05-01", "2020-07-31", "between May and July 2020"),
        ("from november to march 2021", "2020-11-01", "2021-03-31", "from november to march 2021"),
        ("2019-2021", "2019-01-01", "2021-12-31", "2019-2021"),
        ("from 2019 to 2021", "2019-01-01", "2021-12-31", "from 2019 to 2021"),
        ("the last 9999999 years", "1000-01-01", "2024-09-15", "the last 9999999 years"),
        (f"last {'9' * 5000} days", "1000-01-01", "2024-09-15", f"last {'9' * 5000} days"),
    ],
)
def test_a_time_is_found_with_the_words_that_name_it(
    text: str, since: str | None, until: str | None, span: str
) -> None:
    found = find_period(text, TODAY)
    assert found is not None
    days = (found.period.since, found.period.until)
    assert tuple(day and day.isoformat() for day in days) == (since, until)
    assert text[found.start : found.end] == span


@pytest.mark.parametrize(
    ("text", "month_day"),
    [
        ("on this day", (9, 15)),
        ("what happened this day in history", (9, 15)),
        ("every 4th of july", (7, 4)),
        ("july 4th in any year", (7, 4)),
        ("every Christmas", (12, 25)),
        ("29 february, every year", (2, 29)),
    ],
)
def test_a_day_of_any_year(text: str, month_day: tuple[int, int]) -> None:
    found = find_period(text, TODAY)
    assert found is not None
    assert found.period.month_day == month_day


@pytest.mark.parametrize(
    "text",
    [
        "I may have seen it", "march of the penguins", "the sun over the sea", "a second chance",
        "the last one", "10 dogs", "summer dress", "a spring in the forest", "route 66", "5 a day",
        "the first picture", "falling leaves", "99 luftballons", "4th of the list",
    ],
)  # fmt: skip
def test_what_names_no_time_is_left_alone(text: str) -> None:
    assert find_period(text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("and the year before", "2022-12-01", "2023-02-28"),
        ("one year later", "2024-12-01", "2025-02-28"),
        ("the summer before", "2023-06-01", "2023-08-31"),
        ("the summer after that", "2024-06-01", "2024-08-31"),
        ("the November before that", "2023-11-01", "2023-11-30"),
        ("in the month after", "2024-03-01", "2024-03-31"),
        ("late that year", "2023-09-01", "2023-12-31"),
    ],
)
def test_times_that_the_last_question_is_the_measure_of(text: str, since: str, until: str) -> None:
    winter = date(2023, 12, 1), date(2024, 2, 29)
    found = find_period(related_to(text, *winter), date(2026, 1, 1))
    assert found is not None
    assert (found.period.since, found.period.until) == (
        date.fromisoformat(since),
        date.fromisoformat(until),
    )


def test_the_year_before_a_whole_year_is_a_whole_year() -> None:
    whole = date(2020, 1, 1), date(2020, 12, 31)
    assert related_to("the year before", *whole).split() == ["2019"]
    assert related_to("the year before last", *whole) == "the year before last"
    assert related_to("the year before I moved", *whole) == "the year before I moved"


@pytest.mark.parametrize(
    ("text", "written_out"),
    [
        ("in twenty twenty two", "in 2022"),
        ("nineteen ninety-nine", "1999"),
        ("twenty oh five", "2005"),
        ("summer or winter 2021", "summer 2021 or winter 2021"),
        ("in May than in June 2020", "in May 2020 than in June 2020"),
        ("twenty dogs", "twenty dogs"),
    ],
)
def test_years_are_written_out(text: str, written_out: str) -> None:
    assert with_years_written_out(text) == written_out
