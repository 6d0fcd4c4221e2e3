"""`watch.exposition`: the names and labels Prometheus gets, read back by its own library."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from baileys_cleanup.backups.record import BackupRecord as Backups
from baileys_cleanup.decision.judgement import PairingState
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.store import Space
from baileys_cleanup.watch.remember.run_history import History
from baileys_cleanup.watch.see.company import Removable, Unreadable
from baileys_cleanup.watch.show.detail import detail_for
from baileys_cleanup.watch.show.prometheus import exposition, need_exposition

from ...helpers import NOW
from ..helpers import detail, ended, facts, view

SECONDS = NOW / 10**9


def read(*seen, detail_asked=None, **more):
    """Give the samples: name to labels to value."""
    samples = {}
    for family in text_string_to_metric_families(exposition(facts(*seen, **more), detail_asked).decode()):
        for sample in family.samples:
            labels = tuple(sample.labels.values())
            assert labels not in samples.setdefault(sample.name, {}), "a series twice"
            samples[sample.name][labels] = sample.value
    return samples


def test_every_kind_has_its_gauge_also_at_nothing():
    """The operator's own gauge has all kinds of every company, 0 included."""
    found = read(view(4, "7", detail(kinds={Kind.SESSION: 3, Kind.CREDS: 1})))["baileys_session_files_count"]
    assert {("7", kind.value): {"session": 3, "creds": 1}.get(kind, 0) for kind in Kind} == found


def test_a_company_has_its_metrics():
    """Count, level, bytes, what would go, the oldest session and the state of creds.json."""
    seen = detail(size=99, removable=Removable(5, 50), oldest=NOW, newest=NOW)
    found = read(view(160, "7", seen, pairing=PairingState.BROKEN))
    one = {name.removeprefix("baileys_company_"): values for name, values in found.items() if "_company_" in name}
    assert {("7", level.value): level is Level.ATTENTION for level in Level} == one.pop("level")
    assert {
        "readable": {("7",): 1},
        "counted_files": {("7",): 160},
        "size_bytes": {("7",): 99},
        "removable_files": {("7",): 5},
        "removable_bytes": {("7",): 50},
        "oldest_session_timestamp_seconds": {("7",): SECONDS},
        "last_write_timestamp_seconds": {("7",): SECONDS},
        "creds_readable": {("7",): 0},
    } == one


def test_what_nobody_knows_is_left_out():
    """Without a session, a run or a success there is no sample that would claim one."""
    found = read(view(1, "7", detail()), space=Space(5, 0, 0))
    assert {"baileys_company_readable": {("8",): 0}}.items() <= read(Unreadable("8", "closed")).items()
    assert not [name for name in found if "oldest" in name or "cleanup" in name or "inodes" in name]


def test_runs_and_the_rest():
    """The last run, the earlier success, the quarantine and the disk."""
    run = ended(failures=2, status="partial", seconds=1.5)
    found = read(history=History({"": NOW - 10**9}, {"": run}, (run,)))
    assert [SECONDS + 1, SECONDS - 1, 1.5, 2] == [
        found[f"baileys_cleanup_{name}"]["",]
        for name in ("last_run_timestamp_seconds", "last_success_timestamp_seconds", "duration_seconds", "failures")
    ]
    assert 3 == found["baileys_cleanup_removed_files"]["session", ""]
    assert len(Kind) == len(found["baileys_cleanup_removed_files"])
    assert [3, 30] == [found[f"baileys_quarantine_{name}"][()] for name in ("files", "bytes")]
    assert [1000, 20, 100] == [found[f"baileys_root_{name}"][()] for name in ("free_bytes", "free_inodes", "inodes")]
    assert SECONDS == found["baileys_look_timestamp_seconds"][()]


def test_names_that_look_alike_stay_apart():
    """Two ids that are shown the same way get two labels: a series twice would cost all of them."""
    found = read(view(1, "a\n", detail()), view(2, "a\\n", detail()))["baileys_company_counted_files"]
    assert {("a\\n",): 1, ("a\\n (2)",): 2} == found


@pytest.mark.parametrize("company_id", ['a"b', "a\\b", "a{b}", "\udcff", "ü", " "])
def test_no_company_name_breaks_the_text(company_id):
    """Quotes, backslashes, braces and bytes that are not UTF-8 come through as a label."""
    assert 1 == len(read(view(1, company_id, detail()))["baileys_company_counted_files"])


