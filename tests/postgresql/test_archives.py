"""Archives from a database, into a database, into a folder and the other way round: the same tar."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pg_bench import JOINED, OTHER, PRISMA, SPLIT, Database, creds

from baileys_cleanup import cli
from baileys_cleanup.errors import CompanyUnreachable
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.whole import PostgresqlWhole
from baileys_cleanup.store.snapshots import Clock
from baileys_cleanup.store.whole_folders import Aside

DAY_NS = 86_400 * 10**9

TEXT = SPLIT.replace("jsonb", "text")
KEYS = {
    f"session|{OTHER}.0": 1,
    "pre-key|60": 1,
    "app-state-sync-key|AAAA/b==": 1,
    "lid-mapping|1": 1,
    "tctoken|1@s.whatsapp.net": 1,
}
NAMES = {f"session-{OTHER}.0.json", "pre-key-60.json", "app-state-sync-key-AAAA__b==.json", "lid-mapping-1.json"}


def tool(*words: str, status: int = 0) -> dict:
    """Run the tool on folders; return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "baileys_cleanup", *words, "--json"], capture_output=True, text=True, check=False
    )
    assert status == done.returncode, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def archives(tmp_path: Path) -> str:
    """Give a folder for archives."""
    (tmp_path / "archives").mkdir(0o700)
    return str(tmp_path / "archives")


@pytest.fixture
def split(db: Database) -> Database:
    """Give a database with values as text, and one company in it."""
    db.execute(TEXT)
    db.split("7", KEYS, creds())
    return db


