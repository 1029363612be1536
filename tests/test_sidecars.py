from __future__ import annotations

import codecs
import json
import os
from pathlib import Path

import pytest

from indexer.sources.dates import DATE_FORMATS
from indexer.sources.sidecar_names import sidecars_beside
from indexer.sources.sidecars import MAX_SIDECAR_BYTES, Told, read_sidecar

NOON = 1_562_241_600  # 2019-07-04T12:00:00Z


def told_by(folder: Path, name: str, content: str | bytes | dict[str, object]) -> Told:
    """What a file of this name and content says of beach.jpg."""
    if isinstance(content, dict):
        content = json.dumps(content)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sidecar(path)


# --- which files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "beach.txt",
        "beach.TXT",
        "beach.jpg.txt",
        "beach.json",
        "beach.jpg.json",
        "beach.jpg.supplemental-metadata.json",
        "beach.jpg.supplemental-me.json",
    ],
)
def test_a_file_named_after_the_picture_is_its_sidecar(name: str) -> None:
    assert sidecars_beside(["beach.jpg"], ["beach.jpg", name]) == {"beach.jpg": [name]}


@pytest.mark.parametrize("name", ["beaches.txt", "beach(1).txt", "beach.xmp", "beach.s.txt"])
def test_other_files_are_not(name: str) -> None:
    assert sidecars_beside(["beach.jpg"], ["beach.jpg", name]) == {"beach.jpg": []}


def test_text_goes_before_json_and_the_more_specific_name_before_the_other() -> None:
    names = ["beach.jpg", "beach.jpg.json", "beach.jpg.txt", "beach.json", "beach.txt"]
    assert sidecars_beside(["beach.jpg"], names) == {
        "beach.jpg": ["beach.jpg.txt", "beach.jpg.json", "beach.txt", "beach.json"]
    }


LONG = "a_holiday_that_nobody_will_ever_forget_as_long_as_they_live"


