from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.carried import unfitting
from indexer.overrides import Corrections
from retrieval.errors import BadInput, BadOption, StorageFailed
from retrieval.gallery.generation import Generation
from retrieval.gallery.manifest import read_manifest
from retrieval.labels.overrides import (
    Override,
    clear_override,
    import_overrides,
    key_of,
    read_overrides,
    set_override,
)
from retrieval.labels.view import LabelView
from retrieval.records import Post, PostLabels
from tests.galleries import index_folder, save_picture, writing

POST = Post("a", "0" * 32, "s", "/r", "a.jpg", "a sad caption")


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_picture(tmp_path / "posts" / "red.png", "red", "what a lovely red wall")
    save_picture(tmp_path / "posts" / "blue.png", "blue", "a horrible blue wall")
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    return tmp_path / "gallery"


def posts_of(gallery: Path) -> dict[str, Post]:
    return {post.image_path: post for post in Generation.open(gallery).posts()}


def labels_of(gallery: Path, image_path: str) -> PostLabels:
    generation = Generation.open(gallery)
    view = LabelView.of(generation, read_overrides(gallery))
    paths = [post.image_path for post in generation.posts()]
    return view.labels(paths.index(image_path))


def in_chroma(gallery: Path, post_id: str) -> dict[str, object]:
    with writing(gallery) as writer:
        found = writer._collections.captions.get(ids=[post_id])["metadatas"]
    assert found is not None
    return dict(found[0])


def test_the_last_word_counts_and_fields_are_kept_apart(tmp_path: Path) -> None:
    set_override(tmp_path, POST, sentiment="positive")
    set_override(tmp_path, POST, topics=["animals"])
    set_override(tmp_path, POST, sentiment="neutral")
    assert read_overrides(tmp_path).by_key == {key_of(POST): Override("neutral", ("animals",))}
    clear_override(tmp_path, POST, ["sentiment"])
    assert read_overrides(tmp_path).by_key == {key_of(POST): Override(None, ("animals",))}
    clear_override(tmp_path, POST)
    assert read_overrides(tmp_path).by_key == {}


def test_a_line_torn_by_a_crash_is_passed_over_and_the_next_one_is_whole(tmp_path: Path) -> None:
    set_override(tmp_path, POST, sentiment="positive")
    with (tmp_path / "overrides.jsonl").open("a") as file:
        file.write('{"image_id": "00')
    assert read_overrides(tmp_path).by_key[key_of(POST)].sentiment == "positive"
    set_override(tmp_path, POST, sentiment="neutral")
    assert read_overrides(tmp_path).by_key[key_of(POST)].sentiment == "neutral"


def test_a_byte_order_mark_that_an_editor_wrote_is_none_of_a_correction(tmp_path: Path) -> None:
    set_override(tmp_path, POST, sentiment="positive")
    path = tmp_path / "overrides.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    set_override(tmp_path, POST, topics=["animals"])
    expected = {key_of(POST): Override("positive", ("animals",))}
    assert read_overrides(tmp_path).by_key == expected
    (tmp_path / "other").mkdir()
    assert import_overrides(tmp_path / "other", path, ("animals",)) == 2
    assert read_overrides(tmp_path / "other").by_key == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "line 1: not a correction"),
        ('{"image_id": "0"}', "line 1: not a correction"),
        ('{"image_id": ' + "[" * 20_000 + "}", "line 1: not a correction"),
        ('{"image_id": [], "caption": "0"}', "line 1: not a correction"),
        ('{"image_id": "0", "caption": "0", "sentiment": "great"}', "sentiment 'great'; choose"),
        ('{"image_id": "0", "caption": "0", "topics": "cats"}', "topics 'cats'; write a list"),
    ],
)
def test_a_line_that_says_something_impossible_is_named(
    tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "overrides.jsonl").write_text(line + "\n")
    with pytest.raises(BadInput, match=message):
        read_overrides(tmp_path)


def test_a_correction_wins_at_once_and_reaches_chroma(gallery: Path) -> None:
    before = labels_of(gallery, "red.png")
    assert (before.sentiment.name, before.sentiment.source) == ("positive", "caption")
    post_id = posts_of(gallery)["red.png"].post_id
    corrections = Corrections(gallery, say=print)
    corrections.correct(post_id, "negative", ["city_street", "people"])
    after = labels_of(gallery, "red.png")
    assert (after.sentiment.name, after.sentiment.source) == ("negative", "you")
    assert (after.topics.names, after.topics.source) == (["city_street", "people"], "you")
    assert after.caption_sentiment == before.caption_sentiment
    metadata = in_chroma(gallery, post_id)
    assert (metadata["sentiment"], metadata["topics"]) == ("negative", ["city_street", "people"])
    corrections.clear(post_id, [])
    assert labels_of(gallery, "red.png") == before
    assert in_chroma(gallery, post_id)["sentiment"] == "positive"


