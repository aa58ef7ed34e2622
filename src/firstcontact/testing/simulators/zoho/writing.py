"""Inserting, changing, deleting: each record has its own result (apis A4, "Create / upsert")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.testing.simulators.zoho import ours, values
from firstcontact.testing.simulators.zoho.errors import Refused, ZohoError, bad_body, bad_parameter, missing
from firstcontact.testing.simulators.zoho.relations import related
from firstcontact.testing.simulators.zoho.schema import Field
from firstcontact.testing.simulators.zoho.state import Record, State

MOST = 100
TRIGGERS = frozenset({"approval", "workflow", "blueprint", "pathfinder", "orchestration"})
Item = dict[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """How records are written: the version's forms, whether workflows are set off."""

    version: int
    fires: bool = True


def rows(body: Any, one: bool = False) -> list[dict[str, Any]]:
    """`data[]` of a body, up to 100 (apis A4). Raises ZohoError."""
    if not isinstance(body, Mapping):
        raise bad_body("data", "jsonobject", "$")
    if "data" not in body:
        raise missing("data")
    given = body["data"]
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given) or not given:
        raise bad_body("data", "jsonarray")
    most = 1 if one else MOST
    if len(given) > most:
        details = {"maximum_length": most, "api_name": "data", "json_path": "$.data"}
        raise ZohoError(400, "INVALID_DATA", "more records than a request holds", details)
    return given


def fires(body: Mapping[str, Any]) -> bool:
    """Whether workflows are set off: always, unless `trigger` leaves them out (apis A4). Raises ZohoError."""
    trigger = body.get("trigger")
    if trigger is None:
        return True
    if not isinstance(trigger, list) or not set(trigger) <= TRIGGERS:
        raise bad_body("trigger", "jsonarray")
    return "workflow" in trigger


def each(given: Sequence[dict[str, Any]], write: Callable[[dict[str, Any]], Item]) -> list[Item]:
    """The result of every record, in order: what is refused stops no other."""
    items = []
    for place, row in enumerate(given):
        try:
            items.append(write(row))
        except Refused as refused:
            items.append(refused.item(f"$.data[{place}]"))
    return items


def insert(state: State, module: str, row: Mapping[str, Any], asked: Asked) -> Item:
    """A new record. Raises Refused."""
    given = fields_of(state, module, row, asked)
    _complete(state, module, given)
    _unlike_others(state, module, given, None)
    record = state.add(module, given)
    _fired(state, record, "insert", asked)
    return success(state, record, "record added")


def update(state: State, module: str, record: Record | None, row: Mapping[str, Any], asked: Asked) -> Item:
    """A changed record. Raises Refused."""
    if record is None:
        raise Refused("INVALID_DATA", "the id given seems to be invalid", "id")
    if record.locked:
        raise Refused("RECORD_LOCKED", "the record is locked", "id", action="record_locking")
    given = fields_of(state, module, {k: v for k, v in row.items() if k != "id"}, asked, record)
    _complete(state, module, {**record.values, **given})
    _unlike_others(state, module, given, record)
    state.set(record, given)
    _fired(state, record, "update", asked)
    return success(state, record, "record updated")


def upsert(state: State, module: str, row: Mapping[str, Any], checks: Sequence[str], asked: Asked) -> Item:
    """A record that is there is changed, else it is made; which, `action` says (recorded). Raises Refused."""
    found, by = _same(state, module, row, checks)
    if found is None:
        item = insert(state, module, row, asked)
    else:
        item = update(state, module, found, row, asked)
    return {**item, "action": "insert" if found is None else "update", "duplicate_field": by}


def delete(state: State, module: str, id: str, asked: Asked) -> Item:
    """A record goes into the recycle bin. Raises Refused."""
    record = state.get(module, id)
    if record is None:
        raise Refused("INVALID_DATA", "record not deleted", id=id)
    if record.locked:
        raise Refused("RECORD_LOCKED", "the record is locked", id=id, action="record_locking")
    state.remove(record)
    _fired(state, record, "delete", asked)
    return gone(id)


def gone(id: str) -> Item:
    """The result of a deletion."""
    return {"code": "SUCCESS", "details": {"id": id}, "message": "record deleted", "status": "success"}


def success(state: State, record: Record, message: str) -> Item:
    """As recorded: id, times and people."""
    return {"code": "SUCCESS", "details": made(state, record), "message": message, "status": "success"}


def made(state: State, record: Record) -> dict[str, Any]:
    """When a record was made and changed, and by whom."""
    return {
        "Modified_Time": state.written(record.values["Modified_Time"]),
        "Modified_By": state.users[record.values["Modified_By"]].short(),
        "Created_Time": state.written(record.values["Created_Time"]),
        "id": record.id,
        "Created_By": state.users[record.values["Created_By"]].short(),
    }


