"""`check` tells what is wrong with a server as a store of keys."""

import json

import pytest
from redis_bench import Bench

CREDS = json.dumps({"me": {"id": "15550000001:7@s.whatsapp.net"}, "nextPreKeyId": 61, "firstUnuploadedPreKeyId": 61})
NUMBERED = json.dumps({str(place): place for place in range(33)})
"""What `JSON.stringify` makes of a `Uint8Array`."""
BUFFER = json.dumps({"type": "Buffer", "data": "BQID"})
STRING = {"BAILEYS_CLEANUP_REDIS__LAYOUT": "string"}


@pytest.mark.parametrize("variables", [{}, STRING], ids=["hash", "string"])
def test_a_server_that_may_lose_keys_is_told(bench: Bench, variables: dict[str, str]) -> None:
    """No append-only file, a policy that drops keys, an end, identity keys nobody can read back: each with what to do."""
    keys = {"creds": CREDS, "identity-key-15550000777.0": BUFFER, "session-15550000778.0": NUMBERED}
    if variables:
        bench.client.mset({f"1:{field}": value for field, value in keys.items()})
    else:
        bench.client.hset("1:auth", mapping=keys)
    bench.client.config_set("appendonly", "yes")
    try:
        assert bench.run("check", **variables).startswith("OK")
        bench.client.config_set("appendonly", "no")
        bench.client.config_set("maxmemory-policy", "allkeys-lru")
        broken = "identity-key-15550000779.0"
        if variables:
            bench.client.mset({f"1:{broken}": NUMBERED})
            bench.client.expire("1:creds", 63_072_000)
        else:
            bench.client.hset("1:auth", broken, NUMBERED)
            bench.client.expire("1:auth", 63_072_000)
        said = bench.run("check", "--json", status=1, **variables)
    finally:
        bench.client.config_set("appendonly", "no")
        bench.client.config_set("maxmemory-policy", "noeviction")
    file, policy, end, identity = said["faults"]
    assert "appendonly yes" in file
    assert "allkeys-lru" in policy
    assert "set noeviction" in policy
    assert "of 1 company (1) end by themselves" in end
    assert "PERSIST" in end
    assert "1 identity key of 1 company (1)" in identity


def test_a_cleanup_of_a_server_that_drops_keys_says_so_once(bench: Bench) -> None:
    """What it writes may cost keys of the bots, so that a mail has it too; where there is no limit nothing is dropped."""
    bench.client.hset("1:auth", mapping={"creds": CREDS})
    bench.client.hset("2:auth", mapping={"creds": CREDS.replace("15550000001", "15550000002")})
    dropped = "what a cleanup writes here may cost keys: maxmemory-policy is allkeys-lru: the server drops keys of its"
    try:
        bench.client.config_set("maxmemory-policy", "allkeys-lru")
        assert dropped not in bench.run("clean")
        bench.client.config_set("maxmemory", "1gb")
        for words in (["clean", "--dry-run"], ["clean"]):
            assert 1 == bench.run(*words).count(f"warning: {dropped} own accord at 1,073,741,824 bytes; set noeviction")
        assert dropped in bench.run("clean", "--quiet")
        bench.client.execute_command("ACL", "SETUSER", "blind", "on", ">pw", "~*", "+@all", "-info")
        blind = {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", "//blind:pw@")}
        assert dropped not in bench.run("clean", **blind)
    finally:
        bench.client.config_set("maxmemory", 0)
        bench.client.config_set("maxmemory-policy", "noeviction")
        bench.client.acl_deluser("blind")
