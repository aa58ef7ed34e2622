"""What belongs to a contact of Clio: looked up, and moved to another contact.

No list of Clio's names everything that is on a contact, so each resource is asked by its own parameter
(apis A2; the specification). Calendar entries cannot be asked for by who attends: those are read that were
written since the contact was made, before which none can name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from firstcontact.connectors.clio import activities, marks
from firstcontact.connectors.clio.client import Api, Row
from firstcontact.connectors.clio.mapping import foreign_values
from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.times import iso, micros

Body = dict[str, Any]
Rewrite = Callable[[str, str, Callable[[Row], Body]], None]
"""Reads a record (its path, the fields wanted) and writes what the function makes of it; again where somebody
was quicker."""
_MATTER = "id,etag,client{id},relationships{id,description}"
_RELATION = "id,description,contact{id},matter{id}"
_DOCUMENT = "id,etag,contact{id},external_properties{id,name,value}"
_TASK = "id"


class Held(msgspec.Struct, frozen=True):
    """One record that is on a contact. about: what it is called, for a person. ours: we logged it."""

    about: str
    path: str
    row: Row
    ours: bool = False


class Belongings:
    """What is on the contacts of one connection. Every method raises TryAgain, AuthLapsed, Refused."""

    def __init__(self, api: Api, rewrite: Rewrite) -> None:
        self._api = api
        self._rewrite = rewrite

    def fixed(self, contact: Row) -> list[str]:
        """What is on a contact and cannot be moved, each by its name: notes, which Clio lets nobody put
        elsewhere; tasks; the firm's own custom fields; and what names the contact in such a field."""
        id = str(contact["id"])
        found = [f"a value in the custom field {name!r}" for name in foreign_values(contact)]
        if self._api.rows("notes", "id", {"type": "Contact", "contact_id": id}):
            found.append("notes")
        if self._api.rows("tasks", _TASK, {"assignee_id": id, "assignee_type": "Contact"}):
            found.append("tasks")
        for field in self._api.rows(
            "custom_fields", "id,name,parent_type,deleted", {"field_type": "contact"}
        ):
            resource = "matters" if str(field.get("parent_type")).lower() == "matter" else "contacts"
            asked = {f"custom_field_values[{field['id']}]": id}
            if not field.get("deleted") and self._api.rows(resource, "id", asked):
                found.append(f"{resource} that name it in {field.get('name')!r}")
        return found

    def all(self, contact: Row) -> Iterator[Held]:
        """What is on a contact and can be moved."""
        id = str(contact["id"])
        for row in self._api.rows("communications", activities.COMMUNICATION, {"contact_id": id}):
            yield Held("a communication", f"communications/{row['id']}", row, _ours(row))
        for row in self._api.rows("matters", _MATTER, {"client_id": id, "status": "open,pending,closed"}):
            yield Held("a matter", f"matters/{row['id']}", row)
        for row in self._api.rows("relationships", _RELATION, {"contact_id": id}):
            yield Held("a relationship to a matter", "relationships", row)
        for row in self._api.rows("documents", _DOCUMENT, {"contact_id": id, "show_uncompleted": "true"}):
            yield Held("a document", f"documents/{row['id']}", row, _ours(row))
        since = {"updated_since": iso(micros(contact.get("created_at")))}
        for row in self._api.rows("calendar_entries", activities.ENTRY, since):
            if _attends(row, id):
                yield Held("a meeting", f"calendar_entries/{row['id']}", row, _ours(row))

    def move(self, held: Held, loser: str, survivor: str) -> None:
        """Put one thing onto the other contact. Doing it again changes nothing. Raises Lost too."""
        kind = held.path.partition("/")[0]
        if kind == "communications":
            self._rewrite(held.path, activities.COMMUNICATION, lambda row: _sides(row, loser, survivor))
        elif kind == "calendar_entries":
            self._rewrite(held.path, activities.ENTRY, lambda row: _attendees(row, loser, survivor))
        elif kind == "matters":
            self._rewrite(held.path, _MATTER, lambda row: _client(row, loser, survivor))
        elif kind == "documents":
            self._rewrite(held.path, _DOCUMENT, lambda row: _parent(row, loser, survivor))
        else:
            self._relate(held.row, survivor)

    def _relate(self, relation: Row, survivor: str) -> None:
        """A relationship is changed through its matter, which is the way that the specification has. Where
        the survivor has the same one already, this one goes."""
        matter = relation.get("matter")
        if not isinstance(matter, Mapping):
            raise Rejected("A relationship of this contact names no matter.", ("relationships",))
        theirs = self._api.rows(
            "relationships", _RELATION, {"contact_id": survivor, "matter_id": matter["id"]}
        )
        twice = any(one.get("description") == relation.get("description") for one in theirs)
        one = {"id": relation["id"], **({"_destroy": True} if twice else {"contact": {"id": int(survivor)}})}

        def change(row: Row) -> Body:
            there = {each.get("id") for each in row.get("relationships") or ()}
            return {"relationships": [one]} if relation["id"] in there else {}

        self._rewrite(f"matters/{matter['id']}", _MATTER, change)


def _ours(row: Row) -> bool:
    return marks.PROPERTY_KEY in activities.external(row)


def _is(person: Row, id: str) -> bool:
    return str(person.get("id")) == id and person.get("type") != "User"


def _attends(row: Row, id: str) -> bool:
    return any(one.get("type") != "Calendar" and _is(one, id) for one in row.get("attendees") or ())


def _sides(row: Row, loser: str, survivor: str) -> Body:
    body: Body = {}
    for side in ("senders", "receivers"):
        people = row.get(side) or ()
        if any(_is(one, loser) for one in people):
            gone = {"id": int(loser), "type": "Contact", "_deleted": True}
            there = any(_is(one, survivor) for one in people)
            body[side] = [*([] if there else [{"id": int(survivor), "type": "Contact"}]), gone]
    return body


def _attendees(row: Row, loser: str, survivor: str) -> Body:
    if not _attends(row, loser):
        return {}
    gone = {"id": int(loser), "type": "Contact", "_destroy": True}
    new = [] if _attends(row, survivor) else [{"id": int(survivor), "type": "Contact"}]
    return {"attendees": [*new, gone], "send_email_notification": False}


def _client(row: Row, loser: str, survivor: str) -> Body:
    client = row.get("client")
    theirs = isinstance(client, Mapping) and str(client.get("id")) == loser
    return {"client": {"id": int(survivor)}} if theirs else {}


def _parent(row: Row, loser: str, survivor: str) -> Body:
    contact = row.get("contact")
    theirs = isinstance(contact, Mapping) and str(contact.get("id")) == loser
    return {"parent": {"id": int(survivor), "type": "Contact"}} if theirs else {}
