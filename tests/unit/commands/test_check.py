"""`commands.check`: every way to end is a state of the convention, and one line on stdout."""

import json
import os
import signal

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands import check as room
from baileys_cleanup.commands.check import thresholds
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.errors import UsageProblem

from ..watch.helpers import company


@pytest.fixture
def call(place):
    """Give a function that runs `check` on the place; it gives status and stdout."""

    def run(*args):
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        result = CliRunner().invoke(cli.commands, ["check", "--sessions-root", str(place), *args])
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
            signal.signal(number, handler)
        assert "" == result.stderr
        return result.exit_code, result.stdout

    return run


@pytest.mark.parametrize(("files", "status", "word"), [(150, 0, "OK"), (151, 1, "WARNING"), (181, 2, "CRITICAL")])
def test_the_defaults_are_150_and_180(call, place, files, status, word):
    """Above 150 is a warning, above 180 critical, as the levels are."""
    company(place, "7", files)
    found, text = call()
    assert (status, True, 1) == (found, text.startswith(f"{word} - "), text.count("\n"))


def test_thresholds_and_companies_can_be_chosen(call, place):
    """`-w`, `-c` and `--company` limit the check."""
    company(place, "7", 10)
    company(place, "8", 20)
    assert [1, 2, 0, 1] == [
        call(*args)[0]
        for args in (["-w", "9", "-c", "99"], ["-w", "5", "-c", "9"], ["-w", "20"], ["-w", "9", "--company", "7"])
    ]


def test_a_shard_is_checked_alone_and_may_be_empty(call, place):
    """Only what falls to it counts, the line names it, and nothing in it is well; an empty root is not."""
    assert 3 == call("--shard", "0/2")[0]
    company(place, "1", 181)  # shard 1 of 2
    status, text = call("--shard", "1/2")
    assert (2, True) == (status, "1 company checked (shard 1/2) | companies=1;" in text)
    status, text = call("--shard", "0/2")
    assert (0, True) == (status, text.startswith("OK - no company was checked (shard 0/2) | companies=0;"))
    assert "0/2" == json.loads(call("--shard", "0/2", "--json")[1])["shard"]


def test_a_list_names_who_has_to_be_there(call, place, tmp_path):
    """Only the companies of the list are checked; one of it without a folder is a warning, none at all is unknown."""
    company(place, "7", 3)
    company(place, "8", 200)
    mine = tmp_path / "mine"
    mine.write_text("7\n")
    assert 0 == call("--companies-from", str(mine))[0]
    mine.write_text("7\n9\n")
    status, text = call("--companies-from", str(mine))
    assert (1, True) == (status, "no folder here of company 9" in text)
    assert 1 == len(json.loads(call("--companies-from", str(mine), "--json")[1])["warnings"])
    mine.write_text("9\n")
    assert 3 == call("--companies-from", str(mine))[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None), (150, 180)),
        ((100, None), (100, 180)),
        ((200, None), (200, 200)),
        ((None, 200), (150, 200)),
        ((None, 20), (20, 20)),
        ((5, 5), (5, 5)),
    ],
)
def test_a_threshold_that_was_not_given_makes_room(given, expected):
    """What nobody gave follows the levels, and never contradicts what was given."""
    assert expected == thresholds(Levels(), *given)


def test_the_defaults_follow_the_levels():
    """With other levels the thresholds are one below them."""
    assert (9, 19) == thresholds(Levels(1, 10, 15, 20), None, None)


@pytest.mark.parametrize(
    "args",
    [
        ["--nonsense"],
        ["extra"],
        ["-w"],
        ["-w", "x"],
        ["-w", "-1"],
        ["-w", "10:20"],
        ["-w", "9", "-c", "8"],
        ["--company", "9"],
        ["--company", "a/b"],
        ["--config", "/nonexistent.toml"],
        ["--sessions-root", "/nonexistent"],
        ["--sessions-root", "/"],
        ["--json", "--company", "9"],
    ],
)
def test_what_is_wrong_is_unknown(call, place, args):
    """A wrong option, setting, company or root is status 3 and one line that says what is wrong."""
    company(place, "7", 1)
    status, text = call(*args)
    assert (3, True, 1) == (status, text.startswith("UNKNOWN - "), text.count("\n"))


@pytest.mark.parametrize("option", ["-w", "-c"])
@pytest.mark.parametrize("value", ["1:2", "10:", "~:5", "@1:2", "-1", "x", ""])
def test_a_range_is_told_what_is_taken_instead(call, place, option, value):
    """The convention's ranges are not taken: the line says so, and what is."""
    company(place, "7", 1)
    status, text = call(option, value)
    assert (3, True) == (status, f"{value!r}; allowed: a whole number of files, not a Nagios range like 10:20" in text)


def test_a_wrong_variable_is_unknown(call, place, monkeypatch):
    """So is a setting in the environment."""
    company(place, "7", 1)
    monkeypatch.setenv("BAILEYS_CLEANUP_UNDO_DAYS", "x")
    assert 3 == call()[0]


def test_an_empty_root_is_unknown(call):
    """Where no company is, nothing was checked: the disk may not be mounted."""
    status, text = call()
    assert (3, True) == (status, "is the right disk mounted" in text)


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(5, "Input/output error"), KeyboardInterrupt(), MemoryError()]
)
def test_whatever_goes_wrong_inside_is_unknown(call, monkeypatch, error):
    """A bug, a failing disk, an interrupt: status 3, one line, no traceback."""

    def fail(*_args, **_more):
        raise error

    monkeypatch.setattr(room, "check", fail)
    status, text = call()
    assert (3, True, 1) == (status, text.startswith("UNKNOWN - "), text.count("\n"))


def test_a_disk_that_fails_is_no_bug(call, monkeypatch):
    """An error of the system is told in its own words."""

    def fail(*_args, **_more):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(room, "check", fail)
    assert (3, "UNKNOWN - Input/output error\n") == call()


def test_a_signal_is_unknown(call, monkeypatch):
    """SIGTERM in the middle, as from a plugin's timeout, is told with its name."""
    monkeypatch.setattr(room, "check", lambda *_args, **_more: os.kill(os.getpid(), signal.SIGTERM))
    assert (3, "UNKNOWN - the check was stopped by SIGTERM\n") == call()


def test_help_is_no_error(call):
    """`--help` is status 0."""
    assert 0 == call("--help")[0]


def test_it_writes_nothing(call, place):
    """A check leaves no folder of the tool behind."""
    company(place, "7", 1)
    call()
    assert ["company_7"] == os.listdir(place)


def test_json_has_the_state(call, place):
    """One document, and the same status."""
    company(place, "7", 160)
    status, text = call("--json")
    assert (1, "warning") == (status, json.loads(text)["status"])


def test_contradicting_thresholds_are_told():
    """Both are named."""
    with pytest.raises(UsageProblem, match="--warning is 9; allowed: not above --critical, which is 8"):
        thresholds(Levels(), 9, 8)
