"""The two rules of the house: who may import whom, and where each vendor library lives."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("indexer", "retrieval", "chat_app", "training")
# The rooms of retrieval/, from the ground up; its own files are the ground.
FLOORS = ("", "encoders", "gallery", "labels", "catalog", "search", "evaluate")

ALLOWED = {
    "retrieval": set(),
    "indexer": {"retrieval"},
    "chat_app": {"retrieval"},
    "training": {"retrieval", "indexer"},
}
# What the packages beside it leave alone.
CLOSED_ROOMS = {"indexer": {"search", "evaluate"}, "chat_app": {"evaluate"}}

HOMES = {
    "chromadb": ("retrieval/gallery/chroma.py",),
    "open_clip": ("retrieval/encoders/",),
    "openvino": ("retrieval/encoders/networks.py",),
    "sentence_transformers": ("retrieval/encoders/sentence.py",),
    "torch": ("retrieval/encoders/",),
    "transformers": ("retrieval/encoders/", "indexer/describers/captioner.py"),
    "pyarrow": ("retrieval/gallery/generation.py", "indexer/"),
    "openai": ("indexer/describers/endpoint.py", "retrieval/endpoint.py", "chat_app/model.py"),
    "ftfy": ("indexer/sources/mojibake.py", "retrieval/encoders/clip_tokens.py"),
    "py3langid": ("retrieval/labels/language.py",),
    "sklearn": (
        "training/regression.py",
        "training/sentiment.py",
        "retrieval/evaluate/",
        "retrieval/labels/characters.py",
    ),
    "bm25s": ("retrieval/search/words.py",),
    "Stemmer": ("retrieval/search/words.py",),
    "ir_measures": ("retrieval/evaluate/ranking.py",),
    "vaderSentiment": ("retrieval/labels/vader.py",),
    "portalocker": ("retrieval/gallery/lock.py",),
    "umap": ("chat_app/picture_map.py",),
    "streamlit": ("chat_app/app.py", "chat_app/page/", "chat_app/serve.py"),
    "altair": ("chat_app/page/charts.py", "chat_app/page/shared.py"),
    "langchain": ("chat_app/agent.py", "chat_app/tools.py"),
    "langchain_openai": ("chat_app/model.py",),
    "langchain_chroma": ("retrieval/gallery/vectorstore.py", "chat_app/"),
    "langchain_core": ("retrieval/gallery/vectorstore.py", "chat_app/"),
    "matplotlib": ("retrieval/evaluate/report/plots.py", "retrieval/evaluate/report/svg.py"),
    "jinja2": ("retrieval/evaluate/report/html.py",),
}


@cache
def imported_modules(path: Path) -> set[str]:
    """Dotted names, also of what is imported for types alone or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imported_packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_modules(path)}


def room_of(module: str) -> str:
    """The room of a module of retrieval: "retrieval.labels.view" is in "labels"."""
    room = module.split(".")[1:2]
    return room[0] if room and room[0] in FLOORS else ""


def imported_rooms(path: Path) -> set[str]:
    return {room_of(name) for name in imported_modules(path) if name.startswith("retrieval.")}


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package: str) -> None:
    for path in files_of(package):
        others = imported_packages(path) & (set(PACKAGES) - {package})
        assert others <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {others}"


def test_rooms_import_only_what_lies_below() -> None:
    for path in files_of("retrieval"):
        floor = FLOORS.index(room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)))
        above = imported_rooms(path) - set(FLOORS[: floor + 1])
        assert not above, f"{path.relative_to(ROOT)} imports {above}"


@pytest.mark.parametrize("package", CLOSED_ROOMS)
def test_packages_leave_the_rooms_alone_that_are_not_theirs(package: str) -> None:
    for path in files_of(package):
        closed = imported_rooms(path) & CLOSED_ROOMS[package]
        assert not closed, f"{path.relative_to(ROOT)} imports {closed}"


def test_every_room_says_in_one_line_what_belongs_in_it() -> None:
    for room in FLOORS:
        text = (ROOT / "retrieval" / room / "__init__.py").read_text("utf-8")
        assert len(text.splitlines()) == 1, room
        assert ast.get_docstring(ast.parse(text)), room


@pytest.mark.parametrize("vendor", HOMES)
def test_every_vendor_library_has_one_home(vendor: str) -> None:
    for package in PACKAGES:
        for path in files_of(package):
            if vendor in imported_packages(path):
                place = path.relative_to(ROOT).as_posix()
                assert place.startswith(HOMES[vendor]), f"{place} imports {vendor}"


def test_only_config_reads_the_environment() -> None:
    for package in PACKAGES:
        for path in files_of(package):
            if path.name != "config.py":
                assert "os.environ" not in path.read_text("utf-8"), path


def test_paths_of_users_are_resolved_in_one_place() -> None:
    """`Path.resolve` and `expanduser` raise RuntimeError: for a loop of links, for no home."""
    raising = re.compile(r"(?<!Path\(__file__\))\.resolve\(\)|\.expanduser\(\)")
    for package in PACKAGES[:3]:
        for path in files_of(package):
            assert not raising.search(path.read_text("utf-8")), path


@pytest.mark.parametrize(
    "command", ["chat_app", "indexer", "retrieval.evaluate", "retrieval.labels", "retrieval.search"]
)
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['{command}', '--help']\n"
        "try:\n"
        f"    runpy.run_module('{command}', run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'torch', 'chromadb', 'openvino', 'pandas', 'pyarrow', 'open_clip', 'sklearn',\n"
        "         'matplotlib', 'langchain', 'pydantic', 'umap'}\n"
        "sys.exit(str(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
