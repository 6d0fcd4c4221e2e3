"""What a night costs in PostgreSQL and in Redis, beside the plain SQL that an operator would write.

    python benchmarks/databases.py postgresql [COMPANIES] [KEYS]    a dry run, runs, undo, purge, the plain SQL; sizes
    python benchmarks/databases.py waits [COMPANIES] [KEYS]         how long a bot waits that upserts the very rows
    python benchmarks/databases.py redis [COMPANIES] [KEYS]         the same night, and the longest commands
    python benchmarks/databases.py migrate [COMPANIES] [KEYS]       a sessions root goes into both
    python benchmarks/databases.py memory [KEYS]                    the peak for one company of many rows

It starts servers of its own, fills them, and prints tables. 25 old sessions of each company go.
"""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "postgresql"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "redis"))
import build_tree
from pg_bench import OTHER, SPLIT, Database, creds, database
from redis_bench import Bench

import redis
import servers

OLD, ROUNDS = 25, 2
TEXT = SPLIT.replace("jsonb", "text")
VALUE = json.dumps({"k": "x" * 400})
PLAIN = """
create table plain (like whatsapp_keys);
with g as (delete from whatsapp_keys where key_type = 'session' and updated_at < now() - interval '14 days' returning *)
insert into plain select * from g;
"""
UPSERT = (
    "insert into whatsapp_keys values (%s, 'session', %s, %s, '2026-01-01') on conflict (company_id, key_type, key_id)"
    " do update set value = excluded.value, updated_at = excluded.updated_at"
)
SIZES = """
select c.relname, pg_relation_size(c.oid), coalesce(s.n_dead_tup, 0) from pg_class c
left join pg_stat_all_tables s on s.relid = c.oid join pg_namespace n on n.oid = c.relnamespace
where (c.relname like 'whatsapp_keys%%' or n.nspname = 'baileys_cleanup' and c.relname like 'quarantine%%')
and c.relkind in ('r', 'i') order by 1
"""
MEBI = 1024**2


def me(number: int) -> dict[str, str]:
    """Return an account of its own for a company."""
    return {"id": f"1555{number:07}:7@s.whatsapp.net"}


