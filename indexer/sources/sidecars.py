"""The text and JSON files beside a picture that tell its caption, date and permalink."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from indexer.sources.base import PICTURE_SUFFIXES
from indexer.sources.dates import DATE_FORMATS, read_date
from indexer.sources.links import web_address
from retrieval.captions import readable
from retrieval.files import json_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_SIDECAR_BYTES = 1_000_000  # a caption has hundreds of bytes; a larger file is something else

_CAPTION_KEYS = ("caption", "text", "description", "title")
_DATE_KEYS = ("created_at", "date", "timestamp", "photoTakenTime")
_PERMALINK_KEYS = ("permalink", "url")


@dataclass(frozen=True, slots=True)
class Told:
    """What sidecars say of their picture; None where they say nothing."""

    caption: str | None = None
    created_at: int | None = None  # seconds since 1970, as its clock showed it
    permalink: str | None = None  # begins with http:// or https://
    problem: str | None = None  # why it, or something in it, cannot be used, and what to do

    def completed_by(self, other: Told) -> Told:
        """The same, with what it leaves open taken from another; without the problems."""
        return Told(
            other.caption if self.caption is None else self.caption,
            other.created_at if self.created_at is None else self.created_at,
            other.permalink if self.permalink is None else self.permalink,
        )


class _Unusable(Exception):
    """The message says why and what to do, without the path."""


def read_sidecar(path: Path) -> Told:
    """What a sidecar says; with a `problem`, and little else, where it cannot be used."""
    try:
        text = _text_of(path)
        if not text or path.suffix.lower() == ".txt":
            return Told(caption=text)
        return _from_json(text)
    except _Unusable as error:
        return Told(problem=str(error))


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIDECAR_BYTES + 1)
    except OSError as error:
        raise _Unusable(f"cannot be read ({error.strerror}); make it readable") from error
    if len(content) > MAX_SIDECAR_BYTES:
        raise _Unusable(
            f"larger than {MAX_SIDECAR_BYTES // 1_000_000} MB, so no caption; remove or rename it"
        )
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unusable("not UTF-8 text; save it as UTF-8") from error
    return readable(text.replace("\r\n", "\n").strip())


def _from_json(text: str) -> Told:
    try:
        told = json_value(text)
    except ValueError as error:
        raise _Unusable(f"not valid JSON ({error}); mend or remove it") from error
    if not isinstance(told, dict):
        raise _Unusable('not a JSON object; write {"caption": "…"}')
    caption, permalink = _caption(told), _permalink(told)
    try:
        return Told(caption, _date(told), permalink)
    except _Unusable as error:  # a date that is not understood does not cost the caption
        return Told(caption, None, permalink, problem=str(error))


def _caption(told: Mapping[str, object]) -> str | None:
    """The first caption with something in it, else "" if there is an empty one."""
    captions = []
    for key in _CAPTION_KEYS:
        value = told.get(key)
        if value is None or (key == "title" and _is_file_name(value)):
            continue
        if not isinstance(value, str):
            raise _Unusable(f'"{key}" is not a text; put it in quotation marks')
        captions.append(readable(value.strip()))
    return next(filter(None, captions), captions[0] if captions else None)


def _is_file_name(title: object) -> bool:
    """Google Takeout's title is the name of the picture, before it was cut or numbered."""
    return isinstance(title, str) and title.lower().endswith(PICTURE_SUFFIXES)


def _permalink(told: Mapping[str, object]) -> str | None:
    """The first web address, else None."""
    values = (told.get(key) for key in _PERMALINK_KEYS)
    texts = (readable(value.strip()) for value in values if isinstance(value, str))
    return next(filter(None, map(web_address, texts)), None)


def _date(told: Mapping[str, object]) -> int | None:
    for key in _DATE_KEYS:
        value = told.get(key)
        if isinstance(value, dict):  # Google Takeout's photoTakenTime
            value = value.get("timestamp")
        if value is None:
            continue
        try:
            return read_date(cast("str | int | float", value))
        except (ValueError, TypeError) as error:
            raise _Unusable(f'"{key}" cannot be read; write {DATE_FORMATS}') from error
    return None
