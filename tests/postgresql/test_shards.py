"""Shards over a database: beside each other, and together what one run does."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from pg_bench import OTHER, SPLIT, Database, creds

from baileys_cleanup import cli
from baileys_cleanup.commands import options
from baileys_cleanup.errors import LockHeld
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql import connection
from baileys_cleanup.store.postgresql.workspace import PostgresqlWorkspace
from baileys_cleanup.store.store import RUN_LOCK
from way import Way

KEYS = {f"session|{OTHER}.{device}": 20 for device in range(5)} | {f"session|{OTHER}.9": 1}


@pytest.fixture
def many(db: Database) -> Database:
    """Give a database with eight companies."""
    db.execute(SPLIT)
    for number in range(8):
        db.split(str(number), KEYS, creds())
    return db


def test_all_shards_together_do_what_one_run_does(many: Database) -> None:
    """At once, each its own companies, and nobody in the way; then a purge in shards."""
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(many.run, "clean", "--json", f"--shard={index}/3") for index in range(3)]
        said = [each.result() for each in runs]
    for index, document in enumerate(said):
        expected = [n for n in map(str, range(8)) if int(hashlib.sha256(n.encode()).hexdigest()[:8], 16) % 3 == index]
        assert expected == [company["company_id"] for company in document["companies"]]
        assert (f"{index}/3", "done") == (document["shard"], document["status"])
    assert 40 == sum(document["totals"]["removed"] for document in said)
    assert sorted(run["shard"] for run in many.run("undo", "--json")["runs"]) == ["0/3", "1/3", "2/3"]
    assert 0 == many.run("clean", "--json")["totals"]["removed"]
    many.execute("update baileys_cleanup.runs set started = started - 10 * 86400 * 1000000000::bigint")
    many.run("clean", "--json", "--shard=0/2")
    left = {company for (company,) in many.execute("select distinct company from baileys_cleanup.quarantine")}
    assert left == {n for n in map(str, range(8)) if int(hashlib.sha256(n.encode()).hexdigest()[:8], 16) % 2}
    many.run("clean", "--json", "--shard=1/2")
    assert [] == many.execute("select 1 from baileys_cleanup.quarantine")
    assert [] == many.execute("select 1 from baileys_cleanup.runs")
    assert [] == many.execute("select name from baileys_cleanup.lease")


def test_a_shared_lease_keeps_others_away(many: Database) -> None:
    """Many share it; who wants it alone is refused, and the other way round; a company is held by one."""
    many.run("clean")
    with (
        open_store(Place(many.url)) as one,
        open_store(Place(many.url)) as two,
        one.workspace(create=True) as first,
        two.workspace(create=True) as second,
    ):
        with first.hold(shared=True), second.hold(shared=True), pytest.raises(LockHeld, match="at work"):
            second.hold().__enter__()
        with first.hold(), pytest.raises(LockHeld, match="at work"):
            second.hold(shared=True).__enter__()
        with first.hold("company 1"), second.hold("company 2"), pytest.raises(LockHeld, match="holds company 1"):
            second.hold("company 1").__enter__()
        with second.hold():
            pass
    assert [] == many.execute("select name from baileys_cleanup.lease")


def test_shards_undo_a_night_together(many: Database) -> None:
    """Each its own companies, at once; every row is back, nothing is left in the tool's own tables."""
    rows = "select company_id, key_type, key_id, value::text from whatsapp_keys order by 1, 2, 3"
    before = many.execute(rows)
    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(many.run, "clean", "--json", f"--shard={index}/3") for index in range(3)]:
            each.result()
    assert len(before) - 40 == len(many.execute(rows))
    runs = [run["run_id"] for run in many.run("undo", "--json")["runs"]]
    with ThreadPoolExecutor(2) as pool:
        undone = [pool.submit(many.run, "undo", *runs, "--anyway", f"--shard={index}/2") for index in range(2)]
        for each in undone:
            each.result()
    assert before == many.execute(rows)
    for table in ("quarantine", "runs", "lease"):
        assert [] == many.execute(f"select 1 from baileys_cleanup.{table}"), table


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning",  # the driver warns of cursors whose connection broke
    "ignore:This process .* is multi-threaded:DeprecationWarning",
)
@pytest.mark.parametrize(("stays_away", "status", "removed"), [(False, "done", 40), (True, "partial", 5)])
def test_a_shard_whose_way_is_cut_between_two_companies_tells_what_it_did(
    many: Database, monkeypatch: pytest.MonkeyPatch, stays_away: bool, status: str, removed: int
) -> None:
    """A lock is asked for once more; where the server stays away the others have failed, and the document is whole."""

    def refuse(*_: object) -> None:
        raise psycopg.OperationalError("refused")

    def stay_away() -> None:
        if stays_away:
            monkeypatch.setattr(connection.Connection, "_connect", refuse)

    way = Way(many.server, None, stay_away, after=False)
    hold, asked = PostgresqlWorkspace.hold, []

    def cut_at_the_second(self: PostgresqlWorkspace, name: str = RUN_LOCK, *, shared: bool = False) -> Any:
        if name.startswith("company "):
            asked.append(name)
            if len(asked) == 2:
                way.cut_next()
        return hold(self, name, shared=shared)

    monkeypatch.setattr(PostgresqlWorkspace, "hold", cut_at_the_second)
    monkeypatch.setattr(connection, "_PAUSES", (0.0,))
    monkeypatch.setattr(options, "SECOND_LOOK", 0.0)
    url = f"postgresql://postgres@127.0.0.1:{way.port}/{many.name}"
    done = CliRunner().invoke(cli.commands, ["clean", "--json", "--shard=0/1", "--store", url])
    way.close()
    document = json.loads(done.stdout)
    assert (int(stays_away), status, 8) == (done.exit_code, document["status"], len(document["companies"]))
    gone = 48 - sum(len(many.keys(str(number))) for number in range(8))
    assert (removed, removed) == (document["totals"]["removed"], gone)
