"""Whatever is killed, and at whatever statement: each key is in its place or in the quarantine, once."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from pg_bench import LID, OTHER, SPLIT, Database, creds, database

import servers
from baileys_cleanup import cli
from baileys_cleanup.commands import options
from baileys_cleanup.store.postgresql import connection, returning
from baileys_cleanup.store.postgresql import database as database_of_keys
from servers import Server
from way import Way

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning",  # the driver warns of cursors whose connection broke
    "ignore:This process .* is multi-threaded:DeprecationWarning",
)
GOES = {f"session|{OTHER}.{device}" for device in range(3)}
STAYS = {f"session|{OTHER}.9", "lid-mapping|1"}


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no server that does not come back."""
    monkeypatch.setattr(connection, "_PAUSES", (0.0,))
    monkeypatch.setattr(options, "SECOND_LOOK", 0.0)


@contextmanager
def filled(server: Server) -> Iterator[Database]:
    """Give a database with one company, of which three sessions go; the schema is made by a run before."""
    with database(server) as db:
        db.execute(SPLIT)
        db.split("0", {}, creds())
        clean(db.url)
        db.split("1", dict.fromkeys(GOES, 20) | dict.fromkeys(STAYS, 1), creds())
        yield db


def clean(url: str) -> int:
    """Run the tool in this process."""
    done = CliRunner().invoke(cli.commands, ["clean", "--store", url, "-q"])
    assert done.exception is None or not isinstance(done.exception, AssertionError), done.exception
    return done.exit_code


def check(db: Database) -> None:
    """Require that each key is in one place, and that the next run ends what was begun."""
    taken = "select row->>'key_type' || '|' || (row->>'key_id') from baileys_cleanup.quarantine"
    there, held = db.keys("1"), [row[0] for row in db.execute(taken)]
    assert sorted(GOES | STAYS) == sorted([*there, *held])
    for _ in range(100):  # the server takes a moment to see that a client is gone
        if clean(db.url) == 0:
            break
        time.sleep(0.1)
    assert db.keys("1") == STAYS
    assert sorted(GOES) == sorted(row[0] for row in db.execute(taken))
    assert [] == db.execute("select * from baileys_cleanup.runs where state <> 'settled'")
    assert [] == db.execute("select * from baileys_cleanup.lease")


def words(server: Server) -> int:
    """Return how many messages a whole run says."""
    with filled(server) as db:
        way = Way(server, None, None, after=False)
        assert clean(f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}") == 0
        way.close()
        return way.said


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_connection_that_breaks_anywhere_loses_nothing(one_server: Server, after: bool) -> None:
    """Cut at each message to the server, the answer lost or the question: nothing is in two places or in none."""
    number = words(one_server)
    assert number > 20
    for at in range(1 + after, number, 2):  # nobody waits for an answer to the last word, the goodbye
        with filled(one_server) as db:
            way = Way(one_server, at, None, after=after)
            clean(f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}")
            way.close()
            assert way.said >= at
            check(db)


def test_what_was_deleted_for_good_is_told_where_the_answer_was_lost(one_server: Server) -> None:
    """Without a quarantine as well: what is gone has been removed, what is there has not."""
    number, at = 0, None
    while at is None or at < number:
        with filled(one_server) as db:
            way = Way(one_server, at, None, after=True)
            url = f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}"
            done = CliRunner().invoke(cli.commands, ["clean", "--undo-days", "0", "--json", "--store", url])
            way.close()
            number = way.said if at is None else number
            gone = len(GOES | STAYS) - len(db.keys("1"))
            told = json.loads(done.stdout)["totals"]["removed"] if done.stdout.startswith("{") else 0
            assert (at, gone) == (at, told)
            at = 20 if at is None else at + 2


def test_a_client_that_is_killed_anywhere_loses_nothing(one_server: Server) -> None:
    """SIGKILL at each message: the next run is not held up, and ends what was begun."""
    # After its last word, the goodbye, nobody waits to be killed; it may come together with the one before.
    for at in range(1, words(one_server) - 1, 2):
        with filled(one_server) as db:
            child = 0
            ready = threading.Event()

            def kill() -> None:
                ready.wait()  # noqa: B023 - likewise
                os.kill(child, signal.SIGKILL)  # noqa: B023 - it is called while this round lasts

            way = Way(one_server, at, kill, after=at % 4 == 1)
            child = os.fork()
            if not child:
                with suppress(BaseException):
                    clean(f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}")
                os._exit(0)
            ready.set()
            _, status = os.waitpid(child, 0)
            way.close()
            assert os.WIFSIGNALED(status), f"message {at} was never said"
            check(db)


@pytest.mark.usefixtures("patience")
def test_a_server_that_is_killed_anywhere_loses_nothing() -> None:
    """SIGKILL of the whole server at each message: what it had committed is there when it comes back."""
    with servers.postgres() as server:
        for at in range(8, words(server) + 1, 3):
            with filled(server) as db:
                way = Way(server, at, lambda: server.stop(signal.SIGKILL), after=at % 2 == 0)
                clean(f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}")
                if not way.close():  # a run that had a little less to say
                    server.stop(signal.SIGKILL)
                server.start()
                check(db)


