"""Times as people say them: the spans of a question that name one, as days in the past.

Libraries for this name moments, most of them in the future; a question about posts means periods
that are over or under way. An *atom* names a period by itself ("March 2021", "last summer"); words
around it bound it ("since", "or later") or span two of them ("between", "to").
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable  # noqa: TC003 - in an annotation of data below
from dataclasses import dataclass
from datetime import date, timedelta

from chat_app.understanding.words import WORDS, any_of


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both ends included; None: open. Or one day of any year."""

    since: date | None = None
    until: date | None = None
    month_day: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A period, and the span of the text that names it."""

    period: Period
    start: int
    end: int


Days = tuple[date, date]

_FIRST_DAY = date(1000, 1, 1)  # there is nothing to find before it, and days to count back from
_MOST_DIGITS = 6  # of a number of days or years; Python does not read thousands of them

_MONTHS = {name: place for place, names in enumerate(WORDS["months"], 1) for name in names}
_SEASONS: dict[str, int] = WORDS["seasons"]  # the month that each begins in
_WEEKDAYS: list[str] = WORDS["weekdays"]
_FEASTS: dict[str, list[str]] = WORDS["feasts"]
_NUMBERS: dict[str, int] = WORDS["numbers"]
_ALSO_WORDS = {"may", "march", "mar", "sun", "sat"}  # that mean something else as well

_Y = r"(?:19|20)\d\d"
_D = r"\d{1,2}"
_TH = r"(?:st|nd|rd|th)?"


def _any(names: object) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))  # type: ignore[call-overload]


_MONTH = rf"(?:{_any(_MONTHS)})\b\.?"
_SEASON = _any(_SEASONS)
_FEAST = _any(_FEASTS)
_NUMBER = rf"\d+|{_any(_NUMBERS)}"
_UNIT = r"(?:year|month|week|day)"
_LAST = r"(?:last|past|previous|this past)"


def with_years_written_out(text: str) -> str:
    """Years in digits, "twenty twenty two", and at both of two: "summer or winter 2021"."""
    text = _THE_YEAR.sub("", _SPOKEN.sub(_in_digits, text))
    text = _NOTHING_OLDER.sub(lambda found: _SINCE_OR_UNTIL[found["than"].lower()], text)
    return _ONE_YEAR_OF_TWO.sub(r"\g<first> \g<year>\g<rest>", text)


def _in_digits(found: re.Match[str]) -> str:
    century = 1900 if found["century"].lower() == "nineteen" else 2000
    words = re.split(r"[\s-]", found["year"].lower())
    return str(century + sum(_SPOKEN_NUMBERS[word] for word in words))


def days_in_digits(text: str) -> str:
    """Days of a month that are spoken: "the third of May" is "3 May"."""
    return _SPOKEN_DAY.sub(lambda found: f"{_DAYS_SAID[found['said'].lower()]} ", text)


def related_to(text: str, since: date, until: date) -> str:
    """Times that the last question's are the measure of, written out: "the year before"."""
    return _RELATED.sub(lambda found: _written_out(found, since, until), text)


def in_year_of_last(text: str, year: int) -> str:
    """Months, seasons and feasts without a year are of the year that was asked about before."""
    return _OF_NO_YEAR.sub(rf"\g<0> {year}", text)


def _written_out(found: re.Match[str], since: date, until: date) -> str:
    if same := found["same"]:
        return f" {since.year} " if same.lower() == "year" else f" {since:%Y-%m} "
    back = found["way"].lower() in ("before", "earlier")
    name = found["name"].lower().rstrip(".")
    if name in ("day", "week"):
        length = timedelta(1 if name == "day" else 7)
        if back:
            return f" {since - length} to {since - timedelta(1)} "
        return f" {until + timedelta(1)} to {until + length} "
    if name == "month":
        first = since if back else until
        month = first.year * 12 + first.month - 1 + (-1 if back else 1)
        return f" {month // 12}-{month % 12 + 1:02} "
    if name != "year":
        begins = _MONTHS.get(name) or _SEASONS[name]
        year = since.year if back else until.year
        if back and begins >= since.month:
            year -= 1
        elif not back and begins <= until.month:
            year += 1
        return f" {name} {year} "
    years = -1 if back else 1
    if found["of"]:  # "Christmas a year later"
        return f" {found['of']} {since.year + years} "
    if since.year == until.year and (since.month, until.month) == (1, 12):
        return f" {since.year + years} "
    return f" {_in_year(since, since.year + years)} to {_in_year(until, until.year + years)} "


