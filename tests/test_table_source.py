from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.sources.base import Skipped, SourceReading, SourceRequest
from indexer.sources.table import TableReader
from retrieval.errors import BadInput
from retrieval.records import SeenObject, Truth
from tests.data import COCO_MINI, SENTICAP, needs_shared_data
from tests.galleries import save_picture

ROWS = [
    {"image": "cat.jpg", "caption": "a cat, asleep", "id": "1", "date": "2019-07-04"},
    {"image": "dog.jpg", "caption": 'a dog says "hi"\nand runs', "id": "2", "date": ""},
]
JULY_4 = 1_562_198_400  # 2019-07-04T00:00:00Z


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cat.jpg", "dog.jpg", "deep/fox.jpg"):
        save_picture(tmp_path / name, "grey", size=4)
    return tmp_path


def read(path: Path, content: str | bytes | None = None, **request: object) -> SourceReading:
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return TableReader().read(SourceRequest(path, **request))  # type: ignore[arg-type]


def as_csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    records = [list(rows[0]), *(list(row.values()) for row in rows)]
    quoted = [['"' + field.replace('"', '""') + '"' for field in record] for record in records]
    return "\r\n".join(delimiter.join(record) for record in quoted)


def as_parquet(rows: list[dict[str, str]]) -> bytes:
    content = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), content)
    return bytes(content.getvalue())


FORMATS: dict[str, tuple[str, Callable[[list[dict[str, str]]], str | bytes]]] = {
    "commas": ("posts.csv", as_csv),
    "semicolons": ("posts.csv", lambda rows: as_csv(rows, ";")),
    "tabs": ("posts.tsv", lambda rows: as_csv(rows, "\t")),
    "tabs in a .csv": ("posts.csv", lambda rows: as_csv(rows, "\t")),
    "upper-case suffix": ("POSTS.CSV", as_csv),
    "byte order mark": ("posts.csv", lambda rows: "\ufeff" + as_csv(rows)),
    "UTF-16": ("posts.csv", lambda rows: as_csv(rows).encode("utf-16")),
    "blank lines": ("posts.csv", lambda rows: "\n" + as_csv(rows).replace("\r\n", "\r\n\r\n")),
    "JSON lines": ("posts.jsonl", lambda rows: "\n".join(map(json.dumps, rows)) + "\n\n"),
    "newline-delimited": ("posts.ndjson", lambda rows: "\r\n".join(map(json.dumps, rows))),
    "JSON array": ("posts.json", lambda rows: json.dumps(rows, indent=1)),
    "UTF-16 JSON": ("posts.json", lambda rows: json.dumps(rows).encode("utf-16")),
    "Parquet": ("posts.parquet", as_parquet),
}


