"""What records point at by `Who_Id`, `What_Id` with `$se_module`, and `Parent_Id` (apis A4, "Activities")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.zoho.errors import Refused
from firstcontact.testing.simulators.zoho.schema import ACTIVITIES
from firstcontact.testing.simulators.zoho.state import Record, State
from firstcontact.testing.simulators.zoho.values import the_id

WHAT = ("Accounts", "Deals", "Leads")
PARENTS = ("Contacts", "Leads", "Accounts", "Deals", *ACTIVITIES)
_V8 = 8


def related(
    state: State, module: str, row: Mapping[str, Any], version: int, record: Record | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row without what points elsewhere, and that. Raises Refused."""
    if module in ACTIVITIES:
        return _about(state, row, record)
    if module == "Notes":
        return _on(state, row, version, record)
    return dict(row), {}


def _about(
    state: State, row: Mapping[str, Any], record: Record | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`What_Id` needs the module it is of; a lead stands there, with nobody in `Who_Id` (apis A4)."""
    plain = {name: value for name, value in row.items() if name not in ("What_Id", "$se_module")}
    before = record.values if record else {}
    if "What_Id" not in row:
        return plain, {}
    if not row["What_Id"]:
        return plain, {"What_Id": None, "$se_module": None}
    module = row.get("$se_module") or before.get("$se_module")
    if not module:
        raise Refused("MANDATORY_NOT_FOUND", "required field not found", "$se_module")
    if module not in WHAT:
        raise Refused("INVALID_DATA", "invalid data", "$se_module", supported_values=list(WHAT))
    id = the_id(row["What_Id"])
    if id is None:
        raise Refused("INVALID_DATA", "invalid data", "What_Id", expected_data_type="jsonobject")
    if state.get(module, id) is None:
        raise Refused("INVALID_DATA", "the related id given seems to be invalid", "What_Id")
    who = row["Who_Id"] if "Who_Id" in row else before.get("Who_Id")
    if module == "Leads" and who:
        raise Refused("INVALID_DATA", "an activity of a lead has no contact", "Who_Id")
    return plain, {"What_Id": id, "$se_module": module}


def _on(
    state: State, row: Mapping[str, Any], version: int, record: Record | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a note is on: v8 names its module within `Parent_Id`, v2 beside it (recorded)."""
    plain = {k: v for k, v in row.items() if k not in ("Parent_Id", "se_module", "$se_module")}
    if "Parent_Id" not in row:
        return plain, {"Parent_Id": record.values["Parent_Id"]} if record else {}
    parent = row["Parent_Id"]
    inner = parent.get("module") if isinstance(parent, Mapping) else None
    module = inner.get("api_name") if isinstance(inner, Mapping) else None
    if module is None and (version < _V8 or state.quirks.note_parent == "both"):
        module = row.get("se_module") or row.get("$se_module")
    if module is None:
        raise Refused(
            "MANDATORY_NOT_FOUND", "required field not found", "module" if version >= _V8 else "se_module"
        )
    if module not in PARENTS or state.get(module, the_id(parent)) is None:
        raise Refused("INVALID_DATA", "the related id given seems to be invalid", "Parent_Id")
    return plain, {"Parent_Id": the_id(parent), "$se_module": module}
