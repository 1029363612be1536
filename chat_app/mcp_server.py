"""The same five tools for other assistants, over stdio by the Model Context Protocol; read-only."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from pydantic import ValidationError

from chat_app.prompts import GUIDE
from chat_app.results import as_text, hits_of
from chat_app.scope import Scope
from chat_app.tools import TOOLS
from retrieval.errors import GalleryError
from retrieval.gallery.layout import thumbnail_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retrieval.catalog.filters import Filters
    from retrieval.records import Hit
    from retrieval.search.reader import Reader

_READS = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def serve(reader: Reader, filters: Filters) -> None:
    """Serve until the other side closes the pipe."""
    asyncio.run(_serve(_Tools(reader, filters)))


async def _serve(tools: _Tools) -> None:
    server: Server[Any] = Server(
        "post-gallery",
        version=version("post-gallery"),
        instructions=GUIDE,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


class _Tools:
    """The tools for one other side, which remembers what it was shown last."""

    def __init__(self, reader: Reader, filters: Filters) -> None:
        self._reader = reader
        self._filters = filters
        self._shown: tuple[str, ...] = ()

    async def list(self, *_: Any) -> types.ListToolsResult:
        """What there is."""
        tools = [
            types.Tool(
                name=name,
                description=takes.__doc__,
                input_schema=takes.model_json_schema(),
                annotations=_READS,
            )
            for name, (takes, _) in TOOLS.items()
        ]
        return types.ListToolsResult(tools=tools)

    async def call(self, _: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        """One look-up; a mistake is advice, not a failure of the server."""
        try:
            return await asyncio.to_thread(self._called, params.name, params.arguments or {})
        except (GalleryError, ValidationError) as error:
            return _advice(f"That did not work: {error}")

    def _called(self, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        if name not in TOOLS:
            return _advice(f"there is no tool {name!r}; there are {', '.join(TOOLS)}")
        takes, look_up = TOOLS[name]
        searcher = self._reader.searcher()  # what is published by now
        scope = Scope(searcher, filters=self._filters, shown=self._shown)
        result = look_up(scope, takes(**arguments))
        hits = hits_of(result)
        if hits:
            self._shown = tuple(hit.posts[0].post_id for hit in hits)
        text = types.TextContent(type="text", text=as_text(result))
        pictures = _thumbnails(hits, searcher.generation.chroma_dir)
        return types.CallToolResult(content=[text, *pictures])


def _advice(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def _thumbnails(hits: Sequence[Hit], chroma_dir: Path) -> Iterator[types.ImageContent]:
    """The small copies of the pictures, in the order of the text; one that is gone is left out."""
    for hit in hits:
        path = thumbnail_path(chroma_dir, hit.image_id)
        if path.is_file():
            data = b64encode(path.read_bytes()).decode()
            yield types.ImageContent(type="image", data=data, mime_type="image/webp")
