"""Files of faxes in Clio: made, uploaded, declared whole (apis A2, "Document upload").

The bytes are what the attachment's address gives to anybody: `https`, `http` or `data` (RFC 2397). Where it
gives nothing (a phone system that wants its own login), is one of a private network, or the fax is linked to
nobody and to no matter, so that the file would have no place in Clio, the address is put into the
communication's text instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.connectors.clio import activities, marks
from firstcontact.connectors.clio.client import Api, Refused, Row
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.connectors.toolkit.attachments import fetch
from firstcontact.connectors.toolkit.http import Lost
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.planning.write import DocumentFields, Receipt, Write

Rewrite = Callable[[str, str, Callable[[Row], dict[str, Any]]], None]
"""Reads a record (its path, the fields wanted) and writes what the function makes of it; again where somebody
was quicker."""
DOCUMENT = "id,name,latest_document_version{id,fully_uploaded},external_properties{id,name,value}"
_MADE = "id,etag,latest_document_version{id,uuid,put_url,put_headers}"


def carry(
    api: Api, rewrite: Rewrite, write: Write, fields: DocumentFields, row: Row, again: bool, now: int
) -> Receipt:
    """Put the file beside the communication `row`. again: it may have been begun. Raises Refused, Lost,
    TryAgain, AuthLapsed."""
    activity = str(row["id"])
    parent = _parent(row)
    content = fetch(fields.uri) if parent else None
    if parent is None or content is None:
        place = f"communications/{activity}"
        rewrite(place, activities.COMMUNICATION, lambda now_there: _with_name(now_there, fields))
        return Receipt(write.key, activity, created=False, at=now)
    if again:
        _take_back(api, write.key)
    id = _upload(api, write, fields, activity, parent, content)
    return Receipt(write.key, id, created=True, at=now)


def whole(row: Row) -> bool:
    """Whether all of a document has arrived."""
    version = row.get("latest_document_version")
    return isinstance(version, Mapping) and bool(version.get("fully_uploaded"))


def bearing(api: Api, key: str) -> list[Row]:
    """Documents made by this write, those that never arrived too."""
    asked = {
        "external_property_name": marks.PROPERTY_KEY,
        "external_property_value": key,
        "show_uncompleted": "true",
    }
    return api.rows("documents", DOCUMENT, asked)


def _parent(row: Row) -> dict[str, Any] | None:
    matter = row.get("matter")
    if isinstance(matter, Mapping) and matter.get("id"):
        return {"id": matter["id"], "type": "Matter"}
    contacts = activities.contacts_on(row)
    return {"id": int(contacts[0]), "type": "Contact"} if contacts else None


def _upload(
    api: Api, write: Write, fields: DocumentFields, activity: str, parent: dict[str, Any], content: bytes
) -> str:
    data: dict[str, Any] = {
        "name": clean(fields.name)[: activities.SUBJECT_LIMIT] or "fax",
        "parent": parent,
        "communication_id": int(activity),
        "external_properties": [
            {"name": marks.PROPERTY_KEY, "value": write.key},
            {"name": marks.PROPERTY_INTERACTIONS, "value": fields.interaction[: marks.VALUE_LIMIT]},
        ],
    }
    if fields.content_type:
        data["content_type"] = fields.content_type
    made = api.create("documents", data, _MADE)
    version = made.get("latest_document_version") or {}
    headers = {str(one.get("name")): str(one.get("value")) for one in version.get("put_headers") or ()}
    try:
        api.put(str(version.get("put_url") or ""), headers, content)
        api.change(f"documents/{made['id']}", {"uuid": version.get("uuid"), "fully_uploaded": True})
    except (TryAgain, AuthLapsed) as again:
        raise Lost(f"{again} The document was begun.") from again
    return str(made["id"])


def _take_back(api: Api, key: str) -> None:
    """What was begun before and never arrived: its address for uploading has ended."""
    for row in bearing(api, key):
        if not whole(row):
            try:
                api.delete(f"documents/{row['id']}")
            except Refused as refused:
                if refused.status != 404:
                    raise


def _with_name(row: Row, fields: DocumentFields) -> dict[str, Any]:
    """What changes of a communication so that its text names the file; {} where it does."""
    uri = "" if fields.uri.startswith("data:") else fields.uri
    line = clean(f"Attachment: {fields.name} {uri}".strip())
    body = str(row.get("body") or "")
    if line in body:
        return {}
    return activities.with_properties(row, {"body": f"{body}\n{line}"}, activities.external(row))