@pytest.mark.parametrize(("name", "write"), FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_posts(
    folder: Path, name: str, write: Callable[[list[dict[str, str]]], str | bytes]
) -> None:
    reading = read(folder / name, write(ROWS))
    assert TableReader().recognises(folder / name)
    assert [(post.key, post.image_path, post.created_at) for post in reading.posts] == [
        ("1", "cat.jpg", JULY_4),
        ("2", "dog.jpg", None),
    ]
    assert [post.caption for post in reading.posts] == [row["caption"] for row in ROWS]
    assert {post.root for post in reading.posts} == {folder}
    assert all(post.truth is None and post.permalink is None for post in reading.posts)
    assert (reading.missing, reading.skipped) == ((), ())


@pytest.mark.parametrize(
    ("name", "content", "recognised"),
    [
        ("posts.csv", "image,caption\n", True),
        ("posts.json", "\ufeff \n[{}]", True),
        ("senticap.json", '{"images": []}', False),
        ("posts.txt", "image,caption\n", False),
        ("empty.json", "", False),
    ],
)
def test_recognises_tables_by_name_and_json_by_its_array(
    tmp_path: Path, name: str, content: str, recognised: bool
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert TableReader().recognises(tmp_path / name) is recognised
    assert not TableReader().recognises(tmp_path)


@pytest.mark.parametrize(
    "header",
    [
        "Image_Path,Text,Post ID,Taken-At,Link,Album",
        "media,message,post_id,timestamp,permalink,carousel",
        "FileName,Body,id,created_at,post_url,group_id",
    ],
)
def test_columns_are_known_by_their_usual_names(folder: Path, header: str) -> None:
    row = "cat.jpg,hello,7,2019-07-04,https://example.org/7,trip"
    (post,) = read(folder / "posts.csv", f"{header}\n{row}\n").posts
    assert (post.image_path, post.caption, post.key) == ("cat.jpg", "hello", "7")
    assert (post.created_at, post.permalink) == (JULY_4, "https://example.org/7")
    assert post.group_id == "trip"


def test_the_surest_name_wins_whatever_the_order_of_the_columns(folder: Path) -> None:
    content = "path,title,caption,image\nnowhere.jpg,a title,a caption,cat.jpg\n"
    reading = read(folder / "posts.csv", content)
    (post,) = reading.posts
    assert (post.image_path, post.caption) == ("cat.jpg", "a caption")
    assert reading.notes == (
        "Columns: picture from 'image', caption from 'caption'. Not used: 'path', 'title'.",
    )


def test_columns_asked_for_go_before_usual_names(folder: Path) -> None:
    content = "post_id,image,caption,mine\n9,cat.jpg,not this,this\n9,dog.jpg,nor this,that\n"
    columns = {"caption": "mine", "group": "post_id"}
    reading = read(folder / "posts.csv", content, columns=columns)
    assert [post.caption for post in reading.posts] == ["this", "that"]
    assert [post.group_id for post in reading.posts] == ["9", "9"]
    assert [post.key for post in reading.posts] == ["cat.jpg", "dog.jpg"]  # the id is the group


def test_without_ids_a_post_is_known_by_its_picture_and_how_often_it_was_named(
    folder: Path,
) -> None:
    content = "image,caption\ncat.jpg,a\n./cat.jpg,b\ndeep/fox.jpg,c\ndeep/../cat.jpg,d\n"
    posts = read(folder / "posts.csv", content).posts
    assert [post.key for post in posts] == ["cat.jpg", "cat.jpg#2", "deep/fox.jpg", "cat.jpg#3"]
    assert [post.image_path for post in posts][-1] == "cat.jpg"


def test_numbers_are_text_where_text_is_meant(folder: Path) -> None:
    rows = [{"image": "cat.jpg", "text": 2019, "id": 12.0}, {"image": "dog.jpg", "text": None}]
    posts = read(folder / "posts.jsonl", "\n".join(map(json.dumps, rows))).posts
    assert [(post.key, post.caption) for post in posts] == [("12", "2019"), ("dog.jpg", "")]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (r'"\ud800 half a smiley"', "\ufffd half a smiley"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"two\u2028lines"', "two\u2028lines"),
        ('"two\u2028lines"', "two\u2028lines"),
        (r'" \u0000 kept "', " \0 kept "),
        (r'"\u05e9\u05dc\u05d5\u05dd"', "שלום"),
    ],
)
def test_captions_are_kept_as_written_but_for_lone_surrogates(
    folder: Path, written: str, read_as: str
) -> None:
    (post,) = read(folder / "p.jsonl", f'{{"image": "cat.jpg", "caption": {written}}}').posts
    assert post.caption == read_as


def test_without_captions_none_is_read_and_no_column_is_needed(folder: Path) -> None:
    with_column = read(folder / "a.csv", "image,caption\ncat.jpg,hello\n", captions=False)
    without = read(folder / "b.csv", "image\ncat.jpg\n", captions=False)
    assert [post.caption for post in (*with_column.posts, *without.posts)] == ["", ""]


@pytest.mark.parametrize(
    "value",
    [JULY_4, float(JULY_4), JULY_4 * 1000, datetime(2019, 7, 4), datetime(2019, 7, 4, tzinfo=UTC)],
    ids=repr,
)
def test_parquet_dates_are_read_whatever_their_type(folder: Path, value: object) -> None:
    rows = [{"image": "cat.jpg", "caption": "", "date": value}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "posts.parquet")
    (post,) = read(folder / "posts.parquet").posts
    assert post.created_at == JULY_4


def test_gaps_as_pandas_writes_them_are_nothing(folder: Path) -> None:
    rows = [{"image": "cat.jpg", "caption": float("nan"), "date": float("nan"), "id": None}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "posts.parquet")
    (post,) = read(folder / "posts.parquet").posts
    assert (post.key, post.caption, post.created_at) == ("cat.jpg", "", None)


# Pictures


def test_pictures_are_looked_for_in_the_roots_in_their_order(folder: Path) -> None:
    save_picture(folder / "b" / "cat.jpg", "grey", size=4)
    save_picture(folder / "b" / "only.jpg", "grey", size=4)
    content = f"image,caption\ncat.jpg,\nonly.jpg,\n{folder}/b/only.jpg,\n"
    roots = (folder / "deep" / "..", folder / "b")
    posts = read(folder / "posts.csv", content, image_roots=roots).posts
    assert [(post.root, post.image_path) for post in posts] == [
        (roots[0], "cat.jpg"),
        (roots[1], "only.jpg"),
        (roots[0], "b/only.jpg"),
    ]


def test_a_root_that_is_a_link_holds_the_paths_it_links_to(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder / "deep")
    content = f"image,caption\n{folder}/deep/fox.jpg,\n{tmp_path}/link/fox.jpg,\n"
    posts = read(folder / "posts.csv", content, image_roots=(tmp_path / "link",)).posts
    assert {(post.root, post.image_path) for post in posts} == {(tmp_path / "link", "fox.jpg")}


def test_pictures_that_do_not_exist_are_named_once_and_their_posts_left_out(folder: Path) -> None:
    long_name = "x" * 300
    content = f"image,caption\ngone.jpg,a\ncat.jpg,b\ngone.jpg,c\ndeep,d\n{long_name},e\n\0,f\n"
    reading = read(folder / "posts.csv", content)
    assert [post.caption for post in reading.posts] == ["b"]
    assert reading.missing == ("gone.jpg", "deep", long_name, "\0")
    assert reading.notes[1].startswith(
        f"4 of the 5 pictures that posts.csv names do not exist under {folder};"
    )


def test_a_web_address_is_missing_and_the_note_says_to_download_it(folder: Path) -> None:
    address = "https://example.org/cat.jpg"
    reading = read(folder / "posts.csv", f"image_url,caption\n{address},a\n")
    assert (reading.posts, reading.missing) == ((), (address,))
    assert "web addresses, such as 'https://example.org/cat.jpg'" in reading.notes[1]
    assert "Download" in reading.notes[1]


def test_a_row_without_a_picture_costs_one_line(folder: Path) -> None:
    reading = read(folder / "posts.csv", "image,caption\ncat.jpg,a\n ,b\n")
    assert len(reading.posts) == 1
    assert reading.skipped == (
        Skipped(
            f"{folder}/posts.csv, row 2 (line 3)",
            "no picture in the column 'image'; name its file there",
        ),
    )


@pytest.mark.parametrize(
    "named", ["../secret.jpg", "/etc/passwd", "a/../../secret.jpg", "link.jpg"]
)
def test_a_picture_outside_the_roots_is_refused(folder: Path, named: str) -> None:
    inner = folder / "deep"
    save_picture(folder / "secret.jpg", "grey", size=4)
    (inner / "link.jpg").symlink_to(folder / "secret.jpg")
    content = f"image,caption\nfox.jpg,a\n{named},b\n"
    with pytest.raises(BadInput) as caught:
        read(inner / "posts.csv", content)
    assert f"{inner}/posts.csv, row 2 (line 3), column 'image': '{named}'" in str(caught.value)
    assert f"outside {inner}; nothing was written" in str(caught.value)


def test_a_link_from_one_root_into_another_is_followed(folder: Path) -> None:
    (folder / "links").mkdir()
    (folder / "links" / "fox.jpg").symlink_to(folder / "deep" / "fox.jpg")
    roots = (folder / "links", folder / "deep")
    (post,) = read(folder / "p.csv", "image,caption\nfox.jpg,a\n", image_roots=roots).posts
    assert post.root == roots[0]


# Truth


def test_sentiment_words_are_truth(folder: Path) -> None:
    content = "image,caption,sentiment,split\ncat.jpg,a, Positive,test\ndog.jpg,b,,\n"
    posts = read(folder / "posts.csv", content).posts
    assert [post.truth for post in posts] == [Truth(sentiment="positive", split="test"), None]


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        (
            "objects",
            "cat, dog",
            "lists of objects with category, supercategory and area from 0 to 1 only",
        ),
        ("objects", [{"category": "cat"}], "lists of objects with category"),
        ("marked_words", "nice", "lists of words only, and row 2 holds 'nice'"),
        ("marked_words", [1], "lists of words only, and row 2 holds [1]"),
    ],
)
def test_other_values_under_a_name_of_truth_are_not_truth(
    folder: Path, column: str, cell: object, why: str
) -> None:
    rows = [
        {"image": "cat.jpg", "caption": "a"},
        {"image": "dog.jpg", "caption": "b", column: cell},
    ]
    reading = read(folder / "posts.json", json.dumps(rows))
    assert [post.truth for post in reading.posts] == [None, None]
    assert f"The column '{column}' is not used as truth: it may hold {why}" in reading.notes[1]


