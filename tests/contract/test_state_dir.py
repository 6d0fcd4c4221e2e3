"""`state_dir`: the tool's own records lie elsewhere, and what guards the companies stays with them."""

import json
import os
from pathlib import Path

import pytest

from .world import DAY, OLD_SESSION, Result, Root, mounting


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Give a place for the records that nobody has made yet."""
    return tmp_path / "state"


@pytest.fixture
def kept(root: Root, elsewhere: Path) -> dict[str, str]:
    """Give the environment in which records lie elsewhere, and a company with one old session."""
    root.company().put(OLD_SESSION, age=20 * DAY)
    return {"BAILEYS_CLEANUP_STATE_DIR": str(elsewhere)}


def read_only(root: Root) -> tuple[str, ...]:
    """Give a command that runs another with the root mounted read-only."""
    return mounting(f"mount --bind '{root.path}' '{root.path}'; mount -o remount,ro,bind '{root.path}'")


def looked(root: Root, env: dict[str, str], before: tuple[str, ...] = ()) -> Result:
    """Let the monitor look once."""
    return root.run("monitor", "--once", "--json", env=env, before=before)


def below(folder: Path) -> set[str]:
    """Give the names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_records_lie_there_and_the_quarantine_with_the_root(root: Root, elsewhere: Path, kept: dict[str, str]) -> None:
    """After a run the root holds the lock and what can come back, the other place all that is remembered; undo works."""
    before = root.files()
    run_id = root.clean(env=kept).summary["run_id"]
    (records,) = elsewhere.iterdir()
    assert {"audit.log", "last-run.json", "history.json", f"runs/{run_id}.json"} <= below(records)
    (session,) = root.quarantine()
    assert below(root.tool) == {"lock", f"quarantine/{run_id}/{session.decode()}"}
    assert {oct(path.stat().st_mode & 0o777) for path in (elsewhere, records)} == {"0o700"}
    assert root.run("undo", run_id, env=kept).status == 0
    assert before == root.files()


def test_one_place_serves_two_roots(root: Root, tmp_path: Path, elsewhere: Path, kept: dict[str, str]) -> None:
    """Each root has its own records there, and sees none of the other's."""
    other = Root(tmp_path / "other" / "root")
    other.company()
    root.clean(env=kept)
    other.clean(env=kept)
    assert len(list(elsewhere.iterdir())) == 2
    assert json.loads(other.run("undo", "--json", env=kept).out)["runs"] == []


def test_a_monitor_on_a_read_only_root_remembers_there(root: Root, kept: dict[str, str]) -> None:
    """It looks, writes nothing to the root, and tells an alert once, not with every look."""
    root.path.joinpath("company_962302").chmod(0o755)
    for number in range(200):
        (root.path / "company_962302" / f"lid-mapping-{number}.json").write_text("{}")
    env = kept | {"BAILEYS_CLEANUP_MONITOR__EMERGENCY_CLEANUP": "false"}
    alerts = [json.loads(looked(root, env, read_only(root)).out)["alerts"] for _ in range(2)]
    assert [1, 0] == [len(each) for each in alerts]
    assert not root.tool.exists()


def test_a_monitor_that_can_remember_nothing_looks_and_says_so(root: Root, kept: dict[str, str]) -> None:
    """Without such a place a look at a read-only root is made all the same, with one sentence and status 1."""
    done = looked(root, {}, read_only(root))
    assert done.status == 1, done
    assert [True] == ["set state_dir" in each["error"] for each in json.loads(done.out)["errors"]]
    assert "962302" in [each["company_id"] for each in json.loads(done.out)["companies"]]


def test_a_backup_of_a_read_only_root_is_recorded_there(root: Root, tmp_path: Path, kept: dict[str, str]) -> None:
    """The archive is made without a warning that it is not recorded, and check knows of it."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    made = root.run("backup", "--to", str(shelf), "--json", env=kept, before=read_only(root))
    assert (0, []) == (made.status, json.loads(made.out)["warnings"]), made
    told = root.run("metrics", env=kept, before=read_only(root)).out.decode()
    assert "baileys_backup_last_success_timestamp_seconds" in told


def test_a_place_that_takes_nothing(root: Root, elsewhere: Path, tmp_path: Path, kept: dict[str, str]) -> None:
    """Where records cannot be made nothing is removed, with a sentence; what only reads goes on."""
    elsewhere = elsewhere / "deep"
    env = {"BAILEYS_CLEANUP_STATE_DIR": str(elsewhere)}
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    before = root.tree()
    refused = root.run(env=env)
    assert (2, before) == (refused.status, root.tree()), refused
    assert f"mkdir -p -m 700 {elsewhere}" in refused.said
    assert root.dry(env=env).only["files"]["removed"] == 1
    for command in (("check",), ("backup", "--to", str(shelf))):
        assert root.run(*command, env=env).status in {0, 1}, command
    done = looked(root, env)
    assert [True] == ["cannot be remembered" in each["error"] for each in json.loads(done.out)["errors"]]
    assert not root.tool.exists()


def test_a_place_that_is_not_safe_is_refused(root: Root, elsewhere: Path, kept: dict[str, str]) -> None:
    """One that others may write, one that somebody else owns, and one among the companies: status 2 and what helps."""
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    assert "chmod go-w" in root.run(env=kept).said
    elsewhere.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(elsewhere, 54321, 54321)
        assert "belongs to uid 54321" in root.run(env=kept).said
    inside = root.path / "company_962302" / "state"
    done = root.run(env={"BAILEYS_CLEANUP_STATE_DIR": str(inside)})
    assert (2, True) == (done.status, "lies in the sessions root" in done.said)
    relative = root.run(env={"BAILEYS_CLEANUP_STATE_DIR": "state"})
    assert (2, True) == (relative.status, "the absolute path of a folder" in relative.said)


def test_records_that_cannot_be_written_are_told_by_their_place(
    root: Root, elsewhere: Path, kept: dict[str, str]
) -> None:
    """A folder of records that takes no file any more ends the run before anything goes, and names that folder."""
    root.clean("--company", "962302", env=kept)
    (records,) = elsewhere.iterdir()
    root.path.joinpath("company_962302", OLD_SESSION).write_text("{}")
    os.utime(root.path / "company_962302" / OLD_SESSION, (1_700_000_000, 1_700_000_000))
    script = f"mount --bind '{elsewhere}' '{elsewhere}'; mount -o remount,ro,bind '{elsewhere}'"
    done = root.run(env=kept, before=mounting(script))
    assert done.status == 2, done
    assert str(records) in done.said
    assert "read-only" in done.said.lower()
