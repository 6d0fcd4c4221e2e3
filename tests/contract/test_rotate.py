"""`rotate`: a new folder in one step, the former one kept, with real hooks, from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from halting import PATIENCE, until

from .world import (
    DAY,
    MEMORY,
    OLD_SESSION,
    OTHER_KEY,
    OWN_KEY,
    PN,
    Company,
    Result,
    Root,
    check_output,
    creds,
    environment,
    mounting,
    start,
)

TAKEN = {"creds.json", "app-state-sync-key-AAAA.json", "pre-key-30.json", f"session-{PN}.0.json", "strange name"}
LEFT = {OLD_SESSION, OWN_KEY, OTHER_KEY, MEMORY}
NEW_CREDS = json.dumps({"me": {"id": "15550000009:3@s.whatsapp.net"}, "registered": False})
NOTE = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n'); print('did', *sys.argv[2:])"


class Bot:
    """The settings of a bot that can be stopped and started, and a note of what was run."""

    def __init__(self, room: Path) -> None:
        self.log = room / "hooks.log"
        self.file = room / "settings.toml"
        self.rotate: dict[str, Any] = {
            "stop_command": [sys.executable, "-S", "-c", NOTE, str(self.log), "stop", "{company_id}"],
            "start_command": [sys.executable, "-S", "-c", NOTE, str(self.log), "start", "{folder}"],
            "hook_timeout": 120,
            "timeout": 240,
        }
        self.around_clean = False

    def options(self) -> tuple[str, str]:
        """Write the settings, and give the option that names them."""
        lines = ["[hooks]", f"around_clean = {str(self.around_clean).lower()}", "[rotate]"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in self.rotate.items() if value is not None]
        self.file.write_text("\n".join(lines))
        return ("--config", str(self.file))

    def ran(self) -> list[str]:
        """Give what was run."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    """Give a bot that can be stopped and started."""
    return Bot(tmp_path)


@pytest.fixture
def company(root: Root) -> Company:
    """Make the company that is rotated."""
    return root.company().put(*(TAKEN - {"creds.json"}), *LEFT, age=5 * DAY)


def python(code: str, *words: str) -> list[str]:
    """Give a command that runs some Python."""
    return [sys.executable, "-S", "-c", code, *words]


def waits_for(path: Path) -> str:
    """Give Python that waits until a file is there."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)"


def rotate(root: Root, bot: Bot | None, *args: str, status: int = 0, company: str | None = "962302") -> Result:
    """Rotate, and expect a status."""
    which = ("--company", company) if company is not None else ()
    result = root.run("rotate", "--yes", *which, *args, *(bot.options() if bot else ()))
    assert result.status == status, result
    return result


def document(result: Result) -> dict[str, Any]:
    """Give the one rotation of a JSON document."""
    (told,) = json.loads(result.out)["rotations"]
    return dict(told)


def aside(root: Root) -> list[Path]:
    """Give the folders that lie aside."""
    return sorted((root.tool / "aside").glob("*/company_*"))


def names(folder: Path) -> set[str]:
    """Give the names in a folder."""
    return set(os.listdir(folder))


# --- soft -----------------------------------------------------------------------------------------------


def test_a_soft_rotation_keeps_the_pairing_and_the_former_folder(root: Root, company: Company, bot: Bot) -> None:
    """The bot is stopped, all but conversations with others goes along, the former folder lies aside whole."""
    before = {name: what for name, what in root.tree().items() if name.startswith(b"company_962302/")}
    told = document(rotate(root, bot, "--json"))
    assert (told["mode"], told["status"], told["state"]) == ("soft", "done", "started")
    assert told["files"] == {"seen": len(TAKEN | LEFT), "taken": len(TAKEN), "left": len(LEFT)}
    assert bot.ran() == ["stop 962302", f"start {company.path}"]
    assert names(company.path) == TAKEN
    after = root.tree()
    assert all(after[name] == before[name] for name in after if name in before)
    (former,) = aside(root)
    assert names(former) == TAKEN | LEFT
    assert {what for name, what in before.items()} == {
        (oct(path.stat().st_mode), 1, path.stat().st_mtime_ns, path.read_bytes()) for path in former.iterdir()
    }


