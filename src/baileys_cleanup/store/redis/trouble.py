"""What a Redis server said, as sentences for people. A value of a key never stands in one."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from baileys_cleanup.errors import (
    CompanyProblem,
    CompanyUnreachable,
    CompanyUntold,
    NotWritable,
    ServerGone,
    ServerProblem,
    UsageProblem,
)
from baileys_cleanup.store.redis_url import is_cut

_RIGHTS = (
    "it needs the companies' keys and baileys-cleanup:*, of the commands @read, TIME, ROLE, EVALSHA and SCRIPT LOAD,"
    " and to clean @write"
)
_NO_PERMISSION = f"this user may not do that: {_RIGHTS}"
_ONE_SLOT = 'in a cluster all strings of a company have to lie in one slot, as by redis.key = "{{company_id}}:{field}"'
_SENTENCES: dict[type[Exception], str] = {
    redis.AuthenticationError: "the server wants another user or password; it may stand in the URL of the settings",
    redis.exceptions.NoPermissionError: _NO_PERMISSION,
    redis.exceptions.ReadOnlyError: "the server takes no writes: it is a replica",
    redis.exceptions.OutOfMemoryError: "the server's memory is full, and this needs a little of it: raise maxmemory",
    redis.BusyLoadingError: "the server is still loading its data",
    redis.exceptions.MasterDownError: "the server is a replica that has lost its primary",
    redis.exceptions.ClusterDownError: "the cluster is down",
    redis.exceptions.ClusterCrossSlotError: _ONE_SLOT,
    redis.exceptions.MovedError: "the server is one of several nodes of a cluster, which cannot be cleaned",
    redis.TimeoutError: "the server does not answer in time",
}
_BEGINNINGS = {
    "WRONGTYPE": "a key is of another type than the layout says: look at redis.layout and redis.key",
    "MISCONF": "the server cannot write to its disk, and takes no writes until it can",
    "NOREPLICAS": "the server has too few replicas, and takes no writes until it has enough",
    "BUSY": "the server is busy with a script of somebody else's",
    "Unknown Redis command": "a command that it needs was renamed or switched off there",
    "The user executing the script": _NO_PERMISSION,
    "Script attempted to access keys that do not hash": _ONE_SLOT,
}
_UNKNOWN = re.compile(r"unknown command '([A-Za-z|]{1,20})'")
_FORBIDDEN = re.compile(r".*no permissions to run the '([a-z|.-]{1,40})' command")


def in_words(error: redis.RedisError, *, opened: bool = True) -> str:
    """Return what went wrong, in words; `opened` tells that the server has answered before."""
    if isinstance(error, redis.exceptions.NoPermissionError) and (forbidden := _FORBIDDEN.match(str(error))):
        return f"this user may not run {forbidden[1].replace('|', ' ').upper()}: {_RIGHTS}"
    for kind, words in _SENTENCES.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, redis.ConnectionError):
        if opened and is_cut(error):
            return "the connection broke: the server ended it, or went away"
        return f"the server {'went away' if opened else 'cannot be reached'}: {error}"
    said = str(error)
    if unknown := _UNKNOWN.match(said):
        return f"the server does not know the command {unknown[1]}: it was renamed or switched off there"
    sentence = next((each for beginning, each in _BEGINNINGS.items() if said.startswith(beginning)), None)
    return sentence or f"the server refused it ({said.partition(' ')[0][:40] or type(error).__name__})"


def is_gone(error: redis.RedisError) -> bool:
    """Tell whether the connection is over, and another one may do."""
    refused = redis.AuthenticationError  # the driver takes it for one of the connection
    return isinstance(error, redis.ConnectionError | redis.TimeoutError) and not isinstance(error, refused)


def _passes(error: redis.RedisError) -> bool:
    """Tell whether it is the state of the server, and none of what was asked."""
    down = redis.exceptions.MasterDownError | redis.exceptions.ClusterDownError
    return isinstance(error, down) or str(error).startswith("BUSY")


@contextmanager
def as_company_problem() -> Iterator[None]:
    """Turn what the server refuses into CompanyProblem."""
    try:
        yield
    except redis.RedisError as error:
        untold = CompanyUntold if _passes(error) else CompanyProblem
        raise (CompanyUnreachable if is_gone(error) else untold)(in_words(error)) from None


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
def as_os_error(where: str) -> Iterator[None]:
    """Turn what the server refuses into OSError, as the door wants it of records; it names the server by `where`."""
    try:
        yield
    except redis.RedisError as error:
        raise (ServerGone if is_gone(error) else ServerProblem)(errno.EIO, in_words(error), where) from None
