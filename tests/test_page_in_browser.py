"""The page in a real Chromium, served by a process of its own on real encoders."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from retrieval.gallery.layout import overrides_path
from retrieval.labels.checks import read_checks
from tests.browser import CHROMIUM, NO_CHROMIUM, Visitor, serving, visiting
from tests.commands import build
from tests.galleries import save_picture
from tests.openai_server import serving as model_serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

HOSTILE = (
    "![x](https://example.org/x.png) <script>document.title='owned'</script> $x^2$ :red[look] "
    "<img src=https://example.org/y.png onerror=alert(1)> **bold** [click](https://example.org)",
    "\u202eright to left\u2066 # no heading \u0007",
    "x" * 10_000,
)


@pytest.fixture(scope="module")
def gallery(sample_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(sample_gallery, tmp_path_factory.mktemp("page") / "gallery"))


@pytest.fixture(scope="module")
def url(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(gallery, tmp_path_factory.mktemp("log") / "log") as address:
        yield address


@pytest.fixture
def visitor(url: str) -> Iterator[Visitor]:
    with visiting(url) as somebody:
        yield somebody
        assert somebody.foreign == []
        assert somebody.complaints == []


def loaded_pictures(visitor: Visitor) -> int:
    widths: list[int] = visitor.page.locator(f"{visitor.key('cards-')} img").evaluate_all(
        "images => images.map(image => image.naturalWidth)"
    )
    assert all(widths), "a thumbnail did not load"
    return len(widths)


def count_beside(visitor: Visitor, name: str) -> int:
    return int(
        visitor.page.locator(visitor.key(f"row-{name}")).first.locator("p").last.inner_text()
    )


def test_ask_filter_open_correct_reload(visitor: Visitor, gallery: Path) -> None:
    visitor.open()
    visitor.ask("happy posts about animals")
    assert loaded_pictures(visitor) > 0
    page = visitor.page
    page.locator(visitor.key("row-sentiments-negative")).locator("label").click()
    visitor.settle()
    assert "sentiment=negative" in page.url
    page.get_by_role("link", name="Gallery").click()
    visitor.settle()
    assert "sentiment=negative" in page.url
    assert loaded_pictures(visitor) > 0
    negative, positive = (
        count_beside(visitor, f"sentiments-{n}") for n in ("negative", "positive")
    )

    page.locator(f"{visitor.key('open-gallery-')} button").first.click()
    visitor.settle()
    dialog = page.get_by_role("dialog")
    assert dialog.locator("img").first.evaluate("image => image.naturalWidth") > 320
    dialog.get_by_text("Correct these labels").click()
    dialog.get_by_role("radio", name="Positive").or_(
        dialog.get_by_role("button", name="Positive")
    ).first.click()
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("Your correction is saved").wait_for()
    visitor.settle()
    assert count_beside(visitor, "sentiments-negative") == negative - 1
    assert count_beside(visitor, "sentiments-positive") == positive + 1
    assert "topics" not in json.loads(overrides_path(gallery).read_text("utf-8").splitlines()[-1])

    visitor.open(page.url.removeprefix(visitor.url))
    assert page.locator(visitor.key("off-sentiments")).count() > 0
    assert count_beside(visitor, "sentiments-negative") == negative - 1


def test_a_bar_and_a_box_set_filters(visitor: Visitor) -> None:
    visitor.open("/overview")
    page = visitor.page
    bars = page.locator(f"{visitor.key('over-time')} svg.marks").last
    bars.scroll_into_view_if_needed()
    edges = bars.bounding_box()
    assert edges is not None
    page.mouse.click(edges["x"] + edges["width"] - 20, edges["y"] + edges["height"] * 0.7)
    page.wait_for_url("**since=2024-01-01**")
    visitor.settle()
    page.locator(f"{visitor.key('off-since')} button").first.click()
    visitor.settle()

    points = page.locator(f"{visitor.key('map')} svg.marks").last
    points.scroll_into_view_if_needed()
    visitor.settle()
    edges = points.bounding_box()
    assert edges is not None
    page.mouse.move(edges["x"] + 20, edges["y"] + 80)
    page.mouse.down()
    for step in range(1, 11):  # at a hand's pace: Vega passes over moves that are faster
        page.mouse.move(edges["x"] + 20 + 40 * step, edges["y"] + 80 + 35 * step)
        page.wait_for_timeout(30)
    page.mouse.up()
    page.locator(visitor.key("off-boxed")).wait_for()
    visitor.settle()
    boxed = int(page.locator(visitor.key("off-boxed")).inner_text().split()[0])
    assert 0 < boxed < 20
    assert "map=directions" in page.url
    visitor.open(page.url.removeprefix(visitor.url))
    assert int(page.locator(visitor.key("off-boxed")).inner_text().split()[0]) == boxed
    page.get_by_role("link", name="Gallery").click()
    visitor.settle()
    assert page.locator(visitor.key("open-gallery-")).count() == boxed


def test_three_posts_are_checked(visitor: Visitor, gallery: Path) -> None:
    visitor.open("/check")
    page = visitor.page
    if draws := page.get_by_role("button", name="Draw posts").all():
        draws[0].click()
        visitor.settle()
    before = len(read_checks(gallery).answers or {})
    for number in range(3):
        page.get_by_role("radio", name="Neutral").first.click()
        page.get_by_role("button", name="Save and go on").click()
        page.get_by_text(f"{before + number + 1} of").wait_for()
        visitor.settle()
    answers = read_checks(gallery).answers or {}
    assert len(answers) == before + 3
    assert {each.sentiment for each in list(answers.values())[-3:]} == {"neutral"}


def test_a_topic_is_edited_and_the_scheme_chosen(url: str) -> None:
    with visiting(url) as visitor:
        visitor.open("/settings")
        page = visitor.page
        page.get_by_label("Title").fill("Folks")
        page.get_by_role("button", name="Change in the draft").click()
        visitor.settle()
        page.get_by_role("button", name="Preview").click()
        page.get_by_text("looked at would change").wait_for()
        visitor.settle()
        page.get_by_role("radio", name="Dark").click()
        page.wait_for_function(
            "getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'"
        )
        visitor.open("/gallery")
        scheme = "getComputedStyle(document.querySelector('.stApp')).colorScheme"
        assert page.evaluate(scheme) == "dark"
        assert visitor.foreign == []
        assert visitor.complaints == []


def test_by_keyboard_alone(visitor: Visitor) -> None:
    visitor.open()
    page = visitor.page
    page.get_by_test_id("stChatInputTextArea").focus()
    page.keyboard.type("a cat")
    page.keyboard.press("Enter")
    visitor.settle()
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        name = page.evaluate("document.activeElement.innerText || ''")
        if name.startswith("Open "):
            break
    assert name.startswith("Open ")
    page.keyboard.press("Enter")
    visitor.settle()
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_a_typed_date_holds_when_its_field_is_left_with_tab(visitor: Visitor) -> None:
    visitor.open()
    field = visitor.page.get_by_label("From")
    field.focus()
    visitor.page.keyboard.type("2021-03-14")
    visitor.page.keyboard.press("Tab")
    visitor.page.wait_for_url("**since=2021-03-14**", timeout=10_000)
    visitor.settle()
    assert field.input_value() == "2021-03-14"
    assert field.evaluate("input => input.scrollWidth <= input.clientWidth")


def test_the_newest_question_and_the_filters_stay_in_sight(url: str) -> None:
    with visiting(url, 390) as visitor:
        visitor.open("/?caption=yes")
        for number, question in enumerate(("happy posts", "how many posts per year?")):
            visitor.ask(question)
            visitor.page.wait_for_timeout(2000)  # whatever moves the page has done so
            asked = visitor.page.locator(visitor.key(f"question-{number}")).bounding_box()
            active = visitor.page.locator(".st-key-active").bounding_box()
            assert asked is not None
            assert active is not None
            assert 0 < active["y"] < active["y"] + active["height"] <= asked["y"] < 200
        visitor.page.mouse.move(200, 500)
        visitor.page.mouse.wheel(0, 400)
        visitor.page.wait_for_timeout(500)
        active = visitor.page.locator(".st-key-active").bounding_box()
        assert active is not None
        assert 0 < active["y"] < 200
        assert visitor.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_view_is_accessible(url: str, width: int, scheme: str, tmp_path: Path) -> None:
    ten_pictures(tmp_path / "posts")
    with visiting(url, width, scheme) as visitor:
        visitor.open()
        found = _serious(visitor, "chat, empty")
        visitor.ask("how many happy posts per year?")
        found += _serious(visitor, "chat")
        visitor.open("/gallery")
        found += _serious(visitor, "gallery")
        visitor.page.locator(f"{visitor.key('open-gallery-')} button").first.click()
        visitor.settle()
        found += _serious(visitor, "detail")
        visitor.open("/overview")
        found += _serious(visitor, "overview")
        visitor.open("/report")
        found += _serious(visitor, "report")
        visitor.open("/settings")
        found += _serious(visitor, "settings")
        visitor.open("/check")
        if draws := visitor.page.get_by_role("button", name="Draw posts").all():
            found += _serious(visitor, "check, nothing drawn")
            draws[0].click()
            visitor.settle()
        found += _serious(visitor, "check")
        visitor.open("/add_posts")
        found += _serious(visitor, "add posts")
        look_at(visitor, tmp_path / "gone")
        visitor.page.get_by_text("does not exist").wait_for()
        found += _serious(visitor, "add posts, a bad path")
        visitor.page.get_by_role("button", name="Choose again").click()
        visitor.settle()
        look_at(visitor, tmp_path / "posts")
        visitor.page.get_by_role("button", name="Add them").wait_for()
        visitor.page.get_by_text("1 file will be skipped").click()
        visitor.settle()
        found += _serious(visitor, "add posts, preview")
        assert found == []
        assert visitor.foreign == []


def ten_pictures(folder: Path) -> Path:
    """Ten, and a file that is none."""
    for number in range(10):
        save_picture(folder / f"{number}.png", (25 * number, 90, 160), f"picture number {number}")
    (folder / "page.jpg").write_text("<html>not found</html>")
    return folder


def look_at(visitor: Visitor, path: Path) -> None:
    visitor.page.get_by_label("A folder of pictures, or a table of posts").fill(str(path))
    visitor.page.get_by_role("button", name="Look at it").click()


def test_ten_pictures_are_added_and_seen(tmp_path: Path) -> None:
    ten_pictures(tmp_path / "posts")
    with serving(tmp_path / "gallery", tmp_path / "log") as url, visiting(url) as visitor:
        page = visitor.page
        visitor.open()
        page.get_by_role("button", name="Add your posts").click()
        page.get_by_role("heading", name="Add posts").wait_for()
        visitor.settle()
        found = _serious(visitor, "add posts, no gallery")
        look_at(visitor, tmp_path / "posts")
        page.get_by_role("button", name="Add them").click()
        page.get_by_text("Look at the pictures:").wait_for(timeout=60_000)
        assert page.get_by_role("progressbar").count() > 0
        found += _serious(visitor, "add posts, at work")
        page.get_by_text("are in the gallery").wait_for(timeout=90_000)
        visitor.settle()
        found += _serious(visitor, "add posts, done")
        page.get_by_text("1 file skipped").click()
        page.get_by_text("not a picture but a web page").wait_for()
        page.get_by_role("link", name="See the gallery").click()
        visitor.settle()
        assert loaded_pictures(visitor) == 10
        assert found == []
        assert visitor.foreign == []
        assert visitor.complaints == []


def test_a_zip_is_uploaded_and_added(gallery: Path, url: str, tmp_path: Path) -> None:
    archive = shutil.make_archive(
        str(tmp_path / "trip"), "zip", ten_pictures(tmp_path / "elsewhere" / "trip")
    )
    with visiting(url) as visitor:
        page = visitor.page
        visitor.open("/add_posts")
        page.get_by_role("tab", name="Upload").click()
        page.locator("input[type=file]").set_input_files(archive)
        page.get_by_role("button", name="Look at them").click()
        page.get_by_role("button", name="Add them").click()
        page.get_by_text("are in the gallery").wait_for(timeout=90_000)
        kept = gallery.with_name(f"{gallery.name}_uploads")
        assert len(list(kept.rglob("*.png"))) == 10
        visitor.settle()
        page.locator(visitor.key("source-0")).get_by_text("Forget").click()
        page.get_by_role("button", name="Forget them").click()
        page.get_by_text("left the gallery; the files stay").wait_for(timeout=60_000)
        assert len(list(kept.rglob("*.png"))) == 10
        assert visitor.foreign == []
        assert visitor.complaints == []


def _serious(visitor: Visitor, view: str) -> list[str]:
    """What axe finds that keeps somebody out, apart from what is the framework's own."""
    assert not visitor.scrolls_sideways(), view
    violations = Axe().run(visitor.page).response["violations"]
    return [
        f"{view}: {each['id']}: {node['html'][:200]}"
        for each in violations
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
        if "pick_brush" not in node["html"]  # Vega's, while a box is drawn
    ]


