"""PURE. What may be asked of Zoho CRM, and what a planned write points at there."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.contract import NotOffered, Rejected
from firstcontact.connectors.toolkit.writes import existing, fields_of
from firstcontact.connectors.zoho.activities import place_of
from firstcontact.connectors.zoho.shapes import TITLE, is_id
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    DocumentFields,
    Fields,
    MergeFields,
    Target,
    Write,
    WriteKind,
)

_FIELDS: Mapping[WriteKind, type[Fields]] = {
    "create_contact": ContactFields,
    "create_account": AccountFields,
    "update_contact": ContactFields,
    "log_activity": ActivityFields,
    "update_activity": ActivityFields,
    "delete_activity": ActivityFields,
    "document": DocumentFields,
    "merge_contacts": MergeFields,
    "delete_contact": ContactFields,
}
_ON_EXISTING = frozenset(
    {"update_contact", "update_activity", "delete_activity", "merge_contacts", "delete_contact"}
)
_MODULE = {"contact": "Contacts", "lead": "Leads", "account": "Accounts"}


def check(write: Write) -> None:
    """Raises NotOffered for what Zoho cannot do, as its capabilities say."""
    if write.kind not in _FIELDS:
        raise NotOffered(f"{TITLE} does not offer a {write.kind}")
    fields = fields_of(write, _FIELDS[write.kind])
    targets: list[Target | None] = [write.target] if write.kind in _ON_EXISTING else []
    if isinstance(fields, ActivityFields):
        if len(fields.people) > 1:
            raise NotOffered(f"an activity of {TITLE} is about one person")
        targets += fields.people
    for name in ("account", "activity"):
        if getattr(fields, name, None) is not None:
            targets.append(getattr(fields, name))
    for one in targets:
        existing(one)


def place(write: Write) -> tuple[str, str]:
    """Module and id of the record that a write changes."""
    on = existing(write.target)
    if write.kind in ("update_contact", "merge_contacts", "delete_contact"):
        return _MODULE.get(on.record, "Contacts"), on.id
    return place_of(on.id)


def target(given: Target, record: str) -> dict[str, str]:
    """A record that a field points at. Raises Rejected for what cannot be one."""
    id = existing(given).id
    if not is_id(id):
        raise Rejected(f"There is no {record} {id!r} in {TITLE}.", (record,))
    return {"id": id}


def check_links(fields: ActivityFields) -> None:
    """Raises Rejected for what cannot be a record of Zoho; it would spoil the request for all."""
    for person in fields.people:
        target(person, "people")
    if fields.account is not None:
        target(fields.account, "account")
    for name, id in (("opportunity", fields.opportunity), ("user", fields.user)):
        if id and not is_id(id):
            raise Rejected(f"There is no {name} {id!r} in {TITLE}.", (name,))