def test_a_backend_that_is_ended_in_the_removal_leaves_all_in_place(one_server: Server) -> None:
    """`pg_terminate_backend` while the removal waits: the company has failed, its keys are where they were."""
    with filled(one_server) as db, psycopg.connect(db.url) as other:
        other.execute("lock table baileys_cleanup.audit in access exclusive mode")
        ended: list[Any] = []
        waits = (
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'baileys-cleanup'"
            " and wait_event_type = 'Lock' and datname = current_database()"
        )

        def end_it() -> None:
            until = time.monotonic() + servers.WAIT
            while not ended and time.monotonic() < until:
                ended.extend(db.execute(waits))

        ending = threading.Thread(target=end_it)
        ending.start()
        assert clean(db.url) == 1
        ending.join()
        assert [(True,)] == ended
        other.rollback()
        assert db.keys("1") == GOES | STAYS
        check(db)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_undo_whose_connection_breaks_anywhere_loses_nothing(one_server: Server, after: bool) -> None:
    """Cut at each fourth message: each key is in one place, and a second undo brings the rest back."""

    def undo(port: int, name: str) -> int:
        words = ["undo", "latest", "--anyway", "--store", f"postgresql://postgres@127.0.0.1:{port}/{name}"]
        return CliRunner().invoke(cli.commands, words).exit_code

    taken = "select row->>'key_type' || '|' || (row->>'key_id') from baileys_cleanup.quarantine"
    at = None
    number = 0
    while at is None or at < number:
        with filled(one_server) as db:
            assert clean(db.url) == 0
            way = Way(one_server, at, None, after=after)
            undo(way.port, db.name)
            way.close()
            there, held = db.keys("1"), [row[0] for row in db.execute(taken)]
            assert sorted(GOES | STAYS) == sorted([*there, *held])
            if at is None:
                number = way.said
                assert (number > 20, []) == (True, held)
            for _ in range(100):  # the server takes a moment to see that a client is gone
                if not db.execute(taken) or undo(one_server.port, db.name) == 0:
                    break
                time.sleep(0.1)
            assert GOES | STAYS == db.keys("1")
            at = 1 + after if at is None else at + 4


def undo(url: str, *words: str) -> tuple[int, str]:
    """Undo the last run in this process."""
    done = CliRunner().invoke(cli.commands, ["undo", "latest", "--anyway", *words, "--store", url])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


