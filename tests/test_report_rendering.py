"""A report says the same in Markdown, HTML and the terminal, and obeys no text it shows."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from retrieval.evaluate.report import plots
from retrieval.evaluate.report.colours import ARM_COLOURS, colours
from retrieval.evaluate.report.document import (
    Block,
    Card,
    Cards,
    Document,
    Figure,
    Form,
    Heading,
    Number,
    Paragraph,
    Table,
    shown,
)
from retrieval.evaluate.report.html import html
from retrieval.evaluate.report.markdown import markdown
from retrieval.evaluate.report.terminal import print_document

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "a link": "[win](javascript:alert(1))",
    "an image": "![x](https://example.org/pixel.png)",
    "a cell's end": "one | two",
    "code": "`rm -rf`",
    "an attribute's end": '"><img src=x onerror=alert(1)>',
    "a template": "{{ 7 * 7 }} {% raw %}",
    "markup of rich": "[red]danger[/red] [link=https://example.org]x[/link]",
    "an entity": "&lt;b&gt;",
    "a heading and a list": "# no heading\n- no list\n1. no list",
    "right to left": "שבת שלום",
    "very long": "word " * 2000,
    "very long without a break": "a" * 5000,
}

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """What an HTML file holds; parsing fails if a tag is left open or closed twice."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []  # tag, name, value
        self.numbers: list[tuple[str, str, str]] = []  # path, raw value, text
        self.text = ""
        self._open: list[str] = []
        self._number: tuple[str, str, str] | None = None
        self.feed(text)
        self.close()
        assert self._open == [], "left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag == "data":
            named = dict(attrs)
            self._number = (str(named["data-path"]), str(named["value"]), "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "data" and self._number:
            self.numbers.append(self._number)
            self._number = None

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "title"):
            self.text += data
        if self._number:
            path, value, text = self._number
            self._number = (path, value, text + data)


def document(*blocks: Block, finding: str = "Both together read better.") -> Document:
    return Document("Evaluation", finding, (("seed", "0"),), blocks)


def printed(report: Document, width: int = 100, encoding: str = "utf-8") -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    print_document(report, Console(file=out, width=width))
    out.seek(0)
    return out.read()


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (0.9031, "score", ".903"),
        (1.0, "score", "1.000"),
        (0.9996, "score", "1.000"),
        (0, "score", ".000"),
        (-0.25, "score", "−.250"),
        (2225, "count", "2,225"),
        (0, "count", "0"),
        (-3, "count", "−3"),
        (0.63, "share", "63 %"),
        (1.0, "share", "100 %"),
        (0.0, "share", "0 %"),
        (0.004, "share", "< 1 %"),
        (0.997, "share", "> 99 %"),
        (0.012, "p", "p = .012"),
        (0.001, "p", "p = .001"),
        (0.0009, "p", "p < .001"),
        (1.0, "p", "p = 1.000"),
        (0.012, "signed", "+.012"),
        (-0.012, "signed", "−.012"),
        (0.0001, "signed", ".000"),
        (-0.0001, "signed", ".000"),
        (None, "score", "not tested"),
        (None, "count", "not tested"),
    ],
)
def test_a_number_is_shown_in_its_form(value: float | None, form: Form, expected: str) -> None:
    assert shown(Number(value, "a", form=form)) == expected


def test_an_interval_is_shown_in_the_form_of_its_value() -> None:
    assert shown(Number(0.9, "a", 0.881, 0.924)) == ".900 [.881, .924]"
    assert shown(Number(0.012, "a", -0.003, 0.028, "signed")) == "+.012 [−.003, +.028]"
    assert shown(Number(0.6, "a", 0.58, 0.67, "share")) == "60 % [58 %, 67 %]"


def test_half_an_interval_and_one_of_nothing_are_not_shown() -> None:
    assert shown(Number(0.9, "a", low=0.8)) == ".900"
    assert shown(Number(None, "a", 0.8, 0.9)) == "not tested"


