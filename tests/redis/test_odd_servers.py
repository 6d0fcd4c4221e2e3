"""Servers and keys that are not as expected: each gives a sentence or is passed by, and no key is in two places."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest
from redis_bench import Bench
from test_redis import FIELDS, GONE, STRING, everything

import redis
import servers


def held(bench: Bench) -> set[str]:
    """Return the fields that lie in the quarantine."""
    keys = list(bench.client.scan_iter("baileys-cleanup:quarantine:*"))
    return {name[2:].decode() for key in keys for name in bench.client.hkeys(key) if name.startswith(b"v:")}


def test_a_name_that_is_no_text_holds_nobody_up(bench: Bench) -> None:
    """Neither of a company, nor of a key, which is unknown and kept; what went comes back."""
    bench.client.hset(b"\xff\xfe:auth", mapping=FIELDS)
    bench.client.hset("1:auth", mapping={**FIELDS, b"session-\xff.0": b"{}"})
    before = everything(bench)
    said = bench.run("clean", "--json")
    assert ([10, 10], "done") == ([each["files"]["removed"] for each in said["companies"]], said["status"])
    bench.age(20)
    later = bench.run("clean", "--json", "--accept-clock")
    assert [2, 2] == [each["files"]["removed"] for each in later["companies"]]
    bench.run("check", status=1)
    for run in (later, said):
        bench.run("undo", run["run_id"], "--anyway")
    assert before == everything(bench)


@pytest.mark.parametrize("variables", [{}, STRING], ids=["hash", "string"])
def test_a_name_that_is_no_text_goes_along_into_either_layout(
    bench: Bench, tmp_path: Path, variables: dict[str, str]
) -> None:
    """Of a folder, and of a key in it: the bot on files has it too."""
    for number, name in enumerate((b"company_\xff\xfe", b"company_1")):
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        fields: dict[bytes, str] = {field.encode(): value for field, value in FIELDS.items()}
        for field, value in {**fields, b"session-\xff.0": "{}"}.items():
            path = os.path.join(folder, field.replace(b"/", b"__").replace(b":", b"-") + b".json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(value.replace("15550000001", f"1555000000{number}") if field == b"creds" else value)
            os.utime(path, (time.time() - 86_400,) * 2)
    said = bench.run("migrate", "--json", "--from", str(tmp_path), "--to", bench.url, **variables)
    assert ["copied", "copied"] == [each["status"] for each in said["companies"]]
    if variables:
        assert b"{}" == bench.client.get(b"\xff\xfe:session-\xff.0") == bench.client.get(b"1:session-\xff.0")
    else:
        assert b"{}" == bench.client.hget(b"\xff\xfe:auth", b"session-\xff.0")


def test_an_id_that_no_folder_can_have_fails_alone(bench: Bench, tmp_path: Path) -> None:
    """It is told why, by a dry run as well, and the others are copied."""
    for number, company in enumerate(("1", "a\0b", "x" * 250, "z")):
        creds = FIELDS["creds"].replace("15550000001", f"1555000000{number}")
        bench.client.hset(f"{company}:auth", mapping={**FIELDS, "creds": creds})
    words = ["migrate", "--json", "--from", bench.url, "--to", str(tmp_path)]
    for said in (bench.run(*words, "--dry-run", status=1), bench.run(*words, status=1)):
        assert ["copied", "failed", "failed", "copied"] == [each["status"] for each in said["companies"]]
        _, nul, long, _ = said["companies"]
        assert "no folder can be called company_<id>: it has a NUL byte in it" in nul["errors"][0]["error"]
        assert "no folder can be called company_<id>: it has 258 bytes" in long["errors"][0]["error"]
    assert {"company_1", "company_z"} == {path.name for path in tmp_path.glob("company_*")}


@pytest.mark.parametrize("lacking", ["hdel", "pttl"])
def test_who_may_not_do_all_of_a_removal_moves_nothing(bench: Bench, lacking: str) -> None:
    """Else a key would be in its place and in the quarantine, and counted as removed; nor is there a run to undo."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", f"-{lacking}")
    half = {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", "//half:pw@")}
    said = bench.run("clean", "--json", status=1, **half)
    assert 0 == said["totals"]["removed"]
    assert "this user may not " in said["companies"][0]["errors"][0]["error"]
    assert (set(), len(FIELDS)) == (held(bench), bench.client.hlen("1:auth"))
    assert "there is nothing to undo" in bench.run("undo", "latest", status=2)
    bench.client.acl_deluser("half")


@pytest.mark.parametrize("lacking", ["hdel", "pexpire", "setnx"])
def test_who_may_not_do_all_of_the_way_back_brings_nothing_back(bench: Bench, lacking: str) -> None:
    """Else a key would be back, and come back once more after it went again; with the right to it all come back."""
    keys = {f"1:{field}": value for field, value in FIELDS.items()}
    bench.client.mset(keys)
    bench.client.expire("1:pre-key-1", 9_000)
    before = everything(bench)
    bench.run("clean", **STRING)
    there, quarantined = everything(bench), held(bench)
    bench.client.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", f"-{lacking}")
    half = {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", "//half:pw@")}
    bench.run("undo", "latest", "--anyway", status=1, **half, **STRING)
    assert (there, quarantined) == (everything(bench), held(bench))
    bench.client.acl_deluser("half")
    bench.run("undo", "latest", "--anyway", **STRING)
    assert (before, set()) == (everything(bench), held(bench))
    assert 8_000 < bench.client.ttl("1:pre-key-1") <= 9_000


@pytest.mark.parametrize("noted", [b"{x", b"[1]", b"\xff", b'{"size": "x", "modified": {}, "pairing": 1}'])
def test_a_note_that_cannot_be_read_keeps_no_key_away(bench: Bench, noted: bytes) -> None:
    """Of that key nothing is known but its value; this run and all others are listed, and come back."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.hset("2:auth", mapping={**FIELDS, "creds": FIELDS["creds"].replace("AQID", "AQIE")})
    before = everything(bench)
    bench.run("clean")
    (key,) = bench.client.scan_iter("baileys-cleanup:quarantine:*{1:auth}")
    bench.client.hset(key, "m:pre-key-1", noted)
    (run,) = bench.run("undo", "--json")["runs"]
    assert 20 == run["files"]["removed"]
    bench.run("metrics")
    assert 20 == bench.run("undo", "latest", "--anyway", "--json")["totals"]["restored"]
    assert before == everything(bench)


def test_a_cache_that_is_for_another_kind_of_store_is_noted(bench: Bench) -> None:
    """A settings file may be for several stores; who believes that it is cleared can read that it is not."""
    bench.client.hset("1:auth", mapping=FIELDS)
    said = bench.run("clean", "--json", BAILEYS_CLEANUP_REDIS__CACHE="redis://127.0.0.1:1/0")
    assert (10, []) == (said["totals"]["removed"], said["warnings"])
    assert "redis.cache is for a cache in front of PostgreSQL; with this store it is not used" in said["notes"]
    assert "" == bench.run("clean", "-q", BAILEYS_CLEANUP_REDIS__CACHE="redis://127.0.0.1:1/0")


def test_a_server_that_is_full_is_one_sentence_and_nothing_is_lost(bench: Bench) -> None:
    """Of `check` before it is so, and of a run; with more memory the next run goes on."""
    bench.client.hset("1:auth", mapping=FIELDS)
    first = bench.run("clean", "--json")["run_id"]
    bench.age(20)
    before = everything(bench)
    used = int(bench.client.info("memory")["used_memory"])
    try:
        bench.client.config_set("maxmemory", used * 20 // 19)
        assert "% full: at maxmemory" in bench.run("check", status=1)
        bench.client.config_set("maxmemory", used // 2)
        assert "would go  session-15550000777.0.json" in bench.run("clean", "--dry-run")
        assert "memory is full, and this needs a little of it: raise maxmemory" in bench.run("clean", status=2)
        said = bench.run("undo", first, status=2)
        assert f"nothing can be written in {bench.url}" in said
        assert "raise maxmemory; nothing was brought back" in said
        assert before == everything(bench)
    finally:
        bench.client.config_set("maxmemory", 0)
    assert "% full" not in bench.run("check", status=1)
    assert 2 == bench.run("clean", "--json", "--accept-clock")["totals"]["removed"]


def test_two_users_are_enough(bench: Bench) -> None:
    """One who looks and one who cleans, with what the documentation gives them and the companies' keys alone."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.set("unheard-of", "x")
    common = [
        "on",
        ">pw",
        "~*:auth",
        "~baileys-cleanup:*",
        "+@connection",
        "+@read",
        "+time",
        "+role",
        "+info",
        "+evalsha",
        "+script|load",
    ]
    bench.client.execute_command("ACL", "SETUSER", "look", *common)
    bench.client.execute_command("ACL", "SETUSER", "cleanup", *common, "+@write")
    look, cleanup = (
        {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", f"//{name}:pw@")} for name in ("look", "cleanup")
    )
    assert 10 == bench.run("clean", "--dry-run", "--json", **look)["totals"]["removed"]
    assert "pw" not in bench.run("clean", status=2, **look)
    bench.run("check", status=1, **look)
    run = bench.run("clean", "--json", **cleanup)
    assert 10 == run["totals"]["removed"]
    bench.run("undo", run["run_id"], "--anyway", **cleanup)
    assert len(FIELDS) == bench.client.hlen("1:auth")
    bench.client.acl_deluser("look", "cleanup")


@pytest.mark.parametrize(("lacking", "said"), [("evalsha", "EVALSHA"), ("script|load", "SCRIPT LOAD")])
def test_a_user_who_may_run_no_scripts_is_refused_before_anything(bench: Bench, lacking: str, said: str) -> None:
    """Status 2, whatever is asked, and the command is named: neither a guard has refused, nor a company failed."""
    bench.client.hset("1:auth", mapping=FIELDS)
    run = bench.run("clean", "--json")["run_id"]
    bench.client.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", f"-{lacking}")
    bench.client.script_flush()
    half = {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", "//half:pw@")}
    before = everything(bench)
    for words in (["clean"], ["clean", "-n"], ["rotate", "--company", "1", "--dry-run"], ["undo"], ["undo", run]):
        assert f"this user may not run {said}: it needs" in bench.run(*words, status=2, **half)
    assert before == everything(bench)
    bench.client.acl_deluser("half")


def test_a_server_that_tells_little_is_cleaned(bench: Bench) -> None:
    """Without ROLE and INFO: `check` says what nobody can tell, and goes on."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.execute_command("ACL", "SETUSER", "default", "-role", "-info")
    try:
        assert 10 == bench.run("clean", "--dry-run", "--json")["totals"]["removed"]
        assert "let this user ask INFO" in bench.run("check", status=1)
    finally:
        bench.client.execute_command("ACL", "SETUSER", "default", "+role", "+info")


def test_a_cluster_of_one_node_is_cleaned() -> None:
    """All that one script asks for lies in one slot; strings do where the setting says so."""
    options = ("--cluster-enabled", "yes", "--cluster-port", str(servers.free_port()))
    with servers.redis(*options) as server, redis.Redis.from_url(server.url) as client:
        bench = Bench(server.url, client)
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        end = time.monotonic() + servers.WAIT
        while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
            assert time.monotonic() < end
            time.sleep(0.1)
        client.hset("1:auth", mapping=FIELDS)
        run = bench.run("clean", "--json")
        assert 10 == run["totals"]["removed"]
        bench.run("undo", run["run_id"], "--anyway")
        assert len(FIELDS) == client.hlen("1:auth")
        strings = {"BAILEYS_CLEANUP_REDIS__LAYOUT": "string"}
        for field, value in FIELDS.items():
            client.set(f"1:{field}", value)
            client.set(f"{{2}}:{field}", value)
        assert "in one slot" in bench.run("clean", "--company", "1", status=1, **strings)
        assert "which has no database 3" in Bench(server.url.removesuffix("0") + "3", client).run("clean", status=2)
        tagged = strings | {"BAILEYS_CLEANUP_REDIS__KEY": "{{company_id}}:{field}"}
        assert 10 == bench.run("clean", "--company", "2", "--json", **tagged)["totals"]["removed"]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("/evolution", "the number of a database"),
        ("/0?nonsense=1", "no parameter is called nonsense"),
        ("/0?decode_responses=yes", "decode_responses"),
        ("/99", "the server has no database 99: they are numbered from 0, up to 15"),
        ("/0?protocol=7", "protocol must be either 2 or 3"),
        ("/0?credential_provider=s3cret", "no parameter is called credential_provider; allowed"),
        ("/0?redis_connect_func=x", "no parameter is called redis_connect_func; allowed"),
        ("/0?retry=x", "no parameter is called retry; allowed"),
        ("/0?cache_config=x", "no parameter is called cache_config; allowed"),
        ("/0?encoding_errors=x", "unknown error handler name 'x'"),
        ("/0?socket_timeout=-4", "Timeout value out of range"),
    ],
)
def test_a_url_that_the_driver_would_take_otherwise_is_one_sentence(bench: Bench, rest: str, said: str) -> None:
    """No other database is cleaned, and nothing is called a bug; of a number that is not there it says which are."""
    other = Bench(bench.url.removesuffix("/0") + rest, bench.client)
    told = other.call("clean", BAILEYS_CLEANUP_STORE=other.url)
    assert (2, True) == (told.returncode, said in told.stderr), told.stderr
    assert "s3cret" not in told.stderr


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("ssl_cert_reqs=foo", "Invalid SSL Certificate Requirements Flag: foo"),
        ("ssl_ciphers=foo", "No cipher can be selected"),
        ("ssl_ca_data=foo", "cadata does not contain a certificate"),
        (f"ssl_ca_certs={__file__}", "(_ssl.c:"),
        ("ssl_keyfile=/nonexistent", "certfile should be a valid filesystem path"),
        ("ssl_ca_certs=/nonexistent/ca", "cannot be opened: ssl_ca_certs names /nonexistent/ca: No such file or dir"),
        ("ssl_certfile=/nonexistent/c", "cannot be opened: ssl_certfile names /nonexistent/c: No such file or direct"),
        ("ssl_ca_certs=/tmp", "cannot be opened: ssl_ca_certs names /tmp: it has to be a file"),
        ("ssl_ca_path=/nonexistent", "cannot be opened: ssl_ca_path names /nonexistent: No such file or directory"),
    ],
)
def test_a_parameter_of_tls_that_cannot_be_followed_is_one_sentence(bench: Bench, rest: str, said: str) -> None:
    """Status 2, nothing is called a bug, and nobody is told to do without TLS."""
    told = Bench(f"{bench.url.replace('redis:', 'rediss:')}?{rest}", bench.client).run("clean", status=2)
    assert (True, False) == (said in told, "write redis://" in told), told


def test_tls_that_the_server_does_not_speak_is_told(bench: Bench) -> None:
    """Status 2, and the sentence says which scheme fits."""
    assert "write redis://" in Bench(bench.url.replace("redis://", "rediss://"), bench.client).run("clean", status=2)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"N"], ids=["none", "http", "postgresql"])
def test_a_server_that_does_not_answer_as_a_redis_does_may_speak_tls_alone(bench: Bench, answer: bytes) -> None:
    """As the port of a Redis for TLS does where it is asked without; or it is another one."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_so() -> None:
            asking = server.accept()[0]
            asking.recv(1)
            asking.sendall(answer)
            asking.close()

        threading.Thread(target=answer_so, daemon=True).start()
        said = Bench(f"redis://127.0.0.1:{server.getsockname()[1]}/0", bench.client).run("clean", status=2)
    assert "does not answer as a Redis does: it may be another one, or speak TLS alone (rediss://)" in said


def test_a_password_that_is_not_escaped_is_refused_and_not_shown(bench: Bench) -> None:
    """On the command line and in a variable."""
    url = bench.url.replace("//", "//:s3/cret@")
    assert "cret" not in Bench(url, bench.client).run("clean", status=2)
    said = bench.run("clean", status=2, BAILEYS_CLEANUP_STORE=url)
    assert ("%2F" in said, "cret" in said) == (True, False)


def test_a_key_of_two_readings_is_of_the_longer_id(bench: Bench) -> None:
    """A key that can be read as of two companies is of the one with the longer id, and that one has its own creds."""
    strings = {"BAILEYS_CLEANUP_REDIS__LAYOUT": "string"}
    for company in ("1", "1:session-5"):
        bench.client.mset({f"{company}:{field}": value for field, value in FIELDS.items() if field != "metadata"})
    bench.client.set("1:session-5:creds", FIELDS["creds"].replace("AQID", "AQIE"))
    bench.run("clean", **strings)
    bench.age(20)
    bench.run("clean", "--accept-clock", **strings)
    left = {key.decode() for key in bench.client.scan_iter("1:*")}
    wanted = {field for field in FIELDS if field not in GONE and field != "metadata"}
    assert left == {f"{company}:{field}" for company in ("1", "1:session-5") for field in wanted}


def test_companies_in_single_values_are_refused(bench: Bench) -> None:
    """Status 2, and the value is named; nothing could go from it without all of it being written anew."""
    bench.client.set("1:auth", '{"creds":{},"keys":{"pre-key":{}}}')
    for words in (["--dry-run"], []):
        assert "1:auth" in bench.run("clean", *words, status=2)
    assert [b"1:auth"] == bench.client.keys("*")


@pytest.mark.parametrize("variables", [{}, STRING], ids=["hash", "string"])
def test_keys_of_another_type_are_named(bench: Bench, tmp_path: Path, variables: dict[str, str]) -> None:
    """Beside a company, by all that look at all of them; what the setting exclude names is none of it."""
    if variables:
        bench.client.mset({f"1:{field}": value for field, value in FIELDS.items()})
        odd, other = "1:session-5.0", "none:creds"
    else:
        bench.client.hset("1:auth", mapping=FIELDS)
        odd, other = "2:auth", "none:auth"
    bench.client.rpush(odd, "x")
    bench.client.rpush(other, "x")
    variables = variables | {"BAILEYS_CLEANUP_EXCLUDE": "none"}
    what = f"passed over: {odd}: of type list, and by redis.layout"
    for words in (["clean", "--dry-run"], ["clean"]):
        said = bench.run(*words, "--json", **variables)
        assert 10 == said["totals"]["removed"]
        assert [] == said["warnings"]
        assert any(text.startswith(what) for text in said["notes"])
        assert any(text.startswith(f"passed over: {other}: the setting exclude") for text in said["notes"])
    assert f"passed over: {odd}" in bench.run("check", status=1, **variables)
    looked = bench.run("monitor", "--once", "--json", **variables)
    assert [odd, other] == [each["name"] for each in looked["passed_over"]]
    (tmp_path / "archives").mkdir(0o700)
    assert what in bench.run("backup", "--to", str(tmp_path / "archives"), **variables)
    (tmp_path / "folders").mkdir()
    bench.age(1)
    assert what in bench.run("migrate", "--from", bench.url, "--to", str(tmp_path / "folders"), **variables)
    assert b"x" == bench.client.lpop(odd)


def test_many_keys_of_somebody_else_s_flood_nothing(bench: Bench, tmp_path: Path) -> None:
    """The first of them are named, the others counted; the mail of a night says nothing of them."""
    bench.client.hset("1:auth", mapping=FIELDS)
    for number in range(500):
        bench.client.sadd(f"user{number:03}:auth", "x")
    what = "passed over: user000:auth, user001:auth, user002:auth, user003:auth, user004:auth and 495 more: of type set"
    assert "" == bench.run("clean", "-q")
    assert any(text.startswith(what) for text in bench.run("clean", "--dry-run", "--json")["notes"])
    assert "user004:auth and 495 more" in bench.run("check", status=1)
    for words, status in ((["check", "--json"], 1), (["monitor", "--once", "--json"], 0)):
        over = bench.run(*words, status=status)["passed_over"]
        assert (21, "user019:auth", "480 more") == (len(over), over[19]["name"], over[20]["name"])
    (tmp_path / "archives").mkdir(0o700)
    assert what in bench.run("backup", "--to", str(tmp_path / "archives"))
    assert "passed over: 500" not in bench.run("clean", "-q", BAILEYS_CLEANUP_EXCLUDE="user*")


@pytest.mark.parametrize(
    ("layout", "key", "said"),
    [
        ("hash", "oldbots:1:{}", "By redis.layout a company is a hash, but oldbots:1:creds stands beside pre-keys"),
        ("string", "1:auth", "By redis.layout a company is several strings, but 1:auth is a hash with creds and"),
    ],
)
def test_a_store_without_a_company_is_told_of_what_the_other_layout_would_fit(
    bench: Bench, tmp_path: Path, layout: str, key: str, said: str
) -> None:
    """As a part of the warning, for the server may be shared; nothing of it is said once exclude names what was found."""
    if layout == "hash":
        bench.client.mset({key.format(field): value for field, value in FIELDS.items()})
    else:
        bench.client.hset(key, mapping=FIELDS)
    before, variables = everything(bench), {"BAILEYS_CLEANUP_REDIS__LAYOUT": layout}
    for folder in ("archives", "folders"):
        (tmp_path / folder).mkdir(0o700)
    migrate = ["migrate", "--from", bench.url, "--to", str(tmp_path / "folders"), "--dry-run"]
    backup = ["backup", "--to", str(tmp_path / "archives")]
    commands = [["clean", "-n"], ["clean"], ["clean", "-q"], ["monitor", "--once"], backup, migrate]
    for words in commands:
        assert said in bench.run(*words, **variables)
    assert said in bench.run("check", status=3, **variables)
    told = bench.run("clean", "--company", "7", status=2, **variables)
    assert ("there is no such company" in told, said in told) == (True, True)
    bench.run("metrics", **variables)
    for excluded in ("oldbots:*", "1:auth"):
        variables["BAILEYS_CLEANUP_EXCLUDE"] = excluded
        if excluded[:2] == key[:2]:
            for words in commands:
                assert "By redis.layout" not in bench.run(*words, **variables)
    assert before == everything(bench)


def test_what_is_somebody_else_s_is_taken_for_no_company(bench: Bench) -> None:
    """Other software has creds and sessions as well; a store without a company is a warning, and that is all."""
    bench.client.hset("user:5", mapping={"name": "x", "session-1": "y"})
    bench.client.hset("aws", mapping={"creds": "x", "region": "y"})
    said = bench.run("clean", **STRING)
    assert ("redis.key says?" in said, "By redis.layout" in said) == (True, False)
    bench.client.set("aws:creds", "x")
    bench.client.set("web:session-1", "x")
    said = bench.run("clean")
    assert ("redis.key says?" in said, "By redis.layout" in said) == (True, False)
    assert "rows" not in said


def test_an_excluded_company_is_no_reason_to_look_for_single_values(bench: Bench) -> None:
    """Nor is a single value one that the setting exclude names."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.set("2:auth", "{}")
    assert "passed over: 2:auth: of type string" in bench.run("clean", BAILEYS_CLEANUP_EXCLUDE="1")
    bench.client.delete("1:auth")
    assert "2:auth is a single value" not in bench.run("clean", BAILEYS_CLEANUP_EXCLUDE="2")
    assert "2:auth in redis" in bench.run("clean", status=2, BAILEYS_CLEANUP_EXCLUDE="1")


def test_a_url_that_the_driver_cannot_follow_is_one_sentence(bench: Bench) -> None:
    """The parameter that it does not know, with those that there are; a scheme in another case it may have."""
    url = bench.url.replace("//", "//:s3cret@")
    done = bench.call("check", BAILEYS_CLEANUP_STORE=f"{url}?socket_timeout=5&foo=1")
    assert "no parameter is called foo; allowed after the question mark: client_name, db" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr
    said = bench.run("check", status=3, BAILEYS_CLEANUP_STORE=bench.url.replace("redis:", "REDIS:"))
    assert "holds no company" in said