def test_truth_is_read_in_the_usual_spellings(folder: Path) -> None:
    cells: list[dict[str, object]] = [
        {"sentiment": "POS", "Picture sentiment": 1, "topics": "Animals; home"},
        {"sentiment": "-1", "Picture sentiment": "neutral", "topics": ["a", "b"]},
        {"sentiment": 0, "topics": []},
    ]
    rows = [{"image": "cat.jpg", "caption": "", **row} for row in cells]
    truths = [post.truth for post in read(folder / "posts.json", json.dumps(rows)).posts]
    assert truths == [
        Truth("positive", picture_sentiment="positive", topics=("Animals", "home")),
        Truth("negative", picture_sentiment="neutral", topics=("a", "b")),
        Truth("neutral", topics=()),
    ]


@pytest.mark.parametrize(
    ("column", "cell", "write"),
    [
        ("sentiment", "0.87", "positive, neutral or negative, or 1, 0 or -1"),
        ("sentiment", True, "positive, neutral or negative"),
        ("picture_sentiment", "great", "positive, neutral or negative"),
        ("topics", 3, "names of topics with commas between"),
    ],
)
def test_an_odd_cell_of_truth_costs_only_itself(
    folder: Path, column: str, cell: object, write: str
) -> None:
    good = ["a"] if column == "topics" else "positive"
    rows = [
        {"image": "cat.jpg", "caption": "", column: cell},
        {"image": "dog.jpg", "caption": "", column: good},
    ]
    reading = read(folder / "posts.json", json.dumps(rows))
    odd, right = (post.truth for post in reading.posts)
    assert odd is None
    assert right is not None
    assert any(
        f"1 cell of the column '{column}' cannot be used as truth, the first in row 1: {cell!r}"
        in note
        and write in note
        for note in reading.notes
    ), reading.notes


