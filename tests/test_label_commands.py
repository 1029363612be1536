"""Labels from the command line, with real weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, SAMPLE, report_of, run, run_anew


def json_of(*command: object) -> Any:
    module, *arguments = command
    return report_of(run(str(module), *arguments, "--json"))


@pytest.fixture(scope="module")
def gallery(sample_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of its own: these tests label it anew and correct it."""
    chroma_dir = tmp_path_factory.mktemp("labels") / "chroma_db"
    shutil.copytree(sample_gallery, chroma_dir)
    done = run("indexer", "build", SAMPLE, "--clip", "packaged", "--chroma-dir", chroma_dir)
    assert done.returncode == 0, done.stderr
    assert "sentiment\n    negative" in done.stdout
    assert "█" in done.stdout
    return chroma_dir


def test_status_counts_labels(gallery: Path) -> None:
    labels = json_of("indexer", "status", "--chroma-dir", gallery)["labels"]
    assert sum(labels["sentiment"].values()) == 36
    assert labels["sentiment"]["not determined"] == 2, "one in German, one without a caption"
    assert labels["topics"]["food_drink"] >= 3


def test_status_names_the_sentiment_model_in_force(gallery: Path) -> None:
    status = json_of("indexer", "status", "--chroma-dir", gallery)
    assert status["sentiment_model"] == "head"
    done = run("indexer", "status", "--chroma-dir", gallery)
    assert "  captions' sentiment by head (head@" in done.stdout


def test_search_finds_only_what_passes_and_shows_the_labels(gallery: Path) -> None:
    found = json_of(
        "retrieval.search", "cat", "--sentiment", "negative", "--topic", "animals",
        "--chroma-dir", gallery,
    )  # fmt: skip
    posts = [post for hit in found for post in hit["posts"]]
    assert posts
    for post in posts:
        assert post["sentiment"] == "negative"
        assert "animals" in post["topics"]
        assert post["labels"]["sentiment"]["source"] == "caption"
        assert post["labels"]["image_sentiment"]["name"] is None
    done = run("retrieval.search", "cat", "--topic", "boats", "--chroma-dir", gallery)
    assert done.returncode == 2
    assert "unknown topic 'boats'; choose from people, animals" in done.stderr
    assert done.stderr.count("other") == 1


def test_relabel_with_own_topics_and_the_warning_when_they_change(
    gallery: Path, tmp_path: Path
) -> None:
    topics = tmp_path / "mine.toml"
    topics.write_text('[[topic]]\nname = "cats"\nphrases = ["a cat"]\nwords = "😻 😿"\n')
    report = report_of(
        run_anew("indexer", "relabel", "--topics", topics, "--chroma-dir", gallery, "--json")
    )
    assert report["labels"]["topics"].keys() == {"cats", "other"}
    assert report["labels"]["topics"]["cats"] >= 3
    topics.write_text(topics.read_text().replace("a cat", "a kitten"))
    done = run("retrieval.search", "cat", "-k", 1, "--chroma-dir", gallery)
    assert done.returncode == 0
    assert "warning: " in done.stderr
    assert "python -m indexer relabel" in done.stderr
    default = ROOT / "retrieval" / "labels" / "topics.toml"
    json_of("indexer", "relabel", "--topics", default, "--chroma-dir", gallery)


