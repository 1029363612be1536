"""Machine-written descriptions in a gallery: kept, searched, marked, and never the user's words."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from PIL.Image import Image

from indexer.describe import DescriptionCache, DescriptionCounts, describe_pictures
from retrieval.errors import EndpointFailed
from retrieval.gallery.generation import Generation
from retrieval.labels.overrides import read_overrides
from retrieval.labels.view import LabelView
from retrieval.search.query import parse_query
from retrieval.search.searcher import Options, Searcher
from tests.commands import build, run
from tests.fakes import ColourEncoder, WordEncoder
from tests.galleries import index_folder, save_picture, writing
from tests.test_describers import save_blip


class Painter:
    """Describes pictures by their colour; knows no word for green, and can be out of reach."""

    spec = "painter"
    version = "painter@1"
    uploads = False

    def __init__(self) -> None:
        self.seen = 0
        self.is_gone = False

    def describe(self, pictures: Sequence[Image]) -> list[str | None]:
        if self.is_gone:
            raise EndpointFailed("the painter is gone")
        self.seen += len(pictures)
        colours = [np.asarray(picture)[0, 0].tolist() for picture in pictures]
        names = {(255, 0, 0): "a crimson kitten", (0, 0, 255): "a navy sailing boat"}
        return [names.get(tuple(colour)) for colour in colours]


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_picture(tmp_path / "posts" / "red.png", "red", "a red wall")
    save_picture(tmp_path / "posts" / "green.png", (0, 128, 0), "a green meadow")
    save_picture(tmp_path / "posts" / "blue.png", "blue")
    index_folder(tmp_path / "gallery", tmp_path / "posts")
    return tmp_path / "gallery"


def describe(gallery: Path, painter: Painter) -> DescriptionCounts:
    with writing(gallery) as writer:
        try:
            counts, _ = describe_pictures(
                writer, painter, WordEncoder(), list(writer.state.posts.values()),
                chroma_dir=gallery, publish_every=3600,
            )  # fmt: skip
        finally:
            writer.publish()
    return counts


def descriptions(gallery: Path) -> dict[str, str | None]:
    generation = Generation.open(gallery)
    pictures = generation.pictures()
    return {p.image_path: pictures[p.image_id].description for p in generation.posts()}


def test_every_picture_is_described_once(gallery: Path) -> None:
    painter = Painter()
    assert describe(gallery, painter) == DescriptionCounts(described=2, failed=1)
    assert descriptions(gallery) == {
        "red.png": "a crimson kitten",
        "green.png": None,
        "blue.png": "a navy sailing boat",
    }
    assert painter.seen == 3
    describe(gallery, painter)
    assert painter.seen == 4, "only the one that it had no answer for"


def test_a_rebuild_finds_them_in_the_cache(gallery: Path, tmp_path: Path) -> None:
    describe(gallery, Painter())
    index_folder(gallery, tmp_path / "posts", rebuild=True)
    painter = Painter()
    assert describe(gallery, painter) == DescriptionCounts(reused=2, failed=1)
    assert painter.seen == 1
    assert descriptions(gallery)["red.png"] == "a crimson kitten"


def test_another_model_describes_again(gallery: Path) -> None:
    describe(gallery, Painter())
    other = Painter()
    other.version = "painter@2"
    assert describe(gallery, other).described == 2


def test_an_endpoint_that_fails_loses_nothing(gallery: Path) -> None:
    painter = Painter()
    painter.is_gone = True
    with pytest.raises(EndpointFailed):
        describe(gallery, painter)
    assert set(descriptions(gallery).values()) == {None}
    painter.is_gone = False
    assert describe(gallery, painter).described == 2


def test_they_are_found_and_marked_and_no_caption(gallery: Path) -> None:
    describe(gallery, Painter())
    generation = Generation.open(gallery)
    view = LabelView.of(generation, read_overrides(gallery))
    searcher = Searcher(generation, view, ColourEncoder(), WordEncoder())
    plain = Options(cutoff=False, collapse=False)
    (found,) = searcher.search([parse_query("navy sailing")], 3, options=plain)
    hits = {hit.posts[0].image_path: hit for hit in found.hits}
    assert hits["green.png"].why.description is None
    hit = hits["blue.png"]
    assert hit == found.hits[0]
    assert hit.description == "a navy sailing boat"
    assert hit.posts[0].caption == ""
    assert (hit.why.caption, hit.why.description_rank) == (None, 1)
    # "navy sailing" of "a navy sailing boat": two words of four
    assert hit.why.description == pytest.approx(2 / sqrt(2 * 4), abs=1e-2)
    assert (hit.why.words, hit.why.words_rank) == ((), None), "they are not the user's words"
    (found,) = searcher.search([parse_query("navy sailing")], 3, options=Options("caption"))
    assert [hit.posts[0].image_path for hit in found.hits] == ["blue.png"]
    with writing(gallery) as writer:
        metadata = writer._collections.images.get(ids=[hit.image_id])["metadatas"]
    assert metadata is not None
    assert metadata[0]["description"] == "a navy sailing boat"


def test_they_make_an_arm_of_their_own_that_is_absent_without(gallery: Path) -> None:
    describe(gallery, Painter())
    generation = Generation.open(gallery)
    view = LabelView.of(generation, read_overrides(gallery))
    labels = {post.image_path: view.labels(row) for row, post in enumerate(generation.posts())}
    assert labels["red.png"].described_topics.names[0] == "animals"
    assert "animals" not in labels["red.png"].caption_topics.names
    assert labels["green.png"].described_topics.source is None


def test_a_picture_that_leaves_takes_its_description_along(gallery: Path, tmp_path: Path) -> None:
    describe(gallery, Painter())
    (tmp_path / "posts" / "blue.png").unlink()
    index_folder(gallery, tmp_path / "posts")
    generation = Generation.open(gallery)
    assert len(generation.description_vectors) == 1


@pytest.mark.slow
def test_a_build_with_a_real_captioner(tmp_path: Path) -> None:
    blip = save_blip(tmp_path / "blip", seed=0)
    posts, chroma_dir = tmp_path / "posts", tmp_path / "gallery"
    save_picture(posts / "red.png", "red", "a red wall")
    report = build(chroma_dir, posts, "--describe", blip)
    assert report["descriptions"] == {"described": 1, "reused": 0, "failed": 0}
    found = run("retrieval.search", "anything", "--no-cutoff", "--chroma-dir", chroma_dir)
    assert "machine-written: " in found.stdout
    assert "description" in found.stdout


def test_pictures_leave_the_machine_only_with_permission(tmp_path: Path) -> None:
    save_picture(tmp_path / "posts" / "red.png", "red")
    done = run(
        "indexer", "build", tmp_path / "posts", "--describe", "endpoint:some-model",
        "--chroma-dir", tmp_path / "gallery",
    )  # fmt: skip
    assert done.returncode == 2
    assert "--allow-upload" in done.stderr
    assert not (tmp_path / "gallery").exists()


@pytest.mark.parametrize("image_id", ['["red"]', "{}", "[" * 20_000])
def test_a_line_of_another_shape_is_passed_over(tmp_path: Path, image_id: str) -> None:
    line = '{"image_id": %s, "model": "painter@1", "text": "a wall"}\n'
    (tmp_path / "descriptions.jsonl").write_text(line % image_id + line % '"red"')
    assert DescriptionCache(tmp_path, "painter@1").get("red") == "a wall"
