"""Which pre-keys stay: the cap by number, what is not uploaded yet, and the batch that is still handed out."""

import json
import random

import pytest

from .world import DAY, Root, creds

HOUR = 3600


def numbers(*spans: tuple[int, int]) -> set[int]:
    """Give the numbers of these spans, both ends included."""
    return {number for first, last in spans for number in range(first, last + 1)}


def test_the_fifty_highest_numbers_stay(root: Root) -> None:
    """The number decides as a number: not the date, not the spelling, and gaps do not matter."""
    by_number = root.company("by-number", creds(upto=201)).pre_keys(range(200, 80, -1), apart=HOUR)
    mixed = root.company("mixed", creds(upto=1200))
    chosen = random.Random(1).sample(range(1, 1200), 99)
    mixed.pre_keys(chosen, age=5 * DAY)
    fifty = root.company("fifty", creds(upto=51)).pre_keys(range(1, 51))
    one_over = root.company("fiftyone", creds(upto=52)).pre_keys(range(1, 52))
    fresh = root.company("fresh", creds(upto=61)).pre_keys(range(1, 61), age=-DAY)
    dry = root.dry()
    assert list(dry.removals("fiftyone")) == ["pre-key-1.json"]
    assert dry.removals("fiftyone")["pre-key-1.json"]["kind"] == "pre_key"
    root.clean()
    assert by_number.numbers() == numbers((151, 200))
    assert mixed.numbers() == set(sorted(chosen)[-50:])
    assert fifty.numbers() == numbers((1, 50))
    assert one_over.numbers() == numbers((2, 51))
    assert fresh.numbers() == numbers((11, 60))


def test_the_lowest_numbers_go_first(root: Root) -> None:
    """The audit log, written before each removal, names the pre-keys from the lowest number up."""
    root.company(content=creds(upto=121)).pre_keys(range(1, 121))
    root.clean()
    log = (root.tool / "audit.log").read_text()
    places = [log.index(f"pre-key-{number}.json") for number in range(1, 71)]
    assert places == sorted(places)


def test_numbers_beyond_any_counter_are_still_numbers(root: Root) -> None:
    """Pre-keys with absurdly long numbers stay, push nothing out, and nothing breaks."""
    company = root.company(content=creds(upto=61)).pre_keys(range(1, 61))
    huge = [f"pre-key-{'9' * length}.json" for length in (9, 20, 200)]
    company.put(*huge, age=100 * DAY)
    root.clean()
    assert company.numbers() == numbers((11, 60)) | {int("9" * length) for length in (9, 20, 200)}


def test_names_that_are_no_pre_keys_take_no_place(root: Root) -> None:
    """Decoys neither go nor use up the 50."""
    company = root.company(content=creds(upto=61)).pre_keys(range(1, 61))
    decoys = [
        "pre-key-099.json",
        "pre-key-x.json",
        "pre-key-99.json.tmp",
        "pre-key-٩٩.json",
        "prekey-99.json",
    ]
    company.put(*decoys, age=100 * DAY)
    root.clean()
    assert company.numbers() - {99} == numbers((11, 60))
    assert all(decoy in company for decoy in decoys)


def test_keys_not_uploaded_yet_stay_and_count(root: Root) -> None:
    """From firstUnuploadedPreKeyId on nothing goes, however many, and they use up the places of the 50."""
    many = root.company("many", creds(upto=101, uploaded=21)).pre_keys(range(1, 101))
    few = root.company("few", creds(upto=101, uploaded=96)).pre_keys(range(1, 101))
    all_of_them = root.company("all", creds(upto=101, uploaded=1)).pre_keys(range(1, 101))
    none = root.company("none", creds(upto=101, uploaded=101)).pre_keys(range(1, 101))
    beyond = root.company("beyond", creds(upto=101, uploaded=101)).pre_keys(range(1, 171))
    found = root.clean().companies
    assert many.numbers() == numbers((21, 100))
    assert few.numbers() == numbers((51, 100))
    assert all_of_them.numbers() == numbers((1, 100))
    assert none.numbers() == numbers((51, 100))
    # Version 6 counts up only after an upload: files at or above both counters may be of one that is under way.
    assert beyond.numbers() == numbers((51, 170)), "the 50 below the counter, and all that it has not reached"
    assert found["many"]["counted"] == 81, "no advertised batch here: all files count"