def test_what_hooks_say_is_in_the_log(root: Root, company: Company, bot: Bot) -> None:
    """Each line of a hook's output is an event with the setting it comes from, escaped."""
    bot.rotate["stop_command"] = python("print('one\\x1b[2J', flush=True); import sys; print('two', file=sys.stderr)")
    lines = [json.loads(line) for line in rotate(root, bot, "--json").err.splitlines()]
    said = [(line["hook"], line["line"]) for line in lines if line["event"] == "hook_output"]
    assert said[0] == ("rotate.stop_command", "one\\x1b[2J")
    assert said[1] == ("rotate.stop_command", "two")
    assert said[2][0] == "rotate.start_command"


def test_rollback_puts_the_former_folder_back(root: Root, company: Company, bot: Bot) -> None:
    """The command that is printed works as printed; what the bot wrote meanwhile lies aside."""
    before = root.files()
    said = rotate(root, bot).out.decode()
    company.put("session-3.0.json")
    (line,) = [line for line in said.splitlines() if "--rollback" in line]
    words = line.partition("baileys-cleanup ")[2].split()
    result = root.run(*words[: words.index("--sessions-root")], *bot.options())
    assert result.status == 0, result
    assert root.files() == before
    assert bot.ran() == ["stop 962302", f"start {company.path}"] * 2
    (other,) = aside(root)
    assert names(other) == TAKEN | {"session-3.0.json"}
    assert rotate(root, bot, "--rollback", status=2).err
    rotate(root, bot)
    assert len(aside(root)) == 2


def test_without_hooks_it_says_that_the_bot_must_be_stopped(root: Root, company: Company) -> None:
    """Softly it works without any setting, and says plainly what it could not do."""
    said = rotate(root, None).out.decode()
    assert "must be stopped" in said
    assert "start the bot now" in said
    assert names(company.path) == TAKEN


def test_a_dry_run_says_every_step_and_file_and_changes_nothing(root: Root, company: Company, bot: Bot) -> None:
    """No folder, no lock, no hook; and what it names is what the rotation does."""
    (company.path / "a link").symlink_to("/etc/hostname")
    before = root.tree()
    planned = document(rotate(root, bot, "--dry-run", "--json"))
    text = rotate(root, bot, "-n").out.decode()
    assert (root.tree(), root.tool.exists(), bot.ran()) == (before, False, [])
    assert [step["state"] for step in planned["steps"]] == ["backed_up", "stopped", "built", "switched", "started"]
    for name in TAKEN | LEFT | {"a link"}:
        assert name in text
    assert "stop 962302" in text
    assert {file["file"] for file in planned["files_taken"]} == TAKEN
    assert {file["file"] for file in planned["files_left"]} == LEFT
    assert all(file["reason"] for file in planned["files_taken"] + planned["files_left"])
    done = rotate(root, bot, "--json")
    assert document(done)["files"] == planned["files"]
    assert "a link" in document(done)["warnings"][0]
    fresh = document(rotate(root, bot, "--fresh", "-n", "--json"))
    assert (fresh["files_taken"], fresh["files"]["taken"]) == ([], 0)
    assert fresh["steps"][-1]["state"] == "paired"


# --- bad input ------------------------------------------------------------------------------------------

WRONG_LINES = [
    [],
    ["--company", "962302", "--company", "1"],
    ["--company", "1"],
    ["--company", "../company_962302"],
    ["--resume"],
    ["--rollback"],
    ["--resume", "--rollback"],
    ["--resume", "--company", "1"],
    ["--rollback", "--fresh", "--company", "962302"],
    ["--resume", "--dry-run"],
]


def test_a_wrong_line_is_status_2_and_touches_nothing(root: Root, company: Company) -> None:
    """No company, a missing one, two, options that exclude each other, nothing to go on with."""
    before = root.tree()
    for line in WRONG_LINES:
        result = root.run("rotate", *line)
        assert (result.status, result.out, bool(result.err)) == (2, b"", True), result
    assert root.tree() == before


