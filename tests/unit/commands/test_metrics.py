"""`commands.metrics`, and what `clean` leaves for Prometheus and a dead man's switch."""

import errno
import json
import os
import signal

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands import clean as clean_room
from baileys_cleanup.store.folder import small_records
from baileys_cleanup.watch.see import all as facts

from ..helpers import put
from ..watch.helpers import company
from ..watch.tell.test_ping import listener


@pytest.fixture
def call(place):
    """Give a function that runs a command on the place."""
    return lambda *args: CliRunner().invoke(cli.commands, [*args, "--sessions-root", str(place)])


def values(text):
    """Give the samples of a text."""
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_metrics_are_printed_and_leave_no_trace(call, place):
    """All companies, or the named; nothing appears under the root."""
    company(place, "7", 3)
    company(place, "8", 4)
    found = values(call("metrics").stdout)
    assert ("3.0", "4.0") == tuple(found[f'baileys_company_counted_files{{company_id="{number}"}}'] for number in "78")
    assert '"8"' not in call("metrics", "--company", "7").stdout
    assert ["company_7", "company_8"] == sorted(os.listdir(place))


def test_metrics_of_a_shard_are_of_its_companies(call, place):
    """The quarantine as well: what several exporters tell adds up to what one would."""
    for company_id in ("1", "2"):  # shards 1 and 0 of 2
        company(place, company_id, 3, old=2)
    CliRunner().invoke(cli.commands, ["--sessions-root", str(place)])
    whole, *parts = (values(call("metrics", *args).stdout) for args in ([], ["--shard=0/2"], ["--shard=1/2"]))
    assert [False, True, True, False] == [
        f'baileys_company_counted_files{{company_id="{company_id}"}}' in part for part in parts for company_id in "12"
    ]
    name = "baileys_quarantine_files"
    assert float(whole[name]) == sum(float(part[name]) for part in parts) == 4


def test_metrics_go_to_a_file(call, place, tmp_path):
    """With `--textfile` nothing is printed."""
    company(place, "7", 3)
    result = call("metrics", "--textfile", str(tmp_path / "a.prom"))
    assert (0, "") == (result.exit_code, result.stdout)
    assert "baileys_company_counted_files" in (tmp_path / "a.prom").read_text()


@pytest.mark.parametrize("path", ["", "creds.json", "a.prom/", "a.PROM", "prom"])
def test_a_textfile_is_a_prom_file(call, place, tmp_path, path):
    """Anything else, nothing among it, is one sentence and status 2; no file is replaced."""
    company(place, "7", 3)
    (tmp_path / "creds.json").write_text("mine")
    result = call("metrics", "--textfile", path and f"{tmp_path}/{path}")
    assert (2, "mine") == (result.exit_code, (tmp_path / "creds.json").read_text())
    assert "allowed: a path that ends in .prom" in result.stderr


@pytest.mark.parametrize(("args", "status"), [(["clean"], 1), (["monitor", "--once"], 1), (["metrics"], 2)])
def test_a_textfile_among_the_companies_is_refused(call, place, monkeypatch, args, status):
    """No command writes metrics into a company's folder, by flag or by setting."""
    path = company(place, "7", 3) / "a.prom"
    monkeypatch.setenv("BAILEYS_CLEANUP_METRICS__TEXTFILE", str(path))
    result = call(*args, *(["--textfile", str(path)] if args == ["metrics"] else []))
    assert (status, False) == (getattr(result.exception, "status", result.exit_code), path.exists())
    assert "it lies in a folder of a company" in result.output + str(result.exception)


def test_a_company_that_went_is_gone_from_the_metrics(call, place, tmp_path):
    """The next file does not have it any more."""
    company(place, "7", 3)
    company(place, "8", 3)
    path = tmp_path / "a.prom"
    call("metrics", "--textfile", str(path))
    (place / "company_8").rename(place / "gone")
    call("metrics", "--textfile", str(path))
    assert '"8"' not in path.read_text()


@pytest.fixture
def textfile(tmp_path, monkeypatch):
    """Set `metrics.textfile`."""
    path = tmp_path / "a.prom"
    monkeypatch.setenv("BAILEYS_CLEANUP_METRICS__TEXTFILE", str(path))
    return path


def test_clean_leaves_metrics_as_they_are_after_it(call, place, textfile):
    """Removed by kind, the last success, what is left, and what lies in the quarantine."""
    company(place, "7", 3, old=2)
    assert 0 == call().exit_code
    found = values(textfile.read_text())
    assert "2.0" == found['baileys_cleanup_removed_files{file_type="session",shard=""}']
    assert "2.0" == found["baileys_quarantine_files"]
    assert "3.0" == found['baileys_company_counted_files{company_id="7"}']
    assert "0.0" == found['baileys_company_removable_files{company_id="7"}']
    assert float(found['baileys_cleanup_last_success_timestamp_seconds{shard=""}']) > 0


def test_a_signal_while_metrics_are_gathered_leaves_the_old_ones(call, place, textfile, monkeypatch):
    """Stopped after the first company, the others would be missing in the file: it stays as it was, and 143 tells."""
    company(place, "7", 3)
    company(place, "8", 3)
    textfile.write_text("old 1\n")

    real = facts.view_all

    def interrupted(*args, **how):
        for each in real(*args, **how):
            yield each
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(facts, "view_all", interrupted)
    assert 143 == call().exit_code
    assert "old 1\n" == textfile.read_text()


