"""What the server said, as sentences for people. A value of a key never stands in one: details are not repeated."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from baileys_cleanup.errors import (
    CompanyProblem,
    CompanyUnreachable,
    CompanyUntold,
    NotWritable,
    ServerGone,
    ServerProblem,
    UsageProblem,
)

_SENTENCES = {
    "22P02": "a value is not what the type of its column takes",
    "22P05": "a value has an escape that the type of its column does not take (\\u0000?)",
    "22021": "the name of one of its keys is no text in UTF-8, so that nobody can tell which it is",
    "0A000": "the table is of a kind that cannot be written so (a rule on it?)",
    "23503": "a foreign key of another table refers to it",
    "25006": "the server takes no writes: it is a replica, or the role or database is set to read only",
    "25P03": "the server ended it: idle_in_transaction_session_timeout",
    "40001": "another transaction came in between; the next run tries again",
    "40P01": "the server ended it to break a deadlock; the next run tries again",
    "53100": "the server's disk is full",
    "53300": "the server has no connection left",
    "55P03": "another session holds a lock on the table (ALTER TABLE, VACUUM FULL, an open transaction?)",
    "P0001": "a trigger of the table refuses it",
    "57014": "the server ended it: statement_timeout, or somebody cancelled it",
    "57P01": "the server is shutting down, or somebody ended the connection",
    "57P02": "the server has crashed and is restarting",
    "57P03": "the server is starting or shutting down",
    "57P05": "the server ended the connection because it was idle",
}
_FAILED = re.compile(
    r'connection to server (?:at "(?P<host>[^"]*)"[^,]*, port (?P<port>[0-9]+)|on socket "(?P<socket>[^"]*)") failed:'
    r" (?P<answer>FATAL: *)?(?:fe_sendauth: )?(?P<why>.*)"
)
"""How libpq tells that it did not get in; where the server had an answer that follows in the server's own words."""
_NUMBER = re.compile(r"\[Errno -?[0-9]+\] ")
_ENDS = {"25P03", "57P01", "57P02", "57P03", "57P05"}
"""After these the connection is over."""
_HINTS = {
    "password authentication failed": "; the password comes from ~/.pgpass, PGPASSWORD, a service file or the URL",
    "no password supplied": "; a password comes from ~/.pgpass, PGPASSWORD, a service file or the URL in the settings",
    "does not support SSL": "; sslmode asks for TLS, and the server has none",
}


def in_words(error: psycopg.Error) -> str:
    """Return what went wrong, in words."""
    state = error.sqlstate or ""
    if not state:
        return _of_the_driver(error)
    if state in _SENTENCES:
        return _SENTENCES[state]
    if state == "42501":  # its text names the table or schema
        return f"this role may not do that: {error.diag.message_primary}"
    if state[:3] in {"42P", "3D0", "3F0"} or state[:2] == "28":
        return str(error.diag.message_primary)
    return f"the server refused it ({type(error).__name__}, SQLSTATE {state})"


def _of_the_driver(error: psycopg.Error) -> str:
    """Return what went wrong without a word of the server's."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return _connection_in_words(str(error))
    if isinstance(error, psycopg.ProgrammingError):  # its text may repeat the URL
        return (
            "libpq cannot read this URL: look at the host, the port, and what stands after the question mark (a % is"
            " written %25)"
        )
    if isinstance(error, psycopg.DataError) and "NUL" in str(error):
        return "a name in it has a NUL byte, which PostgreSQL takes in no text"
    return f"the driver refused it ({type(error).__name__})"


def is_gone(error: psycopg.Error) -> bool:
    """Tell whether the connection is over, and another one may do."""
    state = error.sqlstate or ""
    if state:
        return state in _ENDS or state.startswith("08")
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


def _connection_in_words(text: str) -> str:
    """Return the first line of the driver's text: the others advise, or say the same of another address."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[0].removeprefix("connection failed: ") if lines else "the connection ended"
    hint = next((hint for mark, hint in _HINTS.items() if mark in text), "")
    found = _FAILED.search(said)
    if found is None:
        return _NUMBER.sub("", said.removeprefix("connection is bad: ")) + hint
    if found["answer"] or hint:
        return f"{'the server answers: ' if found['answer'] else ''}{found['why']}{hint}"
    where = found["socket"] or f"{found['host']}, port {found['port']}"
    return f"no server can be reached at {where}: {found['why']}"


@contextmanager
def as_company_problem() -> Iterator[None]:
    """Turn what the server refuses into CompanyProblem: this company has failed, the others go on."""
    try:
        yield
    except psycopg.Error as error:
        untold = CompanyUntold if isinstance(error, psycopg.OperationalError) else CompanyProblem
        raise (CompanyUnreachable if is_gone(error) else untold)(in_words(error)) from None
    except UnicodeEncodeError:
        raise CompanyProblem("its name or that of a key is no text in UTF-8, and PostgreSQL takes no other") from None


@contextmanager
def as_usage_problem(what: str) -> Iterator[None]:
    """Turn what the server refuses into UsageProblem; `what` begins the sentence."""
    try:
        yield
    except psycopg.Error as error:
        raise UsageProblem(f"{what}: {in_words(error)}") from None


@contextmanager
def as_not_writable(what: str) -> Iterator[None]:
    """Turn what the server refuses into NotWritable: who only reads may go on. `what` begins the sentence."""
    try:
        yield
    except psycopg.Error as error:
        raise NotWritable(f"{what}: {in_words(error)}") from None


@contextmanager
def as_os_error() -> Iterator[None]:
    """Turn what the server refuses into OSError, as the door wants it of records."""
    try:
        yield
    except psycopg.Error as error:
        raise (ServerGone if is_gone(error) else ServerProblem)(errno.EIO, in_words(error)) from None
