"""Through PgBouncer in transaction mode: cleaning, undo, locks."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from pg_bench import OTHER, SPLIT, Database, creds, database

from servers import WAIT, Server, as_postgres, free_port, missing


@pytest.fixture
def pooled(one_server: Server) -> Iterator[tuple[Database, str]]:
    """Give a database with one company, and its URL through the pooler."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        missing("needs pgbouncer (apt install pgbouncer)")
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-test-"))
    port = free_port()
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={one_server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = trust\nauth_file = {folder}/users\npool_mode = transaction\n"
        "default_pool_size = 3\nunix_socket_dir =\n"
    )
    if as_postgres():
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "postgres")
    process = subprocess.Popen([str(program), "-q", str(folder / "ini")], **as_postgres())
    try:
        with database(one_server) as db:
            db.execute(SPLIT)
            db.split("1", {f"session|{OTHER}.{device}": 20 for device in range(5)}, creds())
            url = f"postgresql://postgres@127.0.0.1:{port}/{db.name}"
            end = time.monotonic() + WAIT
            while time.monotonic() < end:
                with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=2):
                    break
                time.sleep(0.05)
            yield db, url
    finally:
        process.terminate()
        process.wait(WAIT)
        shutil.rmtree(folder)


def test_clean_and_undo_work_through_a_pooler(pooled: tuple[Database, str]) -> None:
    """No prepared statement, no session lock, no SET that outlives its transaction."""
    db, url = pooled
    for words in (["clean", "--dry-run"], ["clean"], ["clean"]):
        done = db.call(*words, url=url)
        assert 0 == done.returncode, done.stderr
    assert set() == db.keys("1")
    done = db.call("undo", "latest", url=url)
    assert 0 == done.returncode, done.stderr
    assert 5 == len(db.keys("1"))
    assert [] == db.execute("select * from baileys_cleanup.lease")


def test_a_lease_holds_through_a_pooler_and_ends_with_its_time(pooled: tuple[Database, str]) -> None:
    """Nobody there can see whether its holder lives: so it holds until its end."""
    db, url = pooled
    assert 0 == db.call("clean", url=url).returncode
    lease = (
        "insert into baileys_cleanup.lease values ('lock', 'x', 'process 7 on elsewhere', null, now() + %s::interval)"
    )
    db.execute(lease, ["1 hour"])
    done = db.call("clean", url=url)
    assert (3, True) == (done.returncode, "process 7 on elsewhere" in done.stderr)
    db.execute("update baileys_cleanup.lease set until = now() - interval '1 second'")
    assert 0 == db.call("clean", url=url).returncode


def test_four_runs_at_once_are_one(pooled: tuple[Database, str]) -> None:
    """Each either cleans or has status 3; what goes goes once."""
    db, url = pooled
    assert 0 == db.call("clean", "--dry-run", url=url).returncode
    words = [sys.executable, "-m", "baileys_cleanup", "clean", "-q", "--store", url]
    runs = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(4)]
    for run in runs:
        run.communicate()
    assert {0, 3} >= {run.returncode for run in runs}
    assert 0 in {run.returncode for run in runs}
    assert [(5,)] == db.execute("select count(*) from baileys_cleanup.quarantine")
