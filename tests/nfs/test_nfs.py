"""The tool on NFS: a real server, clients of their own, and what the server's disk has in the end."""

from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.nfs]
Found = dict[str, Any]


def test_it_is_nfs(found: Found) -> None:
    """Every client mounts NFS, hard and of version 4.2: otherwise all the rest would be of something else."""
    for client, mount in found["mounts"].items():
        assert mount["type"] == "nfs", client
        assert {"hard", "vers=4.2"} <= set(mount["options"]), client
    assert found["rename"] == "EINVAL"  # renameat2 cannot refuse to overwrite there: the tool's other way is used


def test_a_life_on_two_clients_leaves_what_it_leaves_on_a_disk(found: Found) -> None:
    """Cleaned on one, undone on the other; backed up and verified; rotated and taken back; restored."""
    life = found["life"]
    commands = ("demo", "clean", "undo", "backup", "verify", "rotate", "rollback", "restore")
    assert {name: life[name] for name in commands} == dict.fromkeys(commands, 0)
    assert life["removed"] == life["gone"] > 0
    assert (life["back"], life["as before"], life["restored"]) == (True, True, True)


def test_one_run_at_a_time_over_all_clients(found: Found) -> None:
    """A lock that one client holds keeps the other out, with status 3, until it is given back."""
    assert found["locks"] == {"held": 3, "free": 0}


def test_two_clients_of_one_name_are_not_kept_apart_by_a_lock(found: Found) -> None:
    """The server takes them for one: either gets the lock, or an error of the disk where it was given to the other."""
    twins = found["twins"]
    assert twins["status"] == 0 or (twins["status"] == 1 and "Input/output error" in twins["out"] + twins["err"]), twins


def test_shards_on_two_clients_at_once_lose_nothing(found: Found) -> None:
    """The same shard twice and the other one beside them: each file goes once, one line of the audit log for each."""
    shards = found["shards"]
    assert set(shards["clean"]) <= {0, 1}, shards
    assert (shards["removed"], shards["failed"]) == (8 * 25, 0)
    assert (shards["left"], shards["audit"], shards["sound"]) == (0, True, [True, True])


def test_shards_on_two_clients_undo_and_purge_at_once(found: Found) -> None:
    """Undone by one shard on each client the tree is what it was; what is due is deleted by both, each its own."""
    shards = found["shards"]
    assert (shards["undo"], shards["back"]) == ([0, 0], True)
    assert (shards["due"] > 0, shards["left of it"]) == (True, [])


def test_a_shard_killed_on_one_client_is_ended_by_the_other(found: Found) -> None:
    """The server gives its locks back with its death; then all is as after one run."""
    assert (found["shards"]["killed"], found["shards"]["again"]) == (-9, [0, 0])


def test_a_bot_beside_shards_loses_nothing(found: Found) -> None:
    """What it writes by name on the other client, while both clients clean, is in its folder."""
    shards = found["shards"]
    assert (shards["beside a bot"], shards["wrote"], shards["lost"]) == ([0, 0], True, 0)


def test_locks_of_shards_hold_over_clients(found: Found) -> None:
    """While shards are at work on one client, the other one's whole run is refused; a shard leaves one company alone."""
    assert found["shards"]["held"] == {"whole": 3, "shard": 1, "left alone": ["2"]}


HABITS = ("writes", "reads", "known", "listed")


@pytest.mark.parametrize("habit", HABITS)
def test_nothing_is_gone_that_a_bot_writes_on_the_other_client(found: Found, habit: str) -> None:
    """All that the bot wrote during a cleanup lies in the company's folder, or in the quarantine, and undo has it."""
    for fire in found["fires"][habit]:
        assert fire["wrote"], "a bot that ended before it wrote all proves nothing"
        assert fire["lost"] == fire["in quarantine"], fire
        assert fire["after undo"] == 0, fire
        assert fire["totals"]["removed"] + fire["totals"]["changed"] == found["files"]
        assert fire["totals"]["failed"] == 0
    assert sum(fire["totals"]["changed"] for fire in found["fires"][habit]) > 0


def test_what_a_bot_writes_by_name_is_in_its_folder(found: Found) -> None:
    """A client that has not met a file lately asks the server for its name, and makes it anew where the bot looks."""
    assert {fire["lost"] for fire in found["fires"]["writes"]} == {0}


@pytest.mark.parametrize("where", ["same node", "no lookup cache"])
def test_where_no_client_is_behind_everything_is_in_its_folder(found: Found, where: str) -> None:
    """The bot's own node, or a bot's mount with lookupcache=none, even right after something listed the folder there."""
    assert {fire["lost"] for fire in found["fires"][where]} == {0}


def test_a_careless_remover_loses_in_the_same_fire(found: Found) -> None:
    """Who looks at each file and then deletes it loses writes there, or these rounds would prove nothing."""
    assert sum(fire["lost"] for fire in found["fires"]["careless"]) > 0
