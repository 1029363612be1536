"""The indexer as a child of the page: real processes on a few pictures."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import chat_app.building
from chat_app.building import SAMPLE, Building, Child, Seen
from retrieval.errors import BadOption, GalleryLocked, NoGallery
from retrieval.gallery.generation import Generation
from tests.galleries import save_picture, three_pictures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

HOLD = """
import sys, time
from pathlib import Path
from retrieval.gallery.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def building(chroma_dir: Path) -> Iterator[Building]:
    building = Building(chroma_dir)
    yield building
    building.cancel()
    if building.latest is not None:
        ended(building.latest)


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return three_pictures(tmp_path / "posts")


def many(folder: Path, number: int = 200) -> Path:
    """So many pictures that there is time to stop."""
    for shade in range(number):
        save_picture(folder / f"{shade}.png", (shade % 256, shade // 256, 7), size=300)
    return folder


def until(child: Child, is_so: Callable[[Seen], bool], seconds: float = 90) -> Seen:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so(seen := child.seen()):
            return seen
        time.sleep(0.02)
    raise AssertionError(child.seen())


def ended(child: Child | None) -> Seen:
    assert child is not None
    return until(child, lambda seen: seen.is_over)


def encoding(child: Child | None) -> Seen:
    """Once some pictures are encoded and others are not."""
    assert child is not None
    return until(child, lambda seen: bool(seen.stage and seen.stage.name == "encode"
                                          and 0 < seen.stage.done < seen.stage.total))  # fmt: skip


def posts_in(chroma_dir: Path) -> int:
    return Generation.open(chroma_dir).manifest.posts


def test_posts_are_added_and_forgotten(building: Building, posts: Path, chroma_dir: Path) -> None:
    (posts / "page.jpg").write_text("<html>not found</html>")
    building.add(posts)
    seen = ended(building.latest)
    assert (seen.state, seen.problem) == ("done", "")
    assert (seen.report["posts"], posts_in(chroma_dir)) == (3, 3)
    assert seen.stage is not None
    assert [(Path(path).name, reason) for path, reason in seen.skipped] == [
        ("page.jpg", "not a picture but a web page; fetch it again")
    ]
    assert seen.skips == 1
    building.forget(f"folder:{posts}")
    assert ended(building.latest).report == {"removed": 3}
    assert posts_in(chroma_dir) == 0
    assert (posts / "red.png").is_file()
    building.dismiss()
    assert building.latest is None


def test_a_look_says_what_an_input_is_and_writes_nothing(
    building: Building, posts: Path, chroma_dir: Path
) -> None:
    seen = ended(building.look_at(posts))
    assert (seen.report["kinds"], seen.report["posts"]) == (["folder"], 3)
    assert building.latest is None
    assert not chroma_dir.exists()


@pytest.mark.parametrize("name", ["gone", "red.png/deeper", "-x", "a\nb"])
def test_an_input_that_is_not_there_is_one_sentence(
    building: Building, posts: Path, name: str
) -> None:
    seen = ended(building.look_at(posts / name))
    assert seen.state == "failed"
    assert "does not exist; give a folder of pictures" in seen.problem


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000])
def test_what_is_no_path_is_one_sentence(building: Building, posts: Path, name: str) -> None:
    with pytest.raises(BadOption, match="cannot be looked at"):
        building.look_at(posts / name)


def test_a_build_that_was_stopped_goes_on_and_a_second_one_is_refused(
    building: Building, tmp_path: Path, chroma_dir: Path
) -> None:
    building.add(many(tmp_path / "many"))
    encoding(building.latest)
    with pytest.raises(GalleryLocked, match="being changed already"):
        building.add(tmp_path)
    assert building.busy()
    started = time.monotonic()
    building.cancel()
    assert time.monotonic() - started < 5, "it does not wait"
    assert ended(building.latest).state == "cancelled"
    with pytest.raises(NoGallery):
        Generation.open(chroma_dir)
    building.add(tmp_path / "many")
    seen = ended(building.latest)
    assert seen.state == "done"
    assert 0 < seen.report["encoded"] < 200, "what was done before is kept"
    assert posts_in(chroma_dir) == 200


