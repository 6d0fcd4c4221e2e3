"""What a night costs in PostgreSQL, beside the plain SQL that an operator would write.

    python benchmarks/databases.py [COMPANIES] [KEYS]

It starts a server of its own, fills it, and prints the times of a dry run, a run that removes 25 keys of each company,
an undo, the plain SELECT of names and times, and the plain DELETE with its INSERT.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "postgresql"))
from pg_bench import OTHER, SPLIT, creds, database

import servers

OLD, ROUNDS = 25, 2
PLAIN = """
create table plain (like whatsapp_keys);
with g as (delete from whatsapp_keys where key_type = 'session' and updated_at < now() - interval '14 days' returning *)
insert into plain select * from g;
"""


def me(number: int) -> dict[str, str]:
    """Return an account of its own for a company."""
    return {"id": f"1555{number:07}:7@s.whatsapp.net"}


def processor(server: servers.Server) -> float:
    """Return the processor seconds of all children that have ended: ours, and the server's connections."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert server.process is not None
    told = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return ours.ru_utime + ours.ru_stime + (int(told[13]) + int(told[14])) / os.sysconf("SC_CLK_TCK")


def timed(server: servers.Server, name: str, work: Callable[[], object]) -> float:
    """Print how long something took, and return its processor seconds: on a busy machine they move less."""
    began, before = time.perf_counter(), processor(server)
    work()
    took = time.perf_counter() - began
    time.sleep(0.5)  # the server sees to a connection that ended
    spent = processor(server) - before
    print(f"| {name} | {took:.1f} | {spent:.1f} |", flush=True)
    return spent


def main(companies: int, keys: int) -> None:
    """Fill, and measure."""
    with servers.postgres() as server, database(server) as db:
        db.execute(SPLIT.replace("jsonb", "text"))
        value = json.dumps({"k": "x" * 400})
        with psycopg.connect(db.url) as connection, connection.cursor() as cursor:
            for number in range(companies):
                cursor.execute(
                    "insert into whatsapp_auth values (%s, %s)", [f"c{number}", json.dumps(creds(me=me(number)))]
                )
            with cursor.copy("copy whatsapp_keys from stdin") as copy:
                for number in range(companies):
                    for place in range(keys):
                        copy.write_row(
                            (
                                f"c{number}",
                                "session",
                                f"{OTHER}{place}.0",
                                value,
                                "2026-01-01" if place < OLD else "2090-01-01",
                            )
                        )
        db.execute("update whatsapp_keys set updated_at = now() where updated_at > now()")
        db.execute("vacuum full analyze")

        def run(*words: str) -> None:
            done = db.call(*words)
            assert done.returncode in {0, 1}, done.stderr

        print(f"{companies:,} companies of {keys:,} keys\n\n| what | seconds | processor |\n| --- | --- | --- |")
        names = "select company_id, key_type, key_id, updated_at from whatsapp_keys"
        psql = ["psql", "-q", "-o", "/dev/null", "-c", names, db.url]
        for _ in range(ROUNDS):
            plain = timed(server, "plain SELECT of names and times", lambda: subprocess.run(psql, check=True))
            timed(server, "dry run", lambda: run("clean", "-n", "-q"))
            took = timed(server, f"run, {OLD} removals each", lambda: run("clean", "-q", "--accept-clock"))
            timed(server, "run, nothing to remove", lambda: run("clean", "-q"))
            timed(server, "undo", lambda: run("undo", "latest", "--anyway"))
            db.execute("vacuum analyze")
            plain += timed(
                server, "plain DELETE and INSERT", lambda: subprocess.run([*psql[:2], "-c", PLAIN, db.url], check=True)
            )
            db.execute("insert into whatsapp_keys select * from plain; drop table plain")
            db.execute("vacuum analyze")
            print(f"| the run, in times of SELECT, DELETE and INSERT | | {took / plain:.1f} |", flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3] or ("1000", "900")))