def test_objects_and_marked_words_are_read_from_lists(folder: Path) -> None:
    cat = {"category": "cat", "supercategory": "animal", "area": 0.25}
    rows = [
        {"image": "cat.jpg", "caption": "", "marked_words": ["nice", "cat"], "objects": [cat]},
        {"image": "dog.jpg", "caption": "", "marked_words": [], "objects": []},
    ]
    posts = read(folder / "posts.json", json.dumps(rows)).posts
    assert [post.truth for post in posts] == [
        Truth(marked_words=("nice", "cat"), objects=(SeenObject("cat", "animal", 0.25),)),
        Truth(objects=()),
    ]


# What cannot be read

BROKEN: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("p.csv", "", "holds no rows"),
    "blank": ("p.csv", "\n\n", "holds no rows"),
    "header only": ("p.csv", "image,caption\n", "holds no rows"),
    "empty JSON lines": ("p.jsonl", "\n", "holds no rows"),
    "empty array": ("p.json", "[]", "holds no rows"),
    "no picture column": ("p.csv", "a,caption\nx,y\n", "looks like the picture; it has 'a', 'capt"),
    "no caption column": ("p.csv", "image,b\nx,y\n", "--columns picture=NAME,caption=NAME"),
    "two such columns": ("p.csv", "image,image,text\na,b,c\n", "two columns 'image'"),
    "too few fields": (
        "p.csv",
        'image,caption\ncat.jpg,"two\nlines"\n\ndog.jpg\n',
        "p.csv, row 2 (line 5): 1 fields where the first line names 2 columns",
    ),
    "too many fields": ("p.csv", "image,caption\ncat.jpg,a,b\n", "row 1 (line 2): 3 fields"),
    "open quote": ("p.csv", 'image,caption\ncat.jpg,a\ndog.jpg,"b\n', "row 2 (line 3): unexpected"),
    "latin1": ("p.csv", "image,caption\ncat.jpg,caf\xe9\n".encode("latin1"), "line 2 (byte 25)"),
    "Windows": ("p.csv", "image,caption\n“€”,\n".encode("cp1252"), "iconv -f windows-1252"),
    "UTF-16 with umlauts": ("p.csv", "image,caption\na,ü\n".encode("utf-16-le"), "-f utf-16le"),
    "UTF-16, the other way": ("p.csv", "image,caption\na,ü\n".encode("utf-16-be"), "-f utf-16be"),
    "quoted remedy": ("my p.csv", b"image,caption\n\xe9,\n", "my p.csv' > '/"),
    "UTF-16 unmarked": ("p.csv", "image,caption\na,b\n".encode("utf-16-le"), "iconv -f utf-16le"),
    "UTF-16 cut short": ("p.csv", "image".encode("utf-16") + b"\0", "not UTF-16 text"),
    "NUL bytes alone": ("p.csv", b"\0" * 99, "NUL bytes"),
    "same id twice": (
        "p.csv",
        "id,image,caption\n7,cat.jpg,a\n8,dog.jpg,b\n7,dog.jpg,c\n",
        "row 3 (line 4): the id '7' is that of row 1 too",
    ),
    "no date": (
        "p.csv",
        "image,caption,date\ncat.jpg,a,yesterday\n",
        "row 1 (line 2), column 'date': 'yesterday' is no date; write ISO 8601",
    ),
    "a date of no type": (
        "p.json",
        '[{"image": "cat.jpg", "caption": "", "date": [2019, 7]}]',
        "row 1, column 'date': [2019, 7] is no date",
    ),
    "a picture of no type": (
        "p.json",
        '[{"image": {"bytes": "x"}, "caption": ""}]',
        "row 1, column",
    ),
    "no object": (
        "p.jsonl",
        '{"image": "a", "text": "b"}\n\n[1]\n',
        "row 2 (line 3): [1] where an",
    ),
    "cut short": ("p.json", '[{"image": "cat.jpg",\n "cap', "p.json, line 2, column 2: not JSON"),
    "cut short lines": ("p.jsonl", '{"image": "a"}\n{"image": ', "p.jsonl, line 2, column 11"),
    "too deep": ("p.json", "[" * 100_000, "JSON beyond what can be read"),
    "another shape": ("p.json", '{"images": []}', "no array of objects"),
    "no Parquet": ("p.parquet", b"PAR1", "cannot be read as Parquet"),
    "no table": ("p.txt", "image,caption", "is no table that is read; its name may end in '.csv'"),
}


