"""What a run took is found by the key that it was taken from, whatever the settings name by now."""

from pathlib import Path

import pytest
from redis_bench import Bench
from test_redis import EVOLUTION, FIELDS, STRING, everything

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


BARE = {"BAILEYS_CLEANUP_REDIS__KEY": "{company_id}"}


def test_two_companies_whose_keys_differ_in_braces_alone_share_nothing(bench: Bench) -> None:
    """What went from both would lie in one place: the one in braces is kept and named, and comes into no other's keys."""
    both = {key: {name: key if name != "creds" else value for name, value in FIELDS.items()} for key in ("1", "{1}")}
    for key, fields in both.items():
        bench.client.hset(key, mapping=fields)
    before = everything(bench)
    said = bench.run("clean", "--json", **BARE)
    assert [("1", 10)] == [(each["company_id"], each["files"]["removed"]) for each in said["companies"]]
    assert any("passed over: {1}: it is left alone" in each for each in said["warnings"])
    assert "same but for the braces" in bench.run("clean", "--company", "{1}", status=2, **BARE)
    assert before[b"{1}"] == everything(bench)[b"{1}"]
    bench.run("undo", "latest", "--anyway", **BARE)
    assert before == everything(bench)
    bench.client.delete("1")
    assert 10 == bench.run("clean", "--json", **BARE)["totals"]["removed"]


def test_a_key_that_is_called_as_an_old_note_is_found_again(bench: Bench) -> None:
    """Whatever the settings name by now: what was taken from it is not said to be gone."""
    bench.client.hset("1", mapping=FIELDS)
    bench.client.hset("2:auth", mapping=OTHER)
    run = bench.run("clean", "--json", "--company", "1", **BARE)["run_id"]
    bench.run("clean")
    assert [10, 10] == [each["files"]["removed"] for each in bench.run("undo", "--json")["runs"]]
    assert "it was taken from 1, and redis.key names" in bench.run("undo", run, "--anyway", status=1)
    bench.run("undo", run, "--anyway", **BARE)
    assert len(FIELDS) == bench.client.hlen("1")


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


@pytest.mark.parametrize(("one", "other"), [("~", "{~:}"), ("é", "{é:}")])
def test_what_is_tried_before_a_removal_is_no_other_companys(bench: Bench, one: str, other: str) -> None:
    """Strings of two companies, and what lies in the quarantine of the one is called as the other's but for a colon."""
    for company, fields in ((one, FIELDS), (other, OTHER)):
        bench.client.mset({f"{company}:{name}": value for name, value in fields.items()})
    before = strings(bench)
    bench.run("clean", **STRING)
    assert len(strings(bench)) == len(before) - 20
    bench.run("undo", "latest", "--anyway", **STRING)
    assert before == strings(bench)


def test_an_end_that_comes_back_with_a_hash_is_its_own(bench: Bench) -> None:
    """What lies in the quarantine of another company is kept for as long as the run says."""
    for company, fields in (("1", FIELDS), ("{1}:", OTHER)):
        bench.client.hset(company, mapping=fields)
        bench.client.expire(company, 3_000)
    run = bench.run("clean", "--json", **BARE)["run_id"]
    bench.run("undo", run, "--company", "1", "--anyway", **BARE)
    (held,) = bench.client.scan_iter(f"baileys-cleanup:quarantine:{run}:*")
    assert -1 == bench.client.ttl(held)


def strings(bench: Bench) -> dict[bytes, bytes]:
    """Return all strings of bots."""
    found = [key for key in bench.client.scan_iter(_type="string") if not key.startswith(b"baileys-cleanup:")]
    return {key: bench.client.get(key) for key in found}
