from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.mirror import opened_collections
from indexer.overrides import Corrections
from indexer.relabel import relabel
from indexer.status import read_status
from retrieval.errors import BadInput, GalleryLocked, NoGallery
from retrieval.gallery.generation import Generation
from retrieval.gallery.manifest import read_manifest
from retrieval.labels.labeller import Labeller
from retrieval.labels.overrides import read_overrides
from retrieval.labels.taxonomy import DEFAULT_TOPICS, load_taxonomy, stale
from retrieval.labels.vader import VaderModel
from retrieval.labels.view import LabelView
from retrieval.progress import Progress
from retrieval.records import PostLabels
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import index_folder, save_picture, writing

WALLS = '[[topic]]\nname = "walls"\nphrases = ["a wall"]\nwords = "wall"\n'


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        "indexer.relabel.stored_encoders", lambda *_: (ColourEncoder(), WordEncoder())
    )
    save_picture(tmp_path / "posts" / "red.png", "red", "what a lovely red wall")
    save_picture(tmp_path / "posts" / "blue.png", "blue", "a horrible blue sea")
    save_picture(tmp_path / "posts" / "green.png", "green")
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    return tmp_path / "gallery"


def again(gallery: Path, topics: Path | None = None) -> dict[str, dict[str, int]]:
    cache = gallery.parent / "cache"
    return relabel(gallery, cache, sentiment_model=None, topics=topics, progress=Progress()).counts


def labels_of(gallery: Path) -> dict[str, PostLabels]:
    generation = Generation.open(gallery)
    view = LabelView.of(generation, read_overrides(gallery))
    return {post.image_path: view.labels(row) for row, post in enumerate(generation.posts())}


def taxonomy(tmp_path: Path, text: str = WALLS) -> Path:
    path = tmp_path / "walls.toml"
    path.write_text(text)
    return path


def test_other_topics_are_found_from_what_is_stored(gallery: Path, tmp_path: Path) -> None:
    before = Generation.open(gallery)
    counts = again(gallery, taxonomy(tmp_path))
    after = Generation.open(gallery)
    assert after.manifest.generation == before.manifest.generation + 1
    assert after.manifest.labels is not None
    assert after.manifest.labels.names == ("walls",)
    assert sum(counts["topics"].values()) == 3
    assert labels_of(gallery)["red.png"].caption_topics.names == ["walls"]
    np.testing.assert_array_equal(after.image_vectors, before.image_vectors)
    assert after.posts() == before.posts()


def test_chroma_gets_the_new_labels_and_knows_it(gallery: Path, tmp_path: Path) -> None:
    again(gallery, taxonomy(tmp_path))
    manifest = read_manifest(gallery)
    assert manifest.labels is not None
    assert manifest.chroma_labels == manifest.labels.digest
    where: Any = {"topics": {"$contains": "walls"}}
    with writing(gallery) as writer:
        found = writer._collections.captions.get(where=where)
    posts = {post.image_path: post.post_id for post in Generation.open(gallery).posts()}
    about = labels_of(gallery).items()
    walls = {posts[path] for path, labels in about if "walls" in labels.topics.names}
    assert set(found["ids"]) == walls & {posts["red.png"], posts["blue.png"]}
    assert posts["red.png"] in walls


def test_the_next_build_keeps_the_topics_that_were_chosen(gallery: Path, tmp_path: Path) -> None:
    again(gallery, taxonomy(tmp_path))
    assert again(gallery)["topics"].keys() == {"walls", "other"}


def test_corrections_stay(gallery: Path, tmp_path: Path) -> None:
    post = Generation.open(gallery).posts()[0]
    Corrections(gallery, say=print).correct(post.post_id, "neutral", ["people"])
    again(gallery, taxonomy(tmp_path))
    labels = labels_of(gallery)[post.image_path]
    assert (labels.sentiment.name, labels.sentiment.source) == ("neutral", "you")
    assert labels.topics.names == ["people"], "though the taxonomy does not know it any more"
    assert read_status(gallery).labels["topics"]["people"] == 1
    Corrections(gallery, say=print).correct(post.post_id, "negative", None)
    assert labels_of(gallery)[post.image_path].topics.names == ["people"]


