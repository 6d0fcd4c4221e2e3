"""Undo: brings back what a run removed, and never over anything newer.

Putting an old session over a newer one reuses message keys, and the peer can no longer read
(`src/Signal/libsignal.ts`; the same in 6.7.24 and 7.0.0-rc14). So whatever exists by now stays, an own sender key
and its group's memory come back together or not at all, and a phone number's session stays away where its LID mapping
or the LID's session was written since. Nothing comes back into the folder of another pairing, or of a bot that runs.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

from baileys_cleanup.cleaning.at_rest import why_company_not_at_rest
from baileys_cleanup.cleaning.restored import Restored
from baileys_cleanup.cleaning.staying import NEWER, Taken, staying
from baileys_cleanup.cleaning.whose_keys import last_noted, why_in_doubt, why_other
from baileys_cleanup.cleaning.world import Holds, World
from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import Kind, kind_of, read_sender_key_memory
from baileys_cleanup.decision.outcome import Problem
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.decision.pairs import binds, group_pairs
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import CompanyProblem, CompanyUnreachable, Refused, ServerGone, UsageProblem, in_words
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.place import is_folder
from baileys_cleanup.store.returning import Returning, Vanished
from baileys_cleanup.store.runs import SETTLED, Run
from baileys_cleanup.store.store import Store, Workspace


class UndoTerms(NamedTuple):
    """On what terms something is taken back. With `anyway` no doubt holds it up: the operator knows better.

    `shard` is the part of the companies that it is done for, with others beside it; None for all.
    """

    world: World
    holds: Holds
    anyway: bool = False
    shard: Shard | None = None


def refuse_at_work(company: Company, account: Account, terms: UndoTerms) -> None:
    """Raise Refused where the company's bot seems to run, and nobody said to go on anyway."""
    at_work = None if terms.anyway else why_company_not_at_rest(company, account, terms.world.now)
    if at_work is not None:
        raise Refused(str(at_work))


def _refuse_held(run: Run, company_id: str, holds: Holds) -> None:
    """Raise CompanyProblem where the folder is being rotated, or was paired anew since: its old keys are worthless."""
    if company_id in holds.open:
        raise CompanyProblem(holds.open[company_id])
    anew = holds.paired_anew(company_id, run.started)
    if anew is not None:
        raise CompanyProblem(f"the folder was paired anew since, by {anew}")


def _refuse_other_pairing(workspace: Workspace, run: Run, company: Company, account: Account, *, anyway: bool) -> None:
    """Raise Refused where the folder has another pairing by now, or nobody can tell and nobody said to go on anyway."""
    taken = Pairing.read(workspace.pairing_of(run.run_id, company.id))
    why = why_other(taken, account, last_noted(workspace, company.id))
    if why is None and not anyway:
        why = why_in_doubt(run, taken, account)
    if why is not None:
        raise Refused(why)


def undo_company(store: Store, workspace: Workspace, run: Run, company_id: str, terms: UndoTerms) -> Restored:
    """Put back what a run took from one company; what has to stay away is named with its reason.

    A server that goes away in the middle is waited for.
    """
    restored, world = Restored(company_id), terms.world
    for left in reversed(range(_TRIES)):
        restored.stayed.clear()
        restored.failed = False
        again = restored.tried
        try:
            _undo_company(store, workspace, run, restored, terms)
            if again or restored.untold:
                _look_for_untold(store, workspace, run, restored)
            break
        except (ServerGone, CompanyUnreachable) as problem:
            if not left or world.stopping():
                restored.cut = in_words(problem)
                break
            world.wait()
        except CompanyProblem as problem:  # it cannot be looked at again
            restored.cut = str(problem)
            break
        except (OSError, UsageProblem) as error:
            said = f"its files cannot be put back: {(isinstance(error, OSError) and error.strerror) or error}"
            restored.failed = True
            if restored.unknown:
                restored.cut = said
            else:
                restored.stayed.append(Problem(None, said))
            break
    # Where a run was cut short in folders, to end it may have brought the last of it back. Shards may meet each other.
    is_settled = run.state == SETTLED or not is_folder(store.path)
    if terms.shard is None and is_settled and not restored.seen and not restored.stayed and restored.cut is None:
        restored.stayed.append(Problem(None, _GONE))
    restored.tell_lost()
    return restored


_GONE = (
    "nothing that was removed lies in the quarantine any more, and this undo has not brought it back; has another one,"
    " or has the server lost what it had?"
)
"""Whoever asks for an undo has seen something there a moment ago."""


def _look_for_untold(store: Store, workspace: Workspace, run: Run, restored: Restored) -> None:
    """Find out what became of each name that was seen: a server may lose what it had between two messages."""
    held = _lying(workspace, run, restored.company_id)
    with store.company(restored.company_id) as company:
        restored.know(held, company.names().names)
    restored.stayed += [Problem(name, "it was not brought back") for name in sorted(restored.untold.intersection(held))]