@pytest.mark.parametrize(
    ("picture", "name"),
    [
        ("beach(1).jpg", "beach.jpg(1).json"),
        ("beach(1).jpg", "beach(1).jpg.json"),
        ("beach(2).jpg", "beach.jpg.supplemental-metadata(2).json"),
        ("beach(2).jpg", "beach.jpg.suppl(2).json"),
        (f"{LONG}.jpg", f"{LONG[:46]}.json"),
        (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),  # Takeout cuts the picture's name as well
        (f"{LONG[:47]}(1).jpg", f"{LONG[:46]}(1).json"),
        (f"{LONG[:38]}.jpg", f"{LONG[:38]}.jpg.su.json"),
        (f"{LONG[:45]}.jpg", f"{LONG[:45]}..json"),
        ("beach-edited.jpg", "beach.jpg.json"),
        ("beach-edited(1).jpg", "beach.jpg(1).json"),
        ("beach-bearbeitet.jpg", "beach.jpg.supplemental-metadata.json"),
        ("strand-modifie\u0301.jpg", "strand.jpg.json"),
        ("2019-07-04_12-00-00_UTC_2.jpg", "2019-07-04_12-00-00_UTC.txt"),
        ("beach.jpg", "Beach.txt"),
        ("IMG_1.JPG", "img_1.jpg.json"),
        ("caf\u00e9.jpg", "cafe\u0301.txt"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg.json"),
    ],
)
def test_it_is_found_as_exports_and_systems_name_it(picture: str, name: str) -> None:
    assert sidecars_beside([picture], [picture, name]) == {picture: [name]}


def test_each_has_its_own_where_there_are_several() -> None:
    numbered = ["beach.jpg", "beach.jpg.json", "beach(1).jpg", "beach.jpg(1).json"]
    assert sidecars_beside(["beach.jpg", "beach(1).jpg"], numbered) == {
        "beach.jpg": ["beach.jpg.json"],
        "beach(1).jpg": ["beach.jpg(1).json"],
    }
    cases = ["a.jpg", "A.JPG", "a.txt", "A.txt"]
    assert sidecars_beside(["a.jpg", "A.JPG"], cases) == {"a.jpg": ["a.txt"], "A.JPG": ["A.txt"]}
    edited = ["a.jpg", "a-edited.jpg", "a.jpg.json"]
    assert sidecars_beside(edited[:2], edited) == {
        "a.jpg": ["a.jpg.json"],
        "a-edited.jpg": ["a.jpg.json"],
    }


def test_a_cut_name_that_fits_two_pictures_tells_of_neither() -> None:
    pictures = [f"{LONG}_1.jpg", f"{LONG}_2.jpg"]
    names = [*pictures, f"{LONG[:46]}.json"]
    assert sidecars_beside(pictures, names) == {pictures[0]: [], pictures[1]: []}


@pytest.mark.parametrize("title", ["beach.jpg", "beach-before-it-was-cut.HEIC"])
def test_a_title_that_names_a_file_is_no_caption(tmp_path: Path, title: str) -> None:
    assert told_by(tmp_path, "beach(1).json", {"title": title, "description": ""}).caption == ""
    assert told_by(tmp_path, "beach(1).json", {"title": "Sun!"}).caption == "Sun!"


def test_what_one_sidecar_leaves_open_the_next_completes() -> None:
    first = Told(caption="", permalink="https://a", problem="its date cannot be read")
    second = Told("Sun!", NOON, "https://b")
    assert first.completed_by(second) == Told("", NOON, "https://a")
    assert Told().completed_by(first) == Told("", None, "https://a")


# --- what they say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "caption"),
    [
        ("Sun! ☀️", "Sun! ☀️"),
        ("\ufeffSun!", "Sun!"),
        (codecs.BOM_UTF16_LE + "Sun! ☀️".encode("utf-16-le"), "Sun! ☀️"),
        (codecs.BOM_UTF16_BE + "Sun! ☀️".encode("utf-16-be"), "Sun! ☀️"),
        ("two\r\nlines\r\n", "two\nlines"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_a_text_is_the_caption(tmp_path: Path, content: str | bytes, caption: str) -> None:
    assert told_by(tmp_path, "beach.TXT", content) == Told(caption)


@pytest.mark.parametrize(
    ("content", "caption"),
    [
        ("", ""),
        ('{"caption": "Sun!"}', "Sun!"),
        ('{"text": "Sun!"}', "Sun!"),
        ('{"description": "Sun!", "title": "beach"}', "Sun!"),
        ('{"caption": "", "title": "Sun!"}', "Sun!"),
        ('{"caption": ""}', ""),
        ('{"caption": null}', None),
        ('{"title": "beach.jpg"}', None),
        ("{}", None),
        ('{"caption": "half \\ud83d emoji"}', "half \ufffd emoji"),
    ],
)
def test_a_json_object_may_hold_the_caption(
    tmp_path: Path, content: str, caption: str | None
) -> None:
    assert told_by(tmp_path, "beach.json", content) == Told(caption)


@pytest.mark.parametrize(
    ("content", "created_at"),
    [
        ({"created_at": "2019-07-04T12:00:00Z"}, NOON),
        ({"date": "2019-07-04 12:00:00+02:00"}, NOON),
        ({"timestamp": NOON}, NOON),
        ({"timestamp": NOON * 1000}, NOON),
        ({"photoTakenTime": {"timestamp": str(NOON), "formatted": "4 Jul 2019"}}, NOON),
        ({"photoTakenTime": {}}, None),
        ({"created_at": None, "date": "2019-07-04T12:00:00Z"}, NOON),
        ({"created_at": ""}, None),
    ],
)
def test_a_json_object_may_hold_the_date(
    tmp_path: Path, content: dict[str, object], created_at: int | None
) -> None:
    assert told_by(tmp_path, "beach.json", content) == Told(None, created_at)


@pytest.mark.parametrize(
    ("content", "permalink"),
    [
        ({"permalink": "https://example.org/p/1"}, "https://example.org/p/1"),
        ({"url": " http://example.org/p/1\n"}, "http://example.org/p/1"),
        ({"permalink": "https://a", "url": "https://b"}, "https://a"),
        ({"permalink": "", "url": "https://b"}, "https://b"),
        ({"permalink": "javascript:alert(1)"}, None),
        ({"permalink": "javascript://x/%0aalert(1)//https://a"}, None),
        ({"permalink": "data:text/html,https://a"}, None),
        ({"permalink": "file:///etc/passwd"}, None),
        ({"permalink": "//example.org/p/1"}, None),
        ({"permalink": "p/1"}, None),
        ({"permalink": ["https://a"]}, None),
    ],
)
def test_a_permalink_is_kept_only_if_it_is_a_web_address(
    tmp_path: Path, content: dict[str, object], permalink: str | None
) -> None:
    told = told_by(tmp_path, "beach.json", {"caption": "Sun!", **content})
    assert told == Told("Sun!", None, permalink)


def test_google_takeouts_sidecar_is_read_as_it_is(tmp_path: Path) -> None:
    takeout: dict[str, object] = {
        "title": "beach.jpg",
        "description": "Sun!",
        "imageViews": "3",
        "creationTime": {"timestamp": "1600000000", "formatted": "13.09.2020, 12:26:40 UTC"},
        "photoTakenTime": {"timestamp": str(NOON), "formatted": "04.07.2019, 12:00:00 UTC"},
        "geoData": {"latitude": 0.0, "longitude": 0.0},
        "url": "https://photos.google.com/photo/abc",
    }
    told = told_by(tmp_path, "beach.jpg.json", takeout)
    assert told == Told("Sun!", NOON, "https://photos.google.com/photo/abc")


# --- what cannot be used --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("beach.txt", b"caf\xe9", "not UTF-8 text; save it as UTF-8"),
        ("beach.txt", codecs.BOM_UTF16_LE + b"odd", "not UTF-8 text; save it as UTF-8"),
        ("beach.txt", b"x" * (MAX_SIDECAR_BYTES + 1), "larger than 1 MB"),
        ("beach.json", b"{", "not valid JSON"),
        ("beach.json", b"[" * 100_000, "not valid JSON"),
        ("beach.json", b"9" * 10_000, "not valid JSON"),
        ("beach.json", b'"Sun!"', 'not a JSON object; write {"caption": "…"}'),
        ("beach.json", b'{"caption": 7}', '"caption" is not a text; put it in quotation marks'),
    ],
)
def test_a_sidecar_that_cannot_be_used_says_why_and_nothing_else(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    told = told_by(tmp_path, name, content)
    assert told == Told(problem=told.problem)
    assert (told.problem or "").startswith(problem)


@pytest.mark.parametrize("date", ["yesterday", 2019, True, [2019], {"timestamp": {}}])
def test_a_date_that_cannot_be_read_costs_neither_caption_nor_permalink(
    tmp_path: Path, date: object
) -> None:
    content = {"caption": "Sun!", "date": date, "url": "https://a"}
    problem = f'"date" cannot be read; write {DATE_FORMATS}'
    assert told_by(tmp_path, "beach.json", content) == Told("Sun!", None, "https://a", problem)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_sidecar_without_permission_says_so(tmp_path: Path) -> None:
    closed = tmp_path / "beach.txt"
    closed.touch(mode=0)
    assert "make it readable" in (read_sidecar(closed).problem or "")
