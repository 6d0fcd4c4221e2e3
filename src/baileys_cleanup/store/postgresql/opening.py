"""Opens a store in PostgreSQL, where the driver is installed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.store.place import Place

if TYPE_CHECKING:
    from baileys_cleanup.store.postgresql.store import PostgresqlStore


def need_driver() -> None:
    """Raise UsageProblem with the way to install it where the driver is missing."""
    try:
        import psycopg  # noqa: F401, PLC0415 - only where a database is asked for
    except ImportError:
        raise UsageProblem(f"a store in PostgreSQL needs psycopg: {to_install('postgresql')}") from None


@contextmanager
def open_store(place: Place, exclude: Sequence[str] = ()) -> Iterator["PostgresqlStore"]:
    """Open a database by its URL. Raises UsageProblem where it cannot be used, or holds no such layout."""
    need_driver()
    from baileys_cleanup.store.postgresql.connection import connected  # noqa: PLC0415 - these need the driver
    from baileys_cleanup.store.postgresql.layouts import find_layout  # noqa: PLC0415
    from baileys_cleanup.store.postgresql.store import PostgresqlStore  # noqa: PLC0415

    with connected(place) as connection:
        yield PostgresqlStore(place, connection, find_layout(connection, place.postgresql), exclude)