def _in_year(day: date, year: int) -> date:
    year = max(date.min.year, min(year, date.max.year))
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))


def find_period(text: str, today: date) -> Named | None:
    """The first time that a text names."""
    for word in _WORD.finditer(text):
        for rule in (_this_day, _every_year, _between, _past, _more_than_ago, _bounded):
            named = rule(text, word.start(), today)
            if named is not None:
                return named
    return None


def _this_day(text: str, start: int, today: date) -> Named | None:
    found = _THIS_DAY.match(text, start)
    day = (today.month, today.day)
    return found and Named(Period(month_day=day), *found.span())


def _every_year(text: str, start: int, today: date) -> Named | None:
    """One day of any year: "every 4th of July", "on July 4th in any year", "every Christmas"."""
    every = _EVERY.match(text, start)
    feast = every and _EVERY_FEAST.match(text, every.end())
    if feast:
        month, day = map(int, _FEASTS[feast["feast"].lower()][-1].split("-"))
        return Named(Period(month_day=(month, day)), start, feast.end())
    lead = every or _ON.match(text, start)
    atom = _atom(text, lead.end() if lead else start, today)
    if atom is None or atom.days[0] != atom.days[1]:
        return None
    tail = _ANY_YEAR.match(text, atom.end)
    if not every and not tail:
        return None
    day_of = atom.days[0]
    end = tail.end() if tail else atom.end
    return Named(Period(month_day=(day_of.month, day_of.day)), start, end)


def _between(text: str, start: int, today: date) -> Named | None:
    lead = _BETWEEN.match(text, start)
    first = _atom(text, lead.end() if lead else start, today, bare=lead is not None)
    link = first and (_AND if lead else _TO).match(text, first.end)
    last = link and _atom(text, link.end(), today, bare=True)
    if not first or not last:
        return None
    since, until = first.days[0], last.days[1]
    while since > until:  # "between November and March 2021"
        since = since.replace(year=since.year - 1)
    if first.is_bare_month and until.year != since.year:
        since = since.replace(year=until.year - (since.month > until.month))
    return Named(Period(since, until), start, last.end)


def _past(text: str, start: int, today: date) -> Named | None:
    found = _PAST.match(text, start)
    if not found:
        return None
    number, unit = found["n"] or found["n2"], found["unit"] or found["unit2"]
    first = _back(today, _number(number), unit.lower())
    return Named(Period(first, today), *found.span())


def _more_than_ago(text: str, start: int, today: date) -> Named | None:
    found = _MORE_THAN_AGO.match(text, start)
    if not found:
        return None
    day = _back(today, _number(found["n"]), found["unit"].lower())
    if found["how"].split()[0].lower() in ("more", "over"):
        return Named(Period(None, day - timedelta(1)), *found.span())
    return Named(Period(day, today), *found.span())


def _bounded(text: str, start: int, today: date) -> Named | None:
    lead = _BOUND.match(text, start)
    how = " ".join(lead["how"].lower().split()) if lead else ""
    atom = _atom(text, lead.end() if lead else start, today, bare=how in _TIME_ALONE)
    if atom is None:
        return None
    first, last = atom.days
    tail = _OPEN_END.match(text, atom.end)
    if tail:
        earlier = tail[0].split()[-1].lower() in ("earlier", "before")
        period = Period(None, last) if earlier else Period(first, None)
        return Named(period, start, tail.end())
    period = {
        "since": Period(first, None),
        "after": Period(last + timedelta(1), None),
        "before": Period(None, first - timedelta(1)),
        "until": Period(None, last),
        "till": Period(None, last),
        "up to": Period(None, last),
        "by": Period(None, last),
    }.get(how, Period(first, last))
    return Named(period, start, atom.end)


