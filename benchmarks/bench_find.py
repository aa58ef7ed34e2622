"""Finding in an address book of a million contacts, against a bare indexed SQLite look-up of the same run.

    python -m benchmarks.bench_find [--contacts 1000000] [--folder DIR]

The floor is the standard library's sqlite3 with one prepared statement that reads one row by an indexed key
from the same file. A find reads every record that bears the handle and decodes it. Exit status 1 where the
ratios are worse than the targets: 3 in batches of 500, 8 singly.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measuring import Figure, figure, print_all
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.interactions.model import Handle
from firstcontact.store.engine import open_engine

BATCH = 500
TARGETS = {"batch": 3.0, "single": 8.0}
ROUNDS = 7
FLOOR = "SELECT record FROM handles WHERE key = ?"
BATCHED_FLOOR = f"SELECT key, record FROM handles WHERE key IN ({', '.join('?' * BATCH)})"
"""For comparison: the same index, 500 keys a statement, records neither read nor decoded."""


def contacts(count: int) -> Iterator[dict[str, object]]:
    """Invented people with an address and a number each."""
    for number in range(count):
        yield {
            "first_name": f"First{number}",
            "last_name": f"Last{number % 5000}",
            "emails": [f"person{number}@firm{number % 9973}.example"],
            "phones": [f"+1415{number:07}"] if number % 10 == 0 else [],
            "title": "Partner",
            "created_at": 1_700_000_000_000_000 + number,
        }


def keys(count: int, wanted: int, seed: int) -> list[str]:
    """Handles at random, one in ten of which nobody bears."""
    chance = random.Random(seed)
    numbers = [chance.randrange(count) for _ in range(wanted)]
    return [
        f"person{n}@firm{n % 9973}.example" if at % 10 else f"stranger{n}@firm.example"
        for at, n in enumerate(numbers)
    ]


def best(work: Callable[[int], None], per_round: int) -> float:
    """Microseconds per handle: the best of some rounds, each with handles of its own."""
    times = []
    for number in range(ROUNDS):
        before = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - before)
    return min(times) / per_round * 1e6


def measure(book: AddressBook, path: Path, count: int) -> dict[str, float]:
    """Microseconds per handle: floor, batch and single, on the same handles."""
    per_round = 10_000
    asked = [[Handle("email", key, key) for key in keys(count, per_round, seed)] for seed in range(ROUNDS)]
    bare = sqlite3.connect(path, isolation_level=None)

    def floor(number: int) -> None:
        for handle in asked[number]:
            bare.execute(FLOOR, (handle.key,)).fetchone()

    def batch(number: int) -> None:
        for at in range(0, per_round, BATCH):
            book.find(asked[number][at : at + BATCH])

    def single(number: int) -> None:
        for handle in asked[number]:
            book.find([handle])

    def rows(number: int) -> None:
        for at in range(0, per_round, BATCH):
            bare.execute(BATCHED_FLOOR, [handle.key for handle in asked[number][at : at + BATCH]]).fetchall()

    measured = (("floor", floor), ("rows", rows), ("batch", batch), ("single", single))
    return {name: best(work, per_round) for name, work in measured}


def figures(folder: Path, count: int) -> list[Figure]:
    """Build the address book where it is not there yet, and measure."""
    path = folder / f"bench-{count}.db"
    book = AddressBook(open_engine(path))
    note = f"{count} contacts"
    if book.size() < count:
        before = time.perf_counter()
        People(book).import_records(contacts(count))
        took = time.perf_counter() - before
        note += f", imported in {took:.0f} s ({count / took:.0f}/s)"
    times = measure(book, path, count)
    return [
        figure(f"find_{name}", "µs per handle", [(times[name], times["floor"])], target, note)
        for name, target in TARGETS.items()
    ]


def main() -> int:
    """Build, measure, report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--contacts", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, help="keep the database here and use it again")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return print_all(figures(options.folder or Path(temporary), options.contacts))


if __name__ == "__main__":
    sys.exit(main())
