"""Backups and restores from outside: the installed command, its statuses, and what lies where afterwards."""

import json
import os
import shutil
import tarfile
import time
from pathlib import Path

import pytest

from .world import CANARY, OLD_SESSION, OTHER, Root, creds, mounting, run

KEY = "app-state-sync-key-AACpMw==.json"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Give a folder for archives."""
    path = tmp_path / "archives"
    path.mkdir(0o700)
    return path


@pytest.fixture
def paired(root: Root) -> Root:
    """Give a root with one company."""
    root.company().put(KEY, "pre-key-7.json", OLD_SESSION, b"odd\xff\nname", age=99)
    return root


def test_there_and_back(paired: Root, shelf: Path) -> None:
    """Backed up, wiped, restored with everything: names, contents and dates are those from before."""
    before = paired.files()
    assert paired.run("backup", "--to", str(shelf)).status == 0
    shutil.rmtree(paired.path / "company_962302")
    assert paired.run("restore", "latest", "--company", "962302", "--everything", "--from", str(shelf)).status == 0

    after = paired.files()
    assert {name: what[1:] for name, what in before.items()} == {name: what[1:] for name, what in after.items()}
    assert {"0o100600"} == {what[0] for what in after.values()}, "private, whatever it was"


def test_an_old_ratchet_stays_away(paired: Root, shelf: Path) -> None:
    """By default the session is not put back, and the dry run said so before."""
    paired.run("backup", "--to", str(shelf))
    shutil.rmtree(paired.path / "company_962302")
    dry = paired.run("restore", "latest", "--company", "962302", "--from", str(shelf), "--dry-run", "--json")
    assert not (paired.path / "company_962302").exists()
    paired.run("restore", "latest", "--company", "962302", "--from", str(shelf))
    names = {path.name for path in (paired.path / "company_962302").iterdir()}
    assert OLD_SESSION not in names
    assert names == {
        file["file"] for file in json.loads(dry.out)["companies"][0]["decisions"] if file["step"] == "restored"
    } - {"odd\\udcff\\nname"} | {"odd\udcff\nname"}


def test_reading_never_needs_writing(paired: Root, shelf: Path) -> None:
    """From a read-only root a backup is made and proved; that it takes no lock and no record is said once."""
    here = str(paired.path)
    read_only = mounting(f"mount --bind '{here}' '{here}'; mount -o remount,ro,bind '{here}'")
    for existing in (False, True):
        if existing:
            paired.run("backup", "--to", str(shelf))
        made = paired.run("backup", "--to", str(shelf), "--json", before=read_only)
        assert made.status == 0, made.said
        (warning,) = json.loads(made.out)["warnings"]
        assert "is not recorded" in warning
    for command in (("backup", "--verify", "--to", str(shelf)), ("explain",), ("check",), ("metrics",)):
        assert paired.run(*command, before=read_only).status in {0, 1}, command


def test_a_company_on_a_mount_of_its_own_is_backed_up(paired: Root, shelf: Path) -> None:
    """Only a removal needs the quarantine: backup, check, explain and a dry run look at such a company as at any."""
    here = paired.path / "company_962302"
    old = here / "session-15550000099.0.json"
    old.write_text("{}")
    os.utime(old, (time.time() - 30 * 86_400,) * 2)
    paired.company("5")
    own = mounting(f"mount --bind '{here}' '{paired.path}/company_5'")
    made = paired.run("backup", "--to", str(shelf), "--company", "5", before=own)
    assert made.status == 0, made.said
    dry = paired.dry(before=own)
    assert any("a real run would remove nothing here" in text for text in dry.companies["5"]["warnings"])


@pytest.mark.parametrize("content", [b"", b'{"me": ', b"no"])
def test_a_bad_creds_is_status_1_and_makes_nothing(root: Root, shelf: Path, content: bytes) -> None:
    """The good company has its archive, the bad one none, and cron's mail has the sentence."""
    root.company("1")
    root.company("2", content)
    done = root.run("backup", "--quiet", "--to", str(shelf))
    assert (done.status, done.out) == (1, b"")
    assert b"creds.json" in done.err
    assert ["company_1-"] == [path.name[:10] for path in shelf.iterdir()]


