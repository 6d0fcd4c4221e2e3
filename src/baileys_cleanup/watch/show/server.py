"""The monitor's ear: `/` for people, `/metrics` for Prometheus, `/healthz` for whoever restarts services.

Python's own HTTP server is enough for that: it only reads, to a few clients, on an address of the operator's choice.
Whoever reaches the address can take no more than a few connections for a few seconds: the watch itself never waits.
"""

import base64
import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, BinaryIO, cast

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.watch.show.asked import Asked
from baileys_cleanup.watch.show.host import goes_by
from baileys_cleanup.watch.show.latest import LatestSnapshot
from baileys_cleanup.watch.show.page import trouble
from baileys_cleanup.watch.show.style import STYLE

_TIMEOUT = 10
"""Seconds for one connection, from its beginning to its end, whatever the client says or reads meanwhile."""
_MOST = 16
"""Connections at a time. Who comes after them takes the place of the oldest."""
_A_MOMENT = 0.5
"""Seconds until the place of a connection that was just ended is free."""
_LONGEST = 16 * 1024
"""Bytes of a request that are read."""
_Content = tuple[HTTPStatus, str, bytes]
_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_NOT_HERE = (
    b"Ask by an address, by the name given to --listen, or by a name without a dot; a proxy sends that as Host.\n"
)
_HEADERS = {
    "Connection": "close",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@contextmanager
def serving(host: str, port: int, latest: LatestSnapshot) -> Iterator[str]:
    """Serve the latest snapshot while inside, and give the address where.

    Raises UsageProblem when the address cannot be had.
    """
    try:
        server = _Server(host, port, latest)
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
    """Answers each client in a thread of its own, which ends with the process; so many at a time, each for so long."""

    daemon_threads = True
    request_queue_size = 64
    block_on_close = False

    def __init__(self, host: str, port: int, latest: LatestSnapshot) -> None:
        self.latest = latest
        self.names = frozenset({host.lower(), os.uname().nodename.lower()})
        self._places = BoundedSemaphore(_MOST)
        self._ends: dict[Any, float] = {}
        self._lock = Lock()
        ((self.address_family, _, _, _, address), *_) = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        super().__init__((str(address[0]), int(address[1])), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's own shape
        """Take a client on where there is a place, or where the oldest one leaves its own."""
        if not self._places.acquire(blocking=False):
            self._end(1)
            if not self._places.acquire(timeout=_A_MOMENT):
                self.shutdown_request(request)
                return
        with self._lock:
            self._ends[request] = time.monotonic() + _TIMEOUT
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the machine has no thread left
            self._places.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - likewise
        """Answer one client, and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - likewise
        """Close a connection; under the lock, so that nobody ends another one by its number."""
        with self._lock:
            self._ends.pop(request, None)
            super().shutdown_request(request)

    def service_actions(self) -> None:
        """End connections whose time is up: between two clients, and a few times a second without any."""
        now = time.monotonic()
        with self._lock:
            late = sum(end <= now for end in self._ends.values())
        self._end(late)

    def _end(self, number: int) -> None:
        """End the oldest connections: their threads wake up and leave."""
        with self._lock:
            for request in list(self._ends)[:number]:
                del self._ends[request]
                with suppress(OSError):  # gone by itself
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no trouble of ours."""


class _Short:
    """A request, up to its longest length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _LONGEST

    def readline(self, size: int) -> bytes:
        """Read a line, or what may still be read of it."""
        line = self._file.readline(min(size, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _TIMEOUT
    protocol_version = "HTTP/1.1"
    server_version = "baileys-cleanup"
    sys_version = ""

    def setup(self) -> None:
        """Take the connection."""
        super().setup()
        self.rfile = cast("Any", _Short(cast("BinaryIO", self.rfile)))

    def do_GET(self) -> None:
        """Answer with the text of a path."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to a GET, without the text."""
        self._answer(with_body=False)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what cannot be understood in the same way, repeating nothing of it."""
        status = HTTPStatus(code)
        self._send(status, _TEXT, f"{status.phrase}\n".encode(), with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path, _, query = self.path.partition("?")
        content = self._refusal() or self._content(path, query)
        self._send(*content, with_body=with_body)

    def _send(self, status: HTTPStatus, kind: str, text: bytes, *, with_body: bool) -> None:
        self.close_connection = True  # a place is for one answer
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(text))), *_HEADERS.items()):
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(text)

    def _refusal(self) -> _Content | None:
        """Return the answer to who asks for another server; None to who asks for this one."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version == "HTTP/1.1"):
            return HTTPStatus.BAD_REQUEST, _TEXT, b"A request has one Host.\n"
        if hosts and not goes_by(hosts[0], self.server.names):
            return HTTPStatus.MISDIRECTED_REQUEST, _TEXT, _NOT_HERE
        return None

    def _content(self, path: str, query: str) -> _Content:
        snapshot, problem = self.server.latest.read()
        if path not in {"/", "/metrics", "/healthz"}:
            return HTTPStatus.NOT_FOUND, _TEXT, b"There is /, /metrics and /healthz.\n"
        if snapshot is None or problem is not None:
            text = problem or "there is no look"
            html = path == "/"
            body = trouble(text) if html else f"{text}\n"
            return HTTPStatus.SERVICE_UNAVAILABLE, _HTML if html else _TEXT, body.encode("utf-8", "backslashreplace")
        if path == "/":
            return HTTPStatus.OK, _HTML, snapshot.page(Asked.of(query))
        if not snapshot.whole:  # half of the companies would look like all of them
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"the first look is not over yet\n"
        if path == "/healthz":
            return HTTPStatus.OK, _TEXT, b"ok\n"
        return HTTPStatus.OK, _METRICS, snapshot.metrics

    def log_message(self, *args: object) -> None:
        """Say nothing of each request: the log is for companies."""
