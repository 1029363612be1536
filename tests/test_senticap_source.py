from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from indexer.sources.base import SourceReading, SourceRequest
from indexer.sources.senticap import SentiCapReader
from retrieval.errors import BadInput
from retrieval.records import SeenObject, Truth
from tests.data import COCO_MINI, SENTICAP, needs_shared_data
from tests.galleries import save_picture

Json = dict[str, Any]


def sentence(raw: str, marked: str, sentiment: int) -> Json:
    tokens = raw.lower().split()
    marks = [1 if token in marked.split() else 0.0 for token in tokens]
    return {"raw": raw, "tokens": tokens, "word_sentiment": marks, "sentiment": sentiment}


def entry(number: int, split: str, *sentences: Json) -> Json:
    name = f"COCO_val2014_{number:012d}.jpg"
    return {"filename": name, "imgid": 1, "split": split, "sentences": list(sentences)}


PRETTY = sentence("A pretty cat", "pretty cat", 1)
UGLY = sentence("An ugly cat", "ugly cat", 0)
LONELY = sentence("A lonely street", "lonely street", 0)
ENTRIES = [
    entry(1, "test", PRETTY),
    entry(2, "train", LONELY),
    entry(1, "test", UGLY, PRETTY),  # the same picture again, as in SentiCap's test split
]


@pytest.fixture
def senticap(tmp_path: Path) -> Path:
    """SentiCap's file with both pictures: one from val2014, one from train2017."""
    save_picture(tmp_path / "coco/val2014/COCO_val2014_000000000001.jpg", "grey", size=4)
    save_picture(tmp_path / "coco/train2017/000000000002.jpg", "grey", size=4)
    return write(tmp_path / "senticap_dataset.json", {"images": ENTRIES})


@pytest.fixture
def coco_annotations(tmp_path: Path) -> Path:
    """COCO's annotations of 2014 and 2017: overlapping, with picture 2 in no instances file."""
    folder = tmp_path / "annotations"
    images = [{"id": n, "file_name": f"{n:012d}.jpg", "width": 10, "height": 10} for n in (1, 2, 3)]
    first = {"id": 91, "image_id": 1, "caption": "A cat."}
    last = {"id": 90, "image_id": 2, "caption": "A street."}
    strange = {"id": 92, "image_id": 3, "caption": "Not one of SentiCap's."}
    category = {"id": 17, "name": "cat", "supercategory": "animal"}
    cat = {"id": 5, "image_id": 1, "category_id": 17, "area": 40}
    write(
        folder / "captions_val2014.json", {"images": images, "annotations": [last, first, strange]}
    )
    write(folder / "captions_val2017.json", {"images": images[:1], "annotations": [first]})
    instances = {"images": images[:1], "categories": [category], "annotations": [cat]}
    write(folder / "instances_val2014.json", instances)
    write(folder / "instances_val2017.json", instances)
    return folder


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return path


def read(path: Path, *roots: Path, **request: Any) -> SourceReading:
    return SentiCapReader().read(SourceRequest(path, image_roots=roots, **request))


def test_every_sentence_is_a_post_even_of_a_picture_that_comes_twice(senticap: Path) -> None:
    reading = read(senticap, senticap.parent / "coco")
    positive = Truth("positive", "test", ("pretty", "cat"))
    assert [(post.key, post.caption, post.truth) for post in reading.posts] == [
        ("1:0:0", "A pretty cat", positive),
        ("2:0:0", "A lonely street", Truth("negative", "train", ("lonely", "street"))),
        ("1:1:0", "An ugly cat", Truth("negative", "test", ("ugly", "cat"))),
        ("1:1:1", "A pretty cat", positive),
    ]
    assert [post.image_path for post in reading.posts] == [
        "val2014/COCO_val2014_000000000001.jpg",
        "train2017/000000000002.jpg",
        "val2014/COCO_val2014_000000000001.jpg",
        "val2014/COCO_val2014_000000000001.jpg",
    ]
    assert (reading.missing, reading.notes) == ((), ())


def test_without_captions_there_is_one_post_a_picture(senticap: Path) -> None:
    reading = read(senticap, senticap.parent / "coco", captions=False)
    assert [post.caption for post in reading.posts] == ["", ""]
    assert all(post.truth and post.truth.sentiment is None for post in reading.posts)


def test_folders_of_cocos_names_beside_the_file_need_no_mention(senticap: Path) -> None:
    beside = senticap.rename(senticap.parent / "coco" / senticap.name)
    assert {post.root.name for post in read(beside).posts} == {"val2014", "train2017"}


def test_pictures_that_lie_nowhere_are_named_once_and_the_note_counts_them(senticap: Path) -> None:
    reading = read(senticap, senticap.parent / "coco" / "train2017")
    assert [post.key for post in reading.posts] == ["2:0:0"]
    assert reading.missing == ("COCO_val2014_000000000001.jpg",)
    (note,) = reading.notes
    assert note.startswith("1 of the 2 pictures that SentiCap refers to are not in ")
    assert "so 3 of its 4 captions are left out" in note
    assert "val2017 holds only a part" in note


def test_cocos_captions_of_the_same_pictures_become_neutral_posts(
    senticap: Path, coco_annotations: Path
) -> None:
    reading = read(senticap, senticap.parent / "coco", coco_annotations=coco_annotations)
    cat = (SeenObject("cat", "animal", 0.4),)
    assert [(post.key, post.caption, post.truth) for post in reading.posts[4:]] == [
        ("coco:91", "A cat.", Truth("neutral", "test", objects=cat)),
        ("coco:90", "A street.", Truth("neutral", "train")),
    ]
    assert reading.posts[0].truth == Truth("positive", "test", ("pretty", "cat"), cat)
    assert reading.posts[1].truth == Truth("negative", "train", ("lonely", "street"), None)
    assert reading.notes == (
        f"COCO's annotations in {coco_annotations} add 2 captions as neutral posts, and "
        "tell of 1 of the 2 pictures what they show.",
    )


