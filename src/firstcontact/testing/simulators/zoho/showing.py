"""Records as they are answered (keys and forms as recorded, apis F)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.zoho import values
from firstcontact.testing.simulators.zoho.errors import ZohoError, bad_parameter, lacking
from firstcontact.testing.simulators.zoho.schema import Field, Module
from firstcontact.testing.simulators.zoho.state import Record, State

MOST_FIELDS = 50


def fields_asked(module: Module, given: str | None, needed: bool) -> list[str] | None:
    """Names in `fields`; None where all are meant. Raises ZohoError."""
    if not given:
        if needed:
            raise lacking("fields")
        return None
    names = [name.strip() for name in given.split(",")]
    if len(names) > MOST_FIELDS:
        raise ZohoError(
            400, "LIMIT_EXCEEDED", "too many fields", {"limit": MOST_FIELDS, "param_name": "fields"}
        )
    for name in names:
        if name not in module.fields and name not in module.constants:
            raise bad_parameter("fields", f"{name} is no field of {module.name}")
    return names


def shown(state: State, record: Record, names: Sequence[str] | None) -> dict[str, Any]:
    """A record with these fields, or with all that an answer without `fields` has. The id is always there."""
    module = state.modules[record.module]
    if names is not None:
        known = {name: _one(state, module, record, name) for name in names}
        return {**known, "id": record.id}
    every = {name: _one(state, module, record, name) for name, field in module.fields.items() if field.shown}
    more = _converted(state, record) if record.module == "Leads" else {}
    return {**module.constants, **every, **more}


def _one(state: State, module: Module, record: Record, name: str) -> Any:
    field = module.fields.get(name)
    if field is None:
        return module.constants[name]
    return told(state, field, record)


def told(state: State, field: Field, record: Record) -> Any:
    """One value, in Zoho's form."""
    computed = _COMPUTED.get((record.module, field.name)) or _COMPUTED.get(("", field.name))
    if computed is not None:
        return computed(state, record)
    value = record.values.get(field.name)
    if field.type == "boolean":
        return bool(value)
    if field.type in ("jsonarray", "tag"):
        return value or []
    if value is None:
        return None
    if field.type == "datetime":
        return state.written(value)
    if field.type == "ownerlookup":
        user = state.users[value]
        return user.full()
    if field.type == "lookup":
        return looked_up(state, field, value)
    return value


def looked_up(state: State, field: Field, id: str) -> dict[str, Any] | None:
    """What a look-up shows: name and id."""
    record = state.get(field.module, id) if field.module else state.any(id)
    return {"name": state.name_of(record), "id": id} if record else None


def _full_name(state: State, record: Record) -> str:
    return state.name_of(record)


def _call_seconds(_state: State, record: Record) -> int | None:
    return values.seconds(record.values.get("Call_Duration"))


def _call_status(_state: State, record: Record) -> str:
    """Recorded: an inbound one was Received, an outbound one has its own status."""
    kind = record.values.get("Call_Type")
    if kind == "Outbound":
        return str(record.values.get("Outbound_Call_Status") or "Completed")
    return "Missed" if kind == "Missed" else "Received"


def _plan(_state: State, _record: Record) -> str:
    return "PLANNED"


def _se_module(_state: State, record: Record) -> str | None:
    there = record.values.get("What_Id") or record.values.get("Parent_Id")
    return record.values.get("$se_module") if there else None


_COMPUTED: Mapping[tuple[str, str], Any] = {
    ("", "Full_Name"): _full_name,
    ("Calls", "Call_Duration_in_seconds"): _call_seconds,
    ("Calls", "Call_Status"): _call_status,
    ("Events", "Check_In_Status"): _plan,
    ("", "$se_module"): _se_module,
}


def _converted(state: State, record: Record) -> dict[str, Any]:
    """A lead says whether it was converted, and into what."""
    if not record.values.get("Converted__s"):
        return {"$converted": False, "$converted_detail": {}}
    detail = {
        "convert_date": state.written(record.values["Converted_Date_Time"]),
        "contact": record.values.get("Converted_Contact"),
        "account": record.values.get("Converted_Account"),
        "deal": None,
    }
    return {"$converted": True, "$converted_detail": detail}
