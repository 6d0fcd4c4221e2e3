"""What a server refuses, in words: what is wrong, and never what was sent."""

import pytest

import redis
from baileys_cleanup.errors import CompanyProblem, CompanyUnreachable, CompanyUntold
from baileys_cleanup.store.redis.trouble import as_company_problem, in_words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (redis.ResponseError("unknown command 'HSCAN', with args beginning with: 's3cret' "), "the command HSCAN"),
        (redis.ResponseError("Unknown Redis command called from script script: f_1"), "was renamed or switched off"),
        (redis.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "cannot write to its disk"),
        (redis.ResponseError("BUSY Redis is busy running a script."), "busy with a script"),
        (redis.ResponseError("NOREPLICAS Not enough good replicas to write."), "too few replicas"),
        (redis.ResponseError("WRONGTYPE Operation against a key"), "redis.layout"),
        (redis.ResponseError("The user executing the script can't run this command"), "may not do that"),
        (redis.exceptions.NoPermissionError("this user has no permissions to run 'x'"), "may not do that"),
        (redis.exceptions.MasterDownError("Link with MASTER is down"), "lost its primary"),
        (redis.exceptions.MovedError("3999 127.0.0.1:6381"), "one of several nodes"),
        (redis.exceptions.ClusterDownError("Hash slot not served"), "cluster is down"),
        (redis.exceptions.ClusterCrossSlotError("Keys in request"), "in one slot"),
        (redis.ResponseError("s3cret"), "the server refused it"),
    ],
)
def test_a_refusal_is_a_sentence(error, said):
    """Of one that nobody has heard of only its first word is told."""
    told = in_words(error)
    assert said in told
    assert "s3cret" not in told.replace("(s3cret)", "")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (redis.TimeoutError("Timeout reading from socket"), CompanyUnreachable),
        (redis.ResponseError("BUSY Redis is busy running a script."), CompanyUntold),
        (redis.exceptions.MasterDownError("Link with MASTER is down"), CompanyUntold),
        (redis.ResponseError("WRONGTYPE Operation against a key"), CompanyProblem),
    ],
)
def test_what_passes_is_told_from_what_is_the_companys_own(error, kind):
    """A server that is gone, one that does not tell now, and a key that is none of a bot's."""
    with pytest.raises(CompanyProblem) as raised, as_company_problem():
        raise error
    assert kind is raised.type
