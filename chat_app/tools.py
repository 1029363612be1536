"""The five tools, for whatever brain calls them. They check, look up, and only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.tools import ToolRuntime, tool

from chat_app import arguments as asked
from chat_app import lookups
from chat_app.results import Result, as_text
from chat_app.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.tools import BaseTool


# Name → what it takes and what it does. Other assistants are served from the same table.
TOOLS: dict[str, tuple[type[asked.Arguments], Callable[[Scope, Any], Result]]] = {
    "search_posts": (asked.SearchPosts, lookups.search),
    "count_posts": (asked.CountPosts, lookups.count),
    "compare": (asked.Compare, lookups.compare),
    "show_post": (asked.ShowPost, lookups.show),
    "find_similar": (asked.FindSimilar, lookups.similar),
}
NAMES = {takes: name for name, (takes, _) in TOOLS.items()}


def build_tools() -> list[BaseTool]:
    """All tools. The user's filters come with the runtime, which no model writes."""
    return [_tool(name) for name in TOOLS]


def _tool(name: str) -> BaseTool:
    takes, look_up = TOOLS[name]

    @tool(
        name,
        description=takes.__doc__,
        args_schema=takes,
        response_format="content_and_artifact",
    )
    def run(runtime: ToolRuntime[Scope], **arguments: Any) -> tuple[str, Result]:
        result = look_up(runtime.context, takes(**arguments))
        return as_text(result), result

    return run
