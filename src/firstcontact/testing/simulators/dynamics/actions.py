"""Functions and actions beside the tables: `WhoAmI`, `Merge` and their like (apis A5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from firstcontact.testing.simulators.dynamics import csdl
from firstcontact.testing.simulators.dynamics.batch import Answer
from firstcontact.testing.simulators.dynamics.calls import Call, answered
from firstcontact.testing.simulators.dynamics.merging import merge, qualify
from firstcontact.testing.simulators.dynamics.records import Caller
from firstcontact.testing.simulators.dynamics.refusals import bad, not_allowed, payload
from firstcontact.testing.simulators.dynamics.schema import Table
from firstcontact.testing.simulators.dynamics.state import State

_COUNTED = re.compile(r"RetrieveTotalRecordCount\(EntityNames=(?P<names>\[.*\])\)", re.DOTALL)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An environment: what it holds, our application user in it, its business unit and organization."""

    state: State
    user: str
    unit: str
    organization: str


def _who_am_i(place: Place, call: Call, caller: Caller) -> Answer:
    """`GET WhoAmI`: who this login is (Microsoft's reference of functions)."""
    if call.method != "GET" or call.path not in ("WhoAmI", "WhoAmI()"):
        raise not_allowed(call.method, call.path)
    told = {
        "@odata.context": f"{call.base}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
        "BusinessUnitId": place.unit,
        "UserId": caller.user,
        "OrganizationId": place.organization,
    }
    return answered(200, told)


def _count(place: Place, call: Call, _caller: Caller) -> Answer:
    """`RetrieveTotalRecordCount(EntityNames=['contact'])`: beyond what `$count` counts (Microsoft's reference
    of functions)."""
    asked = _COUNTED.fullmatch(call.path)
    if call.method != "GET" or asked is None:
        raise bad("RetrieveTotalRecordCount needs EntityNames.")
    names = re.findall(r"['\"](\w+)['\"]", asked["names"])
    if not names or any(name not in place.state.rows for name in names):
        raise bad("RetrieveTotalRecordCount: there is no such entity.")
    counts = [len(place.state.rows[name]) for name in names]
    told = {"Count": len(names), "IsReadOnly": False, "Keys": names, "Values": counts}
    where = f"{call.base}/$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse"
    return answered(200, {"@odata.context": where, "EntityRecordCountCollection": told})


def privileges(place: Place, call: Call) -> dict[str, Any]:
    """`RetrieveUserPrivileges`: all of those there are but for what our user lacks (Microsoft's reference
    of functions)."""
    rights = [
        f"prv{right}{name}"
        for name in sorted({table.privilege for table in place.state.tables.values()})
        for right in ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign")
    ]
    rights.append("prvActOnBehalfOfAnotherUser")
    return {
        "@odata.context": f"{call.base}/$metadata#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse",
        "RolePrivileges": [
            {"Depth": "Global", "PrivilegeName": right, "BusinessUnitId": place.unit}
            for right in rights
            if right not in place.state.quirks.forbidden
        ],
    }


def _merge(place: Place, call: Call, caller: Caller) -> Answer:
    """`POST /Merge`: as people do it (Microsoft's reference of actions)."""
    body = _parameters(call, {"Target", "Subordinate"}, {"UpdateContent", "PerformParentingChecks"})
    table, survivor = _named(place, body["Target"])
    other, loser = _named(place, body["Subordinate"])
    if other is not table:
        raise bad("Only records of one table can be merged.", "0x80040203")
    content = {name: one for name, one in (body.get("UpdateContent") or {}).items() if name != table.id}
    merge(place.state, table, loser, survivor, content, caller)
    return Answer(status=204)


def _qualify(place: Place, call: Call, caller: Caller) -> Answer:
    """`POST /QualifyLead` (Microsoft's reference of actions)."""
    needs = {"LeadId", "CreateAccount", "CreateContact", "CreateOpportunity"}
    body = _parameters(call, needs, {"Status"})
    _, lead = _named(place, body["LeadId"])
    contact = qualify(place.state, lead, caller, make=bool(body["CreateContact"]))
    rows = [{"@odata.type": "#Microsoft.Dynamics.CRM.contact", "contactid": contact}] if contact else []
    return answered(200, {"value": rows})


def _named(place: Place, given: Any) -> tuple[Table, str]:
    """A record by `@odata.type` and its id in an object. Raises Refusal 400, 404."""
    name = str((given or {}).get("@odata.type", "")).lstrip("#").removeprefix("Microsoft.Dynamics.CRM.")
    table = place.state.tables.get(name)
    if table is None or not isinstance(given.get(table.id), str):
        raise payload("", "a record needs @odata.type and its id.")
    place.state.need(table.name, given[table.id].lower())
    return table, given[table.id].lower()


def _metadata(place: Place, call: Call, _caller: Caller) -> Answer:
    """`GET $metadata` (apis A5: the navigation properties' names)."""
    if call.method != "GET" or call.path != "$metadata":
        raise not_allowed(call.method, call.path)
    content = csdl.document(place.state).encode()
    return Answer(status=200, headers={"Content-Type": "application/xml"}, content=content)


def _parameters(call: Call, needs: set[str], may: set[str]) -> Mapping[str, Any]:
    if call.method != "POST":
        raise not_allowed(call.method, call.path)
    body = call.body()
    if not isinstance(body, Mapping) or not needs <= set(body) <= needs | may:
        raise payload("", f"the action takes {', '.join(sorted(needs | may))}.")
    return body


ACTIONS: Mapping[str, Callable[[Place, Call, Caller], Answer]] = {
    "$metadata": _metadata,
    "WhoAmI": _who_am_i,
    "RetrieveTotalRecordCount": _count,
    "Merge": _merge,
    "QualifyLead": _qualify,
}


"""By the first segment of the path."""
