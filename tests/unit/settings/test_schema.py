"""`schema`: what people may write, and the sentence for what they may not."""

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.settings.load import load


@pytest.fixture
def read(tmp_path):
    """Give a function that reads a settings file of this text."""

    def from_text(text, flags=None):
        path = tmp_path / "s.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(str(path), flags)

    return from_text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("undo_day = 7", ["s.toml", "undo_day", "undo_days"]),
        ("undo_days = -1", ["s.toml", "undo_days", "0 to 36,500"]),
        ("undo_days = 36501", ["undo_days", "36,500"]),
        ("undo_days = 7.0", ["undo_days", "whole number"]),
        ('undo_days = "7"', ["undo_days", "whole number"]),
        ("undo_days = true", ["undo_days", "whole number"]),
        ("undo_days = 1979-05-27", ["undo_days"]),
        ("max_removals = -1", ["max_removals"]),
        ("sessions_root = 7", ["sessions_root", "the path of a folder"]),
        ('sessions_root = ""', ["sessions_root", "empty"]),
        ('sessions_root = " "', ["sessions_root", "empty"]),
        ("retention = 5", ["retention", "a table"]),
        ("[retention]\nsession_max_age_days = 0", ["retention.session_max_age_days", "1 to 36,500"]),
        ("[retention]\nsender_key_max_age_days = 0", ["retention.sender_key_max_age_days"]),
        ("[retention]\nmax_pre_keys = 0", ["retention.max_pre_keys"]),
        ("[retention]\nmin_pre_keys = 0", ["retention.min_pre_keys"]),
        ("[retention]\nmax_pre_keys = 29", ["retention.max_pre_keys", "29", "floor", "30"]),
        ("[retention]\nmin_pre_keys = 51", ["retention.max_pre_keys", "51"]),
        ("[retention]\nkeep_own_sessions = 1", ["retention.keep_own_sessions", "true or false"]),
        ('[retention]\nkeep_own_sessions = "no"', ["retention.keep_own_sessions"]),
        ('[retention]\npreset = "soft"', ["retention.preset", "soft", "standard or gentle"]),
        ("[retention]\npreset = true", ["retention.preset", "standard or gentle"]),
        ("[retention]\ncreds_max_age_days = 1", ["retention.creds_max_age_days"]),
        ("[retention]\nlid_mapping_max_age_days = 1", ["retention.lid_mapping_max_age_days"]),
        ("[levels]\nnormal = 151", ["levels.attention", "more than levels.normal"]),
        ("[levels]\ncritical = 100", ["levels.critical"]),
        ("[companies.7.retention]\nmax_pre_keys = 29", ["companies.7.retention.max_pre_keys", "29"]),
        ("[companies.7.retention]\nsession_max_age = 30", ["companies.7.retention.session_max_age"]),
        ("[companies.7]\nundo_days = 3", ["companies.7.undo_days"]),
        ("companies = 5", ["companies"]),
        ("[companies]\nx = 5", ["companies.x"]),
        ("undo_days = 1\nundo_days = 2", ["not valid TOML"]),
        ("undo_days", ["not valid TOML"]),
        ("[monitor]\nemergency_cleanup = 1", ["monitor.emergency_cleanup", "true or false"]),
        ("[alerts]\nrepeat_hours = 0", ["alerts.repeat_hours", "1 to 876,000"]),
        ("[alerts]\nurl = 'json://x'", ["alerts.url", "urls"]),
        ('[metrics]\ntextfile = "a.prom"', ["metrics.textfile", "an absolute path that ends in .prom"]),
        ('[metrics]\ntextfile = "/a.txt"', ["metrics.textfile"]),
        ("[metrics]\ntextfile = 5", ["metrics.textfile"]),
        ("[companies.7.alerts]\nrepeat_hours = 3", ["companies.7.alerts"]),
        (b"\xff", ["not valid TOML"]),
        ("#" * 1024 * 1024 + "#", ["1 MiB"]),
    ],
)
def test_what_may_not_be_written_is_said_in_one_sentence(read, text, parts):
    """The sentence names the file, the key and what is allowed, on one line, with status 2."""
    with pytest.raises(UsageProblem) as caught:
        read(text)
    sentence = str(caught.value)
    assert [] == [part for part in ["s.toml", *parts] if part not in sentence]
    assert sentence.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        'ping_url = "s3cret"',
        'ping_url = "ftp://s3cret"',
        'ping_url = "https://x/s3cret?a=b"',
        'ping_url = ["https://s3cret"]',
        '[alerts]\nurls = "json://s3cret"',
        '[alerts]\nurls = ["s3cret"]',
        '[alerts]\nurls = [["json://s3cret"]]',
        '[alerts.urls]\none = "json://s3cret"',
        'alerts = ["json://s3cret"]',
        '[alerts]\nurl = ["json://s3cret"]',
    ],
)
def test_no_error_repeats_a_secret(read, text):
    """What may be a URL of a service is never in a sentence, however wrong it was written."""
    with pytest.raises(UsageProblem) as caught:
        read(text)
    assert "s3cret" not in str(caught.value)


