"""`quarantine`: what lies in it, to look at."""

import os

from baileys_cleanup.store.folder import quarantined as room
from baileys_cleanup.store.folder.quarantined import (
    all_of,
    holds_company,
    quarantined,
    quarantined_companies,
    run_exists,
)
from baileys_cleanup.store.runs import Run

from ...helpers import NOW

RUN = Run("20261122T030000Z-4f1c", NOW, 7)


def test_nothing_is_there_before_a_removal(tool):
    """A run that moved nothing does not exist there and has no companies."""
    assert not run_exists(tool, RUN)
    assert [] == quarantined_companies(tool, RUN)
    assert not holds_company(tool, RUN, "b")


def test_the_companies_of_a_run_are_listed(tool, place):
    """Companies are found by their folders, sorted, by their ids as they are."""
    folder = place / ".baileys-cleanup" / "quarantine" / RUN.run_id
    for name in ("company_b", "company_a b", "other"):
        (folder / name).mkdir(parents=True)
    (folder / "company_b" / "session-1.0.json").write_text("{}")
    assert run_exists(tool, RUN)
    assert ["a b", "b"] == quarantined_companies(tool, RUN)
    assert [True, False] == [holds_company(tool, RUN, company_id) for company_id in ("b", "c")]
    with quarantined(tool, RUN, "b") as fd:
        assert ["session-1.0.json"] == os.listdir(fd)


def test_what_another_shard_takes_back_meanwhile_is_left_out(tool, place, monkeypatch):
    """It was there when the companies were listed: the others are counted all the same."""
    kept = place / ".baileys-cleanup" / "quarantine" / RUN.run_id / "company_b"
    kept.mkdir(parents=True)
    (kept / "session-1.0.json").write_text("{}")
    monkeypatch.setattr(room, "quarantined_companies", lambda *_: ["a", "b"])
    assert {"b": (1, 2)} == all_of(tool, RUN)
