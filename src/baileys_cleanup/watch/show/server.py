"""The monitor's ear: `/` for people, `/metrics` for Prometheus, `/healthz` for whoever restarts services.

Python's own HTTP server is enough for that: it only reads, to a few clients, on an address of the operator's choice.
"""

import base64
import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.watch.show.latest import Board
from baileys_cleanup.watch.show.page import STYLE, trouble

_PATIENCE = 10
"""Seconds a client may be silent."""
_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@contextmanager
def serving(host: str, port: int, board: Board) -> Iterator[str]:
    """Serve a board while inside, and give the address where. Raises UsageProblem when the address cannot be had."""
    try:
        server = _Server(host, port, board)
    except (OSError, OverflowError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageProblem(
            f"--listen {host}:{port}: {why}; name an address of this machine and a port that is free"
        ) from None
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Answers each client in a thread of its own, which ends with the process."""

    daemon_threads = True
    request_queue_size = 64
    block_on_close = False

    def __init__(self, host: str, port: int, board: Board) -> None:
        self.board = board
        ((self.address_family, _, _, _, address), *_) = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        super().__init__((str(address[0]), int(address[1])), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no trouble of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    protocol_version = "HTTP/1.1"
    server_version = "baileys-cleanup"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the text of a path."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to a GET, without the text."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        status, kind, text = self._content(self.path.partition("?")[0])
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(text))), *_HEADERS.items()):
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(text)

    def _content(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        snapshot, problem = self.server.board.read()
        if path not in {"/", "/metrics", "/healthz"}:
            return HTTPStatus.NOT_FOUND, _TEXT, b"There is /, /metrics and /healthz.\n"
        if snapshot is None or problem is not None:
            text = problem or "there is no look"
            html = path == "/"
            body = trouble(text) if html else f"{text}\n"
            return HTTPStatus.SERVICE_UNAVAILABLE, _HTML if html else _TEXT, body.encode("utf-8", "backslashreplace")
        if path == "/healthz":
            return HTTPStatus.OK, _TEXT, b"ok\n"
        if path == "/metrics":
            return HTTPStatus.OK, _METRICS, snapshot.metrics
        return HTTPStatus.OK, _HTML, snapshot.page

    def log_message(self, *args: object) -> None:
        """Say nothing of each request: the log is for companies."""
