"""`later`: text that comes back whole, in its order, and takes little room meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.output.later import Later


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_everything_comes_back(texts):
    """Whatever was taken comes back letter for letter."""
    later, said = Later(), []
    for text in texts:
        later.write(text)
    later.say(said.append)
    assert "".join(texts) == "".join(said)


def test_it_takes_little_room():
    """The names of a hundred thousand sessions take less than a tenth of their length."""
    later = Later()
    for number in range(100_000):
        later.write(f"  would go  session-1666{number:07}.0.json  session  30.0 days old; the limit is 14 days\n")
    assert sum(map(len, later._parts)) < 800_000