def test_it_ends_with_a_newline_and_has_no_timestamp():
    """What the textfile collector wants: a final newline, and values without a time."""
    text = exposition(facts(view(1, "7", detail()))).decode()
    assert text.endswith("\n")
    assert all(len(line.rpartition("}")[2].split()) == 1 for line in text.splitlines() if "{" in line)


def test_without_the_library_there_is_one_sentence(monkeypatch):
    """Where the extra is missing, the sentence says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(UsageProblem, match=r"pip install 'baileys-cleanup\[metrics\]'"):
        need_exposition()


def test_backups_have_their_metrics():
    """The last good one, its size, and how often it failed since; a company without any has no sample."""
    made = Backups("7", tried=NOW, succeeded=NOW, bytes=99, failing=0)
    never = Backups("8", tried=NOW, failures=2, failing=2)
    found = read(view(1, "7", detail()), view(1, "8", detail()), view(1, "9", detail()), backups=(made, never))
    assert {
        "baileys_backup_last_success_timestamp_seconds": {("7",): SECONDS},
        "baileys_backup_size_bytes": {("7",): 99},
        "baileys_backup_failures": {("7",): 0, ("8",): 2},
    } == {name: values for name, values in found.items() if "backup" in name}


def crowd(number):
    """Give that many companies, every tenth of them full and every hundredth dead."""
    for each in range(number):
        dead = {"pairing": PairingState.BROKEN} if each % 100 == 0 else {}
        yield view(190 + each if each % 10 == 0 else each % 90 + 1, f"{each:05}", detail(), **dead)


def series(found):
    """Count the series of samples."""
    return sum(map(len, found.values()))


@pytest.mark.parametrize(
    ("companies", "detail", "most"),
    [(20, None, 24 * 20 + 90), (200, "company", 200 + 20 * 2 + 2 + 90), (3000, "summary", 50 * 4 + 90)],
)
def test_the_number_of_series_is_bounded(companies, detail, most):
    """Everything of a few, one series and a little of many, totals and the fullest of very many."""
    assert series(read(*crowd(companies), detail_asked=detail)) <= most


def test_by_default_many_companies_are_told_less_of():
    """Up to 1,000 everything, up to 10,000 one series each, above that a summary; what was asked for is always so."""
    assert ["full", "full", "company", "company", "summary"] == [
        detail_for(None, number) for number in (1, 1_000, 1_001, 10_000, 10_001)
    ]
    assert "full" == detail_for("full", 99_999)


@pytest.mark.parametrize("detail", ["company", "summary"])
def test_what_alerts_ask_for_is_there_in_short(detail):
    """Dead pairings, critical levels and companies that cannot be read have their series, and those alone."""
    found = read(*crowd(300), Unreadable("closed", "x"), detail_asked=detail)
    assert {("closed",): 0} == found["baileys_company_readable"]
    assert {("00000",): 0, ("00100",): 0, ("00200",): 0} == found["baileys_company_creds_readable"]
    assert 30 == len(found["baileys_company_level"])
    assert {1.0} == set(found["baileys_company_level"].values())
    assert (300 if detail == "company" else 50) == len(found["baileys_company_counted_files"])
    assert 480 == found["baileys_company_counted_files"]["00290",]


@pytest.mark.parametrize("detail", ["full", "company", "summary"])
def test_the_totals_are_there_however_much_is_told(detail):
    """Companies by level, files by kind, dead, unreadable, what could be freed, and how the counts are spread."""
    found = read(*crowd(300), Unreadable("closed", "x"), detail_asked=detail)
    assert {"critical": 30, "excellent": 270} == {
        level: number for (level,), number in found["baileys_companies"].items() if number
    }
    assert (1, 3, 300) == tuple(
        found[name][()]
        for name in (
            "baileys_companies_unreadable",
            "baileys_companies_pairing_dead",
            "baileys_companies_counted_count",
        )
    )
    assert 300 == found["baileys_files"]["creds",]
    assert (270, 300) == tuple(found["baileys_companies_counted_bucket"][bound,] for bound in ("180.0", "+Inf"))


def test_each_shard_has_its_own_last_run():
    """Two of four shards ran, one of them well: each has its series, and how many there are is told."""
    history = History().plus(ended(shard="0/4")).plus(ended(shard="1/4", status="partial", failures=1))
    found = read(history=history)
    assert {("0/4",): SECONDS + 1} == found["baileys_cleanup_last_success_timestamp_seconds"]
    assert {("0/4",): 0, ("1/4",): 1} == found["baileys_cleanup_failures"]
    assert 4 == found["baileys_cleanup_shards"][()]
