"""What libpq says of a connection that it did not get, in our words: who could not be reached, or what the server said."""

import psycopg
import pytest

from baileys_cleanup.errors import CompanyProblem, CompanyUnreachable, CompanyUntold
from baileys_cleanup.store.postgresql.trouble import as_company_problem, in_words

FROM = "comes from ~/.pgpass, PGPASSWORD, a service file or the URL"
AT = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            AT + "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
            "no server can be reached at 127.0.0.1, port 5432: Connection refused",
        ),
        (
            'connection failed: connection to server at "db.internal" (10.0.0.7), port 6432 failed: timeout expired',
            "no server can be reached at db.internal, port 6432: timeout expired",
        ),
        (
            'connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory',
            "no server can be reached at /run/.s.PGSQL.5432: No such file or directory",
        ),
        (AT + 'FATAL:  database "x" does not exist', 'the server answers: database "x" does not exist'),
        (
            AT + 'FATAL:  password authentication failed for user "bot"',
            f'the server answers: password authentication failed for user "bot"; the password {FROM}',
        ),
        (
            AT + "fe_sendauth: no password supplied",
            f"no password supplied; a password {FROM} in the settings",
        ),
        (
            AT + "server does not support SSL, but SSL was required",
            "server does not support SSL, but SSL was required; sslmode asks for TLS, and the server has none",
        ),
        ('connection is bad: invalid sslmode value: "x"', 'invalid sslmode value: "x"'),
        (
            "failed to resolve host 'db': [Errno -2] Name or service not known",
            "failed to resolve host 'db': Name or service not known",
        ),
        ("", "the connection ended"),
    ],
)
def test_a_connection_that_failed_is_told_in_our_words(said, told):
    """Neither the driver's own steps nor the server's FATAL stand there, and the advice is ours."""
    assert told == in_words(psycopg.OperationalError(said))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), CompanyUnreachable),
        (psycopg.errors.AdminShutdown(), CompanyUnreachable),
        (psycopg.errors.LockNotAvailable(), CompanyUntold),
        (psycopg.errors.QueryCanceled(), CompanyUntold),
        (psycopg.errors.InvalidTextRepresentation(), CompanyProblem),
    ],
)
def test_what_passes_is_told_from_what_is_the_companys_own(error, kind):
    """A server that is gone, one that does not tell now, and a row that nobody can read."""
    with pytest.raises(CompanyProblem) as raised, as_company_problem():
        raise error
    assert kind is raised.type


def test_a_name_that_no_text_of_the_server_s_can_be_is_told_as_that():
    """The driver refuses a NUL by itself, before the server has seen it: there is no number of an error then."""
    nul = psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    assert "a name in it has a NUL byte, which PostgreSQL takes in no text" == in_words(nul)
