"""PURE. The fields of ours, as `doctor --fix` makes them (apis A1, "Adding custom fields")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.connectors.salesforce import shapes as names


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A field of ours: `on` names the type that it is defined on, `types` those that it is then found on."""

    on: str
    types: tuple[str, ...]
    name: str
    label: str
    metadata: Mapping[str, Any]
    needed: bool = True


def _key(on: str, *types: str, needed: bool = True) -> Own:
    metadata = {"type": "Text", "length": 64, "unique": True, "externalId": True, "caseSensitive": True}
    return Own(
        on=on,
        types=types or (on,),
        name=names.KEY,
        label="FirstContact key",
        metadata=metadata,
        needed=needed,
    )


def _text(length: int) -> Mapping[str, Any]:
    return {"type": "Text", "length": length}


_LONG = {"type": "LongTextArea", "length": 32768, "visibleLines": 4}
_FLAG = {"type": "Checkbox", "defaultValue": False}


def _on_activities(name: str, label: str, metadata: Mapping[str, Any]) -> list[Own]:
    """Task and Event share the fields of Activity; EmailMessage has its own."""
    shared = Own(on="Activity", types=("Task", "Event"), name=name, label=label, metadata=metadata)
    own = Own(
        on="EmailMessage", types=("EmailMessage",), name=name, label=label, metadata=metadata, needed=False
    )
    return [shared, own]


OWN: tuple[Own, ...] = (
    _key("Contact"),
    _key("Account"),
    _key("Activity", "Task", "Event"),
    _key("EmailMessage", needed=False),
    _key("ContentVersion", needed=False),
    *(
        Own(on="Contact", types=("Contact",), name=name, label=label, metadata=metadata, needed=needed)
        for name, label, metadata, needed in (
            (names.CREATED_BY_US, "Created by FirstContact", _FLAG, True),
            (names.PLACEHOLDER, "FirstContact placeholder", _FLAG, True),
            (names.EDITED, "Edited since FirstContact created it", _FLAG, False),
            (names.INTERACTION, "FirstContact interaction", _text(255), False),
            # Not a long text: a condition may not name one, and a look-up would take two requests.
            (names.OTHER_EMAILS, "Further e-mail addresses", _text(255), False),
            (names.OTHER_PHONES, "Further phone numbers", _text(255), False),
            (names.SENIORITY, "Seniority", _text(80), False),
            (names.PERSONA, "Persona", _text(80), False),
        )
    ),
    Own(
        on="Account",
        types=("Account",),
        name=names.DOMAINS,
        label="Further e-mail domains",
        metadata=_text(255),
        needed=False,
    ),
    *_on_activities(names.INTERACTIONS, "FirstContact interactions", _LONG),
    *_on_activities(names.KIND, "FirstContact kind", _text(20)),
    *_on_activities(names.RESULT, "Result", _text(40)),
    *_on_activities(names.AT, "Time of the interaction", {"type": "DateTime"}),
    *_on_activities(names.DIRECTION, "Direction", _text(20)),
    *_on_activities(names.RECORDING, "Recording", _text(255)),
    *_on_activities(names.TRANSCRIPT, "Transcript", _LONG),
    *_on_activities(names.WRITTEN, "FirstContact digests", _text(255)),
    Own(
        on="EmailMessage",
        types=("EmailMessage",),
        name=names.USER,
        label="User",
        metadata=_text(18),
        needed=False,
    ),
    Own(
        on="ContentVersion",
        types=("ContentVersion",),
        name=names.INTERACTIONS,
        label="FirstContact interactions",
        metadata=_LONG,
        needed=False,
    ),
)
