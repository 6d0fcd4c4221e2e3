"""A company folder, and a real hand that takes files out of it."""

import json
import os
from contextlib import closing

from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.quarantine import Quarantine
from baileys_cleanup.store.remover import Outcome
from baileys_cleanup.store.runs import Run

from ...helpers import NOW, put

RUN = Run("20261122T030000Z-4f1c", NOW, 7)


class Hands:
    """A company folder, and a real hand that takes files out of it."""

    def __init__(self, root, tool, place, run=RUN):
        self.root, self.tool, self.run = root, tool, run
        self.folder = place / "company_7"
        self.folder.mkdir()
        self.kept = place / ".baileys-cleanup" / "quarantine" / run.run_id / "company_7"

    def plan(self, *wanted, second=None, rule=Rule.SESSION_AGE):
        """Look at files and plan their removal by hand."""
        with self.root.company("7") as company:
            files = [file for file in company.names().files if file.name in wanted]
            return [Verdict(file, True, rule, "", second) for file in company.look(files, files).files]

    def plan_with_copy(self, name):
        """Write an old file and its copy, and plan both as the planner does: the copy first."""
        put(self.folder, name, b"{}", age=20)
        copy = put(self.folder, f"{name}.bak", b"older", age=21).name
        return self.plan(copy, rule=Rule.SECOND_NAME) + self.plan(name, second=copy)

    def remove(self, verdicts, between=lambda: None, stopping=lambda: False, pairing=None):
        """Carry a plan out; `between` happens before the last look. Gives what became of each."""
        with (
            open_audit(self.tool, lambda: NOW) as audit,
            closing(Quarantine(self.tool, self.run, audit)) as remover,
            self.root.company("7") as company,
            remover.company(company, pairing) as hand,
        ):
            told = {removal.verdict.file.name: removal for removal in hand.remove(verdicts, stopping)}
            between()
            self.revisions = hand.confirm()
            self.problems = {removal.problem for removal in told.values()}
            names = [verdict.file.name for verdict in verdicts]
            return [told[name].outcome if name in told else Outcome.REMOVED for name in names]

    @property
    def audited(self):
        """What the audit log tells: event, file, and why where it says so."""
        log = self.kept.parents[2] / "audit.log"
        lines = map(json.loads, log.read_text().splitlines())
        return [tuple(line[key] for key in ("event", "file", "why") if key in line) for line in lines]

    @property
    def revised(self):
        """The names whose removal did not stand."""
        return [revision.verdict.file.name for revision in self.revisions]


def rewritten_while_moved(monkeypatch, then=lambda: None):
    """Let a writer reach the file between the last look and the rename, and `then` do something more."""
    real = os.rename

    def rename(name, *args, **how):
        fd = os.open(name, os.O_WRONLY | os.O_TRUNC, dir_fd=how["src_dir_fd"])
        os.write(fd, b"newest")
        os.close(fd)
        real(name, *args, **how)
        then()

    monkeypatch.setattr(os, "rename", rename)
