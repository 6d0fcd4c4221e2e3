"""The summary: JSON, table, levels, and how loud it is."""

import json
import os
import pty
import re
import subprocess

import pytest

from .world import (
    DAY,
    MEMORY,
    OTHER,
    OTHER_KEY,
    PN,
    Root,
    command,
    creds,
    environment,
    level_of,
)


def filled(root: Root) -> None:
    """Make two companies with something of every kind."""
    rich = root.company("962302", creds(upto=101))
    rich.pre_keys(range(1, 61)).put("session-1.0.json", "session-2.0.json", age=20 * DAY, content=b"x" * 1000)
    rich.put("session-3.0.json", f"device-list-{OTHER}.json", "tctoken-__index.json", "notes.txt")
    rich.put(f"session-{PN}.0.json", f"identity-key-{OTHER}.0.json", age=20 * DAY)
    rich.put(OTHER_KEY, MEMORY, age=5 * DAY, content=b"y" * 77)
    rich.put("app-state-sync-key-AA==.json", "app-state-sync-version-regular.json", f"lid-mapping-{OTHER}.json")
    root.company("small", creds(me="15550000005:7@s.whatsapp.net", lid=None))


def test_the_summary_in_json(root: Root) -> None:
    """One document with every field of the contract, every number right."""
    filled(root)
    result = root.clean()
    summary, rich = result.summary, result.companies["962302"]
    assert summary["sessions_root"] == str(root.path)
    assert (summary["dry_run"], summary["status"]) == (False, "done")
    assert rich["files"] == {"seen": 74, "removed": 14, "kept": 60, "failed": 0, "changed": 0}
    kinds = {kind: (of["seen"], of["removed"], of["kept"]) for kind, of in rich["kinds"].items()}
    assert kinds == {
        "creds": (1, 0, 1),
        "app_state_sync_key": (1, 0, 1),
        "app_state_sync_version": (1, 0, 1),
        "lid_mapping": (1, 0, 1),
        "pre_key": (60, 10, 50),
        "session": (4, 2, 2),
        "sender_key": (1, 1, 0),
        "sender_key_memory": (1, 1, 0),
        "device_list": (1, 0, 1),
        "tctoken": (1, 0, 1),
        "identity_key": (1, 0, 1),
        "unknown": (1, 0, 1),
    }
    plain = len('{"k":"c4n4ryK3yM4t3r14l"}')
    assert rich["bytes_removed"] == 10 * plain + 2 * 1000 + 2 * 77
    assert (rich["status"], rich["level"], rich["counted"], rich["advertised_pre_keys"]) == (
        "cleaned",
        "excellent",
        60,
        0,
    )
    assert (rich["warnings"], rich["errors"]) == ([], [])
    small = result.companies["small"]
    assert small["files"] == {"seen": 1, "removed": 0, "kept": 1, "failed": 0, "changed": 0}
    assert (list(small["kinds"]), small["status"]) == (["creds"], "cleaned")
    assert summary["totals"]["companies"] == 2


def test_an_empty_company_folder(root: Root) -> None:
    """A company without a single file is looked at, has no kinds, and is warned of for want of a creds.json."""
    root.company(content=None)
    found = root.clean().only
    assert found["files"] == {"seen": 0, "removed": 0, "kept": 0, "failed": 0, "changed": 0}
    assert (found["kinds"], found["status"], found["level"]) == ({}, "cleaned", "excellent")
    assert any("creds.json" in warning for warning in found["warnings"])


def test_removals_are_listed_with_reasons(root: Root) -> None:
    """With --verbose or --dry-run each removal carries file, kind, reason, age and size."""
    filled(root)
    dry = root.dry().removals("962302")
    real = root.clean("--verbose").removals("962302")
    assert dry.keys() == real.keys()
    assert len(dry) == 14
    for listed in (dry, real):
        for name, removal in listed.items():
            assert set(removal) >= {"file", "kind", "reason", "age_seconds", "bytes"}, name
            assert len(removal["reason"]) > 3
        assert listed["session-1.0.json"]["bytes"] == 1000
        assert 20 * DAY <= listed["session-1.0.json"]["age_seconds"] < 20 * DAY + 600
    assert [dry[name]["reason"] for name in dry] == [real[name]["reason"] for name in dry]


def test_a_second_run_has_nothing_to_do(root: Root) -> None:
    """After a run, nothing is left for the next: it removes nothing and says so with status 0."""
    filled(root)
    root.clean()
    before = root.tree()
    again = root.clean().summary
    assert (again["totals"]["removed"], again["status"]) == (0, "done")
    assert root.tree() == before


LEVELS = [1, 99, 100, 150, 151, 170, 171, 180, 181, 400]


