"""All eyes agree: what one command calls broken, every command does."""

import json
import os
import time

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands import monitor as room

from ..helpers import creds, put
from .helpers import Postbox, company

MARK = "will not come back by itself"


def paired(place):
    """Make a bot that is well."""
    company(place, "7", 30)


def full(place):
    """Make one above 180 that a cleanup helps."""
    company(place, "7", 150, old=40)


def stuck(place):
    """Make one above 180 that no cleanup helps."""
    company(place, "7", 200)


def emptied(place):
    """Make its creds.json empty."""
    put(company(place, "7", 4), "creds.json", b"")


def zeroed(place):
    """Make its creds.json NUL bytes, as after a power cut."""
    put(company(place, "7", 4), "creds.json", bytes(2300))


def cut(place):
    """Cut its creds.json short."""
    put(company(place, "7", 4), "creds.json", creds()[:-9])


def gone(place):
    """Take its creds.json away."""
    (company(place, "7", 4) / "creds.json").unlink()


def unpaired(place):
    """Make one that is not paired yet."""
    put(company(place, "7", 4), "creds.json", creds(me=None))


def deeper(place):
    """Put its files one level deeper."""
    (place / "company_7").mkdir()
    put(place / "company_7" / "5511", "creds.json", creds())


def hollow(place):
    """Make an empty folder."""
    (place / "company_7").mkdir()


@pytest.mark.parametrize(
    ("make", "dead", "warned"),
    [
        (paired, False, False),
        (full, False, True),
        (stuck, False, True),
        (emptied, True, True),
        (zeroed, True, True),
        (cut, True, True),
        (gone, True, True),
        (unpaired, False, False),
        (deeper, False, True),
        (hollow, False, False),
    ],
)
def test_all_eyes_agree(place, monkeypatch, make, dead, warned):
    """check, monitor, its alerts, metrics, the dry run of clean: each says of it what the others say."""
    make(place)
    box = Postbox()
    monkeypatch.setattr(room, "open_services", lambda _urls: [box])
    monkeypatch.setenv("BAILEYS_CLEANUP_MONITOR__EMERGENCY_CLEANUP", "off")

    def said(*args):
        result = CliRunner().invoke(cli.commands, [*args, "--sessions-root", str(place)])
        return result.exit_code, result.stdout

    status, line = said("check")
    assert (dead, warned) == (MARK in line, status != 0)
    assert not dead or status == 2
    (checked,) = json.loads(said("check", "--json")[1])["companies"]
    (looked,) = json.loads(said("monitor", "--once", "--json")[1])["companies"]
    (cleaned,) = json.loads(said("clean", "--dry-run", "--json")[1])["companies"]
    metrics = said("metrics")[1]
    assert [checked[name] for name in ("pairing", "severity")] == [looked[name] for name in ("pairing", "severity")]
    assert [finding["cause"] for finding in checked["findings"]] == [finding["cause"] for finding in looked["findings"]]
    assert dead == any(MARK in text for text in cleaned["warnings"])
    assert warned == (checked["severity"] in {"warning", "critical"}) == (len(box.heard) == 1)
    assert dead == any(MARK in text for _, text in box.heard)
    assert f"baileys_companies_pairing_dead {float(dead)}" in metrics
    assert f'baileys_company_creds_readable{{company_id="7"}} {float(not dead)}' in metrics
    if dead:
        command = "baileys-cleanup restore latest --replace --company 7"
        assert command in line
        assert command in box.heard[0][1]
        assert any(command in text for text in cleaned["warnings"])


def at_rest(place):
    """Date everything an hour back, so that nothing looks as if it were being written."""
    for path in place.glob("company_*/*"):
        os.utime(path, (time.time() - 3600,) * 2)


def test_all_eyes_see_two_companies_of_one_device(place, monkeypatch):
    """check, monitor and its alerts, metrics, clean, backup, explain: each names the company that has it as well."""
    for number in ("7", "8"):
        put(company(place, number, 4), "creds.json", creds())
    at_rest(place)
    box = Postbox()
    monkeypatch.setattr(room, "open_services", lambda _urls: [box])
    archives = place.parent / "archives"
    archives.mkdir(mode=0o700)

    def said(*args):
        return CliRunner().invoke(cli.commands, [*args, "--sessions-root", str(place)]).stdout

    mark = "the same device (15550000001:7) is also in company 7"
    for args in (["check"], ["clean", "--dry-run"], ["explain"], ["backup", "--to", str(archives)]):
        assert mark in said(*args), args
    (_, second) = json.loads(said("monitor", "--once", "--json"))["companies"]
    assert ["same_device"] == [finding["cause"] for finding in second["findings"]]
    assert any(mark in text for _, text in box.heard)
    assert "baileys_companies_same_device 1.0" in said("metrics")
