"""A line between client and simulator on which a test changes what the broker says; what is sent stays as it is."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import requests

Change = Callable[[Any], Any]
HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive"})


class Relay:
    """`changes` are by the end of the path: what the parsed answer is to become. The client stays on this line."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.changes: dict[str, Change] = {"tradeApiValidate": self._stay}
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
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in (*HOP, "host")}
        told = requests.request(asked.command, self.target + asked.path, headers=headers, data=body, timeout=30)
        content = self._changed(asked.path, told.content)
        asked.send_response_only(told.status_code)
        for name, value in told.headers.items():
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
