"""Files of faxes in Clio: made, uploaded, declared whole (apis A2, "Document upload").

The bytes are what the attachment's address gives to anybody: `https`, `http` or `data` (RFC 2397). Where it
gives nothing (a phone system that wants its own login), is one of a private network, or the fax is linked to
nobody and to no matter, so that the file would have no place in Clio, the address is put into the
communication's text instead.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import httpx2

from firstcontact.connectors.clio import activities, mapping, marks
from firstcontact.connectors.clio.client import Api, Refused, Row
from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.connectors.toolkit.http import Lost
from firstcontact.planning.write import DocumentFields, Receipt, Write

Rewrite = Callable[[str, str, Callable[[Row], dict[str, Any]]], None]
"""Reads a record (its path, the fields wanted) and writes what the function makes of it; again where somebody
was quicker."""
LIMIT = 25_000_000
"""Bytes that a file may have; a larger one stays where it is."""
SECONDS = 30.0
_MOST_MOVES = 5
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


def fetch(uri: str) -> bytes | None:
    """What an address gives to anybody who asks; None for nothing, or for too much.

    Who sends a fax record must not read what only our network can reach (a router, a cloud's metadata): every
    host on the way is a public one, by its name before it is asked and by its connection after.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme == "data":
        return _inline(uri)
    if scheme not in ("http", "https"):
        return None
    try:
        # With a transport of its own no proxy stands between, which would look names up for us.
        with httpx2.Client(transport=httpx2.HTTPTransport(), timeout=SECONDS) as client:
            for _ in range(_MOST_MOVES):
                parts = urlsplit(uri)
                if parts.scheme not in ("http", "https") or not _all_public(resolved(parts.hostname or "")):
                    return None
                with client.stream("GET", uri) as answer:
                    if not answer.has_redirect_location:
                        return _content(answer)
                    uri = urljoin(uri, answer.headers["Location"])
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError):
        pass
    return None


def resolved(host: str) -> list[str]:
    """The network addresses of a host. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether it is an address of the internet, not of this machine or of a private network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_global and not found.is_multicast


def _all_public(addresses: list[str]) -> bool:
    return bool(addresses) and all(is_public(address) for address in addresses)


def _content(answer: httpx2.Response) -> bytes | None:
    peer = answer.extensions["network_stream"].get_extra_info("server_addr")
    if not answer.is_success or not _all_public([str(peer[0])]):
        return None
    content = b""
    for part in answer.iter_bytes():
        content += part
        if len(content) > LIMIT:
            return None
    return content or None


def _inline(uri: str) -> bytes | None:
    head, comma, data = uri[len("data:") :].partition(",")
    if not comma:
        return None
    content = unquote_to_bytes(data)
    if head.lower().endswith(";base64"):
        try:
            content = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            return None
    return content if 0 < len(content) <= LIMIT else None


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
        "name": mapping.clean(fields.name)[: activities.SUBJECT_LIMIT] or "fax",
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
    line = mapping.clean(f"Attachment: {fields.name} {uri}".strip())
    body = str(row.get("body") or "")
    return {} if line in body else {"body": f"{body}\n{line}"}
