"""`commands.monitor`: its options, and one look from the command line."""

import json
import os
import signal
import threading
import time

import click
import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands import monitor as room
from baileys_cleanup.commands.monitor import Address, Interval
from baileys_cleanup.rotation import auto
from baileys_cleanup.watch.tell import apprise_services as services

from ..watch.helpers import Postbox, company


@pytest.fixture
def call(place, monkeypatch):
    """Give a function that runs `monitor` on the place."""
    monkeypatch.chdir(place.parent)
    return lambda *args: CliRunner().invoke(cli.commands, ["monitor", "--sessions-root", place.name, *args])


@pytest.mark.parametrize(
    ("text", "seconds"), [("1", 1), ("300", 300), ("30s", 30), ("5m", 300), ("1h", 3600), ("24h", 86400)]
)
def test_an_interval_is_seconds_or_has_a_unit(text, seconds):
    """Plain numbers are seconds."""
    assert seconds == Interval().convert(text, None, None)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "5 m", "m", "", "5d", "25h", "٣", "9" * 50])
def test_what_is_no_interval_is_refused(text):
    """From one second to a day, and nothing else."""
    with pytest.raises(click.BadParameter, match="no time between"):
        Interval().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9108", ("127.0.0.1", 9108)), ("[::1]:0", ("::1", 0)), ("localhost:65535", ("localhost", 65535))],
)
def test_an_address_is_host_and_port(text, address):
    """IPv6 stands in brackets."""
    assert address == Address().convert(text, None, None)


@pytest.mark.parametrize(
    "text", ["9108", ":9108", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9108", "a b:1", "http://x:1"]
)
def test_what_is_no_address_is_refused(text):
    """The sentence shows the form."""
    with pytest.raises(click.BadParameter, match="HOST:PORT"):
        Address().convert(text, None, None)


@pytest.mark.parametrize("args", [["--once"], ["--company", "7"], ["--shard", "0/2"]])
def test_a_cleanup_a_day_is_of_all_companies_and_needs_days(call, place, args):
    """One look has no next night, and some companies are not all."""
    company(place, "7", 3)
    result = call("--clean-at", "03:00", *args)
    assert 2 == result.exit_code
    assert "--clean-at excludes --once, --company, --companies-from and --shard" in result.stderr


@pytest.mark.parametrize("args", [["--clean-at", "25:00"], ["--clean-at", "03:00", "--clean-jitter", "721"]])
def test_a_time_that_is_none_is_refused_with_what_is_allowed(call, args):
    """The sentence is that of the setting."""
    result = call(*args)
    assert "; allowed: a" in str(result.exception)
    assert str(result.exception).startswith(f"{args[-2]}: its value is ")


@pytest.mark.parametrize("args", [["--once", "--listen", "127.0.0.1:0"], ["--json"], ["--interval", "x"], ["extra"]])
def test_what_makes_no_sense_is_refused(call, args):
    """One look listens to nobody; a document is of one look."""
    assert 2 == call(*args).exit_code


def test_one_look_in_cron_is_silent_when_all_is_well(call, place):
    """Nothing on stdout and nothing on stderr."""
    company(place, "7", 3)
    result = call("--once")
    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


def test_one_look_as_json(call, place):
    """One document with the companies."""
    company(place, "7", 3)
    result = call("--once", "--json")
    assert ["7"] == [each["company_id"] for each in json.loads(result.stdout)["companies"]]


def test_one_look_that_goes_wrong_says_so(call, place, monkeypatch):
    """An alert that was not delivered is status 1 and a line on stderr."""
    company(place, "7", 160)
    monkeypatch.setattr(room, "open_services", lambda _urls: [Postbox("x", "closed")])
    result = call("--once")
    assert 1 == result.exit_code
    assert '"alert_failed"' in result.stderr


def test_the_way_back_in_an_alert_leads_to_the_same_place(call, place, monkeypatch):
    """The options given stand, as whole paths, in the commands of an undo and of a rollback."""
    company(place, "7", 190, old=70)
    box = Postbox()
    monkeypatch.setattr(room, "open_services", lambda _urls: [box])
    monkeypatch.setattr(auto, "rotate_when_due", lambda *_: object())
    for name, value in (("AUTO", "soft"), ("STOP_COMMAND", '["true"]'), ("START_COMMAND", '["true"]')):
        monkeypatch.setenv(f"BAILEYS_CLEANUP_ROTATE__{name}", value)
    call("--once")
    assert f"--company 7 --sessions-root {place}; a rotation" in box.heard[0][1]
    assert f"baileys-cleanup rotate --company 7 --rollback --sessions-root {place}." in box.heard[0][1]


def test_a_service_that_nobody_knows_ends_it_before_anything(call, place, monkeypatch):
    """A URL that Apprise does not know is status 2, named by its number and not by its text."""

    class Nobody:
        @staticmethod
        def instantiate(_url):
            """Know nothing."""

    monkeypatch.setitem(__import__("sys").modules, "apprise", type("apprise", (), {"Apprise": Nobody}))
    monkeypatch.setattr(services, "_silence", lambda: None)
    monkeypatch.setenv("BAILEYS_CLEANUP_ALERTS__URLS", "nonsense://s3cret")
    result = call("--once")
    assert "number 1" in str(result.exception)
    assert "s3cret" not in str(result.exception) + result.output
    assert [] == os.listdir(place)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_watch(call, place, number, status):
    """Between two looks the signal is heard at once, and the status tells which."""
    company(place, "7", 3)
    memory = place / ".baileys-cleanup" / "monitor.json"

    def stop():
        while not memory.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=stop, daemon=True).start()
    result = call("--interval", "1h", "--log-format", "json")
    assert status == result.exit_code
    watching, stopped = (json.loads(line) for line in result.stderr.splitlines())
    assert ("watching", "stopped") == (watching["event"], stopped["event"])
    assert ("root", "root") == (watching["store"], watching["sessions_root"])


