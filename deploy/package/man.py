"""Writes the man page, on stdout: the tool's own help, and its exit statuses as the errors tell them."""

import re
import sys

import click

from baileys_cleanup import __version__
from baileys_cleanup.cli import COMMANDS, DEFAULT, commands
from baileys_cleanup.errors import CleanupError

NAME = "baileys-cleanup"
SIGNALS = {130: "Stopped by SIGINT, between two files.", 143: "Stopped by SIGTERM, between two files."}
PLACES = {
    "/etc/baileys-cleanup.toml": "Settings, where neither --config nor BAILEYS_CLEANUP_CONFIG names another file.",
    "SESSIONS_ROOT/.baileys-cleanup/": "The tool's own folder: quarantine, audit log, lock.",
}


def plain(text: str) -> str:
    """Return a text as roff takes it: nothing in it is a request, and a hyphen is one that can be searched for."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in {".", "'"} else line for line in escaped.splitlines())


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text, each on a line of its own."""
    blocks = re.split(r"\n\s*\n", text.replace("\b", ""))
    return [" ".join(block.split()) for block in blocks if block.strip()]


def item(term: str, text: str) -> str:
    """Return an entry of a list: a term, and what is said of it."""
    return f".TP\n.B {plain(term)}\n{plain(' '.join(text.split()))}\n"


def options(command: click.Command) -> str:
    """Return the options of a command, as its help lists them."""
    context = click.Context(command, info_name=NAME)
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    return "".join(item(*record) for record in records if record and record[0] and "--help" not in record[0])


def of_command(name: str) -> str:
    """Return what is said of one command."""
    command = commands.get_command(click.Context(commands), name)
    assert command is not None, name
    usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    text = ".PP\n".join(f"{plain(part)}\n" for part in paragraphs(command.help or ""))
    return f".SS {plain(f'{NAME} {name} {usage}'.rstrip())}\n{text}{options(command)}"


def statuses() -> dict[int, str]:
    """Return the exit statuses with what the first error of each says of itself."""
    told = {0: "Done, also when there was nothing to do."}
    family: list[type[CleanupError]] = [CleanupError, *CleanupError.__subclasses__()]
    for error in family:
        told.setdefault(error.status, (error.__doc__ or "").strip())
    told[CleanupError.status] = "Done as far as possible; some files or companies failed, and the summary names them."
    return dict(sorted((told | SIGNALS).items()))


def page() -> str:
    """Return the page."""
    first, *others = paragraphs(commands.help or "")
    body = [
        f'.TH BAILEYS\\-CLEANUP 1 "" "{NAME} {__version__}" "User Commands"\n',
        f".SH NAME\n{plain(NAME)} \\- {plain(first[:1].lower() + first[1:].rstrip('.'))}\n",
        f".SH SYNOPSIS\n.B {plain(NAME)}\n[OPTIONS]\n.br\n.B {plain(NAME)}\nCOMMAND [OPTIONS] ...\n",
        ".SH DESCRIPTION\n",
        ".PP\n".join(f"{plain(part)}\n" for part in others),
        ".PP\nOptions come after the command's name; without a command they are those of\n",
        f".BR {DEFAULT} .\n",
        ".SH COMMANDS\n",
        *(of_command(name) for name in COMMANDS),
        ".SH EXIT STATUS\n",
        *(item(str(status), text) for status, text in statuses().items()),
        ".PP\nThe worst wins: 130 or 143, then 4, then 1.\n.B check\n",
        "follows the Nagios convention instead: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n",
        ".SH FILES\n",
        *(item(path, text) for path, text in PLACES.items()),
        f".SH SEE ALSO\n{plain(f'/usr/share/doc/{NAME}/')}\n",
    ]
    return "".join(body)


if __name__ == "__main__":
    sys.stdout.write(page())
