"""Builds sessions roots to measure on: the same names, sizes and ages every time, on every machine.

    python build_tree.py DIR --companies 1500 --files 156

The mix is that of a company that has been in use for some months. Of 156 files a nightly run removes 25:
17 sessions, 7 sender keys, 1 sender-key memory. Larger companies have the same mix, and pre-keys above the cap.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

DAY = 86_400
OWN_DEVICE = 7


class File(NamedTuple):
    """One file to write; `age` in seconds."""

    name: str
    age: int
    content: bytes


def company(files: int, own: int) -> Iterator[File]:
    """Return the files of one company, in the proportions of one with 156; `own` is its own phone number."""

    def share(of_156: int) -> int:
        return of_156 * files // 156

    pre_keys = share(40)
    made = 0
    for file in _fixed(pre_keys, own):
        made += 1
        yield file
    for kind in (
        _lid_mappings(share(20)),
        _sender_keys(share(30), share(7), own),
        _memories(share(8), share(7)),
        _pre_keys(pre_keys),
        _others(share(12)),
    ):
        for file in kind:
            made += 1
            yield file
    yield from _sessions(files - made, share(17), own)


def _fixed(pre_keys: int, own: int) -> Iterator[File]:
    creds = {
        "me": {"id": f"{own}:{OWN_DEVICE}@s.whatsapp.net", "lid": f"100000000000001:{OWN_DEVICE}@lid"},
        "nextPreKeyId": pre_keys + 1,
        "firstUnuploadedPreKeyId": pre_keys + 1,
        "filler": "x" * 3000,
    }
    yield File("creds.json", 60, json.dumps(creds).encode())
    for name in ("critical_block", "critical_unblock_low", "regular_high", "regular_low", "regular"):
        yield File(f"app-state-sync-version-{name}.json", 2 * DAY, b"x" * 900)
    for number in range(5):
        yield File(f"app-state-sync-key-AAAA{number}w==.json", 90 * DAY, b"x" * 160)


def _lid_mappings(number: int) -> Iterator[File]:
    for pair in range(number // 2):
        yield File(f"lid-mapping-{15_550_000_100 + pair}.json", 70 * DAY, b'"100000000000002"')
        yield File(f"lid-mapping-{100_000_000_000_100 + pair}_reverse.json", 70 * DAY, b'"15550000002"')


def _sessions(number: int, old: int, own: int) -> Iterator[File]:
    yield File(f"session-{own}.0.json", DAY, b"x" * 1800)
    for peer in range(number - 1):
        age = (15 + peer % 45) * DAY if peer < old else peer % 13 * DAY + 60
        name = (
            f"session-{100_000_000_000_100 + peer}_1.0.json" if peer % 2 else f"session-{15_550_000_100 + peer}.7.json"
        )
        yield File(name, age, b"x" * 1800)


def _sender_keys(number: int, old: int, own: int) -> Iterator[File]:
    for group in range(number):
        age = (4 + group % 30) * DAY if group < old else group % 60 * 3600
        sender = f"{own}--{OWN_DEVICE}" if group % 8 == 0 else f"{100_000_000_000_100 + group}_1--0"
        yield File(f"sender-key-{120_363_000_000_000_000 + group}@g.us--{sender}.json", age, b"x" * 1100)


def _memories(number: int, old: int) -> Iterator[File]:
    """One for every eighth group: where this account has a sender key of its own, and of the same age."""
    for group in range(0, number * 8, 8):
        age = (4 + group % 30) * DAY if group < old else group % 60 * 3600
        yield File(f"sender-key-memory-{120_363_000_000_000_000 + group}@g.us.json", age, b"x" * 300)


def _pre_keys(number: int) -> Iterator[File]:
    """Made five at a time, as Baileys does once its first batch is used up."""
    for key in range(1, number + 1):
        yield File(f"pre-key-{key}.json", (number - key) // 5 * 600, b"x" * 150)


def _others(number: int) -> Iterator[File]:
    kinds = ("device-list-{}.json", "device-list-{}.json", "tctoken-{}@lid.json", "identity-key-{}_1.0.json")
    for other in range(number):
        yield File(kinds[other % 4].format(100_000_000_000_100 + other), 40 * DAY, b'["0","7"]')


def build(root: str, companies: int, files: int) -> None:
    """Write a sessions root into a folder that does not exist yet."""
    now = time.time()
    os.makedirs(root)
    for number in range(companies):
        folder = f"{root}/company_{962_302 + number}"
        os.mkdir(folder)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for file in company(files, 15_560_000_000 + number):
            out = os.open(file.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=fd)
            os.write(out, file.content)
            os.utime(out, (now - file.age, now - file.age))
            os.close(out)
        os.close(fd)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", help="a folder that does not exist yet")
    parser.add_argument("--companies", type=int, default=1, help="how many companies (default: 1)")
    parser.add_argument("--files", type=int, default=156, help="how many files in each (default: 156)")
    arguments = parser.parse_args()
    build(arguments.dir, arguments.companies, arguments.files)
