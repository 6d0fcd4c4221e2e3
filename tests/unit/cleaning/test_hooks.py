"""`hooks`: the operator's own commands, run as words, with a time limit, and their output passed on."""

import json
import os
import sys
import time

import pytest

from baileys_cleanup.cleaning import hooks
from baileys_cleanup.cleaning.hooks import Hook, hook_of, listening, make_hook, run_hook, why_missing
from baileys_cleanup.errors import HookFailed
from baileys_cleanup.settings.values import Hooks, Rotate, Settings


def python(code, *words, limit=120.0):
    """Give a hook that runs some Python."""
    return Hook("rotate.stop_command", (sys.executable, "-S", "-c", code, *words), limit)


def heard(hook):
    """Run a hook to its end and give what it said."""
    lines = []
    run_hook(hook, lines.append)
    return lines


def is_gone(pid):
    """Tell whether a process has ended, waiting a little for the kernel."""
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("word", "filled"),
    [
        ("bot@{company_id}", "bot@7"),
        ("{folder}", "/srv/company_7"),
        ("--dir={folder}/x", "--dir=/srv/company_7/x"),
        ("{company_id}{company_id}", "77"),
        ("{company}", "{company}"),
        ("$HOME `id`", "$HOME `id`"),
    ],
)
def test_places_are_filled_in_inside_words(word, filled):
    """The two places are replaced wherever they stand in a word; nothing else is."""
    assert ("run", filled) == make_hook("x", ["run", word], "7", "/srv/company_7", 1).words


@pytest.mark.parametrize("company_id", ["a b", "$(touch x)", "; rm -rf /", "{folder}", "-rf", "a\nb", "\udcff"])
def test_an_id_is_one_word_whatever_it_holds(company_id):
    """No shell ever sees an id, and what was filled in is not looked at again."""
    hook = make_hook("x", ["run", "{company_id}", "{folder}"], company_id, "/srv", 1)
    assert ("run", company_id, "/srv") == hook.words
    shown = heard(python("import sys, os; print(os.fsencode(sys.argv[1]).hex())", company_id))
    assert [os.fsencode(company_id).hex()] == shown


def test_a_setting_that_is_none_gives_no_hook():
    """Only what is set is run, with its limit."""
    rotate = Rotate(stop_command=("stop", "{company_id}"), hook_timeout=9)
    settings = Settings(rotate=rotate, hooks=Hooks(environment=("DOCKER_HOST",)))
    assert None is hook_of(settings, "start_command", "7", "/srv")
    assert Hook("rotate.stop_command", ("stop", "7"), 9, ("DOCKER_HOST",)) == hook_of(
        settings, "stop_command", "7", "/srv"
    )


@pytest.mark.parametrize("listened_to", [False, True])
def test_no_secret_of_the_tools_reaches_a_command(monkeypatch, listened_to):
    """A command, and the bot that it starts, gets the ordinary variables and those that were asked for; nothing else."""
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "1",
        "BAILEYS_CLEANUP_ALERTS__URLS": "mailto://user:password@mail.example",
        "BAILEYS_CLEANUP_PING_URL": "https://hc.example/1",
        "PGPASSWORD": "1",
    }
    ordinary = {"PATH": os.environ["PATH"], "TZ": "Europe/Zurich", "DOCKER_HOST": "unix:///run/docker.sock"}
    for name, value in (secrets | ordinary).items():
        monkeypatch.setenv(name, value)
    hook = python("import json, os; print(json.dumps(dict(os.environ)))")._replace(needs=("DOCKER_HOST", "ABSENT"))
    if listened_to:
        with listening(hook, print) as talk:
            got = json.loads(talk.line(120))
    else:
        got = json.loads(heard(hook)[0])
    assert ordinary == {name: got.get(name) for name in ordinary}
    assert set() == set(got) - hooks.ORDINARY - {"DOCKER_HOST"}


def test_output_of_both_streams_is_heard_line_by_line():
    """Both streams are passed on, escaped, without empty lines, the last one also without its end."""
    code = "import sys; print('one\\n\\n\\x1b[31mtwo'); sys.stdout.flush(); sys.stderr.write('three')"
    assert ["one", "\\x1b[31mtwo", "three"] == heard(python(code))


