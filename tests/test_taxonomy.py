from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import BadInput, BadOption
from retrieval.labels.taxonomy import DEFAULT_TOPICS, check_topics, load_taxonomy

BOATS = '[[topic]]\nname = "boats"\nphrases = ["a boat at sea"]\n'


def saved(folder: Path, text: str) -> Path:
    path = folder / "topics.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_default_topics_have_titles_phrases_and_words() -> None:
    taxonomy = load_taxonomy(DEFAULT_TOPICS)
    assert len(taxonomy.topics) == 14
    assert all(4 <= len(topic.phrases) <= 6 for topic in taxonomy.topics)
    assert all(topic.title and topic.words for topic in taxonomy.topics)


def test_a_topic_needs_no_more_than_a_name_and_a_phrase(tmp_path: Path) -> None:
    topic = load_taxonomy(saved(tmp_path, BOATS)).topics[0]
    assert (topic.name, topic.title, topic.words) == ("boats", "boats", frozenset())


def test_words_are_a_text_or_a_list_and_may_be_hashtags(tmp_path: Path) -> None:
    for words in ('"Sail #yacht ⛵"', '["Sail", "#yacht", "⛵"]'):
        topic = load_taxonomy(saved(tmp_path, f"{BOATS}words = {words}\n")).topics[0]
        assert topic.words == {"sail", "yacht", "⛵"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no \[\[topic\]\]"),
        ("topic = [", "is not a file of topics"),
        ("topic = " + "[" * 20_000, "is nested too deeply"),
        ("topic = [1]", "topic 1: write it as"),
        (BOATS.replace("boats", "Boats!"), "topic 1: the name 'Boats!'"),
        (BOATS.replace("boats", "other"), "not 'other'"),
        (BOATS + BOATS, "boats is there twice"),
        (BOATS + "colour = 1\n", "unknown key 'colour'"),
        ('[[topic]]\nname = "boats"\n', "phrases is a list"),
        ('[[topic]]\nname = "boats"\nphrases = [""]\n', "phrases is a list"),
        (BOATS + "words = 3\n", "words is a text or a list"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_taxonomy(saved(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no .*topics\.toml"):
        load_taxonomy(tmp_path / "topics.toml")
    (tmp_path / "topics.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not a file of topics"):
        load_taxonomy(tmp_path / "topics.toml")


def test_unknown_topics_are_refused_with_those_there_are() -> None:
    check_topics(["boats", "other"], ("boats", "trains"))
    with pytest.raises(BadOption, match="unknown topic 'cars'; choose from boats, trains, other"):
        check_topics(["cars"], ("boats", "trains"))
