"""Cleaning, undo, migration and refusals in Redis, in both layouts."""

import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from redis_bench import Bench

import redis
from baileys_cleanup import cli
from baileys_cleanup.errors import Refused
from baileys_cleanup.store.redis.removal import RedisRemover

PN, LID, OTHER = "15550000001", "200000000000001", "15550000777"
CREDS = json.dumps(
    {
        "me": {"id": f"{PN}:7@s.whatsapp.net", "lid": f"{LID}:7@lid"},
        "nextPreKeyId": 61,
        "firstUnuploadedPreKeyId": 61,
        "signedIdentityKey": {"public": {"type": "Buffer", "data": "AQID"}},
    }
)
FIELDS = {
    "creds": CREDS,
    f"session-{OTHER}.0": '{"a":1}',
    f"session-{PN}.0": "{}",
    f"sender-key-120363001@g.us::{OTHER}::0": "{}",
    f"sender-key-120363001@g.us::{PN}::7": "{}",
    "sender-key-memory-120363001@g.us": '{"x":true}',
    "app-state-sync-key-AAAA/b==": "{}",
    "metadata": "{}",
    **{f"pre-key-{number}": "{}" for number in range(1, 61)},
}
GONE = {
    f"session-{OTHER}.0",
    f"sender-key-120363001@g.us::{OTHER}::0",
    *(f"pre-key-{number}" for number in range(1, 11)),
}
STRING = {"BAILEYS_CLEANUP_REDIS__LAYOUT": "string"}
EVOLUTION = {"BAILEYS_CLEANUP_REDIS__KEY": "evolution:instance:{company_id}"}


def everything(bench: Bench) -> dict[bytes, object]:
    """Return all that is not the tool's own."""
    found: dict[bytes, object] = {}
    for key in bench.client.scan_iter():
        if not key.startswith(b"baileys-cleanup:"):
            found[key] = bench.client.hgetall(key) if bench.client.type(key) == b"hash" else bench.client.get(key)
    return found


@pytest.mark.parametrize(("kind", "variables"), [("hash", {}), ("string", STRING), ("evolution", EVOLUTION)])
def test_clean_and_undo_give_back_the_very_keys(bench: Bench, kind: str, variables: dict[str, str]) -> None:
    """The first run removes only by number; later what the ledger has seen long enough; undo brings all back."""
    for company in ("1", "o'brien*", "a:b"):
        if kind == "string":
            bench.client.mset({f"{company}:{field}": value for field, value in FIELDS.items()})
        else:
            bench.client.hset(f"evolution:instance:{company}" if variables else f"{company}:auth", mapping=FIELDS)
    bench.client.set("unheard-of", "x")
    before = everything(bench)
    dry = bench.run("clean", "--dry-run", "--json", **variables)
    assert any("begins with the first real run" in note for note in dry["notes"])
    assert before == everything(bench)
    assert [] == list(bench.client.scan_iter("baileys-cleanup:*"))
    first = bench.run("clean", "--json", **variables)
    assert (3, 3 * 10) == (first["totals"]["companies"], first["totals"]["removed"])
    bench.age(20)
    second = bench.run("clean", "--json", "--accept-clock", **variables)
    assert 3 * 2 == second["totals"]["removed"]
    assert {"1"} == {
        each["company_id"]
        for each in bench.run("clean", "--json", "--company", "1", "--accept-clock", **variables)["companies"]
    }
    for run in (second, first):
        told = bench.run("undo", run["run_id"], "--anyway", **variables)
        assert "The next run would remove" in told
    assert before == everything(bench)
    assert [] == bench.run("undo", "--json", **variables)["runs"]
    assert (
        12
        == bench.run("clean", "--dry-run", "--json", "--accept-clock", "--company", "1", **variables)["totals"][
            "removed"
        ]
    )


