from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.sources.base import SourceReading, SourceRequest
from indexer.sources.coco import CocoReader
from indexer.sources.coco_files import picture_id, picture_places
from retrieval.errors import BadInput
from retrieval.records import SeenObject, Truth
from tests.data import COCO_MINI, SENTICAP, needs_shared_data
from tests.galleries import save_picture

Json = dict[str, Any]

CAPTIONS: Json = {
    "images": [
        {"id": 1, "file_name": "000000000001.jpg", "width": 10, "height": 20},
        {"id": 2, "file_name": "000000000002.jpg", "width": 10, "height": 10},
    ],
    "annotations": [
        {"id": 71, "image_id": 1, "caption": "A cat on a sofa. "},
        {"id": 72, "image_id": 2, "caption": "A street."},
        {"id": 73, "image_id": 1, "caption": "A sleeping cat."},
    ],
}
INSTANCES: Json = {
    "images": CAPTIONS["images"],
    "categories": [
        {"id": 17, "name": "cat", "supercategory": "animal"},
        {"id": 63, "name": "couch", "supercategory": "furniture"},
        {"id": 64, "name": "bed", "supercategory": "furniture"},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 17, "area": 30.0, "segmentation": [[1.0, 2.0]]},
        {"id": 2, "image_id": 1, "category_id": 63, "area": 150, "segmentation": [[1.0, 2.0]]},
        {"id": 3, "image_id": 1, "category_id": 63, "area": 90, "segmentation": {"counts": []}},
        {"id": 4, "image_id": 1, "category_id": 17, "area": 20.0},
        {"id": 5, "image_id": 1, "category_id": 64, "area": 50.0},
    ],
}
# Of 200 pixels: the couches' 240 are capped, cat and bed cover 50 each and go by name.
SEEN = (
    SeenObject("couch", "furniture", 1.0),
    SeenObject("bed", "furniture", 0.25),
    SeenObject("cat", "animal", 0.25),
)


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """COCO as it is unpacked: annotations/ beside val2017/."""
    write(tmp_path / "annotations" / "captions_val2017.json", CAPTIONS)
    write(tmp_path / "annotations" / "instances_val2017.json", INSTANCES)
    for number in (1, 2):
        save_picture(tmp_path / "val2017" / f"{number:012d}.jpg", "grey", size=4)
    return tmp_path


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return path


def read(path: Path, *roots: Path, captions: bool = True) -> SourceReading:
    return CocoReader().read(SourceRequest(path, image_roots=roots, captions=captions))


def test_every_caption_is_a_post_with_what_its_picture_shows(coco: Path) -> None:
    reading = read(coco / "annotations" / "captions_val2017.json")
    assert [(post.key, post.image_path, post.caption) for post in reading.posts] == [
        ("71", "000000000001.jpg", "A cat on a sofa. "),
        ("72", "000000000002.jpg", "A street."),
        ("73", "000000000001.jpg", "A sleeping cat."),
    ]
    seen, nothing = Truth(split="val", objects=SEEN), Truth(split="val", objects=())
    assert [post.truth for post in reading.posts] == [seen, nothing, seen]
    assert {post.root for post in reading.posts} == {coco / "val2017"}
    assert reading.missing == ()
    assert reading.notes == ("instances_val2017.json tells what 2 pictures show.",)


def test_without_instances_nobody_knows_what_the_pictures_show(coco: Path) -> None:
    (coco / "annotations" / "instances_val2017.json").unlink()
    reading = read(coco / "annotations" / "captions_val2017.json")
    assert {post.truth for post in reading.posts} == {Truth(split="val")}
    assert "so no topics are known as true" in reading.notes[0]


def test_a_set_that_is_no_split_has_none(coco: Path) -> None:
    path = write(coco / "captions_mine.json", CAPTIONS)
    assert {post.truth for post in read(path, coco).posts} == {None}


def test_without_captions_there_is_one_post_a_picture(coco: Path) -> None:
    reading = read(coco / "annotations" / "captions_val2017.json", captions=False)
    assert [(post.key, post.caption) for post in reading.posts] == [("71", ""), ("72", "")]


def test_pictures_that_lie_nowhere_are_named_once_and_their_captions_left_out(coco: Path) -> None:
    (coco / "val2017" / "000000000001.jpg").unlink()
    reading = read(coco / "annotations" / "captions_val2017.json")
    assert [post.key for post in reading.posts] == ["72"]
    assert reading.missing == ("000000000001.jpg",)
    assert reading.notes[1].startswith(
        f"1 pictures that captions_val2017.json describes are not in {coco}/val2017;"
    )


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("COCO_val2014_000000391895.jpg", 391895),
        ("COCO_train2014_000000391895.JPG", 391895),
        ("000000391895.jpg", 391895),
        ("391895.jpg", None),
        ("000000391895.jpg.part", None),
        ("000000391895_small.jpg", None),
        ("x000000391895.jpg", None),
    ],
)
def test_pictures_are_known_by_their_12_digits(name: str, number: int | None) -> None:
    assert picture_id(name) == number


def test_pictures_lie_in_any_mix_of_folders_one_level_deep(tmp_path: Path) -> None:
    both, other = tmp_path / "coco", tmp_path / "other"
    for path in (
        both / "val2014" / "COCO_val2014_000000000001.jpg",
        both / "val2017" / "000000000001.jpg",
        both / "val2017" / "000000000002.jpg",
        both / "000000000003.jpg",
        both / "val2017" / "deeper" / "000000000004.jpg",
        other / "000000000002.jpg",
        other / "000000000005.jpg",
    ):
        save_picture(path, "grey", size=4)
    (other / "000000000006.jpg").symlink_to(tmp_path / "gone.jpg")
    assert picture_places((both, other)) == {
        1: (both, "val2014/COCO_val2014_000000000001.jpg"),
        2: (both, "val2017/000000000002.jpg"),
        3: (both, "000000000003.jpg"),
        5: (other, "000000000005.jpg"),
    }


