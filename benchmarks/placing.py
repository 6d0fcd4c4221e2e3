"""Where companies go when they share instances: a table and "the emptiest first", or a hash.

    python benchmarks/placing.py

A simulation without chance but for its seed: companies come one by one, then an instance is added, then more come.
A table remembers where each company lives; rendezvous hashing computes it. Printed: how full the fullest instance is,
how many hold more than they may, and how many companies moved when the instance was added. To move a company is to stop
its bot, move its folder, and start it elsewhere; done wrong it is two bots on one pairing.
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple


class Result(NamedTuple):
    """What came of one way to place companies."""

    way: str
    fullest: int
    emptiest: int
    overfull: int
    moved: int


def emptiest_first(companies: Sequence[str], instances: Sequence[str], table: dict[str, str]) -> dict[str, str]:
    """Return the table with the new companies in it, each on the instance that had the fewest. Nobody moves."""
    placed = dict(table)
    count = Counter(placed.values())
    for company in companies:
        if company not in placed:
            placed[company] = min(instances, key=lambda instance: (count[instance], instance))
            count[placed[company]] += 1
    return placed


def rendezvous(companies: Sequence[str], instances: Sequence[str]) -> dict[str, str]:
    """Return each company's instance by rendezvous hashing: the one with the highest hash of both names."""

    def weight(company: str, instance: str) -> bytes:
        return sha256(f"{instance}\0{company}".encode()).digest()

    return {company: max(instances, key=lambda instance: weight(company, instance)) for company in companies}


def play(companies: int, room: int, new: int, seed: int = 1) -> list[Result]:
    """Place companies on as many instances as they need, add one instance and new companies; return both results."""
    ids = [f"company_{number}" for number in random.Random(seed).sample(range(100_000, 999_999), companies + new)]
    first, everyone = ids[:companies], ids
    instances = [f"bot-{number}" for number in range(-(-companies // room))]
    more = [*instances, f"bot-{len(instances)}"]
    by_table = emptiest_first(first, instances, {})
    by_hash = rendezvous(first, instances)
    after_table = emptiest_first(everyone, more, by_table)
    after_hash = rendezvous(everyone, more)
    return [
        _result("table, the emptiest first", by_table, after_table, more, room),
        _result("rendezvous hashing", by_hash, after_hash, more, room),
    ]


def _result(way: str, before: dict[str, str], after: dict[str, str], instances: Sequence[str], room: int) -> Result:
    count = Counter(after.values())
    sizes = [count[instance] for instance in instances]
    moved = sum(after[company] != instance for company, instance in before.items())
    return Result(way, max(sizes), min(sizes), sum(size > room for size in sizes), moved)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", type=int, default=20, help="companies an instance may hold")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("| companies | instances | way | fullest | emptiest | overfull | moved |")
    print("| ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    for companies in (100, 1_000, 10_000):
        instances = -(-companies // options.room) + 1
        for result in play(companies, options.room, options.room, options.seed):
            counts = " | ".join(f"{number:,}" for number in result[1:])
            print(f"| {companies:,} + {options.room} | {instances:,} | {result.way} | {counts} |")


if __name__ == "__main__":
    main()
