"""The page "Add posts": its states, with real builds of a few pictures."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from chat_app.building import Building
from chat_app.page.shared import open_shared, shared
from retrieval.config import Settings
from retrieval.gallery.generation import Generation
from retrieval.gallery.lock import writer_lock
from tests.galleries import save_picture, three_pictures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

APP = Path(__file__).resolve().parents[1] / "chat_app" / "app.py"


def opened(chroma_dir: Path, cache_dir: Path) -> AppTest:
    open_shared(Settings(chroma_dir=chroma_dir, cache_dir=cache_dir))
    page = AppTest.from_file(str(APP), default_timeout=60)
    return page.switch_page("page/add_posts.py").run()


@pytest.fixture
def page(sample_gallery: Path, tmp_path: Path, cache_dir: Path) -> Iterator[AppTest]:
    gallery = Path(shutil.copytree(sample_gallery, tmp_path / "gallery"))
    yield opened(gallery, cache_dir)
    end_work()


@pytest.fixture
def first_page(chroma_dir: Path, cache_dir: Path) -> Iterator[AppTest]:
    yield opened(chroma_dir, cache_dir)
    end_work()


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return three_pictures(tmp_path / "posts")


def end_work() -> None:
    shared().building.cancel()
    settle(shared().building)


def settle(building: Building) -> None:
    end = time.monotonic() + 90
    while building.is_at_work and time.monotonic() < end:
        time.sleep(0.05)
    assert not building.is_at_work


def button(page: AppTest, key: str) -> Any:
    return next(each for each in page.button if (each.key or "").startswith(key))


def keys(page: AppTest) -> set[str]:
    return {each.key or "" for each in page.button}


def texts(page: AppTest) -> str:
    told = [*page.markdown, *page.title, *page.warning, *page.error, *page.info]
    return "\n".join(each.value for each in told)


def look_at(page: AppTest, path: object) -> AppTest:
    page.text_input(key="add-path").set_value(str(path))
    button(page, "FormSubmitter:add").click().run()
    if "look" not in page.session_state:
        return page
    child = page.session_state["look"].child
    end = time.monotonic() + 60
    while not child.seen().is_over and time.monotonic() < end:
        time.sleep(0.05)
    return page.run()


def test_an_input_is_looked_at_then_added_then_forgotten(page: AppTest, posts: Path) -> None:
    (posts / "page.jpg").write_text("<html>not found</html>")
    look_at(page, posts)
    assert not page.exception
    assert "**A folder of pictures**" in texts(page)
    assert {each.label: each.value for each in page.metric} == {
        "Posts": "4", "Pictures": "4", "New to the gallery": "4",
    }  # fmt: skip
    assert "It takes a few seconds." in texts(page)
    assert "stay on this machine" in texts(page)
    assert [each.label for each in page.expander] == ["1 file will be skipped"]
    button(page, "add-them").click().run()
    assert not page.exception
    assert "**Adding" in texts(page)
    assert "stop" in keys(page)
    settle(shared().building)
    page.run()
    assert "**3 posts** with **3 pictures** are in the gallery" in texts(page)
    assert [each.label for each in page.expander] == ["1 file skipped"]
    assert "3 posts" in texts(page)
    assert "36 posts" in texts(page)
    button(page, "dismiss").click().run()
    assert "are in the gallery" not in texts(page)

    button(page, "forget-0").click().run()
    settle(shared().building)
    page.run()
    assert not page.exception
    assert "**3 posts** left the gallery; the files stay." in texts(page)
    assert (posts / "red.png").is_file()


def test_without_a_gallery_the_welcome_leads_here_and_the_sample_is_a_click_away(
    first_page: AppTest, chroma_dir: Path
) -> None:
    page = first_page.switch_page("page/chat.py").run()
    button(page, "add-posts").click().run()
    assert page.title[0].value == "Add posts"
    page.switch_page("page/add_posts.py").run()  # AppTest itself stays on the page before
    button(page, "try-sample").click().run()
    assert not page.exception
    assert shared().building.latest is not None
    page.switch_page("page/chat.py").run()
    assert "They are being added" in texts(page)
    settle(shared().building)
    page.run()
    assert page.title[0].value == "What would you like to remember?"
    assert Generation.open(chroma_dir).manifest.posts == 36


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "Type where your posts lie"),
        ("/no/such/folder", "does not exist; give a folder of pictures"),
        ("~nobody-of-this-name/posts", "names a home folder that is not here"),
        ("a\0b", "cannot be looked at"),
        ("x" * 5_000, "cannot be looked at"),
    ],
)
def test_a_path_that_is_none_gives_one_sentence(page: AppTest, path: str, told: str) -> None:
    look_at(page, path)
    assert not page.exception
    assert len(page.warning) == 1
    assert told in page.warning[0].value.replace("\\", "")


def test_quotes_around_a_path_are_no_part_of_it(page: AppTest, posts: Path) -> None:
    look_at(page, f'  "{posts}" ')
    assert "**A folder of pictures**" in texts(page)
    button(page, "drop").click().run()
    assert "add-them" not in keys(page)


def test_a_folder_that_holds_nothing_gives_one_sentence(page: AppTest, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    look_at(page, tmp_path / "empty")
    assert "No picture in" in texts(page)
    button(page, "drop").click().run()
    assert not page.exception


def test_while_one_build_is_at_work_no_second_is_started(page: AppTest, tmp_path: Path) -> None:
    for shade in range(200):
        save_picture(tmp_path / "many" / f"{shade}.png", (shade, 1, 7), size=300)
    look_at(page, tmp_path / "many")
    button(page, "add-them").click().run()
    look_at(page, tmp_path / "many")
    assert button(page, "add-them").disabled
    assert "being changed already" in button(page, "add-them").help
    button(page, "rebuild").click().run()
    assert "being changed already" in page.error[0].value
    button(page, "stop").click().run()
    settle(shared().building)
    page.run()
    assert not page.exception
    assert "**Stopped.**" in texts(page)
    assert "starting it again goes on from there" in texts(page)


def test_a_build_in_a_terminal_is_told(page: AppTest) -> None:
    with writer_lock(shared().chroma_dir):
        page.run()
        assert "is being written by process" in page.info[0].value
        button(page, "forget-0").click().run()
        assert "is being written by process" in page.error[0].value
    page.run()
    assert not page.info


def test_a_gallery_that_cannot_be_read_can_be_made_anew_here(page: AppTest) -> None:
    (shared().chroma_dir / "manifest.json").write_text("{")
    page.run()
    assert not page.exception
    assert "cannot be read" in page.error[0].value
    assert "rebuild" in keys(page)


def test_a_page_that_is_served_to_others_adds_nothing(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamlit.get_option", {"server.address": "0.0.0.0"}.get)
    page.run()
    assert not page.exception
    assert "nothing can be added here" in texts(page)
    assert not page.text_input
    assert not any(key.startswith(("forget", "rebuild", "add")) for key in keys(page))
