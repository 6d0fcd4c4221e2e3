"""Companies move between folders and databases: every value, every date, and never into another's pairing."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from pg_bench import DAY, JOINED, LID, OTHER, PN, PRISMA, SPLIT, Database, creds

from baileys_cleanup import cli
from baileys_cleanup.store.postgresql import connection
from baileys_cleanup.store.postgresql.snapshots import PostgresqlSnapshots

TEXT = SPLIT.replace("jsonb", "text")
SLEEPS = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
BUFFER = '{ "k" : {"type":"Buffer","data":"AQL/"}}'
NAMES = {
    f"session-{OTHER}.0.json": 20,
    f"session-{PN}.0.json": 2,
    f"session-{LID}_1.3.json": 13,
    f"sender-key-120363001@g.us--{OTHER}--0.json": 4,
    "sender-key-memory-120363001@g.us.json": 4,
    "app-state-sync-key-AAAA__b==.json": 300,
    "app-state-sync-version-regular_high.json": 300,
    "lid-mapping-15550000777.json": 100,
    "pre-key-17.json": 30,
    "tctoken-15550000777@s.whatsapp.net.json": 5,
}


def migrate(*words: str, status: int = 0, as_json: bool = True, **variables: str) -> Any:
    """Run `migrate`; return its JSON, or its text."""
    command = [sys.executable, "-m", "baileys_cleanup", "migrate", *words, *(["--json"] if as_json else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | variables)
    assert status == done.returncode, done.stdout + done.stderr
    return json.loads(done.stdout) if as_json and done.stdout else done.stdout + done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a sessions root with a company whose files are old."""
    folder = tmp_path / "root" / "company_7"
    folder.mkdir(parents=True)
    for name, age in NAMES.items():
        (folder / name).write_text(BUFFER)
        os.utime(folder / name, (time.time() - age * DAY,) * 2)
    (folder / "creds.json").write_text(json.dumps(creds(), indent=1))
    os.utime(folder / "creds.json", (time.time() - DAY,) * 2)
    return tmp_path / "root"