@pytest.mark.parametrize("unique", [True, False], ids=["unique", "not unique"])
def test_an_undo_that_is_cut_while_the_server_is_at_work_brings_each_key_back_once(
    one_server: Server, monkeypatch: pytest.MonkeyPatch, unique: bool
) -> None:
    """What the first connection is still bringing back no other one does, and it is told as back."""
    insert, cut = returning.PostgresqlReturning._insert, []
    with filled(one_server) as db:
        assert clean(db.url) == 0
        if not unique:
            db.execute("alter table whatsapp_keys drop constraint whatsapp_keys_pkey")
        db.execute(
            "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.07); return new; end';"
            " create trigger slow before insert on whatsapp_keys for each row execute function slow()"
        )
        way = Way(one_server, None, None, after=True)

        def cutting(self: returning.PostgresqlReturning, *how: Any) -> set[str]:
            if not cut:
                cut.append(way.cut_next())
            return insert(self, *how)

        monkeypatch.setattr(returning.PostgresqlReturning, "_insert", cutting)
        status, said = undo(f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}")
        way.close()
        assert (0, True) == (status, "3 files brought back, 0 could not be" in said), said
        keys = db.execute("select key_type || '|' || key_id from whatsapp_keys where company_id = '1'")
        assert sorted(GOES | STAYS) == sorted(row[0] for row in keys)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_an_undo_that_is_locked_out_in_the_middle_names_what_is_not_back(
    one_server: Server, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    """Each key that lies in the quarantine still is told with the reason, and so is what brings it back."""
    insert, part = returning.PostgresqlReturning._insert, []
    monkeypatch.setattr(returning, "TOGETHER", 1)
    patient = {writes: begin.replace("'5s'", "'200ms'") for writes, begin in connection._BEGIN.items()}
    monkeypatch.setattr(connection, "_BEGIN", patient)
    with filled(one_server) as db, psycopg.connect(db.url) as other:
        assert clean(db.url) == 0
        ((run,),) = db.execute("select run_id from baileys_cleanup.runs")

        def locked(self: returning.PostgresqlReturning, *how: Any) -> set[str]:
            if part:
                other.execute("lock table baileys_cleanup.quarantine in access exclusive mode")
            part.append(how)
            return insert(self, *how)

        monkeypatch.setattr(returning.PostgresqlReturning, "_insert", locked)
        status, said = undo(db.url, *["--json"] * as_json)
        monkeypatch.undo()
        other.rollback()
        why = "cannot be put back: another session holds a lock on the table"
        names = [f"session-{OTHER}.{device}.json" for device in (1, 2)]
        assert 1 == status
        if as_json:
            told = json.loads(said)
            assert ("partial", {"restored": 1, "stayed": 2}) == (told["status"], told["totals"])
            stayed = told["companies"][0]["stayed"]
            assert names == [each["file"] for each in stayed]
            assert all(each["reason"].startswith(why) for each in stayed)
        else:
            assert all(f"stays in the quarantine: {name}: {why}" in said for name in names), said
            assert f"Run {run}: 1 file brought back, 2 could not be.\n" in said
            assert f"and comes back with: baileys-cleanup undo {run} --store {db.url}\n" in said
        assert 0 == undo(db.url)[0]
        assert GOES | STAYS == db.keys("1")


@pytest.mark.usefixtures("patience")
def test_an_undo_waits_for_a_server_that_goes_away_before_the_first_key(
    one_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is asked for the columns of the table: that is no trouble of each key, and a memory has its own."""
    fails = [psycopg.OperationalError("server closed the connection unexpectedly")]
    insertable = database_of_keys.insertable
    with filled(one_server) as db:
        group = "120363000000000001@g.us"
        pair = {f"sender-key|{group}::{LID}_1::7", f"sender-key-memory|{group}"}
        db.split("1", dict.fromkeys(pair, 20))
        assert clean(db.url) == 0
        gone = f"sender-key-memory|{group}"
        assert (pair - {gone}) | STAYS == db.keys("1")

        def break_once(*how: Any) -> list[Any]:
            if fails:
                raise fails.pop()
            return insertable(*how)

        monkeypatch.setattr(database_of_keys, "insertable", break_once)
        status, said = undo(db.url)
        assert (0, True, []) == (status, "4 files brought back, 0 could not be" in said, fails), said
        assert GOES | STAYS | pair == db.keys("1")


def test_an_undo_waits_for_a_server_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is restarted in the middle, and refuses at first: all is back, and told so."""
    pauses = connection._PAUSES
    assert sum(pauses) > 5, "a server is restarted meanwhile"
    monkeypatch.setattr(connection, "_PAUSES", (*pauses, *[1.0] * servers.WAIT))  # on a busy machine it takes longer
    with servers.postgres() as server, filled(server) as db:
        assert clean(db.url) == 0
        starting = threading.Thread(target=server.start)
        connect, refused = connection.Connection._connect, []

        def connect_again(self: connection.Connection) -> Any:
            try:
                return connect(self)
            except psycopg.Error:
                if not refused:
                    refused.append(starting.start())
                raise

        monkeypatch.setattr(connection.Connection, "_connect", connect_again)
        way = Way(server, 45, lambda: server.stop(signal.SIGKILL), after=True)
        status, said = undo(f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}")
        way.close()
        assert [None] == refused
        starting.join()
        assert (0, True) == (status, "3 files brought back, 0 could not be" in said), said
        assert GOES | STAYS == db.keys("1")


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_an_undo_whose_server_stays_away_says_how_far_it_came(as_json: bool) -> None:
    """It names the run, the companies and what is back, and the same command brings back the rest."""
    with servers.postgres() as server, filled(server) as db:
        db.split("2", dict.fromkeys(GOES, 20), creds())
        db.split("3", dict.fromkeys(GOES, 20), creds())
        assert clean(db.url) == 0
        ((run,),) = db.execute("select run_id from baileys_cleanup.runs")
        way = Way(server, None, None, after=False)
        url = f"postgresql://postgres@127.0.0.1:{way.port}/{db.name}"
        killing = threading.Thread(target=lambda: (first_is_back(db), server.stop(signal.SIGKILL)))
        db.execute(
            "create function slow() returns trigger language plpgsql as 'begin if new.company_id = ''2'' then"
            " perform pg_sleep(600); end if; return new; end';"
            " create trigger slow before insert on whatsapp_keys for each row execute function slow()"
        )
        killing.start()
        status, said = undo(url, *["--json"] * as_json)
        killing.join()
        time.sleep(1)  # a backend takes a moment to be gone
        way.close()
        server.start()
        db.execute("drop trigger slow on whatsapp_keys")
        assert 1 == status
        if as_json:
            told = json.loads(said)
            assert (run, "partial", 3) == (told["run_id"], told["status"], told["totals"]["restored"])
            assert ["2", None, None] == [error.get("company_id") for error in told["errors"]]
            assert told["errors"][1]["error"].endswith(": 3")
        else:
            assert "company 1: 3 files brought back\ncompany 2: 0 files brought back\n  not brought to an end" in said
            assert f"Run {run}: not looked at after that: 3\n" in said
            assert f"and comes back with: baileys-cleanup undo {run} --store {url}\n" in said
        assert 0 == undo(db.url)[0]
        assert GOES == db.keys("2") == db.keys("3")


def first_is_back(db: Database) -> None:
    """Wait until the first company has its keys, and the second one is at work."""
    at_work = "select 1 from pg_stat_activity where wait_event = 'PgSleep'"
    end = time.monotonic() + servers.WAIT
    while time.monotonic() < end and not (GOES <= db.keys("1") and db.execute(at_work)):
        time.sleep(0.05)
