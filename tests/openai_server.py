"""A server that speaks OpenAI's chat completions over real HTTP: the model's name says how it acts.

What a model says is scripted; everything between it and the assistant (sockets, headers, streams,
the client library) is real.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

ERRORS: Mapping[str, tuple[int, dict[str, Any], Sequence[tuple[str, str]]]] = {
    "wrong-key": (401, {"message": "Incorrect API key provided: sk-se...cret."}, ()),
    "no-model": (404, {"message": "The model does not exist", "code": "model_not_found"}, ()),
    "too-many": (429, {"message": "Rate limit reached"}, (("Retry-After", "1"),)),
    "quota": (429, {"message": "You exceeded your quota", "code": "insufficient_quota"}, ()),
    "broken": (500, {"message": "oops"}, ()),
    "no-tools": (400, {"message": "this model does not support tools"}, ()),
}
WORDS = ["There", "is", "a", "cat", "in", "the", "gallery", ",", "asleep", "."]


class Handler(BaseHTTPRequestHandler):
    """Answers one request as its model does."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[dict[str, Any]]] = []
    asked: ClassVar[Counter[str]] = Counter()
    stopped: ClassVar[threading.Event] = threading.Event()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):  # something that nobody should send
            self.requests.append({"model": self.path})
            self._send(200, b"{}", "application/json")
            return
        body = json.loads(content)
        model = body["model"]
        self.requests.append({**body, "authorization": self.headers.get("Authorization")})
        self.asked[model] += 1
        if model in ERRORS:
            self._refuse(*ERRORS[model])
        elif model == "web-page":
            self._send(200, b"<html>hello</html>", "text/html")
        elif model == "silent":
            self.stopped.wait(60)
        else:
            self._speak(model, body)

    def _speak(self, model: str, body: dict[str, Any]) -> None:
        last = body["messages"][-1]
        answers = last["role"] == "tool" and model != "loop"
        if model == "talker" or answers:
            self._answer(model, last)
            return
        name, arguments = "search_posts", '{"query": "cat"}'
        if model == "broken-arguments":
            arguments = '{"query": "cat", "limit": "many"}' if last["role"] == "user" else arguments
        if model == "unknown-tool" and last["role"] == "user":
            name = "delete_everything"
        if model == "obedient":
            arguments = json.dumps({"query": "cat", "sentiments": ["positive"], "filters": {}})
        call = {"index": 0, "id": "call_1", "type": "function"}
        deltas: list[dict[str, Any]] = [
            {"role": "assistant", "content": None, "tool_calls": [
                {**call, "function": {"name": name, "arguments": ""}}
            ]},
            *({"tool_calls": [{"index": 0, "function": {"arguments": arguments[i : i + 5]}}]}
              for i in range(0, len(arguments), 5)),
        ]  # fmt: skip
        self._stream(deltas, "tool_calls")

    def _answer(self, model: str, last: dict[str, Any]) -> None:
        words = [{"role": "assistant", "content": ""}] + [{"content": f"{w} "} for w in WORDS]
        if model == "obedient":  # does whatever it reads
            words = [{"content": last["content"]}]
        if model == "cut-off":
            self._stream(words[:4], None)
        elif model == "empty":
            self._stream([{"role": "assistant", "content": ""}], "stop")
        elif model == "stall":
            self._stream(words[:4], None, then=lambda: self.stopped.wait(60))
        elif model == "drip":
            self._stream(words * 200, "stop", pause=0.2)
        elif model == "bad-stream":
            self._stream(words[:4], None, raw=b"data: {not json}\n\n")
        elif model == "dies":
            self._stream(words[:4], None, raw=b'data: {"error": {"message": "backend died"}}\n\n')
        else:
            self._stream(words, "stop")

    def _stream(
        self,
        deltas: Sequence[dict[str, Any]],
        finish: str | None,
        *,
        pause: float = 0,
        raw: bytes = b"",
        then: Any = None,
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for delta in deltas:
                self._event(delta, None)
                if pause and self.stopped.wait(pause):
                    return
            self.wfile.write(raw)
            self.wfile.flush()
            if then is not None:
                then()
            if finish is not None:
                self._event({}, finish)
                self.wfile.write(b"data: [DONE]\n\n")
        except OSError:  # the reader has gone, as it may
            pass

    def _event(self, delta: dict[str, Any], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [choice],
        }  # fmt: skip
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def _refuse(
        self, status: int, error: dict[str, Any], headers: Sequence[tuple[str, str]]
    ) -> None:
        self._send(status, json.dumps({"error": error}).encode(), "application/json", headers)

    def _send(
        self, status: int, content: bytes, kind: str, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving() -> Iterator[str]:
    """The server's base URL, on a port of this machine."""
    Handler.requests.clear()
    Handler.asked.clear()
    Handler.stopped.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        Handler.stopped.set()
        server.shutdown()
        server.server_close()
        time.sleep(0)
