"""Files as attachments of an activity (apis A4; Zoho's page on attachments).

An attachment has no field of ours. Its name bears eight digits of the write key, so that a file that was put
there before an answer was lost is found and not put there twice.
"""

from __future__ import annotations

import re

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.attachments import fetch
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.zoho import mapping
from firstcontact.connectors.zoho.activities import place_of
from firstcontact.connectors.zoho.client import Api
from firstcontact.connectors.zoho.faults import SUCCESS, fault_of, outcome
from firstcontact.connectors.zoho.shapes import TITLE
from firstcontact.planning.write import DocumentFields, Existing, Receipt, Write

NAME = 100
"""Characters of a file's name that are kept."""
_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


def carry(api: Api, write: Write, fields: DocumentFields, now: int) -> Receipt:
    """Put a file onto its activity, or a link to it where nobody may fetch it. Raises Rejected, and what
    `Api.write` does."""
    assert isinstance(fields.activity, Existing)
    module, id = place_of(fields.activity.id)
    if not module:
        raise Rejected(f"{fields.activity.id!r} is no activity of {TITLE}.", ("activity",))
    name = marked(fields.name, write.key)
    there = api.listed(f"{module}/{id}/Attachments", "data", {"fields": "id,File_Name"})
    for row in there:
        if key_digits(write.key) in mapping.text(row, "File_Name"):
            return Receipt(write.key, mapping.text(row, "id"), False, now)
    body = api.write("POST", f"{module}/{id}/Attachments", **_content(name, fields))
    results = (body or {}).get("data") or [{}]
    if results[0].get("code") != SUCCESS:
        raise outcome(fault_of(results[0]), module, made=False)
    return Receipt(write.key, str(results[0]["details"]["id"]), True, now)


def _content(name: str, fields: DocumentFields) -> dict[str, object]:
    """The file itself; a note, where there is no address; or its address, where it gives us nothing."""
    if not fields.uri:
        note = f"The file {fields.name} was not handed over with the interaction {fields.interaction}."
        return {"files": {"file": (f"{name}.txt", clean(note).encode(), "text/plain")}}
    content = fetch(fields.uri)
    if content is not None:
        return {"files": {"file": (name, content, fields.content_type or "application/octet-stream")}}
    if fields.uri[:5].lower() == "data:":
        raise Rejected(f"The file {name} cannot be read from its address.", ("uri",))
    return {"params": {"attachmentUrl": fields.uri, "title": name}}


def key_digits(key: str) -> str:
    """What of a write key stands in a file's name."""
    return f"[{key[:8]}]"


def marked(name: str, key: str) -> str:
    """`fax.pdf` as `fax [1a2b3c4d].pdf`."""
    safe = _UNSAFE.sub("_", clean(name)).strip() or "file"
    stem, dot, ending = safe.rpartition(".")
    if not dot or not stem:
        stem, ending = safe, ""
    return f"{stem[:NAME]} {key_digits(key)}{dot if ending else ''}{ending}"
