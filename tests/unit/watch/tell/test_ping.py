"""`watch.ping`: start, end and failure, told to a real local server; and never a failure of its own."""

import socket
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from baileys_cleanup.watch.tell import ping
from baileys_cleanup.watch.tell.ping import pinging


@contextmanager
def listener(status=200):
    """Serve on a free port; give the URL and the paths that were asked for."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/ping/s3cret", paths
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "last"), [(0, ""), (1, "/1"), (4, "/4"), (143, "/143")])
def test_a_run_is_told_with_its_status(status, last):
    """First /start, then the bare URL for 0 and the status for anything else."""
    warnings = []
    with listener() as (url, paths):
        with pinging(url, warnings.append) as ending:
            assert ["/ping/s3cret/start"] == paths
            ending.status = status
        assert [f"/ping/s3cret{last}"] == paths[1:]
    assert [] == warnings


def test_a_run_that_broke_off_is_a_failure():
    """An exception goes on its way, and /fail is told."""
    with listener() as (url, paths):
        with pytest.raises(ValueError, match="x"), pinging(url + "/", [].append):
            raise ValueError("x")
        assert ["/ping/s3cret/start", "/ping/s3cret/fail"] == paths


def test_without_a_url_nobody_is_told(monkeypatch):
    """Nothing is sent, and nothing of the network is imported."""
    monkeypatch.setitem(__import__("sys").modules, "urllib.request", None)
    with pinging(None, [].append) as ending:
        ending.status = 0


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/s3cret", "Connection refused"),
        ("http://s3cret.invalid/s3cret", "did not arrive"),
        ("http://[s3cret/", "did not arrive"),
        ("http://127.0.0.1:99999/s3cret", "did not arrive"),
    ],
)
def test_a_ping_that_fails_is_a_warning_without_the_secret(url, why, monkeypatch):
    """Each ping that does not arrive is one sentence; the run goes on, and the URL is not in it."""
    found = socket.getaddrinfo

    def unknown(host, *how, **more):  # without a network the answer may take longer than a ping does
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found(host, *how, **more)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    warnings = []
    with pinging(url, warnings.append) as ending:
        ending.status = 0
    assert 2 == len(warnings)
    assert why in warnings[0]
    assert "s3cret" not in "".join(warnings)


def test_an_answer_that_says_no_is_a_warning():
    """404 is told with its number."""
    warnings = []
    with listener(404) as (url, _), pinging(url, warnings.append) as ending:
        ending.status = 0
    assert ["the ping /start was answered with 404", "the ping of success was answered with 404"] == warnings


def test_a_server_that_hangs_is_left_after_a_while(monkeypatch):
    """Who accepts and never answers costs the time limit, and no more."""
    monkeypatch.setattr(ping, "_TIMEOUT", 0.05)
    warnings = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pinging(url, warnings.append) as ending:
            ending.status = 0
    assert 2 == len(warnings)


@contextmanager
def dripping():
    """Serve an answer that does not end: one byte now and then. Give the URL."""
    over = Event()

    def drip():
        with suppress(OSError):  # nobody came, or nobody listens any more
            client, _ = server.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.05):
                    client.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dropping = Thread(target=drip, daemon=True)
        dropping.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/s3cret"
        over.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # where nobody came
        dropping.join()


def test_a_server_that_never_finishes_is_left_after_a_while(monkeypatch):
    """The time limit is for the whole ping: a byte now and then does not prolong it."""
    monkeypatch.setattr(ping, "_TIMEOUT", 0.3)
    warnings = []
    with dripping() as url:
        ping._ping(url, "/start", warnings.append, lambda: False)
    assert ["the ping /start was not answered within 0.3 seconds"] == warnings


def test_a_run_that_is_told_to_stop_does_not_wait_for_its_start(monkeypatch):
    """A signal ends the waiting for a service that hangs."""
    monkeypatch.setattr(ping, "_TIMEOUT", 600)
    warnings = []
    with dripping() as url:
        ping._ping(url, "/start", warnings.append, lambda: True)
    assert ["the ping /start was not answered before the process was told to stop"] == warnings


def test_a_run_that_was_stopped_tells_so():
    """How it ended arrives, although the process is to stop; its start may come after that."""
    with listener() as (url, paths):
        with pinging(url, [].append, lambda: True) as ending:
            ending.status = 143
        assert "/ping/s3cret/143" in paths