def hostile_report(text: str) -> Document:
    return Document(
        text,
        text,
        ((text, text),),
        (
            Heading(text),
            Paragraph(text),
            Table(text, (text, "both"), ((text, Number(0.5, text)),), note=text),
            Figure("plot", text, text, plots.lines("plot", {text: [(0, 0)]}, text, text)),
            Cards(text, (Card(None, text, ((text, text),)),), note=text),
        ),
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_html_shows_a_text_and_never_obeys_it(text: str) -> None:
    page = Page(html(hostile_report(text)))
    assert page.text.count(text) >= 9
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(page.tags)
    assert "img" not in page.tags  # the only card has no thumbnail
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    hrefs = [value or "" for _, name, value in page.attributes if name in ("href", "src")]
    assert all(href.startswith("#") for href in hrefs)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markdown_keeps_a_text_in_its_place(text: str) -> None:
    lines = markdown(hostile_report(text)).splitlines()
    for row in (line for line in lines if line.startswith("| ")):
        assert len(re.findall(r"(?<!\\)\|", row)) == 3  # two cells
    whole = "\n".join(lines).replace("![", "", 1)
    assert not re.search(r"(?<!\\)[<`]", whole)
    assert not re.search(r"(?<!\\)\]\((?!plots/plot\.svg\))", whole)
    assert not re.search(r"(?<!\\)://", whole), "GitHub makes links of bare addresses"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a|b", "a\\|b"),
        ("<b>", "\\<b\\>"),
        ("[x](y)", "\\[x\\](y)"),
        ("`c`", "\\`c\\`"),
        ("back\\slash", "back\\\\slash"),
        ("# not a heading", "\\# not a heading"),
        ("- not a list", "\\- not a list"),
        ("12. not a list", "12\\. not a list"),
        ("two\nlines", "two\nlines"),
        ("a plain, well-known sentence.", "a plain, well-known sentence."),
    ],
)
def test_markdown_escapes_marks_and_nothing_else(text: str, expected: str) -> None:
    assert f"\n\n{expected}\n\n## What was evaluated\n" in markdown(document(Paragraph(text)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_terminal_prints_a_text_and_never_obeys_it(text: str) -> None:
    out = printed(hostile_report(text))
    assert "\x1b" not in out
    squeezed = re.sub(r"\s", "", out)
    assert squeezed.count(re.sub(r"\s", "", text)) >= 3  # title, finding, the table's title


@pytest.mark.parametrize("render", [html, markdown, printed])
def test_no_report_holds_controls_or_turns_of_direction(render: Callable[[Document], str]) -> None:
    text = "a\x1b[31mb\x00c\u202ed\ud800e"
    out = render(hostile_report(text))
    out.encode()
    assert not set(out) & set("\x1b\x00\u202e")


def numbers_report() -> tuple[Document, list[Number]]:
    numbers = [
        Number(0.90312345, "tasks.sentiment.arms.both.macro_f1.value", 0.88, 0.92),
        Number(2225, "tasks.sentiment.n", form="count"),
        Number(0.1, "tasks.sentiment.share", form="share"),
        Number(1e-7, "tasks.sentiment.p", form="p"),
        Number(-0.012, "tasks.sentiment.gain", form="signed"),
        Number(None, "tasks.topics.arms.both.macro_f1.value"),
    ]
    rows = tuple(("both", number) for number in numbers)
    return document(Table("t", ("arm", "figure"), rows, strong=frozenset({1}))), numbers


def test_every_number_in_html_carries_its_path_and_its_raw_value() -> None:
    report, numbers = numbers_report()
    assert Page(html(report)).numbers == [
        (
            number.path,
            "" if number.value is None else json.dumps(number.value),
            shown(number),
        )
        for number in numbers
    ]


def test_an_interval_in_html_carries_its_raw_ends() -> None:
    page = Page(html(numbers_report()[0]))
    ends = [
        (name, value) for _, name, value in page.attributes if name in ("data-low", "data-high")
    ]
    assert ends == [("data-low", "0.88"), ("data-high", "0.92")]


def test_every_number_is_the_same_in_all_three() -> None:
    report, numbers = numbers_report()
    for number in numbers:
        assert shown(number) in markdown(report)
        assert shown(number) in printed(report)


def test_a_terminal_without_the_minus_sign_gets_a_hyphen() -> None:
    report, _ = numbers_report()
    assert "-.012" in printed(report, encoding="ascii")


@pytest.mark.parametrize("width", [100, 72, 50])
def test_a_narrow_terminal_cuts_no_figure(width: int) -> None:
    figure = Number(0.5, "a", 0.481, 0.524)
    table = Table("t", ("arm", *"abcd"), (("captions only", *[figure] * 4),))
    out = printed(document(table), width)
    assert out.count(".500") == out.count("[.481,") == out.count(".524]") == 4


def test_markdown_aligns_columns_of_numbers_and_stresses_strong_rows() -> None:
    lines = markdown(numbers_report()[0]).splitlines()
    assert "| --- | ---: |" in lines
    assert "| **both** | **2,225** |" in lines


def webp(path: Path) -> Path:
    Image.new("RGB", (320, 200), "teal").save(path, "WEBP")
    return path


def images(card: Card) -> list[str | None]:
    page = Page(html(document(Cards("c", (card,)))))
    return [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]


def test_a_thumbnail_is_embedded(tmp_path: Path) -> None:
    (source,) = images(Card(webp(tmp_path / "a.webp"), "a beach"))
    assert str(source).startswith("data:image/webp;base64,UklGR")  # RIFF


def test_a_thumbnail_that_is_missing_or_no_webp_is_a_neutral_box(tmp_path: Path) -> None:
    other = tmp_path / "other.webp"
    other.write_text("<svg onload=alert(1)>")
    for thumbnail in (None, tmp_path / "missing.webp", other, tmp_path):
        assert images(Card(thumbnail, "a beach")) == []
    assert "no picture" in html(document(Cards("c", (Card(None, "a beach"),))))


def test_no_report_says_where_thumbnails_lie(tmp_path: Path) -> None:
    report = document(Cards("c", (Card(webp(tmp_path / "a.webp"), "a beach", (("both", "x"),)),)))
    for out in (html(report), markdown(report), printed(report)):
        assert str(tmp_path) not in out


def test_a_card_without_a_caption_says_so() -> None:
    report = document(Cards("c", (Card(None, " \n"),)))
    assert "no caption" in html(report)
    assert "(no caption)" in markdown(report)


BARS: plots.Bars = {
    "captions only": [(0.8, 0.75, 0.85), (0.5, None, None)],
    "both": [(0.9, 0.86, 0.93), None],
    "a new arm": [(0.1, 0.0, 0.2), (0.2, 0.1, 0.3)],
}
POINTS: dict[str, list[tuple[float, float]]] = {
    "both": [(0.0, 0.9), (0.5, 0.8)],
    "captions only": [],
}
DRAW: dict[str, Callable[[str], str]] = {
    "grouped bars": lambda name: plots.grouped_bars(name, ["sentiment", "$x$"], BARS, "F1"),
    "horizontal bars": lambda name: plots.horizontal_bars(name, ["food", "<旅行>"], BARS, "F1"),
    "confusion": lambda name: plots.confusion_matrix(
        name, np.array([[5, 1], [0, 0]]), ["negative", "positive"], "both"
    ),
    "many classes": lambda name: plots.confusion_matrix(
        name, np.eye(9, dtype=int), "abcdefghi", ""
    ),
    "reliability": lambda name: plots.reliability(name, {"both": [(0.7, 0.6, 10)], "other": []}),
    "lines": lambda name: plots.lines(name, POINTS, "captions removed", "F1"),
}


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_a_plot_is_drawn_the_same_twice(draw: Callable[[str], str]) -> None:
    assert draw("plot") == draw("plot")


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_a_plot_is_one_element_that_refers_to_nothing_outside(draw: Callable[[str], str]) -> None:
    svg = draw("plot")
    root = ElementTree.fromstring(svg)
    assert svg.startswith("<svg ")
    assert root.get("width") == "100%"
    assert root.get("height") is None
    assert str(root.get("viewBox")).startswith("0 0 440 ")
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert set(re.findall(r"href=\"(.)|url\((.)", svg)) <= {("#", ""), ("", "#")}
    assert "metadata" not in svg


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_a_plots_text_takes_the_colour_around_it(draw: Callable[[str], str]) -> None:
    svg = draw("plot")
    assert "#010203" not in svg
    texts = [e for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("}text")]
    assert texts
    for text in texts:
        assert "fill: currentColor" in str(text.get("style"))
        assert "system-ui" in str(text.get("style"))


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_plots_in_one_page_share_no_ids(draw: Callable[[str], str]) -> None:
    ids = re.findall(r' id="([^"]*)"', draw("first") + draw("second"))
    assert len(ids) == len(set(ids))
    assert all(re.match("(first|second)(-|$)", each) for each in ids)


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_every_reference_in_a_plot_leads_somewhere(draw: Callable[[str], str]) -> None:
    svg = draw("plot")
    targets = {a or b for a, b in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg)}
    assert targets <= set(re.findall(r' id="([^"]*)"', svg))


def test_names_in_a_plot_are_text_and_not_formulas() -> None:
    texts = list(ElementTree.fromstring(DRAW["grouped bars"]("plot")).itertext())
    assert {"sentiment", "$x$"} <= {text.strip() for text in texts}
    assert "<旅行>" in ElementTree.fromstring(DRAW["horizontal bars"]("plot")).itertext()


def test_a_name_too_long_for_a_plot_is_shortened() -> None:
    svg = plots.lines("plot", {"word " * 50: [(0, 0.5)], "both": [(0, 0.4)]}, "x" * 500, "y")
    texts = [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]
    assert "word word word word word word…" in texts
    assert "x" * 59 + "…" in texts


def test_a_bar_that_was_not_tested_is_left_out() -> None:
    def bars(svg: str) -> int:
        return svg.count(f"fill: {ARM_COLOURS['both']}")

    group = ["a", "b"]
    both = plots.grouped_bars("plot", group, {"both": [(0.5, 0.4, 0.6)] * 2}, "F1")
    one = plots.grouped_bars("plot", group, {"both": [(0.5, 0.4, 0.6), None]}, "F1")
    assert bars(both) == bars(one) + 1


def test_a_bar_without_an_interval_is_hatched() -> None:
    def drawn(low: float | None) -> str:
        return plots.grouped_bars("plot", ["a"], {"both": [(0.5, low, low and 0.6)]}, "F1")

    assert "<pattern" in drawn(None)
    assert "<pattern" not in drawn(0.4)


def test_an_arm_keeps_its_colour_whatever_stands_beside_it() -> None:
    assert colours(["x", "both"])["both"] == colours(["both"])["both"] == ARM_COLOURS["both"]
    many = colours(f"arm {number}" for number in range(6))
    assert len(set(list(many.values())[:4])) == 4
    assert not set(many.values()) & set(ARM_COLOURS.values())


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("colour", colours([*ARM_COLOURS, "x", "y", "z", "w"]).values())
def test_an_arms_colour_reads_on_white_and_on_near_black(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 3
    assert (luminance(colour) + 0.05) / (luminance("#14171c") + 0.05) >= 3


def full_report(tmp_path: Path) -> Document:
    drawn = [
        Figure(name.replace(" ", "-"), name, name, DRAW[name](name.replace(" ", "-")))
        for name in DRAW
    ]
    numbers = numbers_report()[0].blocks
    card = Card(webp(tmp_path / "a.webp"), "a beach", (("both", "positive"),))
    return document(Heading("One"), *numbers, *drawn, Heading("Two", 3), Cards("c", (card,)))


def test_html_is_well_formed_and_loads_nothing(tmp_path: Path) -> None:
    text = html(full_report(tmp_path))
    page = Page(text)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    policy = [value for _, name, value in page.attributes if name == "content"]
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in policy


def test_the_contents_lead_to_every_heading(tmp_path: Path) -> None:
    page = Page(html(full_report(tmp_path)))
    links = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    anchors = {
        value for tag, name, value in page.attributes if tag in ("h2", "h3") and name == "id"
    }
    assert links == {f"#{anchor}" for anchor in anchors}
    assert len(links) == 2


def test_a_report_without_blocks_is_still_one(tmp_path: Path) -> None:
    bare = Document("Evaluation", "Nothing was tested.", (), ())
    assert "Nothing was tested." in Page(html(bare)).text
    assert markdown(bare) == "# Evaluation\n\nNothing was tested.\n"
    assert printed(bare) == "Evaluation\nNothing was tested.\n"


def test_rendering_loads_matplotlib_only_to_draw() -> None:
    code = (
        "import sys, retrieval.evaluate.report.plots, retrieval.evaluate.report.html\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
