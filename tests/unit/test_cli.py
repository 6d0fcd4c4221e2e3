"""`cli`: how commands and options are heard, and the one edge where errors become exit statuses."""

import errno
import json
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from baileys_cleanup import __version__, cli
from baileys_cleanup.commands.options import Output
from baileys_cleanup.errors import CleanupError, LockHeld, Refused, UsageProblem

from .helpers import OTHER, creds, names, put

SESSION = f"session-{OTHER}.0.json"
NEW = {"now": time.time_ns()}


@pytest.fixture
def call(place, monkeypatch):
    """Give a function that runs the command line with this root."""
    monkeypatch.setenv("BAILEYS_CLEANUP_SESSIONS_ROOT", str(place))

    def run(*args):
        return CliRunner().invoke(cli.commands, args)

    return run


@pytest.fixture
def company(place):
    """Give a company with one old session."""
    put(place / "company_7", "creds.json", creds(), age=1, **NEW)
    put(place / "company_7", SESSION, age=20, **NEW)
    return place / "company_7"


@pytest.mark.parametrize("args", [["--dry-run"], ["-n"], ["clean", "--dry-run"], ["clean", "-n", "--company", "7"]])
def test_options_alone_mean_clean(call, company, place, args):
    """Without a command's name the options are those of clean; a dry run leaves no trace."""
    result = call(*args, "--json")
    document = json.loads(result.stdout)
    assert (0, True, 1) == (result.exit_code, document["dry_run"], document["totals"]["removed"])
    assert [SESSION] == [removal["file"] for removal in document["companies"][0]["removals"]]
    assert (["company_7"], ["creds.json", SESSION]) == (names(place), names(company))


def test_no_argument_at_all_cleans(call, company):
    """The bare command removes what is due and prints the table."""
    result = call()
    assert (0, ["creds.json"]) == (result.exit_code, names(company))
    assert "1 company: 2 files before, 1 removed" in result.stdout


def test_a_run_can_be_undone(call, company):
    """What the bare command removed comes back with `undo latest`."""
    call()
    result = call("undo", "latest")
    assert (0, ["creds.json", SESSION]) == (result.exit_code, names(company))


def test_quiet_says_nothing_when_all_is_well(call, company):
    """With -q a run that went well says nothing on stdout nor stderr."""
    result = call("-q")
    assert (0, "", "", ["creds.json"]) == (result.exit_code, result.stdout, result.stderr, names(company))


def test_an_empty_root_is_a_warning_even_when_quiet(call):
    """A root without companies may be an unmounted disk: status 0, and -q still says so."""
    result = call("-q")
    assert (0, "") == (result.exit_code, result.stderr)
    assert "right disk" in result.stdout


def test_a_refused_company_is_status_4(call, company, monkeypatch):
    """A company over the limit of removals is left alone and the status tells."""
    monkeypatch.setenv("BAILEYS_CLEANUP_MAX_REMOVALS", "0")
    assert 4 == call("--json").exit_code
    assert ["creds.json", SESSION] == names(company)


def test_the_way_on_is_taken_only_when_asked(call, company, place):
    """A clock a year ahead of the last run refuses; --accept-clock goes on."""
    call()
    (place / ".baileys-cleanup" / "last-run.json").write_text('{"started": 0}')
    put(company, SESSION, age=20, **NEW)
    assert Refused is type(call().exception)
    assert ["creds.json", SESSION] == names(company)
    assert 0 == call("--accept-clock").exit_code
    assert ["creds.json"] == names(company)


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["--dry-run", "undo", "x"], "options come after the command"),
        (["--company", "7", "explain"], "options come after the command"),
        (["nonsense"], "'nonsense' is neither an option nor a command"),
        (["-v", "-q"], "exclude each other"),
        (["--undo-days", "-1"], "from 0 to 36,500"),
        (["--undo-days", "x"], "'x'; allowed: a whole number of days"),
        (["--log-format", "xml"], "xml"),
        (["--no-such-option"], "No such option"),
        (["undo", "--company", "7"], "RUN_ID"),
        (["demo"], "Missing argument"),
    ],
)
def test_a_wrong_call_is_status_2(call, company, args, part):
    """A wrong call ends with status 2 and a sentence, before anything was touched."""
    result = call(*args)
    assert 2 == result.exit_code
    assert part in result.stderr
    assert ["creds.json", SESSION] == names(company)


