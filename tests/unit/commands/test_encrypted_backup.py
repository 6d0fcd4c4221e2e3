"""Encrypted archives from end to end: made, listed, verified with and without a key, restored, kept by retention."""

import json

import pyrage
import pytest

from baileys_cleanup import cli

from ..helpers import creds, names, put

KEY, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
STATE = "app-state-sync-key-AACpMw==.json"


@pytest.fixture
def call(place, tmp_path, monkeypatch, capsys):
    """Give a function that runs the tool as a process would, with archives encrypted to KEY."""
    archives = tmp_path / "archives"
    archives.mkdir(0o700)
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    (tmp_path / "other.txt").write_text(f"{OTHER}\n")
    monkeypatch.setenv("BAILEYS_CLEANUP_SESSIONS_ROOT", str(place))
    monkeypatch.setenv("BAILEYS_CLEANUP_BACKUP__TO", str(archives))
    monkeypatch.setenv("BAILEYS_CLEANUP_BACKUP__RECIPIENTS", str(KEY.to_public()))
    put(place / "company_7", "creds.json", creds())
    put(place / "company_7", STATE, b'{"secret":"canary"}')

    def run(*args):
        monkeypatch.setattr("sys.argv", ["baileys-cleanup", *args])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


def test_nothing_lies_there_in_the_clear(call, tmp_path):
    """The archive has its own suffix, and neither a name of a file nor a key is to be seen in it."""
    status, said, _ = call("backup")
    assert (0, False) == (status, "in the clear" in said)
    (archive,) = (tmp_path / "archives").iterdir()
    assert archive.name.endswith(".tar.gz.age")
    data = archive.read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n")
    assert pyrage.decrypt(data, [KEY])[:2] == b"\x1f\x8b"
    assert archive.name in call("backup", "--list")[1]


def test_it_comes_back_with_its_key_and_with_no_other(call, place, tmp_path):
    """Without a key, and with a wrong one, a sentence says so and nothing is touched."""
    call("backup")
    (place / "company_7" / STATE).unlink()
    restore = ("restore", "latest", "--company", "7")
    status, _, problem = call(*restore)
    assert (2, 1) == (status, len(problem.splitlines()))
    assert "--identity FILE" in problem
    status, _, problem = call(*restore, "--identity", str(tmp_path / "other.txt"))
    assert (2, 1) == (status, len(problem.splitlines()))
    assert "encrypted to other keys than those of the identity file" in problem
    assert STATE not in names(place / "company_7")
    assert 0 == call(*restore, "--identity", str(tmp_path / "key.txt"))[0]
    assert STATE in names(place / "company_7")


def test_by_name_and_by_path_it_comes_back_too(call, place, tmp_path):
    """However it is named, a new company takes it."""
    call("backup")
    (archive,) = (tmp_path / "archives").iterdir()
    key = ("--identity", str(tmp_path / "key.txt"))
    assert 0 == call("restore", archive.name, "--company", "8", *key)[0]
    assert 0 == call("restore", str(archive), "--company", "9", *key)[0]
    assert names(place / "company_7") == names(place / "company_8") == names(place / "company_9")


def test_all_come_back_with_one_key(call, place, tmp_path):
    """After a lost disk."""
    call("backup")
    for file in (place / "company_7").iterdir():
        file.unlink()
    (place / "company_7").rmdir()
    assert 0 == call("restore", "latest", "--all", "--identity", str(tmp_path / "key.txt"))[0]
    assert {"creds.json", STATE} <= {*names(place / "company_7")}


def test_verify_says_what_it_could_check(call, tmp_path):
    """Without the key: unchanged, or whole in form, and never good; with it every hash."""
    call("backup")
    status, said, _ = call("backup", "--verify")
    assert 0 == status
    assert "not read: company_7-" in said
    assert "it is what was read to its end when it was made" in said
    assert "0 archives read" in said
    document = json.loads(call("backup", "--verify", "--json")[1])
    (archive,) = document["archives"]
    assert ("unread", None, None) == (document["status"], archive["good"], archive["files"])
    document = json.loads(call("backup", "--verify", "--json", "--identity", str(tmp_path / "key.txt"))[1])
    assert ("good", True) == (document["status"], document["archives"][0]["good"])
    status, said, _ = call("backup", "--verify", "--identity", str(tmp_path / "other.txt"))
    assert 1 == status
    assert "BAD:" in said
    (file,) = (tmp_path / "archives").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    status, said, _ = call("backup", "--verify")
    assert 1 == status
    assert "cut short" in said


def test_what_no_record_knows_is_kept_and_told_and_is_no_error(call, place, tmp_path):
    """The tool's own folder was lost with the disk: encrypted archives of before are not counted, and none goes."""
    call("backup")
    for record in (place / ".baileys-cleanup" / "backups").iterdir():
        record.unlink()
    status, said, _ = call("backup")
    assert 0 == status
    assert "note: encrypted archives of which no record is here, kept and not counted" in said
    assert 2 == len(names(tmp_path / "archives"))


def test_the_archive_before_a_cleaning_is_encrypted_too(call, place, tmp_path, monkeypatch):
    """`backup.before_clean` makes what `backup` makes."""
    monkeypatch.setenv("BAILEYS_CLEANUP_BACKUP__BEFORE_CLEAN", "true")
    put(place / "company_7", "session-15550000002.0.json", b"{}", age=400)
    call()
    (name,) = names(tmp_path / "archives")
    assert name.endswith(".age")


def test_who_encrypts_none_is_told_once(call, place, monkeypatch):
    """One line for all companies, and none where nothing is said."""
    monkeypatch.delenv("BAILEYS_CLEANUP_BACKUP__RECIPIENTS")
    put(place / "company_8", "creds.json", creds())
    assert 1 == call("backup")[1].count("in the clear")
    assert "" == call("backup", "-q")[1]


def test_a_key_is_for_reading(call):
    """To make an archive no key is needed."""
    status, _, problem = call("backup", "--identity", "/x")
    assert 2 == status
    assert "--identity is for --verify" in problem


def test_a_setting_that_is_no_list_of_keys_is_refused(call, monkeypatch):
    """A private key in it would be a disaster: it is refused, and not repeated."""
    monkeypatch.setenv("BAILEYS_CLEANUP_BACKUP__RECIPIENTS", str(KEY))
    status, _, problem = call("backup")
    assert 2 == status
    assert "age public keys" in problem
    assert str(KEY) not in problem
