"""What a look at a company means: one judgement, so that every command, alert, number and page says the same. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.devices import SharedDevice
from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.decision.names import REMOVABLE, Kind


class Severity(IntEnum):
    """How bad it is. A note is worth a line, and wakes nobody."""

    OK = 0
    NOTE = 1
    WARNING = 2
    CRITICAL = 3


class PairingState(StrEnum):
    """What `creds.json` says of the login the keys belong to."""

    PAIRED = "paired"
    UNPAIRED = "unpaired"
    INCOMPLETE = "incomplete"
    BROKEN = "broken"
    GONE = "gone"
    NOTHING = "nothing"
    """Neither `creds.json` nor any other auth file."""

    @property
    def dead(self) -> bool:
        """Tell whether the bot will not come back by itself."""
        return self in {PairingState.BROKEN, PairingState.GONE}


def pairing_of(account: Account, files: int) -> PairingState:
    """Return the state of a pairing; `files` are the company's auth files."""
    if not account.present:
        return PairingState.GONE if files else PairingState.NOTHING
    if account.problem is None:
        return PairingState.PAIRED if account.devices else PairingState.UNPAIRED
    return PairingState.INCOMPLETE if account.devices else PairingState.BROKEN


class Cause(StrEnum):
    """What a finding is about; reports are grouped by it."""

    PAIRING_DEAD = "pairing_dead"
    PAIRING_INCOMPLETE = "pairing_incomplete"
    DEEPER = "contents_one_level_deeper"
    SAME_DEVICE = "same_device"
    FULL = "full"
    NOTHING_REMOVABLE = "nothing_removable"
    UNPAIRED = "unpaired"
    EMPTY = "empty"
    SILENT = "silent"


class Finding(NamedTuple):
    """One thing that is to be said of a company. `advice` is what to do, `command` the words of one that helps."""

    cause: Cause
    severity: Severity
    sentence: str
    advice: str = ""
    command: tuple[str, ...] = ()


class Observation(NamedTuple):
    """What a look tells of a company.

    `kinds` are its auth files by kind, `removable` those of them that a cleanup would take now: None where nobody
    asked. `problem` is what is wrong with `creds.json`. `deeper` are the folders inside that hold a `creds.json` while
    the company holds none. `silent_days` are the whole days since anybody wrote here, None where nobody looked.
    `shared` is its device where another company has it as well.
    """

    company_id: str
    kinds: Mapping[Kind, int]
    counted: int
    pairing: PairingState
    problem: str | None = None
    removable: Mapping[Kind, int] | None = None
    deeper: Sequence[str] = ()
    silent_days: int | None = None
    shared: SharedDevice | None = None


class Judgement(NamedTuple):
    """All that is to be said of a company, the worst first."""

    findings: tuple[Finding, ...] = ()

    def plus(self, finding: Finding) -> "Judgement":
        """Return the judgement with one finding more."""
        return Judgement(_worst_first([*self.findings, finding]))

    @property
    def severity(self) -> Severity:
        """How bad it is, all in all."""
        return max((finding.severity for finding in self.findings), default=Severity.OK)

    @property
    def trouble(self) -> Finding | None:
        """The worst that is wrong whatever the count is, a dead pairing say; None where nothing is."""
        return next((each for each in self.findings if each.cause not in _OF_COUNT and each.severity > 1), None)

    @property
    def fullness(self) -> Finding | None:
        """What is to be said of the count, None where it is no reason to act."""
        return next((each for each in self.findings if each.cause in _OF_COUNT), None)

    @property
    def stuck(self) -> bool:
        """Tell whether it is full, and no cleanup can help."""
        return any(each.cause is Cause.NOTHING_REMOVABLE for each in self.findings)


_OF_COUNT = {Cause.FULL, Cause.NOTHING_REMOVABLE}

NEXT: Mapping[Level, str] = {
    Level.EXCELLENT: "nothing",
    Level.NORMAL: "watch it",
    Level.ATTENTION: "plan a cleanup",
    Level.WARNING: "clean it within 24 hours",
    Level.CRITICAL: "clean it now",
}
"""What to do at each level, where a cleanup helps."""

_NAMES: Mapping[Kind, tuple[str, str]] = {
    Kind.CREDS: ("creds.json", "creds.json"),
    Kind.APP_STATE_SYNC_KEY: ("app state key", "app state keys"),
    Kind.APP_STATE_SYNC_VERSION: ("app state version", "app state versions"),
    Kind.LID_MAPPING: ("LID mapping", "LID mappings"),
    Kind.PRE_KEY: ("pre-key", "pre-keys"),
    Kind.SESSION: ("session", "sessions"),
    Kind.SENDER_KEY: ("sender key", "sender keys"),
    Kind.SENDER_KEY_MEMORY: ("sender-key memory", "sender-key memories"),
    Kind.DEVICE_LIST: ("device list", "device lists"),
    Kind.TCTOKEN: ("privacy token", "privacy tokens"),
    Kind.IDENTITY_KEY: ("identity key", "identity keys"),
    Kind.UNKNOWN: ("file of unknown name", "files of unknown names"),
}
"""What one file of a kind is called, and several."""


