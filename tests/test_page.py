"""The page's logic on the sample gallery: filters and the address, chips, corrections, states."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from chat_app.building import Seen
from chat_app.page.shared import open_shared, shared
from chat_app.picture_map import principal_places
from chat_app.reporting import Reporting
from retrieval.config import Settings
from retrieval.errors import GalleryLocked
from retrieval.gallery.generation import Generation
from retrieval.gallery.layout import checks_path, overrides_path, thumbnail_path
from retrieval.labels.checks import Check, read_checks, say_of
from retrieval.labels.overrides import key_of, set_override
from tests.commands import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

APP = Path(__file__).resolve().parents[1] / "chat_app" / "app.py"
SECONDS = 60  # the first run imports langchain


@pytest.fixture
def gallery(sample_gallery: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_gallery, tmp_path / "gallery"))


@pytest.fixture
def page(gallery: Path, cache_dir: Path) -> Iterator[AppTest]:
    open_shared(Settings(chroma_dir=gallery, cache_dir=cache_dir))
    yield AppTest.from_file(str(APP), default_timeout=SECONDS)
    open_shared(Settings(chroma_dir=gallery / "gone", cache_dir=cache_dir))


def texts(page: AppTest) -> str:
    return "\n".join(each.value for each in [*page.markdown, *page.title])


def button(page: AppTest, key: str) -> Any:
    return next(each for each in page.button if (each.key or "").startswith(key))


def ask(page: AppTest, question: str) -> AppTest:
    return page.chat_input[0].set_value(question).run()


def parameters(page: AppTest) -> dict[str, list[str]]:
    values = dict(page.query_params).items()
    return {name: [value] if isinstance(value, str) else list(value) for name, value in values}


def passing(page: AppTest) -> str:
    """The line that says how many posts pass the filters."""
    return next(each.value for each in page.markdown if " of 36 posts" in each.value)


# --- the chat -----------------------------------------------------------------------------------


def test_an_empty_page_offers_questions_that_work(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert page.title[0].value == "What would you like to remember?"
    ideas = [each for each in page.button if (each.key or "").startswith("idea-")]
    assert len(ideas) == 4
    ideas[0].click().run()
    assert not page.exception
    assert "posts" in texts(page)
    assert not page.title


def test_an_answer_comes_with_pictures_and_what_was_understood(page: AppTest) -> None:
    ask(page.run(), "happy posts about animals")
    assert "**happy posts about animals**" in texts(page)
    assert "2 posts" in texts(page)
    assert cards(page, "turn0")
    chips = [each.label for each in page.button if (each.key or "").startswith("less-0-")]
    assert chips == ["positive", "Animals"]


def test_a_picture_on_both_sides_of_a_comparison_is_drawn_once(page: AppTest) -> None:
    ask(page.run(), "compare animals with positive")
    ask(page, "compare city & street with vehicles & transport")
    assert not page.exception
    opened = [each.key for each in page.button if (each.key or "").startswith("open-turn1-")]
    assert opened
    assert len(opened) == len(set(opened))


def test_what_was_understood_can_be_taken_off(page: AppTest) -> None:
    ask(page.run(), "happy posts about animals")
    button(page, "less-0-sentiments").click().run()
    assert not page.exception
    chips = [each.label for each in page.button if (each.key or "").startswith("less-1-")]
    assert chips == ["Animals"]
    assert "3 posts · Animals" in texts(page)


def test_numbers_come_with_what_was_understood_and_which_pictures_these_are(page: AppTest) -> None:
    ask(page.run(), "how many happy posts per year?")
    assert understood(page, 0) == ["positive", "by year"]
    assert ":small[:gray[The newest of them]]" in texts(page)
    button(page, "less-0-by").click().run()
    assert understood(page, 1) == ["positive"]
    ask(page, "compare 2019 with 2021 with 2023")
    assert understood(page, 2) == ["2019", "2021", "2023"]
    assert ":small[:gray[Examples of each side]]" in texts(page)
    button(page, "less-2-side0").click().run()
    assert understood(page, 3) == ["2021", "2023"]
    button(page, "less-3-side1").click().run()
    assert understood(page, 4) == ["2021"]
    ask(page, "the oldest post")
    assert understood(page, 5) == ["oldest first"]
    assert not page.exception
    told = texts(page)
    assert "Here is the first of 20 pictures" in told
    assert "answered without a language model" in told
    assert "· 4\N{NO-BREAK SPACE}posts]" in told


def test_old_answers_are_folded_to_their_text(page: AppTest) -> None:
    page.run()
    for question in ("how many posts per year?", "happy posts", "a cat"):
        ask(page, question)
    assert not page.exception
    assert not cards(page, "turn0")
    assert cards(page, "turn1")
    assert r"- 2018\: 6" in texts(page)  # what its bars told
    button(page, "unfold-0").click().run()
    assert cards(page, "turn0")


def test_topics_are_named_by_their_titles(page: AppTest) -> None:
    page.query_params["topic"] = "food_drink"
    ask(page.run(), "compare food and drink with city street")
    ask(page, "how many posts by topic?")
    ask(page, "show the first")
    assert not page.exception
    chips = [each.label for each in page.button if (each.key or "").startswith("off-")]
    assert chips == [r"Food \& drink"]
    told = texts(page)
    assert "Food \\& drink" in told
    assert "topics\\: Food \\& drink" in told
    assert "food drink" not in told
    assert "food_drink" not in told


def test_follow_ups_go_on_and_a_new_conversation_forgets(page: AppTest) -> None:
    ask(page.run(), "how many happy posts per year?")
    ask(page, "only the ones about animals")
    assert understood(page, 1) == ["positive", "Animals", "by year"]
    next(each for each in page.button if each.label == "New conversation").click().run()
    assert page.title[0].value == "What would you like to remember?"


def test_filters_hold_in_the_chat(page: AppTest) -> None:
    page.run().checkbox(key="filter-sentiments-negative").check().run()
    ask(page, "a cat")
    assert not page.exception
    badges = [e.value for e in page.markdown if e.value.startswith(":") and "-badge[" in e.value]
    assert badges
    assert all("Negative" in badge for badge in badges)


def drop(page: AppTest, gallery: Path, words: str = "") -> AppTest:
    """Ask with the first picture of the gallery, as its thumbnail has it."""
    picture = thumbnail_path(gallery, Generation.open(gallery).image_ids[0])
    box = page.chat_input[0].upload("picture.webp", picture.read_bytes(), "image/webp")
    return (box.set_value(words) if words else box).run()


def understood(page: AppTest, turn: int) -> list[str]:
    return [each.label for each in page.button if (each.key or "").startswith(f"less-{turn}-")]


def test_words_beside_a_picture_filter_as_those_of_a_question_do(
    page: AppTest, gallery: Path
) -> None:
    drop(page.run(), gallery)
    assert not page.exception
    assert "8 pictures closest to yours" in texts(page)
    assert not understood(page, 0)
    closest = cards(page, "turn0")
    drop(page, gallery, "something like this from 2020 please")
    assert not page.exception
    assert understood(page, 1) == ["like your picture", "2020"]
    assert "7 pictures closest to yours · 2020" in texts(page)
    ask(page, "and from 2019?")
    assert understood(page, 2) == ["like your picture", "2019"]
    button(page, "less-2-since").click().run()
    assert cards(page, "turn3") == closest
    button(page, "less-2-picture").click().run()
    assert not page.exception
    assert understood(page, 4) == ["2019"]
    assert "closest to yours" not in page.markdown[-1].value


def test_filters_that_hold_everything_back_are_named_and_can_be_taken_off(page: AppTest) -> None:
    page.run().checkbox(key="filter-sentiments-negative").check().run()
    page.checkbox(key="filter-has_caption-True").check().run()
    ask(page, "happy posts")
    assert "Without your filters 14 would" in texts(page)
    assert "14 posts held back by your filters" in texts(page)
    offers = [each.label for each in page.button if (each.key or "").startswith("without-")]
    assert offers == ["negative", "with a caption"]
    button(page, "without-sentiments").click().run()
    assert not page.exception
    assert parameters(page) == {"caption": ["yes"]}
    assert cards(page, "turn1")
    assert not any((each.key or "").startswith("without-") for each in page.button)


@pytest.mark.parametrize(
    "chosen",
    [{"sentiment": "negative"}, {"topic": "animals"}, {"since": "2020-04", "until": "2020"}],
)
def test_what_is_offered_finds_something_under_the_filters(
    page: AppTest, chosen: dict[str, str]
) -> None:
    page.query_params.update(chosen)
    page.run()
    ideas = [each.label for each in page.button if (each.key or "").startswith("idea-")]
    assert ideas
    passing_posts = passing(page).split()[0].removeprefix(":small[:gray[")
    assert f"Ask about the {passing_posts} of 36 posts that pass your filters" in texts(page)
    for turn, idea in enumerate(ideas):
        ask(page, idea)
        assert cards(page, f"turn{turn}"), idea


# --- filters and the address --------------------------------------------------------------------


def test_a_filter_moves_the_counts_and_stands_in_the_address(page: AppTest) -> None:
    page.run()
    page.checkbox(key="filter-sentiments-negative").check().run()
    page.checkbox(key="filter-topics-animals").check().run()
    assert parameters(page) == {"sentiment": ["negative"], "topic": ["animals"]}
    assert passing(page) == ":small[:gray[1 of 36 posts]]"
    button(page, "off-sentiments").click().run()
    assert parameters(page) == {"topic": ["animals"]}
    assert not page.checkbox(key="filter-sentiments-negative").value
    button(page, "reset").click().run()
    assert parameters(page) == {}


def test_every_filter_can_be_shared_by_the_address(page: AppTest) -> None:
    shared = {
        "sentiment": ["positive", "neutral"],
        "since": ["2019-01-01"],
        "until": ["2023-12-31"],
        "caption": ["yes"],
    }
    for name, value in shared.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert parameters(page) == shared
    assert page.checkbox(key="filter-sentiments-positive").value
    assert page.checkbox(key="filter-has_caption-True").value
    assert page.text_input(key="filter-since").value == "2019-01-01"


def test_an_address_that_asks_for_what_is_not_here_says_so(page: AppTest) -> None:
    for name, value in {"topic": "dragons", "since": "soon", "caption": "maybe"}.items():
        page.query_params[name] = value
    page.query_params["sentiment"] = "negative"
    page.run()
    assert not page.exception
    assert parameters(page) == {"sentiment": ["negative"]}
    told = " ".join(each.value for each in page.toast)
    assert "dragons" in told
    assert "soon" in told
    assert "caption" in told


def test_a_filter_that_leaves_nothing_stays_with_its_noughts(page: AppTest) -> None:
    page.query_params["since"] = "2021-03-14"
    page.run()
    counts = [each.value for each in page.sidebar.markdown]
    beside = counts[counts.index("**Caption and picture disagree**") + 1 :]
    assert beside == [":small[:gray[0]]", ":small[:gray[0]]"]


def test_a_first_day_after_the_last_one_lets_the_last_one_go(page: AppTest) -> None:
    page.query_params["until"] = "2019-12-31"
    page.run().text_input(key="filter-since").set_value("2021-01-01").run()
    assert not page.exception
    assert parameters(page) == {"since": ["2021-01-01"]}


def test_a_date_can_be_a_month_of_the_last_year(page: AppTest) -> None:
    page.query_params["until"] = "2021"
    page.run().text_input(key="filter-since").set_value(" 2021-03 ").run()
    assert parameters(page) == {"since": ["2021-03"], "until": ["2021"]}
    page.text_input(key="filter-until").set_value("").run()
    assert parameters(page) == {"since": ["2021-03"]}


def test_what_is_no_date_filters_nothing_and_says_how_to_write_one(page: AppTest) -> None:
    page.query_params["since"] = "2020"
    page.run().text_input(key="filter-since").set_value("*soon*").run()
    assert not page.exception
    assert parameters(page) == {"since": ["2020"]}
    assert page.text_input(key="filter-since").value == "*soon*"
    told = r":orange[“\*soon\*” is no date. Write a year (2021)"
    assert any(each.value.startswith(told) for each in page.sidebar.markdown)
    page.run()
    assert page.text_input(key="filter-since").value == "2020"
    assert "is no date" not in texts(page)


# --- gallery and detail -------------------------------------------------------------------------


def open_gallery(page: AppTest) -> AppTest:
    return page.run().switch_page("page/gallery.py").run()


def cards(page: AppTest, of: str = "gallery") -> list[str]:
    """The buttons that open a picture, of the gallery or of a turn."""
    return [each.label for each in page.button if (each.key or "").startswith(f"open-{of}-")]


def test_the_gallery_shows_all_and_searches_by_meaning(page: AppTest) -> None:
    open_gallery(page)
    assert not page.exception
    assert len(cards(page)) == 20
    page.text_input(key="gallery-query").set_value("rocket launch").run()
    assert "rocket" in texts(page).lower()
    assert parameters(page)["q"] == ["rocket launch"]
    assert len(cards(page)) < 20


@pytest.mark.parametrize("sort", ["newest", "oldest", "most_positive", "most_negative"])
def test_the_gallery_is_sorted(page: AppTest, sort: str) -> None:
    open_gallery(page).selectbox(key="gallery-sort").set_value(sort).run()
    assert not page.exception
    assert len(cards(page)) == 20
    first = next(each.value for each in page.markdown if "-badge[" in each.value)
    wanted = {"newest": "2024", "oldest": "2018", "most_positive": "Positive"}
    assert wanted.get(sort, "Negative") in first


def test_where_nothing_is_near_the_nearest_can_be_asked_for(page: AppTest) -> None:
    open_gallery(page).text_input(key="gallery-query").set_value("zebra crossing opera").run()
    assert not page.exception
    assert "Nothing here has to do with" in texts(page)
    assert not cards(page, "less-sure-nearest")
    page.toggle(key="gallery-nearest").set_value(True).run()
    assert cards(page, "less-sure-nearest")


def test_what_may_be_meant_is_offered_as_less_sure(page: AppTest) -> None:
    open_gallery(page).text_input(key="gallery-query").set_value("outer space").run()
    assert not page.exception
    assert "Nothing here is surely" in texts(page)
    assert cards(page, "less-sure-gallery")


def test_what_is_looked_for_comes_best_match_first(page: AppTest) -> None:
    open_gallery(page).text_input(key="gallery-query").set_value("a red vehicle").run()
    assert page.selectbox(key="gallery-sort").value == "relevance"
    assert "sort" not in parameters(page)
    page.text_input(key="gallery-query").set_value("").run()
    assert page.selectbox(key="gallery-sort").value == "newest"
    newest = cards(page)
    button(page, "open-gallery-").click().run()
    button(page, "more-like").click().run()
    assert not page.exception
    assert page.selectbox(key="gallery-sort").value == "relevance"
    assert cards(page) != newest


def test_best_match_is_offered_only_where_something_is_looked_for(page: AppTest) -> None:
    page.switch_page("page/gallery.py")
    page.query_params["sort"] = "relevance"
    page.run()
    assert page.selectbox(key="gallery-sort").value == "newest"
    assert "Best match" not in page.selectbox(key="gallery-sort").options
    page.text_input(key="gallery-query").set_value("a red vehicle").run()
    assert "Best match" in page.selectbox(key="gallery-sort").options


def test_a_post_names_its_source_and_not_where_it_lies(page: AppTest) -> None:
    open_gallery(page)
    button(page, "open-gallery-").click().run()
    line = next(each for each in page.markdown if r"posts\.csv · " in each.value)
    assert "/" not in line.value
    assert r"data\/sample" in line.proto.help


def test_a_query_that_cannot_be_read_gets_advice(page: AppTest) -> None:
    open_gallery(page).text_input(key="gallery-query").set_value("-people").run()
    assert not page.exception
    assert page.warning or cards(page) or "Nothing here" in texts(page)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ({"page": "99"}, 20),
        ({"page": "0"}, 20),
        ({"page": "9" * 40}, 20),
        ({"page": "²"}, 20),
        ({"sort": "by_magic"}, 20),
        ({"like": "no such picture"}, 0),
        ({"like": "../../etc/passwd"}, 0),
        ({"q": "rocket launch", "sort": "oldest"}, None),
    ],
)
def test_whatever_the_address_says_the_gallery_draws(
    page: AppTest, address: dict[str, str], shown: int | None
) -> None:
    page.switch_page("page/gallery.py")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert cards(page) if shown is None else len(cards(page)) == shown
    if not shown and shown is not None:
        assert page.warning


def test_a_correction_writes_only_what_changed_and_can_be_taken_back(
    page: AppTest, gallery: Path
) -> None:
    open_gallery(page).selectbox(key="gallery-sort").set_value("most_negative").run()
    button(page, "open-gallery-").click().run()
    assert not page.exception
    page.button_group[0].set_value("positive")
    button(page, "FormSubmitter:correct-Save").click().run()
    assert not page.exception
    (line,) = overrides_path(gallery).read_text("utf-8").splitlines()
    assert json.loads(line)["sentiment"] == "positive"
    assert "topics" not in json.loads(line)
    counts = [each.value for each in page.sidebar.markdown]
    assert ":small[:gray[15]]" in counts[: counts.index("**Topics**")]
    assert ":small[:gray[9]]" in counts[: counts.index("**Topics**")]
    page.selectbox(key="gallery-sort").set_value("most_positive").run()
    next(each for each in page.button if "Lockdown" in each.label).click().run()
    button(page, "take-back").click().run()
    assert ":small[:gray[10]]" in [each.value for each in page.sidebar.markdown]


# --- states -------------------------------------------------------------------------------------


def test_without_a_gallery_the_page_says_how_to_make_one(tmp_path: Path, cache_dir: Path) -> None:
    open_shared(Settings(chroma_dir=tmp_path / "nothing", cache_dir=cache_dir))
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
    assert not page.exception
    assert "nothing" in texts(page)
    assert "python -m indexer build" in page.code[0].value


def test_a_gallery_of_another_schema_says_what_to_do(page: AppTest, gallery: Path) -> None:
    manifest = json.loads((gallery / "manifest.json").read_text("utf-8"))
    (gallery / "manifest.json").write_text(json.dumps(manifest | {"schema": 999}), "utf-8")
    page.run()
    assert not page.exception
    assert page.title[0].value == "The gallery cannot be opened"
    assert "rebuild" in texts(page)


def test_pictures_that_are_gone_from_the_disk_leave_a_line(page: AppTest, gallery: Path) -> None:
    open_gallery(page)
    shutil.rmtree(gallery / "thumbnails")
    page.run()
    assert not page.exception
    assert "The thumbnail is gone" in texts(page)


def test_a_newer_generation_is_picked_up_and_old_turns_still_draw(
    page: AppTest, gallery: Path
) -> None:
    ask(page.run(), "happy posts")
    shown = cards(page, "turn0")
    counts = [each.value for each in page.sidebar.markdown]
    done = run("indexer", "relabel", "--sentiment-model", "vader", "--chroma-dir", gallery)
    assert done.returncode == 0, done.stderr
    page.run()
    assert not page.exception
    assert [each.value for each in page.sidebar.markdown] != counts
    assert cards(page, "turn0") == shown
    button(page, "open-turn0-").click().run()
    assert not page.exception


def test_a_gallery_that_goes_away_says_how_to_make_one(page: AppTest, gallery: Path) -> None:
    ask(page.run(), "how many posts per year?")
    shutil.rmtree(gallery)
    page.run()
    assert not page.exception
    assert "no gallery" in texts(page)


# --- the overview -------------------------------------------------------------------------------


def open_overview(page: AppTest) -> AppTest:
    return page.run().switch_page("page/overview.py").run()


def test_the_overview_tells_of_all_posts(page: AppTest) -> None:
    open_overview(page)
    assert not page.exception
    figures = {each.label: each.value for each in page.metric}
    assert figures == {
        "Posts": "36", "Pictures": "20", "Positive": "41%", "Negative": "29%", "Years": "2018–2024",
    }  # fmt: skip
    for title in ("Sentiment by year", "Topics", "When you post", "Pictures that look alike"):
        assert f"### {title}" in texts(page)
    assert "about topics" in texts(page)
    assert "built on" in texts(page)


def test_topics_that_only_the_user_knows_keep_their_names(page: AppTest, gallery: Path) -> None:
    for post in Generation.open(gallery).posts()[:6]:
        set_override(gallery, post, topics=["gardening"])
    page.run()
    assert not page.exception
    assert "posts about gardening" in [each.label for each in page.button]
    assert "gardening" in [each.label for each in page.sidebar.checkbox]
    open_overview(page)
    assert not page.exception
    assert "gardening" in page.table[1].value.index


@pytest.mark.parametrize("by", ["Topic", "Year"])
def test_each_group_on_the_map_has_a_colour_of_its_own(page: AppTest, by: str) -> None:
    choices(open_overview(page))["Colour by"].set_value(by).run()
    assert not page.exception
    spec = json.loads(page.get("vega_lite_chart")[-1].proto.spec)
    scale = spec["encoding"]["color"]["scale"]
    assert len(set(scale["range"])) == len(scale["domain"]) > 4


def test_filters_hold_in_the_overview(page: AppTest) -> None:
    page.query_params["sentiment"] = "positive"
    open_overview(page)
    assert page.metric[0].value == "14"
    button(page, "off-sentiments").click().run()
    button(page, "see-topics").click().run()
    assert not page.exception
    assert parameters(page)["disagree"] == ["topics"]


def three_boxed(gallery: Path) -> str:
    """A box around the three pictures furthest to the left."""
    x, y = principal_places(Generation.open(gallery).image_vectors).T
    left = np.sort(x)
    edges = left[0] - 0.01, (left[2] + left[3]) / 2, y.min() - 0.01, 1.5
    return ",".join(f"{round(float(edge), 3):g}" for edge in edges)


def test_a_box_on_the_map_filters_the_gallery_and_the_chat(page: AppTest, gallery: Path) -> None:
    box = three_boxed(gallery)
    page.query_params["box"] = box
    open_overview(page)
    assert parameters(page) == {"box": [box], "map": ["directions"]}
    assert page.metric[1].value == "3"
    counts = [each.value for each in page.sidebar.markdown]
    posts = int(page.metric[0].value)
    with_and_without = counts[counts.index("**Caption**") + 1 :][:2]
    assert sum(int(each.strip(":smalgry[]")) for each in with_and_without) == posts < 36
    open_gallery(page)
    assert len(cards(page)) == 3
    page.switch_page("page/chat.py").run()
    ask(page, "how many posts are there?")
    assert not page.exception
    assert "36" not in page.markdown[-1].value
    button(page, "off-boxed").click().run()
    assert not any((each.key or "").startswith("off-") for each in page.button)
    assert parameters(page) == {}


def test_a_box_goes_with_a_reset_and_with_its_generation(page: AppTest, gallery: Path) -> None:
    page.query_params["box"] = three_boxed(gallery)
    page.run()
    assert "off-boxed" in [each.key for each in page.button]
    button(page, "reset").click().run()
    assert parameters(page) == {}

    again = AppTest.from_file(str(APP), default_timeout=SECONDS)
    again.query_params["box"] = three_boxed(gallery)
    again.run()
    assert run("indexer", "relabel", "--sentiment-model", "vader", "--chroma-dir", gallery)
    again.run()
    assert not again.exception
    assert parameters(again) == {}
    assert "the gallery has changed" in again.toast[0].value


@pytest.mark.parametrize(
    ("box", "way", "told"),
    [
        ("1,2,3", "directions", "four numbers"),
        ("0,nan,0,1", "directions", "four numbers"),
        ("1,-1,0,1", "directions", "four numbers"),
        ("<b>,1,0,1e999", "directions", "four numbers"),
        ("0,1,0,1", "treasure", "choose from directions"),
        ("0,1,0,1", "neighbours", "it needs umap"),
    ],
)
def test_a_box_that_cannot_be_drawn_is_told_and_left_out(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, box: str, way: str, told: str
) -> None:
    monkeypatch.setattr("chat_app.picture_map.find_spec", lambda name: None)
    page.query_params.update({"box": box, "map": way, "sentiment": "negative"})
    page.run()
    assert not page.exception
    assert parameters(page) == {"sentiment": ["negative"]}
    assert told in page.toast[0].value


def choices(page: AppTest) -> dict[str, Any]:
    return {each.label: each for each in page.segmented_control}


def test_without_umap_the_map_is_the_one_by_directions(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_app.picture_map.find_spec", lambda name: None)
    open_overview(page)
    assert not page.exception
    assert "two directions in which all pictures differ most" in texts(page)
    assert "Place by" not in choices(page)
    assert "worked out" not in texts(page)


def test_the_map_by_neighbours_is_a_choice_once_it_is_there(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = Event()

    def slowly(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        assert may_end.wait(60)
        return -principal_places(vectors)

    monkeypatch.setattr("chat_app.picture_map.find_spec", lambda name: True)
    monkeypatch.setattr("chat_app.picture_map.neighbour_places", slowly)
    open_overview(page)
    assert not page.exception
    assert "By neighbours" not in texts(page)
    assert "being worked out" in texts(page)
    assert "Place by" not in choices(page)
    may_end.set()
    until_there = time.monotonic() + 60  # behind another gallery's, perhaps
    pictures = shared().picture_map(shared().searcher())
    while pictures.is_at_work and time.monotonic() < until_there:
        time.sleep(0.01)
    page.run()
    assert "being worked out" not in texts(page)
    assert "two directions" in texts(page)
    choices(page)["Place by"].set_value("By neighbours").run()
    assert not page.exception
    assert "beside those most like it" in texts(page)

    again = AppTest.from_file(str(APP), default_timeout=SECONDS)
    again.query_params.update({"box": "-1,1,-1,1", "map": "neighbours"})
    open_overview(again)
    assert parameters(again) == {"box": ["-1,1,-1,1"], "map": ["neighbours"]}
    assert choices(again)["Place by"].value == "By neighbours"
    assert again.metric[1].value == "20"


# --- checking posts -----------------------------------------------------------------------------


def open_check(page: AppTest) -> AppTest:
    return page.run().switch_page("page/check.py").run()


def test_posts_are_drawn_answered_skipped_and_gone_back_to(page: AppTest, gallery: Path) -> None:
    button(open_check(page), "draw").click().run()
    checks = read_checks(gallery)
    assert len(checks.random) == len(set(map(key_of, Generation.open(gallery).posts())))
    assert not page.exception
    feels, seems = page.segmented_control
    feels.set_value("negative")
    seems.set_value("positive")
    page.multiselect[0].set_value(["animals"])
    submit(page, "Save and go on")
    first, second, third = checks.random[:3]
    assert read_checks(gallery).answer(first) == Check("negative", "positive", ("animals",))
    assert [each.value for each in page.segmented_control] == [None, None]
    submit(page, "I can't tell")
    assert read_checks(gallery).answer(second) == Check()
    submit(page, "Back")
    submit(page, "Back")
    assert [each.value for each in page.segmented_control] == ["negative", "positive"]
    page.segmented_control[0].set_value("neutral")
    submit(page, "Save and go on")
    assert read_checks(gallery).answer(first) == Check("neutral", "positive", ("animals",))
    submit(page, "I can't tell")  # of the second again, and on to the third
    assert read_checks(gallery).answer(third) is None
    submit(page, "Save and go on")
    assert "Answer at least one question" in page.error[0].value
    assert read_checks(gallery).answer(third) is None
    page.segmented_control[0].set_value("neutral")
    submit(page, "Save and go on")
    assert read_checks(gallery).answer(third) == Check("neutral", None, ())


def submit(page: AppTest, label: str) -> None:
    next(each for each in page.button if each.label == label).click().run()
    assert not page.exception


def test_checking_shows_no_prediction_and_goes_on_where_it_was_left(
    page: AppTest, gallery: Path
) -> None:
    button(open_check(page), "draw").click().run()
    for key in read_checks(gallery).random[:5]:
        say_of(gallery, key, Check("neutral"))
    page.run()
    assert "badge" not in texts(page)
    assert "5 of " in page.get("progress")[0].proto.text
    for key in read_checks(gallery).drawn:
        say_of(gallery, key, Check("neutral"))
    page.run()
    assert "posts are looked at" in texts(page)
    before = len(read_checks(gallery).drawn)
    button(page, "draw").click().run()  # the sample has no others
    assert len(read_checks(gallery).drawn) == before
    assert "every post is drawn already" in page.error[0].value
    assert overrides_path(gallery).exists() is False


def test_a_damaged_file_of_checks_is_one_sentence(page: AppTest, gallery: Path) -> None:
    checks_path(gallery).write_text("nonsense\n")
    open_check(page)
    assert not page.exception
    assert "line 1: neither a draw nor an answer" in page.error[0].value.replace("\\", "")


# --- the report -----------------------------------------------------------------------------------


def open_report(page: AppTest) -> AppTest:
    return page.run().switch_page("page/report.py").run()


def framed(page: AppTest) -> str:
    """The HTML in the report's frame."""
    return unescape(page.get("iframe")[0].proto.srcdoc)


