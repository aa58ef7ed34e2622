"""A private database for what a long reading finds out, so that its memory does not grow with what it reads.

It is a temporary file of this process alone: SQLite removes it from the folder as soon as it is opened, and
nothing in it is ever needed again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from firstcontact.boundaries import Boundary, crossing
from firstcontact.store.statements import chunks

CACHE_KILOBYTES = 16_384
"""What it holds in memory at most."""


_BETWEEN, _AFTER = "\x1f", "\x20"


def pair(one: str, other: str) -> str:
    """A key of two parts, by the first of which it is found, too (`Scratch.under`)."""
    return one + _BETWEEN + other


class Scratch:
    """Named maps from text to a row of texts, and lines that are read again in order of their places, on
    disk. Closed by `with`."""

    def __init__(self, **maps: int) -> None:
        """maps: names, each with how many texts are kept for a key. Raises sqlite3.Error."""
        with crossing(Boundary.OPEN_SCRATCH):
            self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in (f"cache_size=-{CACHE_KILOBYTES}", "journal_mode=OFF", "synchronous=OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        self._marks: dict[str, str] = {}
        for name, count in maps.items():
            columns = "".join(f", v{place} TEXT NOT NULL" for place in range(count))
            self._db.execute(f'CREATE TABLE "{name}" (k TEXT PRIMARY KEY{columns}) WITHOUT ROWID')
            self._marks[name] = ", ".join("?" * (count + 1))
        self._db.execute(
            "CREATE TABLE lines (at INTEGER, id TEXT, n INTEGER, line BLOB, PRIMARY KEY (at, id, n)) "
            "WITHOUT ROWID"
        )

    def keep(self, name: str, rows: Iterable[Sequence[str]]) -> None:
        """Remember rows, each the key and its texts; a key that is there keeps what it has."""
        self._many(f'INSERT OR IGNORE INTO "{name}" VALUES ({self._marks[name]})', rows)

    def of(self, name: str, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """What is remembered for these keys."""
        found: dict[str, tuple[str, ...]] = {}
        for some in chunks(keys):
            asked = f'SELECT * FROM "{name}" WHERE k IN ({", ".join("?" * len(some))})'
            found.update((row[0], row[1:]) for row in self._db.execute(asked, some))
        return found

    def put(self, name: str, rows: Iterable[Sequence[str]]) -> None:
        """Remember rows, each the key and its texts, in place of what a key has."""
        self._many(f'INSERT OR REPLACE INTO "{name}" VALUES ({self._marks[name]})', rows)

    def under(self, name: str, starts: Collection[str]) -> dict[tuple[str, str], tuple[str, ...]]:
        """What is remembered for all keys of two parts (`pair`) that begin with one of these."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        asked = f'SELECT * FROM "{name}" WHERE k >= ? AND k < ?'
        for start in starts:
            for key, *texts in self._db.execute(asked, (pair(start, ""), start + _AFTER)):
                found[start, key[len(start) + 1 :]] = tuple(texts)
        return found

    def keys(self, name: str) -> Iterator[str]:
        """All keys of a map, in order."""
        for (key,) in self._db.execute(f'SELECT k FROM "{name}" ORDER BY k'):
            yield key

    def add_lines(self, lines: Iterable[tuple[int, str, int, bytes]]) -> None:
        """Lines, each with its place: a time, an id and a number."""
        self._many("INSERT INTO lines VALUES (?, ?, ?, ?)", lines)

    def drop_lines(self, places: Iterable[tuple[int, str]]) -> None:
        """Forget the lines of these times and ids."""
        self._many("DELETE FROM lines WHERE at = ? AND id = ?", places)

    def lines(self) -> Iterator[bytes]:
        """All lines, in order of their places."""
        for (line,) in self._db.execute("SELECT line FROM lines ORDER BY at, id, n"):
            yield line

    def _many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(statement, rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """It is gone."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()
