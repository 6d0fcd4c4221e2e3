"""Facts as Prometheus metrics. prometheus_client knows the format; the names and their meanings are here."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from baileys_cleanup.backups.record import Facts as Backups
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.watch.remember.run_history import History
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import Blind, View

if TYPE_CHECKING:
    from prometheus_client.metrics_core import GaugeMetricFamily

_NANO = 1e-9


def need_exposition() -> None:
    """Raise UsageProblem where prometheus_client is missing: before a long look rather than after it."""
    try:
        import prometheus_client  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise UsageProblem(
            "metrics need prometheus_client, which is not installed: pip install 'baileys-cleanup[metrics]'"
        ) from None


def exposition(facts: Facts) -> bytes:
    """Return the metrics in Prometheus' text format. Raises UsageProblem where prometheus_client is missing."""
    need_exposition()
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - an extra

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(facts))
    return generate_latest(registry)


class _Collector:
    """Hands the facts to a registry, once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def describe(self) -> list["GaugeMetricFamily"]:
        """Say nothing beforehand: what there is to tell hangs on the look."""
        return []

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        """Give every metric of the facts."""
        labelled = _labelled(self._facts.seen)
        yield from _of_companies(labelled)
        yield from _of_backups({each.company_id: label for label, each in labelled}, self._facts.backups)
        yield from _of_runs(self._facts.history)
        yield from _of_the_rest(self._facts)


def _gauge(name: str, text: str, labels: Iterable[str] = ()) -> "GaugeMetricFamily":
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    return GaugeMetricFamily(name, text, labels=tuple(labels))


def _single(name: str, text: str, value: float | None) -> "Iterator[GaugeMetricFamily]":
    """Give a metric without labels; what nobody knows is left out, as Prometheus wants it."""
    if value is not None:
        family = _gauge(name, text)
        family.add_metric((), value)
        yield family


def _labelled(seen: Iterable[View | Blind]) -> list[tuple[str, View | Blind]]:
    """Give each company its label: the id as it is shown elsewhere. Two that look alike get two labels."""
    found: dict[str, View | Blind] = {}
    for each in seen:
        name = label = shown(each.company_id)
        number = 1
        while label in found:
            number += 1
            label = f"{name} ({number})"
        found[label] = each
    return list(found.items())


def _of_companies(seen: list[tuple[str, View | Blind]]) -> "Iterator[GaugeMetricFamily]":
    one = ("company_id",)
    readable = _gauge("baileys_company_readable", "1 when the company's folder could be looked at, else 0.", one)
    for label, each in seen:
        readable.add_metric((label,), isinstance(each, View))
    yield readable

    files = _gauge(
        "baileys_session_files_count", "Auth files in the company's folder, by kind.", ("company_id", "file_type")
    )
    counted = _gauge(
        "baileys_company_counted_files",
        "Auth files that the level is made of: all but the pre-keys that WhatsApp still hands out.",
        one,
    )
    level = _gauge("baileys_company_level", "1 at the company's level, 0 at the others.", ("company_id", "level"))
    size = _gauge("baileys_company_size_bytes", "Size of the company's auth files, in bytes.", one)
    removable = _gauge("baileys_company_removable_files", "Files that a cleanup would remove now.", one)
    freed = _gauge("baileys_company_removable_bytes", "Bytes that a cleanup would remove now.", one)
    oldest = _gauge(
        "baileys_company_oldest_session_timestamp_seconds",
        "When the oldest session was last written, in seconds since 1970; without the account's own devices.",
        one,
    )
    creds = _gauge("baileys_company_creds_readable", "1 when creds.json is there, whole and readable, else 0.", one)
    for label, view in seen:
        if not isinstance(view, View) or view.detail is None:
            continue
        detail = view.detail
        for kind in Kind:
            files.add_metric((label, kind.value), detail.kinds.get(kind, 0))
        for each_level in Level:
            level.add_metric((label, each_level.value), view.level is each_level)
        counted.add_metric((label,), view.counted)
        size.add_metric((label,), detail.size)
        removable.add_metric((label,), detail.removable.files)
        freed.add_metric((label,), detail.removable.size)
        if detail.oldest is not None:
            oldest.add_metric((label,), detail.oldest * _NANO)
        creds.add_metric((label,), detail.creds_problem is None)
    yield from (files, counted, level, size, removable, freed, oldest, creds)


def _of_backups(labels: dict[str, str], backups: Iterable[Backups]) -> "Iterator[GaugeMetricFamily]":
    one = ("company_id",)
    success = _gauge(
        "baileys_backup_last_success_timestamp_seconds",
        "When the company's last good backup was made, in seconds since 1970.",
        one,
    )
    size = _gauge("baileys_backup_size_bytes", "Size of the company's last good archive, in bytes.", one)
    failing = _gauge("baileys_backup_failures", "Failed backups of the company since its last good one.", one)
    for facts in backups:
        label = (labels[facts.company_id],)
        if facts.succeeded is not None:
            success.add_metric(label, facts.succeeded * _NANO)
            size.add_metric(label, facts.bytes)
        failing.add_metric(label, facts.failing)
    yield from (success, size, failing)


def _of_runs(history: History) -> "Iterator[GaugeMetricFamily]":
    last = history.clean
    yield from _single(
        "baileys_cleanup_last_success_timestamp_seconds",
        "When the last successful cleanup ended, in seconds since 1970.",
        None if history.success is None else history.success * _NANO,
    )
    if last is None:
        return
    yield from _single(
        "baileys_cleanup_last_run_timestamp_seconds",
        "When the last cleanup ended, successful or not, in seconds since 1970.",
        last.ended * _NANO,
    )
    yield from _single("baileys_cleanup_duration_seconds", "How long the last cleanup took, in seconds.", last.seconds)
    yield from _single(
        "baileys_cleanup_failures",
        "Companies that failed or were refused in the last cleanup, and errors of the run itself.",
        last.failures,
    )
    removed = _gauge("baileys_cleanup_removed_files", "Files that the last cleanup removed, by kind.", ("file_type",))
    for kind in Kind:
        removed.add_metric((kind.value,), last.removed.get(kind.value, 0))
    yield removed


def _of_the_rest(facts: Facts) -> "Iterator[GaugeMetricFamily]":
    space = facts.space
    quarantine = facts.quarantine
    yield from _single("baileys_quarantine_files", "Files in the quarantine, which undo can bring back.", quarantine[0])
    yield from _single("baileys_quarantine_bytes", "Size of the files in the quarantine, in bytes.", quarantine[1])
    yield from _single(
        "baileys_root_free_bytes", "Bytes free on the file system of the sessions root.", space.free_bytes
    )
    if space.inodes:
        yield from _single(
            "baileys_root_free_inodes", "Inodes free on the file system of the sessions root.", space.free_inodes
        )
        yield from _single("baileys_root_inodes", "Inodes of the file system of the sessions root.", space.inodes)
    yield from _single(
        "baileys_look_timestamp_seconds", "When these numbers were taken, in seconds since 1970.", facts.looked * _NANO
    )
