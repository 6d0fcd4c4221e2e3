"""`host`: whose pages may have a browser ask here: nobody's but this server's own."""

import pytest

from baileys_cleanup.watch.show.host import goes_by


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9108",
        "10.0.0.7",
        "[::1]:9108",
        "localhost:9108",
        "LOCALHOST",
        "monitor:9108",
        "watch.example.org:9108",
        "watch.example.org.",
        "monitor.bots.svc:9108",
        "monitor.bots.svc.cluster.local",
        "server.internal",
    ],
)
def test_its_own_names(host):
    """An address, the name it was told to listen on, and names that only a private network knows."""
    assert goes_by(host, {"watch.example.org"})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:9108",
        "127.0.0.1.evil.example",
        "watch.example.org.evil.example",
        "localhost.evil.example",
        "",
        ":9108",
        "[evil.example]",
        "[monitor]",
        "::1",
        "user@127.0.0.1",
        "127.0.0.1:9108:1",
        "127.0.0.1:port",
        "a b",
        "evil.example\u202e",
    ],
)
def test_names_of_others(host):
    """A name that somebody could have registered, and what is no name at all."""
    assert not goes_by(host, {"watch.example.org"})
