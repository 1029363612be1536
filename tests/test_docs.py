"""What the README tells people to type is what the commands take."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import chat_app.__main__
import indexer.__main__
import retrieval.evaluate.__main__
import retrieval.labels.__main__
import retrieval.search.__main__
from retrieval.config import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SETTINGS = Settings(chroma_dir=Path("chroma_db"), cache_dir=Path("cache"))
PARSERS: dict[str, ArgumentParser] = {
    "chat_app": chat_app.__main__._parser(SETTINGS),
    "indexer": indexer.__main__._parser(SETTINGS),
    "retrieval.evaluate": retrieval.evaluate.__main__._parser(SETTINGS),
    "retrieval.labels": retrieval.labels.__main__._parser(SETTINGS),
    "retrieval.search": retrieval.search.__main__._parser(SETTINGS),
}
PAGES = [README, *(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))]
COMMAND = re.compile(
    r"^    (?:\$ )?\S*python -m ((?:chat_app|indexer|retrieval|training)[^\n]*?(?:\\\n[^\n]*)?)$",
    re.MULTILINE,
)
COMMANDS = [" ".join(found.split("\\\n")) for page in PAGES for found in COMMAND.findall(page)]


def help_texts() -> str:
    return "\n".join(text for parser in PARSERS.values() for text in help_of(parser))


def help_of(parser: ArgumentParser) -> Iterator[str]:
    yield parser.format_help()
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from help_of(command)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_readme_and_docs_is_one_that_exists(line: str) -> None:
    module, *arguments = shlex.split(line, comments=True)
    if module in PARSERS:
        PARSERS[module].parse_args(arguments)
    else:  # trains or fits what lies in the repository: not a user's command
        assert find_spec(module) is not None


def test_the_readme_shows_commands() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"--[a-z][a-z-]+", README))))
def test_every_flag_in_the_readme_is_one_that_exists(flag: str) -> None:
    of_other_tools = {"--check", "--dist", "--index-url"}
    assert flag in help_texts() or flag in of_other_tools
