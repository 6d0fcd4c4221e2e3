"""`cleaning.side_by_side`: workers that are processes; what comes back, in which order, and what a dead one costs."""

import os
import signal
import threading
import time

import pytest

from baileys_cleanup.cleaning.jobs import jobs_for
from baileys_cleanup.cleaning.side_by_side import Crew, can_fork, side_by_side
from baileys_cleanup.settings.values import Settings

IDS = [str(number) for number in range(40)]


def crew(jobs=3, stopping=lambda: False):
    """Give a crew that tells of lost companies."""
    return Crew(jobs, stopping, lambda company_id, why: f"lost {company_id} {why}")


def children():
    """Give the processes of this one that are not buried yet."""
    with open(f"/proc/self/task/{threading.get_native_id()}/children", encoding="ascii") as pids:
        return pids.read().split()


def test_the_order_is_that_of_the_ids():
    """Whoever is slow holds nobody up, and comes back at its place."""

    def work(company_id):
        time.sleep(0.3 if company_id == "0" else 0)
        return company_id * 2

    assert [(each, each * 2) for each in IDS] == list(side_by_side(IDS, work, crew()))


def test_several_processes_work():
    """The work is done by as many processes as asked for, and by none of them alone."""
    assert 1 < len({pid for _, pid in side_by_side(IDS, lambda _: time.sleep(0.01) or os.getpid(), crew())}) <= 3
    assert os.getpid() not in {pid for _, pid in side_by_side(IDS, lambda _: os.getpid(), crew())}


@pytest.mark.parametrize("fatal", [{"5"}, {"0", "39"}, set(IDS)])
def test_a_dead_worker_costs_its_company_and_no_other(fatal):
    """Killed in the middle of some companies, the run tells of those and does all others."""

    def work(company_id):
        if company_id in fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    found = dict(side_by_side(IDS, work, crew()))
    assert IDS == list(found)
    assert {each: f"lost {each} by signal 9" for each in fatal} == {k: v for k, v in found.items() if v != "done"}


def test_an_error_is_met_where_the_work_was_asked_for():
    """What goes wrong in a worker is raised here, as if it had gone wrong here; no worker is left behind."""

    def work(company_id):
        if company_id == "7":
            raise AssertionError("a bug")
        return company_id

    before = children()
    with pytest.raises(AssertionError, match="a bug"):
        list(side_by_side(IDS, work, crew()))
    assert before == children()


def test_told_to_stop_nothing_more_is_begun():
    """What was begun is told of, in order, the workers hear the signal, and the rest is not begun."""
    stopped = []
    heard = []
    earlier = signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    begun, begin = os.pipe()

    def work(company_id):
        if company_id == IDS[0]:
            return [os.read(begun, 1) for _ in range(2)] == [b"."] * 2  # the two others are at work
        os.write(begin, b".")
        end = time.monotonic() + 300
        while not heard and time.monotonic() < end:
            time.sleep(0.01)
        return bool(heard)

    try:
        found = []
        for company_id, signals in side_by_side(IDS, work, crew(stopping=lambda: bool(stopped))):
            found.append((company_id, signals))
            stopped.append(1)
    finally:
        signal.signal(signal.SIGTERM, earlier)
        os.close(begun)
        os.close(begin)
    assert [each for each, _ in found] == IDS[: len(found)]
    assert len(found) < len(IDS)
    assert all(told for _, told in found), "the workers were told, too"


def test_no_fork_beside_a_thread():
    """Where another thread runs nothing is forked: it could hold what the child waits for."""
    for earlier in set(threading.enumerate()) - {threading.current_thread()}:
        earlier.join(60)  # of another test, and about to end
    assert can_fork()
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert not can_fork()
    finally:
        end.set()
        thread.join()


@pytest.mark.parametrize(
    ("asked", "companies", "jobs"),
    [(None, 1, 1), (None, 99, 1), (None, 199, 1), (1, 5000, 1), (16, 5, 5), (16, 500, 16), (16, 0, 1)],
)
def test_few_companies_start_nothing(asked, companies, jobs):
    """By default a process more has to be worth its start; nobody gets more than there are companies."""
    assert jobs == jobs_for(Settings(jobs=asked), companies)


def test_by_default_there_are_as_many_as_processors():
    """Over very many companies."""
    assert len(os.sched_getaffinity(0)) == jobs_for(Settings(), 100_000)
