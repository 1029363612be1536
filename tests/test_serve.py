"""`python -m chat_app`: who can reach the page, and what is said where it cannot be served."""

from __future__ import annotations

import signal
import socket
import urllib.request
from http.client import FORBIDDEN, SWITCHING_PROTOCOLS, HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser import serving
from tests.commands import run

SOCKETS = Path("/proc/net/tcp")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("chat_app", "--no-browser", "--port", port)
    assert done.returncode == 2
    assert f"cannot serve on 127.0.0.1, port {port}" in done.stderr
    assert "--port" in done.stderr


def test_an_address_that_is_no_address_is_named() -> None:
    done = run("chat_app", "--no-browser", "--address", "no.such.host.invalid")
    assert done.returncode == 2
    assert "no.such.host.invalid is no address of this machine" in done.stderr


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    done = run("chat_app", "--port", port)
    assert done.returncode == 2
    assert f"{port!r} is no port" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not SOCKETS.exists(), reason="this system does not list its sockets")
def test_the_page_is_served_without_a_gallery_and_to_this_machine_alone(tmp_path: Path) -> None:
    with serving(tmp_path / "none", tmp_path / "log") as url:
        with urllib.request.urlopen(url, timeout=10) as page:
            assert b"<html" in page.read()
        port = int(url.rpartition(":")[2])
        listening = {
            line.split()[1]
            for line in SOCKETS.read_text("ascii").splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
        }
        assert listening == {f"0100007F:{port:04X}"}  # 127.0.0.1
    log = (tmp_path / "log").read_text("utf-8")
    assert "warming up" in log
    assert "python -m indexer build" in log
    assert "Traceback" not in log


@pytest.mark.slow
def test_a_page_from_elsewhere_gets_no_connection(tmp_path: Path) -> None:
    with serving(tmp_path / "none", tmp_path / "log") as url:
        own = urlsplit(url).netloc
        port = own.rpartition(":")[2]
        assert handshake(own, url, own) == SWITCHING_PROTOCOLS
        assert handshake(own, "https://evil.example", own) == FORBIDDEN
        # A name of theirs that they bound to 127.0.0.1, so that both are of one origin.
        theirs = f"evil.example:{port}"
        assert handshake(own, f"http://{theirs}", theirs) == FORBIDDEN


def handshake(server: str, origin: str, host: str) -> int:
    """How the page's server answers who wants a WebSocket."""
    connection = HTTPConnection(server, timeout=10)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    for name, value in (
        ("Host", host),
        ("Origin", origin),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
def test_ctrl_c_ends_it_and_others_are_warned_of(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(tmp_path / "none", log, "--address", "0.0.0.0", end=signal.SIGINT):
        pass
    said = log.read_text("utf-8")
    assert "anyone who reaches 0.0.0.0 can read the posts" in said
    assert "Traceback" not in said
