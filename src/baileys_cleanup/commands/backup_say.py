"""What `backup` says, line by line: as text, as JSON, and to the log."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import click

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.output.document import print_json
from baileys_cleanup.output.log import Log, service_manager_reads
from baileys_cleanup.output.text import shown


class Say:
    """How a command speaks: in text or JSON on stdout; trouble in the log, or as plain lines where stdout lacks it."""

    def __init__(self, write: Callable[[str], object], *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._write = write
        on_terminal = sys.stderr.isatty() and not sys.stdout.isatty()
        self._logged = on_terminal or service_manager_reads()
        self._mailed = (quiet or as_json) and not self._logged
        self._log = Log("console" if sys.stderr.isatty() else "json", "warning")

    def line(self, text: str) -> None:
        """Write a line for people."""
        if not (self._quiet or self.as_json):
            self._write(text + "\n")

    def document(self, fields: dict[str, Any]) -> None:
        """Write the one JSON document."""
        if self.as_json:
            print_json(self._write, fields)

    def failed(self, company_id: str | None, error: str) -> None:
        """Tell of what went wrong, with one company or (None) with all of them."""
        if self._logged:
            self._log.error("backup_failed", **of_company(company_id), error=shown(error))
        elif self._mailed:
            _for_people("error", company_id, error)

    def untold(self, error: str) -> None:
        """Tell that the alert services could not be told."""
        if self._logged:
            self._log.error("alert_failed", error=shown(error))
        else:
            _for_people("error", None, error)

    def warned(self, company_id: str | None, warning: str) -> None:
        """Tell of what somebody should look at, in one company or (None) in all of them."""
        if self._logged:
            self._log.warning("backup_warning", **of_company(company_id), warning=shown(warning))
        elif self._mailed:
            _for_people("warning", company_id, warning)


def _for_people(word: str, company_id: str | None, text: str) -> None:
    """Write a line of a mail: a person wants everything once, and no JSON."""
    company = "" if company_id is None else f"company {shown(company_id)}: "
    with suppress(OSError):
        click.echo(f"baileys-cleanup: {word}: {company}{shown(text)}", err=True)


def of_company(company_id: str | None) -> dict[str, str]:
    """Return the field of the log that names a company, none for what concerns all."""
    return {} if company_id is None else {"company_id": shown(company_id)}


def ids_of(wanted: Sequence[str]) -> set[str]:
    """Return the wanted ids; the companies themselves may be gone."""
    return {text.removeprefix(COMPANY_PREFIX) for text in wanted}
