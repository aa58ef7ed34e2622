"""Every clause has been seen red: an address book that breaks it fails its test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from mutants import MUTANTS, Broken

from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.store.engine import begin, open_engine
from firstcontact.testing.conformance import CLAUSES, CrmConformance
from firstcontact.testing.conformance.clauses import proofs

KIND = {"APPLY-12": "clio"}
"""Where the address book offers everything, a CRM that does not."""


class HandsOfPeople(People):
    """People, and a search that can be broken."""

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        with begin(self._book.engine) as connection:
            connection.exec_driver_sql("ALTER TABLE handles RENAME TO away")
        yield
        with begin(self._book.engine) as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO handles")


def run(clause: str, methods: dict[str, Any]) -> None:
    (name,) = proofs(CrmConformance)[clause]
    offered = kinds.capabilities(KIND.get(clause, "address_book"))
    book = AddressBook(open_engine(":memory:"), capabilities=offered)
    fixtures = {"crm": cast(Any, Broken(book, **methods)), "hands": HandsOfPeople(book)}
    suite = CrmConformance()
    test = getattr(suite, name)
    wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    test(**{fixture: fixtures[fixture] for fixture in wanted})


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_broken_address_book_is_noticed(clause: str) -> None:
    """The test of a clause passes for the address book and fails for one that breaks the clause."""
    run(clause, {})
    with pytest.raises((AssertionError, UnicodeError, KeyError)):
        run(clause, MUTANTS[clause])


def test_every_clause_has_its_mutant() -> None:
    """No clause is believed that was never seen red."""
    assert set(MUTANTS) == set(CLAUSES)
