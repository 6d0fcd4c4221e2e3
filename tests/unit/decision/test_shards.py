"""Shards: the hash, written down once, and what is one."""

import pytest

from baileys_cleanup.decision.shards import Shard, read_shard


@pytest.mark.parametrize(
    ("company_id", "index"),
    [("962302", 1), ("123456", 3), ("1", 3), ("a b", 0), ("\u00fcn\u00efcode", 3), ("\udcff", 2)],
)
def test_the_hash_never_changes(company_id, index):
    """Fixed values: another hash would give companies to nobody, or to two."""
    assert [index] == [each for each in range(4) if Shard(each, 4).has(company_id)]


@pytest.mark.parametrize("number", [1, 2, 7, 1000])
def test_every_company_falls_to_one_shard(number):
    """However many shards there are; and none of a few is left without work."""
    shards = [Shard(index, number) for index in range(number)]
    for company_id in map(str, range(50)):
        assert 1 == sum(shard.has(company_id) for shard in shards)
    if number <= 7:
        assert all(any(shard.has(str(each)) for each in range(50)) for shard in shards)


@pytest.mark.parametrize(("text", "shard"), [("0/1", Shard(0, 1)), ("3/4", Shard(3, 4)), ("007/1000", Shard(7, 1000))])
def test_what_is_a_shard(text, shard):
    """I/N, with I from 0."""
    assert shard == read_shard(text)


@pytest.mark.parametrize(
    "text", ["", "1", "4/4", "-1/2", "0/0", "0/1001", "0/10000", "0x1/2", " 0/2", "0/2\n", "1/2/3", "\u0660/\u0662"]
)
def test_what_is_none(text):
    """Everything else, digits of other scripts among it."""
    assert read_shard(text) is None


def test_a_shard_is_written_as_it_is_read():
    """The label of metrics and records."""
    assert "2/8" == str(Shard(2, 8))