def test_captions_draw_as_text(tmp_path: Path) -> None:
    for number in range(len(HOSTILE)):
        save_picture(tmp_path / f"{number}.png", ("red", "green", "blue")[number])
        (tmp_path / f"{number}.txt").write_text(HOSTILE[number], "utf-8")
    rows = [json.dumps({"image": f"{n}.png", "caption": text}) for n, text in enumerate(HOSTILE)]
    (tmp_path / "posts.jsonl").write_text("\n".join(rows), "utf-8")
    build(tmp_path / "gallery", tmp_path / "posts.jsonl")
    with serving(tmp_path / "gallery", tmp_path / "log") as url, visiting(url) as visitor:
        visitor.open("/gallery")
        assert loaded_pictures(visitor) == len(HOSTILE)
        text = visitor.page.locator(visitor.key("cards-")).inner_text()
        assert "<script>document.title" in text
        assert "![x](" in text
        assert "$x^2$" in text
        for number in range(len(HOSTILE)):
            visitor.page.locator(f"{visitor.key('open-gallery-')} button").nth(number).click()
            visitor.settle()
            dialog = visitor.page.get_by_role("dialog")
            is_long = "xxx" in dialog.inner_text()
            assert dialog.get_by_text("The whole caption").count() == is_long
            assert len(dialog.inner_text()) < 2000
            assert dialog.evaluate("each => each.scrollWidth <= each.clientWidth")
            visitor.page.keyboard.press("Escape")
            dialog.wait_for(state="hidden")
        visitor.open("/")
        visitor.ask("show me everything")
        cards = visitor.page.locator(visitor.key("cards-"))
        assert cards.locator("a, script, .katex").count() == 0
        assert visitor.page.title() != "owned"
        assert visitor.foreign == []
        assert visitor.complaints == []
        assert not visitor.scrolls_sideways()


def test_a_silent_endpoint_is_stopped_and_the_next_answer_works(
    gallery: Path, tmp_path: Path
) -> None:
    with model_serving() as address:
        page_of = serving(
            gallery, tmp_path / "log",
            OPENAI_MODEL="silent", OPENAI_BASE_URL=address, OPENAI_API_KEY="sk-test",
        )  # fmt: skip
        with page_of as url, visiting(url) as visitor:
            visitor.open()
            page = visitor.page
            box = page.get_by_test_id("stChatInputTextArea")
            box.fill("a cat")
            box.press("Enter")
            time.sleep(2)
            page.get_by_test_id("stChatInputStopButton").click()
            page.get_by_text("Stopped.").wait_for(timeout=10_000)  # the model: after 45 s
            page.get_by_text("silent answers").click()  # the switch: the planner from now on
            visitor.settle()
            visitor.ask("a cat asleep")
            assert loaded_pictures(visitor) > 0
            assert visitor.foreign == []
        assert "sk-test" not in (tmp_path / "log").read_text("utf-8")
