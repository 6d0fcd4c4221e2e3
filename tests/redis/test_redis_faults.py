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
