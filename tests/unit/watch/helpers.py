"""Companies to look at, services that do as told, and what a look says."""

from zlib import crc32

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.judgement import Observation, PairingState, judge
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Space
from baileys_cleanup.watch.look import look
from baileys_cleanup.watch.remember.run_history import Ended, History
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.result import Depth
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import Detail, Removable, View

from ..helpers import LID, NOW, OTHER, PN, creds, put

MINUTE = 60 * 10**9
WORLD = World(NOW, lambda: NOW, lambda: None, lambda: False, lambda: 0.0)
SESSION = f"session-{OTHER}.0.json"


def view(counted, company_id="7", detail=None, *, removable=1, **more):
    """Give a company as seen; of its files, which are sessions, that many could be removed, and the rest is mapped."""
    kinds = {Kind.SESSION: removable, Kind.LID_MAPPING: counted - removable}
    usual = {"kinds": kinds, "counted": counted, "pairing": PairingState.PAIRED, "removable": {Kind.SESSION: removable}}
    seen = Observation(company_id, **(usual | more))
    return View(company_id, counted, Levels().of(counted), detail, seen.pairing, judge(seen, Levels(), 30))


def detail(**more):
    """Give the detail of a healthy company."""
    usual = {"kinds": {Kind.CREDS: 1}, "removable": Removable(0, 0), "size": 10, "oldest": None}
    return Detail(**(usual | more))


def facts(*seen, history=None, space=None, **more):
    """Give the facts of one look."""
    return Facts(NOW, "/root", seen, history or History(), Removable(3, 30), space or Space(1000, 20, 100), **more)


def ended(**more):
    """Give a run that ended well."""
    usual = {"run_id": "20261122T030000Z-4f1c", "started": NOW, "ended": NOW + 10**9, "seconds": 1.0, "status": "done"}
    usual |= {"companies": 2, "failures": 0, "removed": {"session": 3}, "size": 30, "emergency": False}
    return Ended(**(usual | more))


def company(place, company_id, kept, *, old=0, pre_keys=0, made=0):
    """Make a company of that many files that stay, old sessions that go, and pre-keys; creds.json is one that stays.

    `made` is how many pre-keys there ever were, where that is more: the last ones are there.
    """
    made = max(made, pre_keys)
    folder = place / f"company_{company_id}"
    device = 7 if company_id == "7" else 10 + crc32(company_id.encode()) % 90_000
    me = {"id": f"{PN}:{device}@s.whatsapp.net", "lid": f"{LID}:{device}@lid"}
    put(folder, "creds.json", creds(made + 1, me=me))
    for number in range(kept - 1):
        (folder / f"device-list-{number}.json").touch()
    for number in range(old):
        put(folder, f"session-1556{number:07}.0.json", b"12345", age=20)
    for number in range(made - pre_keys + 1, made + 1):
        put(folder, f"pre-key-{number}.json", age=30)
    return folder


class Postbox:
    """A service that takes messages, or does not."""

    def __init__(self, fingerprint="one", problem=None):
        self.fingerprint = fingerprint
        self.problem = problem
        self.heard = []
        self.asked = 0

    def deliver(self, kind, title, body, stopping, picture=None):
        """Take a message, unless told otherwise."""
        self.asked += 1
        if self.problem is None:
            self.heard.append((title, body))
        return self.problem

    @property
    def titles(self):
        """What was heard, in short."""
        return [title.removeprefix("Baileys company ") for title, _ in self.heard]


def looked(settings, *services, after=0, wanted=(), shard=None, depth=Depth.LEVELS, world=WORLD, **hands):
    """Look once, some nanoseconds after NOW."""
    moment = NOW + after
    world = world._replace(now=moment, clock=lambda: moment)
    return look(settings, Selection(wanted, None, shard), world, Response(services, "host", **hands), depth)