def test_the_cleanup_of_the_day(call, place, monkeypatch):
    """A missed one is made up at the first look, by the settings in force, and looked at; the signal ends the wait."""
    company(place, "7", 3, old=2)
    (place / ".baileys-cleanup").mkdir(mode=0o700)
    history = place / ".baileys-cleanup" / "history.json"
    history.write_text(json.dumps({"daily": time.time_ns() - 3 * 86_400 * 10**9}))
    monkeypatch.setenv("BAILEYS_CLEANUP_MONITOR__CLEAN_AT", "03:00")
    memory = place / ".baileys-cleanup" / "monitor.json"
    looks = []
    real = room.sleep_until

    def stop(*wait):
        looks.append(memory.exists())
        os.kill(os.getpid(), signal.SIGTERM)
        real(*wait)

    monkeypatch.setattr(room, "sleep_until", stop)
    result = call("--interval", "1h", "--clean-jitter", "0", "--log-format", "json")
    assert (143, [True]) == (result.exit_code, looks)
    log = [json.loads(line) for line in result.stderr.splitlines()]
    assert ["watching", "daily_cleanup_planned", "daily_cleanup", "daily_cleanup_planned", "stopped"] == [
        each["event"] for each in log
    ]
    assert (2, "T03:00:00") == (log[2]["removed"], log[1]["next"][10:19])
    assert json.loads(history.read_text())["daily"] > 0
    assert ["7"] == [each.removeprefix("company_") for each in os.listdir(place) if each.startswith("company_")]


def test_with_some_companies_there_is_no_cleanup_of_the_day(call, place, monkeypatch):
    """The setting is for the monitor of all of them, and the log says that this one does not do it."""
    company(place, "7", 3)
    monkeypatch.setenv("BAILEYS_CLEANUP_MONITOR__CLEAN_AT", "03:00")
    monkeypatch.setattr(room, "sleep_until", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    result = call("--company", "7", "--log-format", "json")
    assert ["watching", "daily_cleanup_off", "stopped"] == [
        json.loads(line)["event"] for line in result.stderr.splitlines()
    ]


def test_a_bad_address_ends_it_before_the_first_look(call, place):
    """Status 2 comes as an error of use; nothing was looked at."""
    company(place, "7", 3)
    result = call("--listen", "192.0.2.1:9108")
    assert "--listen 192.0.2.1:9108" in str(result.exception)
    assert ["company_7"] == os.listdir(place)
