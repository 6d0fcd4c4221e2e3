"""`standstill`: a bot is stopped only for a reason, and started again whatever happens."""

import pytest

from baileys_cleanup.cleaning import stopped_bot as standstill
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.stopped_bot import Standstill
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Reasons
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import HookFailed
from baileys_cleanup.settings.values import Rotate, Settings
from baileys_cleanup.store.remover import DryRun

from ..helpers import NOW, OTHER, creds, put

ROTATE = Rotate(stop_command=("sh", "-c", ":", "{company_id}"), start_command=("sh", "-c", ":", "{folder}"))
SETTINGS = Settings(rotate=ROTATE)


class Bot:
    """Notes what is run in the place of the commands; `broken` names one that fails."""

    def __init__(self, monkeypatch, broken=None):
        self.ran, self.broken = [], broken
        monkeypatch.setattr(standstill, "run_hook", self.run)
        monkeypatch.setattr(standstill, "clean_company", self.clean)
        self.error = None

    def run(self, hook, hear):
        """Stand in for running a command."""
        self.ran.append(hook.name.removeprefix("rotate."))
        if hook.name.endswith(self.broken or "nothing"):
            raise HookFailed(f"{hook.name} ended with status 1")

    def clean(self, root, company_id, *args, **how):
        """Stand in for the cleaning."""
        self.ran.append("clean")
        if self.error is not None:
            raise self.error
        return CompanyOutcome(company_id)


@pytest.fixture
def old_session(place):
    """Make a company from which something goes."""
    put(place / "company_7", "creds.json", creds())
    put(place / "company_7", f"session-{OTHER}.0.json", age=20)


def clean(root, *, company_id="7", **terms):
    """Clean a company with its bot stopped; give the outcome and what was said."""
    said = []
    how = Terms(NOW, Levels(), None, lambda: None, lambda: False)._replace(**terms)
    outcome = Standstill(SETTINGS, lambda hook, line: said.append(line)).clean(
        root, company_id, Policy(), how, DryRun(), detail=Reasons.NONE
    )
    return outcome, said


def test_it_is_stopped_before_and_started_after(root, old_session, monkeypatch):
    """Stop, clean, start, in that order."""
    bot = Bot(monkeypatch)
    assert CompanyStatus.CLEANED is clean(root)[0].status
    assert ["stop_command", "clean", "start_command"] == bot.ran


@pytest.mark.parametrize(
    "terms", [{"held": "a rotation is open"}, {"max_removals": 0}, {"stopping": lambda: True}, {"company_id": "8"}]
)
def test_a_bot_is_not_disturbed_for_nothing(root, place, old_session, monkeypatch, terms):
    """A held company, one over the limit, one after a signal, one that is not there: no hook is run."""
    bot = Bot(monkeypatch)
    clean(root, **terms)
    assert ["clean"] == bot.ran


def test_a_young_company_is_not_disturbed(root, place, monkeypatch):
    """Where no file goes there is nothing to stop for."""
    put(place / "company_7", f"session-{OTHER}.0.json")
    bot = Bot(monkeypatch)
    clean(root)
    assert ["clean"] == bot.ran


def test_what_cannot_be_stopped_is_not_cleaned(root, old_session, monkeypatch):
    """A failing stop leaves the company alone, and starts nothing: the bot may still run."""
    bot = Bot(monkeypatch, broken="stop_command")
    outcome, _ = clean(root)
    assert (CompanyStatus.FAILED, ["stop_command"]) == (outcome.status, bot.ran)
    assert "could not be stopped" in outcome.errors[0].error


def test_what_does_not_start_again_is_told_twice(root, old_session, monkeypatch):
    """A failing start fails the company and is said in the log as well."""
    bot = Bot(monkeypatch, broken="start_command")
    outcome, said = clean(root)
    assert (CompanyStatus.FAILED, 3) == (outcome.status, len(bot.ran))
    assert "ITS BOT IS NOT RUNNING" in outcome.errors[0].error
    assert "ITS BOT IS NOT RUNNING" in said[0]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_whatever_happens_it_is_started_again(root, old_session, monkeypatch, error):
    """An error that nobody expected goes through, after the bot was started."""
    bot = Bot(monkeypatch)
    bot.error = error
    with pytest.raises(type(error)):
        clean(root)
    assert "start_command" == bot.ran[-1]
