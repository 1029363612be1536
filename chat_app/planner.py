"""The brain that needs no language model: its one tool call is planned before it is asked."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict

from chat_app.answers import answer, refused_by_tool
from chat_app.tools import NAMES
from chat_app.understanding.plan import Plan  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun
    from langchain_core.messages import BaseMessage


class Planner(BaseChatModel):
    """Speaks like a chat model, so that tools, limits and pages need not know which one answers."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    plan: Plan
    titles: Mapping[str, str] = {}  # of topics, by their names
    examples: tuple[str, ...] = ()  # questions that work, for one that could not be placed

    @property
    def _llm_type(self) -> str:
        return "planner"

    def bind_tools(self, tools: Any, **_: Any) -> Planner:  # noqa: ARG002
        """It knows the tools."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(messages[-1]))])

    def _message(self, last: BaseMessage) -> AIMessage:
        arguments = self.plan.arguments
        if isinstance(last, ToolMessage):
            if last.status == "error":
                return AIMessage(refused_by_tool(last.text))
            return AIMessage(answer(self.plan, last.artifact, self.titles))
        if arguments is None:
            return AIMessage(answer(self.plan, None, self.titles, self.examples))
        call = {"name": NAMES[type(arguments)], "args": arguments.given(), "id": "planned"}
        return AIMessage("", tool_calls=[{**call, "type": "tool_call"}])