def test_a_child_that_does_not_listen_is_killed(
    building: Building, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_app.building, "_PATIENCE", 0.5)
    building.add(many(tmp_path / "many"))
    encoding(building.latest)
    assert building.latest is not None
    os.kill(building.latest.pid, signal.SIGSTOP)
    building.cancel()
    assert ended(building.latest).state == "cancelled"


def test_a_child_that_is_killed_leaves_a_sentence_and_a_whole_gallery(
    building: Building, sample_gallery: Path, tmp_path: Path, chroma_dir: Path
) -> None:
    shutil.copytree(sample_gallery, chroma_dir)
    building.add(many(tmp_path / "many"))
    encoding(building.latest)
    assert building.latest is not None
    os.kill(building.latest.pid, signal.SIGKILL)
    seen = ended(building.latest)
    assert seen.state == "failed"
    assert "ended from outside (signal 9); what was done so far is kept" in seen.problem
    assert posts_in(chroma_dir) == 36
    building.add(tmp_path / "many")
    assert ended(building.latest).state == "done"
    assert posts_in(chroma_dir) == 236


def test_a_build_in_a_terminal_is_told(building: Building, posts: Path, chroma_dir: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(chroma_dir)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        with pytest.raises(GalleryLocked, match=f"process {holder.pid} on .*wait until it is done"):
            building.add(posts)
        assert building.latest is None
    finally:
        holder.kill()
        holder.wait()
    assert building.busy() == ""


def test_a_folder_that_is_taken_away_is_one_sentence(
    building: Building, tmp_path: Path, chroma_dir: Path
) -> None:
    folder = many(tmp_path / "many")
    building.add(folder)
    encoding(building.latest)
    shutil.move(folder, tmp_path / "elsewhere")
    seen = ended(building.latest)
    assert seen.state == "done"
    assert seen.skips > 0
    assert all("vanished during the build" in reason for _, reason in seen.skipped)
    assert len(seen.skipped) <= 200
    building.add(folder)
    seen = ended(building.latest)
    assert seen.state == "failed"
    assert "does not exist" in seen.problem
    assert posts_in(chroma_dir) > 0


def test_a_folder_where_nothing_can_be_read_is_one_sentence(
    building: Building, tmp_path: Path
) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "broken.jpg").write_bytes(b"no picture")
    building.add(tmp_path / "posts")
    seen = ended(building.latest)
    assert seen.state == "failed"
    assert "could be read; see what was skipped" in seen.problem
    assert seen.skips == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place nobody can write to")
def test_a_gallery_that_cannot_be_written_is_one_sentence(posts: Path) -> None:
    building = Building(Path("/proc/gallery"))
    building.add(posts)
    seen = ended(building.latest)
    assert seen.state == "failed"
    assert "cannot write to" in seen.problem


def test_a_mistake_of_the_program_is_one_sentence_and_the_rest_is_for_the_log(
    building: Building,
    posts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(building, "_flags", lambda: ["--no-such-flag"])
    building.add(posts)
    seen = ended(building.latest)
    assert seen.state == "failed"
    assert "ended by a mistake of this program" in seen.problem
    assert "\n" not in seen.problem
    assert "--no-such-flag" in capfd.readouterr().err


def test_a_build_outlives_the_server(posts: Path, chroma_dir: Path, tmp_path: Path) -> None:
    many(posts, 100)
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from chat_app.building import Building\n"
        "building = Building(Path(sys.argv[1]))\n"
        "building.add(Path(sys.argv[2]))\n"
        "while building.latest.seen().state == 'starting':\n"
        "    time.sleep(0.02)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(chroma_dir), str(posts)], check=True)
    later = Building(chroma_dir)
    end = time.monotonic() + 90
    while time.monotonic() < end and not published(chroma_dir):
        time.sleep(0.1)
    assert posts_in(chroma_dir) == 103
    while later.busy():
        time.sleep(0.1)


def published(chroma_dir: Path) -> bool:
    try:
        return posts_in(chroma_dir) > 0
    except NoGallery:
        return False


def test_the_sample_is_at_hand() -> None:
    assert SAMPLE.is_file()
