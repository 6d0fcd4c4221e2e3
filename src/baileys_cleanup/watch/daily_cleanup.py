"""The day's cleanup by the monitor itself, without cron: the very run of `clean`, when the schedule says so."""

from collections.abc import Callable
from datetime import date, datetime, time, tzinfo

from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.cleaning.run import clean
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.outcome import CompanyOutcome, RunOutcome
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import CleanupError, LockHeld, in_words_with_path
from baileys_cleanup.output.summary import Report
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import DAILY_LOCK, Workspace
from baileys_cleanup.watch.monitor import Watch
from baileys_cleanup.watch.remember.run_history import read_history, record_daily
from baileys_cleanup.watch.schedule import Schedule
from baileys_cleanup.watch.tell.ping import pinging


class ZoneDays:
    """The days of a time zone, the machine's own where none is named. A minute that comes twice is the first one."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def of(self, moment: int) -> int:
        """Return the day that a moment falls on."""
        return datetime.fromtimestamp(moment // SECOND, self._zone).toordinal()

    def at(self, day: int, minute: int) -> int:
        """Return the moment when a minute of a day comes; one that the clock leaps over is as much later."""
        hours, minutes = divmod(minute, 60)
        return int(datetime.combine(date.fromordinal(day), time(hours, minutes), self._zone).timestamp()) * SECOND


class DailyCleanup:
    """Cleans all companies once a day.

    `told` wraps the report of a run in what tells of it; `exit_status` gives the status of the process after a run
    that ended with one.
    """

    def __init__(
        self,
        watch: Watch,
        schedule: Schedule,
        told: Callable[[Report], Report],
        exit_status: Callable[[int], int],
    ) -> None:
        self._watch = watch
        self._schedule = schedule
        self._told = told
        self._exit_status = exit_status
        self._began = watch.world().now
        self._last: int | None = None
        self._tell_of_next()

    def left(self) -> float:
        """Return the seconds until it is time next."""
        now = self._watch.world().now
        return (self._schedule.coming(now) - now) / SECOND

    def _tell_of_next(self) -> None:
        coming = self._schedule.coming(self._watch.world().now)
        local = datetime.fromtimestamp(coming // SECOND).astimezone().isoformat()
        self._watch.log.info("daily_cleanup_planned", next=local)

    def try_once(self) -> bool:
        """Clean where that is due, and tell whether it was done. What keeps it from that is logged, and tried again."""
        watch = self._watch
        try:
            return self._clean_when_due(watch.world())
        except LockHeld as held:
            watch.log.warning("daily_cleanup_postponed", reason=f"{held}; the next look tries again")
        except (CleanupError, OSError) as problem:
            self._fail(in_words_with_path(problem))
        return False

    def _fail(self, sentence: str) -> None:
        self._watch.log.error("daily_cleanup_failed", error=f"{shown(sentence)}; the next look tries again")

    def _clean_when_due(self, world: World) -> bool:
        if world.stopping():
            return False
        with (
            open_store(self._watch.settings.place, self._watch.settings.exclude) as store,
            store.workspace(create=True) as workspace,
        ):
            if workspace is None or not self._is_due(workspace, world.now):
                return False
            # Another monitor may have done it meanwhile, or be at it: so ask again with the lock in hand.
            with workspace.hold(DAILY_LOCK):
                return self._is_due(workspace, world.now) and self._clean(world)

    def _is_due(self, workspace: Workspace, now: int) -> bool:
        history, _ = read_history(workspace)  # one that is damaged or cannot be read is told by the look
        known = [moment for moment in (history.daily, self._last) if moment is not None]
        return self._schedule.is_due(now, self._began, max(known, default=None))

    def _clean(self, world: World) -> bool:
        watch = self._watch

        def ping_failed(problem: str) -> None:
            watch.log.warning("ping_failed", warning=problem)

        with pinging(watch.settings.ping_url, ping_failed, world.stopping) as ending:
            run = clean(
                Request(watch.settings, Selection()),
                world,
                Told(lambda _run: self._told(_SignsOfLife(watch.keep_fresh)), record=record_daily),
                watch.response.clean_one,
            )
            ending.found_dead = run.pairings_dead > 0
            ending.status = self._exit_status(run.exit_status)
        # An empty root is more likely an unmounted disk: the cleanup of the day is still to come.
        if run.stopped or not run.companies:
            return False
        self._last = run.started  # the record may not have been written
        watch.log.info("daily_cleanup", run_id=run.run_id, status=run.status.value, **run.total._asdict())
        self._tell_of_next()
        return True


class _SignsOfLife(Report):
    """Shows that the monitor is alive: while a long cleanup goes on, no look is made."""

    def __init__(self, beat: Callable[[], object]) -> None:
        self._beat = beat

    def company(self, outcome: CompanyOutcome) -> None:  # noqa: ARG002 - the log has it
        """Give a sign of life."""
        self._beat()

    def close(self, run: RunOutcome) -> None:
        """Hear the end, which the log tells."""
