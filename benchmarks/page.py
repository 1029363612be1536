"""What the page costs, through a real Chromium: first paint, a filter, an answer, a gallery page.

    PYTHONPATH=. python benchmarks/page.py CHROMA_DIR [POSTS]

On the gallery CHROMA_DIR, and on one of POSTS (default 10,000) generated posts, each with a
thumbnail of its own. The server and the browser share the machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from ask import generated
from PIL import Image
from playwright.sync_api import Page

from retrieval.gallery.layout import thumbnail_path
from tests.browser import serving, visiting

RUNS = 7
QUESTIONS = ("happy posts about food", "how many posts per year?", "a cat asleep on a chair")
DRAWN = """what => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.getAttribute("data-test-script-state") === "notRunning"
    && document.querySelector(`[class*="st-key-${what}"]`)
    && [...document.images].every(image => image.complete);
}"""
GONE = """what => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app.getAttribute("data-test-script-state") === "notRunning"
    && !document.querySelector(`[class*="st-key-${what}"]`);
}"""


def measure(name: str, gallery: Path, folder: Path) -> None:
    """Serve the gallery and use its page as a person does."""
    with serving(gallery, folder / "log") as url, visiting(url) as visitor:
        page = visitor.page
        tell(name, "first paint of a new server", [until(page, partial(page.goto, url), "ideas")])
        again = [until(page, partial(page.goto, url), "ideas") for _ in range(RUNS)]
        tell(name, "paint of later visits", again)
        tell(name, "a filter", filtering(page))
        tell(name, "an answer", answering(page, url))
        tell(name, f"a filter below {len(QUESTIONS)} answers", filtering(page))
        pages = [
            until(page, partial(page.goto, f"{url}/gallery?page={number}"), "cards-gallery")
            for number in range(1, RUNS + 1)
        ]
        tell(name, "a page of the gallery, opened anew", pages)
        print(f"{name}: the server's memory {memory():.0f} MB at most")


def filtering(page: Page) -> list[float]:
    """The seconds that a filter takes to be set, and taken off again."""
    box = page.locator('[class*="st-key-row-sentiments-positive"] label')
    return [
        until(page, box.click, "off-sentiments", state)
        for _ in range(RUNS)
        for state in (DRAWN, GONE)
    ]


def answering(page: Page, url: str) -> list[float]:
    """The seconds from Enter to the answer with its pictures loaded, each run a conversation."""
    times = []
    for _ in range(RUNS):
        until(page, partial(page.goto, url), "ideas")
        for turn, question in enumerate(QUESTIONS):
            asked = page.get_by_test_id("stChatInputTextArea")
            asked.fill(question)
            times.append(until(page, partial(asked.press, "Enter"), f"foot-{turn}"))
    return times


def until(page: Page, act: Callable[[], object], what: str, state: str = DRAWN) -> float:
    """The seconds from the act until the element with that key is drawn, or gone."""
    started = time.perf_counter()
    act()
    page.wait_for_function(state, arg=what, timeout=60_000)
    return time.perf_counter() - started


def memory() -> float:
    """The peak of the server, in MB."""
    peaks = []
    for status in Path("/proc").glob("[0-9]*/status"):
        command = status.with_name("cmdline").read_bytes()
        if b"chat_app" in command and b"--no-browser" in command:
            peak = next(line for line in status.read_text().splitlines() if "VmHWM" in line)
            peaks.append(int(peak.split()[1]) / 1024)
    return max(peaks)


def tell(name: str, what: str, seconds: list[float]) -> None:
    """One line of the report."""
    print(f"{name}: {what}: median {np.median(seconds):.2f} s, most {max(seconds):.2f} s")


def draw_thumbnails(gallery: Path, count: int) -> None:
    """A thumbnail of noise for every generated picture, about as large as a real one."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = thumbnail_path(gallery, f"{number:032x}")
        path.parent.mkdir(parents=True, exist_ok=True)
        small = random.integers(256, size=(6, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((320, 240)).save(path, "WEBP", quality=80, method=0)


def main(arguments: list[str]) -> None:
    """Measure the gallery given and one generated."""
    posts = int(arguments[1]) if len(arguments) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        measure("small", Path(arguments[0]), Path(folder))
        large = Path(folder) / "gallery"
        generated(large, posts)
        draw_thumbnails(large, posts)
        measure(f"{posts:,} posts", large, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