def contents(folder: Path) -> dict[str, tuple[str, float]]:
    """Return what a company's folder holds, with its dates."""
    return {path.name: (path.read_text(), round(path.stat().st_mtime, 3)) for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("layout", "tables"),
    [("split", TEXT), ("prisma", PRISMA), ("postgres-baileys", JOINED)],
)
def test_there_and_back_gives_the_same_company(
    root: Path, db: Database, tmp_path: Path, layout: str, tables: str
) -> None:
    """Bytes where the layout has text of that form, else values; dates wherever there is a place for them."""
    db.execute(tables)
    variables = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": layout}
    before = contents(root / "company_7")
    there = migrate("--from", str(root), "--to", db.url, **variables)
    assert [("copied", len(NAMES) + 1)] == [(each["status"], each["files"]["seen"]) for each in there["companies"]]
    assert before == contents(root / "company_7")
    (tmp_path / "back").mkdir()
    migrate("--from", db.url, "--to", str(tmp_path / "back"), "--company", "7", **variables)
    after = contents(tmp_path / "back" / "company_7")
    if layout == "postgres-baileys":
        assert {name: json.loads(text) for name, (text, _) in before.items()} == {
            name: json.loads(text) for name, (text, _) in after.items()
        }
    else:
        assert {name: text for name, (text, _) in before.items()} == {name: text for name, (text, _) in after.items()}
    dates = [{name: date for name, (_, date) in each.items() if name != "creds.json"} for each in (before, after)]
    assert dates[0] == pytest.approx(dates[1], abs=0.002)
    assert 3 == db.run("clean", "--dry-run", "--json", **variables)["totals"]["removed"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_dates_in_columns_without_a_zone_are_read_as_they_were(
    root: Path, db: Database, tmp_path: Path, zone: str
) -> None:
    """Those of creds and of keys, whichever zone the server has, copied as a whole or put back one by one."""
    db.execute(TEXT.replace("timestamptz", "timestamp"))
    db.execute(f"alter database {db.name} set timezone to '{zone}'")
    before = {name: date for name, (_, date) in contents(root / "company_7").items()}
    migrate("--from", str(root), "--to", db.url)
    for name in ("archives", "back"):
        (tmp_path / name).mkdir(0o700)
    migrate("--from", db.url, "--to", str(tmp_path / "back"))
    after = {name: date for name, (_, date) in contents(tmp_path / "back" / "company_7").items()}
    assert before == pytest.approx(after, abs=0.002)
    written = "select key_id, updated_at from whatsapp_keys order by 1"
    held = db.execute(written)
    db.run("backup", "--to", str(tmp_path / "archives"))
    db.execute("delete from whatsapp_keys where key_type in ('session', 'pre-key')")
    words = ("restore", "latest", "--from", str(tmp_path / "archives"), "--company", "7", "--everything", "--anyway")
    db.run(*words)
    assert held == db.execute(written)


@pytest.mark.parametrize("dates", [", upd timestamptz", ""], ids=["dated", "by the ledger"])
@pytest.mark.parametrize("kind", ["", "creds", "auth"])
def test_creds_among_keys_with_types_go_there_and_back(
    root: Path, db: Database, tmp_path: Path, kind: str, dates: str
) -> None:
    """They are so by their id; a new company gets the type that others have there, and a copy made anew keeps it."""
    db.execute(
        f"create table k (tenant int, kind text, name text, payload text{dates}, primary key (tenant, kind, name))"
    )
    names = {"LAYOUT": "custom", "KEYS_TABLE": "k", "COMPANY": "tenant", "TYPE": "kind", "ID": "name"}
    names |= {"VALUE": "payload"} | ({"UPDATED": "upd"} if dates else {})
    layout = {f"BAILEYS_CLEANUP_POSTGRESQL__{name}": value for name, value in names.items()}
    if kind:
        other = json.dumps(creds(me={"id": "15550000099:1@s.whatsapp.net"}))
        db.execute("insert into k (tenant, kind, name, payload) values (1, %s, 'creds', %s)", [kind, other])
    migrate("--from", str(root), "--to", db.url, **layout)
    found = db.execute("select kind, payload from k where tenant = 7 and name = 'creds'")
    assert [(kind, (root / "company_7" / "creds.json").read_text())] == found
    assert "there_already" == migrate("--from", str(root), "--to", db.url, **layout)["companies"][0]["status"]
    db.execute("delete from k where tenant = 1")
    session = root / "company_7" / f"session-{OTHER}.0.json"
    session.write_text('"newer"')
    os.utime(session, (time.time() - 300,) * 2)
    assert "copied" == migrate("--from", str(root), "--to", db.url, **layout)["companies"][0]["status"]
    assert [(kind,)] == db.execute("select kind from k where tenant = 7 and name = 'creds'")
    (tmp_path / "back").mkdir()
    db.execute("update k set upd = now() - interval '2 days'" if dates else "select 1")
    migrate("--from", db.url, "--to", str(tmp_path / "back"), **layout)
    there, back = contents(root / "company_7"), contents(tmp_path / "back" / "company_7")
    assert {name: text for name, (text, _) in there.items()} == {name: text for name, (text, _) in back.items()}


def test_creds_come_back_under_the_type_of_their_own_bot(db: Database, tmp_path: Path) -> None:
    """Whatever type most others have theirs under; and where there are two already no third one is put there."""
    db.execute("create table k (tenant text, kind text, name text, payload text, primary key (tenant, kind, name))")
    names = {"LAYOUT": "custom", "KEYS_TABLE": "k", "COMPANY": "tenant", "TYPE": "kind", "ID": "name"}
    layout = {f"BAILEYS_CLEANUP_POSTGRESQL__{name}": text for name, text in (names | {"VALUE": "payload"}).items()}
    for tenant, kind in (("2", "auth"), ("3", "creds"), ("4", "creds")):
        db.execute("insert into k values (%s, %s, 'creds', %s)", [tenant, kind, json.dumps(creds())])
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"), **layout)
    words = ("restore", "latest", "--from", str(tmp_path / "archives"), "--company", "2", "--anyway")
    db.run(*words, "--replace", **layout)
    assert [("auth",)] == db.execute("select kind from k where tenant = '2'")
    db.execute("insert into k values ('2', 'other', 'creds', '{}')")
    db.call(*words, **layout)
    assert [("auth",), ("other",)] == db.execute("select kind from k where tenant = '2' order by 1")


def test_creds_of_two_types_are_nobodys(db: Database, tmp_path: Path) -> None:
    """Nobody can tell which the bot reads."""
    db.execute("create table k (tenant text, kind text, name text, payload text)")
    names = {"LAYOUT": "custom", "KEYS_TABLE": "k", "COMPANY": "tenant", "TYPE": "kind", "ID": "name"}
    layout = {f"BAILEYS_CLEANUP_POSTGRESQL__{name}": text for name, text in (names | {"VALUE": "payload"}).items()}
    for kind in ("", "creds"):
        db.execute("insert into k values ('7', %s, 'creds', %s)", [kind, json.dumps(creds())])
    (tmp_path / "back").mkdir()
    said = migrate("--from", db.url, "--to", str(tmp_path / "back"), status=1, **layout)
    assert "nobody can tell which of these is the key: creds.json" in said["companies"][0]["errors"][0]["error"]


@pytest.mark.parametrize(
    ("kind", "company"), [("uuid", "6f1f0c1e-1111-4222-8333-444455556666"), ("integer", "7"), ("varchar(3)", "7")]
)
def test_ids_of_another_type_go_there_and_back(
    root: Path, db: Database, tmp_path: Path, kind: str, company: str
) -> None:
    """A number, a UUID: what no such column can hold is nobody, and no mistake."""
    db.execute(TEXT.replace("company_id text", f"company_id {kind}"))
    (root / "company_7").rename(root / f"company_{company}")
    before = contents(root / f"company_{company}")
    migrate("--from", str(root), "--to", db.url)
    (tmp_path / "back").mkdir()
    migrate("--from", db.url, "--to", str(tmp_path / "back"), "--company", company)
    after = contents(tmp_path / "back" / f"company_{company}")
    assert {name: text for name, (text, _) in before.items()} == {name: text for name, (text, _) in after.items()}


@pytest.mark.parametrize(("kind", "company"), [("integer", "007"), ("varchar(3)", "7xyz"), ("integer", "seven")])
def test_an_id_that_would_become_another_one_is_refused(root: Path, db: Database, kind: str, company: str) -> None:
    """007 is 7 to a column of numbers, and there lives somebody else."""
    db.execute(TEXT.replace("company_id text", f"company_id {kind}"))
    other = "7xy" if company == "7xyz" else "7"
    db.split(other, {"session|1.0": 1}, creds(me={"id": "15550000099:1@s.whatsapp.net"}))
    (root / "company_7").rename(root / f"company_{company}")
    for words in (["--dry-run"], []):
        said = migrate("--from", str(root), "--to", db.url, *words, status=1)
        assert "cannot hold the id" in json.dumps(said)
    assert [(other, "1.0")] == db.execute("select company_id::text, key_id from whatsapp_keys")


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_an_id_that_would_be_read_as_a_key_of_another_company_fails_alone(
    root: Path, db: Database, words: list[str]
) -> None:
    """Where ids stand before keys: the keys of 1:session-5.0 would be sessions of 1."""
    db.execute(JOINED)
    shutil.copytree(root / "company_7", root / "company_1:session-5.0", copy_function=shutil.copy2)
    layout = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "postgres-baileys"}
    said = migrate("--from", str(root), "--to", db.url, *words, status=1, **layout)["companies"]
    assert ["failed", "copied"] == [each["status"] for each in said]
    assert "would be a key of company 1" in said[0]["errors"][0]["error"]
    ((rows,),) = db.execute("select count(*) from auth_data where session_key not like '7:%'")
    assert 0 == rows


