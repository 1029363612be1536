"""A model behind an endpoint that speaks OpenAI's protocol, and what its failures mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from retrieval.captions import clean
from retrieval.errors import BadOption, EndpointFailed

if TYPE_CHECKING:
    import openai

OPENAI_URL = "https://api.openai.com/v1"
RETRIES = 2  # the client's own: on 408, 409, 429, 5xx and broken connections, with growing pauses

_NO_KEY = "no-key-needed"  # the client wants one; local servers take any
_STATUS = re.compile(r"^Error code: \d+ - ")  # which the client puts before it
_LONGEST = 300  # characters of a server's own reason that are repeated


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model of OpenAI's, or of any server that speaks like it: Ollama, vLLM, llama.cpp, …."""

    model: str
    base_url: str
    api_key: str = field(repr=False)
    timeout: float = 60  # seconds, for each try

    @classmethod
    def of(
        cls, model: str, base_url: str | None, api_key: str | None, timeout: float = 60
    ) -> Endpoint:
        """Check what a user set; without an address it is OpenAI's own.

        Raises:
            BadOption: the address is no URL of a web server, or the key is missing or is none.

        """
        key = _checked_key(api_key, needed=host_of(base_url) == host_of(None))
        return cls(model, base_url or OPENAI_URL, key, timeout)

    @property
    def host(self) -> str:
        """Where it is: host and port."""
        return host_of(self.base_url)

    def failure(self, error: openai.APIError, task: str, remedy: str) -> EndpointFailed:
        """What went wrong, in a sentence without the key.

        `task` completes "does not …", `remedy` says what to choose where nothing else is known.
        """
        import openai

        status = getattr(error, "status_code", None)
        if isinstance(error, openai.APITimeoutError):
            return self.failed(
                f"does not answer within {self.timeout:g} seconds; try again later, or choose a "
                "smaller model"
            )
        if isinstance(error, openai.APIConnectionError):
            return self.failed(
                "cannot be reached; check OPENAI_BASE_URL, and that the server is running"
            )
        if status == 401:
            return self.failed("refuses the API key; set OPENAI_API_KEY to one that it accepts")
        if status == 404:
            return self.failed(
                f"knows no model {self.model!r}, or no chat completions at this address; check "
                "the model's name and OPENAI_BASE_URL, which often ends in /v1"
            )
        reason = self._reason(error)
        if status == 429:
            return self.failed(f"has had enough requests for now ({reason}); run this again later")
        return self.failed(
            f"does not {task} with model {self.model!r} ({reason}); run this again later, or "
            f"{remedy}"
        )

    def no_chat(self) -> EndpointFailed:
        """Its answers are not of the protocol."""
        return self.failed(
            "answers, but not as OpenAI's chat completions do; check OPENAI_BASE_URL, which often "
            "ends in /v1"
        )

    def failed(self, what: str) -> EndpointFailed:
        """An error that names the endpoint."""
        return EndpointFailed(f"the endpoint {self.host} {what}")

    def _reason(self, error: openai.APIError) -> str:
        told = _STATUS.sub("", error.message.replace(self.api_key, "…"))
        reason = " ".join(clean(told).split())
        return reason[:_LONGEST] or "no reason given"


def host_of(base_url: str | None) -> str:
    """Host and port of an endpoint, by default OpenAI's, without a user's name and password.

    Raises:
        BadOption: it is no URL of a web server.

    """
    try:
        parts = urlsplit(base_url or OPENAI_URL)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise BadOption(
            "the endpoint's base URL is not one; give OPENAI_BASE_URL as http:// or https://, a "
            "host and a path, such as http://localhost:11434/v1"
        )
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def _checked_key(key: str | None, *, needed: bool) -> str:
    key = (key or "").strip()
    if not key and needed:
        raise BadOption(
            "OpenAI's own endpoint needs an API key: set OPENAI_API_KEY, or OPENAI_BASE_URL to a "
            "server that needs none, such as http://localhost:11434/v1"
        )
    if not (key.isascii() and key.isprintable()):
        raise BadOption("OPENAI_API_KEY has characters that no key has; copy it again")
    return key or _NO_KEY