@pytest.mark.parametrize("column", ["updated_at", "ledger"])
def test_what_is_written_while_it_is_read_is_not_as_old_as_before(
    split: Database, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dates are of the first look, values of a later one: a row that another transaction wrote is young."""
    old = f"session|{OTHER}.0"
    if column == "ledger":
        split.execute("alter table whatsapp_keys drop column updated_at")
        split.run("clean")
        split.execute("update baileys_cleanup.ledger set since = since - interval '13 days'")
    else:
        split.execute("update whatsapp_keys set updated_at = now() - interval '13 days'")
    still = Connection.still

    def written_before(connection: Connection) -> Any:
        split.execute("update whatsapp_keys set value = '\"new\"' where key_type || '|' || key_id = %s", [old])
        return still(connection)

    monkeypatch.setattr(Connection, "still", written_before)
    now = time.time_ns()
    with open_store(Place(split.url)) as store:
        shot = store.snapshots().take("7", io.BytesIO(), Clock(now, time.time_ns, lambda: None))
    ages = {name: (now - each.entry.modified) / DAY_NS for name, each in shot.files.items()}
    assert b'"new"' == b"".join(shot.read(f"session-{OTHER}.0.json"))
    assert ages[f"session-{OTHER}.0.json"] < 1
    assert 12.9 < ages["pre-key-60.json"] < 13.1


def test_what_is_no_key_stays_in_the_archive_and_holds_nothing_up(
    split: Database, archives: str, tmp_path: Path
) -> None:
    """A copy that somebody made in the folder has no place in a table; all keys have."""
    folder = tmp_path / "root" / "company_9"
    folder.mkdir(parents=True)
    other = creds(me={"id": "15550000009:7@s.whatsapp.net"})
    for name, value in (("creds.json", other), ("pre-key-60.json", {}), ("session-backup.json.bak", {})):
        (folder / name).write_text(json.dumps(value))
    tool("backup", "--to", archives, "--sessions-root", str(tmp_path / "root"))
    said = split.run("restore", "latest", "--from", archives, "--company", "9", "--json")
    assert "no keys, so they stay in the archive: session-backup.json.bak" in json.dumps(said)
    assert {"pre-key|60"} == split.keys("9")
    assert [(1,)] == split.execute("select count(*) from whatsapp_auth where company_id = '9'")


def test_an_archive_of_a_database_restores_into_a_folder(split: Database, archives: str, tmp_path: Path) -> None:
    """Names, contents and dates are those of files."""
    made = split.run("backup", "--to", archives, "--json")
    assert ["backed_up"] == [each["status"] for each in made["companies"]]
    (tmp_path / "root").mkdir()
    tool(
        "restore",
        "latest",
        "--from",
        archives,
        "--company",
        "7",
        "--everything",
        "--sessions-root",
        str(tmp_path / "root"),
    )
    folder = tmp_path / "root" / "company_7"
    assert NAMES | {"creds.json", "tctoken-1@s.whatsapp.net.json"} == {path.name for path in folder.iterdir()}
    assert {"of": f"session|{OTHER}.0"} == json.loads((folder / f"session-{OTHER}.0.json").read_text())
    assert creds() == json.loads((folder / "creds.json").read_text())
    age = split.execute("select extract(epoch from updated_at) from whatsapp_keys where key_type = 'pre-key'")[0][0]
    assert (folder / "pre-key-60.json").stat().st_mtime == pytest.approx(float(age), abs=0.001)


def test_an_archive_of_a_folder_restores_into_a_database(db: Database, archives: str, tmp_path: Path) -> None:
    """Into each layout, and a second time nothing is missing."""
    folder = tmp_path / "root" / "company_7"
    folder.mkdir(parents=True)
    contents = dict.fromkeys(NAMES, '{ "a": {"type":"Buffer","data":"AQL/"} }') | {"creds.json": json.dumps(creds())}
    for name, content in contents.items():
        (folder / name).write_text(content)
    tool("backup", "--to", archives, "--sessions-root", str(tmp_path / "root"))
    db.execute(TEXT + PRISMA + JOINED)
    asked = ("restore", "latest", "--from", archives, "--company", "7", "--everything", "--anyway", "--json")
    for layout in ("split", "prisma", "postgres-baileys"):
        said = db.run(*asked, BAILEYS_CLEANUP_POSTGRESQL__LAYOUT=layout)
        assert 5 == said["companies"][0]["files"]["restored"]
        again = db.run(*asked, BAILEYS_CLEANUP_POSTGRESQL__LAYOUT=layout)
        assert (0, 5) == (again["companies"][0]["files"]["restored"], again["companies"][0]["files"]["kept"])
    there = db.execute("select key_type, key_id, value from whatsapp_keys")
    assert ("app-state-sync-key", "AAAA/b==", contents["lid-mapping-1.json"]) in there
    assert {name[:-5] for name in contents} == {row[0] for row in db.execute('select id from "Session"')}
    joined = dict(db.execute("select session_key, data from auth_data"))
    assert {"a": {"type": "Buffer", "data": [1, 2, 255]}} == json.loads(joined[f"7:session-{OTHER}.0"])
    assert "7:auth_creds" in joined


@pytest.mark.parametrize("when", ["0044-03-15 BC", "9999-12-31", "infinity"])
def test_a_date_that_no_file_can_have_keeps_no_company_out_of_its_archive(
    split: Database, archives: str, tmp_path: Path, when: str
) -> None:
    """Such a key counts as young where it is restored."""
    split.execute("update whatsapp_keys set updated_at = %s where key_type = 'session'", [when])
    split.run("backup", "--to", archives)
    (tmp_path / "root").mkdir()
    words = ["restore", "latest", "--from", archives, "--company", "7", "--everything"]
    tool(*words, "--sessions-root", str(tmp_path / "root"))
    assert 60 < time.time() - (tmp_path / f"root/company_7/session-{OTHER}.0.json").stat().st_mtime < 3600


def test_replace_sets_the_present_company_aside_and_undo_brings_it_back(split: Database, archives: str) -> None:
    """In one step each, and back and forth."""
    split.run("backup", "--to", archives)
    archived = split.keys("7")
    split.execute("delete from whatsapp_keys where key_type = 'lid-mapping'")
    split.execute("insert into whatsapp_keys values ('7', 'session', '99.0', '{}', now())")
    before = split.execute("select * from whatsapp_keys order by 1, 2, 3")
    said = split.run(
        "restore", "latest", "--from", archives, "--company", "7", "--everything", "--replace", "--anyway", "--json"
    )
    restored = split.execute("select * from whatsapp_keys order by 1, 2, 3")
    assert archived <= split.keys("7")
    listed = split.run("undo", "--json")["set_aside"]
    assert [said["companies"][0]["set_aside"]] == [each["run_id"] for each in listed]
    split.run("undo", said["companies"][0]["set_aside"], "--anyway")
    assert before == split.execute("select * from whatsapp_keys order by 1, 2, 3")
    split.run("undo", said["companies"][0]["set_aside"], "--anyway")
    assert restored == split.execute("select * from whatsapp_keys order by 1, 2, 3")


def test_a_switch_whose_answer_is_lost_is_not_called_none(
    split: Database, archives: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been, and the sentence names the run by which `undo` tells; it is status 1."""
    split.run("backup", "--to", archives)
    switch = PostgresqlWhole.switch

    def unheard(self: PostgresqlWhole, aside: Aside) -> Aside:
        switch(self, aside)
        raise CompanyUnreachable("the connection broke")

    monkeypatch.setattr(PostgresqlWhole, "switch", unheard)
    words = ["restore", "latest", "--from", archives, "--company", "7", "--replace", "--anyway", "--store", split.url]
    done = CliRunner().invoke(cli.commands, words)
    (aside,) = split.run("undo", "--json")["set_aside"]
    said = str(done.exception)
    assert "company 7 may have been restored, and only the answer was lost: the connection broke" in said
    assert f"undo --store {split.url} lists run {aside['run_id']}" in said
    assert "was not restored" not in said


def test_what_lies_aside_of_one_bot_does_not_come_into_the_tables_of_another(split: Database, archives: str) -> None:
    """Two bots' tables in one database, and a company of one name in each: status 1, and both are as they were."""
    split.execute(TEXT.replace("whatsapp_", "second_"))
    split.execute(
        "insert into second_auth values ('7', '{}'); insert into second_keys values ('7', 'session', '1', '2')"
    )
    split.run("backup", "--to", archives)
    words = ("restore", "latest", "--from", archives, "--company", "7", "--replace", "--json")
    run_id = split.run(*words)["companies"][0]["set_aside"]
    second = {
        "BAILEYS_CLEANUP_POSTGRESQL__KEYS_TABLE": "second_keys",
        "BAILEYS_CLEANUP_POSTGRESQL__CREDS_TABLE": "second_auth",
    }
    query = "select * from whatsapp_keys order by 1, 2, 3"
    before = split.execute(query)
    said = split.run("undo", run_id, "--anyway", status=1, **second)
    assert "taken from public.whatsapp_keys and public.whatsapp_auth, and the settings name public.second_keys" in said
    assert [("7", "session", "1", "2")] == split.execute("select company_id, key_type, key_id, value from second_keys")
    assert before == split.execute(query)
    split.run("undo", run_id, "--anyway")


def test_another_account_is_refused(split: Database, archives: str) -> None:
    """The keys of one pairing never come into a company of another."""
    split.run("backup", "--to", archives)
    split.execute(
        "update whatsapp_auth set creds = replace(creds, '15550000001:7', '15550000099:7'), company_id = company_id"
    )
    split.execute("update whatsapp_auth set creds = replace(creds, '200000000000001:7', '200000000000099:7')")
    split.run("restore", "latest", "--from", archives, "--company", "7", status=4)


def test_a_role_that_may_only_read_makes_archives(split: Database, archives: str) -> None:
    """Nothing is recorded then, and that is told."""
    split.execute(
        "drop role if exists archivist; create role archivist login; grant select on whatsapp_keys, whatsapp_auth to archivist"
    )
    done = split.call("backup", "--to", archives, "--json", url=split.server.database(split.name, "archivist"))
    assert 0 == done.returncode, done.stderr
    assert "is not recorded" in done.stdout


def test_clean_can_make_an_archive_first(split: Database, archives: str) -> None:
    """`backup.before_clean` works on any store."""
    variables = {"BAILEYS_CLEANUP_BACKUP__TO": archives, "BAILEYS_CLEANUP_BACKUP__BEFORE_CLEAN": "true"}
    split.run("clean", **variables)
    assert 1 == len(list(Path(archives).rglob("*.tar.gz")))


@pytest.mark.parametrize(
    ("rows", "double"),
    [
        (
            "('7', 'app-state-sync-key', 'AA/b==', '1', now()), ('7', 'app-state-sync-key', 'AA__b==', '1', now())",
            "AA__b",
        ),
        ("('7', 'session', '1:2.0', '1', now()), ('7', 'session', '1-2.0', '2', now())", "session-1-2.0.json"),
    ],
)
def test_two_rows_of_one_name_are_left_out_of_nothing_in_silence(
    split: Database, archives: str, tmp_path: Path, rows: str, double: str
) -> None:
    """`backup` archives all else and ends with status 1, `migrate` copies nothing of the company."""
    split.execute(f"insert into whatsapp_keys values {rows}")
    split.execute("update whatsapp_keys set updated_at = now() - interval '2 days'")
    (seen,) = split.run("clean", "--dry-run", "--json")["companies"]
    assert any("there twice, as two keys of one name, and left alone" in each for each in seen["warnings"])
    made = split.run("backup", "--to", archives, "--json", status=1)
    ((status, files, errors),) = [
        (each["status"], each["files"]["archived"], each["errors"]) for each in made["companies"]
    ]
    assert ("backed_up", len(KEYS) + 1, 1) == (status, files, len(errors))
    assert "two keys of one name" in errors[0]["error"]
    assert double in errors[0]["error"]
    (tmp_path / "root").mkdir()
    (moved,) = tool("migrate", "--from", split.url, "--to", str(tmp_path / "root"), status=1)["companies"]
    assert "nobody can tell which of these is the key" in moved["errors"][0]["error"]
    assert ("failed", []) == (moved["status"], list((tmp_path / "root").glob("company_*")))


def test_creds_in_two_rows_are_neither(split: Database, archives: str) -> None:
    """No archive is made with one of them that may be the wrong one."""
    split.execute("alter table whatsapp_auth drop constraint whatsapp_auth_pkey")
    split.execute("insert into whatsapp_auth select * from whatsapp_auth")
    (made,) = split.run("backup", "--to", archives, "--json", status=1)["companies"]
    assert ("failed", None) == (made["status"], made["archive"])
    assert "creds.json is there twice" in made["errors"][-1]["error"]
