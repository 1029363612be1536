"""The page as people have it: a server of its own, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.commands import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
NO_CHROMIUM = "there is no Chromium here; install it (Debian: apt-get install chromium)"
_UP = 90.0  # seconds that a server may take
# When the page last spoke to its server and heard from it: a click counts as drawn only after the
# server answered it, however slow the machine is.
_WATCHED = """{
  const times = window.__times = {sent: 0, heard: 0};
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!this.__watched) {
      this.__watched = true;
      this.addEventListener("message", () => { times.heard = performance.now(); });
    }
    times.sent = performance.now();
    return send.call(this, data);
  };
}"""
_IDLE = """() => {
  const {sent, heard} = window.__times;
  if (heard < sent && performance.now() < sent + 5000) return false;  // some are never answered
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.getAttribute("data-test-script-state") === "notRunning"
    && !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.images].every(image => image.complete);
}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    gallery: Path, log: Path, *flags: str, end: int = signal.SIGTERM, **environment: str
) -> Iterator[str]:
    """`python -m chat_app` on a gallery, in a process of its own; its address."""
    port = free_port()
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "chat_app", "--no-browser", "--port", str(port),
             "--chroma-dir", str(gallery), *flags],
            cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait_until_up(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(end)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            raise


def _wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _UP
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text("utf-8")
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text("utf-8"))


@dataclass
class Visitor:
    """A page, and what it asked for and complained about."""

    page: Page
    url: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until the page is drawn."""
        for _ in range(2):
            time.sleep(0.15)
            self.page.wait_for_function(_IDLE, timeout=30_000)

    def open(self, path: str = "/") -> None:
        self.page.goto(self.url + path)
        self.settle()

    def ask(self, question: str) -> None:
        questions = self.page.locator(self.key("question-"))
        asked = questions.count()
        box = self.page.get_by_test_id("stChatInputTextArea")
        box.fill(question)
        box.press("Enter")
        questions.nth(asked).wait_for(timeout=30_000)
        self.settle()

    def key(self, beginning: str) -> str:
        """A selector of what has a key that begins so."""
        return f'[class*="st-key-{beginning}"]'

    def scrolls_sideways(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@contextmanager
def visiting(url: str, width: int = 1280, scheme: str = "light") -> Iterator[Visitor]:
    """A Chromium on the page; what it asks other hosts for is kept."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-US",
        )
        context.add_init_script(_WATCHED)
        visitor = Visitor(context.new_page(), url)
        ours = (url, url.replace("http", "ws"), "data:", "blob:")

        def requested(address: str) -> None:
            if not address.startswith(ours):
                visitor.foreign.append(address)

        visitor.page.on("request", lambda request: requested(request.url))
        visitor.page.on("websocket", lambda socket: requested(socket.url))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.on(
            "console",
            lambda said: (
                visitor.complaints.append(f"{said.text} {said.location['url']}")
                # Streamlit looks for its own server below the page's address first; a 404 is how it
                # learns that the page is at the root.
                if said.type == "error" and "/_stcore/" not in said.location["url"]
                else None
            ),
        )
        try:
            yield visitor
        finally:
            browser.close()