def test_a_taxonomy_edited_since_is_a_warning_until_it_is_applied(
    gallery: Path, tmp_path: Path
) -> None:
    again(gallery, taxonomy(tmp_path))
    made_by = read_manifest(gallery).labels
    assert made_by is not None
    assert stale(made_by) is None
    taxonomy(tmp_path, WALLS.replace("a wall", "a brick wall"))
    assert "has changed since" in (stale(made_by) or "")
    again(gallery)
    made_by = read_manifest(gallery).labels
    assert made_by is not None
    assert stale(made_by) is None
    (tmp_path / "walls.toml").unlink()
    assert "not there any more" in (stale(made_by) or "")


@pytest.mark.parametrize(("broken", "reason"), [("topic = [", "is not a file"), (None, "there is")])
def test_a_remembered_taxonomy_that_is_broken_or_gone_says_that_it_is_remembered(
    gallery: Path, tmp_path: Path, broken: str | None, reason: str
) -> None:
    path = taxonomy(tmp_path)
    again(gallery, path)
    path.unlink()
    if broken is not None:
        path.write_text(broken)
    with pytest.raises(BadInput, match=f"{reason}.* remembers this file .* --topics FILE"):
        again(gallery)
    with pytest.raises(BadInput) as caught:
        again(gallery, path)
    assert "remembers" not in str(caught.value), "it was asked for just now"
    assert again(gallery, DEFAULT_TOPICS)["topics"]["people"] >= 0


def test_chroma_is_told_what_a_relabelling_that_was_killed_did_not(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("indexer.relabel.tell_chroma", killed)
        with pytest.raises(KeyboardInterrupt):
            again(gallery, taxonomy(tmp_path))
    post = next(p for p in Generation.open(gallery).posts() if p.image_path == "blue.png")
    Corrections(gallery, say=print).correct(post.post_id, "neutral", None)
    manifest = read_manifest(gallery)
    assert manifest.labels is not None
    assert manifest.chroma_labels == manifest.labels.digest
    where: Any = {"topics": {"$contains": "walls"}}
    with opened_collections(gallery, manifest.encoders) as chroma:
        assert chroma.captions.get(where=where)["ids"]


def test_a_broken_taxonomy_changes_nothing(gallery: Path, tmp_path: Path) -> None:
    before = (gallery / "manifest.json").read_bytes()
    with pytest.raises(BadInput, match="has no"):
        again(gallery, taxonomy(tmp_path, ""))
    assert (gallery / "manifest.json").read_bytes() == before


def test_while_another_writes_or_after_an_interrupted_build_it_is_refused(
    gallery: Path, tmp_path: Path
) -> None:
    with writing(gallery), pytest.raises(GalleryLocked, match="is being written by"):
        again(gallery)
    with writing(gallery) as writer:
        writer.remove([Generation.open(gallery).posts()[0].post_id])  # and not published
    with pytest.raises(GalleryLocked, match="a build was interrupted"):
        again(gallery)


def test_without_a_gallery_there_is_nothing_to_label(tmp_path: Path) -> None:
    with pytest.raises(NoGallery):
        relabel(tmp_path, tmp_path, sentiment_model=None, topics=None, progress=Progress())


def test_a_build_with_another_model_reads_every_caption_again(
    gallery: Path, tmp_path: Path
) -> None:
    class Gloomy(VaderModel):
        version = "gloomy@1"

        def scores(self, captions, vectors):  # type: ignore[no-untyped-def]
            return np.tile(np.array([0.9, 0.05, 0.05], np.float32), (len(captions), 1))

    from indexer.writer import open_writer
    from tests.galleries import RECORDS

    gloomy = Labeller(
        Gloomy(), load_taxonomy(DEFAULT_TOPICS), ColourEncoder(), WordEncoder(), tmp_path / "cache"
    )
    with open_writer(gallery, RECORDS, gloomy, Progress(), rebuild=False) as writer:
        writer.publish()
    labels = labels_of(gallery)
    assert {labels[name].sentiment.name for name in ("red.png", "blue.png")} == {"negative"}
    assert labels["green.png"].sentiment.name is None
    with open_writer(gallery, RECORDS, gloomy, Progress(), rebuild=False) as writer:
        metadatas = writer._collections.captions.get()["metadatas"]
    assert {metadata["sentiment"] for metadata in metadatas or []} == {"negative"}


def test_the_manifest_says_what_made_the_labels(gallery: Path) -> None:
    labels = json.loads((gallery / "manifest.json").read_text())["labels"]
    assert labels["sentiment"] == VaderModel.version
    assert labels["taxonomy_path"] == "", "the one that comes with the project, wherever it lies"
    assert len(labels["topics"]) == 14
