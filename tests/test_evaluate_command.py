"""`python -m retrieval.evaluate` as people use it: real encoders, files."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.evaluate.report.compose import document
from retrieval.gallery.generation import Generation
from retrieval.labels.checks import Check, draw_posts, say_of
from retrieval.records import SENTIMENTS
from retrieval.search.relevance import RELEVANCE_FILE
from tests.commands import SAMPLE, Ended, build, run, run_anew
from tests.conftest import Once
from tests.data import needs_shared_data
from tests.galleries import save_picture
from training import relevance as fit_relevance

FILES = {"report.html", "report.json", "report.md", "plots"}
MODELS = ("--sentiment-models", "head,vader")


def evaluate(chroma_dir: Path, out: Path, *arguments: object) -> tuple[dict[str, Any], Ended]:
    """What report.json holds, and how the command ended."""
    done = run("retrieval.evaluate", "--chroma-dir", chroma_dir, "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads((out / "report.json").read_text("utf-8")), done


def evaluate_anew(chroma_dir: Path, out: Path, *arguments: object) -> None:
    done = run_anew("retrieval.evaluate", "--chroma-dir", chroma_dir, "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


class Page(HTMLParser):
    """What a browser would be told: tags, figures, text, and what is fetched from where."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.figures: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.tags.add(tag)
        self.handlers += [name for name in named if name.startswith("on")]
        self.addresses += [
            str(value)
            for name, value in attributes
            if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster")
        ]
        if "data-path" in named:
            self.figures.append(named)

    def handle_data(self, data: str) -> None:
        self.text += data


def at(results: Any, path: str) -> Any:
    """What lies under a dotted path; the parts may hold dots themselves."""
    if not path:
        return results
    for end in [place for place, each in enumerate(path) if each == "."] + [len(path)]:
        if isinstance(results, dict) and path[:end] in results:
            return at(results[path[:end]], path[end + 1 :])
    raise LookupError(path)


def numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(each)
    elif isinstance(value, float):
        yield value


def check_figures(page: Page, results: Any) -> None:
    """Every figure of the page is the one that report.json has under its path."""
    assert page.figures
    for figure in page.figures:
        path, value = str(figure["data-path"]), figure["value"]
        expected = at(results, path)
        assert value == ("" if expected is None else json.dumps(expected)), path
        for end in ("low", "high"):
            if (shown := figure.get(f"data-{end}")) is not None:
                beside = path.removesuffix(".value")
                assert shown == json.dumps(at(results, f"{beside}.{end}")), path
    with_interval = [figure for figure in page.figures if "data-low" in figure]
    assert all("data-high" in figure for figure in with_interval)


def check_stands_alone(page: Page, out: Path) -> None:
    """The page fetches nothing, runs nothing, and says nothing of where it was made."""
    assert not page.tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert page.handlers == []
    assert all(each.startswith(("#", "data:image/webp;base64,")) for each in page.addresses)
    text = (out / "report.html").read_text("utf-8")
    assert not re.search(r"url\((?!#)|@import", text)
    assert str(out) not in text


# --- a gallery about which nobody knows the truth -------------------------------------------


@pytest.fixture(scope="session")
def of_sample(once: Once, sample_gallery: Path) -> Path:
    return once("report of sample", lambda out: evaluate_anew(sample_gallery, out))


def results_in(out: Path) -> Any:
    return json.loads((out / "report.json").read_text("utf-8"))


@pytest.mark.slow
def test_of_the_sample_gallery_no_truth_is_claimed(of_sample: Path) -> None:
    results = results_in(of_sample)
    assert {path.name for path in of_sample.iterdir()} == FILES
    assert "sentiment" not in results["tasks"]
    assert "topics" not in results["tasks"]
    for doing in ("how a post feels", "what a post is about"):
        assert re.search(rf"There is no truth to score against[^.]*{doing}", results["finding"])


@pytest.mark.slow
def test_the_sample_gallery_is_described(of_sample: Path) -> None:
    posts = results_in(of_sample)["posts"]
    assert (posts["posts"], posts["pictures"], posts["with_truth"]) == (36, 20, 0)
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        captions = [row["caption"] for row in csv.DictReader(file)]
    assert posts["captioned"] == sum(bool(caption.strip()) for caption in captions)
    for arm in ("captions only", "pictures only", "both"):
        assert sum(posts["sentiment"][arm].values()) == 36
    assert posts["sentiment"]["pictures only"]["not determined"] == 36
    assert sum(posts["topics"].values()) >= 36 - posts["topics_undetermined"]
    kappas = [each["kappa"] for each in posts["agreement"]["topics"].values()]
    known = [each["value"] for each in kappas if each["value"] is not None]
    assert all(-1 <= value <= 1 for value in known)
    assert posts["made_up"]
    assert posts["disagreements"]["topics"]
    assert posts["disagreements"]["sentiment"] == []  # nobody told the pictures' mood