def test_overrides_from_the_command_line(gallery: Path, tmp_path: Path) -> None:
    def overrides(*command: object) -> Any:
        return json_of("indexer", "overrides", *command, "--chroma-dir", gallery)

    overrides("set", "sample-12", "--sentiment", "neutral", "--topics", "people,work_tech")
    found = json_of("retrieval.search", "Grace Hopper", "-k", 1, "--chroma-dir", gallery)
    assert found[0]["posts"][0]["sentiment"] == "neutral"
    assert found[0]["posts"][0]["labels"]["sentiment"]["source"] == "you"
    listed = overrides("list")
    assert [each["posts"][0].endswith("/sample-12") for each in listed] == [True]
    assert overrides("export", tmp_path / "mine.jsonl") == {"exported": 1}
    refused = run_anew(
        "indexer", "overrides", "export", tmp_path / "mine.jsonl", "--chroma-dir", gallery
    )
    assert refused.returncode == 2
    assert "mine.jsonl is there already" in refused.stderr
    assert overrides("export", tmp_path / "mine.jsonl", "--force") == {"exported": 1}
    for topics in ("", "people,", "people,people"):
        done = run(
            "indexer", "overrides", "set", "sample-12", "--topics", topics,
            "--chroma-dir", gallery,
        )  # fmt: skip
        assert done.returncode == 2, topics
    overrides("clear", "sample-12")
    assert overrides("list") == []
    assert overrides("import", tmp_path / "mine.jsonl") == {"imported": 1}
    assert overrides("list") == listed
    overrides("clear", "sample-12")


@pytest.mark.slow
def test_why_a_caption_has_its_labels(gallery: Path) -> None:
    found = json_of(
        "retrieval.labels", "so happy with my new kitten", "--chroma-dir", gallery,
        "--image", ROOT / "data" / "sample" / "pictures" / "chelsea.png",
    )  # fmt: skip
    assert found["sentiment"] == "positive"
    assert found["topics"][0]["name"] == "animals"
    assert found["by_image"]["topics"][0] == "animals"
    assert found["word_influences"][0]["word"] == "happy"
    assert {"word": "kitten", "topic": "animals"} in found["topic_words"]
    assert len(found["topic_scores"]) == 14
    assert found["classes"][0]["name"] == "Egyptian Mau"
    assert found["topic_scores"][0]["picture_nearest_phrase"] == "a pet dog or cat"
    done = run("retrieval.labels", "so happy with my new kitten", "--chroma-dir", gallery)
    assert "near “my puppy or kitten”" in done.stdout


def test_captions_of_a_file_one_object_a_line(gallery: Path, tmp_path: Path) -> None:
    captions = ["What a day!", "", "😍", "Ich freue mich riesig über diesen Tag", "It's 3 km long."]
    path = tmp_path / "captions.txt"
    path.write_text("\n".join(captions) + "\n", "utf-8")
    done = run_anew("retrieval.labels", "--captions", path, "--chroma-dir", gallery)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["caption"] for row in rows] == captions
    for row in rows:
        assert row.keys() == {"caption", "sentiment", "sentiment_scores", "topics", "language"}
        assert row["sentiment_scores"].keys() == {"negative", "neutral", "positive"}
    assert [row["sentiment"] is None for row in rows] == [False, True, False, True, False]
    assert [row["language"] for row in rows] == ["en", None, None, "de", "en"]
    alone = json_of("retrieval.labels", "What a day!", "--chroma-dir", tmp_path / "no gallery")
    assert alone["sentiment_scores"] == pytest.approx(rows[0]["sentiment_scores"], abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a caption, --image FILE, both, or --captions FILE"),
        (("x", "--captions", "y"), "give either --captions FILE, or one caption"),
        (("x", "--topics", "/nope.toml"), "there is no /nope.toml"),
        pytest.param(("--image", "/nope.jpg"), "/nope.jpg does not exist", marks=pytest.mark.slow),
        (("--captions", "/nope.txt"), "cannot read /nope.txt: No such file or directory; give a"),
        (("--captions", "/tmp"), "cannot read /tmp: Is a directory; give a text file"),
        pytest.param(("--image", "/tmp"), "/tmp is no picture file", marks=pytest.mark.slow),
        (("x", "--topics", "/tmp"), "cannot read /tmp: Is a directory; a file of topics looks"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = run("retrieval.labels", *arguments, "--chroma-dir", tmp_path)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr


def test_a_file_given_for_the_gallery_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("retrieval.labels", "x", "--chroma-dir", tmp_path / "file")
    assert done.returncode == 2
    assert "file is a file; give a gallery's folder" in done.stderr
