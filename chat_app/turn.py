"""One question and its answer: runs the brain, tells what happens, and keeps what comes of it.

A conversation is a list of turns that the caller keeps and hands in; nothing is remembered here.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langsmith import tracing_context

from chat_app.examples import example_questions
from chat_app.model import failure, open_model
from chat_app.planner import Planner
from chat_app.results import counts_of, held_back, hits_of, is_sure
from chat_app.safe_text import PlainStream
from chat_app.scope import Scope
from chat_app.tools import TOOLS
from chat_app.understanding.beside_picture import understand_beside_picture
from chat_app.understanding.lexicon import GalleryLexicon
from chat_app.understanding.plan import Plan
from chat_app.understanding.understand import understand
from retrieval.catalog.filters import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from datetime import date

    from langchain_core.messages import BaseMessage
    from PIL.Image import Image

    from chat_app.agent import Agent
    from chat_app.results import Result
    from retrieval.catalog.filters import Filters
    from retrieval.endpoint import Endpoint
    from retrieval.records import Hit
    from retrieval.search.searcher import Searcher

SECONDS = 90.0  # that a whole answer may take
_REMEMBERED = 6  # turns that a language model reads
_LIMIT = "Model call limits exceeded"  # how the limit's own answer begins


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Called:
    """A tool was called."""

    call: Call


@dataclass(frozen=True, slots=True)
class Returned:
    """A tool found something out."""

    result: Result


@dataclass(frozen=True, slots=True)
class Said:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer."""

    question: str
    answer: str
    by: str  # "planner" or "llm"
    plan: Plan  # what was understood, by either
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()
    seconds: float = 0.0
    picture: Image | None = None  # that the user gave, here or before, and that was looked for

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The pictures that the answer rests on."""
        return hits_of(self.results[-1]) if self.results else ()

    @property
    def is_sure(self) -> bool:
        """Whether they are what was asked for, and not what comes closest."""
        return is_sure(self.results[-1]) if self.results else True

    @property
    def held_back(self) -> int:
        """How many posts only the user's own filters keep out of an answer that has none."""
        return held_back(self.results[-1]) if self.results else 0

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers of the answer."""
        return counts_of(self.results[-1]) if self.results else {}


Event = Called | Returned | Said | Turn


@dataclass
class _Heard:
    """What a brain has done so far."""

    calls: list[Call] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    text: str = ""
    finished: bool = False  # its last words came to an end
    plain: PlainStream = field(default_factory=PlainStream)


class Assistant:
    """Answers questions about one gallery's posts. Safe to share between conversations."""

    def __init__(
        self, agent: Agent, endpoint: Endpoint | None = None, *, seconds: float = SECONDS
    ) -> None:
        self._agent = agent
        self._endpoint = endpoint
        self._model = None if endpoint is None else open_model(endpoint)
        self._seconds = seconds

    async def ask(
        self,
        question: str,
        searcher: Searcher,
        today: date,
        turns: Sequence[Turn] = (),
        filters: Filters = EVERYTHING,
        *,
        picture: Image | None = None,
        plan: Plan | None = None,
        by_model: bool = True,
    ) -> AsyncGenerator[Event]:
        """Events as they come, the last of which is the turn. Cancelling stops at once.

        `picture`: one that the user gives, upright and RGB; no language model gets to see it.
        `plan`: what is asked for is known already, whatever the question says.
        `by_model`: let the language model answer, where one is set.
        """
        started = time.monotonic()
        titles = searcher.columns.topic_titles
        lexicon = GalleryLexicon(titles, searcher.caption_encoder, searcher.evidence.in_captions)
        by_model = by_model and plan is None
        plan, picture = _meant(plan, picture, question, today, lexicon, turns)
        shown = next((t.hits for t in reversed(turns) if t.hits and t.plan.kind != "show"), ())
        examples = example_questions(searcher, filters) if plan.kind == "unclear" else ()
        planner = Planner(plan=plan, titles=titles, examples=examples)
        ids = tuple(hit.posts[0].post_id for hit in shown)
        scope = Scope(searcher, filters, ids, picture, planner)
        notice, heard, by = "", _Heard(), "planner"
        by_model = by_model and plan.arguments is not None and picture is None
        if by_model and self._model is not None and self._endpoint is not None:
            by = "llm"
            asked = replace(scope, brain=self._model)
            try:
                async with asyncio.timeout(self._seconds):
                    async for event in self._events(_messages(question, turns), asked, heard):
                        yield event
                notice = _what_is_wrong(heard)
            except TimeoutError:
                notice = f"The language model took longer than {self._seconds:g} seconds."
            except Exception as error:
                failed = failure(self._endpoint, error)
                if failed is None:
                    raise
                notice = f"{str(failed)[:1].upper()}{str(failed)[1:]}."
        if by == "planner" or (notice and not (heard.results and heard.text)):
            if notice:
                notice += " This is what I found without it:"
                yield Said(notice + "\n")
            heard, by = _Heard(), "planner"
            async for event in self._events([HumanMessage(question)], scope, heard):
                yield event
            answer = f"{notice}\n{heard.text}" if notice else heard.text
        else:
            answer = heard.text
            if notice:
                yield Said(f"\n({notice})")
                answer += f"\n({notice})"
        yield Turn(
            question,
            answer,
            by,
            plan if by == "planner" else _plan_of(heard.calls, plan),
            tuple(heard.calls),
            tuple(heard.results),
            time.monotonic() - started,
            picture,
        )

    async def _events(
        self, messages: list[BaseMessage], scope: Scope, heard: _Heard
    ) -> AsyncIterator[Event]:
        """What one brain does. Its words are passed on once there is a result behind them."""
        is_planner = isinstance(scope.brain, Planner)
        with tracing_context(enabled=False):
            stream = self._agent.astream(
                {"messages": messages}, context=scope, stream_mode=["messages", "updates"]
            )
            told: Any  # (mode, event), by the modes asked for
            async for told in stream:
                mode, event = told
                if mode == "updates":
                    for call in _calls_in(event):
                        heard.calls.append(call)
                        yield Called(call)
                    continue
                message, _ = event
                if isinstance(message, ToolMessage) and message.artifact is not None:
                    heard.results.append(message.artifact)
                    heard.text, heard.finished, heard.plain = "", False, PlainStream()
                    yield Returned(message.artifact)
                elif isinstance(message, AIMessage | AIMessageChunk):
                    heard.finished |= is_planner or bool(
                        message.response_metadata.get("finish_reason")
                    )
                    text = message.text if is_planner else heard.plain.feed(message.text)
                    heard.text += text
                    if text and (is_planner or heard.results):
                        yield Said(text)
        if rest := heard.plain.rest():
            heard.text += rest
            if heard.results:
                yield Said(rest)