@pytest.mark.parametrize(("name", "content", "told"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_an_error_that_says_where_and_what_to_do(
    folder: Path, name: str, content: str | bytes, told: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(folder / name, content)
    assert told in str(caught.value)
    assert str(folder / name) in str(caught.value)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"columns": {"picutre": "image"}}, "no field 'picutre'; choose from 'picture', 'caption'"),
        ({"columns": {"picture": "img"}}, "has no column 'img'; it has 'image', 'caption'"),
        ({"image_roots": (Path("/nowhere"),)}, "picture folder /nowhere does not exist"),
    ],
)
def test_a_request_that_does_not_fit_the_table_lists_what_would(
    folder: Path, request_: dict[str, object], told: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(folder / "posts.csv", "image,caption\ncat.jpg,a\n", **request_)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for name in ("gone.csv", "gone.json", "gone.parquet"):
        with pytest.raises(BadInput, match="cannot"):
            read(tmp_path / name)


def test_importing_the_readers_loads_no_pandas_and_no_pyarrow() -> None:
    code = (
        "import sys, indexer.sources.senticap, indexer.sources.coco, indexer.final_dataset\n"
        "sys.exit(str({'pandas', 'pyarrow'} & sys.modules.keys() or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""


@needs_shared_data
def test_a_table_of_real_pictures_is_read_in_two_roots(tmp_path: Path) -> None:
    names = sorted(path.name for path in COCO_MINI.glob("*2017/*.jpg"))
    content = "file_name,title\n" + "".join(f"{name},{name}\n" for name in names)
    roots = (COCO_MINI / "train2017", COCO_MINI / "val2017")
    reading = read(tmp_path / "posts.csv", content, image_roots=roots)
    assert [post.key for post in reading.posts] == names
    assert [sum(post.root == root for post in reading.posts) for root in roots] == [50, 50]


@needs_shared_data
def test_senticaps_json_is_no_table() -> None:
    assert not TableReader().recognises(SENTICAP)


# --- as other programs write it ---------------------------------------------------------------


def test_a_caption_is_as_long_as_it_is(folder: Path) -> None:
    reading = read(folder / "p.csv", f"image,caption\ncat.jpg,{'x' * 200_000}\n")
    assert reading.posts[0].caption == "x" * 200_000


@pytest.mark.parametrize("sep", [";", ",", "\t", "|"])
def test_excels_first_line_says_the_delimiter(folder: Path, sep: str) -> None:
    text = f"sep={sep}\r\nimage{sep}caption\r\ncat.jpg{sep}hello, you\r\n"
    text = text.replace("hello, you", '"hello, you"')
    assert [post.caption for post in read(folder / "p.csv", text).posts] == ["hello, you"]


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("deep\\fox.jpg", "deep/fox.jpg"),
        (".\\deep\\fox.jpg", "deep/fox.jpg"),
        ("deep/fox.jpg?size=large&v=2", "deep/fox.jpg"),
        ("my%20cat.jpg", "my cat.jpg"),
        ("deep%2Ffox.jpg", "deep/fox.jpg"),
        ("100%.jpg", "100%.jpg"),
        ("what?.jpg", "what?.jpg"),
        ("deep/fox.jpg#top", "deep/fox.jpg"),
        ("my%20cat.jpg?w=1&amp;h=2#top", "my cat.jpg"),
        ("deep%20er\\r&amp;b.jpg", "deep er/r&b.jpg"),
        ("Deep/Fox.JPG", "deep/fox.jpg"),
        ("DEEP\\FOX.JPG", "deep/fox.jpg"),
        ("cafe\u0301/\u00fc.jpg", "caf\u00e9/u\u0308.jpg"),  # each part in the other form
    ],
)
def test_names_are_found_as_other_programs_write_them(folder: Path, named: str, found: str) -> None:
    for name in ("my cat.jpg", "100%.jpg", "what?.jpg", "caf\u00e9/u\u0308.jpg", "deep er/r&b.jpg"):
        save_picture(folder / name, "grey", size=4)
    reading = read(folder / "p.json", json.dumps([{"image": named, "caption": ""}]))
    assert [post.image_path for post in reading.posts] == [found]


