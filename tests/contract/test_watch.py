"""check, monitor, metrics: from outside, through the installed command."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from halting import PATIENCE

from .world import DAY, KINDS, Root, command, creds, environment, run


def filled(root: Root, company: str, files: int, old: int = 0) -> None:
    """Make a company of that many files that stay, creds.json among them, and old sessions that go."""
    device = 10 + sum(company.encode()) % 90
    made = root.company(company, creds(me=f"15550000001:{device}@s.whatsapp.net"))
    made.put(*(f"device-list-{number}.json" for number in range(files - 1)), age=3600)
    made.put(*(f"session-1556{number:07}.0.json" for number in range(old)), age=20 * DAY)


@pytest.mark.parametrize(("files", "status", "word"), [(150, 0, "OK"), (151, 1, "WARNING"), (181, 2, "CRITICAL")])
def test_check_is_a_nagios_plugin(root: Root, files: int, status: int, word: str) -> None:
    """One line: the word, a text, a bar, performance data with both thresholds; nothing on stderr, no trace."""
    filled(root, "962302", files)
    before = root.tree()
    result = root.run("check")
    assert (result.status, result.err) == (status, b"")
    (line,) = result.out.decode().splitlines()
    assert re.fullmatch(rf"{word} - [^|]+ \| .*'company_962302'={files};150;180;0", line)
    assert (root.tree(), root.tool.exists()) == (before, False)


def test_check_takes_the_worst_of_the_chosen(root: Root) -> None:
    """All companies by default, or the named ones, against the thresholds given."""
    filled(root, "1", 10)
    filled(root, "2", 20)
    calls = [
        ("-w", "15", "-c", "30"),
        ("-w", "15", "-c", "30", "--company", "1"),
        ("--critical", "15"),
        ("--warning", "20"),
    ]
    assert [root.run("check", *args).status for args in calls] == [1, 0, 2, 0]


@pytest.mark.parametrize(
    "args",
    [("--nonsense",), ("--warning", "many"), ("--company", "404"), ("--config", "/nowhere.toml"), ("x",)],
)
def test_check_that_cannot_check_is_unknown(root: Root, args: tuple[str, ...]) -> None:
    """Whatever is wrong is status 3 and one line on stdout."""
    filled(root, "962302", 10)
    result = root.run("check", *args)
    assert (result.status, result.err) == (3, b"")
    (line,) = result.out.decode().splitlines()
    assert line.startswith("UNKNOWN - ")


def test_check_that_cannot_check_is_unknown_in_json_too(root: Root) -> None:
    """With --json the error is one document on stdout, with the plugin's own status."""
    filled(root, "962302", 10)
    result = root.run("check", "--json", "x")
    assert (result.status, result.err) == (3, b"")
    document = json.loads(result.out)
    assert (document["status"], document["exit_status"], len(document["errors"])) == ("unknown", 3, 1)


def test_check_of_nothing_is_unknown(root: Root) -> None:
    """A root without a company, and a root that is not there."""
    assert root.run("check").status == 3
    root.path.rmdir()
    assert root.run("check").status == 3


@pytest.mark.parametrize("companies", [1, 200])
def test_check_with_nobody_to_read_it_is_unknown(root: Root, companies: int) -> None:
    """A stdout that takes nothing never looks like OK, whether that shows at the first line or at the end."""
    for number in range(companies):
        filled(root, str(number), 1)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("check", "--json", "--sessions-root", str(root.path)),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert (done.returncode, b"Traceback" in done.stderr) == (3, False)


def test_check_escapes_what_the_encoding_does_not_know(root: Root) -> None:
    """A letter that stdout cannot take changes neither the state nor the line's form, also in an error."""
    filled(root, "Zürich-2", 160)
    env = {"PYTHONIOENCODING": "ascii"}
    for args, status, word in (((), 1, b"WARNING"), (("--company", "Bülach"), 3, b"UNKNOWN")):
        result = root.run("check", *args, env=env)
        assert (result.status, result.err, result.out.count(b"\n")) == (status, b"", 1)
        assert result.out.startswith(word + b" - ")
        assert rb"\xfc" in result.out
        assert b"bug" not in result.out


