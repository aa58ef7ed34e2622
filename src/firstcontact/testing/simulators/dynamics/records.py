"""Records are made, changed and deleted: what a body may say, and what follows from it (apis A5)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from firstcontact.testing.simulators.dynamics import parties as people
from firstcontact.testing.simulators.dynamics import times
from firstcontact.testing.simulators.dynamics.addresses import GUID, Address, address, needed, split
from firstcontact.testing.simulators.dynamics.duplicates import check_duplicates
from firstcontact.testing.simulators.dynamics.refusals import (
    Refusal,
    bad,
    exists_already,
    not_allowed,
    payload,
)
from firstcontact.testing.simulators.dynamics.relations import navigations
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Column, Table
from firstcontact.testing.simulators.dynamics.state import Reference, Row, State

MOST_SEGMENT = 4
BLOCKED_FILES = frozenset({"exe", "bat", "cmd", "com", "dll", "js", "msi", "vbs", "ps1", "jar", "reg"})
_CLOSED_STATES = (1, 2)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who does it: a user, perhaps through our application user; people at the desk are `by_hand`."""

    user: str
    through: str | None = None
    by_hand: bool = False


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says: values by column, and parties where it names some."""

    values: dict[str, Any]
    parties: list[dict[str, Any]] | None = None


Resolver = Callable[[str], str]
"""What `$1` names in a change set, as an address; another address as it is."""


def as_is(text: str) -> str:
    """Outside of a change set there is nothing to refer to."""
    return text


# --- reading a body ----------------------------------------------------------------------------------------


def read_body(state: State, table: Table, body: Any, resolve: Resolver, *, creating: bool) -> Written:
    """The body of a creation or a change. Raises Refusal 400, 404."""
    if not isinstance(body, Mapping):
        raise payload(table.set, "the body must be an object.")
    values: dict[str, Any] = {}
    parties = None
    for name, value in body.items():
        if name == "@odata.type":
            if str(value).lstrip("#") != f"Microsoft.Dynamics.CRM.{table.name}":
                raise payload(table.set, f"{value} is not the type of {table.set}.")
        elif name.endswith("@odata.bind"):
            column, reference = _bound(state, table, name.removesuffix("@odata.bind"), value, resolve)
            _writable(table, column, creating=creating)
            values[column.name] = reference
        elif table.parties and name == table.parties:
            parties = people.read_parties(
                state, table, value, lambda text, target: _record(state, text, (target,), resolve)
            )
        else:
            column = _plain(table, name)
            _writable(table, column, creating=creating)
            values[column.name] = read_value(state, table, column, value)
    return Written(values=values, parties=parties)


def _bound(
    state: State, table: Table, name: str, value: Any, resolve: Resolver
) -> tuple[Column, Reference | None]:
    column, targets = navigation(state, table, name)
    if value is None:
        return column, None
    return column, _record(state, value, targets, resolve)


def navigation(state: State, table: Table, name: str) -> tuple[Column, tuple[str, ...]]:
    """A single-valued navigation property. Raises Refusal 400. What an activity regards has a long and a
    short name in published code (apis A5, N)."""
    known = navigations(table)
    short = f"{name}_{table.name}"
    allowed = state.quirks.regarding
    if name.startswith("regardingobjectid_") and table.activity:
        if name in known and allowed == "short":
            raise payload(table.set, f"The property '{name}' does not exist on this type.")
        if short in known and allowed != "long":
            return known[short]
    if name not in known:
        raise payload(table.set, f"An undeclared property '{name}' which only has property annotations.")
    return known[name]


def _record(state: State, value: Any, targets: tuple[str, ...], resolve: Resolver) -> Reference:
    if not isinstance(value, str):
        raise payload("", "the value of an @odata.bind must be a text.")
    text = resolve(value)
    segments = split(text.partition("/api/data/")[2].partition("/")[2] if "/api/data/" in text else text)
    if len(segments) != 1:
        raise bad(f"Resource not found for the segment '{text}'.", "0x80060888")
    place: Address = address(state, segments[0])
    if not place.one:
        raise bad(f"'{value}' names no record.")
    if place.table.name not in targets:
        raise bad(f"A record of {place.table.name} cannot be referred to here.", "0x80048d19")
    row = needed(state, place)
    return (place.table.name, row[place.table.id])


def _plain(table: Table, name: str) -> Column:
    column = table.columns.get(name)
    if column is None or column.type in LOOKUPS:
        raise payload(
            table.set,
            f"The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{table.name}'. Make sure "
            "to only use property names that are defined by the type.",
        )
    return column


def _writable(table: Table, column: Column, *, creating: bool) -> None:
    if not (column.create if creating else column.update):
        way = "create" if creating else "update"
        raise bad(f"The attribute '{column.name}' of {table.name} is not valid for {way}.", "0x80048d19")


_KINDS: Mapping[str, type] = {
    "String": str,
    "Memo": str,
    "Boolean": bool,
    "Integer": int,
    "Picklist": int,
    "State": int,
    "Status": int,
    "DateTime": str,
    "Uniqueidentifier": str,
}


def read_value(state: State, table: Table, column: Column, value: Any) -> Any:
    """A value as it is kept: an empty text is null. Raises Refusal 400."""
    if value is None or value == "":
        return None
    fits = isinstance(value, _KINDS.get(column.type, str))
    if not fits or (isinstance(value, bool) and column.type != "Boolean"):
        raise payload(table.set, f"Cannot convert the value of '{column.name}' to the expected type.")
    if column.type in ("String", "Memo") and len(value) > column.most:
        raise bad(
            f"A validation error occurred. The length of the '{column.name}' attribute of the '{table.name}' "
            f"entity exceeded the maximum allowed length of '{column.most}'.",
            "0x80044331",
        )
    if column.options and value not in column.options:
        raise bad(
            f"A validation error occurred. The value {value} of '{column.name}' is outside the valid range.",
            "0x80044330",
        )
    if column.type == "Uniqueidentifier":
        if not GUID.fullmatch(value):
            raise payload(table.set, f"Cannot convert '{value}' to a guid.")
        return value.lower()
    return _moment(state, table, column, value) if column.type == "DateTime" else value


def _moment(state: State, table: Table, column: Column, value: str) -> str:
    try:
        if column.date:
            return times.read_day(value)
        moment = times.read(value)
    except ValueError:
        raise payload(table.set, f"Cannot convert '{value}' to Edm.DateTimeOffset.") from None
    if column.day and state.quirks.actual_times == "dropped":
        return f"{moment[:10]}T00:00:00Z"
    return moment


# --- making and changing -----------------------------------------------------------------------------------


def create(
    state: State, table: Table, written: Written, caller: Caller, *, find_duplicates: bool = False
) -> str:
    """A new record; its id. Raises Refusal 400, 412."""
    if table.read_only and not caller.by_hand:
        raise not_allowed("POST", f"/{table.set}")
    values = written.values
    id = values.get(table.id) or state.new_id(table.name)
    if state.get("activitypointer" if table.activity else table.name, id) is not None:
        raise exists_already("Cannot insert duplicate key.")
    row: dict[str, Any] = {name: column.default for name, column in table.columns.items()}
    row |= {**values, table.id: id}
    if table.states:
        first, reasons = next(iter(table.states.items()))
        row["statecode"] = first
        row["statuscode"] = row["statuscode"] if row["statuscode"] in reasons else reasons[0]
    if "ownerid" in table.columns:
        row["ownerid"] = row["ownerid"] or ("systemuser", caller.user)
    row |= _stamps(state, caller, creating=True)
    if values.get("overriddencreatedon"):
        row["createdon"], row["overriddencreatedon"] = values["overriddencreatedon"], state.now()
    if not caller.by_hand:
        _check_required(state, table, row)
        _check_owner(state, values)
        if table.activity:
            people.check_needed(state, table, written.parties or ())
    if find_duplicates:
        check_duplicates(state, table, row)
    state.put(table.name, id, derived(state, table, row))
    if table.activity:
        people.replace(state, table, id, written.parties or [])
    return str(id)


def update(
    state: State, table: Table, id: str, written: Written, caller: Caller, *, find_duplicates: bool = False
) -> None:
    """A changed record. Raises Refusal 400, 403, 404, 412."""
    if table.read_only and not caller.by_hand:
        raise not_allowed("PATCH", f"/{table.set}")
    before = state.need(table.name, id)
    values = dict(written.values)
    if table.activity and not caller.by_hand:
        _check_open(table, before, written)
    _set_state(table, before, values)
    row = {**before, **values, **_stamps(state, caller, creating=False)}
    if not caller.by_hand:
        _check_required(state, table, row)
        _check_owner(state, values)
    if find_duplicates:
        check_duplicates(state, table, row)
    state.put(table.name, id, derived(state, table, row))
    if table.activity:
        people.replace(state, table, id, written.parties)


def _check_open(table: Table, before: Row, written: Written) -> None:
    """A completed activity is read-only but for being opened again (apis A5)."""
    if before["statecode"] not in _CLOSED_STATES:
        return
    if set(written.values) <= {"statecode", "statuscode"} and written.parties is None:
        return
    why = f"This {table.name} is completed or canceled and cannot be changed. Open it again first."
    raise bad(why, "0x80048408")


def _set_state(table: Table, before: Row, values: dict[str, Any]) -> None:
    if not table.states or not {"statecode", "statuscode"} & set(values):
        return
    state = values.get("statecode", before["statecode"])
    if state is None or state not in table.states:
        raise bad(f"{state} is not a valid state code of {table.name}.", "0x80048408")
    reasons = table.states[state]
    reason = values.get("statuscode")
    if reason is None:
        reason = before["statuscode"] if state == before["statecode"] else reasons[0]
    if reason not in reasons:
        why = f"{reason} is not a valid status code for state code {state} of {table.name}."
        raise bad(why, "0x80048408")
    values.update(statecode=state, statuscode=reason)


def _check_required(state: State, table: Table, row: Row) -> None:
    for column in table.columns.values():
        needed_here = column.required == "SystemRequired" or (
            column.required == "ApplicationRequired" and state.quirks.parties_required
        )
        if needed_here and row.get(column.name) is None:
            raise bad(f"Required field '{column.name}' of '{table.name}' is missing.", "0x80040203")


def _check_owner(state: State, values: Mapping[str, Any]) -> None:
    """Nothing is given to a user who is disabled."""
    owner = values.get("ownerid")
    user = state.get("systemuser", owner[1]) if owner is not None and owner[0] == "systemuser" else None
    if user is not None and user["isdisabled"]:
        raise Refusal(
            403,
            "0x80040225",
            "The specified user is either disabled or is not a member of any business unit.",
        )


def _stamps(state: State, caller: Caller, *, creating: bool) -> dict[str, Any]:
    user: Reference = ("systemuser", caller.user)
    through = ("systemuser", caller.through) if caller.through else None
    stamps: dict[str, Any] = {"modifiedon": state.now(), "modifiedby": user, "modifiedonbehalfby": through}
    if caller.by_hand:
        stamps["_by_person"] = not creating
    if creating:
        stamps |= {"createdon": state.now(), "createdby": user, "createdonbehalfby": through}
    return stamps


def derived(state: State, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with what follows from its other values."""
    found = dict(row)
    if "fullname" in table.columns:
        names = (found.get("firstname"), found.get("middlename"), found.get("lastname"))
        found["fullname"] = " ".join(name for name in names if name) or None
    if "owninguser" in table.columns:
        owner = found.get("ownerid")
        found["owninguser"] = owner if owner is not None and owner[0] == "systemuser" else None
    if table.activity:
        found["activitytypecode"] = table.name
        start, end = found.get("scheduledstart"), found.get("scheduledend")
        if table.name == "appointment" and start and end:
            seconds = times.microseconds(end) - times.microseconds(start)
            if seconds < 0:
                raise bad("The start date and time must not be after its end.", "0x80040203")
            found["scheduleddurationminutes"] = seconds // (60 * times.SECOND)
    if table.name == "annotation":
        _file(state, found)
    return found


