"""A bot that runs while it is cleaned: the real library at both ends, the real tool on its folder."""

import re
from datetime import datetime, timedelta

import pytest
import running_results
from install import VERSIONS
from lab import HOURS_BETWEEN, copy_world, run_tool
from lives import IN_FILES, MOMENTS, STORES, WINDOWS
from page import COMMAND
from running import move_in
from running_results import BY_CHANCE

versions = pytest.mark.parametrize("version", VERSIONS)
stores = pytest.mark.parametrize("store", STORES)
BY_THE_BOT = {
    "bot to group",
    "bot to group, next",
    "bot to group, after that",
    "bot to old group",
    "bot to ivan",
    "bot to alice",
    "bot to olga",
    "first message to grace",
    "bot status",
}
PEER_SESSIONS = (("7.0.0-rc.9", "bare"), ("7.0.0-rc.9", "database"))
"""Where the library remembers a session that no file and no cache has any more (`peerSessionsCache`)."""

OUTLIVES_THE_FILE = ("cached",)
"""Stores in which the memory of a send that failed stays when its file goes."""


@stores
@versions
def test_a_bot_that_nobody_cleans_needs_no_retry(running, version, store):
    """In every moment, with the server waiting or failing and everybody talking, the lab itself is sound."""
    life = running.life(version, store, "nothing")
    assert set(life.told["moments"]) == set(MOMENTS)
    assert life.troubles() == []


@stores
@versions
def test_gentle_is_not_felt_by_a_bot_that_runs(running, version, store):
    """It takes files every night, while messages are on their way as well, and everything arrives at once."""
    life = running.life(version, store, "gentle")
    assert all(sum(map(len, life.gone[moment])) for moment in MOMENTS if moment != BY_CHANCE)
    assert life.troubles() == []


@stores
@versions
def test_standard_delays_at_most_what_others_write(running, version, store):
    """With `getMessage` nothing is lost, and no message of the bot's own even needs a retry."""
    if (version, store) in PEER_SESSIONS:
        pytest.skip("its own test below")
    life = running.life(version, store, "standard")
    assert life.steps("lost") == set()
    assert life.steps("retry") & BY_THE_BOT == set(), life.troubles()


@stores
@versions
def test_without_get_message_a_bot_that_runs_loses_nothing_of_its_own(running, version, store):
    """Nobody keeps what he sent, and yet what the bot says arrives at once."""
    if (version, store) in PEER_SESSIONS:
        pytest.skip("its own test below")
    life = running.life(version, store, "standard", get_message=False)
    assert (life.steps("lost") | life.steps("retry")) & BY_THE_BOT == set(), life.troubles()


@pytest.mark.parametrize(("version", "store"), PEER_SESSIONS)
def test_a_bare_store_throws_where_the_library_remembers_a_session_that_went(running, version, store):
    """7.0.0-rc.9 throws at every send to a device whose session it used in the last 5 minutes; in no other moment."""
    life = running.life(version, store, "standard")
    assert {line["failure"] for line in life.lines("used") if line["outcome"] == "lost"} == {
        "SessionError: No sessions"
    }
    others = [moment for moment in MOMENTS if moment != "used"]
    assert life.steps("lost", *others) | (life.steps("retry", *others) & BY_THE_BOT) == set()
    assert not any("failure" in line for line in running.life(version, "cached", "standard").lines())


@pytest.mark.parametrize("preset", ["standard", "gentle"])
@stores
@versions
def test_memory_and_key_of_a_group_never_go_in_one_run(running, version, store, preset):
    """Nor in two of one minute; and the key does go, in the night after its memory, while a message is on its way."""
    life = running.life(version, store, preset)
    for moment, runs in life.gone.items():
        assert [groups_that_lost_both(gone) for gone in runs] == [set()] * len(runs), moment
    assert memories(life.gone["failed_send_twice"][0])
    assert not groups_that_lost_both([name for gone in life.gone["failed_send_twice"] for name in gone])
    for moment in ("in_flight_later", "failed_send_later"):
        first, second = life.gone[moment]
        assert own_keys(second) == {group for group in memories(first) if "status" not in group}, (first, second)


@pytest.mark.parametrize("moment", WINDOWS)
@pytest.mark.parametrize("store", IN_FILES)
@versions
def test_both_at_once_is_felt_by_the_whole_group(running, version, store, moment):
    """The windows are real: taken by hand at that moment, memory and key cost every member the message or a retry."""
    life = running.life(version, store, "by_hand")
    felt = [line for line in life.lines(moment) if line["outcome"] != "clean"]
    if moment == "failed_send" and store not in OUTLIVES_THE_FILE:
        assert felt == []
        return
    assert len(felt) == 5
    assert {error for line in felt for error in line["errors"]} == {"No session found to decrypt message"}
    if version == "6.7.24":
        assert running.life(version, store, "by_hand", get_message=False).ends(moment)["lost"] == 5


@versions
def test_keys_in_a_database_fare_as_bare_ones_in_files(running, version):
    """In each moment the same number of keys goes, and the same lines need a retry, are lost, or are not sent."""
    for cleaning, get_message in [("nothing", True), ("standard", True), ("standard", False), ("gentle", True)]:
        in_files, in_a_database = (
            [
                running_results.record(life, moment) | {"store": None}
                for life in [running.life(version, store, cleaning, get_message=get_message)]
                for moment in MOMENTS
            ]
            for store in ("bare", "database")
        )
        assert in_a_database == in_files, cleaning


def test_what_is_committed_of_running_bots_is_what_the_lab_finds(running):
    """Every moment of every bot, in the versions that took part, ends as `running.json` and so the docs say."""
    committed = {key: one for key, one in running_results.read().items() if one["version"] in running.lab.versions}
    lives = running.all()
    found = {running_results.key(one): one for one in running_results.records(lives)}
    assert found == committed, f"if this is meant to change: {COMMAND} --measure\n{[life.troubles() for life in lives]}"


def test_a_later_run_is_later(lab, tmp_path):
    """The tool's clock is ahead by the hours that were asked for."""
    root, _ = move_in(copy_world(lab.world(lab.versions[0]), tmp_path / "copy", linked=False))
    now, later = (
        datetime.fromisoformat(run_tool(root, "--dry-run", hours_later=hours)["started_at"])
        for hours in (0, HOURS_BETWEEN)
    )
    assert later - now >= timedelta(hours=HOURS_BETWEEN)


def memories(names):
    """The groups whose memory is among these files."""
    start = "sender-key-memory-"
    return {name.removeprefix(start).removesuffix(".json") for name in names if name.startswith(start)}


def own_keys(names):
    """The groups whose own sender key is among these files."""
    own = re.compile(r"sender-key-(.+)--(?:15550000001|100000000000001)(?:_1)?--7\.json")
    return {found.group(1) for name in names if (found := own.fullmatch(name))}


def groups_that_lost_both(names):
    """The groups whose memory and own key are both among these files; a status has no pair."""
    return {group for group in memories(names) & own_keys(names) if group != "status@broadcast"}
