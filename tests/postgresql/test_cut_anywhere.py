"""Whatever loses its connection, and at whatever message: nothing is half done, what was said is true, and it can be repeated."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pg_bench import DAY, OTHER, SPLIT, Database, creds, database

from baileys_cleanup.commands import options
from baileys_cleanup.store.postgresql import connection
from cut import Said, check_restore_in_part, cut_anywhere, run, until_free
from servers import Server

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning",  # the driver warns of cursors whose connection broke
)
TEXT = SPLIT.replace("jsonb", "text")
KEYS = {f"session|{OTHER}.{device}": 3.0 for device in range(3)} | {"lid-mapping|1": 9.0, "pre-key|60": 30.0}
ROWS = "select company_id, key_type, key_id, value from whatsapp_keys where company_id = '1' order by 1, 2, 3"
AUTH = "select creds from whatsapp_auth where company_id = '1'"
STEP = 5


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no server that does not come back."""
    monkeypatch.setattr(connection, "_PAUSES", (0.0,))
    monkeypatch.setattr(options, "SECOND_LOOK", 0.0)


@contextmanager
def filled(server: Server) -> Iterator[Database]:
    """Give a database with one company, of which nothing goes; the schema is made by a run before."""
    with database(server) as db:
        db.execute(TEXT)
        db.split("1", KEYS, creds())
        assert run("clean", "-q", "--store", db.url).status == 0
        yield db


def cut(
    server: Server,
    make: Callable[[Database], None],
    words: Callable[[str], list[str]],
    check: Callable[[Database, Said], None],
) -> None:
    """Cut the connection of a command at some messages; `check` gets what lies there then, and what was said."""

    def words_for(db: Database, port: int) -> list[str]:
        return words(f"postgresql://postgres@127.0.0.1:{port}/{db.name}")

    cut_anywhere(server, lambda: filled(server), make, words_for, check, step=STEP)


def folder_of(root: Path) -> Path:
    """Make a root with a company of the same keys as files."""
    folder = root / "company_1"
    shutil.rmtree(root, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in KEYS:
        path = folder / f"{name.replace('|', '-')}.json"
        path.write_text(json.dumps({"of": name}))
        os.utime(path, (time.time() - 3 * DAY,) * 2)
    (folder / "creds.json").write_text(json.dumps(creds()))
    os.utime(folder / "creds.json", (time.time() - DAY,) * 2)
    return folder


def contents(folder: Path) -> dict[str, object]:
    """Return what a folder holds."""
    return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}


def test_a_company_on_its_way_into_the_database_is_there_or_not(one_server: Server, tmp_path: Path) -> None:
    """The source is what it was; a second time all is there, and done is only said of what is there."""
    root = tmp_path / "root"
    folder = folder_of(root)
    source = contents(folder)

    def make(db: Database) -> None:
        db.execute("delete from whatsapp_keys; delete from whatsapp_auth")

    def check(db: Database, said: Said) -> None:
        there = db.execute(ROWS), db.execute(AUTH)
        assert (len(there[0]), len(there[1])) in {(0, 0), (len(KEYS), 1)}
        assert said.status != 0 or len(there[1]) == 1, said.text
        assert not there[1] or "1 not copied" not in said.text, said.text
        assert source == contents(folder)
        again = until_free("migrate", "--from", str(root), "--to", db.url)
        assert 0 == again.status, (said, again)
        rows = {f"{kind}-{key}.json": json.loads(value) for _, kind, key, value in db.execute(ROWS)}
        assert source == rows | {"creds.json": json.loads(db.execute(AUTH)[0][0])}

    cut(one_server, make, lambda url: ["migrate", "--from", str(root), "--to", url], check)


