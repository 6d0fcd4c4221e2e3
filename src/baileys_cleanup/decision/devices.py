"""Which device each company has: two folders of one device are the likeliest cause of `device_removed`. Pure."""

from typing import NamedTuple

from baileys_cleanup.decision.pairing import Pairing


class SharedDevice(NamedTuple):
    """A device (`number:device`) that another company has as well."""

    device: str
    company_id: str


class Devices:
    """The devices of companies, as they come: the first company of a device is not told of the others."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, int], str] = {}

    def shared(self, company_id: str, pairing: Pairing | None) -> SharedDevice | None:
        """Return the device of a company where it was met in another one before, None for any other."""
        if pairing is None:
            return None
        first = self._first.setdefault(pairing[:2], company_id)
        return None if first == company_id else SharedDevice(f"{pairing.user}:{pairing.device}", first)
