"""The quarantine: where what was removed lies, what is written down, and when it is deleted for good."""

import os
import shutil
import stat

import pytest

from .world import DAY, MEMORY, OWN_KEY, Root, creds, mounting, powerless, tree


def sessions(root: Root, name: str = "962302", first: int = 1, count: int = 3) -> None:
    """Put old sessions into a company, which is made if need be."""
    names = [f"session-{n}.0.json" for n in range(first, first + count)]
    root.company(name).put(*names, age=20 * DAY, content=f"of {name}".encode())


def test_what_was_removed_lies_in_the_quarantine_as_it_was(root: Root) -> None:
    """Every removed file is at quarantine/<run_id>/company_<id>/<file>: same content, date and mode, even the same inode."""
    company = root.company(content=creds(upto=61)).pre_keys(range(1, 61))
    company.put("session-1.0.json", age=20 * DAY).put(OWN_KEY, MEMORY, age=5 * DAY)
    (company.path / "session-1.0.json").chmod(0o640)
    sessions(root, "acme é")
    before = root.files()
    inode = (company.path / "session-1.0.json").stat().st_ino
    result = root.clean()
    held = root.quarantine(result.summary["run_id"])
    assert len(held) == result.summary["totals"]["removed"] == 15, "the own key goes in a later run"
    assert held == {name: what for name, what in before.items() if name not in root.files()}
    assert root.files() | held == before
    there = root.tool / "quarantine" / result.summary["run_id"] / "company_962302" / "session-1.0.json"
    assert there.stat().st_ino == inode
    assert stat.S_IMODE(root.tool.stat().st_mode) == 0o700


def test_each_run_has_its_own_place(root: Root) -> None:
    """The same name removed twice lies there twice, under two runs."""
    sessions(root)
    first = root.clean().summary["run_id"]
    for path in (root.path / "company_962302").iterdir():
        path.unlink()
    (root.path / "company_962302").rmdir()
    sessions(root)
    second = root.clean().summary["run_id"]
    assert first != second
    assert len(root.quarantine(first)) == len(root.quarantine(second)) == 3


def test_the_audit_log_has_a_line_for_each_removal(root: Root) -> None:
    """Each removal has its own line with run, company and name; a dry run, a refusal and a second run add none."""
    sessions(root, "a", count=3)
    sessions(root, "b", first=11, count=2)
    result = root.clean()
    log = (root.tool / "audit.log").read_text()
    lines = [line for line in log.splitlines() if "session-" in line]
    assert len(lines) == 5
    for company, names in (("a", range(1, 4)), ("b", range(11, 13))):
        for nth in names:
            (line,) = (line for line in lines if f"session-{nth}.0.json" in line)
            assert result.summary["run_id"] in line
            assert company in line.replace(f"session-{nth}.0.json", "").replace(result.summary["run_id"], "")
    root.dry()
    root.clean()
    sessions(root, "c", first=21, count=9)
    root.clean(env={"BAILEYS_CLEANUP_MAX_REMOVALS": "3"}, status=4)
    after = (root.tool / "audit.log").read_text()
    assert after.startswith(log)
    assert len([line for line in after.splitlines() if "session-" in line]) == 5


def test_strange_names_make_no_extra_line_in_the_audit_log(root: Root) -> None:
    """A company named with a newline cannot forge a line."""
    sessions(root, "a\nforged session-9.0.json", count=1)
    root.clean()
    log = (root.tool / "audit.log").read_text()
    assert len([line for line in log.splitlines() if "session-1.0.json" in line]) == 1
    assert not any(line.startswith("forged") for line in log.splitlines())


def test_undo_days_0_deletes_at_once(root: Root) -> None:
    """With --undo-days 0 the files are gone for good, are written down, and nothing can be undone."""
    sessions(root)
    result = root.clean("--undo-days", "0")
    assert result.only["files"]["removed"] == 3
    assert root.quarantine() == {}
    assert set(root.files()) == {b"company_962302/creds.json"}
    assert (root.tool / "audit.log").read_text().count("session-2.0.json") >= 1
    assert result.summary["run_id"] not in root.run("undo").out.decode()


def test_later_runs_do_not_purge_by_the_dates_of_the_files(root: Root) -> None:
    """Files years old, removed today, are there after the next runs of today."""
    root.company().put("session-1.0.json", "session-2.0.json", age=4000 * DAY)
    root.clean("--undo-days", "1")
    for _ in range(3):
        root.clean()
    assert len(root.quarantine()) == 2


def test_what_is_due_is_purged_by_the_date_of_its_run(root: Root) -> None:
    """Each run's files go when the days recorded with that run have passed, and not before."""
    runs = {}
    for days in (1, 7, 30):
        sessions(root, str(days))
        args = [] if days == 7 else ["--undo-days", str(days)]
        runs[days] = root.clean(*args).summary["run_id"]
    for clock, left in (
        ("+20h", [1, 7, 30]),
        ("+25h", [7, 30]),
        ("+6d", [7, 30]),
        ("+8d", [30]),
        ("+31d", []),
    ):
        result = root.clean("--accept-clock", clock=clock)
        assert [days for days, run_id in runs.items() if root.quarantine(run_id)] == left, clock
        listed = root.run("undo", clock=clock).out.decode()
        assert [days for days, run_id in runs.items() if run_id in listed] == left, clock
        assert result.summary["totals"]["removed"] == 0
    assert len((root.tool / "audit.log").read_text().splitlines()) >= 9


def test_the_setting_of_today_does_not_shorten_the_time_of_yesterday(root: Root) -> None:
    """undo_days is recorded with the run: a later --undo-days 0 does not purge what an earlier run promised to keep."""
    sessions(root, "a")
    first = root.clean().summary["run_id"]
    sessions(root, "b")
    root.clean("--undo-days", "0", clock="+2d")
    assert len(root.quarantine(first)) == 3


