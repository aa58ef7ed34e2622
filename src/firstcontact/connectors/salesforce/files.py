"""PURE. Files that are put onto an activity."""

from __future__ import annotations

import base64

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.attachments import inline
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.planning.write import DocumentFields


def file_content(fields: DocumentFields) -> tuple[str, str] | None:
    """Name and content (base64) of a file: of an address that holds it (`data:`, RFC 2397), or a note where
    there is no address; None for an address elsewhere, which becomes a link."""
    name = clean(fields.name) or "file"
    if not fields.uri:
        note = f"The file {name} was not handed over with the interaction {fields.interaction}."
        return f"{name}.txt", base64.b64encode(clean(note).encode()).decode()
    if not fields.uri.startswith("data:"):
        return None
    content = inline(fields.uri)
    if content is None:
        raise Rejected(f"The file {name} cannot be read from its address.", ("uri",))
    return name, base64.b64encode(content).decode()
