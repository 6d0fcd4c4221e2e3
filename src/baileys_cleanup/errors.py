"""The family of errors: each one is a sentence for the operator and knows its exit status."""


class CleanupError(Exception):
    """Ends the command with one sentence on stderr; `status` is the exit status."""

    status = 1


class UsageProblem(CleanupError):
    """The command, a setting or the sessions root is wrong; nothing was touched."""

    status = 2


class LockHeld(CleanupError):
    """Another run is at work under this sessions root; nothing was touched."""

    status = 3


class Refused(CleanupError):
    """A guard said no; what it refused was not touched."""

    status = 4


class CredsUnreadable(Exception):
    """`creds.json` is there and says nothing that can be used; the text says why."""


class CompanyProblem(Exception):
    """One company cannot be cleaned; the others go on. The text says what to do about it."""


class ProtectedFile(AssertionError):
    """Somebody asked the remover for a file of a protected kind. That is a bug, and it stops here."""