# --- atoms ----------------------------------------------------------------------------------


def _days_of(year: int, month: int, months: int = 1) -> Days:
    """All days of some months from one on."""
    end = (year * 12 + month - 1) + months - 1
    last_year, last = divmod(end, 12)
    return date(year, month, 1), date(last_year, last + 1, monthrange(last_year, last + 1)[1])


def _year_of(month: int, day: int, today: date) -> int:
    """The last year in which that day has begun."""
    return today.year if (month, day) <= (today.month, today.day) else today.year - 1


def _back(today: date, number: int, unit: str) -> date:
    """That long ago; what nobody can remember is as long ago as anything."""
    try:
        return max(_FIRST_DAY, _so_long_before(today, number, unit))
    except (OverflowError, ValueError):
        return _FIRST_DAY


def _so_long_before(today: date, number: int, unit: str) -> date:
    if unit in ("day", "week"):
        return today - timedelta(number * (7 if unit == "week" else 1))
    months = today.year * 12 + today.month - 1 - number * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _number(text: str | None) -> int:
    text = (text or "1").lower()
    if text.isdigit():
        return int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS
    return _NUMBERS[text]


def _month(text: str) -> int:
    return _MONTHS[text.lower().rstrip(".")]


def _iso(found: re.Match[str], _: date) -> Days:
    parts = [int(part) for part in found["iso"].split("-")]
    if len(parts) == 3:
        day = date(*parts)
        return day, day
    return _days_of(parts[0], parts[1])


def _dotted(found: re.Match[str], _: date) -> Days:
    day = date(int(found["dy"]), int(found["dm"]), int(found["dd"]))
    return day, day


def _part_of_year(found: re.Match[str], today: date) -> Days:
    year = _said_year(found["py"], today)
    part = found["part"].lower().split()[-1]
    if part[0] == "q":
        return _days_of(year, 3 * int(part[1]) - 2, 3)
    if found["half"]:
        return _days_of(year, 1 if part in ("first", "1st") else 7, 6)
    return _days_of(
        year, {"early": 1, "start": 1, "beginning": 1, "mid": 5, "middle": 5}.get(part, 9), 4
    )


def _said_year(text: str, today: date) -> int:
    if text[:4].isdigit():
        return int(text[:4])
    return today.year - (text.lower().split()[0] != "this")


def _month_and_day(found: re.Match[str], today: date) -> Days:
    month, day = _month(found["m1"] or found["m2"]), int(found["d1"] or found["d2"])
    year = found["y1"] or found["y2"]
    this = date(int(year) if year else _year_of(month, day, today), month, day)
    return this, this


def _month_of_year(found: re.Match[str], _: date) -> Days:
    return _days_of(int(found["my"]), _month(found["mm"]))


def _last_month_named(found: re.Match[str], today: date) -> Days:
    month = _month(found["lm"])
    if found["lmw"].lower() == "this":
        return _days_of(today.year, month)
    return _days_of(today.year - (month >= today.month), month)


def _season_of(year: int, name: str) -> Days:
    return _days_of(year, _SEASONS[name.lower()], 3)


def _season_of_year(found: re.Match[str], _: date) -> Days:
    return _season_of(int(found["sy"] or found["sy2"]), found["sn"] or found["sn2"])


def _last_season(found: re.Match[str], today: date) -> Days:
    name, year = found["ls"], today.year
    if found["lsw"].lower() == "this":
        return _season_of(year - (_SEASONS[name.lower()] > today.month), name)
    while _season_of(year, name)[1] >= today:
        year -= 1
    return _season_of(year, name)


def _month_or_season_of_last_year(found: re.Match[str], today: date) -> Days:
    name, year = found["lyn"].lower().rstrip("."), today.year - (found["lyw"].lower() != "this")
    return _season_of(year, name) if name in _SEASONS else _days_of(year, _MONTHS[name])


