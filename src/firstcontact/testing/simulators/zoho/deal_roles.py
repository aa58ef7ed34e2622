"""Contacts of deals and their roles (the specification's deal_contact_roles and contact_roles)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.zoho import listing
from firstcontact.testing.simulators.zoho.errors import ZohoError, lacking, no_such_record
from firstcontact.testing.simulators.zoho.showing import fields_asked, shown
from firstcontact.testing.simulators.zoho.state import Record, State
from firstcontact.testing.simulators.zoho.writing import rows

ROLES: Mapping[str, str] = {
    "5110000000000000031": "Decision Maker",
    "5110000000000000032": "Purchasing",
    "5110000000000000033": "Developer/Evaluator",
}


def all_roles() -> dict[str, Any]:
    """`GET /Contacts/roles`: the names that there are."""
    known = enumerate(ROLES.items(), 1)
    return {"contact_roles": [{"id": id, "name": name, "sequence_number": n} for n, (id, name) in known]}


def listed(state: State, deal: Record, params: Mapping[str, str]) -> dict[str, Any]:
    """`GET /Deals/{id}/Contact_Roles`: contacts with what was asked of them. Raises ZohoError, Nothing."""
    listing.known_parameters(params, frozenset({"fields"}))
    if not params.get("fields"):
        raise lacking("fields")
    given = [name.strip() for name in params["fields"].split(",")]
    asked = ",".join(name for name in given if name != "Contact_Role") or "id"
    names = fields_asked(state.modules["Contacts"], asked, needed=True)
    found = []
    for id, role in state.roles.get(deal.id, {}).items():
        contact = state.get("Contacts", id)
        if contact is not None:
            told = {"name": ROLES[role], "id": role} if role else None
            found.append({**shown(state, contact, names), "Contact_Role": told})
    if not found:
        raise listing.Nothing(204)
    info = {"per_page": 200, "count": len(found), "page": 1, "more_records": False}
    tokens = dict.fromkeys(("next_page_token", "previous_page_token", "page_token_expiry"))
    return {"data": found, "info": {**info, **tokens}}


def associate(state: State, deal: Record, contact_id: str, body: Any) -> dict[str, Any]:
    """`PUT /Deals/{id}/Contact_Roles/{contact}`: made, or given another role. Raises ZohoError."""
    given = rows(body, one=True)[0].get("Contact_Role")
    contact = state.get("Contacts", contact_id)
    if contact is None:
        raise no_such_record(3)
    state.roles.setdefault(deal.id, {})[contact.id] = _role(given)
    return _done(contact_id, "relation updated")


def _role(given: Any) -> str:
    known = given if isinstance(given, Mapping) else {}
    for id, name in ROLES.items():
        if known.get("id") == id or known.get("name") == name:
            return id
    details = {"api_name": "Contact_Role", "json_path": "$.data[0].Contact_Role"}
    raise ZohoError(400, "INVALID_DATA", "invalid data", details)


def dissociate(state: State, deal: Record, contact_id: str) -> dict[str, Any]:
    """`DELETE /Deals/{id}/Contact_Roles/{contact}`. Raises ZohoError."""
    if state.roles.get(deal.id, {}).pop(contact_id, None) is None:
        raise no_such_record(3)
    return _done(contact_id, "relation removed")


def _done(id: str, message: str) -> dict[str, Any]:
    return {"data": [{"code": "SUCCESS", "details": {"id": id}, "message": message, "status": "success"}]}
