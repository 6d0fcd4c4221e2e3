"""`config`: the defaults of the contract, and whose values a company has."""

from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.settings.values import Loaded, Settings


def test_the_defaults_are_the_contracts():
    """Without a word from anybody the contract's values are in force."""
    settings = Settings()
    assert ("/opt/ai-admin/baileys_sessions", 7, None) == (
        settings.sessions_root,
        settings.undo_days,
        settings.max_removals,
    )
    assert Policy("standard", 14, 3, 50, 30, True, True) == settings.retention
    assert Levels(100, 151, 171, 181) == settings.levels
    assert (True, (), 24, None, None) == (
        settings.monitor.emergency_cleanup,
        settings.alerts.urls,
        settings.alerts.repeat_hours,
        settings.metrics.textfile,
        settings.ping_url,
    )
    assert {} == settings.companies


def test_a_company_has_its_own_values_over_the_global_ones():
    """An override changes what it names for its company and leaves the rest and the others alone."""
    settings = Settings(retention=Policy(max_pre_keys=40), companies={"7": {"session_max_age_days": 30}})
    assert Policy(session_max_age_days=30, max_pre_keys=40) == settings.policy_for("7")
    assert Policy(max_pre_keys=40) == settings.policy_for("8")


def test_a_value_nobody_set_is_a_default():
    """The source of a value is where it was set, else the default."""
    loaded = Loaded(Settings(), {"undo_days": "flag"})
    assert ("flag", "default") == (loaded.source("undo_days"), loaded.source("sessions_root"))