def _feast(found: re.Match[str], today: date) -> Days:
    first, last, _ = (tuple(map(int, day.split("-"))) for day in _FEASTS[found["feast"].lower()])
    year = found["fy"]
    which = int(year) if year else _year_of(first[0], first[1], today)
    return date(which, *first), date(which + (last < first), *last)


def _decade(found: re.Match[str], _: date) -> Days:
    text = found["dec"]
    year = int(text) if len(text) == 4 else (1900 if int(text) > 30 else 2000) + int(text)
    return date(year, 1, 1), date(year + 9, 12, 31)


def _year(found: re.Match[str], _: date) -> Days:
    year = int(found["year"])
    return date(year, 1, 1), date(year, 12, 31)


def _relative(found: re.Match[str], today: date) -> Days:
    """Last year, this week, the month before last."""
    unit = (found["unit"] or found["two"]).lower()
    back = 2 if found["two"] else int(found["rel"].lower() != "this")
    if unit == "year":
        return date(today.year - back, 1, 1), date(today.year - back, 12, 31)
    if unit == "month":
        first = _back(today.replace(day=1), back, "month")
        return _days_of(first.year, first.month)
    if unit == "night":
        return today - timedelta(1), today
    monday = today - timedelta(today.weekday() + 7 * back)
    if unit == "week":
        return monday, monday + timedelta(6)
    return monday + timedelta(5), monday + timedelta(6)


def _day(found: re.Match[str], today: date) -> Days:
    text = " ".join(found["day"].lower().split())
    day = today - timedelta({"today": 0, "tonight": 0, "yesterday": 1}.get(text, 2))
    return day, day


def _weekday(found: re.Match[str], today: date) -> Days:
    back = (today.weekday() - _WEEKDAYS.index(found["wd"].lower())) % 7
    day = today - timedelta(back or (0 if found["wdw"].lower() == "this" else 7))
    return day, day


def _ago(found: re.Match[str], today: date) -> Days:
    unit = found["agou"].lower()
    day = _back(today, _number(found["agon"]), unit)
    if unit == "year":
        return date(day.year, 1, 1), date(day.year, 12, 31)
    if unit == "month":
        return _days_of(day.year, day.month)
    if unit == "week":
        monday = day - timedelta(day.weekday())
        return monday, monday + timedelta(6)
    return day, day


_YEAR_SAID = rf"{_Y}|(?:last|this)\s+year"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?!\w)", re.IGNORECASE)


def _lead(pattern: str) -> re.Pattern[str]:
    """Of what stands before a period; it ends with a blank."""
    return re.compile(rf"(?:{pattern})", re.IGNORECASE)


