"""A database with the keys of all companies: what every part of the store asks of it."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from psycopg import sql

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql import schema
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.dates import Dates, dates_of
from baileys_cleanup.store.postgresql.layouts import Layout
from baileys_cleanup.store.postgresql.lease import Leases
from baileys_cleanup.store.postgresql.statements import statements
from baileys_cleanup.store.postgresql.trouble import as_company_problem, as_usage_problem
from baileys_cleanup.store.store import PassedOver, Space

_EXCLUDED = "the setting exclude says that it is no company"
_NO_NAME = "a company id is not empty and has no slash in it"


class Database:
    """A database, connected, its layout known."""

    was_link = False

    def __init__(self, place: Place, connection: Connection, layout: Layout, exclude: Sequence[str]) -> None:
        self.path = self.asked = place.shown
        self.place = place
        self.connection = connection
        self.layout = layout
        self.statements = statements(layout)
        self.leases = Leases(connection)
        self._exclude = exclude
        self._raw: dict[str, str] = {}
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            self.server = connection.state()
            self.has_schema = schema.exists(connection)

    @cached_property
    def dates(self) -> Dates:
        """How the rows are dated."""
        return dates_of(self.layout, self.server, has_schema=self.has_schema)

    def remarks(self) -> list[str]:
        """Return what people have to know of the dates here."""
        return self.dates.in_words()

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all companies, sorted; there are no links here."""
        return sorted(each for each in self._all() if not self._why_none(each)), []

    def _all(self) -> dict[str, str]:
        """Return the ids as people call them, each with what the database has; `company_` before it is left out."""
        union: sql.Composable = sql.SQL("")
        if self.layout.creds is not None:
            union = sql.SQL(" union select {}::text from {}").format(
                sql.Identifier(self.layout.creds_company), self.layout.creds.identifier
            )
        question = sql.SQL("select distinct {} from {} r{}").format(
            self.statements.company, self.layout.keys.identifier, union
        )
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            raw = [row[0] for row in self.connection.rows(question) if row[0] is not None]
        there = set(raw)
        self._raw = {}
        for each in raw:
            bare = each.removeprefix(COMPANY_PREFIX)
            self._raw[each if bare != each and (bare in there or not bare) else bare] = each
        return self._raw

    def raw_id(self, company_id: str) -> str:
        """Return an id as the database has it."""
        return self._raw.get(company_id, company_id)

    def _why_none(self, company_id: str) -> str | None:
        if company_id in {"", ".", ".."} or "/" in company_id:
            return _NO_NAME
        return _EXCLUDED if any(fnmatchcase(company_id, pattern) for pattern in self._exclude) else None

    def passed_over(self) -> list[PassedOver]:
        """Return the ids that are not taken for companies."""
        reasons = ((each, self._why_none(each)) for each in sorted(self._raw or self._all()))
        return [PassedOver(each, why, keys=why == _NO_NAME) for each, why in reasons if why]

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""
        return company_id in self._all()

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one that is not there."""
        asked = list(wanted)
        there = self._all() if asked else {}
        ids: list[str] = []
        for text in asked:
            company_id = text if text in there else text.removeprefix(COMPANY_PREFIX)
            why = self._why_none(company_id)
            if why is not None:
                raise UsageProblem(f"--company {shown(text)!r}: {why}")
            if company_id not in there:
                near = f"; it has {count(len(there), 'company', 'companies')}: {few(sorted(there))}" if there else ""
                raise UsageProblem(f"--company {shown(company_id)}: there is no such company in {self.path}{near}")
            if company_id not in ids:
                ids.append(company_id)
        return ids

    def place_of(self, company_id: str) -> str:
        """Return where a company lies, for commands of the operator's."""
        return f"{self.path}#{shown(company_id)}"

    def has_room(self, files: Iterable[AuthFile]) -> bool:  # noqa: ARG002 - the server tells when it has none
        """Tell that there is room: what the server has left nobody can ask it."""
        return True

    def may_write(self) -> bool:
        """Tell whether this role may write where the companies lie."""
        return self.why_it_cannot_write() is None

    def why_it_cannot_write(self) -> str | None:
        """Return what would keep this role from removing, where that shows without trying."""
        return self._obstacle

    @cached_property
    def _obstacle(self) -> str | None:
        if self.server.replica:
            return "the server is a replica, and takes no writes"
        question = sql.SQL(
            "select coalesce(string_agg(p, ', '), '') from unnest(array['SELECT', 'UPDATE', 'DELETE', 'INSERT']) p"
            " where not has_table_privilege(%s::regclass, p)"
        )
        name = self.layout.keys.identifier.as_string()
        with as_company_problem():
            missing = self.connection.rows(question, [name])[0][0]
        if missing:
            return f"the role {shown(self.server.role)} lacks the right to {missing} on the table {name}"
        may_make = sql.SQL("select has_database_privilege(current_database(), 'CREATE')")
        if not self.has_schema:
            with as_company_problem():
                if not self.connection.rows(may_make)[0][0]:
                    return (
                        f"the role {shown(self.server.role)} may not make the schema {schema.SCHEMA}: GRANT CREATE ON"
                        " DATABASE, or let `baileys-cleanup migrate --prepare` make it"
                    )
        return None

    def contains(self, path: str) -> bool:  # noqa: ARG002 - the same shape
        """Tell that no path lies in a database."""
        return False

    def space(self) -> Space | None:
        """Return nothing: what is left on the server's disk it does not tell."""
        return None

    def meet(self) -> None:
        """Get to know the companies where nobody has listed them yet. Raises UsageProblem."""
        if not self._raw:
            self._all()

    def make_schema(self) -> None:
        """Make the tool's own schema where it is missing. Raises UsageProblem where this role may not."""
        schema.prepare(self.connection)
        if not self.has_schema:
            self.has_schema = True
            self.__dict__.pop("dates", None)
