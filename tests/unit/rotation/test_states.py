"""`rotation.states`: the way of a rotation."""

import pytest

from baileys_cleanup.rotation.states import Journal, State, in_words

SOFT = Journal("r", "7", fresh=False, bot_pairs=False, started=0)
BY_COMMAND = SOFT._replace(fresh=True)
BY_BOT = BY_COMMAND._replace(bot_pairs=True)


def test_the_bot_starts_after_a_pairing_by_command_and_before_its_own():
    """Two processes on one folder would end the pairing: the order depends on who pairs."""
    by_command, by_bot = BY_COMMAND.way, BY_BOT.way
    assert by_command.index(State.PAIRED) < by_command.index(State.STARTED)
    assert by_bot.index(State.STARTED) < by_bot.index(State.WAITING)
    assert State.WAITING not in SOFT.way


@pytest.mark.parametrize("journal", [SOFT, BY_COMMAND, BY_BOT])
def test_a_rotation_is_open_until_its_last_state(journal):
    """Each state but the last leads on to the next, and is open; backup, stop, build and switch come in that order."""
    for place, state in enumerate(journal.way):
        here = journal._replace(state=state)
        assert journal.way[place + 1 :] == here.ahead()
        assert (here is not None and here.done) == (not here.open) == (state is journal.way[-1])
    order = [State.PLANNED, State.BACKED_UP, State.STOPPING, State.STOPPED, State.BUILT, State.SWITCHED]
    assert order == list(journal.way[: len(order)])


def test_time_that_ran_out_leads_back_to_the_waiting():
    """Resumed after time ran out, it waits for the pairing again."""
    late = BY_COMMAND._replace(state=State.TIMED_OUT)
    assert (True, (State.PAIRED, State.STARTED)) == (late.open, late.ahead())


def test_what_is_being_taken_back_goes_nowhere_else():
    """Half taken back is open and has nothing ahead; taken back is over."""
    half, whole = (SOFT._replace(state=state) for state in (State.ROLLING_BACK, State.ROLLED_BACK))
    assert [(True, ()), (False, ())] == [(half.open, half.ahead()), (whole.open, whole.ahead())]


def test_every_state_has_words():
    """Each state is told without an underscore."""
    assert all(in_words(state) and "_" not in in_words(state) for state in State)
