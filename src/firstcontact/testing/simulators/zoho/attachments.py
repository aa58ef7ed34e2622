"""Files and links below a record (apis A4; the specification's attachments)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.zoho import listing, writing
from firstcontact.testing.simulators.zoho.errors import ZohoError, bad_body, bad_parameter
from firstcontact.testing.simulators.zoho.relations import PARENTS
from firstcontact.testing.simulators.zoho.showing import fields_asked, shown
from firstcontact.testing.simulators.zoho.state import Record, State

MOST_BYTES = 20 * 1024 * 1024
MOST_LINK = 2_000
_DISPOSITION = re.compile(r'(\w+\*?)="((?:[^"\\]|\\.)*)"')


def listed(state: State, record: Record, params: Mapping[str, str], fields_needed: bool) -> dict[str, Any]:
    """`GET /{module}/{id}/Attachments`. Raises ZohoError, Nothing."""
    listing.known_parameters(params, frozenset({"fields", "page", "per_page", "ids", "page_token"}))
    names = fields_asked(state.modules["Attachments"], params.get("fields"), fields_needed)
    page = listing.number(params, "page", 1)
    per_page = min(listing.number(params, "per_page", 200, 200), state.quirks.page_size)
    found = [one for one in state.all("Attachments") if one.values.get("Parent_Id") == record.id]
    part = found[(page - 1) * per_page : page * per_page]
    if not part:
        raise listing.Nothing(204)
    more = len(found) > page * per_page
    info = {"per_page": per_page, "count": len(part), "page": page, "more_records": more}
    return {"data": [shown(state, one, names) for one in part], "info": info}


def attach(
    state: State, record: Record, params: Mapping[str, str], content_type: str, content: bytes
) -> dict[str, Any]:
    """`POST /{module}/{id}/Attachments`: a `file`, or `attachmentUrl` with a `title`. Raises ZohoError."""
    if record.module not in PARENTS:
        raise ZohoError(
            400, "NOT_SUPPORTED", "records of this module take no files", {"module": record.module}
        )
    listing.known_parameters(params, frozenset({"attachmentUrl", "title"}))
    parts = read_multipart(content_type, content) if content_type.startswith("multipart/form-data") else {}
    link = params.get("attachmentUrl") or parts.get("attachmentUrl", ("", b""))[1].decode()
    title = params.get("title") or parts.get("title", ("", b""))[1].decode()
    common = {"Parent_Id": record.id, "$se_module": record.module}
    if link:
        if len(link) > MOST_LINK or not link.startswith(("http://", "https://")):
            raise bad_parameter("attachmentUrl")
        link_values = {"File_Name": title or link, "Size": "0", "$type": "Link URL", "$link_url": link}
        made = state.add("Attachments", {**common, **link_values})
        return {"data": [writing.success(state, made, "attachment uploaded successfully")]}
    if "file" not in parts:
        raise bad_body("file", "file")
    name, data = parts["file"]
    if len(data) > MOST_BYTES:
        raise ZohoError(413, "FILE_SIZE_EXCEEDED", "the file is too large", {"limit": MOST_BYTES})
    if not name or len(name) > 255:
        raise bad_body("file", "file")
    file = {"File_Name": name, "Size": str(len(data)), "$type": "File", "$file_id": f"file{state.new_id()}"}
    made = state.add("Attachments", {**common, **file})
    state.files[made.id] = data
    return {"data": [writing.success(state, made, "attachment uploaded successfully")]}


def one_of(state: State, record: Record, id: str) -> Record:
    """An attachment of this record. Raises ZohoError."""
    found = state.get("Attachments", id)
    if found is None or found.values.get("Parent_Id") != record.id:
        raise ZohoError(404, "INVALID_DATA", "the attachment is not there", {"resource_path_index": 3})
    return found


def read_multipart(content_type: str, content: bytes) -> dict[str, tuple[str, bytes]]:
    """The parts of a form by name: file name and bytes. Raises ZohoError."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise bad_body("file", "file")
    parts: dict[str, tuple[str, bytes]] = {}
    for raw in content.split(b"--" + match[1].encode())[1:-1]:
        head, _, data = raw.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        known = dict(_DISPOSITION.findall(head.decode("utf-8", "replace")))
        if "name" in known:
            file = re.sub(r"%22|\\(.)", lambda found: found[1] or '"', known.get("filename", ""))
            parts[known["name"]] = (file, data.removesuffix(b"\r\n"))
    return parts
