"""`python -m chat_app ask` on the sample gallery: real encoders and graph, no language model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, run, run_anew

TODAY = ("--today", "2024-09-15")


def ask(gallery: Path, *arguments: object) -> list[dict[str, Any]]:
    done = run("chat_app", "ask", *arguments, *TODAY, "--json", "--chroma-dir", gallery)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def conversation(gallery: Path, tmp_path: Path, *questions: str) -> list[dict[str, Any]]:
    (tmp_path / "questions.txt").write_text("\n".join(questions), "utf-8")
    return ask(gallery, "--conversation", tmp_path / "questions.txt")


def names(turn: dict[str, Any]) -> list[str]:
    return [Path(post["path"]).name for post in turn["posts"]]


def test_a_question_is_answered_in_a_new_process(sample_gallery: Path) -> None:
    done = run_anew("chat_app", "ask", "a cat asleep", "--chroma-dir", sample_gallery)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "“cat asleep”" in done.stdout
    assert "chelsea.png" in done.stdout


def test_without_an_endpoint_its_libraries_are_not_imported(sample_gallery: Path) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['chat_app', 'ask', 'a cat', '--chroma-dir', {str(sample_gallery)!r}]\n"
        "try:\n"
        "    runpy.run_module('chat_app', run_name='__main__', alter_sys=True)\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'langchain_openai', 'openai', 'tiktoken', 'torch', 'chromadb', 'streamlit'}\n"
        "sys.exit(str(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_json_says_what_was_understood_called_and_found(sample_gallery: Path) -> None:
    (turn,) = ask(sample_gallery, "how many negative posts did I write in 2020?")
    asked = {"sentiments": ["negative"], "since": "2020-01-01", "until": "2020-12-31"}
    assert turn["mode"] == "planner"
    assert turn["understood"] == {"kind": "count", **asked}
    assert turn["tool_calls"] == [{"name": "count_posts", "arguments": asked}]
    assert turn["counts"]["posts"] == len(turn["posts"]) == 3
    assert turn["answer"].startswith("3 posts · negative · 2020")
    assert set(turn["posts"][0]) == {
        "post_id", "image_id", "path", "caption", "created_at", "sentiment", "topics", "sure"
    }  # fmt: skip
    assert all(post["sentiment"] == "negative" for post in turn["posts"])


def test_filters_hold_whatever_is_asked(sample_gallery: Path) -> None:
    (turn,) = ask(sample_gallery, "happy posts about animals", "--sentiment", "negative")
    assert turn["filters"] == {"sentiments": ["negative"]}
    assert not [post for post in turn["posts"] if post["sure"]]
    assert all(post["sentiment"] == "negative" for post in turn["posts"])
    (turn,) = ask(sample_gallery, "show me everything", "--topic", "animals", "--since", "2020")
    assert turn["posts"]
    assert all("animals" in post["topics"] for post in turn["posts"])
    assert all(post["created_at"] >= "2020" for post in turn["posts"])


def test_a_conversation_goes_on_from_what_was_shown(sample_gallery: Path, tmp_path: Path) -> None:
    found, happy, third, similar, many = conversation(
        sample_gallery, tmp_path,
        "posts since 2019", "only the happy ones", "show the second", "similar to the first",
        "how many are there?",
    )  # fmt: skip
    assert found["tool_calls"][0]["arguments"] == {"since": "2019-01-01"}
    assert happy["tool_calls"][0]["arguments"] == {
        "sentiments": ["positive"], "since": "2019-01-01"
    }  # fmt: skip
    assert third["tool_calls"] == [{"name": "show_post", "arguments": {"number": 2}}]
    assert names(third) == names(happy)[1:2]
    assert similar["tool_calls"] == [{"name": "find_similar", "arguments": {"number": 1}}]
    assert names(third)[0] not in names(similar)
    assert many["counts"]["posts"] == happy["counts"]["posts"]


def test_questions_of_a_file_know_nothing_of_each_other(
    sample_gallery: Path, tmp_path: Path
) -> None:
    (tmp_path / "questions.txt").write_text("happy posts\nonly the ones from 2019\n", "utf-8")
    _, alone = ask(sample_gallery, "--questions", tmp_path / "questions.txt")
    assert "sentiments" not in alone["understood"]


@pytest.mark.parametrize(
    ("question", "kind", "says"),
    [
        ("delete all my negative posts", "refusal", "I can only look things up"),
        ("what can you do?", "help", "Ask about your posts"),
        ("thanks!", "thanks", "You are welcome"),
        ("???", "unclear", "Questions that work here"),
    ],
)
def test_what_looks_for_nothing_calls_no_tool(
    sample_gallery: Path, question: str, kind: str, says: str
) -> None:
    (turn,) = ask(sample_gallery, question)
    assert (turn["understood"], turn["tool_calls"], turn["posts"]) == ({"kind": kind}, [], [])
    assert says in turn["answer"]


def test_an_unclear_question_gets_examples_that_work(sample_gallery: Path, tmp_path: Path) -> None:
    (turn,) = ask(sample_gallery, "???")
    examples = [line[2:] for line in turn["answer"].splitlines() if line.startswith("- ")]
    assert len(examples) >= 3
    (tmp_path / "questions.txt").write_text("\n".join(examples), "utf-8")
    for answer in ask(sample_gallery, "--questions", tmp_path / "questions.txt"):
        assert answer["posts"], answer["question"]
        assert answer["tool_calls"], answer["question"]


def test_where_nothing_matches_the_nearest_are_offered_as_less_sure(sample_gallery: Path) -> None:
    (turn,) = ask(sample_gallery, "the square root of seven")
    assert (turn["answer"], turn["posts"]) == ("No post matches “square root seven”.", [])
    (turn,) = ask(sample_gallery, "photos of outer space")
    assert "less sure" in turn["answer"]
    assert turn["posts"]
    assert not any(post["sure"] for post in turn["posts"])
    (turn,) = ask(sample_gallery, "negative posts about animals from 2018")
    assert turn["counts"]["posts"] == 0
    assert "No post matches negative · Animals · 2018" in turn["answer"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give one question, --conversation FILE or --questions FILE"),
        (("cat", "--topic", "boats"), "unknown topic 'boats'; choose from people, animals"),
        (("cat", "--since", "soon"), "'soon' is not a date"),
        (("--questions", "/nope.txt"), "cannot read /nope.txt"),
    ],
)
def test_mistakes_are_one_line(
    sample_gallery: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("chat_app", "ask", *arguments, "--chroma-dir", sample_gallery)
    assert done.returncode != 0
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_comparison_says_which_side_is_ahead(sample_gallery: Path) -> None:
    (turn,) = ask(sample_gallery, "am I happier in 2018 or in 2020?")
    first = turn["answer"].splitlines()[0]
    assert first == "Compared: 2018 is the most positive, 2020 has the most posts."
    (level,) = ask(sample_gallery, "compare 2018 with 2018")
    assert "the most" not in level["answer"]
