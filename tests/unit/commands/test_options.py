"""What commands have in common: output that copes with a reader that left, and places that are named once."""

import io
import sys

import click
import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands.options import Output


def test_a_reader_that_left_does_not_stop_the_work(monkeypatch):
    """The first write that fails is remembered, later ones are not tried."""

    class Gone(io.StringIO):
        encoding = "ascii"
        calls = 0

        def write(self, text):
            Gone.calls += 1
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    output = Output()
    output.write("a")
    output.write("b")
    assert (True, 1) == (output.failed, Gone.calls)


def test_what_the_terminal_cannot_show_is_escaped(monkeypatch):
    """A letter that the encoding of stdout does not know is escaped, not an error."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as stream:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            Output().write("Zürich")
        assert rb"Z\xfcrich" == raw.getvalue()


def test_bytes_go_out_as_they_are(monkeypatch):
    """What has an encoding of its own is not escaped for the terminal's."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as stream:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            Output().write_bytes("Zürich".encode())
        assert "Zürich".encode() == raw.getvalue()


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("clean", "--store", "postgresql://a/x", "--store", "redis://b/0"), "--store"),
        (("explain", "--sessions-root", "/a", "--sessions-root", "/b"), "--sessions-root"),
        (("metrics", "--config", "/a", "--config", "/b"), "--config"),
        (("clean", "--companies-from", "/a", "--companies-from", "/b"), "--companies-from"),
        (("migrate", "--from", "/a", "--from", "/b", "--to", "redis://b/0"), "--from"),
        (("backup", "--to", "/a", "--to", "/b"), "--to"),
        (("restore", "latest", "--from", "/a", "--from", "/b"), "--from"),
    ],
)
def test_a_place_is_named_once(words, option):
    """Of two that differ nobody could tell which one is meant, and the last one is no better than the first."""
    done = CliRunner().invoke(cli.commands, words, standalone_mode=False)
    assert isinstance(done.exception, click.UsageError)
    assert f"{option} is given 2 times; allowed: once." == done.exception.format_message()


def test_a_place_that_is_named_twice_is_one(place):
    """The same word twice is no contradiction."""
    done = CliRunner().invoke(cli.commands, ["clean", "--dry-run", *["--sessions-root", str(place)] * 2])
    assert 0 == done.exit_code