def test_no_key_is_shown_and_the_archive_is_private(paired: Root, shelf: Path) -> None:
    """Key material is in the archive alone, for its owner alone (every run checks that none is shown)."""
    for args in (["backup"], ["backup", "--verify"], ["backup", "--list"], ["backup", "--dry-run"]):
        paired.run(*args, "--to", str(shelf))
    (archive, *_) = shelf.iterdir()
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        assert any(CANARY.encode() in tar.extractfile(member).read() for member in tar.getmembers())


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["backup"], 2),
        (["backup", "--to", "/nonexistent/x"], 2),
        (["backup", "--to", "/"], 2),
        (["backup", "--to", "ROOT"], 2),
        (["backup", "--to", "s3://key:secret@bucket/x"], 2),
        (["backup", "--to", "SHELF", "--company", "9"], 2),
        (["backup", "--list", "--verify", "--to", "SHELF"], 2),
        (["backup", "--verify", "--to", "SHELF"], 1),
        (["backup", "--list", "--to", "SHELF"], 0),
        (["restore"], 2),
        (["restore", "latest"], 2),
        (["restore", "latest", "--company", "962302", "--from", "SHELF"], 2),
        (["restore", "/nonexistent.tar.gz"], 2),
    ],
)
def test_every_command_ends_with_its_status(paired: Root, shelf: Path, args: list[str], status: int) -> None:
    """Usage and places that are none are 2 with a sentence; nothing to verify is 1."""
    before = paired.files()
    words = [{"ROOT": str(paired.path), "SHELF": str(shelf)}.get(word, word) for word in args]
    done = paired.run(*words)
    assert done.status == status, done
    assert before == paired.files()
    assert [] == list(shelf.iterdir())


def test_settings_of_backups_fail_closed(paired: Root, tmp_path: Path) -> None:
    """All three numbers 0, before_clean without a place, a password: status 2, naming the key."""
    for text in ("keep_last=0\nkeep_daily=0\nkeep_weekly=0", "before_clean=true", 'to="s3://a:b@c/d"', "keep_last=-1"):
        file = tmp_path / "settings.toml"
        file.write_text(f"[backup]\n{text}\n")
        done = paired.run("--config", str(file))
        assert done.status == 2, done
        assert b"backup." in done.err


def test_another_run_is_not_disturbed(paired: Root, shelf: Path) -> None:
    """A backup goes on beside a cleaning; a restore does not."""
    with paired.locked():
        assert paired.run("backup", "--to", str(shelf)).status == 0
        assert paired.run("restore", "latest", "--company", "962302", "--from", str(shelf)).status == 3


def test_the_night_of_an_empty_creds(paired: Root, shelf: Path) -> None:
    """Plain restore names it and the way on; --replace mends it; undo lists the former folder and brings it back."""
    paired.run("backup", "--to", str(shelf))
    creds_file = paired.path / "company_962302" / "creds.json"
    creds_file.write_bytes(b"")
    of = ["restore", "latest", "--company", "962302", "--from", str(shelf)]
    plain = paired.run(*of)
    assert (plain.status, creds_file.read_bytes()) == (1, b"")
    assert b"--replace" in plain.out
    mended = paired.run(*of, "--replace", "--json")
    assert (mended.status, creds_file.read_bytes()) == (0, creds())
    run_id = json.loads(mended.out)["companies"][0]["set_aside"]
    assert run_id.encode() in paired.run("undo").out
    assert paired.run("undo", run_id).status == 0
    assert creds_file.read_bytes() == b""
    assert OTHER in str(list(creds_file.parent.iterdir()))


def test_a_quarantine_run_is_listed_as_ever(paired: Root, shelf: Path) -> None:
    """A set-aside folder changes nothing in how an ordinary run is listed and undone."""
    paired.clean()
    before = json.loads(paired.run("undo", "--json").out)["runs"]
    paired.run("backup", "--to", str(shelf))
    paired.run("restore", "latest", "--company", "962302", "--replace", "--from", str(shelf))
    after = json.loads(paired.run("undo", "--json").out)
    assert before == after["runs"]
    assert 1 == len(after["set_aside"])


def test_the_command_works_without_a_sessions_root(paired: Root, shelf: Path, tmp_path: Path) -> None:
    """A new machine has archives and no sessions yet: they can be listed and verified."""
    paired.run("backup", "--to", str(shelf))
    env = {"BAILEYS_CLEANUP_SESSIONS_ROOT": str(tmp_path / "none")}
    for what in ("--list", "--verify"):
        assert run("backup", what, "--to", str(shelf), env=env).status == 0
