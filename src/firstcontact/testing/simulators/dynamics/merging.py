"""Merging records and qualifying leads, as people and the actions `Merge` and `QualifyLead` do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.dynamics.records import (
    Caller,
    Written,
    as_is,
    create,
    derived,
    read_body,
)
from firstcontact.testing.simulators.dynamics.refusals import bad
from firstcontact.testing.simulators.dynamics.schema import Table
from firstcontact.testing.simulators.dynamics.state import Reference, Row, State

MERGED = frozenset({"contact", "account", "lead", "incident"})
_NOT_MOVED = frozenset({"masterid", "originatingleadid"})


def merge(state: State, table: Table, loser: str, survivor: str, content: Any, caller: Caller) -> None:
    """The loser is inactive and says its master; what hung on it hangs on the survivor. Raises Refusal."""
    gone, kept = state.need(table.name, loser), state.need(table.name, survivor)
    if loser == survivor or table.name not in MERGED:
        raise bad("These records cannot be merged.", "0x80040203")
    if gone["statecode"] == 1 and gone.get("masterid") is not None:
        raise bad("The subordinate record has been merged already.", "0x80040203")
    changes = read_body(state, table, content, as_is, creating=False).values if content else {}
    if state.quirks.merge_fills == "on" and not caller.by_hand:
        changes = {**_blanks(table, gone, kept), **changes}
    stamp = {
        "modifiedon": state.now(),
        "modifiedby": ("systemuser", caller.user),
        **({"_by_person": True} if caller.by_hand else {}),
    }
    closed = next((value for value in reversed(list(table.states)) if value != 0), 1)
    if table.name in ("contact", "account"):
        closed = 1
    ending = {"statecode": closed, "statuscode": table.states[closed][0]}
    ours: Mapping[str, Any] = {"masterid": (table.name, survivor), "merged": True}
    state.put(table.name, loser, derived(state, table, {**gone, **stamp, **ending, **ours}))
    state.put(table.name, survivor, derived(state, table, {**kept, **stamp, **changes}))
    _move(state, (table.name, loser), (table.name, survivor))


def _blanks(table: Table, gone: Row, kept: Row) -> dict[str, Any]:
    return {
        column.name: gone[column.name]
        for column in table.columns.values()
        if column.update and not column.custom and column.type in ("String", "Memo")
        if kept.get(column.name) is None and gone.get(column.name) is not None
    }


def _move(state: State, here: Reference, there: Reference) -> None:
    for name, other in state.tables.items():
        if name not in state.rows:
            continue
        for column in other.columns.values():
            if here[0] not in column.targets or column.name in _NOT_MOVED:
                continue
            for row in list(state.with_value(name, column.name, here)):
                if (name, row[other.id]) != there:
                    state.put(name, row[other.id], {**row, column.name: there})


def qualify(
    state: State, lead: str, caller: Caller, *, contact: str = "", account: str = "", make: bool = True
) -> str:
    """A lead becomes a contact, an existing one or a new one; its id. Where that is told is a switch (apis N
    has nothing of it). Raises Refusal."""
    row = state.need("lead", lead)
    if row["statecode"] != 0:
        raise bad("The lead is already closed.", "0x80048408")
    chosen = contact
    if not contact and make:
        names = ("firstname", "lastname", "emailaddress1", "telephone1", "mobilephone", "jobtitle")
        values = {name: row[name] for name in names}
        values["originatingleadid"] = ("lead", lead)
        if account:
            values["parentcustomerid"] = ("account", account)
        contact = create(state, state.table("contact"), Written(values=values), caller)
    done: dict[str, Any] = {"statecode": 1, "statuscode": 3, "modifiedon": state.now()}
    if contact and (chosen or state.quirks.qualified == "parent"):
        done["parentcontactid"] = ("contact", contact)
    if account:
        done["parentaccountid"] = ("account", account)
    state.put("lead", lead, {**row, **done})
    return contact
