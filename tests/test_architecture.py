"""The two rules of the house: who may import whom, and where each vendor library lives."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("indexer", "retrieval", "chat_app")

ALLOWED = {"retrieval": set(), "indexer": {"retrieval"}, "chat_app": {"retrieval"}}

HOMES = {
    "chromadb": ("retrieval/gallery.py",),
    "open_clip": ("retrieval/encoders/",),
    "openvino": ("retrieval/encoders/networks.py",),
    "sentence_transformers": ("retrieval/encoders/sentence.py",),
    "torch": ("retrieval/encoders/",),
    "transformers": ("retrieval/encoders/", "retrieval/describers/captioner.py"),
    "pyarrow": ("retrieval/generation.py", "indexer/"),
    "openai": ("retrieval/describers/endpoint.py", "chat_app/"),
    "py3langid": ("retrieval/labels/language.py",),
    "sklearn": (
        "retrieval/labels/train_sentiment.py",
        "retrieval/labels/fit_fusion.py",
        "retrieval/fit_relevance.py",
        "retrieval/evaluation/",
    ),
    "bm25s": ("retrieval/words.py",),
    "Stemmer": ("retrieval/words.py",),
    "ir_measures": ("retrieval/evaluation/search.py",),
    "vaderSentiment": ("retrieval/labels/vader.py",),
    "portalocker": ("retrieval/lock.py",),
    "streamlit": ("chat_app/",),
    "langchain": ("chat_app/",),
    "langchain_chroma": ("retrieval/vectorstore.py", "chat_app/"),
    "langchain_core": ("retrieval/vectorstore.py", "chat_app/"),
    "matplotlib": ("retrieval/evaluation/plots.py", "retrieval/evaluation/svg.py"),
    "jinja2": ("retrieval/evaluation/html.py",),
}


def imported_packages(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package: str) -> None:
    for path in files_of(package):
        others = imported_packages(path) & (set(PACKAGES) - {package})
        assert others <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {others}"


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


@pytest.mark.parametrize(
    "command", ["indexer", "retrieval.evaluate", "retrieval.labels", "retrieval.search"]
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
        "         'matplotlib'}\n"
        "sys.exit(str(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