def test_a_memory_and_its_own_key_never_go_by_a_hash(bench: Bench) -> None:
    """A group send writes the same memory anew, and no hash sees that."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.run("clean")
    bench.age(400)
    bench.run("clean", "--accept-clock")
    left = {field.decode() for field in bench.client.hkeys("1:auth")}
    assert {"sender-key-memory-120363001@g.us", f"sender-key-120363001@g.us::{PN}::7"} <= left


def test_a_value_that_changed_is_young(bench: Bench) -> None:
    """And one that nobody touched goes."""
    fields = {"creds": CREDS, f"session-{OTHER}.0": "a", f"session-{OTHER}.1": "b"}
    bench.client.hset("1:auth", mapping=fields)
    bench.run("clean")
    bench.age(20)
    bench.client.hset("1:auth", f"session-{OTHER}.0", "new")
    assert 1 == bench.run("clean", "--json", "--accept-clock")["totals"]["removed"]
    assert b"new" == bench.client.hget("1:auth", f"session-{OTHER}.0")


@pytest.mark.parametrize("variables", [{}, STRING], ids=["hash", "string"])
def test_days_that_left_no_trace_in_the_keys_are_no_days(bench: Bench, variables: dict[str, str]) -> None:
    """The ledger's own look at the last run is no trace, nor a memory, of which it keeps none; a new value is."""
    fields = {"creds": CREDS, f"session-{OTHER}.0": "a", f"session-{OTHER}.1": "b", "sender-key-memory-1@g.us": "{}"}

    def write(field: str, value: str) -> None:
        if variables:
            bench.client.set(f"1:{field}", value)
        else:
            bench.client.hset("1:auth", field, value)

    for field, value in fields.items():
        write(field, value)
    bench.run("clean", **variables)
    before = everything(bench)
    jumped = bench.call("clean", before=("faketime", "-f", "+16d"), **variables)
    assert jumped.returncode == 4, jumped.stdout + jumped.stderr
    assert "no file of any company was written after it" in jumped.stderr
    assert before == everything(bench)
    write(f"session-{OTHER}.1", "c")
    later = bench.call("clean", "--json", before=("faketime", "-f", "+16d"), **variables)
    assert '"removed": 1' in later.stdout, later.stdout + later.stderr


