"""`watch.rehearsal`: what a look would do and send; and that it touches nothing."""

import os

from baileys_cleanup.output.table import plain
from baileys_cleanup.settings.values import Monitor, Settings
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.watch.rehearsal import rehearse
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.show.table import rehearsal_document, rehearsal_lines

from ..helpers import names, put
from .helpers import MINUTE, WORLD, Postbox, company, looked


def rehearsed(settings, *services, wanted=()):
    """Say what a look would do."""
    return rehearse(settings, Selection(wanted), WORLD, Response(services, "host"))


def tree(place):
    """Give every file with its dates."""
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in sorted(place.rglob("*"))}


def test_it_touches_nothing_and_tells_nobody(place, settings):
    """No file moves, no folder of the tool appears, no service is asked."""
    company(place, "7", 100, old=100)
    before = tree(place)
    box = Postbox()
    found = rehearsed(settings, box)
    assert (before, 0, [], 0) == (tree(place), box.asked, box.heard, found.result.exit_status)
    assert ["company_7"] == os.listdir(place)


def test_it_says_what_would_be_done(place, settings):
    """By the ordinary rules, down to the floor, nothing where nothing can go, and nothing for what is not critical."""
    company(place, "7", 100, old=100)
    company(place, "8", 170, old=5, pre_keys=60)
    company(place, "9", 200)
    company(place, "10", 160)
    assert {
        "7": "an emergency cleanup would remove 100 files",
        "8": "an emergency cleanup would remove 15 files, and 20 more, with pre-keys down to 30, if that leaves it critical",
        "9": "no emergency cleanup: no rule takes any of its files",
    } == rehearsed(settings).plans
    off = Settings(sessions_root=str(place), monitor=Monitor(emergency_cleanup=False))
    assert {"the emergency cleanup is switched off"} == set(rehearsed(off).plans.values())


def test_it_says_what_would_be_sent(place, settings):
    """What a look would send now, to each service, from what was told before; and the look then sends just that."""
    company(place, "7", 150, old=10)
    up, down = Postbox("up"), Postbox("down", "closed")
    looked(settings, up, down, after=-MINUTE)
    memory = (place / ".baileys-cleanup" / "monitor.json").read_bytes()
    nothing, late = rehearsed(settings, up, down).messages
    assert nothing is None
    assert "Baileys company 7: attention, 160 files" == late.title
    assert memory == (place / ".baileys-cleanup" / "monitor.json").read_bytes()
    down.problem = None
    looked(settings, up, down)
    assert [(late.title, late.body)] == down.heard


def test_it_needs_no_lock(place, settings, tool):
    """Also while a run is at work."""
    company(place, "7", 100, old=100)
    with hold_lock(tool):
        assert "would remove 100 files" in rehearsed(settings).plans["7"]


def test_people_and_programs_read_the_same(place, settings):
    """The table, what would be done, what each service would hear, and that nothing was done."""
    company(place, "7", 100, old=100)
    put(company(place, "8", 3), "creds.json", b"")
    found = rehearsed(settings, Postbox())
    text = list(rehearsal_lines(found, plain))
    assert text[1].startswith("7 ")
    assert "company 7: an emergency cleanup would remove 100 files" in text
    assert "alerts.urls, number 1: would hear" in text
    assert "  Baileys: 2 companies, the worst 8: its pairing is dead" in text
    assert "Dry run: nothing was changed, and nobody was told." == text[-1]
    document = rehearsal_document(found)
    assert (True, ["7"]) == (document["dry_run"], [each["company_id"] for each in document["would_do"]])
    assert [1] == [each["service"] for each in document["would_send"]]
    assert ["company_7", "company_8"] == names(place)
