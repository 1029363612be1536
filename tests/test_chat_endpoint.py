"""Answers by a language model, over the real protocol: a local server, and langchain-openai."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chat_app.agent import build_agent
from chat_app.model import chosen_endpoint
from chat_app.turn import Assistant, Called, Event, Returned, Said, Turn
from retrieval.catalog.filters import EVERYTHING, Filters
from retrieval.config import Settings
from retrieval.endpoint import Endpoint
from retrieval.errors import BadOption
from retrieval.search.reader import Reader
from retrieval.search.searcher import Searcher
from tests.commands import run, run_anew
from tests.openai_server import WORDS, Handler, serving

TODAY = date(2024, 9, 15)
KEY = "sk-secret-of-the-user"
_RUNNER: list[asyncio.Runner] = []
SAID = " ".join(WORDS) + " "

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as base_url:
        yield base_url


@pytest.fixture(scope="module", autouse=True)
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all: a client's connections are of one, as they are in the product."""
    with asyncio.Runner() as opened:
        _RUNNER[:] = [opened]
        yield opened


@pytest.fixture(scope="module")
def searcher(sample_gallery: Path, cache_dir: Path) -> Searcher:
    return Reader(sample_gallery, cache_dir).searcher()


def assistant(url: str, model: str, *, seconds: float = 20, timeout: float = 5) -> Assistant:
    endpoint = Endpoint.of(model, url, KEY, timeout)
    return Assistant(build_agent(), endpoint, seconds=seconds)


async def events_of(
    brain: Assistant,
    searcher: Searcher,
    question: str = "do I have a cat?",
    turns: Sequence[Turn] = (),
    filters: Filters = EVERYTHING,
) -> list[Event]:
    return [event async for event in brain.ask(question, searcher, TODAY, turns, filters)]


def turn_of(brain: Assistant, searcher: Searcher, *arguments: Any, **named: Any) -> Turn:
    turn = _RUNNER[0].run(events_of(brain, searcher, *arguments, **named))[-1]
    assert isinstance(turn, Turn)
    return turn


def test_a_model_calls_a_tool_and_its_words_are_streamed(url: str, searcher: Searcher) -> None:
    events = _RUNNER[0].run(events_of(assistant(url, "good"), searcher))
    kinds = [type(event) for event in events]
    assert kinds[:2] == [Called, Returned], "thumbnails are there before the answer is"
    said = [event.text for event in events if isinstance(event, Said)]
    assert len(said) > 5
    assert "".join(said) == SAID
    turn = events[-1]
    assert isinstance(turn, Turn)
    assert (turn.by, turn.answer, turn.plan.kind) == ("llm", SAID, "find")
    assert [call.name for call in turn.calls] == ["search_posts"]
    assert turn.hits[0].posts[0].image_path.endswith("chelsea.png")


def test_the_conversation_goes_along_and_nothing_else(url: str, searcher: Searcher) -> None:
    Handler.requests.clear()
    first = turn_of(assistant(url, "good"), searcher)
    turn_of(assistant(url, "good"), searcher, "and a dog?", [first])
    sent = Handler.requests[2]
    assert [message["role"] for message in sent["messages"]] == [
        "system", "user", "assistant", "user"
    ]  # fmt: skip
    assert {tool["function"]["name"] for tool in sent["tools"]} == {
        "search_posts", "count_posts", "compare", "show_post", "find_similar"
    }  # fmt: skip
    assert "runtime" not in json.dumps(sent["tools"])
    assert sent["authorization"] == f"Bearer {KEY}"
    assert all(str(searcher.generation.chroma_dir) not in json.dumps(r) for r in Handler.requests)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("wrong-key", "refuses the API key; set OPENAI_API_KEY to one that it accepts"),
        ("no-model", "knows no model 'no-model', or no chat completions at this address"),
        ("too-many", "has had enough requests for now (Rate limit reached); run this again later"),
        ("quota", "has had enough requests for now (You exceeded your quota"),
        ("broken", "does not answer questions with model 'broken' (oops)"),
        ("no-tools", "this model does not support tools); run this again later, or choose a model"),
        ("web-page", "answers, but not as OpenAI's chat completions do; check OPENAI_BASE_URL"),
        ("talker", "answered without looking anything up, so its answer is left out"),
        ("loop", "looked things up again and again without an answer"),
        ("empty", "gave no answer"),
    ],
)
def test_every_failure_is_a_sentence_and_the_planner_answers(
    url: str, searcher: Searcher, model: str, says: str
) -> None:
    brain = assistant(url, model)
    turn = turn_of(brain, searcher)
    assert turn.by == "planner"
    first, rest = turn.answer.split("\n", 1)
    assert says in first
    assert first.endswith("This is what I found without it:")
    assert "“cat”" in rest
    assert turn.hits
    assert KEY not in turn.answer
    again = turn_of(brain, searcher, "posts about animals", [turn])
    assert again.hits, "the next question works"


