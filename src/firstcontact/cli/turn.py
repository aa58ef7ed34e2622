"""One import at a time in a home folder: a second one waits for its turn, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firstcontact.boundaries import Boundary, crossing
from firstcontact.cli.common import note

LOCK_FILE = ".import.lock"


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold the home's turn to import. The system gives it back when the process ends, however it ends.

    Imports hold their writes until it is clear how many contacts they make; two at once would release each
    other's. Raises OSError where the folder takes no file.
    """
    import fcntl

    with crossing(Boundary.OPEN_IMPORT_LOCK):
        lock = (folder / LOCK_FILE).open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"Another import is running in {folder}; this one goes on when that is done (Ctrl-C stops).")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
