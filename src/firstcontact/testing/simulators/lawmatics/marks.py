"""Where our marks are in Lawmatics: custom fields of contacts, and a line in the text of what is logged.

The line: `FirstContact: [at:TIME] KEY KIND DIRECTION RESULT/SECONDS user:ID [state:…] INTERACTIONS…`, `-` for
what is empty (README.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from firstcontact.testing.simulators.lawmatics.state import Record, State, read_time

KEY = "FirstContact key"
CREATED = "Created by FirstContact"
PLACEHOLDER = "FirstContact placeholder"
INTERACTION = "FirstContact interaction"
STATE = "FirstContact state"
TEXTS = {name: f"FirstContact {name}" for name in ("department", "seniority", "persona")}
FIELDS: Mapping[str, str] = {
    KEY: "string",
    CREATED: "boolean",
    PLACEHOLDER: "boolean",
    INTERACTION: "string",
    STATE: "string",
    **dict.fromkeys(TEXTS.values(), "string"),
}
"""Our custom fields of contacts, with their types."""
LINE = "FirstContact: "
_ADDED: Mapping[str, str] = {"Recording: ": "recording", "Transcript: ": "transcript"}
_PHONE = "Matter Phone: "


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says of what was logged. at: microseconds, or None. seconds: None where nothing is said."""

    at: int | None = None
    key: str = ""
    kind: str = ""
    direction: str | None = None
    outcome: str | None = None
    seconds: int | None = None
    user: str | None = None
    interactions: tuple[str, ...] = ()


def read(text: str | None) -> tuple[str, Mark, dict[str, str]]:
    """A text without our line, what the line says, and what stands in lines of their own (recording,
    transcript). What Lawmatics put behind is left out too. Without our line the text is as it is."""
    lines = (text or "").split("\n")
    places = [place for place, line in enumerate(lines) if line.startswith(LINE)]
    if not places:
        return text or "", Mark(), {}
    behind = [line for line in lines[places[-1] + 1 :] if not line.startswith(_PHONE)]
    kept = [*lines[: places[-1]], *behind]
    added: dict[str, str] = {}
    while kept and (not kept[-1] or any(kept[-1].startswith(head) for head in _ADDED)):
        head = next((head for head in _ADDED if kept[-1].startswith(head)), "")
        if head:
            added[_ADDED[head]] = kept[-1].removeprefix(head)
        kept.pop()
    return "\n".join(kept), _mark(lines[places[-1]].removeprefix(LINE).split(" ")), added


def _mark(parts: list[str]) -> Mark:
    at = read_time(parts.pop(0).removeprefix("at:")) if parts[0].startswith("at:") else None
    parts = [*parts, *["-"] * (5 - len(parts))]
    key, kind, direction, result, user = parts[:5]
    if parts[5:] and parts[5].startswith("state:"):
        del parts[5]
    outcome, _, seconds = result.rpartition("/")
    ids = [unquote(word) for word in parts[5:] if word and not word.startswith("+")]
    return Mark(
        at=at,
        key=key,
        kind=kind,
        direction=_said(direction),
        outcome=_said(outcome),
        seconds=int(seconds) if seconds.isdecimal() else None,
        user=_said(user.removeprefix("user:")),
        interactions=tuple(id for id in ids if id != "-"),
    )


def _said(text: str) -> str | None:
    return text if text not in ("", "-") else None


def of_contact(state: State, contact: Record) -> dict[str, Any]:
    """Our custom fields of a contact, by name."""
    held = contact.values.get("custom", {})
    fields = {one.id: one.values["name"] for one in state.all("custom_fields")}
    return {fields[id]: value for id, value in held.items() if id in fields}