def processor(server: servers.Server) -> float:
    """Return the processor seconds of all children that have ended, and of the server."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert server.process is not None
    told = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return ours.ru_utime + ours.ru_stime + sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")


def timed(server: servers.Server, name: str, work: Callable[[], object]) -> float:
    """Print how long something took, and return its processor seconds: on a busy machine they move less."""
    began, before = time.perf_counter(), processor(server)
    work()
    took = time.perf_counter() - began
    time.sleep(0.5)  # the server sees to a connection that ended
    spent = processor(server) - before
    print(f"| {name} | {took:.1f} | {spent:.1f} |", flush=True)
    return spent


def head(companies: int, keys: int) -> None:
    """Print the head of a table of times."""
    print(f"\n{companies:,} companies of {keys:,} keys\n\n| what | seconds | processor |\n| --- | ---: | ---: |")


def fill(db: Database, companies: int, keys: int) -> None:
    """Fill a database of the layout split."""
    db.execute(TEXT)
    with psycopg.connect(db.url) as connection, connection.cursor() as cursor:
        for number in range(companies):
            mine = json.dumps(creds(me=me(number)))
            cursor.execute("insert into whatsapp_auth values (%s, %s)", [f"c{number}", mine])
        with cursor.copy("copy whatsapp_keys from stdin") as copy:
            for number in range(companies):
                for place in range(keys):
                    date = "2026-01-01" if place < OLD else "2090-01-01"
                    copy.write_row((f"c{number}", "session", f"{OTHER}{place}.0", VALUE, date))
    db.execute("update whatsapp_keys set updated_at = now() - random() * interval '13 days' where updated_at > now()")
    db.execute("vacuum full analyze")


def run(db: Database, *words: str) -> None:
    """Run the tool on a database."""
    done = db.call(*words)
    assert done.returncode in {0, 1}, done.stderr


def sizes(db: Database, when: str) -> None:
    """Print how large tables and indexes are, and how many dead rows lie in them."""
    time.sleep(1)  # the server counts a little later
    told = [
        f"{name} {size / MEBI:.1f} MiB" + (f", {dead:,} dead" if dead else "") for name, size, dead in db.execute(SIZES)
    ]
    print(f"\n{when}: {'; '.join(told)}\n", flush=True)


def night(companies: int, keys: int) -> None:
    """Measure PostgreSQL."""
    with servers.postgres("-c", "autovacuum=off") as server, database(server) as db:
        fill(db, companies, keys)
        head(companies, keys)
        names = "select company_id, key_type, key_id, updated_at from whatsapp_keys"
        psql = ["psql", "-q", "-o", "/dev/null", "-c", names, db.url]
        for number in range(ROUNDS):
            plain = timed(server, "plain SELECT of names and times", lambda: subprocess.run(psql, check=True))
            timed(server, "dry run", lambda: run(db, "clean", "-n", "-q"))
            if not number:
                sizes(db, "before")
            took = timed(server, f"run, {OLD} removals each", lambda: run(db, "clean", "-q", "--accept-clock"))
            if not number:
                sizes(db, "after the run")
            timed(server, "run, nothing to remove", lambda: run(db, "clean", "-q"))
            timed(server, "undo", lambda: run(db, "undo", "latest", "--anyway"))
            if not number:
                sizes(db, "after the undo")
            db.execute("vacuum analyze")
            plain += timed(
                server, "plain DELETE and INSERT", lambda: subprocess.run([*psql[:2], "-c", PLAIN, db.url], check=True)
            )
            db.execute("insert into whatsapp_keys select * from plain; drop table plain")
            db.execute("vacuum analyze")
            print(f"| the run, in times of SELECT, DELETE and INSERT | | {took / plain:.1f} |", flush=True)
        run(db, "clean", "-q", "--accept-clock")
        db.execute("update baileys_cleanup.runs set started = started - 8 * 86400 * 1000000000::bigint")
        timed(server, "run that purges", lambda: run(db, "clean", "-q"))
        assert [(0,)] == db.execute("select count(*) from baileys_cleanup.quarantine")
        db.execute("alter table whatsapp_keys drop column updated_at")
        db.execute("vacuum full analyze")
        timed(server, "run without update times, the ledger begins", lambda: run(db, "clean", "-q"))
        timed(server, "run by the ledger", lambda: run(db, "clean", "-q"))


class Writer:
    """A bot that upserts rows, one after the other, and notes how long each took, and which waited 10 ms for a lock."""

    def __init__(self, url: str, companies: int, places: range, date: str) -> None:
        self.took: list[float] = []
        self.locked = 0
        self._url, self._companies, self._places = url, companies, places
        self._upsert = UPSERT.replace("'2026-01-01'", date)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._write)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Write while this lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._end.set()
            self._thread.join()

    def _write(self) -> None:
        chance = random.Random(1)
        with psycopg.connect(self._url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '10ms'")
            while not self._end.is_set():
                key = [f"c{chance.randrange(self._companies)}", f"{OTHER}{chance.choice(self._places)}.0", VALUE]
                began = time.perf_counter()
                try:
                    cursor.execute(self._upsert, key)
                except psycopg.errors.LockNotAvailable:
                    self.locked += 1
                self.took.append(time.perf_counter() - began)

    def told(self) -> str:
        """Return what it noted, as cells of a table."""
        slow = sum(each > 0.01 for each in self.took)
        return f"{len(self.took):,} | {max(self.took) * 1000:.0f} | {slow / len(self.took):.1%} | {self.locked}"


def waits(companies: int, keys: int) -> None:
    """Measure how long a bot waits: one that upserts the very rows that go, beside one whose rows nobody touches."""
    with servers.postgres() as server, database(server) as db:
        fill(db, companies, keys)
        run(db, "clean", "-q", "--company", "c0")  # the schema is there
        print(
            "\n| while | rows | upserts | longest, ms | over 10 ms | waited 10 ms for a lock |"
            "\n| --- | --- | ---: | ---: | ---: | ---: |"
        )
        for name, work in (
            ("nothing else, 20 s", lambda: time.sleep(20)),
            ("`clean`", lambda: run(db, "clean", "-q", "--accept-clock")),
            ("`undo`", lambda: run(db, "undo", "latest", "--anyway")),
        ):
            theirs = Writer(db.url, companies, range(OLD), "'2026-01-01'")
            others = Writer(db.url, companies, range(OLD, 2 * OLD), "now()")
            with theirs.at_work(), others.at_work():
                work()
            print(f"| {name} | those that go | {theirs.told()} |\n| | others | {others.told()} |", flush=True)


def slowest(client: Any) -> str:
    """Return the longest commands since the last time, by name, in words."""
    found: dict[str, list[float]] = {}
    for entry in client.slowlog_get(100_000):
        found.setdefault(entry["command"].split()[0].decode(), []).append(entry["duration"] / 1000)
    client.slowlog_reset()
    told = [
        f"{name} {max(times):.1f} ms ({sum(each > 10 for each in times)} over 10 ms)"
        for name, times in sorted(found.items(), key=lambda each: -max(each[1]))[:4]
    ]
    return "; ".join(told) or "none over 1 ms"


def night_in_redis(companies: int, keys: int) -> None:
    """Measure Redis, layout hash."""
    with servers.redis() as server, redis.Redis.from_url(server.url) as client:
        assert server.process is not None
        with suppress(PermissionError):  # what it waits for a processor is no part of a command
            os.setpriority(os.PRIO_PROCESS, server.process.pid, -15)
        bench = Bench(server.url, client)
        for number in range(companies):
            fields = {f"session-{OTHER}{place}.0": VALUE for place in range(keys)}
            client.hset(f"c{number}:auth", mapping={"creds": json.dumps(creds(me=me(number))), **fields})
        client.config_set("slowlog-max-len", 100_000)
        client.config_set("slowlog-log-slower-than", 1000)
        client.slowlog_reset()
        told: list[str] = []

        def step(name: str, *words: str) -> None:
            timed(server, name, lambda: bench.run(*words))
            told.append(f"{name}: {slowest(client)}")

        head(companies, keys)
        step("first run, the ledger begins", "clean", "-q")
        for number in range(companies):
            ledger = f"baileys-cleanup:ledger:{{c{number}:auth}}"
            names = [f"session-{OTHER}{place}.0" for place in range(OLD)]
            lines = zip(names, client.hmget(ledger, names), strict=True)
            client.hset(
                ledger, mapping={name: b"%s %d" % (line.split()[0], 1_767_225_600 * 10**9) for name, line in lines}
            )
        client.slowlog_reset()
        step("dry run", "clean", "-n", "-q")
        step(f"run, {OLD} removals each", "clean", "-q", "--accept-clock")
        step("run, nothing to remove", "clean", "-q")
        step("undo", "undo", "latest", "--anyway")
        step(f"run, {OLD} removals each", "clean", "-q", "--accept-clock")
        for run_id, record in client.hgetall("baileys-cleanup:runs").items():
            read = json.loads(record)
            read["started"] -= 8 * 86_400 * 10**9
            client.hset("baileys-cleanup:runs", run_id, json.dumps(read))
        client.slowlog_reset()
        step("run that purges", "clean", "-q")
        assert [] == list(client.scan_iter("baileys-cleanup:quarantine:*", count=10_000))
        print("\nThe longest commands that the server carried out:\n\n" + "\n".join(f"- {line}" for line in told))


def sessions_root(root: Path, companies: int, keys: int) -> None:
    """Write a sessions root whose values are JSON, at rest for ten minutes."""
    now = time.time() - 600
    for number in range(companies):
        folder = root / f"company_{number}"
        folder.mkdir()
        for file in build_tree.company(keys, 15_560_000_000 + number):
            content = b'{"k":"%s"}' % file.content if file.content.startswith(b"x") else file.content
            (folder / file.name).write_bytes(content)
            os.utime(folder / file.name, (now - file.age, now - file.age))


def migration(companies: int, keys: int) -> None:
    """Measure how long a sessions root takes on its way into each kind of database."""
    root = Path(tempfile.mkdtemp(prefix="migrate-"))
    try:
        sessions_root(root, companies, keys)
        head(companies, keys)
        with servers.postgres() as server, database(server) as db:
            db.execute(TEXT)
            words = ["migrate", "--from", str(root), "--to", db.url]
            timed(server, "folder to PostgreSQL", lambda: moved(words))
            timed(server, "the same again: all is there", lambda: moved(words))
        with servers.redis() as server:
            words = ["migrate", "--from", str(root), "--to", server.url]
            timed(server, "folder to Redis", lambda: moved(words))
            timed(server, "the same again: all is there", lambda: moved(words))
    finally:
        shutil.rmtree(root)


def moved(words: list[str]) -> None:
    """Run the tool where it is told both stores."""
    subprocess.run([sys.executable, "-m", "baileys_cleanup", *words], check=True, stdout=subprocess.DEVNULL)


def memory(keys: int) -> None:
    """Measure the peak of one company of many rows."""
    with servers.postgres() as server, database(server) as db:
        fill(db, 1, keys)
        print(f"\nOne company of {keys:,} rows\n\n| what | seconds | peak, MiB |\n| --- | ---: | ---: |")
        for words in (["clean", "-n", "-q"], ["clean", "-q"], ["clean", "-n", "--json"]):
            began = time.perf_counter()
            command = [sys.executable, "-m", "baileys_cleanup", *words, "--store", db.url]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                _, _, used = os.wait4(process.pid, 0)
                process.returncode = 0
            took = time.perf_counter() - began
            print(f"| {' '.join(words)} | {took:.1f} | {used.ru_maxrss / 1024:.0f} |", flush=True)


PARTS = {"postgresql": night, "waits": waits, "redis": night_in_redis, "migrate": migration}

if __name__ == "__main__":
    part, *numbers = sys.argv[1:] or ["postgresql"]
    if part == "memory":
        memory(*map(int, numbers or ["1000000"]))
    else:
        PARTS[part](*map(int, numbers or ("1000", "900")))
