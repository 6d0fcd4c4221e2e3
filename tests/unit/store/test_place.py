"""Names of stores: what of a URL may be shown, and what has a password in it."""

import pytest

from baileys_cleanup.store.place import (
    Place,
    as_drivers_take_it,
    has_no_escape,
    has_password,
    is_cut_wrongly,
    is_folder,
    without_password,
    wrong_parameters,
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://bot:s3cret@db/x", "postgresql://bot@db/x"),
        ("postgresql://:s3cret@db/x", "postgresql://@db/x"),
        ("postgresql://bot:s3c%40ret@db:5432/x?sslmode=require", "postgresql://bot@db:5432/x?sslmode=require"),
        (
            "postgresql://db/x?user=bot&password=s3cret&sslmode=require",
            "postgresql://db/x?user=bot&password=***&sslmode=require",
        ),
        ("postgresql://db/x?PASSWORD=s3cret", "postgresql://db/x?PASSWORD=***"),
        ("postgresql://bot:p@ss:w@db/x", "postgresql://bot@db/x"),
        ("postgresql://bot:s3/cr/et@db/x", "postgresql://bot@db/x"),
        ("postgresql://bot:s3#cr?et@db/x?sslmode=require", "postgresql://bot@db/x?sslmode=require"),
        ("postgresql://bot:s3?cr=et@db/x", "postgresql://bot@db/x"),
        ("postgresql://bot:12?34@db/x", "postgresql://bot@db/x"),
        ("postgresql://bot@tenant:s3cret@db/x", "postgresql://bot@tenant@db/x"),
        ("postgresql://bot:s3cret@db:1,[::1]:2/x?user=a@b", "postgresql://bot@db:1,[::1]:2/x?user=a@b"),
        ("postgresql://db/x?user=bot&pass%77ord=s3cret", "postgresql://db/x?user=bot&pass%77ord=***"),
        ("postgresql://db/x?sslpassword=s3cret", "postgresql://db/x?sslpassword=***"),
        ("postgresql://db/x?oauth_client_secret=s3cret", "postgresql://db/x?oauth_client_secret=***"),
        ("redis://:s3/cret@cache:6379/0", "redis://@cache:6379/0"),
        ("redis://:s3/cr@t@db:6379/0", "redis://@db:6379/0"),
        ("redis://:s3#cret@db/0", "redis://@db/0"),
        ("redis://:s3?cret@db/0", "redis://@db/0"),
        ("postgresql://bot:12/ab@db/x", "postgresql://bot@db/x"),
        ("postgresql://bot:s3/cret@db/x?user=a@b", "postgresql://bot@db/x?user=a@b"),
        ("postgresql://bot@db/x?pass%77ord=s3cret", "postgresql://bot@db/x?pass%77ord=***"),
        ("rediss://db/0?ssl_password=s3cret&db=1", "rediss://db/0?ssl_password=***&db=1"),
    ],
)
def test_a_password_is_seen_and_never_shown(url, shown):
    """Wherever it stands in the URL, also where it was not escaped."""
    assert has_password(url)
    assert shown == without_password(url) == Place(url).shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot@db/x",
        "postgresql:///x?host=/run/postgresql",
        "postgresql://db:5432/x?user=bot@tenant&passfile=/etc/pgpass",
        "postgresql://[::1]:5432/x",
        "/srv/sessions",
        "/srv/a:b@c",
        "postgresql://db:5432/x?user=me@realm",
        "postgresql://db:5432?user=me@realm",
        "postgresql://one:5432,two:5433/x?user=me@realm",
        "postgresql://[::1]:5432/x?user=me@realm",
        "postgresql:///x?user=a:b@c",
    ],
)
def test_what_has_no_password_is_shown_as_it_is(url):
    """A user, a socket, a path."""
    assert not has_password(url)
    assert url == without_password(url)


@pytest.mark.parametrize(
    ("url", "wrongly"),
    [
        ("postgresql://bot:s3/cret@db/x", True),
        ("postgres://bot:s3@cret@db/x", True),
        ("postgresql://bot@tenant:s3cret@db/x", True),
        ("postgresql://bot:s3#cr?et@db/x", False),
        ("postgresql://bot:s3%2Fcret@db/x", False),
        ("postgresql://bot@tenant@db/x", False),
        ("redis://:s3#cret@cache/0", True),
        ("redis://:s3@cret@cache/0", False),
        ("/srv/a:b/c@d", False),
    ],
)
def test_a_password_that_a_driver_would_cut_is_seen(url, wrongly):
    """It would take the rest for a host or a port, and repeat it in its error."""
    assert wrongly is is_cut_wrongly(url)


def test_a_path_has_no_scheme():
    """Only what has `://` in it is no folder."""
    assert ("", True) == (Place("/srv/a:b").scheme, is_folder("/srv/a:b"))
    assert ("postgresql", False) == (Place("PostgreSQL://x").scheme, is_folder("postgresql://x"))


@pytest.mark.parametrize(
    "url",
    [f"postgresql://db/x?{name}=s3cret" for name in ("pwd", "pass", "PW", "auth", "scram_client_key")],
)
def test_what_serves_as_a_password_is_one(url):
    """Other words for it, right or wrong ones, and the keys that a server takes in its place."""
    assert has_password(url)
    assert "s3cret" not in without_password(url)


def test_a_scheme_is_one_in_any_case():
    """A driver gets it in lower case, and the password in it is looked at all the same."""
    assert "postgresql://Bot@DB/X" == as_drivers_take_it("PostgreSQL://Bot@DB/X")
    assert "/srv/A" == as_drivers_take_it("/srv/A")
    assert is_cut_wrongly("POSTGRESQL://bot:s3@cret@db/x")


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("postgresql://bot:50%off@db/x", True),
        ("postgresql://bot:50%@db/x", True),
        ("POSTGRES://bot:50%00@db/x", True),
        ("postgresql://bot:50%25@db/x", False),
        ("redis://:50%off@db/0", False),
    ],
)
def test_a_percent_sign_that_stands_for_itself_is_seen(url, meant):
    """In what libpq reads it may not be; redis-py takes it as it is meant."""
    assert meant is has_no_escape(url)


def test_parameters_that_a_driver_does_not_know_are_named():
    """By their names, never with their values, and what is allowed in their place."""
    url = "postgresql://bot:s3cret@db/x?sslmode=require&f%6fo=s3cret&bar=1&foo=2"
    assert "no parameter is called foo, bar; allowed after the question mark: options, sslmode" == wrong_parameters(
        url, {"sslmode", "options"}
    )
    assert wrong_parameters(url, {"sslmode", "foo", "bar"}) is None