def test_a_key_whose_name_is_a_path_is_written_nowhere(db: Database, tmp_path: Path) -> None:
    """It stays, and is named: whoever may write a row could choose a place on this machine."""
    db.execute(PRISMA)
    there = {"creds": json.dumps(creds()), f"session-{OTHER}.0": "{}"}
    paths = [f"{tmp_path}/absolute", "../above", "session-../../above", "session-9/b"]
    for name, data in (there | dict.fromkeys(paths, "{}")).items():
        db.execute('insert into "Session" ("sessionId", id, data) values (\'7\', %s, %s)', [name, data])
    layout = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "prisma"}
    (tmp_path / "back").mkdir()
    said = migrate("--from", db.url, "--to", str(tmp_path / "back"), **layout)["companies"][0]
    assert "above.json" in said["warnings"][0]
    assert {f"{name}.json" for name in there} == {path.name for path in (tmp_path / "back/company_7").iterdir()}
    written = [path.name for path in tmp_path.rglob("*.json") if path.parent.name != "company_7"]
    assert [] == [name for name in written if "above" in name or "absolute" in name]
    (tmp_path / "archives").mkdir(0o700)
    made = db.run("backup", "--to", str(tmp_path / "archives"), "--json", **layout)["companies"][0]
    assert ("backed_up", 2) == (made["status"], made["files"]["archived"])
    assert "is the name of no file" in made["warnings"][0]