def _calls_in(update: dict[str, Any]) -> list[Call]:
    messages = (update.get("model") or {}).get("messages", [])
    return [
        Call(call["name"], call["args"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    ]


def _what_is_wrong(heard: _Heard) -> str:
    """Why a language model's answer cannot stand as it is; empty: it can."""
    if not heard.results:
        return "The language model answered without looking anything up, so its answer is left out."
    if heard.text.startswith(_LIMIT):
        heard.text = ""
        return "The language model looked things up again and again without an answer."
    if not heard.text.strip():
        return "The language model gave no answer."
    return "" if heard.finished else "The answer was cut off by the endpoint."


def _meant(
    plan: Plan | None,
    picture: Image | None,
    question: str,
    today: date,
    lexicon: GalleryLexicon,
    turns: Sequence[Turn],
) -> tuple[Plan, Image | None]:
    """What is asked for, and the picture that it is to be like: given now, or kept from before."""
    if plan is not None:
        return plan, picture
    if picture is not None:
        return understand_beside_picture(question, today, lexicon), picture
    last, seen = _taken_up(turns)
    plan = understand(question, today, lexicon, last.plan if last else None, seen)
    return plan, last.picture if last and plan.goes_on and plan.kind == "find" else None


def _taken_up(turns: Sequence[Turn]) -> tuple[Turn | None, int]:
    """The last turn that looked for posts, and the place of the one looked at since then."""
    seen: int | None = None
    for turn in reversed(turns):
        if turn.plan.posts is not None:
            return turn, seen or 1
        if turn.plan.kind in ("similar", "show"):
            seen = seen or turn.plan.seen or 1
    return None, seen or 1


def _plan_of(calls: Sequence[Call], planned: Plan) -> Plan:
    """What a language model understood, by its last call that can be read."""
    kinds: dict[str, Any] = {
        "search_posts": "find", "count_posts": "count", "compare": "compare",
        "show_post": "show", "find_similar": "similar",
    }  # fmt: skip
    for call in reversed(calls):
        if call.name in TOOLS:
            takes, _ = TOOLS[call.name]
            try:
                return Plan(kinds[call.name], takes(**call.arguments))
            except ValueError:
                continue
    return planned


def _messages(question: str, turns: Sequence[Turn]) -> list[BaseMessage]:
    """The conversation as a language model reads it."""
    messages: list[BaseMessage] = []
    for turn in turns[-_REMEMBERED:]:
        messages += [HumanMessage(turn.question), AIMessage(turn.answer)]
    return [*messages, HumanMessage(question)]