def test_a_company_that_is_being_cleaned_is_status_3(root: Root, company: Company, bot: Bot) -> None:
    """While a run holds the lock nothing is rotated, and no hook is run."""
    with root.locked():
        for args in ([], ["--fresh"], ["--resume"], ["--rollback"]):
            rotate(root, bot, *args, status=3)
    assert (names(company.path), bot.ran()) == (TAKEN | LEFT, [])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b'{"me": ', "not valid JSON"),
        (None, "is missing"),
        (creds(me=None, lid=None), "not paired"),
        (b'{"me": {"id": "nobody"}}', "incomplete"),
    ],
)
def test_without_a_readable_pairing_soft_is_impossible(root: Root, bot: Bot, content: bytes | None, why: str) -> None:
    """Status 4 before the bot is stopped, with the two ways that are left."""
    company = root.company(content=content).put(OLD_SESSION)
    said = rotate(root, bot, status=4).said
    assert why in said
    assert "--fresh" in said
    assert "restore" in said
    assert (bot.ran(), OLD_SESSION in company, aside(root)) == ([], True, [])


def broken(tmp_path: Path) -> dict[str, tuple[str, Any, int, str]]:
    """Give hooks that do not work: setting, command, status, and what is said."""
    hang = python("import time; time.sleep(600)")
    return {
        "stop missing": ("stop_command", ["/nonexistent/stop"], 4, "no program"),
        "start missing": ("start_command", ["no-such-program-here"], 4, "no program"),
        "qr missing": ("qr_command", ["no-such-program-here"], 4, "no program"),
        "stop fails": ("stop_command", python("print('Unit not found'); raise SystemExit(5)"), 1, "Unit not found"),
        "stop hangs": ("stop_command", hang, 1, "took longer"),
    }


@pytest.mark.parametrize("case", broken(Path()))
def test_a_hook_that_does_not_work_stops_the_rotation(
    root: Root, company: Company, bot: Bot, tmp_path: Path, case: str
) -> None:
    """Nothing is changed, and the bot is not started a second time; afterwards a rotation is possible."""
    name, command, status, why = broken(tmp_path)[case]
    before = root.files()
    right = bot.rotate.get(name)
    bot.rotate |= {name: command, "hook_timeout": 2 if "hangs" in case else 120}
    result = rotate(root, bot, status=status)
    assert why in result.said
    assert name in result.said
    assert (root.files(), bot.ran(), aside(root)) == (before, [], [])
    bot.rotate |= {name: right, "hook_timeout": 120}
    rotate(root, bot)


def test_a_start_hook_that_fails_leaves_the_journal_open(root: Root, company: Company, bot: Bot) -> None:
    """The new folder is live and the bot is not: status 1 with both ways on; resumed with a right hook it ends."""
    right = bot.rotate["start_command"]
    bot.rotate["start_command"] = python("raise SystemExit(3)")
    said = rotate(root, bot, status=1).said
    assert "--resume" in said
    assert "--rollback" in said
    assert names(company.path) == TAKEN
    assert "--resume" in rotate(root, bot, status=4).said, "a second rotation is refused with the way on"
    cleaned = root.run("--json")
    assert (cleaned.status, cleaned.only["status"]) == (4, "refused")
    assert "--resume" in cleaned.only["errors"][0]["error"]
    bot.rotate["start_command"] = right
    assert document(rotate(root, bot, "--resume", "--json", company=None))["status"] == "done"
    assert bot.ran() == ["stop 962302", f"start {company.path}"]


