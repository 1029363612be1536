"""Serves the page on this machine, once what its first visitor would wait for is loaded."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.cli import say
from retrieval.errors import BadOption, GalleryError

if TYPE_CHECKING:
    from retrieval.config import Settings

LOCAL = "127.0.0.1"
PORT = 8501
# What a browser calls a page of this machine. A page elsewhere can have its own name lead to
# 127.0.0.1 (DNS rebinding), and would pass for the page itself.
_OWN = (LOCAL, "localhost", "::1")
_SCRIPT = Path(__file__).with_name("app.py")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - the user asked for it, and was warned
_PATIENCE = 60.0  # seconds for the server to come up before no browser is opened


def serve(settings: Settings, address: str, port: int, *, open_browser: bool) -> None:
    """Serve until somebody stops it.

    Raises:
        BadOption: the address is not this machine's, or the port is taken.

    """
    _check_is_free(address, port)
    if address not in _OWN:
        say(f"warning: anyone who reaches {address} can read the posts and correct their labels")
    from chat_app.page.shared import open_shared

    say("warming up …")
    try:
        open_shared(settings).warm_up()
    except GalleryError as error:  # the page says so as well, and how to go on
        say(str(error))
    url = f"http://{LOCAL if address in _EVERYWHERE else address}:{port}"
    say(f"serving {settings.chroma_dir} on {url}; stop with Ctrl-C")
    if open_browser:
        threading.Thread(target=_open_when_up, args=(url,), daemon=True).start()
    from streamlit.web.cli import main

    flags = [("server.address", address), ("server.port", str(port)), ("logger.level", "error")]
    if address not in _EVERYWHERE:  # by which names this machine is called, nobody knows here
        flags += [("server.allowedHosts", host) for host in (*_OWN, address)]
    main(
        ["run", str(_SCRIPT), *(f"--{name}={value}" for name, value in flags)],
        standalone_mode=False,
    )


def _check_is_free(address: str, port: int) -> None:
    try:
        family, *_, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except socket.gaierror:
        raise BadOption(f"{address} is no address of this machine; leave --address out") from None
    except OSError as error:
        raise BadOption(
            f"cannot serve on {address}, port {port}: {error.strerror}; give another with --port"
        ) from None


def _open_when_up(url: str) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310 - http
                webbrowser.open(url)
                return
        except OSError:
            time.sleep(0.2)
