"""A soft rotation in the database: what a new folder would not get goes in one transaction, and comes back by one command."""

import json
import time
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from pg_bench import LID, OTHER, PN, SPLIT, Database, creds, database

from baileys_cleanup import cli
from baileys_cleanup.errors import CleanupError, CompanyUnreachable, UsageProblem
from baileys_cleanup.rotation import rotate as use_cases
from servers import Server
from way import Way

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning",  # the driver warns of cursors whose connection broke
)
GOES = {
    f"session|{OTHER}.0": 1,
    f"sender-key|1@g.us::{PN}::7": 1,
    f"sender-key|1@g.us::{OTHER}::0": 1,
    "sender-key-memory|1@g.us": 1,
    "sender-key-memory|2@g.us": 1,
}
STAYS = {
    f"session|{PN}.0": 1,
    f"session|{LID}_1.0": 1,
    "lid-mapping|1": 1,
    "app-state-sync-key|AA/b==": 1,
    "pre-key|60": 30,
}
HELD = "select row->>'key_type' || '|' || (row->>'key_id') from baileys_cleanup.quarantine"
ROWS = "select * from whatsapp_keys order by 1, 2, 3"


@pytest.fixture
def company(db: Database) -> Database:
    """Give a company with young keys of every sort, and another one."""
    db.execute(SPLIT)
    db.split("1", GOES | STAYS, creds())
    db.split("2", {f"session|{OTHER}.0": 1}, creds() | {"me": {"id": "15550000008:7@s.whatsapp.net"}})
    return db


def rotate(db: Database, *words: str, status: int = 0, **variables: str) -> str:
    """Rotate company 1, or what the options say; return what was said."""
    return str(db.run("rotate", "--company", "1", "--yes", *words, status=status, **variables))


def test_it_goes_and_comes_back(company: Database, tmp_path: Path) -> None:
    """The backup comes first; creds and other companies stay untouched; the way back gives the very rows."""
    before, auth = company.execute(ROWS), company.execute("select * from whatsapp_auth order by 1")
    said = company.run("rotate", "--company", "1", "--yes", "--json", BAILEYS_CLEANUP_BACKUP__TO=str(tmp_path))
    (told,) = said["rotations"]
    assert (company.url, None) == (said["store"], said["sessions_root"])
    assert {"seen": 11, "taken": 6, "left": 5} == told["files"]
    assert list(tmp_path.rglob("*.tar.gz")), told["backup"]
    assert set(STAYS) == company.keys("1")
    assert sorted(GOES) == sorted(row[0] for row in company.execute(HELD))
    assert [("rotated", 5)] == company.execute(
        "select rule, count(*) from baileys_cleanup.audit where rule is not null group by 1"
    )
    assert [told["run_id"]] == [run["run_id"] for run in company.run("undo", "--json")["runs"]]
    assert "5 keys brought back" in rotate(company, "--rollback")
    assert (before, auth) == (company.execute(ROWS), company.execute("select * from whatsapp_auth order by 1"))


def test_undo_brings_it_back_as_any_run(company: Database) -> None:
    """Who knows nothing of rotations takes the run back like a cleanup."""
    before = company.execute(ROWS)
    (told,) = company.run("rotate", "--company", "1", "--yes", "--json")["rotations"]
    assert 5 == company.run("undo", told["run_id"], "--anyway", "--json")["totals"]["restored"]
    assert before == company.execute(ROWS)


def test_one_that_finds_nothing_leaves_the_way_back_to_the_one_before(company: Database) -> None:
    """The command that the first one printed brings back what that one removed."""
    before = company.execute(ROWS)
    rotate(company)
    said = rotate(company)
    assert ("there was nothing to move" in said, "--rollback" in said) == (True, False), said
    assert "5 keys brought back" in rotate(company, "--rollback")
    assert before == company.execute(ROWS)


def test_a_dry_run_needs_no_more_than_select(company: Database) -> None:
    """Nothing is made, and the keys that would go are named."""
    before = company.execute(ROWS)
    said = rotate(company, "--dry-run")
    assert f"goes   session-{OTHER}.0.json" in said
    assert before == company.execute(ROWS)
    assert [] == company.execute("select 1 from pg_namespace where nspname = 'baileys_cleanup'")


def test_what_may_not_be_removed_is_told_before_the_bot_is_stopped(company: Database) -> None:
    """A role that may only read sees the plan, with a warning; its rotation is status 2 or 4, and the bot runs."""
    company.execute(
        f"create role looker_{company.name} login; grant select on all tables in schema public to looker_{company.name}"
    )
    url = company.server.database(company.name, f"looker_{company.name}")
    stop = {"BAILEYS_CLEANUP_ROTATE__STOP_COMMAND": json.dumps(["false"])}
    said = company.call("rotate", "--company", "1", "--yes", url=url, **stop)
    assert (2, True) == (said.returncode, "the schema baileys_cleanup cannot be made" in said.stderr), said.stderr
    said = company.call("rotate", "--company", "1", "--dry-run", url=url, **stop)
    assert (0, "") == (said.returncode, said.stderr)
    assert "warning: a real run would remove nothing here: the role" in said.stdout
    assert "lacks the right to UPDATE, DELETE, INSERT" in said.stdout
    assert f"goes   session-{OTHER}.0.json" in said.stdout
    assert "what earlier runs left" not in said.stdout
    assert 0 == company.call("migrate", "--prepare", "--to", company.url, url="").returncode
    said = company.call("rotate", "--company", "1", "--dry-run", "--json", url=url, **stop)
    warnings = json.loads(said.stdout)["rotations"][0]["warnings"]
    assert any("cannot be read" in text and "GRANT USAGE ON SCHEMA baileys_cleanup" in text for text in warnings)
    company.execute(
        f"grant usage on schema baileys_cleanup to looker_{company.name};"
        f" grant all on all tables in schema baileys_cleanup to looker_{company.name};"
        f" grant all on all sequences in schema baileys_cleanup to looker_{company.name}"
    )
    said = company.call("rotate", "--company", "1", "--yes", url=url, **stop)
    assert (4, True) == (said.returncode, "lacks the right to UPDATE" in said.stderr), said.stderr
    assert set(GOES | STAYS) == company.keys("1")