def test_no_topic_fits_is_a_correction_too(gallery: Path) -> None:
    Corrections(gallery, say=print).correct(posts_of(gallery)["red.png"].post_id, None, ["other"])
    labels = labels_of(gallery, "red.png")
    assert (labels.topics.names, labels.topics.source) == (["other"], "you")


def test_corrections_survive_rename_rebuild_and_relabel(gallery: Path, tmp_path: Path) -> None:
    post_id = posts_of(gallery)["red.png"].post_id
    Corrections(gallery, say=print).correct(post_id, "negative", None)
    (tmp_path / "posts" / "red.png").rename(tmp_path / "posts" / "wall.png")
    (tmp_path / "posts" / "red.txt").rename(tmp_path / "posts" / "wall.txt")
    index_folder(gallery, tmp_path / "posts")
    assert labels_of(gallery, "wall.png").sentiment.name == "negative"
    assert in_chroma(gallery, posts_of(gallery)["wall.png"].post_id)["sentiment"] == "negative"
    index_folder(gallery, tmp_path / "posts", rebuild=True)
    assert labels_of(gallery, "wall.png").sentiment.name == "negative"
    assert in_chroma(gallery, posts_of(gallery)["wall.png"].post_id)["sentiment"] == "negative"


def test_a_changed_caption_is_another_post_to_correct(gallery: Path, tmp_path: Path) -> None:
    post_id = posts_of(gallery)["red.png"].post_id
    Corrections(gallery, say=print).correct(post_id, "negative", None)
    (tmp_path / "posts" / "red.txt").write_text("a great wall")
    index_folder(gallery, tmp_path / "posts")
    assert labels_of(gallery, "red.png").sentiment.name == "positive"


def test_the_page_only_appends_and_the_next_build_tells_chroma(
    gallery: Path, tmp_path: Path
) -> None:
    post = posts_of(gallery)["red.png"]
    set_override(gallery, post, sentiment="neutral")
    assert labels_of(gallery, "red.png").sentiment.name == "neutral"
    index_folder(gallery, tmp_path / "posts")
    assert in_chroma(gallery, post.post_id)["sentiment"] == "neutral"


def test_export_and_import_carry_corrections_to_another_gallery(
    gallery: Path, tmp_path: Path
) -> None:
    post = posts_of(gallery)["red.png"]
    corrections = Corrections(gallery, say=print)
    corrections.correct(post.post_id, "neutral", ["home_indoor"])
    assert corrections.export(tmp_path / "mine.jsonl") == 1
    other = tmp_path / "other"
    index_folder(other, tmp_path / "posts")
    assert Corrections(other, say=print).import_(tmp_path / "mine.jsonl") == 1
    labels = labels_of(other, "red.png")
    assert (labels.sentiment.name, labels.topics.names) == ("neutral", ["home_indoor"])
    assert [each.override for each in Corrections(other, say=print).in_force()] == [
        Override("neutral", ("home_indoor",))
    ]


def test_a_file_that_cannot_be_written_is_said(gallery: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=r"cannot write .*mine\.jsonl: No such file"):
        Corrections(gallery, say=print).export(tmp_path / "nowhere" / "mine.jsonl")


def test_an_export_overwrites_nothing_unless_told_to(gallery: Path, tmp_path: Path) -> None:
    corrections = Corrections(gallery, say=print)
    (tmp_path / "mine.jsonl").write_text("precious")
    with pytest.raises(BadOption, match=r"mine\.jsonl is there already; .* --force"):
        corrections.export(tmp_path / "mine.jsonl")
    assert (tmp_path / "mine.jsonl").read_text() == "precious"
    assert corrections.export(tmp_path / "mine.jsonl", force=True) == 0
    assert (tmp_path / "mine.jsonl").read_text() == ""


def test_importing_what_cannot_be_read_says_what_to_give(gallery: Path, tmp_path: Path) -> None:
    corrections = Corrections(gallery, say=print)
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "no", "No such file")):
        with pytest.raises(BadInput, match=f"cannot read {path}: {reason}.*; give a file") as error:
            corrections.import_(path)
        assert "Errno" not in str(error.value)


IMPOSSIBLE_TOPICS = [
    (["boats"], "unknown topic 'boats'; choose from people, .*, other"),
    ([""], "unknown topic ''; choose from people, "),
    (["people", "animals", "people"], "the topic people is there twice"),
    (["people", "animals", "food_drink", "home_indoor"], "4 topics; a post has at most 3"),
]


@pytest.mark.parametrize(("topics", "message"), IMPOSSIBLE_TOPICS)
def test_topics_that_a_post_cannot_have_are_refused(
    gallery: Path, tmp_path: Path, topics: list[str], message: str
) -> None:
    corrections = Corrections(gallery, say=print)
    with pytest.raises(BadOption, match=message):
        corrections.correct(posts_of(gallery)["red.png"].post_id, None, topics)
    said = {"image_id": "0", "caption": "0"}
    lines = [json.dumps({**said, "topics": ["people"]}), "", json.dumps({**said, "topics": topics})]
    (tmp_path / "bad.jsonl").write_text("\n".join(lines))
    with pytest.raises(BadInput, match=rf"bad\.jsonl, line 3: {message}"):
        corrections.import_(tmp_path / "bad.jsonl")
    assert not (gallery / "overrides.jsonl").exists()


