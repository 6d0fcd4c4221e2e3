"""The watch of one process: look after look, and each one told to the log, the latest snapshot and the textfile."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CleanupError, in_words_with_path
from baileys_cleanup.output.log import Log
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.watch.emergency import EmergencyCleanup
from baileys_cleanup.watch.look import look
from baileys_cleanup.watch.rehearsal import Rehearsal, rehearse
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.result import Depth, LookResult, SentAlert
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.show.latest import LatestSnapshot, Snapshot
from baileys_cleanup.watch.show.prometheus import exposition
from baileys_cleanup.watch.show.textfile import write_textfile

_GLANCE = 0.25
"""Seconds between two looks for a signal, while waiting."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What each look needs. `world` gives the world of this moment; `latest` is None where nobody listens.

    `refresh` is after how many seconds a page is worth loading again.
    """

    settings: Settings
    selection: Selection
    world: Callable[[], World]
    log: Log
    latest: LatestSnapshot | None
    response: Response
    refresh: int = 60

    def once(self, depth: Depth = Depth.LEVELS) -> LookResult:
        """Look once, and tell; closer than asked for where the latest snapshot or the textfile want more.

        Raises UsageProblem when the root or the tool's own folder cannot be used.
        """
        if self.latest is not None or self._textfile is not None:
            depth = Depth.FACTS
        show = None if self.latest is None else self._show
        result = look(self.settings, self.selection, self.world(), self.response, depth, publish=show)
        if result.facts is not None:
            result.warnings += result.facts.unread
            self._publish(result.facts, result)
        tell(result, self.log)
        return result

    def rehearse(self) -> Rehearsal:
        """Say what a look would do and send, and touch nothing. Raises UsageProblem as a look does."""
        return rehearse(self.settings, self.selection, self.world(), self.response)

    @property
    def _textfile(self) -> str | None:
        """Where metrics go. A look at some companies only would take all others out of the file: it leaves it alone."""
        return self.settings.metrics.textfile if self.selection.is_all else None

    def try_once(self) -> None:
        """Look once; what ends the look does not end the watch, and is logged."""
        try:
            self.once()
        except CleanupError as problem:
            self._fail(str(problem))
        except OSError as error:
            self._fail(in_words_with_path(error))

    def keep_fresh(self) -> None:
        """Let the last look count as the present a little longer: a cleanup is at work, and a look follows it."""
        if self.latest is not None:
            self.latest.keep_fresh()

    def _fail(self, sentence: str) -> None:
        self.log.error("look_failed", error=f"{shown(sentence)}; the next look tries again")
        if self.latest is not None:
            self.latest.fail(sentence)

    def _show(self, facts: Facts, trends: Mapping[str, int] | None = None) -> None:
        if self.latest is not None:
            detail = self.settings.metrics.detail
            shot = Snapshot(facts, trends or {}, self.response.host, detail=detail, refresh=self.refresh)
            self.latest.show(shot)

    def _publish(self, facts: Facts, result: LookResult) -> None:
        self._show(facts, result.trends)
        if self._textfile is not None:
            try:
                text = exposition(facts, self.settings.metrics.detail)
                write_textfile(self._textfile, text, facts.sessions_root)
            except CleanupError as error:
                result.problems.append(str(error))


def tell(result: LookResult, log: Log) -> None:
    """Tell the log what a look saw and did."""
    for sent in result.alerts:
        _tell_alert(sent, log)
    for number, failure in result.undelivered.items():
        log.error("alert_failed", error=f"alerts.urls, number {number}: {failure}; the next look tries again")
    for company_id, cleanup in result.emergencies.items():
        _tell_cleanup(shown(company_id), cleanup, log)
    for each in result.unreadable:
        log.error("company_unreadable", company_id=shown(each.company_id), error=shown(each.problem))
    for text in result.warnings:
        log.warning("look_warning", warning=shown(text))
    for text in result.problems:
        log.error("look_problem", error=shown(text))


def _tell_alert(sent: SentAlert, log: Log) -> None:
    alert = sent.alert
    if alert.to is not None:  # what is only brought after to a service was told here before
        return
    fields = {
        "company_id": shown(alert.view.company_id),
        "company_level": alert.view.level.value,
        "counted": alert.view.counted,
        "text": sent.body,
    }
    if alert.clear:
        log.info("company_clear", **fields)
    else:
        log.warning("company_alert", **fields)


def _tell_cleanup(name: str, cleanup: EmergencyCleanup, log: Log) -> None:
    if cleanup.files:
        log.warning("emergency_cleanup", company_id=name, removed=cleanup.files, runs=cleanup.runs)
    if cleanup.later:
        log.warning("emergency_postponed", company_id=name, reason=f"{cleanup.problem}; the next look tries again")
    elif cleanup.problem:
        log.error("emergency_failed", company_id=name, error=cleanup.problem)


def sleep_until(moment: float, stopping: Callable[[], bool]) -> None:
    """Sleep until a moment of the monotonic clock, or until told to stop."""
    while not stopping() and (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, _GLANCE))
