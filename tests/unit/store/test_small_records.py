"""Where a record lies, in the words of each store."""

from types import SimpleNamespace

from baileys_cleanup.store.folder.small_records import FolderRecords
from baileys_cleanup.store.postgresql.records import PostgresqlRecords
from baileys_cleanup.store.redis.records import RedisRecords


def test_a_record_is_named_by_its_place_and_nothing_empty_is_said():
    """All of them, those of a part, and one."""
    folder = FolderRecords(SimpleNamespace(home_of=lambda _: SimpleNamespace(path="/root/.baileys-cleanup")))
    assert ["/root/.baileys-cleanup", "/root/.baileys-cleanup/rotations", "/root/.baileys-cleanup/last-run.json"] == [
        folder.where(),
        folder.where("rotations"),
        folder.where(name="last-run"),
    ]
    rows = PostgresqlRecords(None, "postgresql://host/db (schema baileys_cleanup)")
    assert "postgresql://host/db (schema baileys_cleanup), table records" == rows.where()
    assert rows.where() + ", part 'rotations', name 'x'" == rows.where("rotations", "x")
    assert rows.where() + ", name 'last-run'" == rows.where(name="last-run")
    keys = RedisRecords(SimpleNamespace(shown="redis://host/0"))
    assert "redis://host/0, key baileys-cleanup:records:rotations, field x" == keys.where("rotations", "x")
