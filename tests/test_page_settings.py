"""The page "Settings": topics, models, the endpoint; with real labels of the sample gallery."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from chat_app.page.shared import open_shared, shared
from chat_app.topics_draft import draft_topic, preview_topics, save_topics
from retrieval.config import Settings
from retrieval.errors import BadInput
from retrieval.gallery.layout import topics_path
from retrieval.labels.taxonomy import DEFAULT_TOPICS, Topic, load_taxonomy, written_topics

APP = Path(__file__).resolve().parents[1] / "chat_app" / "app.py"
PETS = Topic("pets", "Pets", ("a pet dog or cat",), frozenset({"dog", "cat", "🐕"}))

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(texts, st.lists(texts, min_size=1, max_size=4), st.sets(texts))))
def test_topics_are_read_as_they_were_written(entries: list[Any]) -> None:
    from tempfile import TemporaryDirectory

    topics = tuple(
        Topic(
            f"t{place}",
            title,
            tuple(phrases),
            frozenset(" ".join(words).lower().replace("#", " ").split()),
        )
        for place, (title, phrases, words) in enumerate([("a", ["b"], set()), *entries])
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "topics.toml"
        path.write_bytes(written_topics(topics).encode())
        assert load_taxonomy(path).topics == topics


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Garden & plants", "garden_plants"),
        ("Café", "cafe"),
        ("2024!", "topic_2024"),
        ("海滩", "topic"),
        ("Pets", "pets_2"),
        ("Other", "other_2"),
    ],
)
def test_a_new_topic_is_named_after_its_title(title: str, name: str) -> None:
    others = [Topic("pets", "Animals at home", ("a pet",))]
    assert draft_topic(title, "a thing", "", None, others).name == name


@pytest.mark.parametrize(
    ("title", "phrases", "why"),
    [
        (" ", "a", "needs a title"),
        ("PETS", "a", "is a topic “PETS” already"),
        ("x", " \n", "needs"),
    ],
)
def test_a_topic_that_is_none_says_why(title: str, phrases: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        draft_topic(title, phrases, "", None, [PETS])


# --- on the page --------------------------------------------------------------------------------


@pytest.fixture
def gallery(sample_gallery: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_gallery, tmp_path / "gallery"))


@pytest.fixture
def page(gallery: Path, cache_dir: Path) -> Iterator[AppTest]:
    open_shared(Settings(chroma_dir=gallery, cache_dir=cache_dir))
    page = AppTest.from_file(str(APP), default_timeout=60)
    yield page.run().switch_page("page/settings.py").run()
    settle()


def settle() -> None:
    end = time.monotonic() + 90
    while shared().building.is_at_work and time.monotonic() < end:
        time.sleep(0.05)
    assert not shared().building.is_at_work


def press(page: AppTest, label: str) -> None:
    next(each for each in page.button if each.label == label).click().run()
    assert not page.exception


def told(page: AppTest) -> str:
    return "\n".join(each.value for each in page.markdown).replace("\\", "")


def field(page: AppTest, label: str) -> Any:
    return next(each for each in [*page.text_input, *page.text_area] if each.label == label)


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_topics_are_edited_previewed_saved_and_put_back(page: AppTest, gallery: Path) -> None:
    before = DEFAULT_TOPICS.read_bytes()
    field(page, "Title").set_value("Folks")
    press(page, "Change in the draft")
    page.selectbox(key="topic").set_value(-1).run()
    field(page, "Title").set_value("Rockets & space")
    field(page, "What such a post shows or tells, a line each").set_value(
        "a rocket launch\na galaxy"
    )
    field(page, "Words, hashtags and emoji that speak for it").set_value("rocket galaxy moon 🚀")
    press(page, "Add to the draft")
    assert "added “Rockets & space”; changed “Folks”" in told(page)
    press(page, "Preview")
    assert "of 36 posts** looked at would change" in told(page)
    assert "Rockets & space" in told(page).split("With the draft")[1]
    assert not topics_path(gallery).exists()
    press(page, "Save and label the posts by it")
    settle()
    done = shared().building.latest
    assert done is not None
    assert done.seen().state == "done"
    columns = shared().searcher().columns
    assert columns.topic_titles["people"] == "Folks"
    assert shared().searcher().facets.count("topic", columns.has_caption)["rockets_space"] > 0
    assert DEFAULT_TOPICS.read_bytes() == before
    page.run()
    press(page, "Label by them")
    settle()
    assert shared().searcher().columns.topic_titles["people"] == "People"
    page.run()
    press(page, "Label by your own topics again")
    settle()
    assert shared().searcher().columns.topic_titles["people"] == "Folks"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_draft_that_is_none_or_is_discarded_changes_nothing(page: AppTest, gallery: Path) -> None:
    field(page, "Title").set_value("Animals")
    press(page, "Change in the draft")
    assert "is a topic “Animals” already" in page.error[0].value.replace("\\", "")
    field(page, "Title").set_value("Folks")
    press(page, "Change in the draft")
    press(page, "Remove")
    assert "removed “People”" in told(page)
    press(page, "Discard")
    assert "Your draft" not in told(page)
    assert not topics_path(gallery).exists()
    assert not shared().building.is_at_work


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_another_sentiment_model_labels_the_posts(page: AppTest) -> None:
    page.selectbox(key="sentiment-model").set_value("vader").run()
    press(page, "Label the posts by it")
    settle()
    labels = shared().searcher().generation.manifest.labels
    assert labels is not None
    assert labels.sentiment_model == "vader"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_encoder_that_cannot_be_had_is_one_sentence_and_the_gallery_stays(
    page: AppTest, gallery: Path
) -> None:
    page.selectbox(key="encoder").set_value("").run()
    field(page, "Its name").set_value("no/such").run()
    press(page, "Make the gallery anew with it")
    settle()
    page.run()
    assert "knows no architecture 'no'" in page.error[0].value.replace("\\", "")
    assert shared().searcher().generation.manifest.encoders.image.spec == "packaged"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_endpoint_is_held_in_memory_only(page: AppTest, tmp_path: Path) -> None:
    key = "sk-secret-0123456789"
    field(page, "Model").set_value("some-model")
    field(page, "Address").set_value("ftp://x")
    field(page, "API key").set_value(key)
    press(page, "Let it answer")
    assert "base URL is not one" in page.error[0].value.replace("\\", "")
    assert shared().endpoint is None
    field(page, "Model").set_value("some-model")
    field(page, "Address").set_value("http://127.0.0.1:9/v1")
    field(page, "API key").set_value(key)
    press(page, "Let it answer")
    endpoint = shared().endpoint
    assert endpoint is not None
    assert (endpoint.model, endpoint.api_key) == ("some-model", key)
    assert "some-model** at 127.0.0.1:9" in told(page)
    assert key not in told(page)
    assert key not in repr(shared().endpoint)
    assert not any(
        key.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )
    press(page, "Use none")
    assert shared().endpoint is None


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_without_a_gallery_the_endpoint_can_be_set(chroma_dir: Path, cache_dir: Path) -> None:
    open_shared(Settings(chroma_dir=chroma_dir, cache_dir=cache_dir))
    page = AppTest.from_file(str(APP), default_timeout=60).switch_page("page/settings.py").run()
    assert not page.exception
    assert field(page, "Model")
    assert not page.selectbox


@pytest.mark.slow
def test_a_preview_knows_nothing_of_corrections_and_writes_nothing(
    page: AppTest, gallery: Path
) -> None:
    searcher = shared().searcher()
    saved = load_taxonomy(DEFAULT_TOPICS).topics
    assert preview_topics(searcher, saved, shared().cache_dir).changed == 0
    alone = preview_topics(searcher, [PETS], shared().cache_dir)
    assert alone.tried == 36
    assert {title for change in alone.examples for title in change.after} <= {"Pets"}
    assert not topics_path(gallery).exists()
    assert load_taxonomy(save_topics(gallery, [PETS])).topics == (PETS,)