def test_metrics_are_utf_8_whatever_the_encoding(root: Root) -> None:
    """Prometheus' text format is UTF-8, and a backslash before an x is none of its escapes."""
    filled(root, "Zürich-2", 3)
    (usual, ascii_only) = (root.run("metrics", env={"PYTHONIOENCODING": name}) for name in ("utf-8", "ascii"))
    label = 'baileys_company_counted_files{company_id="Zürich-2"} 3.0\n'.encode()
    assert (usual.status, ascii_only.status) == (0, 0)
    assert (label in usual.out, label in ascii_only.out) == (True, True)


def test_an_advertised_batch_does_not_count(root: Root) -> None:
    """A fresh pairing of 812 pre-keys is well for check, monitor and metrics."""
    root.company("962302", content=creds(upto=813)).pre_keys(range(1, 813), age=DAY)
    assert root.run("check").status == 0
    (company,) = json.loads(root.run("monitor", "--once", "--json").out)["companies"]
    assert (company["counted"], company["level"]) == (51, "excellent")
    assert b'baileys_company_counted_files{company_id="962302"} 51.0' in root.run("metrics").out


def test_metrics_have_the_users_gauge_exactly(root: Root) -> None:
    """`baileys_session_files_count{company_id,file_type}` for every known kind, 0 included; no trace is left."""
    filled(root, "962302", 5, old=3)
    result = root.run("metrics")
    samples = dict(
        re.findall(
            r'^baileys_session_files_count\{company_id="962302",file_type="(\w+)"\} (\S+)$',
            result.out.decode(),
            re.MULTILINE,
        )
    )
    expected = dict.fromkeys(KINDS, "0.0") | {"creds": "1.0", "device_list": "4.0", "session": "3.0"}
    assert (result.status, samples, root.tool.exists()) == (0, expected, False)


def test_no_file_name_is_a_label(root: Root) -> None:
    """Neither a file name nor a phone number of a contact is in the metrics."""
    filled(root, "962302", 5, old=3)
    text = root.run("metrics").out
    assert b"session-" not in text
    assert b"1556" not in text


def test_the_monitors_emergency_can_be_undone(root: Root) -> None:
    """Above 180 the company is cleaned as by `clean`: audited, in the quarantine, and undo brings it back."""
    filled(root, "962302", 100, old=90)
    before = root.files()
    document = json.loads(root.run("monitor", "--once", "--json").out)
    (company,) = document["companies"]
    assert (company["counted"], company["level"], company["emergency"]["files"]["removed"]) == (100, "normal", 90)
    assert len((root.tool / "audit.log").read_text().splitlines()) == 90
    (run_id,) = company["emergency"]["runs"]
    assert len(root.quarantine(run_id)) == 90
    assert root.run("undo", run_id).status == 0
    assert root.files() == before


def test_up_to_180_the_monitor_removes_nothing(root: Root) -> None:
    """What is only full is told, and left to the nightly run."""
    filled(root, "962302", 100, old=80)
    before = root.files()
    result = root.run("monitor", "--once")
    assert (result.status, result.out, root.files()) == (0, b"", before)
    (event,) = [json.loads(line) for line in result.err.decode().splitlines()]
    assert (event["event"], event["company_level"], event["counted"]) == ("company_alert", "warning", 180)
    assert root.run("monitor", "--once").err == b"", "once per company and level, also between processes"


def test_the_emergency_cleanup_waits_for_another_run(root: Root) -> None:
    """While a run is at work nothing is touched; it is said, and is no failure."""
    filled(root, "962302", 100, old=90)
    before = root.files()
    with root.locked():
        result = root.run("monitor", "--once")
    assert (result.status, root.files()) == (0, before)
    assert b"emergency_postponed" in result.err
    root.run("monitor", "--once")
    assert len(root.files()) < len(before)


