"""The store as a setting: a URL by flag, variable or file, and never a password where others could read it."""

import pytest

from baileys_cleanup.commands.options import load_settings
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.settings import load as loading

URL = "postgresql://bot:s3cret@db/x"


@pytest.fixture(autouse=True)
def _no_file_of_the_machine(monkeypatch):
    monkeypatch.setattr(loading, "CONFIG_FILE", "/nonexistent/x")


def test_a_store_is_a_flag_a_variable_or_a_line_of_the_file(monkeypatch, tmp_path):
    """The flag comes first, and a password may stand in the two others."""
    file = tmp_path / "s.toml"
    file.write_text(f'store = "{URL}"\n[postgresql]\nlayout = "prisma"')
    place = load_settings(None, str(file)).settings.place
    assert (URL, "prisma") == (place.where, place.postgresql.layout)
    monkeypatch.setenv("BAILEYS_CLEANUP_STORE", "postgres://other:w@db/x")
    assert "postgres://other:w@db/x" == load_settings(None, str(file)).settings.place.where
    assert "postgresql://db/x" == load_settings(None, str(file), store="postgresql://db/x").settings.place.where


def test_a_folder_that_is_asked_for_is_meant(monkeypatch):
    """`--sessions-root` wins over a store that is set elsewhere."""
    monkeypatch.setenv("BAILEYS_CLEANUP_STORE", URL)
    assert "/srv/x" == load_settings("/srv/x", None).settings.place.where
    with pytest.raises(UsageProblem, match="exclude each other"):
        load_settings("/srv/x", None, store="postgresql://db/x")


@pytest.mark.parametrize("url", [URL, "postgresql://db/x?password=s3cret"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(url):
    """Every user of the machine could read it there."""
    with pytest.raises(UsageProblem, match="password") as caught:
        load_settings(None, None, store=url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:s3cret@db/x",
        "redis://:s3/cret@db/0",
        "postgresql://u:s3/cret@db/x",
        "db.internal",
        "postgresql://a b",
        "",
    ],
)
def test_what_is_no_store_is_refused_and_not_repeated(url):
    """The sentence says what is allowed."""
    with pytest.raises(UsageProblem, match="postgresql://user@host:5432/database") as caught:
        load_settings(None, None, store=url)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("postgresql://bot:s3c%ret@db/x", "a % in it that stands for itself"),
        ("postgresql://bot:s3c/ret@db/x", "a password in it that is not percent-encoded"),
        ("POSTGRESQL://bot:s3c@ret@db/x", "a password in it that is not percent-encoded"),
        ("mysql://u:s3cret@db/x", "no URL of a server that is known here"),
        ("postgresql://bot:s3c ret@db/x", "a blank in it"),
    ],
)
def test_a_store_is_told_what_is_wrong_with_it_and_not_repeated(monkeypatch, url, wrong):
    """The variable, what is wrong, and how a % in a password is written; of the URL nothing."""
    monkeypatch.setenv("BAILEYS_CLEANUP_STORE", url)
    with pytest.raises(UsageProblem) as caught:
        load_settings(None, None)
    assert wrong in str(caught.value)
    assert "BAILEYS_CLEANUP_STORE: its value is" in str(caught.value)
    assert "`%` is written %25" in str(caught.value)
    assert "s3c" not in str(caught.value)


def test_a_scheme_may_be_written_in_any_case(monkeypatch):
    """Of the store, of its cache and of its creds: a scheme's case says nothing."""
    monkeypatch.setenv("BAILEYS_CLEANUP_STORE", "PostgreSQL://bot:S3cret@DB/X")
    monkeypatch.setenv("BAILEYS_CLEANUP_REDIS__CACHE", "REDIS://cache:6379/0")
    place = load_settings(None, None).settings.place
    assert ("postgresql://bot:S3cret@DB/X", "redis://cache:6379/0") == (place.where, place.redis.cache)


FOR_OTHERS = """
[redis]
key = "wa:{compny}"
creds = "postgresql://bot:s3cret@db/evolution"
cache = "redis://:s3cret@cache:6379/0"
cache_key = "{companies}:{uid}:{company_id}:{type}-{id}"
"""


@pytest.mark.parametrize(
    ("store", "flags"),
    [
        ("", {"store": "postgresql://db/x"}),
        ("", {"store": "redis://x/0"}),
        ("", {"sessions_root": "/srv/x"}),
        ("", {}),
        (f'store = "{URL}"', {}),
        ('store = "redis://x/0"', {}),
        ('store = "redis://x/0"', {"sessions_root": "/srv/x"}),
    ],
)
def test_one_file_may_be_for_several_stores(monkeypatch, tmp_path, store, flags):
    """What is set for a store that is not in force harms nobody, whether it stands in the file or the environment."""
    file = tmp_path / "s.toml"
    file.write_text(store + FOR_OTHERS)
    assert "wa:{compny}" == loading.load(str(file), flags).settings.redis.key
    monkeypatch.setenv("BAILEYS_CLEANUP_REDIS__CREDS", URL)
    monkeypatch.setenv("BAILEYS_CLEANUP_REDIS__CACHE", "redis://y/0")
    assert "redis://y/0" == loading.load(str(file), flags).settings.redis.cache


def test_a_value_of_an_option_is_told_by_the_option():
    """Nobody has to know what a flag is."""
    with pytest.raises(UsageProblem, match=r"^--store: its value is no URL"):
        load_settings(None, None, store="db.internal")
    with pytest.raises(UsageProblem, match=r"^--store: the URL has a password in it"):
        load_settings(None, None, store=URL)
    with pytest.raises(UsageProblem, match=r"^--sessions-root: "):
        load_settings("postgresql://db/x", None)
    with pytest.raises(UsageProblem, match=r"^--clean-jitter: its value is 9999; "):
        load_settings(None, None, **{"monitor.clean_jitter_minutes": 9999})


def test_a_url_is_no_sessions_root():
    """A database by the wrong option is told of the right one."""
    with pytest.raises(UsageProblem, match="a database is named by store"):
        load_settings("postgresql://db/x", None)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[postgresql]\nlayout = "mine"', "custom"),
        ('[postgresql]\nlayout = "custom"\ncompany = "c"', "postgresql.keys_table, postgresql.id, postgresql.value"),
        ('[postgresql]\nids = "both"', '"raw" or "file"'),
        ('[postgresql]\nkeys_table = ""', "the name of a table"),
        ("[postgresql]\ntype = 7", "the name of a column"),
        ('[redis]\ncache_key = "bot:{company_id}"', "{company_id}, {type} and {id} in it"),
        ('[redis]\ncache = "postgresql://db/x"', "redis://host:6379/0"),
        ('[redis]\ncreds = "redis://cache:6379/0"', "postgresql://user@host:5432/database"),
        (
            'store = "postgresql://db/x"\n[rotate]\nauto = "soft"\nstop_command = ["a"]\nstart_command = ["b"]',
            "rotate.auto",
        ),
    ],
)
def test_a_layout_that_cannot_be_is_one_sentence(tmp_path, table, said):
    """It names what is missing or allowed."""
    file = tmp_path / "s.toml"
    file.write_text(table)
    with pytest.raises(UsageProblem) as caught:
        load_settings(None, str(file))
    assert said in str(caught.value)
