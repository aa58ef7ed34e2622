"""Several processes that start at once on a new database all get it, and lose no write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server

PROGRAM = """
import sys
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.store.engine import open_engine
from firstcontact.testing.conformance.making import new_contact, receipt
book = AddressBook(open_engine(sys.argv[1]))
for number in range(20):
    receipt(book, new_contact(book, f"{sys.argv[2]}-{number}"))
    receipt(book, new_contact(book, f"shared-{number}"))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that nobody has opened yet."""
    if request.param == "sqlite":
        yield str(tmp_path / "a.db")
        return
    server: Server = request.getfixturevalue("postgres")
    yield server.database()


def test_processes_start_together(where: str) -> None:
    """Four processes make the tables once between them, and each key makes one contact."""
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, where, str(n)], stderr=subprocess.PIPE)
        for n in range(4)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert AddressBook(open_engine(where)).size() == 4 * 20 + 20
