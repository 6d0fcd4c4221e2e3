"""Facts as Prometheus metrics. prometheus_client knows the format; the names and their meanings are here."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from baileys_cleanup.backups.record import BackupRecord as Backups
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.watch.remember.run_history import History
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import Detail, Unreadable, View
from baileys_cleanup.watch.show.detail import Labelled, MetricsDetail, detail_for, labelled, told_of, troubled
from baileys_cleanup.watch.show.totals import totals

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.metrics_core import GaugeMetricFamily

_NANO = 1e-9
_ONE = ("company_id",)


def need_exposition() -> None:
    """Raise UsageProblem where prometheus_client is missing: before a long look rather than after it."""
    try:
        import prometheus_client  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise UsageProblem(f"metrics need prometheus_client, which is not installed: {to_install('metrics')}") from None


def exposition(facts: Facts, detail: str | None = None) -> bytes:
    """Return the metrics in Prometheus' text format; `detail` is how much is told of each company.

    Raises UsageProblem where prometheus_client is missing.
    """
    need_exposition()
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - an extra

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(facts, detail_for(detail, len(facts.seen))))
    return generate_latest(registry)


class _Collector:
    """Hands the facts to a registry, once."""

    def __init__(self, facts: Facts, detail: MetricsDetail) -> None:
        self._facts = facts
        self._detail = detail

    def describe(self) -> list["GaugeMetricFamily"]:
        """Say nothing beforehand: what there is to tell hangs on the look."""
        return []

    def collect(self) -> "Iterator[Metric]":
        """Give every metric of the facts."""
        facts, detail = self._facts, self._detail
        companies = labelled(facts.seen)
        if detail is MetricsDetail.FULL:
            yield from _in_full(companies)
            told = {each.company_id: label for label, each in companies}
        else:
            yield from _in_short(companies, detail)
            told = {each.company_id: label for label, each in troubled(companies, detail)}
        yield from totals(facts)
        yield from _of_backups(told, facts.backups)
        yield from _of_runs(facts.history)
        yield from _of_the_rest(facts)


def gauge(name: str, text: str, labels: Iterable[str] = ()) -> "GaugeMetricFamily":
    """Return an empty gauge."""
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    return GaugeMetricFamily(name, text, labels=tuple(labels))


def _single(name: str, text: str, value: float | None) -> "Iterator[GaugeMetricFamily]":
    """Give a metric without labels; what nobody knows is left out, as Prometheus wants it."""
    if value is not None:
        family = gauge(name, text)
        family.add_metric((), value)
        yield family


class _OfCompanies:
    """The metrics that a company has, filled company by company."""

    def __init__(self) -> None:
        self.readable = gauge(
            "baileys_company_readable", "1 when the company's folder could be looked at, else 0.", _ONE
        )
        self.counted = gauge(
            "baileys_company_counted_files",
            "Auth files that the level is made of: without the pre-keys that WhatsApp still hands out.",
            _ONE,
        )
        self.level = gauge(
            "baileys_company_level", "1 at the company's level, 0 at the others.", ("company_id", "level")
        )
        self.creds = gauge(
            "baileys_company_creds_readable", "0 when creds.json is broken, or gone while other keys are there.", _ONE
        )
        self.removable = gauge("baileys_company_removable_files", "Files that a cleanup would remove now.", _ONE)
        self.freed = gauge("baileys_company_removable_bytes", "Bytes that a cleanup would remove now.", _ONE)
        self.files = gauge(
            "baileys_session_files_count", "Auth files in the company's folder, by kind.", ("company_id", "file_type")
        )
        self.size = gauge("baileys_company_size_bytes", "Size of the company's auth files, in bytes.", _ONE)
        self.oldest = gauge(
            "baileys_company_oldest_session_timestamp_seconds",
            "When the oldest session was last written, in seconds since 1970; without the account's own devices.",
            _ONE,
        )
        self.newest = gauge(
            "baileys_company_last_write_timestamp_seconds",
            "When anything was last written in the company's folder, in seconds since 1970.",
            _ONE,
        )

    def add_detail(self, label: str, detail: Detail) -> None:
        """Take down what only a look at the files tells."""
        for kind in Kind:
            self.files.add_metric((label, kind.value), detail.kinds.get(kind, 0))
        self.size.add_metric((label,), detail.size)
        self.removable.add_metric((label,), detail.removable.files)
        self.freed.add_metric((label,), detail.removable.size)
        if detail.oldest is not None:
            self.oldest.add_metric((label,), detail.oldest * _NANO)
        if detail.newest is not None:
            self.newest.add_metric((label,), detail.newest * _NANO)

    def all(self) -> "Iterator[GaugeMetricFamily]":
        """Give those that have a sample, and the first in any case."""
        yield self.readable
        yield from (self.files, self.counted, self.level, self.size, self.removable, self.freed)
        yield from (self.oldest, self.newest, self.creds)


def _in_full(companies: Labelled) -> "Iterator[GaugeMetricFamily]":
    found = _OfCompanies()
    for label, view in companies:
        found.readable.add_metric((label,), isinstance(view, View))
        if isinstance(view, Unreadable) or view.detail is None:
            continue
        found.counted.add_metric((label,), view.counted)
        for level in Level:
            found.level.add_metric((label, level.value), view.level is level)
        found.creds.add_metric((label,), not view.pairing.dead)
        found.add_detail(label, view.detail)
    yield from found.all()


def _in_short(companies: Labelled, detail: MetricsDetail) -> "Iterator[GaugeMetricFamily]":
    """Give the count of companies, and what is wrong with those that want something: what the alerts ask for."""
    found = _OfCompanies()
    wanting = troubled(companies, detail)
    counted = dict(told_of(companies, detail)) | {label: each for label, each in wanting if isinstance(each, View)}
    for label, each in counted.items():
        if isinstance(each, View):
            found.counted.add_metric((label,), each.counted)
    for label, each in wanting:
        if isinstance(each, Unreadable):
            found.readable.add_metric((label,), 0)
            continue
        if each.judgement.fullness is not None:
            found.level.add_metric((label, each.level.value), 1)
            if each.detail is not None:
                found.removable.add_metric((label,), each.detail.removable.files)
        if each.pairing.dead:
            found.creds.add_metric((label,), 0)
    yield from (family for family in found.all() if family.samples)


def _of_backups(labels: dict[str, str], backups: Iterable[Backups]) -> "Iterator[GaugeMetricFamily]":
    success = gauge(
        "baileys_backup_last_success_timestamp_seconds",
        "When the company's last good backup was made, in seconds since 1970.",
        _ONE,
    )
    size = gauge("baileys_backup_size_bytes", "Size of the company's last good archive, in bytes.", _ONE)
    failing = gauge("baileys_backup_failures", "Failed backups of the company since its last good one.", _ONE)
    for facts in backups:
        if facts.company_id not in labels:
            continue
        label = (labels[facts.company_id],)
        if facts.succeeded is not None:
            success.add_metric(label, facts.succeeded * _NANO)
            size.add_metric(label, facts.bytes)
        failing.add_metric(label, facts.failing)
    yield from (success, size, failing)


def _of_runs(history: History) -> "Iterator[GaugeMetricFamily]":
    shard = ("shard",)
    success = gauge(
        "baileys_cleanup_last_success_timestamp_seconds",
        "When the last successful cleanup ended, in seconds since 1970.",
        shard,
    )
    for name, moment in history.successes.items():
        success.add_metric((name,), moment * _NANO)
    ended = gauge(
        "baileys_cleanup_last_run_timestamp_seconds",
        "When the last cleanup ended, successful or not, in seconds since 1970.",
        shard,
    )
    took = gauge("baileys_cleanup_duration_seconds", "How long the last cleanup took, in seconds.", shard)
    failures = gauge(
        "baileys_cleanup_failures",
        "Companies that failed or were refused in the last cleanup, and errors of the run itself.",
        shard,
    )
    removed = gauge(
        "baileys_cleanup_removed_files", "Files that the last cleanup removed, by kind.", ("file_type", "shard")
    )
    freed = gauge("baileys_cleanup_removed_bytes", "Bytes that the last cleanup removed.", shard)
    for name, last in history.cleans.items():
        ended.add_metric((name,), last.ended * _NANO)
        took.add_metric((name,), last.seconds)
        failures.add_metric((name,), last.failures)
        freed.add_metric((name,), last.size)
        for kind in Kind:
            removed.add_metric((kind.value, name), last.removed.get(kind.value, 0))
    yield from (family for family in (success, ended, took, failures, removed, freed) if family.samples)
    if history.clean is not None:
        text = "Of how many shards the last cleanup was one; 0 where it took all companies."
        yield from _single("baileys_cleanup_shards", text, history.shards)


def _of_the_rest(facts: Facts) -> "Iterator[GaugeMetricFamily]":
    space = facts.space
    quarantine = facts.quarantine
    yield from _single("baileys_quarantine_files", "Files in the quarantine, which undo can bring back.", quarantine[0])
    yield from _single("baileys_quarantine_bytes", "Size of the files in the quarantine, in bytes.", quarantine[1])
    if space is not None:
        yield from _single(
            "baileys_root_free_bytes", "Bytes free on the file system of the sessions root.", space.free_bytes
        )
    if space is not None and space.inodes:
        yield from _single(
            "baileys_root_free_inodes", "Inodes free on the file system of the sessions root.", space.free_inodes
        )
        yield from _single("baileys_root_inodes", "Inodes of the file system of the sessions root.", space.inodes)
    yield from _single(
        "baileys_look_timestamp_seconds", "When these numbers were taken, in seconds since 1970.", facts.looked * _NANO
    )