@pytest.mark.slow
def test_the_report_of_the_sample_gallery_can_be_read(of_sample: Path) -> None:
    page = Page(of_sample / "report.html")
    results = results_in(of_sample)
    check_figures(page, results)
    check_stands_alone(page, of_sample)
    for text in (page.text, (of_sample / "report.md").read_text("utf-8")):
        assert "Cohen's κ" in text
        assert "Caption and picture differ: topics" in text
        assert results["finding"].split(".")[0] in text
        assert "find their own picture by looks" in text
        assert not re.search(r"\bnan\b|\bNone\b", text)
    assert any(each.startswith("data:image/webp;base64,") for each in page.addresses)


@pytest.mark.slow
def test_what_was_said_of_drawn_posts_stands_in_the_report(
    sample_gallery: Path, tmp_path: Path
) -> None:
    gallery = tmp_path / "c"
    shutil.copytree(sample_gallery, gallery)
    posts = Generation.open(gallery).posts()
    checks = draw_posts(gallery, posts, np.zeros(len(posts), dtype=np.bool_), seed=1)
    for key in checks.random[:12]:
        say_of(gallery, key, Check("positive", "neutral", ("animals",)))
    results, shown = evaluate(gallery, tmp_path / "out")
    drawn = results["own_truth"]["drawn at random"]
    assert (drawn["posts"], drawn["drawn"]) == (12, len(checks.random))
    for text in (shown.stdout, (tmp_path / "out" / "report.md").read_text("utf-8")):
        told = " ".join(text.split())
        assert "How often each is right: drawn at random" in told
        assert "Of 12 posts drawn at random" in told
    page = Page(tmp_path / "out" / "report.html")
    place = "own_truth.drawn at random.sentiment.arms.both.value"
    assert place in {figure["data-path"] for figure in page.figures}