_ATOMS: list[tuple[re.Pattern[str], Callable[[re.Match[str], date], Days | None]]] = [
    (_compiled(pattern), days_of)
    for pattern, days_of in (
        (rf"(?P<iso>{_Y}-\d\d(?:-\d\d)?)(?!-?\d)", _iso),
        (rf"(?P<dd>{_D})\.(?P<dm>{_D})\.(?P<dy>{_Y})", _dotted),
        (
            r"(?:the\s+)?(?P<part>(?P<half>first|second|1st|2nd)(?=\s+half)|q[1-4]|early|mid|late"
            r"|start|beginning|middle|end)(?:\s+half)?(?:\s+of|\s+in|-)?\s*"
            rf"(?P<py>{_YEAR_SAID})",
            _part_of_year,
        ),
        (
            rf"(?:the\s+)?(?P<d1>{_D}){_TH}(?:\s+of)?\s+(?P<m1>{_MONTH})(?:,?\s+(?:of\s+)?(?P<y1>{_Y}))?"
            rf"|(?P<m2>{_MONTH})\s+(?:the\s+)?(?P<d2>{_D}){_TH}(?!\d)(?:,?\s+(?:of\s+)?(?P<y2>{_Y}))?",
            _month_and_day,
        ),
        (rf"(?P<mm>{_MONTH})(?:\s+of|,|\s+in)?\s*(?P<my>{_Y})", _month_of_year),
        (rf"(?P<lmw>{_LAST}|this)\s+(?P<lm>{_MONTH})", _last_month_named),
        (
            rf"(?:{_LAST}\s+)?(?P<feast>{_FEAST})(?:\s+(?:of\s+|in\s+)?(?P<fy>{_Y}))?",
            _feast,
        ),
        (
            rf"(?:the\s+)?(?P<sn>{_SEASON})\s+(?:of\s+|in\s+)?(?P<sy>{_Y})(?:/\d\d)?"
            rf"|(?P<sy2>{_Y})\s+(?P<sn2>{_SEASON})",
            _season_of_year,
        ),
        (rf"(?:the\s+)?(?P<lsw>{_LAST}|this)\s+(?P<ls>{_SEASON})", _last_season),
        (
            rf"(?P<lyw>last|this)\s+year(?:'?s)?\s+(?P<lyn>{_MONTH}|{_SEASON})",
            _month_or_season_of_last_year,
        ),
        (r"(?:the\s+)?(?P<dec>(?:19|20)\d0|[1-9]0)'?s", _decade),
        (
            r"(?P<rel>last|this|past|previous)\s+(?P<unit>year|month|weekend|week|night)"
            r"|the\s+(?P<two>year|month|weekend|week)\s+before\s+last",
            _relative,
        ),
        (r"(?P<day>today|tonight|yesterday|the\s+day\s+before\s+yesterday)", _day),
        (rf"(?P<wdw>last|this|on)\s+(?P<wd>{_any(_WEEKDAYS)})", _weekday),
        (rf"(?P<agon>{_NUMBER})\s+(?P<agou>{_UNIT})s?\s+ago", _ago),
        (rf"(?P<year>{_Y})", _year),
    )
]
_BARE_MONTH = _compiled(_MONTH)