def test_a_name_whose_case_fits_two_files_is_missing(folder: Path) -> None:
    for name in ("CAT.jpg", "Dog.jpg"):
        save_picture(folder / name, "grey", size=4)
    rows = [{"image": name, "caption": ""} for name in ("Cat.jpg", "Dog.jpg", "deep/FOX.jpg")]
    reading = read(folder / "p.json", json.dumps(rows))
    assert [post.image_path for post in reading.posts] == ["Dog.jpg", "deep/fox.jpg"]
    assert reading.missing == ("Cat.jpg",)


def test_an_address_of_a_file_is_its_path(folder: Path) -> None:
    save_picture(folder / "my cat.jpg", "grey", size=4)
    fox = (folder / "deep/fox.jpg").as_uri()
    named = [fox, (folder / "my cat.jpg").as_uri()]
    for other in (fox.replace("file:///", "file:/"), fox.replace("///", "//localhost/")):
        assert read(folder / "p.json", json.dumps([{"image": other, "caption": ""}])).posts
    assert "%20" in named[1]
    rows = [{"image": name, "caption": ""} for name in named]
    reading = read(folder / "p.json", json.dumps(rows))
    assert [post.image_path for post in reading.posts] == ["deep/fox.jpg", "my cat.jpg"]
    outside = json.dumps([{"image": "file:///etc/passwd", "caption": ""}])
    with pytest.raises(BadInput, match="lies outside"):
        read(folder / "p.json", outside)


