"""Companies that come next are looked at together, and nothing goes that was written after the look."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from pg_bench import JOINED, OTHER, SPLIT, Database, creds
from psycopg.sql import SQL

from baileys_cleanup.cleaning.look import Terms, look_and_plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place, Postgresql
from baileys_cleanup.store.postgresql import ahead
from baileys_cleanup.store.postgresql.connection import connected
from baileys_cleanup.store.remover import Outcome
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Store
from servers import WAIT

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


LOOKED = "state = 'idle' and query like '%whatsapp_auth%' and application_name = 'baileys-cleanup'"
"""A connection that has ended a look: creds come last."""


SLEEPS = "query like '%pg_sleep(600)%' and application_name = 'baileys-cleanup'"


def wait_for(db: Database, connections: int, such: str) -> None:
    """Wait until the server has so many connections of this kind to the database."""
    end = time.monotonic() + WAIT
    query = f"select 1 from pg_stat_activity where datname = current_database() and {such}"
    while len(db.execute(query)) != connections:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(("rows", "looked"), [(20_000, 0), (3, 1)])
def test_what_was_written_after_the_look_stays(
    store: tuple[Database, Store], monkeypatch: pytest.MonkeyPatch, rows: int, looked: int
) -> None:
    """The second company was seen with the first, or right after it; what its bot writes until its turn is `changed`."""
    db, opened = store
    monkeypatch.setattr(ahead, "ROWS", rows)
    monkeypatch.setattr(ahead, "_FRESH", 600.0)  # a look is good for longer than a busy machine may take to the next
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
                    wait_for(db, looked, LOOKED)  # the first one has removed since
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


@pytest.mark.parametrize("limit", [-1, 1])
def test_each_company_is_given_its_own_rows(db: Database, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """In its turn, out of it and again, with a second connection for the look that comes next and without one."""
    monkeypatch.setattr(ahead, "ROWS", 7)  # the sixth and one before it are more than that
    db.execute(SPLIT)
    ids = [str(number) for number in range(1, 7)]
    for number in ids:
        db.split(number, {f"session|{number}.{device}": 20 for device in range(int(number))}, creds())
    role = f"asks{limit}".replace("-", "_")
    db.execute(
        f"create role {role} login connection limit {limit}; grant select on all tables in schema public to {role}"
    )
    try:
        with open_store(Place(db.url.replace("postgres@", f"{role}@"))) as opened:
            assert ids == opened.company_ids()[0]
            opened.expect(ids)
            for number in ["1", "2", "3", "5", "4", "6", "2"]:
                with opened.company(number) as company:
                    of_it = [f"session-{number}.{device}.json" for device in range(int(number))]
                    assert ["creds.json", *of_it] == sorted(company.names().names)
                    assert company.account(lambda: None).pairing is not None
            there = db.execute("select 1 from pg_stat_activity where usename = %s", [role])
            assert (1 if limit == 1 else 2) == len(there)
        wait_for(db, 0, f"usename = '{role}'")
    finally:
        db.execute(f"drop owned by {role}; drop role {role}")


def test_a_question_that_was_begun_is_broken_off_at_the_end(db: Database) -> None:
    """Whoever lets go of the server does not wait for an answer that nobody wants any more."""
    with connected(Place(db.url)) as connection:
        answer = connection.meanwhile(lambda second: second.rows(SQL("select pg_sleep(600)")))
        wait_for(db, 1, SLEEPS)
        assert not answer.done()
    assert isinstance(answer.exception(), psycopg.errors.QueryCanceled)
    wait_for(db, 0, SLEEPS)


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