@pytest.mark.parametrize(
    "args", [["--help"], ["-h"], ["clean", "-h"], ["undo", "--help"], ["explain", "-h"], ["demo", "-h"]]
)
def test_help_is_help(call, company, args):
    """Asking for help cleans nothing; the group's help shows the options of clean."""
    result = call(*args)
    assert 0 == result.exit_code
    assert "Usage:" in result.stdout
    assert ["creds.json", SESSION] == names(company)
    assert ("--accept-clock" in result.stdout) == (args[0] in {"--help", "-h", "clean"})


def test_the_version_is_the_packages(call):
    """--version names the version."""
    assert __version__ in call("--version").stdout


def test_a_demo_can_be_tried(call, tmp_path):
    """What demo builds is what its own advice can dry-run."""
    result = call("demo", str(tmp_path / "d"))
    assert (0, True) == (result.exit_code, f"--dry-run --sessions-root {tmp_path}/d" in result.stdout)
    assert 0 == call("-n", "--sessions-root", str(tmp_path / "d"), "--company", "962302").exit_code


def test_explain_and_settings_answer(call, company):
    """Explain names the file's verdict, settings the variable that set the root."""
    assert '"verdict": "remove"' in call("explain", SESSION, "--json").stdout
    assert "BAILEYS_CLEANUP_SESSIONS_ROOT" in call("settings").stdout


# --- the edge -----------------------------------------------------------------------------------------------


@pytest.fixture
def edge(monkeypatch):
    """Give a function that lets the command line raise or return something, and gives the exit status."""

    def end(what):
        def act(**_how):
            if isinstance(what, BaseException):
                raise what
            return what

        monkeypatch.setattr(cli.commands, "main", act)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return caught.value.code

    return end


@pytest.mark.parametrize(
    ("what", "status", "part"),
    [
        (None, 0, ""),
        (4, 4, ""),
        (click.exceptions.Exit(143), 143, ""),
        (CleanupError("a sentence"), 1, "baileys-cleanup: error: a sentence"),
        (UsageProblem("a sentence"), 2, "a sentence"),
        (LockHeld("a sentence"), 3, "a sentence"),
        (Refused("a sentence"), 4, "a sentence"),
        (click.UsageError("a sentence"), 2, "a sentence"),
        (click.Abort(), 130, ""),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
        (OSError(errno.EIO, "Input/output error", "x"), 1, "Input/output error: x"),
        (AssertionError("creds.json"), 1, "this is a bug in baileys-cleanup: AssertionError: creds.json"),
        (UsageProblem("a\x1b[31m\nb"), 2, r"a\x1b[31m\nb"),
    ],
)
def test_each_end_has_its_status_and_one_line(edge, capsys, what, status, part):
    """Each error ends with its own status and at most one printable sentence, never a traceback."""
    assert status == edge(what)
    said = capsys.readouterr()
    assert part in said.err
    assert "" == said.out
    assert "Traceback" not in said.err
    if not isinstance(what, click.ClickException):
        assert len(said.err.splitlines()) <= 1


def test_a_summary_that_did_not_get_out_is_a_failure(edge, monkeypatch, tmp_path):
    """When stdout cannot be flushed a good run ends with status 1, and a worse status stays."""
    for before, after in ((0, 1), (4, 4)):
        with open("/dev/full", "w") as full, monkeypatch.context() as patched:
            full.write("x")
            patched.setattr(sys, "stdout", full)
            assert after == edge(before)