def _lying(workspace: Workspace, run: Run, company_id: str) -> list[str]:
    """Return what of a company lies in the quarantine, by name."""
    try:
        with workspace.returning(run, company_id) as returning:
            return returning.names()
    except FileNotFoundError:
        return []


class _NothingLies(Exception):
    """Nothing of a company lies in the quarantine."""


@contextmanager
def _returning(workspace: Workspace, run: Run, company_id: str) -> Iterator[Returning]:
    """Open what a run took from one company. Raises _NothingLies where there is nothing any more."""
    with ExitStack() as stack:
        try:
            returning = stack.enter_context(workspace.returning(run, company_id))
        except FileNotFoundError:
            raise _NothingLies from None
        yield returning


def _undo_company(store: Store, workspace: Workspace, run: Run, restored: Restored, terms: UndoTerms) -> None:
    company_id, world = restored.company_id, terms.world
    try:
        _refuse_held(run, company_id, terms.holds)
        with store.company(company_id) as company, _returning(workspace, run, company_id) as returning:
            returning.require_same_place(company)
            account = company.account(world.wait)
            _refuse_other_pairing(workspace, run, company, account, anyway=terms.anyway)
            refuse_at_work(company, account, terms)
            present = frozenset(company.names().names)
            names = returning.names()  # asked last: what a try before this one brings back meanwhile is no newer one
            restored.seen.update(names)
            if restored.tried:
                restored.know(names, company.names().names)
            pairs = group_pairs(names, account)
            later = _later(workspace, run, company_id)
            taken = Taken(names, pairs, run.started, later)
            stay = staying(company, present, account, taken)
            alone = _taken_alone(workspace, run, company_id, pairs)

            def put_back(several: Sequence[str]) -> None:
                restored.unknown.update(several)
                for name, problem in returning.put_back(company, several, world.stopping):
                    if isinstance(problem, ServerGone):
                        raise problem
                    restored.unknown.discard(name)
                    if problem is None:
                        restored.files.append(name)
                    elif not isinstance(problem, Vanished):
                        restored.failed |= not isinstance(problem, FileExistsError)
                        restored.stayed.append(Problem(name, _why_not(problem)))
                restored.stayed += [Problem(name, "stopped before it") for name in several if name in restored.unknown]
                restored.unknown.clear()

            restored.stayed += [Problem(name, stay[name]) for name in names if name in stay]
            coming = [name for name in names if name not in stay]
            # A key before its memory: a key alone is harmless when this is cut short, a memory alone is not.
            put_back([name for name in coming if not _is_memory(name)])
            memories = [name for name in coming if _is_memory(name)]
            lacking = {
                name
                for name in memories
                if name not in alone and _lacks_its_key(name, pairs, present, restored.files, account)
            }
            restored.stayed += [Problem(name, _ALONE) for name in memories if name in lacking]
            put_back([name for name in memories if name not in lacking])
    except (CompanyUnreachable, ServerGone):
        raise
    except (CompanyProblem, Refused) as problem:
        names = _lying(workspace, run, company_id)
        restored.refused = isinstance(problem, Refused) and bool(names)
        restored.seen.update(names)
        restored.unknown.difference_update(names)
        restored.stayed += [Problem(name, str(problem)) for name in names]
    except _NothingLies:
        pass


_TRIES = 8
"""How often a company is begun with, about once a second, where its server goes away."""


def _why_not(problem: OSError) -> str:
    return NEWER if isinstance(problem, FileExistsError) else f"cannot be put back: {problem.strerror}"


_ALONE = "a memory comes back together with its group's own sender key or not at all, and that key is not there"


def _lacks_its_key(
    name: str, pairs: dict[str, list[str]], present: Iterable[str], restored: list[str], account: Account
) -> bool:
    """Tell whether a memory would speak of an own key that is not there: then the whole group could not read."""
    group = read_sender_key_memory(name)
    if group is None or group not in pairs:
        return False
    keys = [key for key in pairs[group] if key != name]
    return not set(keys) <= set(restored) or not any(binds(key, group, account) for key in [*present, *restored])


def _is_memory(name: str) -> bool:
    return kind_of(name) is Kind.SENDER_KEY_MEMORY


def _later(workspace: Workspace, run: Run, company_id: str) -> dict[str, str]:
    """Return what runs after this one took from the company and still hold: name to the newest such run."""
    found: dict[str, str] = {}
    for other in workspace.runs()[0]:
        if other.started > run.started:
            with suppress(FileNotFoundError), workspace.returning(other, company_id) as returning:
                found.update(dict.fromkeys(returning.names(), other.run_id))
    return found


def _taken_alone(workspace: Workspace, run: Run, company_id: str, pairs: dict[str, list[str]]) -> set[str]:
    """Return the memories that the run took without any own sender key, because there was none."""
    lonely = {name for members in pairs.values() if len(members) == 1 for name in members if _is_memory(name)}
    if not lonely:
        return lonely
    rules = workspace.rules_of(run.run_id, company_id)
    # A rotation takes all keys of a group together with its memory.
    return {name for name in lonely if rules.get(name) in {Rule.SENDER_KEY_MEMORY_AGE, Rule.ROTATED}}