def test_the_newest_key_stays_and_counts(root: Root) -> None:
    """The 50 are counted down from the key before nextPreKeyId; numbers it has not reached stay and push nothing out."""
    company = root.company(content=creds(upto=61, uploaded=1000)).pre_keys(range(1, 101))
    few = root.company("few", creds(upto=11, uploaded=1000)).pre_keys(range(1, 101))
    root.clean()
    assert company.numbers() == numbers((11, 100))
    assert few.numbers() == numbers((1, 100))


def test_numbers_of_a_former_pairing_are_named_as_such(root: Root) -> None:
    """A number beyond the counter, written before a lower one that it has passed, is left from a former pairing."""
    company = root.company(content=creds(upto=31)).pre_keys(range(1, 31), age=DAY)
    company.pre_keys([700], age=200 * DAY).pre_keys([31], age=0)
    root.clean()
    assert company.numbers() == numbers((1, 31), (700, 700))
    former = root.run("explain", "--company", "962302", "pre-key-700.json").out.decode()
    coming = root.run("explain", "--company", "962302", "pre-key-31.json").out.decode()
    assert "left from a former pairing: kept" in " ".join(former.split())
    assert "being written" in " ".join(coming.split())


def test_a_fresh_pairing_keeps_its_whole_batch(root: Root) -> None:
    """All 812 pre-keys of a fresh Baileys 7 pairing stay; the summary counts the 762 above the cap apart and says why."""
    company = root.company(content=creds(upto=813)).pre_keys(range(1, 813), age=30 * DAY, apart=0.00008)
    text = root.run("-v")
    assert text.status == 0
    found = root.clean().only
    assert company.numbers() == numbers((1, 812))
    assert found["advertised_pre_keys"] == 762
    assert found["kinds"]["pre_key"] == {"seen": 812, "removed": 0, "kept": 812} | {
        fate: 0 for fate in ("failed", "changed") if fate in found["kinds"]["pre_key"]
    }
    assert (found["counted"], found["level"]) == (51, "excellent")
    assert "762" in root.run().out.decode()


@pytest.mark.parametrize(("upto", "stays"), [(812, False), (813, True), (5000, True)])
def test_the_batch_is_looked_for_from_813_on(root: Root, upto: int, stays: bool) -> None:
    """Below a nextPreKeyId of 813 no batch of 812 can have been made, and the cap applies."""
    company = root.company(content=creds(upto=upto)).pre_keys(range(1, 812), age=30 * DAY)
    found = root.clean().only
    assert company.numbers() == (numbers((1, 811)) if stays else numbers((762, 811)))
    assert found["advertised_pre_keys"] == (761 if stays else 0)


def test_a_batch_ends_below_one_hundred(root: Root) -> None:
    """A group is kept from 100 pre-keys over the cap on, consecutive or not; 99 are removed."""
    hundred = root.company("hundred", creds(upto=813)).pre_keys(range(1, 151))
    shrunk = root.company("shrunk", creds(upto=813)).pre_keys(range(1, 150))
    gaps = root.company("gaps", creds(upto=813)).pre_keys(range(1, 813, 5))  # 163, of which 113 over the cap
    few_gaps = root.company("few-gaps", creds(upto=813)).pre_keys(range(1, 813, 6))  # 136, of which 86
    found = root.clean().companies
    assert hundred.numbers() == numbers((1, 150))
    assert shrunk.numbers() == numbers((100, 149))
    assert gaps.numbers() == set(range(1, 813, 5))
    assert few_gaps.numbers() == set(sorted(range(1, 813, 6))[-50:])
    counted = {name: company["advertised_pre_keys"] for name, company in found.items()}
    assert counted == {"hundred": 100, "shrunk": 0, "gaps": 113, "few-gaps": 0}


def test_a_batch_is_written_within_a_minute(root: Root) -> None:
    """What counts as one batch is the dates of the files over the cap, not that their numbers follow one another."""
    fast = root.company("fast", creds(upto=2000)).pre_keys(range(1, 151), apart=59 / 100)
    slow = root.company("slow", creds(upto=2000)).pre_keys(range(1, 301), apart=10)
    drip = root.company("drip", creds(upto=2000)).pre_keys(range(1, 301), apart=HOUR)
    copied = root.company("copied", creds(upto=2000)).pre_keys(range(1, 401, 2)).pre_keys(range(2, 401, 2), age=9 * DAY)
    shuffled = root.company("shuffled", creds(upto=2000))
    order = list(range(1, 201))
    random.Random(2).shuffle(order)
    shuffled.pre_keys(order, apart=0.1)
    root.clean()
    assert fast.numbers() == numbers((1, 150)), "100 within 59 s"
    assert slow.numbers() == numbers((251, 300)), "ten seconds apart: seven within a minute"
    assert drip.numbers() == numbers((251, 300))
    assert copied.numbers() == numbers((1, 400)), "two batches of 175 whose numbers interleave"
    assert shuffled.numbers() == numbers((1, 200))