def test_a_column_of_json_keeps_values(root: Path, db: Database) -> None:
    """Jsonb keeps no bytes: values are compared, and equal."""
    db.execute(SPLIT)
    assert "done" == migrate("--from", str(root), "--to", db.url)["status"]
    assert [({"k": {"type": "Buffer", "data": "AQL/"}},)] == db.execute(
        "select value from whatsapp_keys where key_type = 'pre-key'"
    )


def test_a_second_time_everything_is_there(root: Path, db: Database) -> None:
    """Nothing is written, and the last line says what is left to do."""
    db.execute(TEXT)
    migrate("--from", str(root), "--to", db.url)
    before = db.execute("select xmin::text, * from whatsapp_keys order by 1, 2, 3, 4")
    said = migrate("--from", str(root), "--to", db.url, as_json=False)
    assert "1 there already" in said
    assert "point them at the target" in said.splitlines()[-1]
    assert before == db.execute("select xmin::text, * from whatsapp_keys order by 1, 2, 3, 4")


def test_a_source_that_went_on_is_copied_anew_until_the_target_is_used(root: Path, db: Database) -> None:
    """What nobody used since it was copied may be replaced; what a bot wrote to may not."""
    db.execute(TEXT)
    migrate("--from", str(root), "--to", db.url)
    session = root / "company_7" / f"session-{OTHER}.0.json"
    session.write_text('"newer"')
    os.utime(session, (time.time() - 300,) * 2)
    assert ["copied"] == [each["status"] for each in migrate("--from", str(root), "--to", db.url)["companies"]]
    assert [('"newer"',)] == db.execute("select value from whatsapp_keys where key_id = %s", [f"{OTHER}.0"])
    db.execute("update whatsapp_keys set value = '\"of the bot\"' where key_id = %s", [f"{OTHER}.0"])
    said = migrate("--from", str(root), "--to", db.url, status=4)
    assert "its bot has written since" in said["companies"][0]["errors"][0]["error"]
    assert [('"of the bot"',)] == db.execute("select value from whatsapp_keys where key_id = %s", [f"{OTHER}.0"])


def test_a_copy_that_was_not_what_was_written_is_made_anew(root: Path, db: Database) -> None:
    """Once what had changed it is gone; what a bot wrote there since stays."""
    db.execute(TEXT)
    db.execute(
        "create function change() returns trigger language plpgsql as $$ begin"
        " new.value = '\"changed\"'; return new; end $$"
    )
    db.execute(
        "create trigger change before insert on whatsapp_keys for each row when (new.key_type = 'session')"
        " execute function change()"
    )
    for _ in range(2):
        said = migrate("--from", str(root), "--to", db.url, status=1)["companies"][0]["errors"][0]["error"]
        assert "these are not what was written" in said
    db.execute("drop trigger change on whatsapp_keys")
    assert ["copied"] == [each["status"] for each in migrate("--from", str(root), "--to", db.url)["companies"]]
    assert [(BUFFER,)] == db.execute("select value from whatsapp_keys where key_id = %s", [f"{OTHER}.0"])


