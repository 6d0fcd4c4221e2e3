"""Names of stores: what of a URL may be shown, and what has a password in it."""

import pytest

from baileys_cleanup.store.place import Place, has_password, is_folder, without_password


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
    ],
)
def test_a_password_is_seen_and_never_shown(url, shown):
    """Wherever it stands in the URL, also where it was not escaped."""
    assert has_password(url)
    assert shown == without_password(url) == Place(url).shown


@pytest.mark.parametrize("url", ["postgresql://bot@db/x", "postgresql:///x?host=/run/postgresql", "/srv/sessions"])
def test_what_has_no_password_is_shown_as_it_is(url):
    """A user, a socket, a path."""
    assert not has_password(url)
    assert url == without_password(url)


def test_a_path_has_no_scheme():
    """Only what has `://` in it is no folder."""
    assert ("", True) == (Place("/srv/a:b").scheme, is_folder("/srv/a:b"))
    assert ("postgresql", False) == (Place("PostgreSQL://x").scheme, is_folder("postgresql://x"))
