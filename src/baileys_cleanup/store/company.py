"""One company of a store: its names, its dates, and who it belongs to."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import Young
from baileys_cleanup.decision.names import Kind, kind_of
from baileys_cleanup.decision.verdict import AuthFile


class Listing(NamedTuple):
    """The names in a company: those of its auth files, and what else lies there, with what is odd about it."""

    names: list[str]
    strangers: list[str]
    oddity: str = "no regular file"

    @property
    def files(self) -> list[AuthFile]:
        """The auth files, not looked at yet; they are made when somebody asks."""
        return [AuthFile(name, kind_of(name)) for name in self.names]


class Look(NamedTuple):
    """The auth files as the planner wants them, and those that vanished or could not be read meanwhile.

    `errors` says by name why a file could not be dated; such a file is among `files`, without a date. `young` are the
    dates (nanoseconds since the epoch) of those that were passed over.
    """

    files: list[AuthFile]
    vanished: list[AuthFile]
    errors: dict[str, str]
    young: Sequence[int] = ()


class Company(Protocol):
    """One company, held open. `id` is as it is written, without `company_`."""

    id: str

    def names(self) -> Listing:
        """List the auth files; what is no regular file is a stranger: named, never counted."""

    def deeper(self, strangers: Iterable[str]) -> list[str]:
        """Return those of the strangers that hold a `creds.json` of their own."""

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:
        """Date the `wanted` ones among `files`; the others are passed on as they are."""

    def look_beyond(self, kind: Kind, names: Iterable[str], young: Young | None) -> Look:
        """Date files of one kind, and pass over those that are `young` and have no second link.

        Nothing is made for a file that is passed over: most files of most companies are young.
        """

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who the company is; a copy of `creds.json` that does not parse is read once more after `wait`."""

    def written_since(self, moment: int) -> bool:
        """Tell whether anything here was certainly written after a moment, in nanoseconds since the epoch."""

    def lid_of(self, mapping: str) -> str | None:
        """Return the LID user that a `lid-mapping-<number>.json` names, None where it names none. It is no key."""

    def require_mount(self) -> None:
        """Raise CompanyProblem where nothing can be moved out of this company, nor back."""

    def doubt(self) -> str | None:
        """Return why nothing could be removed here, where that shows without trying."""
