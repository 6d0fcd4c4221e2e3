"""`watch.server`, `watch.board`: three paths, sane headers, and never an old look as the present one."""

import http.client
import socket

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.watch.show.latest import Board, Snapshot
from baileys_cleanup.watch.show.server import serving

from ..helpers import detail, facts, view

SNAPSHOT = Snapshot(facts(view(200, "7", detail())), {"7": 1})


class Clock:
    """A clock that stands where it is put."""

    now = 0.0

    def __call__(self):
        """Tell the time."""
        return self.now


@pytest.fixture
def board():
    """Give a board that believes a look for ten seconds, and its clock."""
    clock = Clock()
    made = Board(10, clock)
    made.clock = clock
    return made


@pytest.fixture
def ask(board):
    """Give a function that asks a server for a path; it gives status, headers and text."""
    with serving("127.0.0.1", 0, board) as address:

        def request(path, method="GET"):
            connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=10)
            connection.request(method, path)
            answer = connection.getresponse()
            found = answer.status, answer.headers, answer.read().decode()
            connection.close()
            return found

        yield request


def test_the_three_paths(ask, board):
    """Page, metrics and health, each with its type; a query is passed over; others are not found."""
    board.show(SNAPSHOT)
    for path, kind, part in (
        ("/", "text/html; charset=utf-8", "critical"),
        ("/?x", "text/html; charset=utf-8", "critical"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", 'baileys_company_counted_files{company_id="7"} 200'),
        ("/healthz", "text/plain; charset=utf-8", "ok"),
    ):
        status, headers, text = ask(path)
        assert (200, kind) == (status, headers["Content-Type"])
        assert part in text
    assert 404 == ask("/etc/passwd")[0]


def test_head_has_no_text_and_nothing_else_is_taken(ask, board):
    """HEAD answers as GET without a text; POST and the like are not understood."""
    board.show(SNAPSHOT)
    status, headers, text = ask("/", "HEAD")
    assert (200, "") == (status, text)
    assert int(headers["Content-Length"]) > 1000
    assert [501] * 3 == [ask("/", method)[0] for method in ("POST", "PUT", "DELETE")]


def test_the_headers_let_nothing_in(ask, board):
    """Nothing may be loaded, framed, guessed, kept or told, and the page's own style is allowed by its hash."""
    board.show(SNAPSHOT)
    _, headers, _ = ask("/")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert ["nosniff", "no-referrer", "no-store"] == [
        headers[name] for name in ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")
    ]


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz"])
def test_what_is_not_so_any_more_is_not_shown(ask, board, path):
    """Before the first look, after a failed one, and after one that is too old, each path answers 503."""
    assert 503 == ask(path)[0]
    board.show(SNAPSHOT)
    assert 200 == ask(path)[0]
    board.fail("the root is gone")
    status, _, text = ask(path)
    assert 503 == status
    assert "the root is gone" in text
    board.show(SNAPSHOT)
    board.clock.now = 10.5
    assert 503 == ask(path)[0]


def test_a_client_that_says_nothing_holds_nobody_up(ask, board):
    """Connections that stay silent do not keep another client from its answer."""
    board.show(SNAPSHOT)
    with serving("127.0.0.1", 0, board) as address:
        place = address.removeprefix("http://").rstrip("/")
        host, port = place.split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(20)]
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", "/healthz")
        assert 200 == connection.getresponse().status
        connection.close()
        for each in silent:
            each.close()


def test_a_port_in_use_is_told(board):
    """The sentence names the address and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = rf"--listen 127\.0\.0\.1:{port}: .*a port that is free"
        with pytest.raises(UsageProblem, match=sentence), serving("127.0.0.1", port, board):
            pass


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_ours_is_told(board, host):
    """Another machine's address, or a name that nobody knows, is one sentence."""
    with pytest.raises(UsageProblem, match="--listen"), serving(host, 0, board):
        pass


def test_the_texts_of_a_look_are_made_once(board):
    """A second scrape of the same look costs nothing."""
    assert SNAPSHOT.metrics is SNAPSHOT.metrics
    assert SNAPSHOT.page is SNAPSHOT.page
