"""What the companies of one run share of its quarantine: folder, record, the trial of the way back, and the logs."""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from json.encoder import encode_basestring_ascii as quoted

from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import CompanyProblem, LockHeld
from baileys_cleanup.store.folder.audit import Audit
from baileys_cleanup.store.folder.company import OPEN_FOLDER, Company
from baileys_cleanup.store.folder.pairings import add_pairing, open_pairings
from baileys_cleanup.store.folder.purge import forget_record, tidy
from baileys_cleanup.store.folder.put_back import remove_if_empty, try_way_back
from baileys_cleanup.store.folder.runs import write_run
from baileys_cleanup.store.folder.tool_folder import ToolFolder, make_folder
from baileys_cleanup.store.runs import ENDED, RUNNING, Run


class RunQuarantine:
    """The quarantine of one run: its folder and record, made with the first removal, and its lines in the logs.

    `settled` tells whether everything that was moved stands as it was told. `hold_records` keeps others from the
    records of runs for a moment: where shards are beside this one, one that begins must not take a folder that has no
    record yet for a leftover.
    """

    def __init__(
        self,
        tool: ToolFolder,
        run: Run,
        audit: Audit,
        hold_records: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._tool = tool
        self._hold_records = hold_records
        self._run = run
        self._audit = audit
        self._fd: int | None = None
        self._pairings: int | None = None
        self._by_link = False
        self.settled = True
        self.later = None

    def close(self) -> None:
        """End the run: forget what stayed empty, and mark the rest as ended."""
        if self._fd is None:
            return
        if self._pairings is not None:
            os.close(self._pairings)
        os.close(self._fd)
        self._fd = None
        # A record that cannot be written stays as it was, and the next run settles this one.
        with suppress(OSError, LockHeld), self._hold_records():
            if remove_if_empty(self._tool.quarantine, self._run.run_id):
                forget_record(self._tool, self._run.run_id)
            elif self.settled:
                write_run(self._tool, self._run._replace(state=ENDED))

    @property
    def tool(self) -> ToolFolder:
        """The tool's own folder."""
        return self._tool

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._run.run_id

    @property
    def deletes(self) -> bool:
        """Tell whether files are deleted after the last look (`--undo-days 0`)."""
        return self._run.undo_days == 0

    def leave_unsettled(self) -> None:
        """Leave it to the next run to put back what could not be put back now; nothing is purged before that."""
        self.settled = False

    def folder(self) -> int:
        """Return the run's quarantine folder; the first call makes it and tries whether files can return."""
        if self._fd is None:
            try:
                with self._hold_records():
                    self._fd = self._make_folder()
            except LockHeld as held:
                raise CompanyProblem(str(held)) from None
        return self._fd

    def _make_folder(self) -> int:
        write_run(self._tool, self._run._replace(state=RUNNING))
        make_folder(self._tool.quarantine, self._run.run_id)
        fd = os.open(self._run.run_id, OPEN_FOLDER, dir_fd=self._tool.quarantine)
        try:
            self._by_link = try_way_back(self._tool.fd)
        except BaseException:
            os.close(fd)
            tidy(self._tool, self._run)
            raise
        return fd

    def begin(self) -> None:
        """Make the run's folder and record, before processes are forked that remove side by side."""
        self.folder()

    def may_return(self, owner: int) -> bool:
        """Tell whether a file of this owner (a uid) could be put back by the user who runs this.

        The kernel lets only the owner make a hard link (`fs.protected_hardlinks`); a rename asks for nothing.
        """
        return not self._by_link or os.geteuid() in {0, owner}

    def note(self, event: str, company: Company, verdicts: Iterable[Verdict], why: str | None = None) -> None:
        """Write the audit lines of files of one company, all before anything follows.

        Raises OSError when they are not whole.
        """
        more = "" if why is None else f', "why": {quoted(why)}'
        self._audit.write_lines(
            event,
            {"run": self._run.run_id, "company": company.id},
            (
                f'"file": {quoted(file.name)}, "rule": "{rule}", "size": {file.size}, "modified": {file.modified}{more}'
                for file, _, rule, _, _ in verdicts
            ),
        )

    def note_pairing(self, company_id: str, pairing: str | None) -> None:
        """Note which pairing the files of a company have, before any of them is moved."""
        if pairing is not None:
            if self._pairings is None:
                self._pairings = open_pairings(self._tool, self._run.run_id)
            add_pairing(self._pairings, company_id, pairing)

    def where(self, company: Company) -> str:
        """Return where this run keeps what it took from a company, for people."""
        return f"{self._tool.path}/quarantine/{self._run.run_id}/{company.folder_name}"
