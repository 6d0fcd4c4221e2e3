"""Status 4: the limit on removals, and a clock that cannot be right."""

from .world import DAY, OTHER, Root


def sessions(root: Root, name: str, count: int) -> None:
    """Make a company with that many old sessions."""
    root.company(name).put(*(f"session-{n}.0.json" for n in range(count)), age=20 * DAY)


def test_the_fuse_blows_before_the_first_removal_of_a_company(root: Root) -> None:
    """A company that plans more than max_removals is left alone with status 4; the others are cleaned."""
    for name, count in (("a", 4), ("b", 3), ("c", 50), ("d", 0)):
        sessions(root, name, count)
    before = root.files()
    fuse = {"BAILEYS_CLEANUP_MAX_REMOVALS": "3"}
    planned = root.dry(env=fuse, status=4)
    result = root.clean(env=fuse, status=4)
    for summary in (planned, result):
        assert summary.summary["status"] == "refused"
        statuses = {name: company["status"] for name, company in summary.companies.items()}
        assert statuses == {"a": "refused", "b": "cleaned", "c": "refused", "d": "cleaned"}
        assert summary.companies["a"]["files"] == {
            "seen": 5,
            "removed": 0,
            "kept": 5,
            "failed": 0,
            "changed": 0,
        }
    gone = before.keys() - root.files().keys()
    assert gone == {f"company_b/session-{n}.0.json".encode() for n in range(3)}
    quiet = root.run("-q", env=fuse)
    assert quiet.status == 4
    assert "max_removals" in quiet.said or "3" in quiet.said
    assert root.clean(env={"BAILEYS_CLEANUP_MAX_REMOVALS": "50"}).summary["totals"]["removed"] == 54


def test_a_fuse_of_nought_refuses_every_removal(root: Root) -> None:
    """max_removals = 0, where it is allowed at all, removes nothing."""
    sessions(root, "a", 1)
    before = root.tree()
    assert root.run(env={"BAILEYS_CLEANUP_MAX_REMOVALS": "0"}).status in {2, 4}
    assert root.tree() == before


def test_a_clock_that_cannot_be_right_refuses(root: Root) -> None:
    """A day behind or a year ahead of the last recorded run is status 4 before anything, until it is accepted."""
    company = root.company().put(f"session-{OTHER}.0.json", age=20 * DAY)
    root.clean("--undo-days", "3000")
    company.put("session-1.0.json", "session-2.0.json")
    before, held = root.tree(), root.quarantine()
    # Refused again and again: a refused run is not recorded, or the second cron run would go on.
    for clock in ("+400d", "+400d", "-2d", "-400d"):
        result = root.run("--undo-days", "0", clock=clock)
        assert result.status == 4, result
        assert "--accept-clock" in result.said
        assert (root.tree(), root.quarantine()) == (before, held)
    assert root.run("-q", clock="+400d").said.strip()
    for clock in ("+360d", "-20h"):
        assert root.dry(clock=clock).status == 0
    assert root.run("--dry-run", clock="+400d").status in {0, 4}
    # The dry run a year ahead was not recorded.
    assert root.clean().only["files"]["removed"] == 0
    ahead = root.clean("--accept-clock", clock="+400d")
    assert ahead.only["files"]["removed"] == 2
    assert root.run().status == 4, "now the present is a year behind"
    assert root.clean("--accept-clock").status == 0
    assert root.clean().status == 0


def test_time_that_left_no_trace_refuses(root: Root) -> None:
    """More than 3 days after the last run with not one file written since is status 4, until it is accepted."""
    sessions(root, "a", 3)
    quiet = root.company("b").put("session-1.0.json", age=13 * DAY)
    root.clean()
    before, held = root.tree(), root.quarantine()
    for clock, args, status in (("+71h", (), 0), ("+73h", (), 4), ("+73h", ("--accept-clock",), 0)):
        result = root.run("--dry-run", *args, clock=clock)
        assert result.status == status, result
    for _ in range(2):  # a refused run is not recorded
        refused = root.run("--undo-days", "0", clock="+9d")
        assert refused.status == 4
        assert "--accept-clock" in refused.said
        assert (root.tree(), root.quarantine()) == (before, held)
    quiet.put("session-2.0.json")
    assert root.clean(clock="+73h").companies["b"]["files"]["removed"] == 1, "one file of one company is trace enough"


def test_a_first_run_never_refuses(root: Root) -> None:
    """With no record there is nothing to doubt, whatever the year."""
    sessions(root, "a", 1)
    assert root.clean(clock="+3650d").only["files"]["removed"] == 1


def test_a_refused_clock_purges_nothing(root: Root) -> None:
    """A leap of years must not empty the quarantine."""
    sessions(root, "a", 3)
    root.clean()
    held = root.quarantine()
    assert root.run(clock="+3650d").status == 4
    assert root.quarantine() == held != {}
