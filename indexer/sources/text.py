"""What a file that names pictures holds: its text, and the JSON in it."""

from __future__ import annotations

import codecs
import json
import shlex
from typing import TYPE_CHECKING, Any

from retrieval.errors import BadInput
from retrieval.files import json_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_HEAD = 4096  # bytes that tell an encoding


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 where a byte order mark says so.

    Raises:
        BadInput: it cannot be read, or is in another encoding.

    """
    content = _bytes_of(path)
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_utf16 else "utf-8"
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].decode(encoding, "replace").count("\n") + 1
        where = f"{path}, line {line} (byte {error.start})"
        raise BadInput(
            f"{where}: not {encoding.upper()} text; {_how_to_convert(path, _likely(content))}"
        ) from None
    if "\0" in text.partition("\n")[0]:
        raise BadInput(
            f"{path} is not UTF-8 text: it has NUL bytes; {_how_to_convert(path, _likely(content))}"
        )
    return text


def _likely(content: bytes) -> str:
    """The encoding that text which is no UTF-8 is likely to be in.

    UTF-16 without a mark has NULs at every other place; anything else comes from Windows, whose
    curly quotes Latin-1 lacks.
    """
    head = content[:_HEAD]
    if b"\0" not in head:
        return "windows-1252"
    return "utf-16le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16be"


def parsed_json(
    text: str,
    path: Path,
    line: int = 1,
    object_hook: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Any:
    """The value a JSON text holds; `line` is where in the file at `path` the text begins.

    Raises:
        BadInput: it is not JSON, for example because the file was cut short.

    """
    try:
        return json_value(text, object_hook)
    except json.JSONDecodeError as error:
        where = f"{path}, line {line + error.lineno - 1}, column {error.colno}"
        raise BadInput(
            f"{where}: not JSON ({error.msg}); the file is damaged or was cut short: "
            "fetch or export it again"
        ) from None
    except ValueError as error:
        raise BadInput(f"{path}, line {line}: JSON beyond what can be read ({error})") from None


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"cannot read {path}: {error.strerror}; check the path and rights"
        ) from error


def _how_to_convert(path: Path, encoding: str) -> str:
    converted = path.with_name(f"{path.stem}-utf8{path.suffix}")
    given, written = shlex.quote(str(path)), shlex.quote(str(converted))
    return f"convert it, for example: iconv -f {encoding} -t utf-8 {given} > {written}"