def test_a_line_of_the_ledger_that_cannot_be_read_makes_a_key_young(bench: Bench) -> None:
    """Whoever wrote it: the key stays, and the line is written anew."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.run("clean")
    bench.age(20)
    for field in (f"session-{OTHER}.0", f"sender-key-120363001@g.us::{OTHER}::0"):
        bench.client.hset("baileys-cleanup:ledger:{1:auth}", field, b"\xff 1")
    assert 0 == bench.run("clean", "--json", "--accept-clock")["totals"]["removed"]
    assert b"\xff 1" not in bench.client.hvals("baileys-cleanup:ledger:{1:auth}")


def test_undo_never_overwrites_a_newer_key(bench: Bench) -> None:
    """What the bot wrote since stays."""
    bench.client.hset("1:auth", mapping=FIELDS)
    run = bench.run("clean", "--json")["run_id"]
    bench.client.hset("1:auth", "pre-key-1", "new")
    done = bench.call("undo", run, "--json")
    assert done.returncode != 0
    assert b"new" == bench.client.hget("1:auth", "pre-key-1")
    assert 51 == sum(field.startswith(b"pre-key-") for field in bench.client.hkeys("1:auth"))
    bench.run("undo", run, "--anyway", status=1)
    assert b"new" == bench.client.hget("1:auth", "pre-key-1")
    assert 60 == sum(field.startswith(b"pre-key-") for field in bench.client.hkeys("1:auth"))


def test_what_is_due_is_deleted_for_good(bench: Bench) -> None:
    """By a later run, and at once with `--undo-days 0`."""
    bench.client.hset("1:auth", mapping=FIELDS)
    run = bench.run("clean", "--json")["run_id"]
    record = json.loads(bench.client.hget("baileys-cleanup:runs", run))
    bench.client.hset(
        "baileys-cleanup:runs", run, json.dumps(record | {"started": record["started"] - 8 * 86_400 * 10**9})
    )
    bench.client.hset("1:auth", mapping={f"pre-key-{number}": "{}" for number in range(1, 11)})
    bench.run("clean", "--undo-days", "0")
    assert [] == list(bench.client.scan_iter("baileys-cleanup:quarantine:*"))
    assert {} == bench.client.hgetall("baileys-cleanup:runs")


def test_no_update_is_lost_under_writers(bench: Bench) -> None:
    """Writers of the very fields, 60 rounds: what is in the quarantine is what was planned; a naive move takes others."""
    from baileys_cleanup.cleaning.company import Terms, look_and_plan
    from baileys_cleanup.decision.policy import Policy
    from baileys_cleanup.settings.values import Settings
    from baileys_cleanup.store.open import open_store
    from baileys_cleanup.store.place import Place
    from baileys_cleanup.store.remover import Outcome
    from baileys_cleanup.store.runs import Run

    names = [f"session-{OTHER}.{device}" for device in range(40)]
    bench.client.hset("1:auth", mapping={"creds": CREDS, **dict.fromkeys(names, "old")})
    end = threading.Event()
    written: dict[str, int] = {}

    def write(mine: list[str], pause: float) -> None:
        number = 0
        with redis.Redis.from_url(bench.url) as client:
            while not end.is_set():
                number += 1
                name = mine[number % len(mine)]
                client.hset("1:auth", name, str(number))
                written[name] = number
                end.wait(pause)

    # Three as fast as they can; of the fourth's some are always left between two of its writes.
    threads = [threading.Thread(target=write, args=(names[part::4], 0 if part else 0.02)) for part in range(4)]
    planned_values: dict[tuple[str, str], str] = {}
    outcomes = dict.fromkeys(Outcome, 0)
    met = (Outcome.REMOVED, Outcome.CHANGED)
    wrong = 0
    for thread in threads:
        thread.start()
    try:
        with open_store(Place(bench.url)) as store, store.workspace(create=True) as workspace:
            for number in itertools.count():
                # It takes more rounds where no writer has come between look and removal yet, or one always has.
                if number >= 60 and (all(outcomes[each] for each in met) or number == 6_000):
                    break
                run = Run(f"race-{number}", time.time_ns(), 7)
                terms = Terms(
                    time.time_ns() + 20 * 86_400 * 10**9, Settings().levels, None, lambda: None, lambda: False
                )
                with workspace.remover(run, time.time_ns) as remover, store.company("1") as company:
                    plan = look_and_plan(company, Policy(), terms).plan.removals
                    with remover.company(company) as at_work:
                        for removal in at_work.remove(plan, lambda: False):
                            outcomes[removal.outcome] += 1
                            planned_values[run.run_id, removal.verdict.file.stamp.field] = (
                                removal.verdict.file.stamp.mark
                            )
            for again in range(6_000):
                if again >= 60 and wrong:
                    break
                seen = bench.client.hgetall("1:auth")
                for name in names[:5]:
                    value = bench.client.eval(
                        "local v = redis.call('HGET', KEYS[1], ARGV[1]) redis.call('HDEL', KEYS[1], ARGV[1]) return v",
                        1,
                        "1:auth",
                        name,
                    )
                    wrong += value is not None and value != seen.get(name.encode())
    finally:
        end.set()
        for thread in threads:
            thread.join()
    for (run_id, field), mark in planned_values.items():
        value = bench.client.hget(f"baileys-cleanup:quarantine:{run_id}:{{1:auth}}", f"v:{field}")
        assert value is None or hashlib.sha1(value).hexdigest() == mark
    for name in names[5:]:
        value = bench.client.hget("1:auth", name)
        taken = [
            bench.client.hget(f"baileys-cleanup:quarantine:race-{each}:{{1:auth}}", f"v:{name}")
            for each in range(number)
        ]
        # A write that the server has and the writer never heard of is newer than the last one it heard of.
        assert written[name] <= max(int(each) for each in (value, *taken) if each not in {None, b"old"})
    assert all(outcomes[each] > 0 for each in met)
    assert wrong > 0, "the load proves nothing"


def test_one_run_at_a_time(bench: Bench) -> None:
    """A lease with an end; its holder is named."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.set("baileys-cleanup:lease:{lock}", "process 7 on elsewhere abc", px=600_000)
    assert "process 7 on elsewhere" in bench.run("clean", status=3)
    bench.client.delete("baileys-cleanup:lease:{lock}")
    bench.run("clean")
    assert None is bench.client.get("baileys-cleanup:lease:{lock}")


@pytest.mark.parametrize("variables", [{}, STRING, {"BAILEYS_CLEANUP_REDIS__IDS": "file"}])
def test_there_and_back_gives_the_same_folder(bench: Bench, tmp_path: Path, variables: dict[str, str]) -> None:
    """Bytes and, by the ledger, dates; a second time all is there."""
    folder = tmp_path / "root" / "company_7"
    folder.mkdir(parents=True)
    then = time.time() - 20 * 86_400
    for field, value in FIELDS.items():
        if field != "metadata":
            path = folder / (field.replace("/", "__").replace(":", "-") + ".json")
            path.write_text(value)
            os.utime(path, (then, then))
    (tmp_path / "back").mkdir()

    def migrate(source: str, target: str) -> dict:
        command = [sys.executable, "-m", "baileys_cleanup", "migrate", "--from", source, "--to", target, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | variables)
        assert 0 == done.returncode, done.stdout + done.stderr
        return json.loads(done.stdout)

    migrate(str(tmp_path / "root"), bench.url)
    assert ["there_already"] == [each["status"] for each in migrate(str(tmp_path / "root"), bench.url)["companies"]]
    migrate(bench.url, str(tmp_path / "back"))
    before, after = (
        {path.name: path.read_text() for path in (tmp_path / name / "company_7").iterdir()} for name in ("root", "back")
    )
    assert before == after
    session = tmp_path / "back" / "company_7" / f"session-{OTHER}.0.json"
    assert session.stat().st_mtime == pytest.approx(then, abs=0.01)
    assert 12 == bench.run("clean", "--dry-run", "--json", **variables)["totals"]["removed"]


