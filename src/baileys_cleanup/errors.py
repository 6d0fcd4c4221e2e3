"""The family of errors: each one is a sentence for the operator and knows its exit status."""

import errno


class CleanupError(Exception):
    """Ends the command with its sentences on stderr, mostly one; `status` is the exit status."""

    status = 1

    def __str__(self) -> str:
        return "; ".join(self.sentences)

    @property
    def sentences(self) -> list[str]:
        """What went wrong: one sentence for each thing."""
        return [str(sentence) for sentence in self.args]


class UsageProblem(CleanupError):
    """The command, a setting or the sessions root is wrong; nothing was touched."""

    status = 2


class NotWritable(UsageProblem):
    """The tool's own folder takes no record: a read-only or full disk, no right to write. Who only reads may go on."""


class LockHeld(CleanupError):
    """Another run is at work under this sessions root; nothing was touched."""

    status = 3


class Stopped(CleanupError):
    """A signal ended the waiting for another run; nothing was touched. `status` is 130 or 143."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Refused(CleanupError):
    """A guard said no; what it refused was not touched."""

    status = 4


class MayNotGive(Refused):
    """This user may not give a file the owner it has to have; nothing was changed."""


class CredsUnreadable(Exception):
    """`creds.json` is there and says nothing that can be used; the text says why."""


class CompanyProblem(Exception):
    """One company cannot be cleaned; the others go on. The text says what to do about it."""


class CompanyUntold(CompanyProblem):
    """Its server does not tell of it now, because of a lock or a limit say; it may later."""


class CompanyUnreachable(CompanyUntold):
    """Its server went away in the middle; what was asked of it may work once it is back."""


class CompanyDone(CompanyProblem):
    """What was asked for is done, and something that belongs to it is not; the text says what to do about it."""


class ServerProblem(OSError):
    """The server of a store did not do what it was asked for; the text says why, in words."""


class ServerGone(ServerProblem):
    """It went away in the middle: nobody knows whether it did it, and it may work once it is back."""


class ArchiveProblem(Exception):
    """An archive is not what a backup wrote, or no longer; the text says why."""


class StoreProblem(CleanupError):
    """The place where archives lie cannot be read or written; the text holds no secret."""


class HookFailed(Exception):
    """A command of the operator's did not do its work; the text says which one and why."""


class ProtectedFile(AssertionError):
    """Somebody asked the remover for a file of a protected kind. That is a bug, and it stops here."""


_SENTENCES = {
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "this user may not write in the company's folder: run as its owner, with the right to write there",
    errno.EPERM: "this user may not move it: run as its owner (what was made immutable has to be freed first)",
    errno.ENAMETOOLONG: "a name is too long for the file system; mostly 255 bytes are allowed, `company_` among them",
    errno.EXDEV: "it lies on another mount than the sessions root; give that mount a sessions root of its own",
}


NO_INODES = (
    "the disk has no free inode (see df -i): it can hold no more files, however small;"
    " `clean --undo-days 0` works there"
)


def in_words(error: Exception) -> str:
    """Return what went wrong: of an operating system error what it means here, and what to do where that is known."""
    if not isinstance(error, OSError):
        return str(error)
    if error.strerror == NO_INODES:
        return NO_INODES
    return _SENTENCES.get(error.errno or 0) or error.strerror or str(error)


def in_words_with_path(error: Exception) -> str:
    """Return what went wrong, and where, where nothing else in the sentence says it."""
    path = getattr(error, "filename", None)
    return f"{in_words(error)}: {path}" if isinstance(path, str) and path else in_words(error)