def test_another_pairing_in_the_target_is_refused(root: Path, db: Database) -> None:
    """Status 4, both pairings named, nothing changed; a dry run says the same."""
    db.execute(TEXT)
    db.split("7", {"pre-key|1": 1}, creds(me={"id": "15559999999:3@s.whatsapp.net"}))
    for words in (["--dry-run"], []):
        said = migrate("--from", str(root), "--to", db.url, *words, status=4)
        assert "15559999999:3" in said["companies"][0]["errors"][0]["error"]
    assert {"pre-key|1"} == db.keys("7")


def test_a_bot_at_work_is_refused(root: Path, db: Database) -> None:
    """A key written in the last minute."""
    db.execute(TEXT)
    os.utime(root / "company_7" / "pre-key-17.json")
    assert (
        "stop it first" in migrate("--from", str(root), "--to", db.url, status=4)["companies"][0]["errors"][0]["error"]
    )
    assert set() == db.keys("7")


def test_what_is_no_key_stays_and_is_named(root: Path, db: Database) -> None:
    """A note beside the keys; but a key that nobody can take apart fails the company."""
    db.execute(TEXT)
    (root / "company_7" / "notes.txt").write_text("x")
    os.utime(root / "company_7" / "notes.txt", (1_700_000_000,) * 2)
    assert ["notes.txt"] == migrate("--from", str(root), "--to", db.url)["companies"][0]["left"]
    (root / "company_8").mkdir()
    for name, text in {"creds.json": json.dumps(creds()), "sender-key-odd.json": "{}"}.items():
        (root / "company_8" / name).write_text(text)
        os.utime(root / "company_8" / name, (1_700_000_000,) * 2)
    said = migrate("--from", str(root), "--to", db.url, status=1)
    assert ["there_already", "failed"] == [each["status"] for each in said["companies"]]
    assert "sender-key-odd.json" in said["companies"][1]["errors"][0]["error"]
    assert set() == db.keys("8")


def test_the_last_line_speaks_of_no_company_that_was_not_copied(root: Path, db: Database) -> None:
    """Who reads it may start nothing on a target that has not got it; where none was copied there is no such line."""
    db.execute(TEXT)
    shutil.copytree(root / "company_7", root / "company_8", copy_function=shutil.copy2)
    (root / "company_8" / "creds.json").write_text("")
    said = migrate("--from", str(root), "--to", db.url, as_json=False, status=1)
    assert "for the companies that were copied or are there already: " in said.splitlines()[-1]
    assert "none of these bots may start on it again" in said.splitlines()[-1]
    alone = migrate("--from", str(root), "--to", db.url, "--company", "8", as_json=False, status=1)
    assert "What is left to do" not in alone


@pytest.mark.parametrize("content", ["", '{"a":', '{"a":"\\u0000"}', '{"a":"\\ud83d"}', '{"a":"\0"}'])
def test_a_value_that_the_column_cannot_hold_is_named(root: Path, db: Database, content: str) -> None:
    """As one that a full disk left empty: who has 900 keys has to know which."""
    db.execute(SPLIT)
    key = root / "company_7" / f"session-{OTHER}.0.json"
    key.write_text(content)
    os.utime(key, (1_700_000_000,) * 2)
    said = migrate("--from", str(root), "--to", db.url, status=1)["companies"][0]["errors"][0]["error"]
    assert key.name in said
    assert set() == db.keys("7")


def test_a_company_whose_name_is_no_text_fails_alone(root: Path, db: Database) -> None:
    """PostgreSQL cannot hold it; the others are copied."""
    db.execute(TEXT)
    shutil.copytree(root / "company_7", os.fsdecode(os.fsencode(root) + b"/company_\xff"), copy_function=shutil.copy2)
    said = migrate("--from", str(root), "--to", db.url, status=1)
    assert ["copied", "failed"] == [each["status"] for each in said["companies"]]
    assert "UTF-8" in said["companies"][1]["errors"][0]["error"]


def test_a_dry_run_writes_nothing(root: Path, db: Database) -> None:
    """Neither a row nor a schema."""
    db.execute(TEXT)
    migrate("--from", str(root), "--to", db.url, "--dry-run")
    assert [(0,)] == db.execute("select count(*) from whatsapp_keys")
    assert [] == db.execute("select 1 from pg_namespace where nspname = 'baileys_cleanup'")