def test_levels(root: Root) -> None:
    """The level is that of the counted files that remain; above 150 it is a warning, which even -q shows."""
    for count in LEVELS:
        nobody_else = creds(me=f"1555000{count:04}:7@s.whatsapp.net", lid=None)
        company = root.company(str(count), nobody_else).put(*(f"device-list-{n}.json" for n in range(count - 1)))
        company.put(*(f"session-{n}.0.json" for n in range(7)), age=20 * DAY)
    for result in (root.dry(), root.clean()):
        for count in LEVELS:
            found = result.companies[str(count)]
            assert (found["counted"], found["level"]) == (count, level_of(count))
            assert bool(found["warnings"]) == (count > 150), count
    text = root.run("-q")
    assert text.status == 0
    warned = [count for count in LEVELS if re.search(rf"\b{count}\b", text.said)]
    assert set(warned) >= {count for count in LEVELS if count > 150}


def test_levels_can_be_set(root: Root) -> None:
    """The first count of each level is a setting."""
    for count in (4, 5, 6, 7, 8):
        root.company(str(count)).put(*(f"device-list-{n}.json" for n in range(count - 1)))
    limits = {"NORMAL": "5", "ATTENTION": "6", "WARNING": "7", "CRITICAL": "8"}
    result = root.clean(env={f"BAILEYS_CLEANUP_LEVELS__{name}": value for name, value in limits.items()})
    levels = [result.companies[str(count)]["level"] for count in (4, 5, 6, 7, 8)]
    assert levels == ["excellent", "normal", "attention", "warning", "critical"]


def test_the_table_in_a_pipe(root: Root) -> None:
    """Without --json, stdout is a plain table: each company, its level in words, what was removed; logs are elsewhere."""
    filled(root)
    for args in (["--dry-run"], []):
        result = root.run(*args)
        text = result.out.decode()
        assert result.status == 0
        assert "962302" in text
        assert "excellent" in text.lower()
        assert re.search(r"\b14\b", text), "removed"
        assert re.search(r"\b74\b", text), "seen"
        assert ("session-1.0.json" in text) == bool(args), "a dry run names the files"


def test_the_table_on_a_terminal_has_colours(root: Root) -> None:
    """On a terminal the same words come in colour."""
    filled(root)
    ours, theirs = pty.openpty()
    env = environment({"TERM": "xterm-256color", "BAILEYS_CLEANUP_SESSIONS_ROOT": str(root.path)})
    with subprocess.Popen(command(), env=env, stdin=theirs, stdout=theirs, stderr=theirs) as tool:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert tool.returncode == 0
    assert b"\x1b[" in shown
    assert b"962302" in shown
    assert b"excellent" in shown.lower()


def test_quiet_says_nothing_when_all_is_well(root: Root) -> None:
    """With -q a run without warnings prints nothing at all, whether or not it removed something."""
    filled(root)
    for _ in range(2):
        result = root.run("--quiet")
        assert (result.status, result.out, result.err) == (0, b"", b"")
    assert root.run("-q", "--log-format", "json").said == root.run("-q", "--log-format", "console").said == ""


def test_verbose_names_every_file(root: Root) -> None:
    """With -v every file is named, kept ones too."""
    filled(root)
    files = [path.name for path in (root.path / "company_962302").iterdir()]
    said = root.run("-v").said
    assert [name for name in files if name not in said] == []


@pytest.mark.parametrize("args", [[], ["-v"], ["--json"], ["--dry-run"], ["--json", "-v"]])
def test_log_lines_are_json(root: Root, args: list[str]) -> None:
    """With --log-format json (the default away from a terminal) each line on stderr is one JSON object."""
    filled(root)
    root.company("warned", None).put(*(f"device-list-{n}.json" for n in range(200)))
    (root.path / "company_warned" / "session-1.0.json").symlink_to("nowhere")
    for more in ([], ["--log-format", "json"]):
        result = root.run(*args, *more)
        assert result.status == 0
        for line in result.err.splitlines():
            assert isinstance(json.loads(line), dict)


def test_console_logs_have_no_escape_codes_in_a_pipe(root: Root) -> None:
    """With --log-format console in a pipe, lines are plain words; stdout is the same as ever."""
    filled(root)
    result = root.clean("-v", "--log-format", "console")
    for line in result.err.splitlines():
        assert not line.startswith(b"{")


def test_stdout_carries_one_document(root: Root) -> None:
    """With --json, stdout is one JSON value and nothing else, warnings or not, verbose or not."""
    root.company("warned", None).put(*(f"device-list-{n}.json" for n in range(200)))
    for args in ([], ["-v"], ["--dry-run"], ["--dry-run", "-v"], ["--log-format", "console"]):
        result = root.clean(*args)
        assert result.companies["warned"]["level"] == "critical"
        assert result.companies["warned"]["warnings"]


def test_an_empty_root_is_suspicious(root: Root) -> None:
    """A root without any company folder is status 0 with a warning that even -q shows."""
    (root.path / "lost+found").mkdir()
    for args in (["-q"], [], ["--dry-run", "-q"]):
        result = root.run(*args)
        assert result.status == 0
        assert result.said.strip()
    summary = root.clean().summary
    assert summary["companies"] == []
    assert summary["status"] == "done"