def test_a_company_on_its_way_out_of_the_database_is_there_or_not(one_server: Server, tmp_path: Path) -> None:
    """The same into a folder: no half of a company ever lies where a bot would read it."""
    root = tmp_path / "root"

    def make(db: Database) -> None:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        db.execute("update whatsapp_auth set updated_at = now() - interval '1 hour'")

    def check(db: Database, said: Said) -> None:
        folder = root / "company_1"
        assert not folder.exists() or len(KEYS) + 1 == len(contents(folder))
        assert said.status != 0 or folder.exists(), said.text
        again = until_free("migrate", "--from", db.url, "--to", str(root))
        assert 0 == again.status, (said, again)
        rows = {f"{kind}-{key}.json": json.loads(value) for _, kind, key, value in db.execute(ROWS)}
        assert contents(folder) == rows | {"creds.json": json.loads(db.execute(AUTH)[0][0])}

    cut(one_server, make, lambda url: ["migrate", "--from", url, "--to", str(root)], check)


def test_an_archive_whose_database_goes_away_is_whole_or_none(one_server: Server, tmp_path: Path) -> None:
    """Done is only said of one that is whole; a second time there is one."""
    archives = tmp_path / "archives"

    def make(db: Database) -> None:
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir()
        db.execute("update whatsapp_auth set updated_at = now() - interval '1 hour'")

    def check(db: Database, said: Said) -> None:
        made = list(archives.rglob("*.tar.gz"))
        assert said.status != 0 or len(made) == 1, said.text
        assert not made or 0 == run("backup", "--verify", "--to", str(archives), "--store", db.url).status
        again = until_free("backup", "--to", str(archives), "--store", db.url)
        assert 0 == again.status, (said, again)
        assert 0 == run("backup", "--verify", "--to", str(archives), "--store", db.url).status

    cut(one_server, make, lambda url: ["backup", "--to", str(archives), "--store", url], check)


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "single keys"])
def test_a_restore_that_is_cut_can_be_repeated(one_server: Server, tmp_path: Path, whole: bool) -> None:
    """Whole companies change places in one step; single keys come one by one, and nothing else goes."""
    archives = tmp_path / "archives"
    others = f"session|{OTHER}.7"
    gone = {f"session|{OTHER}.0", f"session|{OTHER}.1", "lid-mapping|1"}
    words = ["restore", "latest", "--company", "1", "--from", str(archives), "--everything", "--anyway"]
    words += ["--replace"] if whole else []

    def make(db: Database) -> None:
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir()
        db.execute("update whatsapp_auth set updated_at = now() - interval '1 hour'")
        assert 0 == run("backup", "--to", str(archives), "--store", db.url).status
        for name in gone:
            db.execute("delete from whatsapp_keys where key_type || '|' || key_id = %s", [name])
        db.split("1", {others: 1.0})

    def check(db: Database, said: Said) -> None:
        before, after = (set(KEYS) - gone) | {others}, set(KEYS) | {others}
        there = db.keys("1")
        if whole:
            assert there in (before, after)
        assert before <= there <= after
        assert said.status != 0 or there == after, said.text
        check_restore_in_part(said, before, there)
        if there != after:
            again = until_free(*words, "--store", db.url)
            assert 0 == again.status, (said, again)
        assert after == db.keys("1")
        assert 1 == len(db.execute(AUTH))

    cut(one_server, make, lambda url: [*words, "--store", url], check)


def test_a_rotation_that_is_cut_while_it_is_taken_back_can_be_taken_back(one_server: Server) -> None:
    """Each key is in its place or in the quarantine, and the same command ends it."""
    held = "select row->>'key_type' || '|' || (row->>'key_id') from baileys_cleanup.quarantine"
    words = ["rotate", "--company", "1", "--yes", "--rollback"]

    def make(db: Database) -> None:
        said = run("rotate", "--company", "1", "--yes", "--store", db.url)
        assert 0 == said.status, said.text
        assert [] != db.execute(held)

    def check(db: Database, said: Said) -> None:
        there = db.keys("1")
        assert sorted(KEYS) == sorted([*there, *(row[0] for row in db.execute(held))])
        assert said.status != 0 or there == set(KEYS), said.text
        if said.status and "stop_command" in said.text:  # the bot was stopped by then
            assert (1, True) == (said.status, "--resume" in said.text), said.text
        if there != set(KEYS):
            again = until_free(*words, "--store", db.url)
            assert 0 == again.status, (said, again)
        assert set(KEYS) == db.keys("1")

    cut(one_server, make, lambda url: [*words, "--store", url], check)
