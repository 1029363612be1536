"""The assistant as a graph: a brain, five tools, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ModelCallLimitMiddleware,
    ToolCallLimitMiddleware,
    ToolErrorMiddleware,
)

from chat_app.planner import Planner
from chat_app.prompts import GUIDE
from chat_app.scope import Scope
from chat_app.tools import build_tools
from chat_app.understanding.plan import Plan
from retrieval.errors import GalleryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain.agents.middleware import ModelRequest, ModelResponse
    from langchain.agents.middleware.types import ToolCallRequest
    from langgraph.graph.state import CompiledStateGraph

    Agent = CompiledStateGraph[Any, Scope, Any, Any]

MODEL_CALLS = 6  # an answer; one looks up, one answers, the others mend mistakes
TOOL_CALLS = 8


class ChooseBrain(AgentMiddleware[Any, Scope, Any]):
    """Asks the brain that the scope brings: one graph serves every one of them."""

    async def awrap_model_call(
        self,
        request: ModelRequest[Scope],
        handler: Callable[[ModelRequest[Scope]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Put the scope's brain in the place of the graph's own."""
        brain = request.runtime.context.brain
        return await handler(request if brain is None else request.override(model=brain))


def build_agent() -> Agent:
    """The graph. It keeps nothing between answers; build it once a process."""
    limits: list[AgentMiddleware[Any, Any, Any]] = [
        ChooseBrain(),
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS, exit_behavior="end"),
        ToolCallLimitMiddleware(run_limit=TOOL_CALLS, exit_behavior="continue"),
        ToolErrorMiddleware(_advice),
    ]
    return create_agent(
        Planner(plan=Plan("unclear")),
        build_tools(),
        system_prompt=GUIDE,
        context_schema=Scope,
        middleware=limits,
    )


def _advice(error: Exception, _request: ToolCallRequest) -> str | None:
    """What a brain is told about a mistake that it can mend; other errors are bugs and go up."""
    return str(error) if isinstance(error, GalleryError) else None
