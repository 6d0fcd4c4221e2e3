"""What is passed over: how it is told, and how much of it is kept in mind."""

from baileys_cleanup.store.passed_over import Foreign, passed_over_in_words


def test_of_very_much_that_is_somebody_else_s_the_first_names_are_kept():
    """Of each reason twenty, whatever order they come in, and the others by their number."""
    odd = Foreign()
    for number in reversed(range(1_000)):
        odd.add(f"u{number:03}", "of type set", keys=True)
        odd.add(f"u{number:03}", "of type set", keys=True)
    odd.add("x", "excluded", keys=False)
    found = list(odd.found())
    assert [*(f"u{number:03}" for number in range(20)), "x", "980 more"] == [each.name for each in found][:22]
    assert all(each.foreign for each in found)
    assert [
        ("passed over: u000, u001, u002, u003, u004 and 995 more: of type set", True),
        ("passed over: x: excluded", False),
    ] == passed_over_in_words(found)
