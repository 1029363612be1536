"""The commands as a user runs them: real encoders, real Chroma."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from retrieval.gallery.generation import Generation
from retrieval.records import SENTIMENTS
from tests.commands import (
    ROOT,
    SAMPLE,
    Ended,
    build,
    report_of,
    run,
    run_after_each_other,
    run_anew,
)
from tests.data import COCO_MINI, SENTICAP, needs_shared_data
from tests.galleries import save_picture, three_pictures


@pytest.fixture(scope="session")
def sample(sample_gallery: Path) -> Path:
    report = json.loads((sample_gallery.parent / "report.json").read_text("utf-8"))
    assert (report["posts"], report["pictures"], report["encoded"]) == (36, 20, 20)
    return sample_gallery


@pytest.mark.parametrize(
    ("query", "picture"),
    [
        ("a cat asleep", "chelsea.png"),
        ("rocket launch", "rocket.jpg"),
        ("bad morning, need coffee", "coffee.png"),
        ("Blume im Garten", "flower.jpg"),
        ("motorbike with a dead battery", "motorcycle_right.png"),
    ],
)
def test_the_sample_gallery_is_found_by_meaning(sample: Path, query: str, picture: str) -> None:
    done = run("retrieval.search", query, "-k", 2, "--no-cutoff", "--json", "--chroma-dir", sample)
    assert done.returncode == 0, done.stderr
    hits = json.loads(done.stdout)
    assert Path(hits[0]["path"]).name == picture
    assert [hit["rank"] for hit in hits] == [1, 2]
    for hit in hits:
        assert hit.keys() >= {"rank", "image_id", "path", "score", "why", "posts"}
        assert Path(hit["thumbnail"]).is_file()
        assert all(post["sentiment"] in (*SENTIMENTS, None) for post in hit["posts"])
        assert all(1 <= len(post["topics"]) <= 3 for post in hit["posts"])


def test_many_queries_are_answered_one_list_a_line(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("coffee\na rocket\n")
    done = run(
        "retrieval.search", "--queries", tmp_path / "queries.txt", "-k", 1, "--chroma-dir", sample
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert Path(first[0]["path"]).name == "coffee.png"
    assert Path(second[0]["path"]).name == "rocket.jpg"


@pytest.mark.slow
def test_the_same_question_gets_the_same_answer(sample: Path) -> None:
    answers = {
        run_anew("retrieval.search", "a sunny day", "--json", "--chroma-dir", sample).stdout
        for _ in range(2)
    }
    assert len(answers) == 1


def test_status_says_what_is_there(sample: Path) -> None:
    status = json.loads(run("indexer", "status", "--json", "--chroma-dir", sample).stdout)
    assert (status["posts"], status["pictures"], status["generation"]) == (36, 20, 1)
    assert [source["posts"] for source in status["sources"]] == [36]
    assert status["encoders"]["image"]["spec"] == "packaged"
    assert status["bytes"] > 100_000
    text = run_anew("indexer", "status", "--chroma-dir", sample).stdout
    assert "36 posts, 20 pictures" in text


def test_a_second_build_of_the_sample_opens_nothing(sample: Path, chroma_dir: Path) -> None:
    shutil.copytree(sample, chroma_dir)
    report = build(chroma_dir, SAMPLE)
    assert (report["encoded"], report["reused"], report["unchanged"]) == (0, 0, 20)


def test_a_dry_run_writes_nothing_and_says_what_would_be_done(tmp_path: Path) -> None:
    three_pictures(tmp_path / "posts")
    done = run(
        "indexer",
        "build",
        tmp_path / "posts",
        "--dry-run",
        "--json",
        "--chroma-dir",
        tmp_path / "c",
    )
    planned = json.loads(done.stdout)
    assert (planned["posts"], planned["to_open"], planned["removed"]) == (3, 3, 0)
    assert not (tmp_path / "c").exists()


def test_a_dry_run_says_what_it_takes_the_input_for_and_what_it_will_meet(tmp_path: Path) -> None:
    posts = three_pictures(tmp_path / "posts")
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2019:07:14 18:30:00"
    Image.new("RGB", (40, 40)).save(posts / "dated.jpg", exif=exif)
    (posts / "red.json").write_text('{"created_at": "2023-01-01"}')
    (posts / "page.jpg").write_text("<html>not found</html>")
    command = ("indexer", "build", posts, "--dry-run", "--chroma-dir", tmp_path / "c")
    planned = json.loads(run(*command, "--json").stdout)
    assert planned["kinds"] == ["folder"]
    assert (planned["posts"], planned["looked_at"]) == (5, 5)
    assert (planned["years"], planned["dated"]) == ([2019, 2023], 2)
    assert [Path(each["path"]).name for each in planned["skipped"]] == ["page.jpg"]
    assert "web page" in planned["skipped"][0]["reason"]
    assert planned["minutes"] is None, "which encoder a new gallery gets is not known"
    assert json.loads(run(*command, "--json", "--clip", "packaged").stdout)["minutes"] > 0
    told = run(*command, "--clip", "packaged").stdout
    assert "dates from 2019 to 2023, judged by 2 posts" in told
    assert "would take about 1 minute" in told


def test_every_bad_input_costs_one_line_and_the_good_ones_are_indexed(tmp_path: Path) -> None:
    posts = three_pictures(tmp_path / "posts")
    (posts / "empty.jpg").touch()
    (posts / "page.jpg").write_text("<html>not found</html>")
    (posts / "cut.png").write_bytes((posts / "red.png").read_bytes()[:60])
    save_picture(posts / "emoji.png", "pink", "👩‍🚀 שלום \u202e\x07 " + "long " * 2000)
    save_picture(posts / "blank.png", "cyan", "   ")
    done = run(
        "indexer", "build", posts, "--json", "--clip", "packaged", "--chroma-dir", tmp_path / "c"
    )
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert {Path(f["path"]).name: f["reason"] for f in report["failed"]} == {
        "empty.jpg": "the file is empty; fetch it again",
        "page.jpg": "not a picture but a web page; fetch it again",
        "cut.png": "truncated after 1 KB; fetch it again",
    }
    assert (report["posts"], report["encoded"]) == (5, 5)
    skipping = [line for line in done.stderr.splitlines() if line.startswith("skipping ")]
    assert len(skipping) == 3
    assert "Traceback" not in done.stderr


def test_a_build_of_nothing_readable_fails(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "broken.jpg").write_bytes(b"no picture")
    done = run(
        "indexer", "build", tmp_path / "posts", "--clip", "packaged", "--chroma-dir", tmp_path / "c"
    )
    assert done.returncode == 1


def test_an_unmounted_disk_is_an_error_and_removes_nothing(tmp_path: Path) -> None:
    posts, chroma_dir = three_pictures(tmp_path / "posts"), tmp_path / "c"
    build(chroma_dir, posts)
    shutil.move(posts, tmp_path / "elsewhere")
    for unmounted in ("gone", "empty"):
        if unmounted == "empty":
            posts.mkdir()
        done = run("indexer", "build", posts, "--chroma-dir", chroma_dir)
        assert done.returncode == 1
        assert str(posts) in done.stderr
        assert "Traceback" not in done.stderr
    assert Generation.open(chroma_dir).manifest.posts == 3


@pytest.mark.slow
def test_a_source_can_be_forgotten_and_the_other_stays(tmp_path: Path) -> None:
    one, two = three_pictures(tmp_path / "one"), three_pictures(tmp_path / "two")
    save_picture(two / "extra.png", "yellow")
    for folder in (one, two):
        build(tmp_path / "c", folder)
    done = run_anew("indexer", "forget", two, "--chroma-dir", tmp_path / "c")
    assert done.stdout == "4 posts left the gallery\n"
    manifest = Generation.open(tmp_path / "c").manifest
    assert (manifest.posts, manifest.pictures) == (3, 3)
    files = Generation.open(tmp_path / "c").contents().files
    assert {file.root for file in files} == {str(one)}
    unknown = run("indexer", "forget", "/nowhere", "--chroma-dir", tmp_path / "c")
    assert unknown.returncode == 2
    assert f"it has: folder:{one}" in unknown.stderr
    (tmp_path / "link").symlink_to(one)
    assert (
        run("indexer", "forget", tmp_path / "link", "--chroma-dir", tmp_path / "c").returncode == 0
    )


@pytest.mark.slow
def test_thumbnails_that_are_gone_or_damaged_are_made_again(tmp_path: Path) -> None:
    posts, chroma_dir = three_pictures(tmp_path / "posts"), tmp_path / "c"
    build(chroma_dir, posts)
    first, second, _ = sorted(chroma_dir.glob("thumbnails/*/*.webp"))
    whole = {path: path.read_bytes() for path in (first, second)}
    first.unlink()
    assert build(chroma_dir, posts)["encoded"] == 0
    assert first.read_bytes() == whole[first]
    for damage in (b"", b"junk", whole[second][:-5]):
        second.write_bytes(damage)
        report_of(run("indexer", "build", "--rebuild", "--json", "--chroma-dir", chroma_dir))
        assert second.read_bytes() == whole[second]


def test_flags_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    done = run("indexer", "build", "--rebuild", "--limit", "1", "--chroma-dir", tmp_path / "c")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "give one of the two" in done.stderr


@pytest.mark.slow
def test_a_rebuild_is_of_the_known_sources_and_of_no_other(tmp_path: Path) -> None:
    one, two = three_pictures(tmp_path / "one"), three_pictures(tmp_path / "two")
    for folder in (one, two):
        build(tmp_path / "c", folder)
    done = run(
        "indexer", "build", "--rebuild", "--dry-run", "--json", "--chroma-dir", tmp_path / "c"
    )
    planned = json.loads(done.stdout)
    assert planned["sources"] == [f"folder:{one}", f"folder:{two}"]
    assert (planned["posts"], planned["to_open"]) == (6, 6)
    report = build(tmp_path / "c", "--rebuild")
    assert (report["sources"], report["encoded"]) == (planned["sources"], 3)
    assert report["gallery"] == {"posts": 6, "pictures": 3}


def test_of_two_builds_at_once_one_works_and_the_other_says_who_does(tmp_path: Path) -> None:
    posts = three_pictures(tmp_path / "posts")
    hold = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from retrieval.gallery.lock import writer_lock\n"
        f"with writer_lock(Path({str(tmp_path / 'c')!r})):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = run("indexer", "build", posts, "--clip", "packaged", "--chroma-dir", tmp_path / "c")
    finally:
        holder.kill()
    assert done.returncode == 1
    assert f"is being written by process {holder.pid}" in done.stderr


MISTAKES: list[tuple[tuple[object, ...], int, str]] = [
    (("retrieval.search",), 2, "give a query, such as"),
    (("retrieval.search", "x", "--chroma-dir", "no/such"), 1, "there is no gallery in no/such"),
    (("retrieval.search", "x", "-k", "0"), 2, "not a whole number of at least 1"),
    (("indexer", "build", "no/such"), 1, "no/such does not exist"),
    (("indexer", "build", "--clip", "best-of"), 2, "unknown picture encoder 'best-of'"),
    (("indexer", "build", "--device", "tpu"), 2, "choose from auto, cpu, cuda, mps"),
    (("indexer", "build", "--source", "tiktok"), 2, "choose from folder, sample"),
    (("indexer", "build", "--columns", "caption"), 2, "is not of the form FIELD=NAME"),
    (("indexer", "build", "tests", "--columns", "caption=text"), 2, "--columns is for tables"),
    (("indexer", "build", "tests", "--coco-annotations", "x"), 2, "joins SentiCap"),
    (("indexer", "build", "--limit", "none"), 2, "not a whole number"),
    (("indexer", "status", "--chroma-dir", "no/such"), 1, "there is no gallery"),
    (("indexer", "rebuild"), 2, "invalid choice"),
]


@pytest.fixture(scope="module")
def told() -> list[Ended]:
    """How all of these ended, one after another in a process that has loaded nothing else."""
    return run_after_each_other([command for command, _, _ in MISTAKES])


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[str(each[0]) for each in MISTAKES])
def test_mistakes_are_told_before_anything_heavy_is_loaded(told: list[Ended], number: int) -> None:
    done, (_, code, message) = told[number], MISTAKES[number]
    assert not done.heavy
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@needs_shared_data
def test_a_build_killed_at_random_is_finished_by_the_next_as_if_undisturbed(
    tmp_path: Path,
) -> None:
    annotations = COCO_MINI / "annotations" / "captions_val2017.json"
    arguments = [annotations, "--images", COCO_MINI / "val2017"]
    build(tmp_path / "undisturbed", *arguments)
    command = [sys.executable, "-m", "indexer", "build", *map(str, arguments)]
    for seconds in np.random.default_rng(0).uniform(1, 6, size=3):
        process = subprocess.Popen(
            [*command, "--clip", "packaged", "--chroma-dir", str(tmp_path / "killed")],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    build(tmp_path / "killed", *arguments)
    ours, theirs = (Generation.open(tmp_path / name) for name in ("killed", "undisturbed"))
    assert ours.catalog.equals(theirs.catalog)
    assert (ours.image_vectors * theirs.image_vectors).sum(axis=1).min() > 0.99999
    assert (ours.caption_vectors * theirs.caption_vectors).sum(axis=1).min() > 0.99999


@pytest.mark.slow
@needs_shared_data
def test_senticap_joined_with_coco_is_the_final_dataset(tmp_path: Path) -> None:
    arguments: list[object] = [SENTICAP]
    for split in ("train2017", "val2017"):
        arguments += ["--images", COCO_MINI / split]
    report = build(tmp_path / "c", *arguments)
    assert (report["pictures"], report["posts"], report["missing"]) == (4, 21, 2221)
    arguments += ["--coco-annotations", COCO_MINI / "annotations"]
    arguments += ["--final-dataset", tmp_path / "final"]
    report = build(tmp_path / "c", *arguments)
    assert (report["pictures"], report["posts"], report["unchanged"]) == (4, 41, 4)
    contents = Generation.open(tmp_path / "c").contents()
    truths = [post.truth for post in contents.posts.values() if post.truth]
    assert sum(truth.sentiment == "neutral" for truth in truths) == 20
    assert all(truth.objects for truth in truths)
    assert (tmp_path / "final" / "final_dataset.parquet").is_file()