def test_the_table_on_a_terminal(root: Root) -> None:
    """With --once on a terminal: the fullest first, level, trend since the last look, what a cleanup would free."""
    filled(root, "1", 20, old=3)
    filled(root, "2", 160)
    root.run("monitor", "--once")
    root.company("3")
    (root.path / "company_1" / "device-list-x.json").write_text("[]")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("monitor", "--once", "--sessions-root", str(root.path)),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment({"TERM": "dumb"}),
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:
        pass  # the other side is closed
    os.close(ours)
    assert process.wait(PATIENCE) == 0
    rows = [line.split() for line in said.decode().splitlines()]
    assert rows[0][:4] == ["COMPANY", "FILES", "TREND", "LEVEL"]
    assert rows[1] == ["2", "160", "same", "attention", "nothing"]
    assert rows[2] == ["1", "24", "up", "1", "excellent", "3", "files,", "75", "B"]
    assert rows[3] == ["3", "1", "new", "excellent", "nothing"]


def test_settings_that_are_wrong_end_monitor_and_metrics(root: Root) -> None:
    """Status 2 and a sentence, before anything is looked at."""
    filled(root, "962302", 200)
    for name, env in (
        ("monitor", {"BAILEYS_CLEANUP_ALERTS__REPEAT_HOURS": "0"}),
        ("metrics", {"BAILEYS_CLEANUP_METRICS__TEXTFILE": "relative.prom"}),
    ):
        result = root.run(*([name, "--once"] if name == "monitor" else [name]), env=env)
        assert (result.status, result.out) == (2, b"")
        assert next(iter(env)).encode() in result.err
    assert not root.tool.exists()


