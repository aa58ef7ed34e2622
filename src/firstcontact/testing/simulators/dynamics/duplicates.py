"""Duplicate detection: off for the API unless a header switches it on (apis A5, "Duplicate detection")."""

from __future__ import annotations

from firstcontact.testing.simulators.dynamics.refusals import Refusal
from firstcontact.testing.simulators.dynamics.schema import Table
from firstcontact.testing.simulators.dynamics.state import Row, State

CODE = "0x80040333"
RULES: dict[str, dict[str, tuple[str, ...]]] = {
    "contact": {
        "email": ("emailaddress1",),
        "phone": ("telephone1",),
        "name": ("firstname", "lastname"),
    },
    "lead": {"email": ("emailaddress1",), "phone": ("telephone1",), "name": ("firstname", "lastname")},
    "account": {"email": ("emailaddress1",), "phone": ("telephone1",), "name": ("name",)},
}
"""Rules that are published by default, for accounts, contacts and leads: columns that must all be equal.
Which columns is not in apis A5: a switch."""


def rules(state: State, table: Table) -> dict[str, tuple[str, ...]]:
    """The rules that are published for a table."""
    known = RULES.get(table.name, {})
    return {name: columns for name, columns in known.items() if name in state.quirks.duplicate_rules}


def check_duplicates(state: State, table: Table, row: Row) -> None:
    """Raises Refusal with 0x80040333, whose status is a switch, where an active record is equal by a rule;
    empty values are never equal."""
    for columns in rules(state, table).values():
        if any(row.get(one) is None for one in columns):
            continue
        for other in state.with_value(table.name, columns[0], row[columns[0]]):
            same = all(state.folded(other.get(one)) == state.folded(row[one]) for one in columns)
            if same and other[table.id] != row[table.id] and other["statecode"] == 0:
                raise Refusal(
                    state.quirks.duplicate_status,
                    CODE,
                    "A record was not created or updated because a duplicate of the current record already "
                    "exists.",
                )