def test_output_is_bounded(monkeypatch):
    """Long lines are cut, and of many lines only the first are passed on and the others counted."""
    monkeypatch.setattr(hooks, "MOST_LINES", 3)
    lines = heard(python("print('x' * 1_000_000)\nfor n in range(9): print(n)"))
    assert (["0", "1"], "and 7 more lines") == (lines[1:3], lines[3])
    assert hooks._LONGEST_TOLD == len(lines[0])


def test_a_command_reads_nothing():
    """Its stdin is empty: it cannot wait for an answer."""
    assert ["b''"] == heard(python("import sys; print(sys.stdin.buffer.read())"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('no such unit'); raise SystemExit(5)", "status 5; it said: no such unit"),
        ("raise SystemExit(1)", "status 1$"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
    ],
)
def test_a_failure_says_how_and_its_last_words(code, said):
    """The sentence has the setting, the status or signal, and the last line of output."""
    with pytest.raises(HookFailed, match=rf"rotate\.stop_command ended with {said}"):
        heard(python(code))


@pytest.mark.parametrize(
    ("word", "why"), [("/nonexistent/stop", "No such file"), ("/", "Permission denied"), ("a\0b", "null byte")]
)
def test_what_cannot_be_started_is_a_failure(word, why):
    """A program that is missing, or none, is told with its setting."""
    with pytest.raises(HookFailed, match=f"cannot be started.*{why}"):
        heard(Hook("rotate.stop_command", (word,), 5))


def test_a_missing_program_is_told_before_it_is_needed(tmp_path, monkeypatch):
    """By path and on the PATH: there is one that may be run, or there is a sentence."""
    program = tmp_path / "stop-bot"
    program.write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", f"/nonexistent:{tmp_path}")
    for word in ("stop-bot", str(program)):
        assert "no program" in why_missing(Hook("x", (word,), 1))
    program.chmod(0o755)
    for word in ("stop-bot", str(program)):
        assert why_missing(Hook("x", (word,), 1)) is None
    assert "no program" in why_missing(Hook("x", (str(tmp_path),), 1))


def test_a_hanging_command_is_ended_with_its_children(tmp_path, monkeypatch):
    """When the time is up, the whole process group goes, also what ignores the polite signal."""
    monkeypatch.setattr(hooks, "_GRACE", 0.1)
    pids = tmp_path / "pids"
    child = "import signal, time; signal.signal(15, 1); time.sleep(600)"
    code = (
        "import os, subprocess, sys, signal, time\nsignal.signal(15, signal.SIG_IGN)\n"
        f"child = subprocess.Popen([sys.executable, '-S', '-c', {child!r}])\n"
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({str(pids)!r} + '.new', {str(pids)!r})\nprint('here', flush=True)\ntime.sleep(600)"
    )
    with pytest.raises(HookFailed, match=r"took longer than 1\.5 s"):
        heard(python(code, limit=1.5))
    if pids.exists():  # on a very busy machine the time was up before it began
        assert [True, True] == [is_gone(int(pid)) for pid in pids.read_text().split()]


def test_a_daemon_that_holds_the_output_does_not_hold_us(tmp_path):
    """A started bot that inherits the output is left running, and told: it should write somewhere else."""
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\nprint('started')"
    )
    try:
        lines = heard(python(code))
        assert "started" == lines[0]
        assert "still holds its output" in lines[1]
        assert not os.path.islink(f"/proc/{pid.read_text()}")
        os.kill(int(pid.read_text()), 0)
    finally:
        os.kill(int(pid.read_text()), 9)


def test_a_talk_gives_stdout_line_by_line_and_tells_stderr():
    """What a command prints is returned as it comes, without being told; stderr is told."""
    told = []
    code = "import sys; print('2@a,b', flush=True); print('hm', file=sys.stderr, flush=True); print('2@c,d')"
    with listening(python(code), told.append) as talk:
        lines = []
        while talk.status() is None:
            line = talk.line(0.5)
            lines += [line] if line is not None else []
    assert (["2@a,b", "2@c,d"], ["hm"], 0) == (lines, told, talk.status())


def test_a_talk_is_ended_when_it_is_left():
    """A command that is still running when nobody listens any more is ended."""
    with listening(python("import os, time; print(os.getpid(), flush=True); time.sleep(600)"), print) as talk:
        pid = None
        while pid is None:
            pid = talk.line(0.5)
        assert talk.status() is None
    assert is_gone(int(pid))