def test_a_name_that_means_something_outside_only_when_decoded_is_missing(folder: Path) -> None:
    rows = [{"image": name, "caption": ""} for name in ("%2e%2e/x.jpg", "cat.jpg", "..\\x.jpg")]
    reading = read(folder / "p.json", json.dumps(rows))
    assert reading.missing == ("%2e%2e/x.jpg", "..\\x.jpg")


def test_an_address_of_no_host_is_missing_and_said_in_one_line(folder: Path) -> None:
    rows = [{"image": name, "caption": ""} for name in ("file://[", "http://a\nb", "cat.jpg")]
    reading = read(folder / "p.json", json.dumps(rows))
    assert reading.missing == ("file://[", "http://a\nb")
    assert all(len(note.splitlines()) == 1 for note in reading.notes)


@pytest.mark.parametrize("damage", ["a byte", "a duration of more than a million years"])
def test_why_parquet_cannot_be_read_is_one_line(folder: Path, damage: str) -> None:
    table = pa.table({"image": ["cat.jpg"], "caption": ["a"]})
    if damage != "a byte":
        long = pa.array([10**15], pa.int64()).view(pa.duration("s"))
        table = table.append_column("text", long)
    out = io.BytesIO()
    pq.write_table(table, out)
    content = bytearray(out.getvalue())
    if damage == "a byte":
        footer = int.from_bytes(content[-8:-4], "little")
        content[-8 - footer] ^= 0xFF
    with pytest.raises(BadInput, match="cannot be read as Parquet") as caught:
        read(folder / "p.parquet", bytes(content))
    assert len(str(caught.value).splitlines()) == 1


def test_paths_of_another_machine_are_said_to_be_that(folder: Path) -> None:
    named = (
        "C:\\Users\\me\\a.jpg",
        "file:///C:/a.jpg",
        "cat.jpg",
        "file://nas/share/a.jpg",
        "data:,x",
    )
    rows = [{"image": name, "caption": ""} for name in named]
    notes = " ".join(read(folder / "p.json", json.dumps(rows)).notes)
    assert "2 of the 5 pictures that p.json names are paths of a Windows machine" in notes
    assert "2 of the 5 pictures that p.json names are web addresses" in notes