def test_a_copy_that_is_killed_is_none_and_made_again(root: Path, db: Database) -> None:
    """The company goes live in one transaction: cut short it is not there."""
    db.execute(TEXT)
    db.execute(
        "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(30); return new; end'"
    )
    db.execute("create trigger slow after insert on whatsapp_keys for each statement execute function slow()")
    command = [sys.executable, "-m", "baileys_cleanup", "migrate", "--from", str(root), "--to", db.url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not db.execute(SLEEPS):
            time.sleep(0.05)
        process.kill()
    db.execute(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    db.execute("drop trigger slow on whatsapp_keys")
    assert set() == db.keys("7")
    assert "done" == migrate("--from", str(root), "--to", db.url)["status"]
    assert len(NAMES) == len(db.keys("7"))


def test_a_signal_ends_it_between_two_companies(root: Path, db: Database) -> None:
    """The one at hand is finished, and the summary tells that others were not looked at."""
    db.execute(TEXT)
    shutil.copytree(root / "company_7", root / "company_8", copy_function=shutil.copy2)
    db.execute(
        "create table held (); insert into held default values;"
        " create function slow() returns trigger language plpgsql as 'begin while exists (select from held) loop"
        " perform pg_sleep(0.05); end loop; return new; end'"
    )
    db.execute("create trigger slow after insert on whatsapp_keys for each statement execute function slow()")
    command = [sys.executable, "-m", "baileys_cleanup", "migrate", "--from", str(root), "--to", db.url, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not db.execute(SLEEPS):
            time.sleep(0.05)
        process.terminate()
        db.execute("delete from held")
        said = json.loads(process.communicate()[0])
    assert (143, "stopped", ["7"]) == (
        process.returncode,
        said["status"],
        [each["company_id"] for each in said["companies"]],
    )
    assert (len(NAMES), set()) == (len(db.keys("7")), db.keys("8"))


def test_prepare_makes_the_schema_and_nothing_else(db: Database) -> None:
    """So that the role that cleans needs no right to make one."""
    db.execute(TEXT)
    assert "Ready" in migrate("--prepare", "--to", db.url, as_json=False)
    assert [(1,)] == db.execute("select 1 from pg_namespace where nspname = 'baileys_cleanup'")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "/x"], "name both stores"),
        (["--prepare", "--to", "/x", "--dry-run"], "only --to and --config"),
        (["--prepare", "--to", "/x", "--company", "7"], "only --to and --config"),
        (["--prepare", "--to", "/x", "--from", "/y"], "only --to and --config"),
        (["--from", "/nonexistent", "--to", "/x"], "cannot be opened"),
        (["--from", "/x", "--to", "mysql://db/x"], "allowed"),
        (["--from", "/x", "--to", "postgresql://bot:s3cret@db/x"], "has a password"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], said: str) -> None:
    """Status 2, and no password repeated."""
    text = migrate(*words, status=2, as_json=False)
    assert said in text
    assert "s3cret" not in text


@pytest.mark.parametrize("key", ["", ", primary key (company_id, key_type, key_id)"], ids=["no index", "an index"])
def test_a_bot_that_writes_in_the_very_moment_keeps_its_key(root: Path, db: Database, key: str) -> None:
    """Between what was there and what is written: nothing is copied, also where no index refuses a second row."""
    db.execute(TEXT.replace(", primary key (company_id, key_type, key_id)", key))
    db.execute(
        "create function bot() returns trigger language plpgsql as $$ begin"
        " insert into whatsapp_keys values ('7', 'pre-key', '17', '\"of the bot\"', now()); return new; end $$"
    )
    db.execute("create trigger bot after insert on whatsapp_auth for each row execute function bot()")
    said = migrate("--from", str(root), "--to", db.url, status=1)
    assert "the bot wrote meanwhile" in said["companies"][0]["errors"][0]["error"]
    assert set() == db.keys("7")
    db.execute("drop trigger bot on whatsapp_auth")
    assert "done" == migrate("--from", str(root), "--to", db.url)["status"]
    assert len(NAMES) == len(db.keys("7"))


