"""`cleaning.second_look`: what does not parse is looked at again, after all others, once."""

import pytest

from baileys_cleanup.cleaning.second_look import with_second_look


def looking(broken, log, *, heals=False):
    """Give a look at companies, of which some do not parse; and what it did."""

    def look(company_id, wait):
        log.append(company_id)
        if company_id in broken and not (heals and "waited" in log):
            wait()
            return f"{company_id} broken"
        return company_id

    return look


def test_what_does_not_parse_comes_last_after_one_wait():
    """A hundred broken ones are one wait, and each gets its second look, after the others."""
    log = []
    broken = [str(number) for number in range(100)]
    found = list(with_second_look([*broken, "a", "b"], looking(broken, log), lambda: log.append("waited")))
    assert ["a", "b", *(f"{each} broken" for each in broken)] == found
    assert 1 == log.count("waited")
    assert [*broken, "a", "b", "waited", *broken] == log


def test_what_is_whole_by_then_is_as_the_others():
    """It was being written at the first look."""
    log = []
    assert ["b", "a"] == list(
        with_second_look(["a", "b"], looking({"a"}, log, heals=True), lambda: log.append("waited"))
    )


def test_where_all_is_whole_nobody_waits():
    """No second is lost."""
    assert ["a"] == list(with_second_look(["a"], looking((), []), lambda: pytest.fail("waited")))


def test_an_error_is_no_second_look():
    """Whatever else goes wrong goes on its way."""

    def look(_company_id, _wait):
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(with_second_look(["a"], look, lambda: None))
