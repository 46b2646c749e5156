"""A line between client and simulator on which a test changes what the broker says; what is sent stays as it is."""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import requests

Change = Callable[[Any], Any]
HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive"})


class Relay:
    """`changes` are by the end of the path: what the parsed answer is to become. The client stays on this line.

    `instead`, by the same: answers (status, headers) that the next requests get without reaching the simulator.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.changes: dict[str, Change] = {"tradeApiValidate": self._stay}
        self.instead: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.asked: list[str] = []
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                relay._pass(self)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _pass(self, asked: BaseHTTPRequestHandler) -> None:
        self.asked.append(asked.path)
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        for end, answers in self.instead.items():
            if asked.path.endswith(end) and answers:
                status, told_headers = answers.pop(0)
                return self._answer(asked, status, told_headers, json.dumps({"code": status}).encode())
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in (*HOP, "host")}
        told = requests.request(asked.command, self.target + asked.path, headers=headers, data=body, timeout=30)
        return self._answer(asked, told.status_code, told.headers, self._changed(asked.path, told.content))

    def _answer(self, asked: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], content: bytes) -> None:
        asked.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in HOP:
                asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(content)))
        asked.end_headers()
        asked.wfile.write(content)

    def _changed(self, path: str, content: bytes) -> bytes:
        change = next((change for end, change in self.changes.items() if path.endswith(end)), None)
        return content if change is None else json.dumps(change(json.loads(content))).encode()

    def _stay(self, body: Any) -> Any:
        if "data" in body:
            body["data"] |= {"baseUrl": self.url}
        return body