def test_an_endpoint_that_is_not_there_is_told(searcher: Searcher) -> None:
    turn = turn_of(assistant("http://127.0.0.1:9/v1", "good"), searcher)
    assert "cannot be reached; check OPENAI_BASE_URL, and that the server is running" in turn.answer
    assert turn.hits


@pytest.mark.parametrize("model", ["silent", "stall"])
def test_silence_ends_after_the_time_that_each_try_may_take(
    url: str, searcher: Searcher, model: str
) -> None:
    started = time.monotonic()
    turn = turn_of(assistant(url, model, timeout=1), searcher)
    assert time.monotonic() - started < 30
    assert "does not answer within 1 seconds" in turn.answer
    assert turn.hits


def test_a_drip_of_words_ends_with_the_time_of_the_whole_answer(
    url: str, searcher: Searcher
) -> None:
    started = time.monotonic()
    turn = turn_of(assistant(url, "drip", seconds=2), searcher)
    assert time.monotonic() - started < 30
    assert "took longer than 2 seconds" in turn.answer


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("cut-off", "(The answer was cut off by the endpoint.)"),
        ("bad-stream", "answers, but not as OpenAI's chat completions do"),
        ("dies", "backend died"),
    ],
)
def test_an_answer_that_breaks_off_says_so(
    url: str, searcher: Searcher, model: str, says: str
) -> None:
    turn = turn_of(assistant(url, model), searcher)
    assert turn.by == "llm"
    assert turn.answer.startswith("There is a")
    assert says in turn.answer
    assert turn_of(assistant(url, "good"), searcher, "and now?", [turn]).answer == SAID


@pytest.mark.parametrize("model", ["broken-arguments", "unknown-tool"])
def test_a_mistake_in_a_call_is_advice_that_the_model_mends(
    url: str, searcher: Searcher, model: str
) -> None:
    turn = turn_of(assistant(url, model), searcher)
    assert turn.answer
    assert turn.hits


def test_a_stopped_answer_leaves_the_next_one_working(url: str, searcher: Searcher) -> None:
    async def stop_and_go_on() -> tuple[float, Turn]:
        task = asyncio.create_task(events_of(assistant(url, "silent"), searcher))
        await asyncio.sleep(0.5)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took = time.monotonic() - started
        turn = (await events_of(assistant(url, "good"), searcher))[-1]
        assert isinstance(turn, Turn)
        return took, turn

    took, turn = _RUNNER[0].run(stop_and_go_on())
    assert took < 10
    assert turn.answer == SAID


def test_a_model_that_obeys_what_it_reads_widens_no_filter(url: str, searcher: Searcher) -> None:
    filters = Filters(sentiments=frozenset({"negative"}))
    turn = turn_of(assistant(url, "obedient"), searcher, filters=filters)
    labels = [label for hit in turn.hits for label in hit.labels]
    assert all(label.sentiment.name == "negative" for label in labels)


def test_no_tracing_is_sent_whatever_the_environment_says(url: str, sample_gallery: Path) -> None:
    Handler.requests.clear()
    done = run_anew(
        "chat_app", "ask", "do I have a cat?", "--json", "--chroma-dir", sample_gallery,
        OPENAI_MODEL="good", OPENAI_BASE_URL=url, OPENAI_API_KEY=KEY,
        LANGSMITH_TRACING="true", LANGSMITH_API_KEY="x", LANGSMITH_ENDPOINT=url,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    turn = json.loads(done.stdout)
    assert (turn["mode"], turn["answer"]) == ("llm", SAID)
    assert [request["model"] for request in Handler.requests] == ["good", "good"]
    assert KEY not in done.stdout + done.stderr
    (without,) = json.loads(
        run("chat_app", "ask", "a cat", "--planner", "--json", "--chroma-dir", sample_gallery,
            OPENAI_MODEL="good", OPENAI_BASE_URL=url, OPENAI_API_KEY=KEY).stdout.join("[]")
    )  # fmt: skip
    assert without["mode"] == "planner"
    assert len(Handler.requests) == 2


def test_a_key_alone_sends_nothing_anywhere(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, openai_api_key=KEY)
    assert chosen_endpoint(settings) is None
    with pytest.raises(BadOption, match="OpenAI's own endpoint needs an API key"):
        chosen_endpoint(Settings(tmp_path, tmp_path, openai_model="gpt"))
    chosen = chosen_endpoint(
        Settings(tmp_path, tmp_path, openai_model="m", openai_base_url="http://localhost:1/v1")
    )
    assert chosen is not None
    assert KEY not in repr(chosen_endpoint(settings)) + repr(chosen) + repr(settings)
