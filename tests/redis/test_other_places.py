"""What a run took is found by the key that it was taken from, whatever the settings name by now."""

from pathlib import Path

from redis_bench import Bench
from test_redis import EVOLUTION, FIELDS, everything

OTHER = {**FIELDS, "creds": FIELDS["creds"].replace("AQID", "AQIE")}


def test_two_bots_in_one_database_have_runs_of_their_own(bench: Bench) -> None:
    """The run over one kind of keys loses nothing of the other's, and brings nothing back into the wrong place."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.hset("evolution:instance:9", mapping=OTHER)
    before = everything(bench)
    first = bench.run("clean", "--json")
    second = bench.run("clean", "--json", **EVOLUTION)
    assert ([], 10) == (second["errors"], second["totals"]["removed"])
    said = bench.run("undo", first["run_id"], "--anyway", status=1, **EVOLUTION)
    assert "it was taken from 1:auth, and redis.key names another place" in said
    bench.run("undo", first["run_id"], "--anyway")
    bench.run("undo", second["run_id"], "--anyway", **EVOLUTION)
    assert before == everything(bench)


def test_what_was_taken_from_a_company_that_is_gone_comes_back_under_its_name(bench: Bench) -> None:
    """Also where the id has the word `company_` before it, which nobody can see any more."""
    bench.client.hset("company_1:auth", mapping=FIELDS)
    bench.client.hset("2:auth", mapping=OTHER)
    run = bench.run("clean", "--json", "--company", "1")
    bench.client.delete("company_1:auth")
    assert [] == bench.run("clean", "--json")["errors"]
    bench.run("undo", run["run_id"], "--anyway")
    assert (10, 0) == (bench.client.hlen("company_1:auth"), bench.client.exists("1:auth"))


def test_two_fields_of_one_name_are_left_out_of_nothing_in_silence(bench: Bench, tmp_path: Path) -> None:
    """`clean` names it, `backup` archives all else and ends with status 1, `migrate` copies nothing of the company."""
    fields = {**FIELDS, "session-1:2.0": "1", "session-1-2.0": "2"}
    bench.client.hset("1:auth", mapping=fields)
    (seen,) = bench.run("clean", "--dry-run", "--json")["companies"]
    assert any("1 entry is there twice, as two keys of one name, and left alone" in each for each in seen["warnings"])
    (tmp_path / "archives").mkdir(0o700)
    (made,) = bench.run("backup", "--to", str(tmp_path / "archives"), "--json", status=1)["companies"]
    assert ("backed_up", len(FIELDS)) == (made["status"], made["files"]["archived"])
    assert "two keys of one name" in made["errors"][0]["error"]
    (tmp_path / "root").mkdir()
    moved = bench.run("migrate", "--from", bench.url, "--to", str(tmp_path / "root"), "--json", status=1)
    assert "session-1-2.0.json; nothing was copied" in moved["companies"][0]["errors"][0]["error"]
    assert [] == list((tmp_path / "root").glob("company_*"))
