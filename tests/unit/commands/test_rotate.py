"""`commands.rotate`: how a rotation is told."""

import io
import json
import sys

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands.options import Output
from baileys_cleanup.commands.rotate import _Teller
from baileys_cleanup.decision.account import Account
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.rotation.plan import FileDecision
from baileys_cleanup.rotation.rotate import Rotated
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.survey import Survey
from baileys_cleanup.settings.values import Rotate, Settings

from ..helpers import NOW, auth_file, creds, names, put

JOURNAL = Journal("20261122T030000Z-4f1c", "7", fresh=False, bot_pairs=False, started=NOW)
SEEN = Survey(
    Account(True),
    [
        FileDecision(auth_file("creds.json", size=1000), True, "taken along"),
        FileDecision(auth_file("odd\n.json", size=24), False, "left"),
    ],
    ["a link"],
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """Say so."""
        return True


def teller(*, as_json=False):
    """Give a teller that leads to the present stdout."""
    return _Teller(Output(), "/root", " --config /x", as_json=as_json)


def test_a_plan_has_every_step_with_its_command(capsys):
    """The hooks are shown as they would be run, and names are escaped."""
    settings = Settings(rotate=Rotate(stop_command=("stop it", "{company_id}"), start_command=("go", "{folder}")))
    teller().tell_plan(Rotated(JOURNAL, SEEN, "/srv/company_7"), settings, backs_up=False)
    text = capsys.readouterr().out
    assert "2. run rotate.stop_command: 'stop it' 7\n" in text
    assert "run rotate.start_command: go /srv/company_7\n" in text
    assert "left behind  odd\\n.json: left" in text
    assert "1 file (1000 B) taken along, 1 left in the former folder. Dry run: nothing was changed." in text


@pytest.mark.parametrize(("backs_up", "said"), [(True, "make a backup and verify it"), (False, "make no backup")])
def test_a_plan_says_whether_a_backup_is_made(capsys, backs_up, said):
    """What is not there yet is not promised."""
    teller().tell_plan(Rotated(JOURNAL, SEEN), Settings(), backs_up=backs_up)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "status", "options"),
    [
        (State.STARTED, "done", ["--rollback"]),
        (State.SWITCHED, "open", ["--resume", "--rollback"]),
        (State.ROLLED_BACK, "rolled_back", []),
    ],
)
def test_a_result_is_told_with_what_can_be_done_now(capsys, state, status, options):
    """People get the commands that lead on, programs get the status."""
    rotated = Rotated(JOURNAL._replace(state=state), SEEN)
    teller().tell([rotated])
    text = capsys.readouterr().out
    assert options == [word for word in ("--resume", "--rollback") if f"{word} --config /x" in text]
    teller(as_json=True).tell([rotated])
    (told,) = json.loads(capsys.readouterr().out)["rotations"]
    assert (status, state, 1, 1) == (told["status"], told["state"], told["files"]["taken"], told["files"]["left"])


def test_on_a_terminal_a_code_takes_the_place_of_the_last(monkeypatch):
    """The second code is drawn over the first, unless something was said between; in a pipe there is no control code."""
    for stream, moves in ((Terminal(), 1), (io.StringIO(), 0)):
        monkeypatch.setattr(sys, "stdout", stream)
        connections = teller().connections()
        connections.show("2@a", 1)
        connections.show("2@b", 2)
        text = stream.getvalue()
        assert moves == text.count("\x1b[J")
        assert "QR code 1" in text
        if moves:
            first, _, rest = text.partition("\x1b[")
            assert rest.startswith(f"{first.count(chr(10))}F")
        connections.say("something")
        connections.show("2@c", 3)
        assert moves == stream.getvalue().count("\x1b[J")


def test_with_json_the_document_stays_one(capsys, monkeypatch):
    """Stdout is for a program: codes go to stderr where that is a terminal, and a log stays free of them."""
    connections = teller(as_json=True).connections()
    connections.show("2@a", 1)
    connections.say("a step")
    connections.warn("careful")
    said = capsys.readouterr()
    assert ("", 3) == (said.out, len(said.err.splitlines()))
    assert "no terminal to show it on" in said.err
    assert "rotation_warning" in said.err
    monkeypatch.setattr(sys, "stderr", Terminal())
    connections.show("2@a", 1)
    assert "QR code 1: in WhatsApp" in sys.stderr.getvalue()


def test_what_no_code_can_hold_is_told(capsys):
    """A payload beyond the largest QR code is a warning, not an end."""
    teller().connections().show("x" * 5000, 1)
    assert "too long for a QR code" in capsys.readouterr().out


# --- is the bot stopped? ----------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [["--company", "7"], ["--resume"], ["--rollback", "--company", "7"]])
def test_nobody_to_ask_is_a_refusal(place, args):
    """Without a stop command, a terminal or --yes nothing is begun, and the sentence says what to do."""
    put(place / "company_7", "creds.json", creds())
    result = CliRunner().invoke(cli.commands, ["rotate", *args, "--sessions-root", str(place)])
    assert isinstance(result.exception, UsageProblem)
    assert "stop the bot and give --yes" in str(result.exception)
    assert ["company_7"] == names(place)


@pytest.mark.parametrize(("answer", "begun"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked(place, monkeypatch, capsys, answer, begun):
    """On a terminal the question names the company, and only a yes goes on."""
    put(place / "company_7", "creds.json", creds())
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.argv", ["baileys-cleanup", "rotate", "--company", "7", "--sessions-root", str(place)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr().err
    assert "Is the bot of company 7 stopped? [y/N]" in said
    assert (0 if begun else 2) == end.value.code
    assert begun == (".baileys-cleanup" in names(place))


@pytest.mark.parametrize("more", [["--yes"], ["--dry-run"]])
def test_who_says_yes_or_only_looks_is_not_asked(place, more):
    """A script says --yes; a dry run changes nothing anyway."""
    put(place / "company_7", "creds.json", creds())
    args = ["rotate", "--company", "7", *more, "--sessions-root", str(place)]
    assert 0 == CliRunner().invoke(cli.commands, args).exit_code