def test_a_ping_service_that_hangs_does_not_keep_a_run_from_stopping(root: Root) -> None:
    """SIGTERM while the first ping waits for its answer ends the waiting; the last ping tells the status."""
    filled(root, "962302", 3, old=2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        process = subprocess.Popen(
            command("-q", "--sessions-root", str(root.path)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment({"BAILEYS_CLEANUP_PING_URL": f"http://127.0.0.1:{server.getsockname()[1]}/x"}),
        )
        start, _ = server.accept()
        with start:
            assert start.recv(1000).startswith(b"GET /x/start ")
            process.send_signal(signal.SIGTERM)
            end, _ = server.accept()
            with end:
                assert end.recv(1000).startswith(b"GET /x/143 ")
                end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert b"/start was not answered before the process was told to stop" in said


DEAD = {"empty": b"", "nul": bytes(2300), "cut": creds()[:-9]}


@pytest.mark.parametrize("kind", DEAD)
def test_a_dead_pairing_is_told_by_every_eye(root: Root, kind: str) -> None:
    """Check is CRITICAL, monitor alerts, clean warns, metrics count it; each says that the bot will not come back."""
    made = root.company("962302", content=DEAD[kind])
    made.put(*(f"session-1556{number:07}.0.json" for number in range(3)))
    check = root.run("check")
    assert check.status == 2
    assert b"1 bot will not come back by itself: 962302 (creds.json is " in check.out
    assert b"restore latest --replace --company 962302" in check.out
    (event,) = [json.loads(line) for line in root.run("monitor", "--once").err.decode().splitlines()]
    assert event["event"] == "company_alert"
    assert "will not come back by itself" in event["text"]
    assert any("will not come back by itself" in warning for warning in root.clean().only["warnings"])
    assert b"\nbaileys_companies_pairing_dead 1.0\n" in root.run("metrics").out


def test_a_creds_json_that_is_gone_while_keys_are_there_is_critical(root: Root) -> None:
    """No creds.json, and sessions: the pairing is gone. An empty folder is none."""
    root.company("962302", content=None).put("session-1.0.json")
    root.company("empty", content=None)
    assert root.run("check").status == 2
    assert root.run("check", "--company", "empty").status == 0


def test_contents_one_level_deeper_are_no_empty_company(root: Root, tmp_path: Path) -> None:
    """Check warns, and a backup of it fails: neither passes it for an empty folder."""
    made = root.company("1", content=None)
    (made.path / "5511").mkdir()
    (made.path / "5511" / "creds.json").write_bytes(creds())
    check = root.run("check")
    assert (check.status, b"one level deeper" in check.out) == (1, True)
    archives = tmp_path / "archives"
    archives.mkdir(mode=0o700)
    backup = root.run("backup", "--to", str(archives))
    assert (backup.status, "one level deeper" in backup.said) == (1, True)


@pytest.mark.parametrize("below", ["company_962302", "5511"])
def test_the_folder_of_one_bot_is_no_sessions_root(root: Root, below: str) -> None:
    """Status 2 with the path that was probably meant, and nothing is made there."""
    folder = root.company("962302").path
    folder = folder.rename(root.path / below)
    before = root.tree()
    for args in (("--dry-run",), (), ("monitor", "--once"), ("metrics",)):
        result = run(*args, "--sessions-root", str(folder))
        assert result.status == 2
        assert str(root.path) in result.said
    assert run("check", "--sessions-root", str(folder)).status == 3
    assert root.tree() == before


def test_what_is_passed_over_is_named(root: Root) -> None:
    """A link that looks like a company, and a folder of another name that holds one: by clean, check and monitor."""
    filled(root, "1", 3)
    (root.path / "company_2").symlink_to(root.path / "company_1")
    (root.path / "5511").mkdir()
    (root.path / "5511" / "creds.json").write_bytes(creds())
    warnings = " ".join(root.clean().summary["warnings"])
    assert ("company_2" in warnings, "5511" in warnings) == (True, True)
    assert b"passed over: 5511, company_2" in root.run("check").out
    document = json.loads(root.run("monitor", "--once", "--json").out)
    assert [each["name"] for each in document["passed_over"]] == ["5511", "company_2"]


def test_check_tells_what_the_tool_has_not_done(root: Root) -> None:
    """Before the first cleanup and the first backup it is a WARNING, for who asked; after a cleanup it is well."""
    filled(root, "1", 3)
    assert root.run("check").status == 0
    assert root.run("check", "--max-age-clean", "26h").status == 1
    root.clean()
    assert root.run("check", "--max-age-clean", "26h").status == 0
    backup = root.run("check", "--max-age-clean", "26h", "--max-age-backup", "26h")
    assert (backup.status, b"without a good backup" in backup.out) == (1, True)
    assert root.run("check", "--max-age-clean", "soon").status == 3


def test_a_dry_run_of_the_monitor_touches_nothing(root: Root) -> None:
    """It says what it would do; no file, no date, no folder of the tool."""
    filled(root, "962302", 100, old=90)
    before = root.tree()
    result = root.run("monitor", "--dry-run")
    assert (result.status, result.err) == (0, b"")
    assert b"an emergency cleanup would remove 90 files" in result.out
    document = json.loads(root.run("monitor", "-n", "--json").out)
    assert document["dry_run"] is True
    assert (root.tree(), root.tool.exists()) == (before, False)


def test_a_company_has_levels_of_its_own(root: Root) -> None:
    """Kinds that are not counted, and limits of one company; clean, check and monitor say the same."""
    filled(root, "962302", 200)
    filled(root, "1", 200)
    config = root.path.parent / "settings.toml"
    config.write_text(
        '[companies.962302.levels]\nnot_counted = ["device_list"]\n[companies.1.levels]\ncritical = 300\n'
    )
    cleaned = json.loads(root.run("--json", "--config", str(config)).out)["companies"]
    found = {each["company_id"]: each for each in cleaned}
    assert [(found[name]["counted"], found[name]["level"]) for name in ("962302", "1")] == [
        (1, "excellent"),
        (200, "warning"),
    ]
    checked = json.loads(root.run("check", "--json", "--config", str(config)).out)["companies"]
    assert {each["company_id"]: each["level"] for each in checked} == {"962302": "excellent", "1": "warning"}


def test_metrics_of_many_companies_can_be_told_in_short(root: Root) -> None:
    """`--detail summary` has no series per company but for the fullest, and the same totals."""
    filled(root, "962302", 3)
    texts = [root.run("metrics", "--detail", detail).out for detail in ("full", "company", "summary")]
    assert [b"baileys_session_files_count{" in text for text in texts] == [True, False, False]
    assert all(b'baileys_companies{level="excellent"} 1.0' in text for text in texts)
