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
        ("[hooks]\nenvironment = 'PATH'", ["hooks.environment", "a list of names"]),
        ('[hooks]\nenvironment = ["A=B"]', ["hooks.environment", "a list of names"]),
        ("[monitor]\nemergency_cleanup = 1", ["monitor.emergency_cleanup", "true or false"]),
        ('[monitor]\nclean_at = "24:00"', ["monitor.clean_at", "24:00", "HH:MM, from 00:00 to 23:59"]),
        ('[monitor]\nclean_at = "3:00"', ["monitor.clean_at", "HH:MM"]),
        ("[monitor]\nclean_at = 03:00:00", ["monitor.clean_at", "HH:MM"]),
        ("[monitor]\nclean_jitter_minutes = 721", ["monitor.clean_jitter_minutes", "0 to 720"]),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store = 5", "store is no text; allowed: a URL like"),
        ('store = ["postgresql://bot:s3cret@db/x"]', "store is no text; allowed"),
        ('redis = "redis://:s3cret@db"', "redis is no table; allowed: a table"),
        ('alerts.urls = "json://s3cret"', "alerts.urls is no list of URLs; allowed"),
        ('backup.to = "s3://key:s3cret@bucket"', "backup.to is a URL with a password in it; allowed"),
    ],
)
def test_of_what_may_hold_a_secret_only_what_is_wrong_is_said(read, text, said):
    """Never the value, and never that it is not shown alone."""
    with pytest.raises(UsageProblem) as caught:
        read(text)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("true", "is true;"),
        ("1979-05-27", "is 1979-05-27;"),
        ("03:00:00", "is 03:00:00;"),
        ('"it is 7"', 'is "it is 7";'),
        ('{a = "ü", "b c" = [1.5, false]}', 'is {a = "ü", "b c" = [1.5, false]};'),
        ('"\\u001b[2J"', 'is "\\u001b[2J";'),
        ('"\\u009b"', 'is "\\U0000009b";'),
    ],
)
def test_a_wrong_value_is_said_as_the_file_has_it(read, value, said):
    """Not as Python would write it."""
    with pytest.raises(UsageProblem) as caught:
        read(f"undo_days = {value}")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a = 1\nb = '\xff'", "it is no text in UTF-8 (at line 2)"),
        (f"a = {'9' * 6000}", "a number is too long"),
        (f"a = {'[' * 9000}", "lie too deep in one another"),
        ("a == 1", "(at line 1, column 4)"),
    ],
)
def test_what_is_no_toml_is_said_in_words(read, text, said):
    """Where it is told it is told by its line; Python's own limits have no name there."""
    with pytest.raises(UsageProblem) as caught:
        read(text)
    assert said in str(caught.value)
    assert not [word for word in ("codec", "recursion", "sys.") if word in str(caught.value)]


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
    with pytest.raises(UsageProblem, match=r"^--undo-days: its value is -1; allowed"):
        read("max_removals = 1", {"undo_days": -1})


def test_all_that_is_wrong_is_said_at_once(read, monkeypatch):
    """A file and a variable with several slips are told in one go, a sentence each."""
    monkeypatch.setenv("BAILEYS_CLEANUP_UNDO_DAYZ", "1")
    with pytest.raises(UsageProblem) as caught:
        read("undo_days = -1\nfoo = 1\n[retention]\nmax_pre_keys = 0\n[companies.7.retention]\npreset = 5\n")
    named = ["UNDO_DAYZ", "undo_days", "retention.max_pre_keys", "companies.7.retention.preset", "foo"]
    assert len(named) == len(caught.value.sentences)
    assert all(any(name in sentence for sentence in caught.value.sentences) for name in named)


def test_what_only_values_together_get_wrong_is_said_at_once(read):
    """Two contradictions are two sentences."""
    with pytest.raises(UsageProblem) as caught:
        read("[retention]\nmax_pre_keys = 29\n[levels]\nnormal = 151\n[backup]\nbefore_clean = true\n")
    assert 3 == len(caught.value.sentences)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("session_max_age_days = 3", "retention.session_max_age_days"),
        ("[retention]\nundo_days = 3", "undo_days, above the first table"),
        ("[retention]\nemergency_cleanup = false", "monitor.emergency_cleanup"),
        ("[monitor]\nwarning = 3", "levels.warning"),
        ("sesion_max_age_days = 3", "retention.session_max_age_days"),
        ("[companies.7]\nmax_pre_keys = 40", "companies.7.retention.max_pre_keys"),
        ("[companies.'a.b']\nmax_pre_keys = 40", 'companies."a.b".retention.max_pre_keys'),
        ("[retentions]\nx = 3", "retention"),
        ("[retention]\nmax_prekeys = 60", "max_pre_keys"),
    ],
)
def test_a_key_in_the_wrong_table_gets_its_right_place(read, text, meant):
    """What is a setting elsewhere, or nearly one, is named with the table it belongs to."""
    with pytest.raises(UsageProblem) as caught:
        read(text)
    assert f"did you mean {meant}?" in str(caught.value)


@pytest.mark.parametrize("text", ["foo = 1", 'redis_url = "x"', "days = 7", '[redis]\nurl = "x"', "verbose = true"])
def test_what_is_like_no_setting_is_told_what_there_is(read, text):
    """A word that has some letters of another is no misspelling of it."""
    with pytest.raises(UsageProblem) as caught:
        read(text)
    assert "did you mean" not in str(caught.value)
    assert "; allowed: " in str(caught.value)


def test_a_variable_without_its_table_gets_its_right_name(monkeypatch):
    """`BAILEYS_CLEANUP_MAX_PRE_KEYS` is told to stand in the table of retention."""
    monkeypatch.setenv("BAILEYS_CLEANUP_MAX_PRE_KEYS", "60")
    with pytest.raises(UsageProblem, match=r"did you mean BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS\?"):
        load()
