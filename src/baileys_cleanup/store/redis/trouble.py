"""What a Redis server said, as sentences for people. A value of a key never stands in one."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from baileys_cleanup.errors import CompanyProblem, NotWritable, UsageProblem

_SENTENCES: dict[type[Exception], str] = {
    redis.AuthenticationError: "the server wants another user or password; it may stand in the URL of the settings",
    redis.exceptions.NoPermissionError: "this user may not do that: it needs SCAN, HSCAN, TYPE, TIME, EVAL and writes",
    redis.exceptions.ReadOnlyError: "the server takes no writes: it is a replica",
    redis.exceptions.OutOfMemoryError: "the server's memory is full",
    redis.BusyLoadingError: "the server is still loading its data",
    redis.TimeoutError: "the server does not answer in time",
}


def in_words(error: redis.RedisError) -> str:
    """Return what went wrong, in words."""
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence
    if isinstance(error, redis.ConnectionError):
        return f"the server cannot be reached: {error}"
    word = str(error).partition(" ")[0]
    if word == "WRONGTYPE":
        return "a key is of another type than the layout says: look at redis.layout and redis.key"
    return f"the server refused it ({word[:40] or type(error).__name__})"


@contextmanager
def as_company_problem() -> Iterator[None]:
    """Turn what the server refuses into CompanyProblem."""
    try:
        yield
    except redis.RedisError as error:
        raise CompanyProblem(in_words(error)) from None


@contextmanager
def as_usage_problem(what: str) -> Iterator[None]:
    """Turn what the server refuses into UsageProblem; `what` begins the sentence."""
    try:
        yield
    except redis.RedisError as error:
        raise UsageProblem(f"{what}: {in_words(error)}") from None


@contextmanager
def as_not_writable(what: str) -> Iterator[None]:
    """Turn what the server refuses into NotWritable: who only reads may go on."""
    try:
        yield
    except redis.RedisError as error:
        raise NotWritable(f"{what}: {in_words(error)}") from None


@contextmanager
def as_os_error() -> Iterator[None]:
    """Turn what the server refuses into OSError, as the door wants it of records."""
    try:
        yield
    except redis.RedisError as error:
        raise OSError(errno.EIO, in_words(error)) from None
