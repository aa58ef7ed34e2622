"""Documents, uploaded in three steps (apis A2, "Document upload")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from firstcontact.testing.simulators.clio.communications import (
    PROPERTY_FILTERS,
    merged_properties,
    property_views,
)
from firstcontact.testing.simulators.clio.contacts import contact_view
from firstcontact.testing.simulators.clio.errors import ClioError, invalid
from firstcontact.testing.simulators.clio.practice import matter_view
from firstcontact.testing.simulators.clio.resource import Asked, Resource, by_id, reference, stored
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.state import SECOND, Record, State, read_time, written_time

UPLOAD_SECONDS = 600
"""A signed address ends after ten minutes, as the specification says of parts of large files."""
_SIGNED = "x-upload-signature"
_PARENTS: Mapping[str, str] = {"Contact": "contacts", "Matter": "matters"}


def document_view(state: State, record: Record, asked: Asked) -> View:
    """A document and its version (apis A2, "Document upload")."""
    values = record.values
    matter, contact = state.get("matters", values["matter"]), state.get("contacts", values["contact"])
    creator = state.get("users", values["creator"])
    return {
        **record.base(),
        "type": "Document",
        "locked": False,
        "name": values["name"],
        "received_at": values["received_at"] and written_time(values["received_at"]),
        "filename": values["filename"],
        "size": len(state.uploads.get(values["uuid"], b"")),
        "content_type": values["content_type"],
        "matter": matter and (lambda: matter_view(state, matter, asked)),
        "contact": contact and (lambda: contact_view(state, contact, asked)),
        "creator": creator and {**creator.base(), "name": creator.values["name"], "type": "User"},
        "latest_document_version": _version(state, record, asked),
        "external_properties": property_views(record),
    }


def _version(state: State, record: Record, asked: Asked) -> View:
    values = record.values
    waiting = not values["fully_uploaded"]
    return {
        **record.base(),
        "document_id": record.id,
        "uuid": values["uuid"],
        "filename": values["filename"],
        "size": len(state.uploads.get(values["uuid"], b"")),
        "version_number": 1,
        "content_type": values["content_type"],
        "received_at": values["received_at"] and written_time(values["received_at"]),
        "fully_uploaded": values["fully_uploaded"],
        "put_url": f"{asked.base}/uploads/{values['uuid']}" if waiting else None,
        "put_headers": [{"name": name, "value": value} for name, value in _headers(record)]
        if waiting
        else [],
    }


def _headers(record: Record) -> list[tuple[str, str]]:
    """What has to be sent along with the bytes."""
    signature = sha256(record.values["uuid"].encode()).hexdigest()
    return [("Content-Type", record.values["content_type"]), (_SIGNED, signature)]


def save_document(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Makes one, or says that its bytes are there. Raises ClioError 422."""
    values = dict(record.values) if record else _new_document(state, asked)
    plain = ("name", "content_type", "communication_id", "filename")
    values.update({name: data[name] for name in plain if name in data})
    values["filename"] = values.get("filename") or values["name"]
    if "received_at" in data:
        values["received_at"] = data["received_at"] and read_time(data["received_at"])
    if values["communication_id"] is not None:
        reference(state, "communications", {"id": values["communication_id"]}, "communication")
    if "parent" in data:
        values.update(_parent(state, data["parent"]))
    given = data.get("external_properties") or ()
    values["external_properties"] = merged_properties(state, values["external_properties"], given)
    if "uuid" in data or "fully_uploaded" in data:
        if data.get("uuid") != values["uuid"] or values["uuid"] not in state.uploads:
            raise invalid("the version was not uploaded")
        values["fully_uploaded"] = bool(data.get("fully_uploaded"))
    saved = stored(state, record, "documents", values)
    state.index(saved, _texts(state, saved))
    return saved


def _new_document(state: State, asked: Asked) -> dict[str, Any]:
    uuid = sha256(f"document {state.new_id()}".encode()).hexdigest()[:32]
    return {
        "uuid": uuid,
        "fully_uploaded": False,
        "content_type": "application/octet-stream",
        "received_at": None,
        "communication_id": None,
        "external_properties": [],
        "contact": None,
        "matter": None,
        "creator": asked.user.id,
    }


def _parent(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    kind = _PARENTS.get(given.get("type") or "")
    if kind is None:
        raise invalid("data.parent must be a Contact or a Matter here")
    found = reference(state, kind, given, given["type"])
    return {"contact": None, "matter": None, given["type"].lower(): found}


def put_bytes(state: State, uuid: str, headers: Mapping[str, str], content: bytes) -> None:
    """The second step: the bytes, with every header that was given. Raises ClioError 400, 403, 404."""
    if "authorization" in headers:
        # The address is signed and the storage is somebody else's: our login has no business there.
        raise ClioError(400, "the storage takes no other permission than the signature of the address")
    for record in state.all("documents"):
        if record.values["uuid"] == uuid and not record.values["fully_uploaded"]:
            if any(headers.get(name) != value for name, value in _headers(record)):
                raise ClioError(403, "the headers of the upload are not those that were given")
            if state.clock() > record.created + UPLOAD_SECONDS * SECOND:
                raise ClioError(403, "the address of the upload has expired")
            state.uploads[uuid] = content
            return
    raise ClioError(404, "there is no such upload")


def _texts(_state: State, record: Record) -> Iterator[str]:
    yield record.values["name"]


def _unfinished(record: Record, asked: Asked) -> bool:
    shown = asked.params.get("show_uncompleted", ("false",))[-1] == "true"
    return not record.values["fully_uploaded"] and not shown


DOCUMENTS = Resource(
    kind="documents",
    type="Document",
    view=document_view,
    save=save_document,
    texts=_texts,
    hidden=_unfinished,
    filters={**PROPERTY_FILTERS, "contact_id": by_id("contact"), "matter_id": by_id("matter")},
    others=frozenset({"external_property_value", "show_uncompleted"}),
    orders={
        "name": lambda record: record.values["name"],
        "created_at": lambda record: record.created,
        "updated_at": lambda record: record.updated,
        "received_at": lambda record: record.values["received_at"] or 0,
    },
)