def _file(state: State, note: dict[str, Any]) -> None:
    """A note's file: base64, of a size and a kind that the organisation takes."""
    held = note.get("objectid")
    note["objecttypecode"] = held[0] if held is not None else None
    body = note.get("documentbody")
    note["isdocument"] = bool(body) or bool(note.get("isdocument"))
    note["filesize"] = None
    if not body:
        return
    try:
        content = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise payload("annotations", "documentbody is not base64.") from None
    if len(content) > state.quirks.most_file_bytes:
        raise bad("Attachment file size is too big.", "0x80044a02")
    if (note.get("filename") or "").rpartition(".")[2].lower() in BLOCKED_FILES:
        raise bad("The attachment is either not a valid type or is too large.", "0x80043e09")
    note["filesize"] = len(content)


# --- deleting ----------------------------------------------------------------------------------------------


def delete(state: State, table: Table, id: str) -> None:
    """A record is gone: lookups to it are empty, and what belongs to it goes with it. Raises Refusal 404."""
    if table.read_only:
        raise not_allowed("DELETE", f"/{table.set}")
    state.need(table.name, id)
    here: Reference = (table.name, id)
    for party in list(state.with_value("activityparty", "activityid", here)):
        state.put("activityparty", party["activitypartyid"], None)
    for note in list(state.with_value("annotation", "objectid", here)):
        state.put("annotation", note["annotationid"], None)
    if state.quirks.contact_deleted == "cascade":
        for name, one in state.tables.items():
            if one.activity and not one.read_only:
                for row in list(state.with_value(name, "regardingobjectid", here)):
                    delete(state, one, row[one.id])
    _unlink(state, here)
    state.put(table.name, id, None)


def _unlink(state: State, here: Reference) -> None:
    for name, other in state.tables.items():
        if name not in state.rows:
            continue
        for column in other.columns.values():
            if here[0] not in column.targets:
                continue
            for row in list(state.with_value(name, column.name, here)):
                changed = {**row, column.name: None}
                if name == "activityparty":
                    changed["ispartydeleted"] = True
                state.put(name, row[other.id], changed)
