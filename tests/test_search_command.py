"""`python -m retrieval.search` as people use it, with real encoders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, SAMPLE, Ended, build, run, run_after_each_other
from tests.galleries import save_picture

PICTURES = SAMPLE.parent / "pictures"


@pytest.fixture(scope="session")
def gallery(sample_gallery: Path) -> Path:
    return sample_gallery


def search(gallery: Path, *arguments: object) -> Ended:
    done = run("retrieval.search", *arguments, "--chroma-dir", gallery)
    assert done.returncode == 0, done.stderr
    return done


def hits_of(gallery: Path, *arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(search(gallery, *arguments, "--json").stdout)
    return found


def names(hits: list[dict[str, Any]]) -> list[str]:
    return [Path(hit["path"]).name for hit in hits]


def ids_of(hits: list[dict[str, Any]]) -> list[str]:
    return [post["post_id"].rpartition("/")[2] for hit in hits for post in hit["posts"]]


# --- answers --------------------------------------------------------------------------------


def test_a_question_with_all_kinds_of_filters(gallery: Path) -> None:
    asked = (
        "coffee on a kitchen table", "--sentiment", "negative", "--sentiment", "neutral",
        "--topic", "Food_Drink", "--since", "2020-03", "--until", "2020", "-k", 3,
    )  # fmt: skip
    (hit,) = hits_of(gallery, *asked)
    assert names([hit]) == ["coffee.png"]
    assert ids_of([hit]) == ["sample-14"], "the other two posts are of other years"
    shown = search(gallery, *asked).stdout
    assert shown.startswith("1 picture for “coffee on a kitchen table”\n\n  1  coffee.png\n")
    assert "     2020-03-28  “Lockdown, week two." in shown
    assert " · food_drink  [sample-" in shown
    assert "says coffee, kitchen, table (rank 1)" in shown
    assert str(gallery / "thumbnails") in shown


def test_why_has_similarities_ranks_and_the_matched_words(gallery: Path) -> None:
    first = hits_of(gallery, "an old moon", "-k", 1)[0]
    why = first["why"]
    assert names([first]) == ["moon.png"]
    assert why.keys() == {
        "image", "image_rank", "caption", "caption_rank", "description", "description_rank",
        "words", "words_score", "words_rank",
    }  # fmt: skip
    assert -1 <= why["image"] <= 1
    assert 0.3 < why["caption"] <= 1
    assert 0 < why["words_score"] < 1
    assert why["words"] == ["old", "moon"]
    assert (why["caption_rank"], why["words_rank"]) == (1, 1)
    assert why["image_rank"] >= 1
    assert (why["description"], why["description_rank"]) == (None, None)
    assert 0 < first["score"] < 1
    assert first["alike"] == []


@pytest.mark.parametrize(
    ("strategy", "filled"),
    [
        ("image", {"image", "image_rank"}),
        ("caption", {"caption", "caption_rank"}),
        ("words", {"words", "words_score", "words_rank"}),
        ("hybrid", {"image", "image_rank", "caption", "caption_rank", "words", "words_score",
                    "words_rank"}),
    ],
)  # fmt: skip
def test_every_strategy_says_what_it_looked_at(
    gallery: Path, strategy: str, filled: set[str]
) -> None:
    hit = hits_of(gallery, "a cup of coffee", "--strategy", strategy, "-k", 1)[0]
    assert names([hit]) == ["coffee.png"]
    assert {name for name, value in hit["why"].items() if value not in (None, [])} == filled


def test_words_find_every_caption_that_has_them_and_no_other(gallery: Path) -> None:
    found = hits_of(gallery, "coins moons", "--strategy", "words", "--no-collapse")
    assert set(names(found)) == {"coins.png", "moon.png"}
    assert {word for hit in found for word in hit["why"]["words"]} == {"coins", "moons"}
    assert "no caption has any of these words; --strategy hybrid" in search(
        gallery, "submarine", "--strategy", "words"
    ).stderr  # fmt: skip


def test_looking_away_pushes_back_and_says_what_it_cannot_do(gallery: Path) -> None:
    done = search(gallery, "coffee -morning", "-k", 1)
    assert done.stdout.startswith("1 picture for “coffee”, away from “morning”\n")
    assert "looking away from “morning”: pictures like that come later, but none is" in done.stderr
    with_cat = hits_of(gallery, "animal", "--strategy", "image", "--no-cutoff")
    without = hits_of(gallery, "animal -cat", "--strategy", "image", "--no-cutoff", "-k", 20)
    assert names(with_cat)[0] == "chelsea.png"
    assert names(without).index("chelsea.png") > 10


def test_a_file_finds_itself_and_what_looks_like_it(gallery: Path, tmp_path: Path) -> None:
    first, *_ = hits_of(gallery, "--like", PICTURES / "rocket.jpg", "-k", 3)
    assert names([first]) == ["rocket.jpg"]
    assert first["why"]["image"] == pytest.approx(1, abs=0.02)
    assert (first["why"]["caption"], first["why"]["words"]) == (None, [])
    shown = search(gallery, "--like", PICTURES / "rocket.jpg", "-k", 1).stdout
    assert "pictures like the one given" in shown.splitlines()[0]
    mixed = hits_of(gallery, "coffee", "--like", PICTURES / "rocket.jpg", "-k", 2)
    assert set(names(mixed)) == {"rocket.jpg", "coffee.png"}


def test_a_picture_of_the_gallery_finds_others(gallery: Path) -> None:
    (moon,) = hits_of(gallery, "the moon", "-k", 1)
    for asked in (moon["image_id"], moon["image_id"][:10]):
        found = hits_of(gallery, "--similar-to", asked, "-k", 4)
        assert len(found) == 4
        assert moon["image_id"] not in [hit["image_id"] for hit in found]
    shown = search(gallery, "--similar-to", moon["image_id"], "-k", 1).stdout
    assert shown.startswith("1 picture for more like that picture\n")


def test_nothing_is_found_for_nonsense_and_the_hint_says_how_to_see_the_nearest(
    gallery: Path,
) -> None:
    done = search(gallery, "asdfgh qwertz")
    assert done.stdout == "0 pictures for “asdfgh qwertz”\n"
    assert done.stderr == (
        "nothing here has to do with it; --no-cutoff shows the nearest all the same\n"
    )
    assert hits_of(gallery, "asdfgh qwertz") == []
    everything = hits_of(gallery, "asdfgh qwertz", "--no-cutoff", "--no-collapse", "-k", 100)
    assert len(everything) == 20
    assert max(hit["score"] for hit in everything) < 0.23


def test_filters_that_nothing_passes_are_said(gallery: Path) -> None:
    done = search(gallery, "cat", "--since", "2030")
    assert done.stdout == "0 pictures for “cat”\n"
    assert "no post passes these filters; leave one out, or count posts with" in done.stderr


@pytest.mark.parametrize(
    "flags", ["--disagreement sentiment", "--sentiment positive --sentiment-by image"]
)
def test_what_the_picture_encoder_cannot_judge_is_said(gallery: Path, flags: str) -> None:
    done = search(gallery, *flags.split())
    assert done.stdout.startswith("0 pictures")
    assert "how its pictures feel is not determined in this gallery" in done.stderr
    undetermined = search(gallery, "--sentiment", "undetermined", "--sentiment-by", "image")
    assert undetermined.stdout.startswith("10 pictures")


def test_a_line_that_cannot_be_asked_is_named(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("cat\n-people\n", "utf-8")
    done = run("retrieval.search", "--queries", tmp_path / "queries.txt", "--chroma-dir", gallery)
    assert done.returncode == 1
    assert f"{tmp_path / 'queries.txt'}, line 2: " in done.stderr


@pytest.mark.parametrize("address", ["http://x/a.png", "file:///tmp/a.png"])
def test_an_address_is_no_path(gallery: Path, address: str) -> None:
    done = run("retrieval.search", "--like", address, "--chroma-dir", gallery)
    assert done.returncode == 2
    assert f"{address} is an address; name a file on this machine" in done.stderr


def test_a_hint_speaks_of_words_only_where_words_were_looked_for(gallery: Path) -> None:
    done = search(gallery, "gravel", "--strategy", "caption", "--without-caption")
    assert done.stdout.startswith("0 pictures")
    assert "no caption has any of these words" not in done.stderr


def test_undetermined_and_uncaptioned_posts_can_be_asked_for(gallery: Path) -> None:
    asked = ("stones", "--without-caption", "--no-cutoff")
    assert ids_of(hits_of(gallery, *asked)) == ["sample-17"]
    found = hits_of(gallery, "x", "--sentiment", "undetermined", "--no-cutoff", "--no-collapse")
    assert set(ids_of(found)) == {"sample-10", "sample-17"}


def test_many_queries_share_filters_and_give_a_list_a_line(gallery: Path, tmp_path: Path) -> None:
    lines = ["coffee -morning", "asdfgh qwertz", '"rocket launch"^2']
    (tmp_path / "queries.txt").write_text("\n".join(lines) + "\n")
    done = search(gallery, "--queries", tmp_path / "queries.txt", "-k", 1, "--since", "2020")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [names(hits) for hits in answers] == [["coffee.png"], [], ["rocket.jpg"]]
    assert ids_of(answers[2]) == ["sample-13"]
    assert done.stderr == ""


# --- counts ---------------------------------------------------------------------------------

YEARS = {"2018": 6, "2019": 6, "2020": 7, "2021": 5, "2022": 4, "2023": 4, "2024": 4}


def counted(gallery: Path, *arguments: object) -> Any:
    return json.loads(search(gallery, *arguments, "--json").stdout)


def test_posts_are_counted_by_one_thing(gallery: Path) -> None:
    assert counted(gallery, "--count-by", "year") == YEARS
    assert counted(gallery, "--count-by", "caption") == {"no caption": 1, "caption": 35}
    found = counted(gallery, "--count-by", "sentiment", "--until", "2019")
    assert sum(found.values()) == 12
    shown = search(gallery, "--count-by", "year").stdout.splitlines()
    assert shown[0].strip() == "36 posts"
    assert [line.split() for line in shown if line.split()[:1] == ["2020"]] == [["2020", "7"]]


def test_posts_are_counted_by_pairs(gallery: Path) -> None:
    pairs = counted(gallery, "--count-by", "sentiment", "--count-by", "year")
    assert {year: sum(row[year] for row in pairs.values()) for year in YEARS} == YEARS
    alone = counted(gallery, "--count-by", "sentiment")
    assert {name: sum(row.values()) for name, row in pairs.items()} == alone
    shown = search(gallery, "--count-by", "sentiment", "--count-by", "year").stdout
    assert "year \\ sentiment   negative   neutral" in shown


def test_a_wide_table_keeps_its_names_where_nobody_watches(gallery: Path) -> None:
    shown = search(gallery, "--count-by", "sentiment", "--count-by", "topic").stdout
    for name in ("negative", "not determined", "food_drink", "travel_landmarks", "other"):
        assert name in shown


# --- mistakes -------------------------------------------------------------------------------

MISTAKES: list[tuple[tuple[object, ...], int, str]] = [
    (("cat", "--topic", "boats"), 2, "unknown topic 'boats'; choose from people, animals, food"),
    (("cat", "--source", "nope"), 2, "no source has 'nope' in its name; there are: sample:"),
    (("cat", "--since", "yesterday"), 2, "not a date; write a year (2021), a month (2021-03), a"),
    (("cat", "--until", "2019", "--since", "2021"), 2, "swap the two dates"),
    (("--month-day", "02-30"), 2, "'02-30' is not a day of the year; write month and day, such"),
    (("cat", "-k", "0"), 2, "'0' is not a whole number of at least 1"),
    (("cat", "-k", "-3"), 2, "'-3' is not a whole number of at least 1"),
    (("cat", "--strategy", "capton"), 2, "choose from 'image', 'caption', 'words', 'hybrid'"),
    (("cat", "--sentiment", "angry"), 2, "choose from 'negative', 'neutral', 'positive', 'und"),
    (("cat", "--chroma-dir", "no/such"), 1, "there is no gallery in no/such; make one with"),
    (("",), 2, "the query is empty; say what to look for"),
    (("--", "-people"), 2, "says only what is not wanted"),
    (("cat^20",), 2, "the weight 20 in 'cat^20' is out of range"),
    (("--like", "/no/such.jpg"), 1, "/no/such.jpg does not exist"),
    (("--like", ""), 2, "an empty path"),
    (("--like", ROOT), 1, f"{ROOT} is no picture file"),
    (("--like", SAMPLE), 1, f"cannot read {SAMPLE}: not a picture in a format that is read"),
    (("--similar-to", "zz"), 2, "the gallery has no picture 'zz'; take an image_id from"),
    (("--similar-to", ""), 2, "the gallery has no picture ''"),
    (("--similar-to", "d", "--strategy", "words"), 2, "the strategy words looks for words"),
    (("--like", PICTURES / "moon.png", "--strategy", "caption"), 2, "cannot look for a picture"),
    (("--count-by", "sentiment", "cat"), 2, "--count-by takes filters but no query"),
    (("--count-by", "sentiment", "--similar-to", "d"), 2, "--count-by takes filters but no query"),
    (("--count-by", "year", "--count-by", "month", "--count-by", "topic"), 2, "once or twice"),
    (("--count-by", "colour"), 2, "choose from 'sentiment', 'caption_sentiment'"),
    ((), 2, 'give a query, such as "a cat asleep", --like FILE, --similar-to IMAGE_ID,'),
    (("cat", "--queries", "x"), 2, "give either one query or --queries FILE"),
    (("--queries", "/no/such"), 1, "cannot read /no/such: No such file or directory"),
    (("--with-caption", "--without-caption", "x"), 2, "not allowed with argument"),
]


@pytest.fixture(scope="module")
def told(gallery: Path) -> list[Ended]:
    """How all of these ended, one after another in a process that has loaded nothing else."""
    commands = [("retrieval.search", *arguments) for arguments, _, _ in MISTAKES]
    return run_after_each_other(commands, CHROMA_DIR=str(gallery))


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[str(each[0]) for each in MISTAKES])
def test_mistakes_are_one_line_before_a_model_is_loaded(told: list[Ended], number: int) -> None:
    done, (_, code, message) = told[number], MISTAKES[number]
    assert not done.heavy
    assert message in done.stderr
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr
    if not done.stderr.startswith("usage: "):
        assert done.stderr.count("\n") == 1


# --- pipes and terminals --------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("cat", "--no-cutoff"),
        pytest.param(("cat", "--no-cutoff", "--json"), marks=pytest.mark.slow),
        pytest.param(("cat", "-k", "1", "--json"), marks=pytest.mark.slow),
        pytest.param(("--count-by", "topic"), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("lines", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_pipe_that_is_closed_early_is_no_failure(
    gallery: Path, arguments: tuple[str, ...], lines: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "retrieval.search", *arguments, "--chroma-dir", gallery],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    for _ in range(lines):
        assert process.stdout.readline()
    process.stdout.close()
    remarks = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0, remarks
    assert remarks == ""


HOSTILE = (
    "hello [bold red]world[/] [/nothing] [link=file:///etc/passwd]here[/link] :smile:\n"
    "\x1b[31mred\x1b]0;title\x07 \u202edesrever\u202c \x9b2J \u2028 end\x00 \\[x]"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    save_picture(folder / "posts" / "plain.png", "red", HOSTILE)
    save_picture(folder / "posts" / "ev[bold]il\x1b[31m\nname.png", "blue", "שלום עולם wall")
    build(folder / "chroma_db", folder / "posts")
    return folder / "chroma_db"


OBEYED = {chr(code) for code in (*range(32), *range(127, 160)) if chr(code) != "\n"} | set(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
)


def test_hostile_captions_and_names_are_printed_as_text(hostile: Path) -> None:
    done = search(hostile, "hello world", "--no-cutoff", "--no-collapse")
    shown = done.stdout
    assert not OBEYED & set(shown)
    text = " ".join(shown.split())
    assert "hello [bold red]world[/] [/nothing] [link=file:///etc/passwd]here[/link]" in text
    assert ":smile:" in text
    assert "\\[x]" in text
    assert "ev[bold]il�[31m" in text
    assert "שלום עולם" in text, "text from right to left is not hostile by itself"
    assert "says hello, world (rank 1)" in text


def test_a_line_break_in_a_files_name_forges_no_line(hostile: Path) -> None:
    shown = search(hostile, "hello world", "--no-cutoff", "--no-collapse").stdout
    assert not [line for line in shown.splitlines() if line.startswith("name.png")]


def test_json_holds_captions_as_they_were_written(hostile: Path) -> None:
    found = hits_of(hostile, "hello world", "-k", 1, "--no-cutoff")
    assert found[0]["posts"][0]["caption"] == HOSTILE


def test_a_hostile_query_is_printed_as_text(gallery: Path) -> None:
    done = search(gallery, "[bold]x[/nothing] \x1b[31m :smile:")
    assert done.stdout == "0 pictures for “[bold]x[/nothing] �[31m :smile:”\n"
    done = run("retrieval.search", "\x1b[31m -x^99", "--chroma-dir", gallery)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("coffee",),
        pytest.param(("coffee", "--json"), marks=pytest.mark.slow),
        pytest.param(("--count-by", "topic"), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("encoding", [pytest.param("cp1252", marks=pytest.mark.slow), "ascii"])
def test_an_output_that_cannot_show_an_emoji_is_no_failure(
    gallery: Path, arguments: tuple[str, ...], encoding: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "retrieval.search", *arguments, "--chroma-dir", gallery],
        capture_output=True, cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-200:]
    if "--json" in arguments:
        assert json.loads(done.stdout.decode(encoding))
