"""What can be wrong with a store of keys on a server, in words. Pure."""

from collections.abc import Mapping

from baileys_cleanup.output.text import count, few

INDEXED_BYTES = r'^\s*\{\s*"0"\s*:'
"""How bytes begin that were written as an object of numbered ones: `JSON.stringify` does so with a `Uint8Array`."""


def indexed_keys(numbers: Mapping[str, int]) -> str:
    """Return the sentence about identity keys that the library cannot read back; `numbers` are those of companies."""
    companies = count(len(numbers), "company", "companies")
    return (
        f"{count(sum(numbers.values()), 'identity key')} of {companies} ({few(sorted(numbers))}) stored as objects of"
        " numbered bytes, which Baileys since 7.0.0-rc.10 cannot read back: a new contact's second message fails with"
        " Invalid PreKey ID; let the bot's auth state write bytes as BufferJSON does (`migrate` writes them so)"
    )