def test_each_sentence_of_an_error_has_its_line(edge, capsys):
    """Several things that are wrong are several lines, each of them whole."""
    assert 2 == edge(UsageProblem("one", "two"))
    assert ["baileys-cleanup: error: one", "baileys-cleanup: error: two"] == capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("what", "status", "word"),
    [(Refused("no"), 4, "refused"), (KeyboardInterrupt(), 130, "stopped"), (OSError("x"), 1, "failed")],
)
def test_who_asked_for_json_gets_a_document_of_every_error(edge, capsys, what, status, word):
    """With --json an error is one document on stdout as well, with its exit status and a word for it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["baileys-cleanup", "--json"])
        edge(what)
    document = json.loads(capsys.readouterr().out)
    assert (2, word, status) == (document["schema_version"], document["status"], document["exit_status"])


def test_a_document_that_was_begun_gets_no_second_one(edge, capsys, monkeypatch):
    """An error after the first line of a document leaves stdout alone: two documents would be none."""
    monkeypatch.setattr(sys, "argv", ["baileys-cleanup", "--json"])

    def begin(**_how):
        Output().write("{")
        raise OSError("x")

    monkeypatch.setattr(cli.commands, "main", begin)
    with pytest.raises(SystemExit):
        cli.main()
    assert "{" == capsys.readouterr().out


def test_a_stdout_that_takes_nothing_is_told_on_stderr(company, place):
    """On a full disk, or with stdout closed, stderr says that the summary did not get out; the work is done."""
    for where, words, status in ((">/dev/full", "the disk is full", 1), (">&-", "stdout is closed", 0)):
        program = f"exec {sys.executable} -m baileys_cleanup --sessions-root {place} {where}"
        done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=False)
        assert (status, 1) == (done.returncode, len(done.stderr.splitlines())), done
        assert words in done.stderr
    assert ["creds.json"] == names(company)


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        (["-q"], {}, ("warning: ", "")),
        ([], {}, ("warning: ", "")),
        (["--json"], {}, ('"warnings"', "")),
        (["-q"], {"INVOCATION_ID": "4f1c"}, ("warning: ", '"run_warning"')),
        (["--json", "--log-format", "console"], {}, ('"warnings"', "run_warning")),
    ],
)
def test_nothing_is_said_twice_but_where_a_log_is_asked_for(call, monkeypatch, args, env, said):
    """Cron, which mails both streams, gets the summary alone; a service manager and who asks get the log as well."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    result = call(*args)
    stdout, stderr = said
    assert stdout in result.stdout
    assert (stderr in result.stderr) if stderr else (result.stderr == "")


def test_a_warning_that_stands_is_told_once_by_quiet_runs(call, company, place):
    """The second night counts what the first night told; a run that is not quiet leaves that alone."""
    put(place / "company_9", "creds.json", b"{", **NEW)
    assert "  9: creds.json is not" in call("-q").stdout
    call()
    again = call("-q").stdout
    assert "1 company whose pairing is broken or gone, as told before\n" in again
    assert "All that stands is told by: baileys-cleanup check\n" in again
    (place / ".baileys-cleanup" / "standing.json").write_text('{"companies": {"9": 5}}')
    assert "  9: creds.json is not" in call("-q").stdout, "a record that cannot be used is begun anew"


@pytest.mark.parametrize(("args", "named"), [(["-n"], True), (["-n", "-q"], False), (["-n", "-q", "--json"], True)])
def test_a_quiet_dry_run_is_the_table_alone(call, company, args, named):
    """`-n -q` shows the table without the files; JSON has them always."""
    said = call(*args).stdout
    assert named == (SESSION in said)
    assert '"companies"' in said or said.startswith("COMPANY")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "status"), [("--sessions-root {place}", 0), ("--sessions-root /nonexistent", 2)])
def test_a_stream_that_is_closed_changes_nothing(company, place, closed, arguments, status):
    """A caller that closed stdin, stdout or stderr gets the work done, the same status and no traceback."""
    program = f"exec {sys.executable} -m baileys_cleanup {arguments.format(place=place)} {closed}"
    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=False)
    assert status == done.returncode, done
    assert "Traceback" not in done.stdout + done.stderr
    assert "bug" not in done.stdout + done.stderr
    assert (["creds.json"] if status == 0 else ["creds.json", SESSION]) == names(company)


def test_a_wrong_call_is_one_line(edge, capsys):
    """A wrong option or value is told in one sentence that names the way to the help."""
    edge(click.UsageError("No such option: --x."))
    assert "baileys-cleanup: error: No such option: --x; see `baileys-cleanup --help`\n" == capsys.readouterr().err