def test_the_other_commands_see_the_same(bench: Bench, tmp_path: Path) -> None:
    """check, metrics, explain, monitor, backup."""
    bench.client.hset("1:auth", mapping=FIELDS)
    assert "append-only" in bench.run("check", status=1)
    assert 'company_id="1",file_type="pre_key"} 60.0' in bench.run("metrics")
    assert bench.run("explain", "--json")["companies"]
    assert ["1"] == [each["company_id"] for each in bench.run("monitor", "--once", "--json")["companies"]]
    (tmp_path / "archives").mkdir(0o700)
    assert "backed_up" in bench.run("backup", "--to", str(tmp_path / "archives"), "--json")["companies"][0]["status"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"BAILEYS_CLEANUP_REDIS__KEY": "auth"}, "{company_id}"),
        ({"BAILEYS_CLEANUP_REDIS__LAYOUT": "string", "BAILEYS_CLEANUP_REDIS__KEY": "{company_id}"}, "{field}"),
        ({"BAILEYS_CLEANUP_REDIS__LAYOUT": "list"}, '"hash" or "string"'),
    ],
)
def test_a_layout_that_cannot_be_is_one_sentence(bench: Bench, variables: dict[str, str], said: str) -> None:
    """Status 2, before anything."""
    assert said in bench.run("clean", status=2, **variables)


def test_a_server_that_is_not_there(bench: Bench) -> None:
    """The sentence says so, and repeats no password."""
    command = [sys.executable, "-m", "baileys_cleanup", "clean"]
    environment = os.environ | {"BAILEYS_CLEANUP_STORE": "redis://:s3cret@127.0.0.1:1/0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (2, True) == (done.returncode, "cannot be reached" in done.stderr)
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize("variables", [{}, STRING], ids=["hash", "string"])
def test_a_soft_rotation_goes_in_one_script_and_comes_back(bench: Bench, variables: dict[str, str]) -> None:
    """What a new folder would not get goes at once, own key and memory among it; the way back gives the very values."""
    if variables:
        bench.client.mset({f"1:{field}": value for field, value in FIELDS.items()})
    else:
        bench.client.hset("1:auth", mapping=FIELDS)
    before = everything(bench)
    (told,) = bench.run("rotate", "--company", "1", "--yes", "--json", **variables)["rotations"]
    assert 14 == told["files"]["left"]
    left = {
        field.decode().removeprefix("1:")
        for field in (bench.client.keys("1:*") if variables else bench.client.hkeys("1:auth"))
    }
    assert left == {field for field in FIELDS if not field.startswith(("session-155500007", "sender-key"))} - {
        f"pre-key-{number}" for number in range(1, 11)
    }
    bench.run("rotate", "--company", "1", "--rollback", "--yes", **variables)
    assert before == everything(bench)


def test_one_key_that_was_written_meanwhile_keeps_all_in_place(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script moves all or nothing: no memory is ever left without its own key by a bot that runs."""
    bench.client.hset("1:auth", mapping=FIELDS)
    take, number = RedisRemover.take_all, itertools.count()

    def late(*arguments: Any) -> list[str]:
        bench.client.hset("1:auth", "sender-key-memory-120363001@g.us", f'{{"new":{next(number)}}}')
        return take(*arguments)

    monkeypatch.setattr(RedisRemover, "take_all", late)
    done = CliRunner().invoke(cli.commands, ["rotate", "--company", "1", "--yes", "--store", bench.url])
    assert isinstance(done.exception, Refused), done.output
    assert (3, len(FIELDS)) == (next(number), bench.client.hlen("1:auth"))
    assert [] == bench.client.keys("baileys-cleanup:q:*")
