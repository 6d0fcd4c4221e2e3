"""Makes the archive of one company, and lets go of those that no rule keeps. Companies are islands."""

from collections import defaultdict
from typing import BinaryIO

from baileys_cleanup import __version__
from baileys_cleanup.backups.archive import check_archive, write_archive
from baileys_cleanup.backups.encryption import Sealing, is_sealed
from baileys_cleanup.backups.made import SEALED, BackedUp, Status
from baileys_cleanup.backups.manifest import Manifest, content_hash
from baileys_cleanup.backups.naming import Named, archive_name, read_archive_name, require_short
from baileys_cleanup.backups.places.place import Place, Stored, fingerprint, fingerprint_of
from baileys_cleanup.backups.record import BackupRecord, BackupRecords
from baileys_cleanup.backups.retention import Candidate, decide
from baileys_cleanup.decision.devices import Devices
from baileys_cleanup.decision.judgement import of_deeper, of_shared_device
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import ArchiveProblem, CompanyProblem, StoreProblem
from baileys_cleanup.output.judgement import in_words
from baileys_cleanup.output.text import argument, few
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.settings.values import Backup
from baileys_cleanup.store.snapshots import Clock, Snapshot, SnapshotReader, in_reasons, open_spool

_ENOUGH = 3
"""Failures of the place in a row after which it is not asked again: each may have taken a minute."""