def test_pictures_that_coco_does_not_describe_there_are_counted(
    senticap: Path, coco_annotations: Path
) -> None:
    (coco_annotations / "captions_val2014.json").unlink()
    (coco_annotations / "instances_val2014.json").unlink()
    (coco_annotations / "instances_val2017.json").unlink()
    reading = read(senticap, senticap.parent / "coco", coco_annotations=coco_annotations)
    assert [post.key for post in reading.posts[4:]] == ["coco:91"]
    assert "0 of the 2 pictures" in reading.notes[0]
    assert "1 pictures have no caption there" in reading.notes[0]


@pytest.mark.parametrize("name", ["nowhere", "coco"])
def test_a_folder_without_cocos_annotations_is_refused(senticap: Path, name: str) -> None:
    folder = senticap.parent / name
    with pytest.raises(BadInput, match=f"{name} holds no captions_.*annotations_trainval2014.zip"):
        read(senticap, senticap.parent / "coco", coco_annotations=folder)


def test_without_a_folder_of_pictures_it_is_asked_for(senticap: Path) -> None:
    with pytest.raises(BadInput, match="--images DIR where they lie: a folder such as val2014"):
        read(senticap)


BROKEN: dict[str, tuple[object, str]] = {
    "a list": ([], "'images' should be a list"),
    "no entries": ({"images": []}, "holds no sentences"),
    "another name": (
        {"images": [entry(1, "test", PRETTY) | {"filename": "../1.jpg"}]},
        "entry 1 of 'images': '../1.jpg' is no name of a COCO picture",
    ),
    "no split": (
        {"images": [ENTRIES[0], entry(2, "test", UGLY) | {"split": None}]},
        "entry 2 of 'images': 'split' should be a text",
    ),
    "another sentiment": (
        {"images": [entry(1, "test", PRETTY, UGLY | {"sentiment": 2})]},
        "entry 1 of 'images', sentence 2: 'sentiment' is 2; SentiCap has 0 (negative), 1",
    ),
    "words without marks": (
        {"images": [entry(1, "test", UGLY | {"word_sentiment": [1]})]},
        "sentence 1: 3 'tokens' but 1 'word_sentiment'",
    ),
}


@pytest.mark.parametrize(("document", "told"), BROKEN.values(), ids=BROKEN)
def test_another_shape_is_an_error_that_names_entry_and_sentence(
    senticap: Path, document: object, told: str
) -> None:
    write(senticap, document)
    with pytest.raises(BadInput) as caught:
        read(senticap, senticap.parent / "coco")
    assert str(senticap) in str(caught.value)
    assert told in str(caught.value)


def test_a_file_cut_short_is_an_error_that_names_line_and_column(senticap: Path) -> None:
    senticap.write_text('{"images": [\n{"filename', "utf-8")
    with pytest.raises(BadInput, match=r"senticap_dataset.json, line 2, column 2: not JSON"):
        read(senticap, senticap.parent / "coco")


def test_recognises_senticap_by_its_entries(senticap: Path, coco_annotations: Path) -> None:
    assert SentiCapReader().recognises(senticap)
    assert not SentiCapReader().recognises(coco_annotations / "captions_val2014.json")
    assert not SentiCapReader().recognises(coco_annotations)


@needs_shared_data
def test_the_real_senticap_with_coco_minis_pictures() -> None:
    assert SentiCapReader().recognises(SENTICAP)
    reading = read(SENTICAP, COCO_MINI / "train2017", COCO_MINI / "val2017")
    assert len(reading.posts) == 21
    assert len({post.image_path for post in reading.posts}) == 4
    assert len(reading.missing) == len(set(reading.missing)) == 2221
    assert reading.notes[0].startswith("2,221 of the 2,225 pictures")
    assert "so 8,848 of its 8,869 captions are left out" in reading.notes[0]


@needs_shared_data
def test_the_real_senticap_joined_with_coco_minis_annotations() -> None:
    reading = read(SENTICAP, COCO_MINI, coco_annotations=COCO_MINI / "annotations")
    truths = [post.truth for post in reading.posts if post.truth]
    assert Counter((truth.sentiment, truth.split) for truth in truths) == {
        ("positive", "train"): 3,
        ("negative", "train"): 6,
        ("positive", "test"): 6,
        ("negative", "test"): 6,
        ("neutral", "train"): 10,
        ("neutral", "test"): 10,
    }
    assert all(truth.objects for truth in truths)
    assert {truth.split for truth in truths if truth.marked_words == ("pretty", "baby")} == {
        "train"
    }


@needs_shared_data
def test_all_of_senticaps_sentences_are_posts_when_all_pictures_are_there(tmp_path: Path) -> None:
    for image in json.loads(SENTICAP.read_text("utf-8"))["images"]:
        (tmp_path / image["filename"]).touch()
    reading = read(SENTICAP, tmp_path)
    assert len(reading.posts) == len({post.key for post in reading.posts}) == 8869
    assert len({post.image_path for post in reading.posts}) == 2225
    splits = Counter(post.truth.split for post in reading.posts if post.truth)
    assert splits == {"train": 4419, "val": 922, "test": 3528}
    assert (reading.missing, reading.notes) == ((), ())
