"""A language model behind any endpoint that speaks OpenAI's protocol, through langchain-openai."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.endpoint import Endpoint

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from retrieval.config import Settings
    from retrieval.errors import EndpointFailed

SECONDS = 30  # without a word, for each try
_RETRIES = 1
_FAILING = ("answer questions", "choose a model that can call tools")


def chosen_endpoint(settings: Settings) -> Endpoint | None:
    """The endpoint that the user chose by naming a model; None: the planner answers.

    A key alone is no choice: it may be there for another program, and captions would be sent.

    Raises:
        BadOption: the address or the key is not one.

    """
    if settings.openai_model is None:
        return None
    return Endpoint.of(
        settings.openai_model, settings.openai_base_url, settings.openai_api_key, SECONDS
    )


def open_model(endpoint: Endpoint) -> BaseChatModel:
    """The model, cheap to construct; importing its library takes a second or two."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=SecretStr(endpoint.api_key),
        timeout=endpoint.timeout,
        max_retries=_RETRIES,
        stream_usage=False,  # not every server knows it
        http_socket_options=(),  # the library's own transport passes proxies over
    )


def failure(endpoint: Endpoint, error: Exception) -> EndpointFailed | None:
    """What a failed call means, in a sentence with a remedy; None: it is no failure of the call."""
    import httpx
    import openai

    if isinstance(error, openai.APIError):
        return endpoint.failure(error, *_FAILING)
    if isinstance(error, httpx.HTTPError):
        return endpoint.failed("broke off the connection; ask again, or check that it is running")
    if isinstance(error, ValueError):  # a web page, or what claims to be JSON and is not
        return endpoint.no_chat()
    return None