class BackupMaker:
    """Makes archives in one place. What lies there is listed once, when the first company is backed up.

    With `few` companies each is listed by itself, which is one request where each has a prefix of its own. `again` are
    the options that lead a later command to the same sessions root and place.
    """

    def __init__(
        self,
        companies: SnapshotReader,
        place: Place,
        policy: Backup,
        records: BackupRecords,
        clock: Clock,
        *,
        again: str = "",
        few: bool = False,
    ) -> None:
        self._few = few
        self._companies = companies
        self._place = place
        self._policy = policy
        self._book = records
        self._clock = clock
        self._again = again
        self._sealing = Sealing(policy.recipients) if policy.recipients else None
        self._archives: dict[str, dict[str, Stored]] | None = None
        self._troubles: list[str] = []
        self._devices = Devices()

    def back_up(self, company_id: str) -> BackedUp:
        """Make the archive of one company; whatever goes wrong is in the outcome, and no archive is made then."""
        outcome = BackedUp(company_id)
        known = self._book.read(company_id)
        facts = known
        try:
            facts = self._make(outcome, known)
        except StoreProblem as problem:
            self._troubles.append(str(problem))
            outcome.errors.append(str(problem))
        except CompanyProblem as problem:
            outcome.errors.append(str(problem))
        except ArchiveProblem as problem:
            outcome.errors.append(f"the archive was made, read back, and not kept: {problem}")
        except OSError as error:
            outcome.errors.append(f"it cannot be backed up: {error.strerror or error}")
        if outcome.status is Status.FAILED:
            facts = known._replace(tried=self._clock.now, failures=known.failures + 1, failing=known.failing + 1)
        self._note(outcome, facts)
        if outcome.status is Status.BACKED_UP:
            self._tidy(outcome, facts)
        return outcome

    def _make(self, outcome: BackedUp, known: BackupRecord) -> BackupRecord:
        company_id = outcome.company_id
        if len(self._troubles) >= _ENOUGH:
            raise CompanyProblem(f"not tried any more: {self._troubles[-1]}")
        require_short(company_id)
        self._listed(company_id)
        with open_spool() as contents:
            shot = self._companies.take(company_id, contents, self._clock, own_only=True)
            _tell_of_lacking(outcome, shot)
            if not shot.files and not shot.doubles:
                deeper = of_deeper(shot.deeper)
                if deeper is not None:
                    raise CompanyProblem(in_words(deeper))
                if self._listed(company_id):
                    raise CompanyProblem(
                        f"its folder is empty, and there are archives of it: {self._way_back(company_id)}"
                    )
                outcome.status = Status.SKIPPED
                outcome.notes.append("its folder is empty: there is nothing to back up")
                return known
            account = shot.account
            if account is None:
                way_back = f"; {self._way_back(company_id)}" if self._listed(company_id) else ""
                raise CompanyProblem(
                    f"creds.json {shot.creds_problem}: a copy without the pairing is no good copy, so none was made"
                    f"{way_back}"
                )
            shared = self._devices.shared(company_id, account.pairing)
            if shared is not None:
                outcome.warnings.append(in_words(of_shared_device(shared)))
            if shot.broken:
                outcome.warnings.append(f"empty or no JSON, and in the archive as they lie there: {few(shot.broken)}")
            named = self._free_name(company_id)
            manifest = Manifest(
                company_id,
                timestamp(named.made),
                f"baileys-cleanup {__version__}",
                bool(account.devices),
                [source.entry for source in shot.files.values()],
                account.pairing,
            )
            return self._keep_archive(outcome, known, named, manifest, shot)

    def _unchanged(self, known: BackupRecord, content: str) -> Stored | None:
        """Return the last archive, where it has this very content and lies there as it was found good.

        Only where the place has a word of its own for what lies there: else the archive would have to be read.
        """
        stored = self._listed(known.company_id).get(known.latest)
        if stored is None or not stored.version or known.content != content:
            return None
        return stored if known.good.get(stored.name, ("", False))[0] == stored.version else None

    def _free_name(self, company_id: str) -> Named:
        made = self._clock.now // SECOND * SECOND
        while self._name(Named(company_id, made)) in self._listed(company_id):
            made += SECOND
        return Named(company_id, made)

    def _name(self, named: Named) -> str:
        return archive_name(*named, sealed=self._sealing is not None)

    def _keep_archive(
        self, outcome: BackedUp, known: BackupRecord, named: Named, manifest: Manifest, shot: Snapshot
    ) -> BackupRecord:
        """Write an archive, read it back as a restore would, and only then let it take its name.

        What did not change is not sent again.
        """
        content = content_hash(manifest.files, manifest.pairing, self._policy.recipients)
        unchanged = self._unchanged(known, content)
        if unchanged is not None:
            outcome.status = Status.UNCHANGED
            outcome.archive = unchanged.name
            outcome.notes.append(f"unchanged since {unchanged.name}, so nothing was sent")
            return known._replace(tried=self._clock.now, succeeded=self._clock.now, failing=0)
        name = self._name(named)
        with self._place.draft() as draft:
            self._write(draft.file, manifest, shot)
            stored = draft.publish(name)
            mark = stored.version or fingerprint_of(draft.file)
        self._listed(named.company_id)[name] = stored
        self._troubles.clear()
        outcome.status = Status.BACKED_UP
        outcome.archive = name
        outcome.files = len(manifest.files)
        outcome.bytes = manifest.size
        outcome.archive_bytes = stored.size
        return known._replace(
            tried=self._clock.now,
            succeeded=self._clock.now,
            bytes=stored.size,
            files=outcome.files,
            failing=0,
            latest=name,
            content=content,
            good={**known.good, name: (mark, manifest.paired)},
        )

    def _write(self, file: BinaryIO, manifest: Manifest, shot: Snapshot) -> None:
        if self._sealing is None:
            write_archive(file, manifest, shot)
            file.flush()
            check_archive(file)
            return
        with open_spool() as plain:
            write_archive(plain, manifest, shot)
            self._sealing.seal(plain, file)
        with self._sealing.read_back(file) as plain:
            check_archive(plain)

    def _listed(self, company_id: str) -> dict[str, Stored]:
        if self._archives is None:
            self._archives = defaultdict(dict)
        if self._few and company_id not in self._archives:
            self._archives[company_id] = {stored.name: stored for stored in self._place.list(company_id)}
        elif not self._few and not self._archives:
            self._archives[company_id] = {}
            for stored in self._place.list():
                named = read_archive_name(stored.name)
                if named:
                    self._archives[named.company_id][stored.name] = stored
        return self._archives[company_id]

    # --- older archives -----------------------------------------------------------------------------------

    def _tidy(self, outcome: BackedUp, facts: BackupRecord) -> None:
        """Let go of what no rule keeps. Nothing is deleted before every archive of the company was judged."""
        good = dict(facts.good)
        try:
            archives = [self._judge(stored, outcome, good) for stored in self._listed(outcome.company_id).values()]
        except StoreProblem as problem:
            outcome.errors.append(f"older archives cannot be judged, so none was deleted: {problem}")
            return
        outcome.decisions = decide(archives, self._policy, self._clock.now)
        self._tell_of(outcome, archives)
        staying = {decision.archive.name for decision in outcome.decisions if decision.keep}
        self._note(outcome, facts._replace(good={name: mark for name, mark in good.items() if name in staying}))
        for decision in outcome.decisions:
            if not decision.keep:
                try:
                    self._place.delete(decision.archive.name)
                except StoreProblem as problem:
                    outcome.errors.append(f"an older archive cannot be deleted: {problem}")

    def _judge(self, stored: Stored, outcome: BackedUp, good: dict[str, tuple[str, bool]]) -> Candidate:
        """Look at one archive. One that was found good once is good while it has the same fingerprint."""
        named = read_archive_name(stored.name)
        assert named is not None, "only such names are listed"
        mark, paired = good.get(stored.name, ("", False))
        problem = None
        new = stored.name == outcome.archive
        if not new and mark != fingerprint(self._place, stored):
            good.pop(stored.name, None)
            try:
                with self._place.fetch(stored.name) as file:
                    if is_sealed(file):
                        return Candidate(stored.name, named.made, stored.size, False, SEALED)
                    paired = bool(check_archive(file).account.devices)
                    good[stored.name] = (stored.version or fingerprint_of(file), paired)
            except ArchiveProblem as trouble:
                problem = str(trouble)
            except OSError as error:
                problem = f"it cannot be read: {error.strerror or error}"
        return Candidate(stored.name, named.made, stored.size, paired, problem, new)

    def _note(self, outcome: BackedUp, facts: BackupRecord) -> None:
        try:
            self._book.write(facts)
        except OSError as error:
            outcome.errors.append(f"what is known of its backups cannot be written down: {error.strerror or error}")

    # --- what is said of it -------------------------------------------------------------------------------

    def _tell_of(self, outcome: BackedUp, archives: list[Candidate]) -> None:
        sealed = [archive.name for archive in archives if archive.problem == SEALED]
        if sealed:
            outcome.notes.append(
                f"encrypted archives of which no record is here, kept and not counted: {few(sealed)}; `baileys-cleanup"
                " backup --verify --identity FILE` records what is good"
            )
        bad = [archive.name for archive in archives if archive.problem not in {None, SEALED}]
        if bad:
            outcome.errors.append(
                f"bad archives, not counted and left where they are: {few(bad)}; `baileys-cleanup backup --verify` says"
                " what is wrong; delete them by hand"
            )
        if any(archive.new and not archive.paired for archive in archives):
            if any(archive.paired for archive in archives):
                outcome.errors.append(
                    "creds.json names no account, and an earlier archive does: did Baileys begin anew? The earlier ones"
                    f" are kept; {self._way_back(outcome.company_id)}"
                )
            else:
                outcome.notes.append("creds.json names no account: not paired yet")

    def _way_back(self, company_id: str) -> str:
        command = f"baileys-cleanup restore latest --replace --company {argument(company_id)}{self._again}"
        return f"`{command}` brings back the last good archive"


def _tell_of_lacking(outcome: BackedUp, shot: Snapshot) -> None:
    """Note what a company has and its archive does not."""
    if shot.strangers:
        outcome.warnings.append(f"no regular files, so not in the archive: {few(shot.strangers, 50)}")
    if shot.doubles:
        outcome.errors.append(
            "two keys of one name, and nobody can tell which of them the bot reads, so neither is in the"
            f" archive: {few(shot.doubles, 50)}"
        )
    if shot.left:
        outcome.warnings.append(f"not the bot's own, so not in the archive: {in_reasons(shot.left)}")