def test_a_row_that_the_bot_holds_keeps_all_in_place(company: Database) -> None:
    """All go or none: with one memory in use no key goes, nothing is on record as removed, and status is 4."""
    company.run("clean")
    with psycopg.connect(company.url) as bot:
        bot.execute("select from whatsapp_keys where key_type = 'sender-key-memory' for update")
        assert "its keys keep changing" in rotate(company, status=4)
    assert set(GOES | STAYS) == company.keys("1")
    assert [(0,)] == company.execute("select count(*) from baileys_cleanup.audit where event = 'remove'")
    assert [] == company.execute("select * from baileys_cleanup.runs")
    rotate(company)
    assert set(STAYS) == company.keys("1")


def test_a_memory_that_is_there_twice_stops_it(company: Database) -> None:
    """Nobody can tell which of two rows the bot reads, so both would stay, and their key would be gone: status 4."""
    company.execute("insert into whatsapp_keys values ('1', 'sender-key', 'memory-1@g.us', '1')")
    for words in ((), ("--dry-run",)):
        assert "two entries are one memory" in rotate(company, *words, status=4)
    assert len(GOES | STAYS) + 1 == len(company.keys("1"))


def test_cut_anywhere_each_key_is_in_one_place(one_server: Server) -> None:
    """The connection breaks at a message, in the question or the answer: all are there or all are gone, and it can be ended."""

    def run(db: Database, port: int, *words: str) -> int:
        url = f"postgresql://postgres@127.0.0.1:{port}/{db.name}"
        done = CliRunner().invoke(cli.commands, ["rotate", *words, "--yes", "--store", url])
        if isinstance(done.exception, CleanupError):
            return done.exception.status
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code

    with database(one_server) as db:
        db.execute(SPLIT)
        db.split("1", GOES | STAYS, creds())
        run(db, one_server.port, "--company", "1")
        run(db, one_server.port, "--company", "1", "--rollback")
        way = Way(one_server, None, None, after=False)
        assert 0 == run(db, way.port, "--company", "1")
        way.close()
        assert 0 == run(db, one_server.port, "--company", "1", "--rollback")
        assert way.said > 20
        for at in range(2, way.said, 5):
            cut = Way(one_server, at, None, after=at % 10 == 2)
            run(db, cut.port, "--company", "1")
            cut.close()
            held = [row[0] for row in db.execute(HELD)]
            assert sorted(GOES | STAYS) == sorted([*db.keys("1"), *held])
            assert len(held) in {0, len(GOES)}
            for _ in range(100):  # the server takes a moment to see that a client is gone
                if run(db, one_server.port, "--rollback") != 3:
                    break
                time.sleep(0.1)
            if [] != db.execute(HELD):  # it was over but for the goodbye
                assert 0 == run(db, one_server.port, "--company", "1", "--rollback")
            assert set(GOES | STAYS) == db.keys("1")


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"]])
def test_a_server_that_is_lost_before_anything_is_no_guard(
    company: Database, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Status 2 with the name of the store, not 4: a guard refused nothing, and nothing was touched."""

    def lost(*_: object, **__: object) -> None:
        raise CompanyUnreachable("the connection broke")

    company.run("clean")
    before = company.execute(ROWS), company.execute("select * from baileys_cleanup.records")
    monkeypatch.setattr(use_cases, "survey", lost)
    done = CliRunner().invoke(cli.commands, ["rotate", "--company", "1", *words, "--store", company.url])
    assert isinstance(done.exception, UsageProblem), done.exception
    assert f"the store {company.url} cannot be asked: the connection broke; nothing was changed" in str(done.exception)
    assert before == (company.execute(ROWS), company.execute("select * from baileys_cleanup.records"))


def test_a_rotation_that_can_neither_go_on_nor_back_names_what_ends_it(company: Database) -> None:
    """While another session holds the tool's own table: the company and both commands, and afterwards they work."""
    company.run("clean")
    before = company.execute(ROWS)
    with psycopg.connect(company.url) as other:
        other.execute("lock table baileys_cleanup.quarantine in access exclusive mode")
        said = rotate(company, status=1)
        other.rollback()
    assert "another session holds a lock" in said
    for word in ("--resume", "--rollback"):
        assert f"baileys-cleanup rotate --company 1 {word} --store {company.url}" in said
    rotate(company, "--rollback")
    assert before == company.execute(ROWS)
