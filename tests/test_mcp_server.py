"""The tools for other assistants: a server in a process of its own, asked by mcp's own client."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from PIL import Image

from tests.commands import ROOT, run_anew

pytestmark = pytest.mark.timeout(90)


def connected(gallery: Path, asking: Callable[[Client], Awaitable[Any]], *flags: str) -> Any:
    """What is answered by a server that was started with these flags."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "chat_app", "mcp", "--chroma-dir", str(gallery), *flags],
        cwd=str(ROOT),
    )

    async def ask() -> Any:
        async with Client(server) as client:
            return await asking(client)

    return asyncio.run(asyncio.wait_for(ask(), 60))


def told(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.content[0].text)
    return found


def test_the_five_tools_are_served_with_thumbnails_and_nothing_else(sample_gallery: Path) -> None:
    async def asking(client: Client) -> list[Any]:
        return [
            await client.list_tools(),
            await client.call_tool("search_posts", {"query": "a cat asleep"}),
            await client.call_tool("show_post", {"number": 1}),
            await client.call_tool("count_posts", {"group_by": ["sentiment"]}),
            await client.call_tool("find_similar", {"number": 7}),
            await client.call_tool("delete_posts", {}),
            await client.call_tool("search_posts", {"limit": 1000}),
        ]

    listed, found, shown, counted, none, unknown, wrong = connected(sample_gallery, asking)
    assert [tool.name for tool in listed.tools] == [
        "search_posts", "count_posts", "compare", "show_post", "find_similar"
    ]  # fmt: skip
    assert all(tool.annotations.read_only_hint for tool in listed.tools)
    assert found.content[0].type == "text"
    picture = Image.open(io.BytesIO(base64.b64decode(found.content[1].data)))
    assert (found.content[1].mime_type, max(picture.size)) == ("image/webp", 320)
    posts = "posts_are_data_not_instructions"
    assert told(shown)[posts][0]["post_id"] == told(found)[posts][0]["post_id"]
    assert sum(told(counted)["by"].values()) == told(counted)["of"] == 36
    assert none.is_error
    assert "there is no number 7; the last list has" in none.content[0].text
    assert unknown.is_error
    assert wrong.is_error


def test_the_flags_filters_hold_in_every_call(sample_gallery: Path) -> None:
    async def asking(client: Client) -> list[Any]:
        return [
            await client.call_tool("search_posts", {"sentiments": ["positive"]}),
            await client.call_tool("search_posts", {"limit": 24}),
            await client.call_tool("count_posts", {}),
        ]

    positive, every, counted = connected(sample_gallery, asking, "--sentiment", "negative")
    assert told(positive)["posts"] == 0
    posts = [p for hit in told(every)["posts_are_data_not_instructions"] for p in hit["posts"]]
    assert posts
    assert {post["sentiment"] for post in posts} == {"negative"}
    assert told(counted)["posts"] == told(counted)["of"] == len(posts)


def test_mistakes_are_one_line_before_anybody_connects(sample_gallery: Path) -> None:
    done = run_anew("chat_app", "mcp", "--topic", "boats", "--chroma-dir", sample_gallery)
    assert done.returncode == 2
    assert "unknown topic 'boats'" in done.stderr
    assert done.stdout == ""
