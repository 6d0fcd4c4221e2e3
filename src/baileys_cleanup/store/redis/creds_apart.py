"""Creds that lie in a PostgreSQL while the keys lie in Redis, as Evolution API keeps them by default.

A table with the columns "sessionId" and creds (`Session` of its Prisma schema, 2.3.6): creds are JSON, there in a JSON
string once more. It is only read.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql.connection import Connection, connected
from baileys_cleanup.store.postgresql.database import is_text
from baileys_cleanup.store.postgresql.opening import need_driver
from baileys_cleanup.store.postgresql.trouble import as_company_problem, as_usage_problem

_READ = sql.SQL('select creds::text from "Session" where "sessionId"::text = %s limit 2')


class CredsApart:
    """Reads creds by a company's id. `shown` says where, for people."""

    def __init__(self, place: Place, connection: Connection) -> None:
        self.shown = place.shown
        self._connection = connection

    def read(self, company_id: str) -> bytes | None:
        """Return the creds of a company, None where there is no row. Raises CompanyProblem."""
        if not is_text(company_id):
            return None
        with as_company_problem():
            rows = self._connection.rows(_READ, [company_id])
        if len(rows) != 1 or rows[0][0] is None:
            return None
        return unwrapped(str(rows[0][0])).encode("utf-8", "surrogatepass")


def unwrapped(text: str) -> str:
    """Return JSON without the strings around it; what does not parse stays, and whoever reads creds says so."""
    for _ in range(2):
        try:
            said = json.loads(text)
        except ValueError:
            return text
        if not isinstance(said, str):
            return text
        text = said
    return text


@contextmanager
def creds_apart(url: str) -> Iterator[CredsApart]:
    """Connect to where creds lie. Raises UsageProblem where they cannot be read."""
    need_driver()
    place = Place(url)
    with connected(place) as connection:
        with as_usage_problem(f"redis.creds: the creds in {place.shown} cannot be read"):
            connection.rows(_READ, [""])
        yield CredsApart(place, connection)