def test_a_tool_folder_of_somebody_else_is_refused(root: Root) -> None:
    """Owned by another user it is status 2, naming the owner, and nothing is touched."""
    if os.geteuid() != 0:
        pytest.skip("needs root to give a folder away")
    sessions(root)
    root.tool.mkdir(mode=0o700)
    os.chown(root.tool, 54321, 54321)
    before = tree(root.path)
    result = root.run()
    assert (result.status, "54321" in result.err.decode()) == (2, True)
    os.chown(root.tool, 65534, 65534)
    result = root.run()
    assert result.status == 2
    assert "nobody" in result.err.decode() or "65534" in result.err.decode()
    assert root.run("undo").status == 2
    assert tree(root.path) == before


@pytest.mark.parametrize("name", ["", "quarantine", "lock", "audit.log"])
@pytest.mark.parametrize("what", ["link", "pipe"])
def test_a_tool_folder_that_was_tampered_with_does_no_harm(root: Root, name: str, what: str) -> None:
    """Links and pipes in place of the tool's folder, its quarantine, lock or log lead nothing elsewhere and block nothing."""
    sessions(root)
    victim = root.path.parent / "victim"
    if name in {"lock", "audit.log"}:
        victim.write_bytes(b"victim")
    else:
        victim.mkdir(mode=0o700)
    if name:
        root.tool.mkdir(mode=0o700)
    place = root.tool / name if name else root.tool
    if what == "link":
        place.symlink_to(victim)
    else:
        os.mkfifo(place)
    before, untouched = root.files(), tree(victim)
    result = root.run()
    assert tree(victim) == untouched
    assert result.status != 0
    assert root.files() == before


def test_a_company_on_another_mount_fails_alone(root: Root) -> None:
    """A company on a mount of its own is failed with a sentence, status 1, and the others are cleaned."""
    sessions(root, "a")
    sessions(root, "mounted")
    sessions(root, "bound")
    elsewhere = root.path.parent / "elsewhere"
    shutil.copytree(root.path / "company_bound", elsewhere)
    mounted, bound = root.path / "company_mounted", root.path / "company_bound"
    script = (
        f"mount -t tmpfs none '{mounted}'; touch -d '30 days ago' '{mounted}/session-1.0.json';"
        f"cp -p '{root.path}/company_a/creds.json' '{mounted}';"  # without it no session goes
        f"mount --bind '{elsewhere}' '{bound}'"
    )
    before = tree(elsewhere)
    result = root.clean(before=mounting(script), status=1)
    assert result.summary["status"] == "partial"
    statuses = {name: company["status"] for name, company in result.companies.items()}
    assert statuses == {"a": "cleaned", "mounted": "failed", "bound": "failed"}
    for name in ("mounted", "bound"):
        assert result.companies[name]["files"]["removed"] == 0
        assert result.companies[name]["errors"] or result.companies[name]["warnings"]
    assert result.summary["totals"]["companies_failed"] == 2
    assert result.summary["totals"]["removed"] == 3
    assert tree(elsewhere) == before


def test_companies_without_permission_fail_alone(root: Root) -> None:
    """Folders that may not be read or written are failed and named, status 1; no mode is changed, the others are cleaned."""
    modes = {"a": 0o700, "read-only": 0o500, "blind": 0o300, "closed": 0o000, "no-entry": 0o600, "z": 0o755}
    for name in modes:
        sessions(root, name)
    before = root.files()
    try:
        for name, mode in modes.items():
            (root.path / f"company_{name}").chmod(mode)
        result = root.clean(before=powerless(), status=1)
        text = root.run("-q", before=powerless())
        found = {name: stat.S_IMODE((root.path / f"company_{name}").stat().st_mode) for name in modes}
    finally:
        for name in modes:
            (root.path / f"company_{name}").chmod(0o700)
    assert found == modes
    statuses = {name: company["status"] for name, company in result.companies.items()}
    assert statuses == {name: "cleaned" if name in {"a", "z"} else "failed" for name in modes}
    assert result.summary["status"] == "partial"
    assert text.status == 1
    assert [name for name in ("read-only", "blind", "closed", "no-entry") if name not in text.said] == []
    gone = before.keys() - root.files().keys()
    assert gone == {f"company_{name}/session-{n}.0.json".encode() for name in ("a", "z") for n in (1, 2, 3)}


def test_files_of_others_in_a_sticky_folder_fail(root: Root) -> None:
    """Where the running user may not move a file, it stays, is counted as failed or its company fails, and the status is 1."""
    if os.geteuid() != 0:
        pytest.skip("needs root to give files away")
    sessions(root)
    company = root.path / "company_962302"
    for path in [company, *company.iterdir()]:
        os.chown(path, 54321, 54321)
    company.chmod(0o1777)
    for path in company.iterdir():
        path.chmod(0o644)
    before = root.files()
    result = root.clean(before=powerless(), status=1)
    assert result.only["status"] == "failed"
    assert result.only["files"]["removed"] == 0
    assert root.files() == before


def test_only_the_folder_of_the_tool_is_written(root: Root) -> None:
    """Beside its own folder, nothing new appears under the root, and files that stay keep their dates and modes."""
    sessions(root)
    root.company("quiet").put("notes.txt", age=50 * DAY)
    before = root.tree()
    root.clean()
    assert set(os.listdir(root.path)) == {".baileys-cleanup", "company_962302", "company_quiet"}
    after = root.tree()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {b"company_962302"}, "the date of the folder that lost files moves, and nothing else"
    assert {name for name in os.listdir(root.tool)} >= {"lock", "audit.log", "quarantine"}  # noqa: C416
