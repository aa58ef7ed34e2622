"""Writes and handles for the suite: invented people, `.example` addresses and 555-01xx numbers."""

from __future__ import annotations

from firstcontact.connectors.contract import Crm
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    DocumentFields,
    Existing,
    Fields,
    MergeFields,
    Receipt,
    Target,
    TimeEntryFields,
    Write,
    WriteKind,
    write_key,
)

NOON = 1_772_452_800_000_000
"""2026-03-02 12:00 UTC in microseconds."""
HOUR = 3_600_000_000
DAY = 24 * HOUR
JO = "jo@acme.example"
JO_PHONE = "+14155550123"
A_FILE = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"
"""A file that nobody has to serve (RFC 2397)."""


def handle(text: str) -> Handle:
    """One handle, read in the United States."""
    read = read_handle(text, "US")
    assert read is not None, f"the suite's own {text!r} is no handle"
    return read


def a_write(crm: Crm, kind: WriteKind, name: str, fields: Fields, target: Target | None = None) -> Write:
    """A write about the interaction `name`, with the key that its facts give."""
    key = write_key(crm.connection, kind, name, name)
    return Write(key=key, kind=kind, interaction=name, subject=name, fields=fields, target=target)


def new_contact(crm: Crm, name: str = "one", **fields: object) -> Write:
    """A write that makes a contact; by default Jo Diaz with an address and a number."""
    given = {"first_name": "Jo", "last_name": "Diaz", "emails": (JO,), "phones": (JO_PHONE,), **fields}
    return a_write(crm, "create_contact", name, ContactFields(interaction=name, **given))  # type: ignore[arg-type]


def update(crm: Crm, id: str, name: str = "update", **fields: object) -> Write:
    """A write that changes a contact."""
    target = Existing("contact", id)
    return a_write(crm, "update_contact", name, ContactFields(**fields), target)  # type: ignore[arg-type]


def a_merge(crm: Crm, loser: str, survivor: str, name: str = "merge") -> Write:
    """A write that merges one contact into another."""
    fields = MergeFields(loser=Existing("contact", loser))
    return a_write(crm, "merge_contacts", name, fields, Existing("contact", survivor))


def a_deletion(crm: Crm, id: str, name: str = "deletion") -> Write:
    """A write that deletes a contact."""
    return a_write(crm, "delete_contact", f"{name} {id}", ContactFields(), Existing("contact", id))


def an_activity(crm: Crm, name: str = "call", kind: str = "call", **fields: object) -> Write:
    """A write that logs an interaction, by default a call at noon that nobody is linked to."""
    given = {"at": NOON, "subject": "Call", "seconds": 60, "direction": "inbound", **fields}
    logged = ActivityFields(kind=kind, interactions=(name,), **given)  # type: ignore[arg-type]
    return a_write(crm, "log_activity", name, logged)


def changed_activity(crm: Crm, id: str, name: str, **fields: object) -> Write:
    """A write that updates an activity with a further interaction."""
    given = {"at": NOON, "subject": "Call", **fields}
    logged = ActivityFields(kind="call", interactions=(name,), **given)  # type: ignore[arg-type]
    return a_write(crm, "update_activity", name, logged, Existing("activity", id))


def no_activity(crm: Crm, id: str, name: str) -> Write:
    """A write that deletes an activity."""
    fields = ActivityFields(kind="call", interactions=(), at=0, subject="")
    return a_write(crm, "delete_activity", name, fields, Existing("activity", id))


def a_time_entry(crm: Crm, activity: str, name: str = "time") -> Write:
    """A write that makes a time entry of four minutes."""
    on = Existing("activity", activity)
    fields = TimeEntryFields(interaction=name, activity=on, at=NOON, seconds=240, billable=False)
    return a_write(crm, "time_entry", name, fields)


def a_document(crm: Crm, activity: str, name: str = "file") -> Write:
    """A write that puts a file onto an activity; the file is in the address itself."""
    on = Existing("activity", activity)
    fields = DocumentFields(
        interaction=name, activity=on, name="fax.pdf", content_type="application/pdf", uri=A_FILE
    )
    return a_write(crm, "document", name, fields)


def a_role(crm: Crm, opportunity: str, contact: str, name: str = "role") -> Write:
    """A write that makes a contact role."""
    fields = ContactRoleFields(opportunity=opportunity, contact=Existing("contact", contact))
    return a_write(crm, "contact_role", name, fields)


def a_removed_role(crm: Crm, opportunity: str, contact: str, name: str = "no role") -> Write:
    """A write that takes a contact role away."""
    fields = ContactRoleFields(opportunity=opportunity, contact=Existing("contact", contact))
    return a_write(crm, "remove_role", name, fields)


def an_account(crm: Crm, domain: str, name: str = "account") -> Write:
    """A write that makes an account from a domain."""
    return a_write(crm, "create_account", name, AccountFields(name="Acme", domain=domain))


def receipt(crm: Crm, write: Write) -> Receipt:
    """The receipt of one write that must succeed."""
    (outcome,) = crm.apply([write])
    assert isinstance(outcome, Receipt), f"{write.kind} was answered {outcome!r}"
    return outcome