@pytest.mark.slow
def test_corrections_are_counted_and_change_no_other_figure(
    sample_gallery: Path, of_sample: Path, tmp_path: Path
) -> None:
    shutil.copytree(sample_gallery, tmp_path / "c")
    listed = run("retrieval.search", "coffee", "-k", 1, "--json", "--chroma-dir", sample_gallery)
    post = json.loads(listed.stdout)[0]["posts"][0]
    other = next(name for name in SENTIMENTS if name != post["sentiment"])
    done = run(
        "indexer", "overrides", "set", post["post_id"], "--sentiment", other,
        "--chroma-dir", tmp_path / "c",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results, shown = evaluate(tmp_path / "c", tmp_path / "out")
    before = results_in(of_sample)
    assert results["posts"].pop("corrected")["sentiment"] == {"posts": 1, "alike": 0}
    assert before["posts"].pop("corrected")["sentiment"] == {"posts": 0, "alike": 0}
    assert results["posts"] == before["posts"]
    assert results["looks"] == before["looks"]
    assert results["own_truth"] == before["own_truth"] == {}
    assert "Posts that you corrected" in shown.stdout


@pytest.mark.slow
def test_json_is_printed_for_scripts_and_remarks_go_elsewhere(
    sample_gallery: Path, of_sample: Path, tmp_path: Path
) -> None:
    results, done = evaluate(sample_gallery, tmp_path / "a" / "b", "--json")
    assert json.loads(done.stdout) == results == results_in(of_sample)
    assert "wrote report.html" in done.stderr


def test_a_gallery_with_one_caption_a_picture_is_evaluated(tmp_path: Path) -> None:
    for name, colour in (("a", "red"), ("b", "green"), ("c", "blue")):
        save_picture(tmp_path / "posts" / f"{name}.png", colour, f"a {colour} wall")
    build(tmp_path / "c", tmp_path / "posts")
    results, _ = evaluate(tmp_path / "c", tmp_path / "out")
    assert results["tasks"] == {}
    assert results["looks"] is None  # of three pictures
    assert "There is no truth to score against" in results["finding"]


HOSTILE = '<script>alert(1)</script> ](javascript:alert(2)) "><img src=x onerror=alert(3)> | x'


@pytest.mark.slow
@pytest.mark.usefixtures("sample_gallery")  # whose build puts the pictures there
def test_a_hostile_caption_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    shutil.copytree(SAMPLE.parent / "pictures", posts)
    about = ("a dog plays in the park", "pizza and coffee at noon", "my new laptop at work")
    for place, picture in enumerate(sorted(posts.glob("*.*"))):
        caption = f"{about[place % len(about)]} {HOSTILE}"
        picture.with_suffix(".txt").write_text(caption, "utf-8")
    build(tmp_path / "c", posts)
    results, done = evaluate(tmp_path / "c", tmp_path / "out")
    shown = [each["caption"] for each in results["posts"]["disagreements"]["topics"]]
    assert any(HOSTILE in caption for caption in shown), "the captions have to be in the report"
    page = Page(tmp_path / "out" / "report.html")
    assert HOSTILE in page.text
    check_stands_alone(page, tmp_path / "out")
    assert not page.tags & {"script"}
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert not re.search(r"(?<!\\)<script|(?<!\\)\]\(javascript", text)
    assert re.search(r"\\<script\\>alert\(1\)", text)
    assert "\x1b" not in done.stdout


# --- what can go wrong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--chroma-dir", "no/such"), 1, "make one with: python -m indexer build"),
        (("--out", "README.md"), 2, "--out README.md is a file; name a folder"),
        (("--sentiment-models", "head,"), 2, "has an empty name; write head,vader"),
        (("--sentiment-models", ""), 2, "has an empty name"),
        (("--seed", "x"), 2, "unrecognized arguments"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: tuple[str, ...], code: int, message: str) -> None:
    done = run("retrieval.evaluate", *arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_a_file_is_refused_before_anything_is_computed(
    sample_gallery: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    done = run("retrieval.evaluate", "--chroma-dir", sample_gallery, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert f"--out {tmp_path / 'out'} is a file" in done.stderr
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root"
)
def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    sample_gallery: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    done = run("retrieval.evaluate", "--chroma-dir", sample_gallery, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert f"cannot write to {tmp_path / 'out'}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_below_a_file_is_told_in_one_line(sample_gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(
        "retrieval.evaluate", "--chroma-dir", sample_gallery, "--out", tmp_path / "file" / "out"
    )
    assert done.returncode == 1
    assert f"cannot write to {tmp_path / 'file' / 'out'}: Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


# --- COCO and SentiCap ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def of_final(once: Once, final_gallery: Path) -> Path:
    return once("report of final", lambda out: evaluate_anew(final_gallery, out, *MODELS))


def tasks_in(of_final: Path) -> Any:
    return results_in(of_final)["tasks"]


@pytest.mark.slow
@needs_shared_data
def test_every_figure_of_the_page_is_the_one_in_report_json(of_final: Path) -> None:
    page, results = Page(of_final / "report.html"), results_in(of_final)
    check_figures(page, results)
    assert len(page.figures) > 200
    assert len([figure for figure in page.figures if "data-low" in figure]) > 100
    paths = {str(figure["data-path"]).split(".")[1] for figure in page.figures}
    assert paths >= {"sentiment", "topics", "search", "agreement"}


@pytest.mark.slow
@needs_shared_data
def test_every_figure_of_the_page_is_in_the_markdown_as_well(of_final: Path) -> None:
    text = (of_final / "report.md").read_text("utf-8")
    page = (of_final / "report.html").read_text("utf-8")
    shown = {unescape(each).strip() for each in re.findall(r"<data [^>]*>([^<]+)", page)}
    assert len(shown) > 100
    assert [each for each in shown if each not in text] == []


@pytest.mark.slow
@needs_shared_data
def test_the_page_stands_alone_with_its_pictures(of_final: Path) -> None:
    page = Page(of_final / "report.html")
    check_stands_alone(page, of_final)
    embedded = [each for each in page.addresses if each.startswith("data:image/webp;base64,")]
    assert len(embedded) >= 10
    assert "no picture" not in page.text
    assert "svg" in page.tags


@pytest.mark.slow
@needs_shared_data
def test_plots_are_files_that_the_markdown_leads_to(of_final: Path) -> None:
    plots = {path.name for path in (of_final / "plots").iterdir()}
    linked = set(re.findall(r"\]\(plots/([^)]+)\)", (of_final / "report.md").read_text("utf-8")))
    assert linked == plots
    assert {"summary.svg", "recall.svg", "reliability-topics.svg"} <= plots


@pytest.mark.slow
@needs_shared_data
def test_two_runs_give_the_same_numbers_to_the_last_byte(
    final_gallery: Path, of_final: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    evaluate_anew(final_gallery, again, *MODELS)
    for name in ("report.json", "report.md", "report.html"):
        assert (again / name).read_bytes() == (of_final / name).read_bytes(), name


@pytest.mark.slow
@needs_shared_data
def test_report_json_holds_only_numbers_that_are_numbers(of_final: Path) -> None:
    text = (of_final / "report.json").read_text("utf-8")
    assert not re.search(r"\bNaN\b|\bInfinity\b", text)
    assert all(math.isfinite(each) for each in numbers_in(json.loads(text)))


@pytest.mark.slow
@needs_shared_data
def test_the_packaged_encoder_cannot_see_moods_and_the_report_says_so(of_final: Path) -> None:
    sentiment = tasks_in(of_final)["sentiment"]
    assert sentiment["primary"]["verdict"] == "not tested"
    assert not sentiment["arms"]["both"]["tested"]
    finding = results_in(of_final)["finding"]
    assert "Whether pictures tell how a post feels was not tested: no encoder" in finding
    assert "Even a reader who knew each picture's mood could raise sentiment from" in finding
    assert sentiment["bound"]["posts"] == sentiment["posts"]
    assert sentiment["picture_weight"] is None
    for text in (Page(of_final / "report.html").text, (of_final / "report.md").read_text("utf-8")):
        assert "not tested" in text
        assert finding.split(".")[0] in text


@pytest.mark.slow
@needs_shared_data
def test_sentiment_is_of_the_test_split_of_pictures_that_are_in_both_sets(of_final: Path) -> None:
    sentiment = tasks_in(of_final)["sentiment"]
    assert (sentiment["split"], sentiment["pictures"]) == ("test", 2)
    assert sum(sentiment["by_class"].values()) == sentiment["posts"]
    assert sentiment["arms"]["captions only"]["macro_f1"]["low"] is None  # of two pictures


@pytest.mark.slow
@needs_shared_data
def test_further_sentiment_models_get_rows(of_final: Path) -> None:
    arms = tasks_in(of_final)["sentiment"]["arms"]
    assert arms["model head"]["kind"] == "model"
    assert arms["model head"]["macro_f1"] == arms["captions only"]["macro_f1"]  # it labelled them
    assert arms["VADER"]["kind"] == "baseline"
    assert "model head" in Page(of_final / "report.html").text


@pytest.mark.slow
@needs_shared_data
def test_topics_and_search_are_tested_on_a_hundred_pictures(of_final: Path) -> None:
    tasks = tasks_in(of_final)
    assert tasks["topics"]["pictures"] == tasks["search"]["gallery"] == 100
    for name, measure in (("topics", "micro_f1"), ("search", "recall_at_1")):
        arms = tasks[name]["arms"]
        for arm in ("captions only", "pictures only", "both"):
            score = arms[arm][measure]
            assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
        assert tasks[name]["primary"]["p_holm"] >= tasks[name]["primary"]["p"]
        gain = arms["both"][measure]["value"] - arms["captions only"][measure]["value"]
        assert tasks[name]["primary"]["value"] == pytest.approx(gain)
        assert tasks[name]["shuffled_pictures"]["gain"]["high"] < 0
        without = tasks[name]["degradation"]["no caption"]
        assert without["arms"]["captions only"]["value"] == 0
        assert without["difference"]["verdict"] == "better"
    assert tasks["search"]["arms"]["pictures only"]["recall_at_1"]["value"] > 0.3
    looks = results_in(of_final)["looks"]
    assert looks["arms"]["pictures only"] == tasks["search"]["arms"]["pictures only"]
    assert looks["arms"]["chance"]["recall_at_1"]["value"] == 0.01
    assert tasks["search"]["arms"]["caption + description"]["tested"] is False


# --- the weights of the search --------------------------------------------------------------


def close(found: Any, expected: Any, within: float) -> bool:
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            close(found[name], expected[name], within) for name in expected
        )
    return found == expected or bool(abs(found - expected) <= within)


@pytest.mark.slow
@needs_shared_data
def test_the_weights_of_the_search_can_be_made_again(
    coco_gallery: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fit_relevance, "RELEVANCE_FILE", tmp_path / "relevance.json")
    assert fit_relevance.main([str(coco_gallery)]) == 0
    made = json.loads((tmp_path / "relevance.json").read_text("utf-8"))
    kept = json.loads(RELEVANCE_FILE.read_text("utf-8"))
    for name in ("made_by", "data", "encoders", "clip"):
        assert made["provenance"][name] == kept["provenance"][name]
    # Figures of so few queries that one which falls on the other side of a tie may show.
    assert close(made["encoders"], kept["encoders"], 0.03)
    assert close(made["provenance"]["scores"], kept["provenance"]["scores"], 0.08)
    printed = capsys.readouterr().out
    report = json.loads(printed[: printed.rindex("}") + 1])
    assert report == made["provenance"]["scores"]


def test_a_gallery_without_cocos_objects_teaches_nothing(
    sample_gallery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit_relevance.main([str(sample_gallery)]) == 1
    assert "pictures without captions or COCO's annotations" in capsys.readouterr().err


@pytest.mark.slow
@needs_shared_data
def test_a_model_whose_name_has_a_dot_gets_its_row_as_well(of_final: Path) -> None:
    results = results_in(of_final)
    arms = results["tasks"]["sentiment"]["arms"]
    arms["model bert-v1.5"] = arms.pop("model head")
    assert document(results, of_final).blocks