def test_a_file_without_pictures_beside_it_asks_for_their_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "a" / "b" / "captions_val2017.json", CAPTIONS)
    with pytest.raises(BadInput, match="--images DIR where they lie: a folder such as val2017"):
        read(path)
    with pytest.raises(BadInput, match=r"the picture folder .*nowhere does not exist"):
        read(path, tmp_path / "nowhere")


def changed(document: Json, name: str, entry: Json) -> Json:
    return document | {name: [entry, *document[name][1:]]}


BROKEN_CAPTIONS: dict[str, tuple[object, str]] = {
    "a list": ([], "'images' should be a list"),
    "instances": (INSTANCES, "entry 1 of 'annotations': 'caption' should be a text"),
    "no annotations": ({"images": []}, "'annotations' should be a list"),
    "a caption of no type": (
        changed(CAPTIONS, "annotations", {"id": 1, "image_id": 1, "caption": 5}),
        "entry 1 of 'annotations': 'caption' should be a text",
    ),
    "the same id twice": (
        changed(CAPTIONS, "annotations", {"id": 73, "image_id": 2, "caption": "A road."}),
        "entry 3 of 'annotations': its id 73 is that of another entry too",
    ),
    "an entry of no type": (CAPTIONS | {"images": [7]}, "entry 1 of 'images': 'id' should be a w"),
}


@pytest.mark.parametrize(("document", "told"), BROKEN_CAPTIONS.values(), ids=BROKEN_CAPTIONS)
def test_captions_of_another_shape_are_an_error_that_names_the_entry(
    coco: Path, document: object, told: str
) -> None:
    path = write(coco / "annotations" / "captions_val2017.json", document)
    with pytest.raises(BadInput) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


BROKEN_INSTANCES: dict[str, tuple[Json, str]] = {
    "captions": (CAPTIONS, "'categories' should be a list"),
    "an unknown category": (
        changed(INSTANCES, "annotations", {"id": 1, "image_id": 1, "category_id": 9, "area": 1}),
        "entry 1 of 'annotations': the category 9 is not among",
    ),
    "an area of no type": (
        changed(INSTANCES, "annotations", {"id": 1, "image_id": 1, "category_id": 17}),
        "entry 1 of 'annotations': 'area' should be a number of pixels",
    ),
    "an area without end": (
        changed(
            INSTANCES, "annotations", {"id": 1, "image_id": 1, "category_id": 17, "area": 10**400}
        ),
        "entry 1 of 'annotations': 'area' should be a number of pixels",
    ),
    "no size": (
        changed(INSTANCES, "images", {"id": 1, "file_name": "000000000001.jpg"}),
        "entry 1 of 'images': 'width' should be a whole number",
    ),
}


@pytest.mark.parametrize(("document", "told"), BROKEN_INSTANCES.values(), ids=BROKEN_INSTANCES)
def test_instances_of_another_shape_are_an_error_that_names_the_entry(
    coco: Path, document: Json, told: str
) -> None:
    path = write(coco / "annotations" / "instances_val2017.json", document)
    with pytest.raises(BadInput) as caught:
        read(coco / "annotations" / "captions_val2017.json")
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_a_size_without_end_is_none(coco: Path) -> None:
    size = {"id": 1, "file_name": "000000000001.jpg", "width": 10**400, "height": 1}
    write(coco / "annotations" / "instances_val2017.json", changed(INSTANCES, "images", size))
    (post, *_) = read(coco / "annotations" / "captions_val2017.json").posts
    assert post.truth is not None
    assert all(seen.area < 1e-9 for seen in post.truth.objects or ())


def test_a_file_cut_short_is_an_error_that_names_line_and_column(coco: Path) -> None:
    path = coco / "annotations" / "captions_val2017.json"
    path.write_text('{"images": [],\n "annotations": [{"id', "utf-8")
    with pytest.raises(BadInput, match=r"captions_val2017.json, line 2, column 19: not JSON"):
        read(path)


def test_recognises_captions_at_either_end_of_a_large_file(tmp_path: Path) -> None:
    padding = {"info": "x" * 200_000}
    last = write(tmp_path / "last.json", padding | CAPTIONS)
    first = write(tmp_path / "first.json", CAPTIONS | padding)
    others = (
        write(tmp_path / "instances.json", INSTANCES),
        write(tmp_path / "list.json", [CAPTIONS]),
    )
    assert CocoReader().recognises(last)
    assert CocoReader().recognises(first)
    assert not any(CocoReader().recognises(path) for path in (*others, tmp_path))


@needs_shared_data
@pytest.mark.parametrize(("name", "split"), [("train2017", "train"), ("val2017", "val")])
def test_coco_mini_is_read_as_it_lies(name: str, split: str) -> None:
    path = COCO_MINI / "annotations" / f"captions_{name}.json"
    assert CocoReader().recognises(path)
    reading = read(path)
    assert (len(reading.posts), reading.missing) == (250, ())
    assert len({post.key for post in reading.posts}) == 250
    assert len({post.image_path for post in reading.posts}) == 50
    truths = [post.truth for post in reading.posts if post.truth]
    assert {(truth.sentiment, truth.split) for truth in truths} == {(None, split)}
    assert all(0 <= seen.area <= 1 for truth in truths for seen in truth.objects or ())


@needs_shared_data
def test_other_reference_files_are_not_taken_for_captions() -> None:
    instances = COCO_MINI / "annotations" / "instances_val2017.json"
    assert not any(CocoReader().recognises(path) for path in (SENTICAP, instances))