def judge(seen: Observation, levels: Levels, silent_after: int = 0) -> Judgement:
    """Judge a company by its own levels; `silent_after` are the days without a write after which that is said."""
    found = [*_of_pairing(seen), *_of_fullness(seen, levels)]
    if seen.shared is not None:
        found.append(of_shared_device(seen.shared))
    if seen.silent_days is not None and seen.silent_days >= silent_after:
        sentence = f"nobody has written here for {seen.silent_days:,} days"
        found.append(Finding(Cause.SILENT, Severity.NOTE, sentence, "see whether this tenant still has a bot"))
    return Judgement(_worst_first(found))


def _worst_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda finding: -finding.severity))


def _of_pairing(seen: Observation) -> list[Finding]:
    company = ("--company", seen.company_id)
    if seen.pairing.dead:
        what = "creds.json is gone while other auth files are there: the pairing is gone"
        if seen.pairing is PairingState.BROKEN:
            # What it means for the rules stands behind the colon.
            what = f"{re.split('[:;]', seen.problem or 'creds.json is broken')[0]}: the pairing is broken"
        return [
            Finding(
                Cause.PAIRING_DEAD,
                Severity.CRITICAL,
                f"{what}, and the bot will not come back by itself",
                "stop the bot and put back its last good backup; without one, pair it again",
                ("restore", "latest", "--replace", *company),
            )
        ]
    if seen.pairing is PairingState.INCOMPLETE:
        return [Finding(Cause.PAIRING_INCOMPLETE, Severity.WARNING, seen.problem or "creds.json is incomplete")]
    if seen.pairing is PairingState.UNPAIRED:
        return [Finding(Cause.UNPAIRED, Severity.NOTE, "creds.json names no account: not paired yet")]
    deeper = of_deeper(seen.deeper)
    if deeper is not None:
        return [deeper]
    if seen.pairing is PairingState.NOTHING:
        return [Finding(Cause.EMPTY, Severity.NOTE, "its folder is empty: there is no creds.json")]
    return []


def of_deeper(folders: Sequence[str]) -> Finding | None:
    """Return what is to be said of a company whose auth files lie in these folders inside it; None for none."""
    if not folders:
        return None
    some = ", ".join(map(repr, folders[:5])) + (" and more" if len(folders) > 5 else "")  # noqa: PLR2004 - a few
    return Finding(
        Cause.DEEPER,
        Severity.WARNING,
        f"its auth files lie one level deeper, in {some}: nothing there is counted, cleaned or backed up",
        "let each folder that holds a creds.json lie under the sessions root itself, as company_<id>",
    )


def of_shared_device(shared: SharedDevice) -> Finding:
    """Return what is to be said of a company whose device another one has as well."""
    return Finding(
        Cause.SAME_DEVICE,
        Severity.WARNING,
        f"the same device ({shared.device}) is also in company {shared.company_id}: two bots on one login end each"
        " other's pairing (device_removed)",
        "stop one of them and move its folder out of the sessions root; where one is only a copy, the setting exclude"
        " passes it over",
    )


def _of_fullness(seen: Observation, levels: Levels) -> list[Finding]:
    level = levels.of(seen.counted)
    if not levels.alarms(seen.counted):
        return []
    severity = Severity.CRITICAL if level is Level.CRITICAL else Severity.WARNING
    head = f"{seen.counted:,} {'file' if seen.counted == 1 else 'files'} counted: level {level}"
    if seen.removable is None:
        return [Finding(Cause.FULL, severity, head, NEXT[level])]
    removable = sum(seen.removable.values())
    if not removable:
        return [Finding(Cause.NOTHING_REMOVABLE, severity, f"{head}; a cleanup can free nothing: {_why(seen)}")]
    left = seen.counted - levels.count(seen.removable, 0)
    sentence = f"{head}; a cleanup would free {removable:,} and leave {left:,}"
    if levels.alarms(left):
        sentence += f", level {levels.of(left)}, because of {_why(seen)}"
    return [Finding(Cause.FULL, severity, sentence, NEXT[level], ("--company", seen.company_id))]


def _why(seen: Observation) -> str:
    """Say which kinds fill the folder: those that no rule takes, and those that are still in use."""
    gone = seen.removable or {}
    left = sorted(((number - gone.get(kind, 0), kind) for kind, number in seen.kinds.items()), reverse=True)
    ruled = [_named(number, kind) for number, kind in left if number and kind in REMOVABLE]
    unruled = [_named(number, kind) for number, kind in left if number and kind not in REMOVABLE]
    parts = [f"kinds that no rule takes ({', '.join(unruled)})"] * bool(unruled)
    parts += [f"files that are still young or needed ({', '.join(ruled)})"] * bool(ruled)
    return " and ".join(parts) or "no file"


def _named(number: int, kind: Kind) -> str:
    one, several = _NAMES[kind]
    if kind is Kind.CREDS:
        return one
    return f"{number:,} {one if number == 1 else several}"