@pytest.fixture
def reported(page: AppTest, gallery: Path, cache_dir: Path, tmp_path: Path) -> AppTest:
    """With a folder of its own for reports."""
    open_shared(Settings(chroma_dir=gallery, cache_dir=cache_dir, reports_dir=tmp_path / "reports"))
    return page


def until_over(reporting: Reporting) -> Seen:
    assert reporting.latest is not None
    end = time.monotonic() + 100
    while not (seen := reporting.latest.seen()).is_over and time.monotonic() < end:
        time.sleep(0.1)
    return seen


def test_a_report_is_made_framed_and_its_age_told(reported: AppTest, gallery: Path) -> None:
    button(open_report(reported), "evaluate").click().run()
    assert not reported.exception
    with pytest.raises(GalleryLocked):
        shared().reporting.start()
    assert until_over(shared().reporting).state == "done"
    reported.run()
    assert "The report is made" in texts(reported)
    assert "The gallery has not changed since" in texts(reported)
    assert 'sandbox=""' in reported.get("iframe")[0].proto.srcdoc
    assert "What did looking at the pictures add?" in framed(reported)
    key = key_of(Generation.open(gallery).posts()[0])
    say_of(gallery, key, Check("neutral"))
    reported.run()
    assert "You have checked posts since then" in texts(reported)
    assert run("indexer", "relabel", "--sentiment-model", "vader", "--chroma-dir", gallery)
    reported.run()
    assert "in another state, or of another one" in texts(reported)
    assert "this is generation 2" in texts(reported)


def test_a_report_that_is_none_costs_a_sentence(reported: AppTest, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "report.json").write_text("{}")
    (folder / "report.html").write_text("<script>alert(1)</script>")
    open_report(reported)
    assert not reported.exception
    assert "no report that can be read" in reported.error[0].value
    assert not reported.get("iframe")


def test_an_evaluation_is_stopped_and_the_last_report_stays(
    reported: AppTest, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "report.json").write_text(
        json.dumps({"about": {"gallery": "a"}, "finding": "", "tasks": {}, "posts": {}})
    )
    (folder / "report.html").write_text("the old one")
    button(open_report(reported), "evaluate").click().run()
    shared().reporting.cancel()
    assert until_over(shared().reporting).state == "cancelled"
    reported.run()
    assert "Stopped" in texts(reported)
    assert "the old one" in framed(reported)
    button(reported, "dismiss").click().run()
    assert "Stopped" not in texts(reported)
