"""Which model describes the pictures: none, one on this machine, or one behind an endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.describers.captioner import DEFAULT_CAPTIONER, Captioner, captioner_is_cached
from indexer.describers.endpoint import PREFIX, EndpointDescriber
from retrieval.endpoint import host_of
from retrieval.errors import BadOption, WeightsUnavailable
from retrieval.files import expanded

if TYPE_CHECKING:
    from indexer.describers.base import Describer

OFF, AUTO = "off", "auto"

_PATHLIKE = ("/", "~", ".")  # no name on the hub begins like these
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def choose_describer(
    value: str,
    *,
    device: str,
    base_url: str | None,
    api_key: str | None,
    allow_upload: bool,
) -> Describer | None:
    """Choose by value, loading nothing; None: pictures are not described.

    `auto` takes the default captioner where its weights are here already, and never downloads.

    Raises:
        BadOption: the value is of no known form, or pictures may not leave this machine.
        WeightsUnavailable: the folder it names is not there.

    """
    if value == OFF:
        return None
    if value == AUTO:
        cached = captioner_is_cached(DEFAULT_CAPTIONER)
        return Captioner(DEFAULT_CAPTIONER, device=device) if cached else None
    if value.startswith(PREFIX):
        model = _permitted_model(value, base_url, allow_upload=allow_upload)
        return EndpointDescriber(model, base_url=base_url, api_key=api_key)
    return Captioner(_captioner_spec(value), device=device)


def no_captioner_here() -> str:
    """Why `auto` chose nothing, and how to get what it would choose."""
    return (
        "no captioner's weights are here, so pictures are not described; fetch them once from the "
        f"Hugging Face hub with --describe {DEFAULT_CAPTIONER} (990 MB), or give a captioner's "
        "folder"
    )


def _permitted_model(value: str, base_url: str | None, *, allow_upload: bool) -> str:
    model = value.removeprefix(PREFIX).strip()
    if not model:
        raise BadOption(
            f"{PREFIX} lacks a model; give one that sees pictures, such as {PREFIX}gpt-4o-mini"
        )
    if not allow_upload:
        raise BadOption(
            f"{value} would send your pictures, scaled down, to {host_of(base_url)}: they would "
            "leave this machine; add --allow-upload to permit it"
        )
    return model


def _captioner_spec(value: str) -> str:
    if value and expanded(value).is_dir():
        return value
    if value.startswith(_PATHLIKE):
        raise WeightsUnavailable(
            f"no folder {value}; give one that transformers' save_pretrained wrote, or a name on "
            f"the model hub, such as {DEFAULT_CAPTIONER}"
        )
    if _HUB_NAME.fullmatch(value):
        return value
    raise BadOption(
        f"unknown describer {value!r}; choose {OFF}, {AUTO}, {PREFIX}MODEL, a captioner's folder, "
        f"or its name on the model hub as OWNER/NAME, such as {DEFAULT_CAPTIONER}"
    )