def test_a_failed_run_keeps_the_earlier_success(call, place, textfile, monkeypatch):
    """After a refused run the last run is newer than the last success."""
    company(place, "7", 3, old=2)
    call()
    first = values(textfile.read_text())['baileys_cleanup_last_success_timestamp_seconds{shard=""}']
    company(place, "8", 3, old=5)
    monkeypatch.setenv("BAILEYS_CLEANUP_MAX_REMOVALS", "1")
    assert 4 == call().exit_code
    found = values(textfile.read_text())
    assert first == found['baileys_cleanup_last_success_timestamp_seconds{shard=""}']
    assert "1.0" == found['baileys_cleanup_failures{shard=""}']
    assert float(found['baileys_cleanup_last_run_timestamp_seconds{shard=""}']) > float(first)


def test_metrics_that_cannot_be_written_fail_a_run_that_is_done(call, place, monkeypatch, tmp_path):
    """The files are removed all the same; status 1 and an error say that nobody will see it."""
    company(place, "7", 3, old=2)
    monkeypatch.setenv("BAILEYS_CLEANUP_METRICS__TEXTFILE", str(tmp_path / "no" / "a.prom"))
    result = call("clean", "--json")
    assert (1, 2) == (result.exit_code, json.loads(result.stdout)["totals"]["removed"])
    assert '"metrics_failed"' in result.stderr


def test_a_dry_run_leaves_no_metrics_and_pings_nobody(call, place, textfile, monkeypatch):
    """It changes nothing, also not elsewhere."""
    company(place, "7", 3, old=2)
    with listener() as (url, paths):
        monkeypatch.setenv("BAILEYS_CLEANUP_PING_URL", url)
        call("--dry-run")
    assert ([], False) == (paths, textfile.exists())


@pytest.mark.parametrize("args", [[], ["monitor", "--once"]])
def test_the_dead_mans_switch_hears_of_a_run(call, place, monkeypatch, args):
    """Start and success, for `clean` and for `monitor --once`."""
    company(place, "7", 3, old=2)
    with listener() as (url, paths):
        monkeypatch.setenv("BAILEYS_CLEANUP_PING_URL", url)
        assert 0 == call(*args).exit_code
    assert ["/ping/s3cret/start", "/ping/s3cret"] == paths


def test_the_dead_mans_switch_hears_of_a_failure(call, place, monkeypatch):
    """A run that ended with a status, and one that could not begin."""
    company(place, "7", 3, old=2)
    with listener() as (url, paths):
        monkeypatch.setenv("BAILEYS_CLEANUP_PING_URL", url)
        monkeypatch.setenv("BAILEYS_CLEANUP_MAX_REMOVALS", "1")
        assert 4 == call().exit_code
        call("--company", "9")
    assert ["start", "4", "start", "fail"] == [path.rpartition("/")[2] for path in paths]


@pytest.mark.parametrize("args", [[], ["monitor", "--once"]])
def test_a_dead_pairing_is_no_success_for_the_dead_mans_switch(call, place, monkeypatch, args):
    """The work was done, status 0, and somebody has to hear of the bot all the same."""
    put(company(place, "7", 3), "creds.json", b"")
    with listener() as (url, paths):
        monkeypatch.setenv("BAILEYS_CLEANUP_PING_URL", url)
        assert 0 == call(*args).exit_code
    assert ["start", "fail"] == [path.rpartition("/")[2] for path in paths]


def test_the_detail_of_metrics_can_be_chosen(call, place):
    """`--detail` and the setting; what is no such word is refused."""
    company(place, "7", 3)
    assert "baileys_session_files_count{" in call("metrics").stdout
    assert "baileys_session_files_count{" not in call("metrics", "--detail", "summary").stdout
    assert 2 == call("metrics", "--detail", "all").exit_code


def test_a_ping_that_fails_fails_nothing(call, place, monkeypatch):
    """The run is done with status 0, and says on stderr that the ping did not arrive, without its URL."""
    company(place, "7", 3, old=2)
    monkeypatch.setenv("BAILEYS_CLEANUP_PING_URL", "http://127.0.0.1:1/s3cret")
    result = call("--quiet")
    assert (0, "") == (result.exit_code, result.stdout)
    assert 2 == result.stderr.count("baileys-cleanup: warning: the ping ")
    assert 2 == call("--quiet", "--log-format", "json").stderr.count('"ping_failed"')
    assert "s3cret" not in result.output


def test_a_history_that_cannot_be_written_is_a_warning(call, place):
    """What is removed is removed; that the metrics will not tell it is said."""
    company(place, "7", 3, old=2)
    call("--company", "7")
    (place / ".baileys-cleanup" / "history.json.new").mkdir()
    result = call("clean", "--json")
    assert 0 == result.exit_code
    assert ["could not be recorded" in text for text in json.loads(result.stdout)["warnings"]] == [True]


def test_nothing_is_written_where_nothing_is_set(call, place, monkeypatch):
    """Without `metrics.textfile` a run does not look a second time."""
    company(place, "7", 3, old=2)
    monkeypatch.setattr(clean_room, "_leave_metrics", None)
    assert 0 == call().exit_code


@pytest.mark.parametrize("record", ["history.json", "company_7.json"])
def test_records_that_cannot_be_read_are_missing_in_the_metrics_and_told(call, place, monkeypatch, record):
    """What is known of the companies themselves is there all the same."""
    company(place, "7", 3, old=1)
    call("clean", "--accept-clock")
    (place / ".baileys-cleanup" / "backups").mkdir()
    (place / ".baileys-cleanup" / "backups" / "company_7.json").write_text("{}")
    read = small_records.read_record

    def unreadable(folder, name):
        if name == record:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(folder, name)

    monkeypatch.setattr(small_records, "read_record", unreadable)
    done = call("metrics")
    assert (0, "3.0") == (done.exit_code, values(done.stdout)['baileys_company_counted_files{company_id="7"}'])
    assert "warning: " in done.stderr
    assert "Permission denied" in done.stderr
