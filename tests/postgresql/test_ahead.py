"""Companies that come next are looked at together, and nothing goes that was written after the look."""

import time
from collections.abc import Iterator

import pytest
from pg_bench import JOINED, OTHER, SPLIT, Database, creds

from baileys_cleanup.cleaning.look import Terms, look_and_plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place, Postgresql
from baileys_cleanup.store.remover import Outcome
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Store

KEYS = {f"session|{OTHER}.0": 20, f"session|{OTHER}.1": 20, f"session|{OTHER}.2": 1}


@pytest.fixture
def store(db: Database) -> Iterator[tuple[Database, Store]]:
    """Give a store with three companies that are expected in their order."""
    db.execute(SPLIT)
    for company in ("1", "2", "3"):
        db.split(company, KEYS, creds(me={"id": f"1555000000{company}:7@s.whatsapp.net"}))
    with open_store(Place(db.url)) as opened:
        opened.expect(["1", "2", "3"])
        yield db, opened


def test_what_was_written_after_the_look_stays(store: tuple[Database, Store]) -> None:
    """The second company was seen with the first; what its bot writes until its turn is `changed`."""
    db, opened = store
    terms = Terms(time.time_ns(), Settings().levels, None, lambda: None, lambda: False)
    run = Run("ahead", time.time_ns(), 7)
    outcomes: dict[str, list[Outcome]] = {}
    with opened.workspace(create=True) as workspace:
        assert workspace is not None
        opened.expect(["1", "2", "3"])
        with workspace.remover(run, time.time_ns) as remover:
            for company_id in ("1", "2"):
                with opened.company(company_id) as company:
                    planned = look_and_plan(company, Policy(), terms).plan.removals
                    assert 2 == len(planned)
                    with remover.company(company) as at_work:
                        outcomes[company_id] = [each.outcome for each in at_work.remove(planned, lambda: False)]
                if company_id == "1":
                    written = "update whatsapp_keys set updated_at = now() where company_id = '2' and key_id = %s"
                    db.execute(written, [f"{OTHER}.0"])
    assert [Outcome.REMOVED, Outcome.REMOVED] == outcomes["1"]
    assert [Outcome.CHANGED, Outcome.REMOVED] == outcomes["2"]
    assert {f"session|{OTHER}.0", f"session|{OTHER}.2"} == db.keys("2")


def test_a_look_is_given_once(store: tuple[Database, Store]) -> None:
    """Who opens a company again sees it anew: a second look, an undo, a monitor after its cleanup."""
    db, opened = store
    for company_id in ("1", "2"):
        with opened.company(company_id) as company:
            assert 4 == len(company.names().names)
    db.execute("delete from whatsapp_keys where company_id = '2'")
    for _ in range(2):
        with opened.company("2") as company:
            assert ["creds.json"] == company.names().names
    db.execute("update whatsapp_auth set creds = '{}' where company_id = '1'")
    with opened.company("1") as company:
        company.names()
        assert company.account(lambda: None).pairing is None


def test_keys_that_begin_with_a_company_are_nobody_elses(db: Database) -> None:
    """An id with a colon, one that looks like a type, rows that are no keys: each key has one company, or none."""
    db.execute(JOINED)
    there = {
        "1:auth_creds": "1",
        "1:session-15550000777.0": "1",
        "a:b:session-15550000777.0": "a:b",
        "session-1:pre-key-1": "session-1",
        "x:session-": "x",
        "y:auth_credsx": None,
        "no key at all": None,
        "z:sender-key-memory-1@g.us": "z",
        "w:session-1:pre-key-2": "w",
    }
    for key in there:
        db.execute("insert into auth_data values (%s, '{}')", [key])
    with open_store(Place(db.url, Postgresql("postgres-baileys"))) as opened:
        ids = sorted({company for company in there.values() if company})
        assert (ids, []) == opened.company_ids()
        opened.expect(ids)
        for company_id in ids:
            with opened.company(company_id) as company:
                names = company.names().names
                assert sum(each == company_id for each in there.values()) == len(names), names