def test_where_rows_have_rights_of_their_own_it_works_as_well(root: Path, db: Database) -> None:
    """Row security takes no COPY."""
    db.execute(TEXT)
    role = f"tenant_{db.name}"
    db.execute(f"create role {role} login; grant create on database {db.name} to {role}")
    for table in ("whatsapp_auth", "whatsapp_keys"):
        db.execute(f"grant all on {table} to {role}; alter table {table} enable row level security")
        db.execute(f"create policy everything on {table} to {role} using (true)")
    assert "done" == migrate("--from", str(root), "--to", db.server.database(db.name, role))["status"]
    assert len(NAMES) == len(db.keys("7"))


def test_what_is_wrong_with_one_of_two_stores_says_with_which(root: Path, db: Database) -> None:
    """Opening it, its lock, its tables, and one company's keys there; a password in the settings is not repeated."""
    nowhere = db.server.database("nowhere")
    said = migrate("--from", str(root), "--to", nowhere, status=2, as_json=False)
    assert f'error: --to: the store {nowhere} cannot be opened: the server answers: database "nowhere"' in said
    said = migrate("--from", nowhere, "--to", str(root), status=2, as_json=False)
    assert f"error: --from: the store {nowhere} cannot be opened" in said
    with_password = {"BAILEYS_CLEANUP_STORE": nowhere.replace("postgres@", "postgres:s3cret@")}
    assert "s3cret" not in migrate("--from", nowhere, "--to", str(root), status=2, as_json=False, **with_password)
    said = migrate("--from", str(root), "--to", db.url, status=2, as_json=False)
    assert f"error: --to: {db.url}: there is no table whatsapp_keys" in said
    db.execute(SPLIT)
    migrate("--from", str(root), "--to", db.url)
    db.execute("insert into baileys_cleanup.lease values ('lock', 'x', 'process 7', null, now() + interval '1 hour')")
    assert f"--to: {db.url}: another run is at work" in migrate(
        "--from", str(root), "--to", db.url, status=3, as_json=False
    )
    db.execute("delete from baileys_cleanup.lease")
    db.execute(
        "delete from whatsapp_keys; delete from whatsapp_auth; drop role if exists looking; create role looking login"
    )
    db.execute(
        "grant select on whatsapp_keys, whatsapp_auth to looking; grant usage on schema baileys_cleanup to looking"
    )
    for what in ("tables", "sequences"):
        db.execute(f"grant all on all {what} in schema baileys_cleanup to looking")
    looking = db.server.database(db.name, "looking")
    said = migrate("--from", str(root), "--to", looking, status=1, as_json=False)
    assert "company 7: in the target: this role may not do that" in said


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # cursors whose connection broke
@pytest.mark.parametrize("gone", ["target", "source"])
def test_a_store_that_goes_away_between_two_companies_fails_the_ones_after(
    root: Path, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """What was copied before is told with the way on; the others have failed, and it is said in which store."""
    shutil.copytree(root / "company_7", root / "company_8")
    shutil.copytree(root / "company_7", root / "company_9")
    db.execute(SPLIT)
    stores = [str(root), db.url]
    if gone == "source":
        migrate("--from", str(root), "--to", db.url)
        (tmp_path / "back").mkdir()
        stores = [db.url, str(tmp_path / "back")]
    asked = "has" if gone == "target" else "take"
    ask = getattr(PostgresqlSnapshots, asked)

    def refuse(*_: object) -> None:
        raise psycopg.OperationalError("refused")

    def gone_after_the_first(self: PostgresqlSnapshots, company_id: str, *more: Any, **how: Any) -> Any:
        if company_id == "8":
            monkeypatch.setattr(connection.Connection, "_connect", refuse)
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'baileys-cleanup' and datname = current_database()"
            )
        return ask(self, company_id, *more, **how)

    monkeypatch.setattr(PostgresqlSnapshots, asked, gone_after_the_first)
    monkeypatch.setattr(connection, "_PAUSES", (0.0,))
    done = CliRunner().invoke(cli.commands, ["migrate", "--from", stores[0], "--to", stores[1]])
    assert 1 == done.exit_code, done.output
    assert f"company 8: in the {gone}: " in done.stdout
    assert f"company 9: in the {gone}: " in done.stdout
    assert "1 company copied and compared" in done.stdout
    assert "2 not copied" in done.stdout
    assert "What is left to do" in done.stdout