def test_each_batch_is_judged_by_itself(root: Root) -> None:
    """A whole batch stays while the remains of an earlier one and the top-ups between them go."""
    company = root.company(content=creds(upto=1800))
    company.pre_keys(range(1, 81), age=300 * DAY)  # shrunk to 80
    company.pre_keys(range(813, 818), age=200 * DAY)  # a top-up of 5
    company.pre_keys(range(818, 1630), age=100 * DAY)  # a whole batch
    company.pre_keys(range(1630, 1700), age=50 * DAY)  # later keys: 50 of them are within the cap
    found = root.clean().only
    assert company.numbers() == numbers((818, 1629), (1650, 1699))
    assert found["advertised_pre_keys"] == 812
    assert found["counted"] == 51


def test_keys_within_the_cap_do_not_help_a_batch(root: Root) -> None:
    """Only pre-keys over the cap make a group: 120 written at once, of which 70 are over it, are capped."""
    company = root.company(content=creds(upto=900)).pre_keys(range(700, 820))
    root.clean()
    assert company.numbers() == numbers((770, 819))


def test_the_batch_guard_can_be_switched_off(root: Root) -> None:
    """With keep_advertised_pre_keys off, the cap takes the batch as well, but not what is not uploaded."""
    plain = root.company("plain", creds(upto=813)).pre_keys(range(1, 813))
    waiting = root.company("waiting", creds(upto=813, uploaded=701)).pre_keys(range(1, 813))
    found = root.clean(env={"BAILEYS_CLEANUP_RETENTION__KEEP_ADVERTISED_PRE_KEYS": "false"}).companies
    assert plain.numbers() == numbers((763, 812))
    assert waiting.numbers() == numbers((701, 812))
    assert found["plain"]["advertised_pre_keys"] == found["waiting"]["advertised_pre_keys"] == 0


BROKEN = {
    "empty": b"",
    "truncated": creds(upto=813)[:-20],
    "garbage": b"\x00\xff\xfe" * 50,
    "list": b"[]",
    "number": b"7",
    "no-counters": json.dumps({"me": {"id": "1:2@s.whatsapp.net"}}).encode(),
    "words": json.dumps({"nextPreKeyId": "many", "firstUnuploadedPreKeyId": None}).encode(),
}


@pytest.mark.slow  # a creds.json that does not parse is read again a second later, each of them
def test_a_broken_creds_json_keeps_the_batch(root: Root) -> None:
    """Where creds.json is there but unreadable, the highest number + 1 stands in, and each is warned of."""
    broken = {name: root.company(name, content).pre_keys(range(1, 813)) for name, content in BROKEN.items()}
    below = root.company("below", b"").pre_keys(range(1, 812))
    small = root.company("small", b"{").pre_keys(range(1, 301))
    found = root.clean().companies
    for name, company in broken.items():
        assert company.numbers() == numbers((1, 812)), name
        assert found[name]["advertised_pre_keys"] == 762, name
    assert all(found[name]["warnings"] for name in ("empty", "truncated", "garbage", "below", "small"))
    assert below.numbers() == numbers((762, 811)), "811 + 1 is less than 813"
    assert small.numbers() == numbers((251, 300))


def test_without_creds_json_the_highest_number_stands_in(root: Root) -> None:
    """An absent creds.json keeps a batch of 812, with a warning; below that many numbers the cap applies."""
    batch = root.company("batch", None).pre_keys(range(1, 813))
    below = root.company("below", None).pre_keys(range(1, 812))
    found = root.clean().companies
    assert batch.numbers() == numbers((1, 812))
    assert below.numbers() == numbers((762, 811)), "811 + 1 is less than 813"
    assert [found[name]["advertised_pre_keys"] for name in ("batch", "below")] == [762, 0]
    assert all(found[name]["warnings"] for name in ("batch", "below"))


def test_the_cap_is_a_setting_with_a_floor(root: Root) -> None:
    """max_pre_keys moves the cap; below the floor of min_pre_keys nothing goes, whatever is asked."""
    company = root.company(content=creds(upto=201)).pre_keys(range(1, 201), apart=HOUR)
    for asked, left in (("100", 100), ("30", 30)):
        root.clean(env={"BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS": asked})
        assert company.numbers() == numbers((201 - left, 200))
    for asked in ("29", "0", "-1"):
        assert root.run(env={"BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS": asked}).status in {0, 2}
        assert company.numbers() == numbers((171, 200))
