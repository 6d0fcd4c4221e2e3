"""`check` tells what is wrong with a database as a store of keys."""

import json

from pg_bench import JOINED, SPLIT, Database, creds

NUMBERED = json.dumps({str(place): place for place in range(33)})
"""What `JSON.stringify` makes of a `Uint8Array`."""
BUFFER = json.dumps({"type": "Buffer", "data": "BQID"})


def test_identity_keys_that_the_library_cannot_read_back_are_told(db: Database) -> None:
    """Bytes as an object of numbers: named by company, a warning, and what to do; as a Buffer nothing is said."""
    db.execute(SPLIT)
    db.split("1", {}, creds())
    db.execute("insert into whatsapp_keys values ('1', 'identity-key', '15550000777.0', %s)", [BUFFER])
    assert db.run("check").startswith("OK")
    db.execute("insert into whatsapp_keys values ('1', 'identity-key', '15550000778.0', %s)", [NUMBERED])
    db.execute("insert into whatsapp_keys values ('1', 'session', '15550000778.0', %s)", [NUMBERED])
    said = db.run("check", "--json", status=1)
    assert "warning" == said["status"]
    (sentence,) = said["faults"]
    assert "1 identity key of 1 company (1)" in sentence
    assert "Invalid PreKey ID" in said["message"]


def test_those_of_postgres_baileys_are_told(db: Database) -> None:
    """That package writes them so."""
    db.execute(JOINED)
    rows = {"7:auth_creds": json.dumps(creds()), "7:identity-key-15550000777.0": NUMBERED}
    for row in rows.items():
        db.execute("insert into auth_data values (%s, %s)", row)
    said = db.run("check", status=1, BAILEYS_CLEANUP_POSTGRESQL__LAYOUT="postgres-baileys")
    assert "1 identity key of 1 company (7)" in said