_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SPOKEN_NUMBERS = {
    "oh": 0,
    **{word: number for number, word in enumerate(_ONES, 1)},
    **{word: number for number, word in enumerate(_TEENS, 10)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
}
_SPOKEN = re.compile(
    rf"\b(?P<century>nineteen|twenty)[\s-](?P<year>(?:{_any(_TENS)})(?:[\s-](?:{_any(_ONES)}))?"
    rf"|{_any(_TEENS)}|oh\s(?:{_any(_ONES)}))\b",
    re.IGNORECASE,
)
_NOTHING_OLDER = re.compile(
    r"\b(?:nothing|none|no posts?|not)\s+(?P<than>older|earlier|newer|later|younger)\s+than\b",
    re.IGNORECASE,
)
_SINCE_OR_UNTIL = {"older": "since", "earlier": "since"} | dict.fromkeys(
    ("newer", "later", "younger"), "until"
)
_THE_YEAR = re.compile(rf"\b(?:the\s+)?year\s+(?={_Y}\b)", re.IGNORECASE)
_DAYS_SAID = {word: day for day, word in enumerate(WORDS["days_of_month"], start=1)}
_DAYS_SAID |= {word.replace("-", " "): day for word, day in _DAYS_SAID.items()}
_SPOKEN_DAY = re.compile(
    rf"\b(?:the\s+)?(?P<said>{any_of(_DAYS_SAID)})\s+of\s+(?={_MONTH}\b)", re.IGNORECASE
)
_RELATED = re.compile(
    rf"\bthat\s+(?P<same>year|month)\b"
    rf"|\b(?:(?P<of>{_FEAST}|{_MONTH}|{_SEASON})\s+)?(?:in\s+)?(?:the|that|a|one)\s+"
    rf"(?P<name>year|month|week|day|{_MONTH}|{_SEASON})\s+"
    r"(?P<way>before|after|earlier|later)\b(?:\s+(?:that|then|it))?(?!\s+(?:last|i|we|my|the)\b)",
    re.IGNORECASE,
)
_OF_NO_YEAR = re.compile(
    rf"\b(?:in|and|about|during|from|at|for)\s+(?:{_MONTH}|{_SEASON}|{_FEAST})\b"
    rf"(?!\s*(?:of\s+|in\s+|,\s*)?(?:the\s+)?(?:\d|last|this|any|every|all|year))",
    re.IGNORECASE,
)
_ONE_YEAR_OF_TWO = re.compile(
    rf"\b(?P<first>{_MONTH}|{_SEASON})(?P<rest>\s+(?:or|vs\.?|versus|than|compared (?:to|with))\s+"
    rf"(?:in\s+)?(?:the\s+)?(?:{_MONTH}|{_SEASON})\s+(?:of\s+)?(?P<year>{_Y}))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<![\w-])\w")
_THIS_DAY = _compiled(
    r"(?:on\s+)?(?:this|today's)\s+(?:very\s+)?day(?:\s+in\s+(?:history|other\s+years"
    r"|(?:past|previous|earlier|all|any)\s+years))?"
)
_EVERY = _lead(r"(?:on\s+)?(?:every|each)\s+")
_ON = _lead(r"(?:on|from)\s+")
_EVERY_FEAST = _compiled(rf"(?P<feast>{_FEAST})")
_ANY_YEAR = _compiled(
    r",?\s*(?:of|in)?\s*(?:any|every|each|all)\s+(?:the\s+|my\s+)?years?|,?\s*every\s+year"
    r"|,?\s*(?:over|through(?:out)?|across)\s+(?:all\s+)?(?:the|my)\s+years"
)
_BETWEEN = _lead(r"(?:between|from)\s+")
_AND = _lead(r"\s*(?:and|to|until|till|through|thru|-|–)\s*")
_TO = _lead(r"\s*(?:to|until|till|through|thru|-|–)\s*")
_PAST = _compiled(
    rf"(?:(?:in|over|during|within|for|from)\s+)?(?:the\s+)(?:past|last)\s+(?:(?P<n>{_NUMBER})\s+)?"
    rf"(?P<unit>{_UNIT})s?|(?:past|last)\s+(?P<n2>{_NUMBER})\s+(?P<unit2>{_UNIT})s?"
)
_MORE_THAN_AGO = _compiled(
    rf"(?P<how>more\s+than|over|less\s+than|within)\s+(?P<n>{_NUMBER})\s+(?P<unit>{_UNIT})s?\s+ago"
)
_BOUND = _lead(
    r"(?P<how>since|after|before|until|till|up\s+to|by|in|on|during|over|from|form|of|at|around"
    r"|for)"
    r"\s+(?:the\s+)?"
)
_TIME_ALONE = {"in", "since", "after", "before", "until", "till", "up to", "during", "from"}
_OPEN_END = _compiled(
    r"\s+(?:or\s+(?:later|after|earlier|before)|and\s+(?:later|earlier)|onwards?)"
)


@dataclass(frozen=True, slots=True)
class _Atom:
    days: Days
    end: int
    is_bare_month: bool = False


def _atom(text: str, start: int, today: date, *, bare: bool = False) -> _Atom | None:
    """The longest period that begins here; with `bare` also "may", which can be another word."""
    atoms = []
    for pattern, days_of in _ATOMS:
        found = pattern.match(text, start)
        days = found and _checked(days_of, found, today)
        if found and days:
            atoms.append(_Atom(days, found.end()))
    if atoms:
        return max(atoms, key=lambda atom: atom.end)
    month = _BARE_MONTH.match(text, start)
    name = month[0].lower().rstrip(".") if month else ""
    if month is None or (name in _ALSO_WORDS and not bare):
        return None
    number = _MONTHS[name]
    return _Atom(_days_of(_year_of(number, 1, today), number), month.end(), is_bare_month=True)


def _checked(
    days_of: Callable[[re.Match[str], date], Days | None], found: re.Match[str], today: date
) -> Days | None:
    """No days where there are none: 31 June."""
    try:
        return days_of(found, today)
    except ValueError:
        return None