# --- what is sent ----------------------------------------------------------------------------------------


def fields_of(
    state: State, module: str, row: Mapping[str, Any], asked: Asked, record: Record | None = None
) -> dict[str, Any]:
    """The values of a record that is sent. Raises Refused for what is unknown, or of the wrong kind."""
    known = state.modules[module].fields
    plain, pointing = related(state, module, row, asked.version, record)
    given: dict[str, Any] = dict(pointing)
    for name, value in plain.items():
        field = known.get(name)
        if field is None:
            raise Refused("INVALID_DATA", "the field api name given seems to be invalid", name)
        if field.computed:
            raise Refused("NOT_ALLOWED", "the field cannot be written", name)
        given[name] = values.checked(state, field, value)
    return given


def _complete(state: State, module: str, given: Mapping[str, Any]) -> None:
    for field in state.modules[module].fields.values():
        if field.required and given.get(field.name) is None:
            raise _lacking(field.name)
    for name in _layout(state, module, given):
        if given.get(name) is None:
            raise _lacking(name)
    start, end = given.get("Start_DateTime"), given.get("End_DateTime")
    if start is not None and end is not None and end <= start:
        raise Refused("INVALID_DATA", "the end must be after the start", "End_DateTime")


def _lacking(name: str) -> Refused:
    return Refused("MANDATORY_NOT_FOUND", "required field not found", name)


def _layout(state: State, module: str, given: Mapping[str, Any]) -> list[str]:
    """What the layout and the rules of activities demand beside the system (apis A4)."""
    quirks = state.quirks
    if module == "Leads":
        return ["Company"] if quirks.company == "needed" else []
    if module == "Contacts":
        return [ours.REQUIRED] if quirks.required_field == "enforced" else []
    if module == "Calls":
        needed = ["Outbound_Call_Status"] if given.get("Call_Type") == "Outbound" else []
        happened = given.get("Call_Type") != "Missed" and given.get("Outbound_Call_Status") != "Scheduled"
        return needed + (["Call_Duration"] if happened and quirks.call_duration == "needed" else [])
    return []


def _unlike_others(state: State, module: str, given: Mapping[str, Any], record: Record | None) -> None:
    """Unique fields are checked on every write (apis A4, "Create / upsert")."""
    for field in state.unique(module):
        holder = state.holder(module, field, given.get(field.name))
        if holder is not None and holder is not record:
            raise duplicate(state, field, holder)


def duplicate(state: State, field: Field, holder: Record) -> Refused:
    """DUPLICATE_DATA with the record that is there (apis A4)."""
    owner = state.users[holder.values["Owner"]]
    there = {
        "id": holder.id,
        "Owner": owner.short(),
        "module": {"api_name": holder.module, "id": state.modules[holder.module].fields["id"].id},
    }
    return Refused(
        "DUPLICATE_DATA",
        "duplicate data",
        field.name,
        id=holder.id,
        duplicate_record=there,
        more_records=False,
    )


def _same(
    state: State, module: str, row: Mapping[str, Any], checks: Sequence[str]
) -> tuple[Record | None, str | None]:
    """The record that an upsert means, and by which field: an id, the fields asked for in order, else what
    the system takes for the same, then unique fields (apis A4)."""
    if row.get("id"):
        return state.get(module, values.the_id(row["id"])), "id"
    system = state.modules[module].same
    unique = [field.name for field in state.unique(module)]
    for name in checks or [name for name in (system, *unique) if name]:
        wanted = row.get(name)
        for record in state.all(module) if wanted else ():
            if str(record.values.get(name, "")).casefold() == str(wanted).casefold():
                return record, name
    return None, None


def checks_of(state: State, module: str, body: Mapping[str, Any]) -> list[str]:
    """`duplicate_check_fields`: the system's or unique ones. Raises ZohoError."""
    names = body.get("duplicate_check_fields") or []
    allowed = {state.modules[module].same, *(field.name for field in state.unique(module))} - {""}
    if not isinstance(names, list):
        raise bad_body("duplicate_check_fields", "jsonarray")
    for name in names:
        if name not in allowed:
            raise bad_parameter(
                "duplicate_check_fields", f"{name} is no field by which records are told apart"
            )
    return names


def _fired(state: State, record: Record, action: str, asked: Asked) -> None:
    if asked.fires:
        state.fired.append((record.module, record.id, action))
    if record.module == "Events" and action != "delete" and record.values.get("$send_notification"):
        state.invited.append(record.id)
