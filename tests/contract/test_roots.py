"""Which sessions roots are refused, and that a link to one is followed once, at the start."""

import os
import pwd
from functools import partial
from pathlib import Path

import pytest

from .world import DAY, Root, at_once, powerless, run, tree

WILD = ["/", "//", "///", "/.", "/./", "/..", "/../", "/tmp/..", ""]


def test_a_wild_root_is_refused() -> None:
    """The root of the file system under any spelling, and an empty path, are status 2 with a sentence."""
    calls = [partial(run, "--dry-run", "--sessions-root", wild) for wild in WILD]
    calls += [partial(run, "--dry-run", env={"BAILEYS_CLEANUP_SESSIONS_ROOT": wild}) for wild in ("/", "")]
    for result in at_once(calls):
        assert (result.status, result.out, bool(result.err.strip())) == (2, b"", True), result


def test_other_ways_to_say_a_wild_root(tmp_path: Path) -> None:
    """A link to /, and a relative path from /, are the same folder and refused as well."""
    link = tmp_path / "link"
    link.symlink_to("/")
    assert run("--dry-run", "--sessions-root", str(link)).status == 2
    assert run("--dry-run", "--sessions-root", ".", cwd=Path("/")).status == 2


def test_a_home_is_refused(root: Root) -> None:
    """The home folder of the user, by $HOME or by the password file, is no sessions root, however spelled."""
    root.company().put("session-1.0.json", age=20 * DAY)
    link = root.path.parent / "link"
    link.symlink_to(root.path)
    before = tree(root.path)
    home = {"HOME": str(root.path)}
    for spelled in (str(root.path), f"{root.path}/", f"{root.path}/../{root.path.name}", str(link)):
        assert run("--sessions-root", spelled, env=home).status == 2
    assert tree(root.path) == before
    real = pwd.getpwuid(os.geteuid()).pw_dir
    assert run("--dry-run", "--sessions-root", real, env={"HOME": "/nonexistent"}).status == 2


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """A missing root, a file, a pipe and a dangling link are status 2 with a sentence that names them."""
    missing, file, pipe, dangling, inside = (
        tmp_path / name for name in ("missing", "file", "pipe", "dangling", "file/x")
    )
    file.write_bytes(b"")
    os.mkfifo(pipe)
    dangling.symlink_to("nowhere")
    before = tree(tmp_path)
    lines = [["--json", "--sessions-root", str(path)] for path in (missing, file, pipe, dangling, inside)]
    lines += [[*args, "--sessions-root", str(missing)] for args in (["--dry-run"], ["undo"], ["-q"])]
    for line, result in zip(lines, at_once(partial(run, *line) for line in lines), strict=True):
        assert (result.status, line[-1] in result.err.decode()) == (2, True), result
    assert tree(tmp_path) == before


def test_the_default_root_is_the_documented_one() -> None:
    """With nothing set the root is /opt/ai-admin/baileys_sessions."""
    if os.path.exists("/opt/ai-admin/baileys_sessions") or os.path.exists("/etc/baileys-cleanup.toml"):
        pytest.skip("this machine has a real one")
    result = run("--dry-run")
    assert result.status == 2
    assert "/opt/ai-admin/baileys_sessions" in result.err.decode()


def test_a_root_that_is_a_link_is_followed_once_and_shown(root: Root) -> None:
    """The summary says where the link led, and the tool's folder is there."""
    root.company().put("session-1.0.json", age=20 * DAY)
    link, second = root.path.parent / "link", root.path.parent / "second"
    link.symlink_to(root.path)
    second.symlink_to(link)
    for spelled in (str(link), f"{link}/", str(second), f"{root.path}/", f"{root.path}/../root"):
        result = run("--json", "--dry-run", "--sessions-root", spelled)
        assert (result.status, result.summary["sessions_root"]) == (0, str(root.path.resolve()))
    assert str(root.path) in run("--dry-run", "--sessions-root", str(link)).out.decode()
    result = run("--json", "--sessions-root", str(link))
    assert result.summary["totals"]["removed"] == 1
    assert (root.tool / "lock").exists()


def test_a_relative_root(root: Root) -> None:
    """A relative path is taken from the working directory."""
    root.company().put("session-1.0.json", age=20 * DAY)
    result = run("--json", "--sessions-root", "root", cwd=root.path.parent)
    assert result.summary["totals"]["removed"] == 1


def test_a_root_that_cannot_be_read_or_written(root: Root) -> None:
    """Without the right to read the root, or to make the tool's folder in it, the run is status 2 and touches nothing."""
    root.company().put("session-1.0.json", age=20 * DAY)
    before = root.tree()
    drop = powerless()
    try:
        for mode in (0o000, 0o300, 0o500):
            root.path.chmod(mode)
            result = root.run(before=drop)
            assert result.status == 2, (oct(mode), result)
            assert str(root.path) in result.err.decode()
    finally:
        root.path.chmod(0o700)
    assert root.tree() == before