def test_a_correction_told_to_chroma_is_not_told_again(gallery: Path) -> None:
    Corrections(gallery, say=print).correct(posts_of(gallery)["red.png"].post_id, "neutral", None)
    assert read_manifest(gallery).chroma_overrides == 1


def test_importing_something_else_changes_nothing(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"image_id": "0", "caption": "0"}\n{"a": 1}\n')
    with pytest.raises(BadInput, match="line 2: not a correction"):
        Corrections(gallery, say=print).import_(tmp_path / "bad.jsonl")
    assert not (gallery / "overrides.jsonl").exists()


def test_unknown_posts_topics_and_empty_corrections_are_refused(gallery: Path) -> None:
    post_id = posts_of(gallery)["red.png"].post_id
    corrections = Corrections(gallery, say=print)
    with pytest.raises(BadOption, match="no post 'nobody'"):
        corrections.correct("nobody", "neutral", None)
    with pytest.raises(BadOption, match="unknown topic 'boats'; choose from people, "):
        corrections.correct(post_id, None, ["boats"])
    with pytest.raises(BadOption, match="say what is right"):
        corrections.correct(post_id, None, None)
    with pytest.raises(BadOption, match="has not been corrected"):
        corrections.clear(post_id, [])


def test_a_correction_while_a_build_runs_is_kept_for_it(gallery: Path, tmp_path: Path) -> None:
    said: list[str] = []
    post_id = posts_of(gallery)["red.png"].post_id
    with writing(gallery) as writer:
        Corrections(gallery, say=said.append).correct(post_id, "neutral", None)
        writer.publish()
    assert said == ["a build is running; it will tell Chroma, and searches know already"]
    assert in_chroma(gallery, post_id)["sentiment"] == "neutral"


def test_the_file_says_who_and_when_and_nothing_of_the_caption(gallery: Path) -> None:
    post = posts_of(gallery)["red.png"]
    set_override(gallery, post, sentiment="neutral")
    line = json.loads((gallery / "overrides.jsonl").read_text())
    assert line.keys() == {"image_id", "caption", "sentiment", "at"}
    assert (line["image_id"], line["caption"]) == key_of(post)


def rebuilt(gallery: Path) -> None:
    index_folder(gallery, gallery.parent / "posts")


def corrected(gallery: Path, image_path: str) -> str | None:
    labels = labels_of(gallery, image_path)
    return labels.sentiment.name if labels.sentiment.source == "you" else None


@pytest.mark.parametrize("how", ["tag", "typo"])
def test_a_correction_goes_along_with_a_tag_in_the_file_or_a_mended_typo(
    gallery: Path, how: str
) -> None:
    Corrections(gallery, say=print).correct(posts_of(gallery)["red.png"].post_id, "neutral", None)
    path = gallery.parent / "posts" / "red.png"
    if how == "tag":
        path.write_bytes(path.read_bytes() + b"a tagging program's own bytes")
    else:
        save_picture(path, "red", "what a lovely red wall!")
    rebuilt(gallery)
    assert corrected(gallery, "red.png") == "neutral"
    assert len(read_overrides(gallery).by_key) == 1  # nothing is left that fits no post
    rebuilt(gallery)
    assert corrected(gallery, "red.png") == "neutral"


class Killed(BaseException):
    """A kill, as far as what it leaves goes."""


@pytest.mark.parametrize(
    "before", ["indexer.journal.Journal.append", "indexer.carried._is_the_same"]
)
def test_a_correction_goes_along_through_a_kill(
    gallery: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    Corrections(gallery, say=print).correct(posts_of(gallery)["red.png"].post_id, "neutral", None)
    path = gallery.parent / "posts" / "red.png"
    save_picture(path, "red", "what a lovely red wall!")
    with monkeypatch.context() as patched:
        patched.setattr(before, killed)
        with pytest.raises(Killed):
            rebuilt(gallery)
    assert corrected(gallery, "red.png") == "neutral"  # what is published is corrected still
    rebuilt(gallery)
    assert corrected(gallery, "red.png") == "neutral"
    assert len(read_overrides(gallery).by_key) == 1


def test_a_correction_stays_with_a_copy_and_does_not_go_to_another_picture(gallery: Path) -> None:
    Corrections(gallery, say=print).correct(posts_of(gallery)["red.png"].post_id, "neutral", None)
    posts = gallery.parent / "posts"
    save_picture(posts / "copy.png", "red", "what a lovely red wall")
    rebuilt(gallery)
    save_picture(posts / "red.png", "yellow", "what a lovely red wall")  # another, of the same name
    rebuilt(gallery)
    assert corrected(gallery, "red.png") is None
    assert corrected(gallery, "copy.png") == "neutral"
    (posts / "copy.png").unlink()
    rebuilt(gallery)
    lost = unfitting(read_overrides(gallery), Generation.open(gallery).posts())
    assert lost == 1
