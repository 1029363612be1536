"""What people, programs and failing disks leave in files: odd texts, odd values, damaged bytes.

Everything is drawn from the `Random` that is handed in, so that a seed gives the same again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Literal

PIECES = (
    *(
        "a cat",
        "red.png",
        "beach",
        "Blume",
        "été",
        "海滩 日落",
        "שקיעה",
        "مرحبا",
        "हिन्दी",
        "👩‍🚀",
        "#tbt",
    ),
    *("\0", "\x1b[31m", "\x85", "\x7f", "\ufeff", "\ufffe", "\ud83d", "\udc80", "\u2028", "\u202e"),
    *(
        "\r",
        "\n",
        "\r\n",
        "\t",
        " ",
        "\u3000",
        "e\u0301",
        "\u0345" * 40,
        "ﷺ",
        "İ",
        "ß",
        "\U000e0041",
    ),
    *(
        ",",
        ";",
        "|",
        '"',
        "''",
        '""',
        "\\",
        "\\u0000",
        "\\ud800",
        "{",
        "}",
        "[",
        "]",
        ":",
        "%00",
        "%",
    ),
    *(
        "-",
        "^2",
        "^",
        "^1e9",
        "--",
        "..",
        "../../x",
        "/etc/hostname",
        "~",
        "C:\\x",
        "file://[",
        "sep=;",
    ),
    *("http://[::1", "https://x.y/?a=b", "<b>", "&amp;", "${HOME}", "$(x)", "NaN", "null", "true"),
    *(
        "0",
        "-1",
        "1e999",
        "9" * 30,
        "१२",
        "²",
        "½",
        "2021",
        "2021-02-30",
        "2021-07-14T18:30:00+02:00",
    ),
    *(
        "0000:00:00 00:00:00",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01",
        "1625000000",
        "-1e11",
        "UTC",
    ),
    *(
        "happy",
        "sad",
        "not",
        "food",
        "photos",
        "in",
        "last summer",
        "since",
        "between",
        "and",
        "how many",
    ),
    *(
        "per year",
        "than",
        "the third",
        "show",
        "July 4",
        "last 99999999 years",
        "in 0000",
        "more like 9",
    ),
)
INTERESTING = (b"\0", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")
ENCODINGS = (
    *("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
    *("latin-1", "cp1252", "utf-7", "shift_jis"),
)
QUOTINGS: tuple[Literal[0, 1, 3], ...] = (
    *(csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE),
)
MOST_PIECES = 8
VERY_LONG = 60_000  # characters; longer than any field that a program limits
VERY_DEEP = 20_000  # brackets; deeper than Python nests calls


def seldom(random: Random, share: float = 0.05) -> bool:
    """True now and then; False is the simpler one."""
    return random.random() > 1 - share


def text(random: Random) -> str:
    """A short text of odd pieces, at times a very long one."""
    if seldom(random, 0.02):
        return random.choice(PIECES) * (VERY_LONG // random.randint(1, 30))
    pieces = [random.choice(PIECES) for _ in range(random.randint(0, MOST_PIECES))]
    return random.choice(("", " ", " ")).join(pieces)


def number(random: Random) -> int | float:
    """A number as it should not be, or as it may be."""
    return random.choice(
        (
            *(0, 1, -1, 2021, 20210714, 1_625_000_000, -1_625_000_000, 1_625_000_000_000),
            *(2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e22, 1e308, 12.0),
            *(float("nan"), float("inf"), -float("inf")),
            random.randint(-(10**12), 10**12),
        )
    )


def value(random: Random, depth: int = 2) -> Any:
    """Anything that JSON can hold."""
    kinds: list[Callable[[], Any]] = [
        lambda: text(random),
        lambda: number(random),
        lambda: random.choice((None, True, False, "", [], {})),
        lambda: [value(random, depth - 1) for _ in range(random.randint(0, 3))],
        lambda: {text(random): value(random, depth - 1) for _ in range(random.randint(0, 3))},
    ]
    return random.choice(kinds if depth else kinds[:3])()


def otherwise(random: Random, whole: Any) -> Any:
    """A JSON value with one thing in it, at any depth, replaced, taken out, doubled or added."""
    if isinstance(whole, dict) and whole:
        key = random.choice(sorted(whole))
        changed = {**whole, key: otherwise(random, whole[key])}
        how = random.randint(0, 4)
        if how == 3:
            changed.pop(key)
        if how == 4:
            changed[text(random)] = value(random)
        return changed
    if isinstance(whole, list) and whole:
        place = random.randrange(len(whole))
        changed_entry = otherwise(random, whole[place])
        middle = random.choice(([changed_entry], [changed_entry], [], [whole[place]] * 2))
        return [*whole[:place], *middle, *whole[place + 1 :]]
    if isinstance(whole, str) and seldom(random, 0.4):
        return text(random)
    if isinstance(whole, int | float) and seldom(random, 0.6):
        return number(random)
    return value(random)


def changed(random: Random, whole: Any) -> Any:
    """A JSON value with a few things in it otherwise; at times none."""
    for _ in range(random.randint(0, 3)):
        whole = otherwise(random, whole)
    return whole


def json_text(random: Random, whole: Any, *, one_line: bool = False) -> str:
    """A value as JSON, in one of the ways of writing it; at times nested beyond all measure."""
    indent = None if one_line else random.choice((None, 1))
    written = json.dumps(whole, ensure_ascii=random.choice((True, False)), indent=indent)
    if seldom(random, 0.03):
        opening = random.choice(("[", '{"a":', '[{"a":'))
        written = written.replace("null", opening * VERY_DEEP, 1)
        return random.choice((written, opening * VERY_DEEP))
    return written


def json_lines(random: Random, records: Sequence[Any]) -> Iterator[str]:
    for record in records:
        yield json_text(random, changed(random, record), one_line=True)


def encoded(random: Random, written: str) -> bytes:
    """A text in one of the encodings that files come in; what an encoding lacks becomes ?."""
    encoding = random.choice(ENCODINGS)
    if encoding.startswith("utf-") and encoding != "utf-7":
        return written.encode(encoding, random.choice(("surrogatepass", "replace")))
    return written.encode(encoding, "replace")


def csv_text(random: Random, rows: Sequence[Sequence[Any]], delimiter: str) -> str:
    """Rows as CSV, with one of the quotations and line ends that programs use."""
    out = io.StringIO()
    if seldom(random):
        out.write("sep=;\r\n")
    quoting = random.choice(QUOTINGS)
    writer = csv.writer(
        out,
        delimiter=random.choice(",;\t|") if seldom(random) else delimiter,
        lineterminator=random.choice(("\n", "\r\n", "\r\n", "\r")),
        quoting=quoting,
        escapechar="\\" if quoting == csv.QUOTE_NONE else None,
    )
    writer.writerows(rows)
    return out.getvalue()


def stored(random: Random, written: str) -> bytes:
    """A text as it lies on a disk: mostly as it should."""
    whole = written.encode("utf-8", "surrogatepass" if seldom(random) else "replace")
    if seldom(random, 0.2):
        whole = encoded(random, written)
    return damaged(random, whole) if seldom(random, 0.3) else whole


def damaged(random: Random, whole: bytes) -> bytes:
    """Bytes with a few of them flipped, lost, doubled, swapped, cut off or added; at times none."""
    for _ in range(random.randint(0, 4)):
        whole = random.choice(_DAMAGES)(random, whole)
    return whole


def _flipped(random: Random, whole: bytes) -> bytes:
    if not whole:
        return whole
    place = random.randrange(len(whole))
    return whole[:place] + bytes([whole[place] ^ (1 << random.randrange(8))]) + whole[place + 1 :]


def _overwritten(random: Random, whole: bytes) -> bytes:
    place, put = random.randint(0, len(whole)), random.choice(INTERESTING)
    return whole[:place] + put + whole[place + len(put) :]


def _inserted(random: Random, whole: bytes) -> bytes:
    place = random.randint(0, len(whole))
    return whole[:place] + random.choice(INTERESTING) + whole[place:]


def _cut_short(random: Random, whole: bytes) -> bytes:
    return whole[: random.randint(0, len(whole))]


def _without_a_part(random: Random, whole: bytes) -> bytes:
    start = random.randint(0, len(whole))
    return whole[:start] + whole[start + random.randint(1, 64) :]


def _with_a_part_elsewhere(random: Random, whole: bytes) -> bytes:
    start, place = random.randint(0, len(whole)), random.randint(0, len(whole))
    return whole[:place] + whole[start : start + random.randint(1, 64)] + whole[place:]


def _with_a_tail(random: Random, whole: bytes) -> bytes:
    return whole + random.choice((b"\0" * 512, b"<html>", b"PK\3\4", whole[:200], b"\xff\xd8\xff"))


def _zeroed_from(random: Random, whole: bytes) -> bytes:
    place = random.randint(0, len(whole))
    return whole[:place] + bytes(len(whole) - place)


_DAMAGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_flipped, _flipped, _overwritten, _overwritten, _inserted, _without_a_part),
    *(_with_a_part_elsewhere, _cut_short, _with_a_tail, _zeroed_from),
)
