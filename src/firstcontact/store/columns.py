"""Column types and tables that SQLite and PostgreSQL both accept (`docs/decisions/store.md`).

Times are microseconds since 1970 in `INT`, flags are 0 or 1 in `INT`, documents are JSON in `TEXT`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.schema import SchemaItem

INT = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both: STRICT tables reject the name BIGINT, and SQLite's INTEGER is 64 bits wide."""

TEXT = Text()
BLOB = LargeBinary()


def table(name: str, metadata: MetaData, *items: SchemaItem, rowid: bool = True) -> Table:
    """A table that is STRICT on SQLite. rowid: false stores the rows in the primary key's own order,
    for tables that are only a key and little else."""
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_with_rowid=rowid)
