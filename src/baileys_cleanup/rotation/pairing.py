"""Waits until somebody has scanned a QR code: passes each new one on, and looks whether the folder is paired.

A folder is paired when its `creds.json` names this device: `me.id` of the form `number:device@s.whatsapp.net`, which
Baileys writes when the phone has confirmed (`src/Utils/validate-connection.ts`, 7.0.0-rc14). `registered` says nothing:
it stays false after a QR code.
"""

from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum

from baileys_cleanup.cleaning.hooks import Hook, Talk, listening
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CompanyProblem, HookFailed
from baileys_cleanup.store.store import Store

_INTERVAL = 1.0  # seconds between two looks at the folder
_AGAIN_AFTER = 5.0  # seconds until a command that only told the present payload is asked again
_LONGEST_PAYLOAD = 2_000
"""Letters. A QR code holds some 2,900; WhatsApp's payloads have 240."""


class Ending(StrEnum):
    """How the waiting ended. `OVER`: somebody else took the rotation back."""

    PAIRED = "paired"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    OVER = "over"


def is_paired(companies: Store, company_id: str) -> bool:
    """Tell whether a company's folder names its device by now; half a `creds.json` is looked at again next time."""
    try:
        with companies.company(company_id) as company:
            devices = company.account(lambda: None).devices
    except CompanyProblem:
        return False
    # A bot that asks for a pairing code writes its number at once, and the device only when it is paired.
    return any(device for _, device in devices)


def wait_for_pairing(
    companies: Store,
    company_id: str,
    hook: Hook | None,
    *,
    limit: float,
    world: World,
    show: Callable[[str, int], object],
    hear: Callable[[str], object],
    still_on: Callable[[], bool],
    let_end: bool,
) -> Ending:
    """Wait up to `limit` seconds. `show` gets each new payload and its number, `hear` what the command says besides.

    `still_on` is asked whether anybody still waits; with `let_end` the command pairs by itself, and may end by itself
    after the pairing. A command that ends well without a pairing is asked again; one
    that fails raises HookFailed.
    """
    until = world.stopwatch() + limit
    with ExitStack() as stack:
        asked = _Asked(hook, _Codes(show, hear), hear, stack) if hook is not None else None
        # Asked in this order: a folder that was put back is paired as well.
        while still_on():
            if is_paired(companies, company_id):
                if asked is not None and let_end:
                    asked.let_end()
                return Ending.PAIRED
            now = world.stopwatch()
            if world.stopping() or now >= until:
                return Ending.STOPPED if world.stopping() else Ending.TIMED_OUT
            try:
                if asked is None or not asked.listen(min(_INTERVAL, until - now), now):
                    world.wait()
            except HookFailed:
                if not is_paired(companies, company_id):
                    raise
    return Ending.OVER


class _Asked:
    """The command that tells QR payloads, run again when it ends well."""

    def __init__(self, hook: Hook, codes: "_Codes", hear: Callable[[str], object], stack: ExitStack) -> None:
        self._hook = hook
        self._codes = codes
        self._hear = hear
        self._stack = stack
        self._talk: Talk | None = None
        self._ask_at = 0.0

    def listen(self, timeout: float, now: float) -> bool:
        """Listen up to `timeout` seconds; False where there is nothing to listen to. Raises HookFailed."""
        if self._talk is None:
            if now < self._ask_at:
                return False
            self._talk = self._stack.enter_context(listening(self._hook, self._hear))
        line = self._talk.line(timeout)
        if line is not None:
            self._codes.take(line)
        elif self._talk.status() is not None:
            talk, self._talk = self._talk, None
            self._ask_at = now + _AGAIN_AFTER
            self._stack.close()
            if talk.status():
                raise HookFailed(talk.failure())
        return True

    def let_end(self) -> None:
        """Let a command that pairs finish what it does after the pairing: it logs in once, and saves."""
        rounds = int(self._hook.limit / _INTERVAL) + 1
        while self._talk is not None and self._talk.status() is None and rounds:
            self._talk.line(_INTERVAL)
            rounds -= 1


class _Codes:
    """The payloads that came, each shown once."""

    def __init__(self, show: Callable[[str, int], object], hear: Callable[[str], object]) -> None:
        self._show = show
        self._hear = hear
        self._last = ""
        self._number = 0

    def take(self, line: str) -> None:
        """Show a payload that is new."""
        payload = line.strip()
        if not payload or payload == self._last:
            return
        if len(payload) > _LONGEST_PAYLOAD or not (payload.isascii() and payload.isprintable()):
            self._hear("a line on its stdout is no QR payload and was passed over")
            return
        self._last = payload
        self._number += 1
        self._show(payload, self._number)
