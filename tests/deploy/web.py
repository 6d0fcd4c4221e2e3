"""A local server that takes what is sent to it, and the ways to wait for something to happen."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

TIMEOUT = 300
"""Seconds for what is otherwise there in two: this machine may be busy."""


class Webhook:
    """Takes POSTs of JSON on a free port of the loopback; answers with `status`, and after the first one with `after_first`."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.status = 200
        self.after_first: int | None = None
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Take one message."""
                text = self.rfile.read(int(self.headers["Content-Length"]))
                if webhook.status < 300:
                    webhook.heard.append(json.loads(text))
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                webhook.status = webhook.after_first or webhook.status

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve a webhook while inside."""
    hook = Webhook()
    Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield hook
    finally:
        hook.server.shutdown()
        hook.server.server_close()


@contextmanager
def black_hole() -> Iterator[int]:
    """Accept connections and never answer; give the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        yield silent.getsockname()[1]


def fetch(url: str) -> tuple[int, str]:
    """Give status and text of a page; 0 where nobody answers."""
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except (URLError, OSError):
        return 0, ""


def wait_until(happened: Callable[[], Any], what: str) -> Any:
    """Wait for something to be true, and give it; fail with a sentence."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        value = happened()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {TIMEOUT} seconds")
