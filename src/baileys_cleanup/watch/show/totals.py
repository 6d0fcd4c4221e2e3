"""What metrics tell of all companies together: as many series for a hundred thousand as for ten."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import View

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_BOUNDS = (50, 99, 150, 170, 180, 250, 500, 1_000, 2_500)
"""Upper ends of the histogram: the levels, and what lies beyond."""


def totals(facts: Facts) -> "Iterator[Metric]":
    """Give companies by level, files by kind, what could be freed, and how counts are spread."""
    from prometheus_client.metrics_core import (  # noqa: PLC0415 - an extra
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    views = facts.views
    levels = Counter(view.level for view in views)
    family = GaugeMetricFamily("baileys_companies", "Companies by level.", labels=("level",))
    for level in Level:
        family.add_metric((level.value,), levels[level])
    yield family
    kinds: Counter[Kind] = Counter()
    for view in views:
        if view.detail is not None:
            kinds.update(view.detail.kinds)
    family = GaugeMetricFamily("baileys_files", "Auth files of all companies, by kind.", labels=("file_type",))
    for kind in Kind:
        family.add_metric((kind.value,), kinds[kind])
    yield family
    details = [view.detail for view in views if view.detail is not None]
    for name, text, value in (
        ("baileys_companies_unreadable", "Companies that could not be looked at.", len(facts.unreadable)),
        ("baileys_companies_pairing_dead", "Bots that will not come back by themselves.", _dead(views)),
        ("baileys_companies_silent", "Companies that nobody has written for long.", sum(v.silent for v in views)),
        (
            "baileys_companies_same_device",
            "Companies whose device is in another folder as well.",
            sum(v.same_device for v in views),
        ),
        (
            "baileys_folders_passed_over",
            "Links and folders of other names in the root.",
            sum(each.more or 1 for each in facts.passed_over),
        ),
        ("baileys_files_bytes", "Size of all auth files, in bytes.", sum(d.size for d in details)),
        ("baileys_removable_files", "Files that a cleanup would remove now.", sum(d.removable.files for d in details)),
        ("baileys_removable_bytes", "Bytes that a cleanup would remove now.", sum(d.removable.size for d in details)),
    ):
        family = GaugeMetricFamily(name, text)
        family.add_metric((), value)
        yield family
    counts = [view.counted for view in views]
    spread = HistogramMetricFamily("baileys_companies_counted", "Companies by the count that their level is made of.")
    buckets = [(str(float(bound)), sum(count <= bound for count in counts)) for bound in _BOUNDS]
    spread.add_metric((), buckets=[*buckets, ("+Inf", len(counts))], sum_value=sum(counts))
    yield spread


def _dead(views: list[View]) -> int:
    return sum(view.pairing.dead for view in views)
