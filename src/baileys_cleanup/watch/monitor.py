"""The watch of one process: look after look, and each one told to the log, the board and the textfile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CleanupError, in_words
from baileys_cleanup.output.log import Log
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.watch.emergency import Relief
from baileys_cleanup.watch.look import Depth, Message, Seen, Teller, look
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.show.latest import Board, Snapshot
from baileys_cleanup.watch.show.prometheus import exposition
from baileys_cleanup.watch.show.textfile import write_textfile

_GLANCE = 0.25
"""Seconds between two looks for a signal, while waiting."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What each look needs. `world` gives the world of this moment; `board` is None where nobody listens."""

    settings: Settings
    companies: Sequence[str]
    world: Callable[[], World]
    log: Log
    board: Board | None
    teller: Teller

    def once(self, depth: Depth = Depth.LEVELS) -> Seen:
        """Look once, and tell; closer than asked for where the board or the textfile want more.

        Raises UsageProblem when the root or the tool's own folder cannot be used.
        """
        if self.board is not None or self._textfile is not None:
            depth = Depth.FACTS
        seen = look(self.settings, self.companies, self.world(), self.teller, depth)
        if seen.facts is not None:
            self._publish(seen.facts, seen)
        tell(seen, self.log)
        return seen

    @property
    def _textfile(self) -> str | None:
        """Where metrics go. A look at some companies only would take all others out of the file: it leaves it alone."""
        return None if self.companies else self.settings.metrics.textfile

    def try_once(self) -> None:
        """Look once; what ends the look does not end the watch, and is logged."""
        try:
            self.once()
        except CleanupError as problem:
            self._fail(str(problem))
        except OSError as error:
            self._fail(in_words(error))

    def _fail(self, sentence: str) -> None:
        self.log.error("look_failed", error=f"{shown(sentence)}; the next look tries again")
        if self.board is not None:
            self.board.fail(sentence)

    def _publish(self, facts: Facts, seen: Seen) -> None:
        if self.board is not None:
            self.board.show(Snapshot(facts, seen.trends))
        if self._textfile is not None:
            try:
                write_textfile(self._textfile, exposition(facts), facts.sessions_root)
            except CleanupError as error:
                seen.problems.append(str(error))


def tell(seen: Seen, log: Log) -> None:
    """Tell the log what a look saw and did."""
    for message in seen.messages:
        _tell_message(message, log)
    for company_id, relief in seen.reliefs.items():
        _tell_relief(shown(company_id), relief, log)
    for each in seen.blind:
        log.error("company_unreadable", company_id=shown(each.company_id), error=shown(each.problem))
    for text in seen.warnings:
        log.warning("look_warning", warning=shown(text))
    for text in seen.problems:
        log.error("look_problem", error=shown(text))


def _tell_message(message: Message, log: Log) -> None:
    alert = message.alert
    name = shown(alert.view.company_id)
    if alert.to is None:  # what is only brought after to a service was told here before
        fields = {"company_id": name, "company_level": alert.view.level.value, "counted": alert.view.counted}
        if alert.clear:
            log.info("company_clear", **fields, text=message.body)
        else:
            log.warning("company_alert", **fields, text=message.body)
    for number, failure in message.failures.items():
        sentence = f"alerts.urls, number {number}: {failure}; the next look tries again"
        log.error("alert_failed", company_id=name, error=sentence)


def _tell_relief(name: str, relief: Relief, log: Log) -> None:
    if relief.files:
        log.warning("emergency_cleanup", company_id=name, removed=relief.files, runs=relief.runs)
    if relief.later:
        log.warning("emergency_postponed", company_id=name, reason=f"{relief.problem}; the next look tries again")
    elif relief.problem:
        log.error("emergency_failed", company_id=name, error=relief.problem)


def sleep_until(moment: float, stopping: Callable[[], bool]) -> None:
    """Sleep until a moment of the monotonic clock, or until told to stop."""
    while not stopping() and (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, _GLANCE))