def test_no_room_for_a_new_folder(tmp_path: Path) -> None:
    """On a full disk nothing is stopped or changed, and the sentence says why."""
    place = tmp_path / "disk"
    place.mkdir()
    before = mounting(f"mount -t tmpfs -o size=400k,nr_inodes=200 none {place}")
    script = (
        f"mkdir -p {place}/root/company_7; cd {place}/root/company_7\n"
        'printf \'{"me": {"id": "1:2@s.whatsapp.net"}}\' > creds.json\n'
        "head -c 250000 /dev/zero > big\n"
        f'"$@" rotate --yes --company 7 --sessions-root {place}/root; echo "status $?"; ls {place}/root/company_7'
    )
    done = subprocess.run(
        [*before, "sh", "-c", script, "sh", sys.executable, "-m", "baileys_cleanup"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=PATIENCE,
    )
    assert "no room for a new folder of 2 files" in done.stderr, done
    assert done.stdout.split() == ["status", "4", "big", "creds.json"]


# --- fresh ----------------------------------------------------------------------------------------------


def payloads(*lines: str, then: str = "import time; time.sleep(3600)") -> list[str]:
    """Give a command that prints QR payloads, and then does something: it waits."""
    return python(f"for line in {lines!r}: print(line, flush=True)\n{then}")


def start_rotation(root: Root, bot: Bot, *args: str) -> "subprocess.Popen[bytes]":
    """Start a rotation and do not wait for it."""
    return start("rotate", "--company", "962302", *args, *bot.options(), "--sessions-root", str(root.path))


def read_until(tool: "subprocess.Popen[bytes]", part: bytes) -> bytes:
    """Read what a tool says, up to the line that has a part; a tool that ends before fails the test."""
    assert tool.stdout is not None
    said = b""
    while part not in said:
        line = tool.stdout.readline()
        assert line, f"it ended, and said {said!r}"
        said += line
    return said


def finished(tool: "subprocess.Popen[bytes]", shown: bytes = b"") -> Result:
    """Wait for a tool that was started; `shown` is what of its output was read before."""
    out, err = tool.communicate(timeout=PATIENCE)
    result = Result((), tool.returncode, shown + out, err)
    check_output(result)
    return result


def test_a_fresh_rotation_waits_until_the_folder_is_paired(root: Root, company: Company, bot: Bot) -> None:
    """Codes are shown as they come, half a creds.json is no pairing, a whole one is, and then the bot starts."""
    scanned = root.path.parent / "scanned"
    bot.rotate["qr_command"] = payloads("2@one,two", "", "2@three,four", "2@three,four", then=waits_for(scanned))
    tool = start_rotation(root, bot, "--fresh")
    shown = read_until(tool, b"QR code 2")
    assert company.names() == set()
    (company.path / "creds.json").write_text(NEW_CREDS[:30])
    time.sleep(1.2)
    (company.path / "creds.json").write_text('{"me": {"id": "15550000009@s.whatsapp.net", "name": "~"}}')
    time.sleep(1.2)
    assert tool.poll() is None, "a number without a device is a pairing code that was only asked for"
    assert bot.ran() == ["stop 962302"]
    (company.path / "creds.json").write_text(NEW_CREDS)
    scanned.touch()
    result = finished(tool, shown)
    assert result.status == 0, result
    assert re.findall(r"QR code (\d)", result.out.decode()) == ["1", "2"]
    assert b"2@" not in result.out + result.err, "a payload is shown as a picture, never as text"
    assert bot.ran() == ["stop 962302", f"start {company.path}"]
    (former,) = aside(root)
    assert names(former) == TAKEN | LEFT


def test_a_code_that_is_never_scanned(root: Root, company: Company, bot: Bot) -> None:
    """Time runs out with status 1; the folder and the journal stay, and one printed command puts the old one back."""
    before = root.files()
    bot.rotate |= {"qr_command": payloads("2@one,two"), "timeout": 1}
    result = rotate(root, bot, "--fresh", "--json", status=1)
    assert (document(result)["status"], document(result)["state"]) == ("open", "timed_out")
    assert company.names() == set()
    again = rotate(root, bot, "--resume", status=1).out.decode()
    assert "not paired" in again
    assert f"baileys-cleanup rotate --company 962302 --rollback --sessions-root {root.path}" in again
    rotate(root, bot, "--rollback")
    assert root.files() == before
    assert bot.ran()[-1] == f"start {company.path}"
    assert len(aside(root)) == 1, "a folder that was live is kept, also an empty one"


def test_the_bot_may_pair_by_itself(root: Root, company: Company, bot: Bot) -> None:
    """Without a qr_command the bot is started on the empty folder, and its pairing is waited for."""
    code = f"open(__import__('sys').argv[1] + '/creds.json', 'w').write({NEW_CREDS!r})"
    bot.rotate["start_command"] = python(code, "{folder}")
    told = document(rotate(root, bot, "--fresh", "--json"))
    assert (told["status"], told["state"]) == ("done", "paired")
    assert json.loads((company.path / "creds.json").read_text())["me"]["id"].startswith("15550000009")


def test_a_command_that_only_tells_the_present_code_is_asked_again(root: Root, company: Company, bot: Bot) -> None:
    """With `bot_pairs` the bot starts first; a command that ends well is run again, and the same code shown once."""
    bot.rotate |= {"qr_command": payloads("2@one", then=""), "bot_pairs": True, "timeout": 7}
    result = rotate(root, bot, "--fresh", status=1)
    assert bot.ran() == ["stop 962302", f"start {company.path}"]
    assert result.out.decode().count("QR code ") == 1 + result.out.decode().count("the QR code in time")


def test_a_qr_command_that_fails_ends_the_waiting(root: Root, company: Company, bot: Bot) -> None:
    """Status 1 at once with its last words and the ways on; nobody waits for codes that will not come."""
    bot.rotate["qr_command"] = python("import sys; sys.exit('cannot find @whiskeysockets/baileys')")
    said = rotate(root, bot, "--fresh", status=1).said
    assert "cannot find @whiskeysockets/baileys" in said
    assert "--rollback" in said


@pytest.mark.parametrize("line", ["x" * 5000, "päyload", "a\tb"])
def test_what_is_no_payload_is_passed_over(root: Root, company: Company, bot: Bot, line: str) -> None:
    """A line that no QR code of WhatsApp's could be is told, and not shown."""
    bot.rotate["qr_command"] = payloads(line, then="raise SystemExit(1)")
    result = rotate(root, bot, "--fresh", status=1)
    assert "is no QR payload" in result.err.decode()
    assert "▄" not in result.out.decode()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_waiting_leaves_the_journal_open(
    root: Root, company: Company, bot: Bot, number: int, status: int
) -> None:
    """The waiting ends, the command with it; resumed after somebody scanned, it is done at once."""
    bot.rotate["qr_command"] = payloads("2@one")
    tool = start_rotation(root, bot, "--fresh")
    read_until(tool, b"QR code 1")
    tool.send_signal(number)
    result = finished(tool)
    assert result.status == status, result
    assert b"--resume" in result.out
    (company.path / "creds.json").write_text(NEW_CREDS)
    rotate(root, bot, "--resume")
    assert bot.ran() == ["stop 962302", f"start {company.path}"]


def test_others_are_cleaned_while_a_code_waits(root: Root, company: Company, bot: Bot) -> None:
    """The lock is let go meanwhile: others are cleaned, this company is left alone; a rollback ends the waiting."""
    other = root.company("2").put(OLD_SESSION, age=20 * DAY)
    before = names(company.path)
    bot.rotate["qr_command"] = payloads("2@one")
    tool = start_rotation(root, bot, "--fresh")
    read_until(tool, b"QR code 1")
    cleaned = root.run("--json")
    assert cleaned.status == 4
    assert (cleaned.companies["2"]["files"]["removed"], OLD_SESSION in other) == (1, False)
    assert "waiting for the QR code" in cleaned.companies["962302"]["errors"][0]["error"]
    rotate(root, bot, "--rollback")
    assert finished(tool).status == 1
    assert names(company.path) == before


def test_a_qr_code_needs_its_library(root: Root, company: Company, bot: Bot, tmp_path: Path) -> None:
    """Without segno a fresh rotation with a qr_command is refused before anything, with what to install."""
    (tmp_path / "segno.py").write_text("raise ImportError('not here')")
    bot.rotate["qr_command"] = payloads("2@one")
    options = bot.options()
    result = root.run("rotate", "--company", "962302", "--fresh", *options, env={"PYTHONPATH": str(tmp_path)})
    assert result.status == 2, result
    assert "pip install 'baileys-cleanup[qr]'" in result.said
    assert (bot.ran(), names(company.path)) == ([], TAKEN | LEFT)
    result = root.run("rotate", "--company", "962302", *options, env={"PYTHONPATH": str(tmp_path)})
    assert result.status == 0, "a soft rotation needs none"


# --- around a cleaning ----------------------------------------------------------------------------------


def test_the_bot_stands_still_while_it_is_cleaned(root: Root, bot: Bot) -> None:
    """Each company from which something goes is stopped before and started after; the others are not disturbed."""
    for name in ("1", "2"):
        root.company(name).put(OLD_SESSION, age=20 * DAY)
    root.company("3").put("session-9.0.json")
    bot.around_clean = True
    started = f"start {root.path}/company_"
    assert root.dry(*bot.options()).summary["totals"]["removed"] == 2
    assert root.clean("--company", "3", *bot.options()).only["files"]["removed"] == 0
    assert bot.ran() == []
    result = root.clean(*bot.options())
    assert result.summary["totals"]["removed"] == 2
    assert bot.ran() == ["stop 1", started + "1", "stop 2", started + "2"]
    assert result.err == b"", "a quiet night stays quiet"


def test_a_bot_that_cannot_be_stopped_is_left_alone(root: Root, bot: Bot) -> None:
    """Its company is failed and whole, and not started; the others are cleaned. Status 1."""
    first, second = (root.company(name).put(OLD_SESSION, age=20 * DAY) for name in ("1", "2"))
    bot.around_clean = True
    bot.rotate["stop_command"] = python("import sys; sys.exit(int(sys.argv[1] == '1'))", "{company_id}")
    result = root.clean(*bot.options(), status=1)
    assert (OLD_SESSION in first, OLD_SESSION in second) == (True, False)
    assert result.companies["1"]["status"] == "failed"
    assert "could not be stopped" in result.companies["1"]["errors"][0]["error"]
    assert bot.ran() == [f"start {second.path}"]


def test_a_bot_that_does_not_start_again_is_told_loudly(root: Root, bot: Bot) -> None:
    """The files are gone as planned, and the first error of the company is that its bot does not run. Status 1."""
    company = root.company("1").put(OLD_SESSION, age=20 * DAY)
    bot.around_clean = True
    bot.rotate["start_command"] = python("raise SystemExit('no memory')")
    result = root.clean(*bot.options(), status=1)
    assert result.only["files"]["removed"] == 1
    assert OLD_SESSION not in company
    assert "ITS BOT IS NOT RUNNING" in result.only["errors"][0]["error"]
    assert "no memory" in result.only["errors"][0]["error"]


def test_a_start_command_that_is_missing_stops_no_bot(root: Root, bot: Bot) -> None:
    """What cannot be started again is not stopped."""
    company = root.company("1").put(OLD_SESSION, age=20 * DAY)
    bot.around_clean = True
    bot.rotate["start_command"] = ["/nonexistent/start"]
    root.clean(*bot.options(), status=1)
    assert (OLD_SESSION in company, bot.ran()) == (True, [])


def test_a_signal_does_not_leave_the_bot_stopped(root: Root, bot: Bot) -> None:
    """Stopped by a signal while the bot is being stopped, the cleaning still starts it again."""
    root.company("1").put(OLD_SESSION, age=20 * DAY)
    bot.around_clean = True
    told = root.path.parent / "told"
    bot.rotate["stop_command"] = python(f"{NOTE}\n{waits_for(told)}", str(bot.log), "stop")
    tool = start("--json", *bot.options(), "--sessions-root", str(root.path))
    until(bot.ran, "the stop command")
    tool.send_signal(signal.SIGTERM)
    told.touch()
    result = finished(tool)
    assert result.status == 143, result
    assert bot.ran() == ["stop", f"start {root.path}/company_1"]


def test_standing_still_needs_both_hooks(root: Root, bot: Bot) -> None:
    """Asked to stop bots without a command to do so, nothing runs: status 2 and a sentence with the setting."""
    root.company("1").put(OLD_SESSION, age=20 * DAY)
    bot.around_clean = True
    bot.rotate = {"stop_command": ["true"]}
    result = root.run(*bot.options())
    assert result.status == 2
    assert "hooks.around_clean" in result.said
    assert "rotate.start_command" in result.said