def test_services_are_a_list_or_a_line(read, monkeypatch):
    """In a file a list, in the environment with spaces between them; nothing is no service."""
    urls = ("json://a:b@c/d", "ntfy://e")
    assert urls == read('[alerts]\nurls = ["json://a:b@c/d", "ntfy://e"]').settings.alerts.urls
    for value, expected in ((" json://a:b@c/d  ntfy://e ", urls), ("", ())):
        monkeypatch.setenv("BAILEYS_CLEANUP_ALERTS__URLS", value)
        assert expected == load(None).settings.alerts.urls


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("UNDO_DAY", "7", ["BAILEYS_CLEANUP_UNDO_DAYS"]),
        ("UNDO_DAYS", "seven", ["seven", "0 to 36,500"]),
        ("UNDO_DAYS", "", ["0 to 36,500"]),
        ("UNDO_DAYS", "7.0", ["7.0"]),
        ("UNDO_DAYS", "0x7", ["0x7"]),
        ("UNDO_DAYS", "\u0667", ["whole number"]),
        ("UNDO_DAYS", "9" * 6000, ["whole number"]),
        ("RETENTION__SESSION_MAX_AGE_DAYS", "0", ["1 to 36,500"]),
        ("RETENTION__KEEP_OWN_SESSIONS", "maybe", ["true or false"]),
        ("RETENTION", '{"session_max_age_days": 1}', ["no setting"]),
        ("FOO", "1", ["allowed:", "BAILEYS_CLEANUP_CONFIG", "BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS"]),
        ("CONFIGG", "1", ["did you mean BAILEYS_CLEANUP_CONFIG?"]),
        ("COMPANIES__7__RETENTION__MAX_PRE_KEYS", "30", ["TOML"]),
        ("SESSIONS_ROOT", "", ["empty"]),
        ("UNDO_DAYS\x1b[0m", "1", [r"\x1b"]),
    ],
)
def test_a_variable_that_may_not_be_is_named(monkeypatch, name, value, parts):
    """The sentence names the variable and what is allowed, on one line."""
    monkeypatch.setenv(f"BAILEYS_CLEANUP_{name}", value)
    with pytest.raises(UsageProblem) as caught:
        load()
    sentence = str(caught.value)
    named = f"BAILEYS_CLEANUP_{name.partition(chr(27))[0] if name != 'SESSIONS_ROOT' else ''}"
    assert [] == [part for part in [named, *parts] if part not in sentence]
    assert sentence.isprintable()


@pytest.mark.parametrize(("said", "meant"), [("true", True), ("1", True), ("ON", True), ("no", False), ("0", False)])
def test_a_variable_may_say_yes_and_no_in_words(monkeypatch, said, meant):
    """True and false have the usual words in a variable."""
    monkeypatch.setenv("BAILEYS_CLEANUP_RETENTION__KEEP_OWN_SESSIONS", said)
    assert meant is load().settings.retention.keep_own_sessions


def test_every_setting_can_be_written(read):
    """A file that sets everything is read in full."""
    settings = read(
        'sessions_root = "/srv/x"\nundo_days = 1\nmax_removals = 2\n'
        '[retention]\npreset = "gentle"\nsession_max_age_days = 3\nsender_key_max_age_days = 4\nmax_pre_keys = 6\nmin_pre_keys = 5\n'
        "keep_advertised_pre_keys = false\nkeep_own_sessions = false\n"
        "[levels]\nnormal = 1\nattention = 2\nwarning = 3\ncritical = 4\n"
        "[companies.962302.retention]\nkeep_own_sessions = true\n"
    ).settings
    policy = settings.policy_for("962302")
    assert ("/srv/x", 1, 2) == (settings.sessions_root, settings.undo_days, settings.max_removals)
    assert ("gentle", 3, 4, 6, 5, False, True) == (
        policy.preset,
        policy.session_max_age_days,
        policy.sender_key_max_age_days,
        policy.max_pre_keys,
        policy.min_pre_keys,
        policy.keep_advertised_pre_keys,
        policy.keep_own_sessions,
    )
    assert settings.policy_for("1").keep_own_sessions is False
    assert (1, 2, 3, 4) == (
        settings.levels.normal,
        settings.levels.attention,
        settings.levels.warning,
        settings.levels.critical,
    )


def test_a_company_beats_a_global_value_of_any_source(read, monkeypatch):
    """A company's value in the file stands above a variable for all companies."""
    monkeypatch.setenv("BAILEYS_CLEANUP_RETENTION__SESSION_MAX_AGE_DAYS", "99")
    settings = read("[companies.7.retention]\nsession_max_age_days = 30\n").settings
    assert (30, 99) == (settings.policy_for("7").session_max_age_days, settings.policy_for("8").session_max_age_days)


def test_a_company_may_be_written_with_its_prefix(read):
    """`company_7` in the file is company 7, as on the command line."""
    settings = read("[companies.company_7.retention]\nsession_max_age_days = 30\n").settings
    assert 30 == settings.policy_for("7").session_max_age_days


def test_a_company_written_with_its_prefix_knows_its_source(read, tmp_path):
    """The value of a company comes from the file, however its table is spelled."""
    loaded = read("[companies.company_7.retention]\nsession_max_age_days = 30\n")
    assert str(tmp_path / "s.toml") == loaded.source("companies.7.retention.session_max_age_days")


def test_a_flag_is_checked_with_the_rest(read):
    """What a flag says is measured with the same measure as what a file says."""
    with pytest.raises(UsageProblem, match="undo_days"):
        read("max_removals = 1", {"undo_days": -1})
