"""`watch.server`, `watch.latest`: three paths, sane headers, and never an old look as the present one."""

import http.client
import io
import socket
import time
from contextlib import suppress

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.watch.show import server
from baileys_cleanup.watch.show.latest import LatestSnapshot, Snapshot
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
def latest():
    """Give a latest that believes a look for ten seconds, and its clock."""
    clock = Clock()
    made = LatestSnapshot(10, clock)
    made.clock = clock
    return made


@pytest.fixture
def ask(latest):
    """Give a function that asks a server for a path; it gives status, headers and text."""
    with serving("127.0.0.1", 0, latest) as address:

        def request(path, method="GET", **headers):
            connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=60)
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            found = answer.status, answer.headers, answer.read().decode()
            connection.close()
            return found

        yield request


def test_the_three_paths(ask, latest):
    """Page, metrics and health, each with its type; others are not found."""
    latest.show(SNAPSHOT)
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


def test_head_has_no_text_and_nothing_else_is_taken(ask, latest):
    """HEAD answers as GET without a text; POST and the like are not understood."""
    latest.show(SNAPSHOT)
    status, headers, text = ask("/", "HEAD")
    assert (200, "") == (status, text)
    assert int(headers["Content-Length"]) > 1000
    assert [501] * 3 == [ask("/", method)[0] for method in ("POST", "PUT", "DELETE")]


def test_the_headers_let_nothing_in(ask, latest):
    """Nothing may be loaded, framed, guessed, kept or told, and the page's own style is allowed by its hash."""
    latest.show(SNAPSHOT)
    _, headers, _ = ask("/")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert ["nosniff", "no-referrer", "no-store"] == [
        headers[name] for name in ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")
    ]


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz"])
def test_what_is_not_so_any_more_is_not_shown(ask, latest, path):
    """Before the first look, after a failed one, and after one that is too old, each path answers 503."""
    assert 503 == ask(path)[0]
    latest.show(SNAPSHOT)
    assert 200 == ask(path)[0]
    latest.fail("the root is gone")
    status, _, text = ask(path)
    assert 503 == status
    assert "the root is gone" in text
    latest.show(SNAPSHOT)
    latest.clock.now = 10.5
    assert 503 == ask(path)[0]


def connected(address):
    """Connect to a server, and say nothing."""
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def said(client):
    """Read what a server says until it closes."""
    parts = b""
    with client:
        while part := client.recv(4096):
            parts += part
    return parts


def test_a_flood_of_silent_clients_holds_nobody_up(latest, monkeypatch):
    """However many connect and stay, so many have a place, and another client gets its answer."""
    answered, most = [], []

    class Counting(server._Server):
        def finish_request(self, *who):
            answered.append(who)
            most.append(len(answered))
            try:
                super().finish_request(*who)
            finally:
                answered.pop()

    monkeypatch.setattr(server, "_Server", Counting)
    monkeypatch.setattr(server, "_A_MOMENT", 60)  # that of a busy machine is long
    latest.show(SNAPSHOT)
    with serving("127.0.0.1", 0, latest) as address:
        silent = []
        for _ in range(100):
            silent.append(connected(address))
            silent[-1].send(b"GET / HTTP/1.1\r\nX: ")
        client = connected(address)
        client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in said(client)
        for each in silent:
            each.close()
    assert 1 < max(most) <= server._MOST


def test_a_connection_has_its_time(latest, monkeypatch):
    """Whoever goes on saying a little, or never reads, is ended when the time is up."""
    monkeypatch.setattr(server, "_TIMEOUT", 1)
    latest.show(SNAPSHOT)
    with serving("127.0.0.1", 0, latest) as address, connected(address) as client:
        began = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - began < 30:
                client.send(b"G")
                time.sleep(0.05)
        assert time.monotonic() - began < 30


def test_a_long_request_is_not_read():
    """No more is read than a request may have, however long its lines are and however many."""
    request = io.BytesIO(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50 + b"x" * 1_000_000)
    short = server._Short(request)
    while short.readline(65_537):
        pass
    assert server._LONGEST == request.tell()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"200"),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET //metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"<script>alert(1)</script> / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
        (b"GET / / HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_what_is_asked_for_is_checked(latest, request_text, status):
    """Another server's name, none or two, a path that is none: refused, and nothing of it is repeated."""
    latest.show(SNAPSHOT)
    with serving("127.0.0.1", 0, latest) as address:
        client = connected(address)
        client.send(request_text)
        answer = said(client)
    assert status == answer.split()[1]
    assert b"script>" not in answer
    assert b"evil" not in answer
    assert b"Python" not in answer


def test_a_port_in_use_is_told(latest):
    """The sentence names the address and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = rf"--listen 127\.0\.0\.1:{port}: .*a port that is free"
        with pytest.raises(UsageProblem, match=sentence), serving("127.0.0.1", port, latest):
            pass


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_ours_is_told(latest, host):
    """Another machine's address, or a name that nobody knows, is one sentence."""
    with pytest.raises(UsageProblem, match="--listen"), serving(host, 0, latest):
        pass


def test_the_texts_of_a_look_are_made_once(latest):
    """A second scrape of the same look costs nothing."""
    assert SNAPSHOT.metrics is SNAPSHOT.metrics


def test_the_first_look_is_shown_while_it_goes_on(ask, latest):
    """The page has what was seen so far; metrics and health wait: half of the companies would look like all of them."""
    latest.show(Snapshot(facts(view(200, "7", detail()), waiting=3), {}))
    status, _, text = ask("/")
    assert (200, True) == (status, "1 company is looked at, 3 not yet" in text)
    assert [503, 503] == [ask(path)[0] for path in ("/metrics", "/healthz")]
    latest.show(SNAPSHOT)
    latest.show(Snapshot(facts(waiting=4), {}))
    assert [200, 200] == [ask(path)[0] for path in ("/metrics", "/healthz")]
    assert "not yet" not in ask("/")[2]


def test_what_is_asked_for_stands_in_the_address(ask, latest):
    """A level, a part of a name, an order; what is not understood asks for nothing."""
    latest.show(Snapshot(facts(view(200, "full", detail()), view(20, "Well", detail())), {}))
    for query, names in (
        ("?level=critical", ["full"]),
        ("?text=wEL", ["Well"]),
        ("?order=name", ["Well", "full"]),
        ("?level=nonsense&order=x&a=1", ["full", "Well"]),
        ("?" + "&" * 100 + "a=b" * 1000, ["full", "Well"]),
        ("?text=%ff%00", []),
    ):
        status, _, text = ask("/" + query)
        assert 200 == status
        found = [name for name in ("full", "Well") if f'<th scope="row">{name}<' in text]
        assert sorted(found) == sorted(names)
        assert len(names) < 2 or text.index(f">{names[0]}<") < text.index(f">{names[1]}<")
