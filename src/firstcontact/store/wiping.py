"""Wiping: what was deleted or changed is gone from the files, too, not only from what can be asked.

SQLite leaves the bytes of deleted rows in free pages and in its write-ahead log until they are used anew.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from firstcontact.boundaries import Boundary, crossing
from firstcontact.store.engine import place
from firstcontact.store.problems import problem_of

_PATIENCE = 10.0
"""Seconds in which others' reading must come to an end, so that the log can be emptied."""


def wipe(engine: Engine) -> bool:
    """Write the database file anew, and empty its write-ahead log; false where that is not this program's to
    do (PostgreSQL: `VACUUM FULL`), or where others kept reading. Raises StoreProblem."""
    if engine.dialect.name != "sqlite":
        return False
    engine.dispose()  # idle connections of ours must not keep the log
    try:
        with crossing(Boundary.WIPE), closing(engine.raw_connection()) as connection:
            return _written_anew(connection.cursor())
    except (engine.dialect.loaded_dbapi.Error, DBAPIError) as error:
        problem = problem_of(getattr(error, "orig", None) or error, place(engine))
        if problem is None:
            raise
        raise problem from error


def _written_anew(cursor: Any) -> bool:
    cursor.execute("VACUUM")
    until = time.monotonic() + _PATIENCE
    while True:
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
