"""How old a file must be to go, to the second."""

import datetime as dt
import os

from .world import DAY, HOUR, MEMORY, OTHER, OTHER_KEY, Root, creds

BY_AGE = {
    OTHER_KEY: 3 * DAY,
    MEMORY: 3 * DAY,
    "sender-key-x.json": 3 * DAY,
    f"session-{OTHER}.0.json": 14 * DAY,
    "session-old.json": 14 * DAY,
}


def test_limits_of_fourteen_and_three_days(root: Root) -> None:
    """A file at its limit goes, one a minute short of it stays, and so does a date that cannot be, in any time zone."""
    old, young, future, ancient = (root.company(name) for name in ("old", "young", "future", "ancient"))
    for name, limit in BY_AGE.items():
        old.put(name, age=limit)
        young.put(name, age=limit - HOUR)
        future.put(name, age=-3650 * DAY)
        ancient.put(name)
        os.utime(ancient.path / name, (-DAY, -DAY))
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        found = root.dry(env={"TZ": zone}).companies
        removed = {name: company["files"]["removed"] for name, company in found.items()}
        assert removed == {"old": len(BY_AGE), "young": 0, "future": 0, "ancient": 0}
    root.clean()
    assert old.names() == {b"creds.json"}
    assert len(young.names()) == len(future.names()) == len(ancient.names()) == len(BY_AGE) + 1


def test_a_date_that_cannot_be_is_no_age(root: Root) -> None:
    """Before 2015 a file stays, a pre-key too, and the summary says how many and warns."""
    first = dt.datetime(2015, 1, 1, tzinfo=dt.UTC).timestamp()
    company = root.company(content=creds(upto=61)).pre_keys(range(1, 61))
    dates = {1: 0, 2: dt.datetime(1985, 10, 26, tzinfo=dt.UTC).timestamp(), 3: first - 1, 4: first}
    for nth, date in dates.items():
        name = f"session-{nth}.0.json"
        company.put(name)
        os.utime(company.path / name, (date, date))
    os.utime(company.path / "pre-key-3.json", (0, 0))
    healthy = root.company("healthy", creds(me="15550000005:7@s.whatsapp.net", lid=None)).put(
        "session-1.0.json", age=20 * DAY
    )
    found = root.clean().companies
    assert company.numbers() == {3, *range(11, 61)}
    left = {os.fsdecode(name) for name in company.names() if b"session" in name}
    assert left == {f"session-{nth}.0.json" for nth in (1, 2, 3)}
    assert any(warning.startswith("4 files") and "date" in warning for warning in found["962302"]["warnings"])
    assert (healthy.names(), found["healthy"]["warnings"]) == ({b"creds.json"}, [])


def test_limits_to_the_second(root: Root) -> None:
    """With the clock standing still, exactly the limit is removed and one second less is kept."""
    now = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC).timestamp()
    exact, short = root.company("exact"), root.company("short")
    for name, limit in BY_AGE.items():
        exact.put(name)
        os.utime(exact.path / name, (now - limit, now - limit))
        short.put(name)
        os.utime(short.path / name, (now - limit + 1, now - limit + 1))
    found = root.dry(clock="2026-11-22 03:00:00")
    assert found.summary["started_at"] == "2026-11-22T03:00:00Z"
    assert found.companies["short"]["files"]["removed"] == 0
    assert {name: gone["age_seconds"] for name, gone in found.removals("exact").items()} == BY_AGE


def test_only_the_modification_date_counts(root: Root) -> None:
    """A file read just now is as old as its last change; one written just now is young."""
    company = root.company().put("session-1.0.json", "session-2.0.json", age=20 * DAY)
    os.utime(company.path / "session-1.0.json", (2e9, os.stat(company.path / "session-1.0.json").st_mtime))
    (company.path / "session-2.0.json").write_bytes(b"{}")
    assert set(root.dry().removals()) == {"session-1.0.json"}


def test_kinds_without_a_rule_never_age(root: Root) -> None:
    """Device lists, tctokens, identity keys, unknown files and the 50 newest pre-keys stay at any age."""
    names = [
        f"device-list-{OTHER}.json",
        f"tctoken-{OTHER}@s.whatsapp.net.json",
        "tctoken-__index.json",
        f"identity-key-{OTHER}.0.json",
        "contacts-tc-token-1.json",
        "session-1.0.json.tmp",
        "pre-key-007.json",
    ]
    company = root.company().put(*names, age=4000 * DAY).pre_keys(range(1, 51), age=4000 * DAY)
    found = root.clean().only
    assert found["files"] == {"seen": 58, "removed": 0, "kept": 58, "failed": 0, "changed": 0}
    assert len(company.names()) == 58
