"""`record`: what is known of each company's backups, for retention, metrics and alerts."""

import errno

import pytest

from baileys_cleanup.backups.record import BackupRecord, BackupRecords, ReadOnlyRecords, read_backup_records
from baileys_cleanup.store.folder import small_records
from baileys_cleanup.store.folder.small_records import FolderRecords

from ..helpers import NOW, names

FACTS = BackupRecord("962302", NOW, NOW - 5, 1000, 176, 7, 2, {"a": ("sha256:x", True)})


def test_facts_come_back_as_they_were(tool):
    """Every number, and which archives were found good."""
    BackupRecords(FolderRecords(tool)).write(FACTS)
    assert FACTS == BackupRecords(FolderRecords(tool)).read("962302")
    assert [FACTS] == read_backup_records(FolderRecords(tool))


def test_nothing_is_known_of_a_company_without_a_backup(tool, place):
    """And asking leaves no trace."""
    assert BackupRecord("1") == BackupRecords(FolderRecords(tool)).read("1")
    assert [] == read_backup_records(FolderRecords(tool))
    assert "backups" not in names(place / ".baileys-cleanup")


def test_what_cannot_be_read_is_not_known(tool, place):
    """A torn or strange record costs a verification, never an archive."""
    BackupRecords(FolderRecords(tool)).write(FACTS)
    folder = place / ".baileys-cleanup" / "backups"
    (folder / "company_1.json").write_text("{")
    (folder / "company_2.json").write_text('{"tried": "x"}')
    (folder / "company_3.json.new").write_text("{}")
    for company_id, number in (("4", "1e999"), ("5", "1" + "0" * 400), ("6", "-1")):
        text = (folder / "company_962302.json").read_text()
        (folder / f"company_{company_id}.json").write_text(text.replace('"bytes": 1000', f'"bytes": {number}'))
    known = [BackupRecords(FolderRecords(tool)).read(company) for company in ("1", "2", "4", "5", "6", "962302")]
    assert [*map(BackupRecord, "12456"), FACTS] == known
    assert [FACTS] == read_backup_records(FolderRecords(tool))


def test_what_cannot_be_read_now_is_not_written_over(tool, place, monkeypatch):
    """A disk that fails for a moment costs a verification, and not all that was known."""
    BackupRecords(FolderRecords(tool)).write(FACTS)
    path = place / ".baileys-cleanup" / "backups" / "company_962302.json"
    before = path.read_bytes()
    book = BackupRecords(FolderRecords(tool))

    def read(_folder, _name):
        raise OSError(errno.EIO, "another session holds a lock")

    with monkeypatch.context() as patch:
        patch.setattr(small_records, "read_record", read)
        assert BackupRecord("962302") == book.read("962302")
        found, (problem,) = book.read_all()
        assert ([], True) == (found, problem.endswith("backups cannot be read: another session holds a lock"))
        with pytest.raises(OSError, match="another session holds a lock"):
            read_backup_records(FolderRecords(tool))
    with pytest.raises(OSError, match="another session holds a lock"):
        book.write(BackupRecord("962302", NOW))
    assert before == path.read_bytes()


def test_a_closed_book_is_not_written_in(tool, place):
    """A dry run knows what is known, and takes nothing down."""
    ReadOnlyRecords(tool).write(FACTS)
    assert "backups" not in names(place / ".baileys-cleanup")
    BackupRecords(None).write(FACTS)
    assert BackupRecord("962302") == BackupRecords(None).read("962302")
    assert ([], []) == BackupRecords(None).read_all()
