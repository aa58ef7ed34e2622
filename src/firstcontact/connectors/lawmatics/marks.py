"""The places in Lawmatics that our marks are kept in: custom fields of contacts, and the last line of
texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from firstcontact.connectors.lawmatics.client import EVERYTHING, Api
from firstcontact.connectors.toolkit.own_fields import CustomField, OwnFields
from firstcontact.connectors.toolkit.times import iso, micros

KEY = "FirstContact key"
CREATED = "Created by FirstContact"
PLACEHOLDER = "FirstContact placeholder"
INTERACTION = "FirstContact interaction"
STATE = "FirstContact state"
DEPARTMENT = "FirstContact department"
SENIORITY = "FirstContact seniority"
PERSONA = "FirstContact persona"

TEXTS: Mapping[str, str] = {"department": DEPARTMENT, "seniority": SENIORITY, "persona": PERSONA}
"""What Lawmatics' contacts have no field for, by our name of it."""
CUSTOM_FIELDS: Mapping[str, str] = {
    KEY: "string",
    CREATED: "boolean",
    PLACEHOLDER: "boolean",
    INTERACTION: "string",
    STATE: "string",
    DEPARTMENT: "string",
    SENIORITY: "string",
    PERSONA: "string",
}
"""Custom fields of contacts with their types. Only the key is needed to create; without another, its
mark or value is not left."""
VALUE_LIMIT = 255
"""Characters that a custom field of the type `string` surely holds."""
IDS_LIMIT = 1000
"""Characters that the ids in a mark may take."""
_LINE = re.compile(
    r"^FirstContact: (?:at:(\S+) )?([0-9a-f]{32}) (\w+) (\S+) (\S*)/(\d+) user:(\S+)"
    r"(?: state:(\w+))?((?: \S+)*)\s*$"
)


class CustomFields(OwnFields):
    """The firm's custom fields of contacts (apis A3, "Custom field"). Its methods raise TryAgain, Refused,
    Lost."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        def read() -> list[CustomField]:
            rows = [
                (str(row["id"]), row.get("attributes") or {}) for row in api.rows("custom_fields", EVERYTHING)
            ]
            return [
                CustomField(id, str(told.get("name")), str(told.get("field_type")))
                for id, told in rows
                if told.get("type") == "Contact"
            ]

        def make(name: str, type: str) -> None:
            api.create("custom_fields", {"name": name, "type": "Contact", "field_type": type})

        super().__init__(CUSTOM_FIELDS, read, make, now)


# --- the last line of an activity's text ------------------------------------------------------------------


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What Lawmatics has no field for. at: microseconds, 0 where the record has a time of its own. user: id
    of the user whose activity it is, since Lawmatics says whose login made it. more: how many ids were left
    out. state: how we left the activity, in digits; "" for one that was logged before that was kept."""

    key: str
    kind: str
    interactions: tuple[str, ...]
    at: int = 0
    direction: str = ""
    outcome: str = ""
    seconds: int = 0
    user: str = ""
    more: int = 0
    state: str = ""


def line(mark: Mark) -> str:
    """A mark as a line of text, which people see."""
    at = f"at:{iso(mark.at)} " if mark.at else ""
    what = f"{mark.kind} {mark.direction or '-'} {mark.outcome}/{mark.seconds}"
    ids = _ids_text(mark.interactions, mark.more)
    state = f" state:{mark.state}" if mark.state else ""
    return f"FirstContact: {at}{mark.key} {what} user:{mark.user or '-'}{state} {ids}".rstrip()


def read_line(text: str) -> Mark | None:
    """The mark that a line is; None for any other."""
    found = _LINE.match(text)
    if found is None:
        return None
    at, key, kind, direction, outcome, seconds, user, state, rest = found.groups()
    parts = rest.split()
    more = int(parts.pop()[1:]) if parts and re.fullmatch(r"\+\d+", parts[-1]) else 0
    return Mark(
        key=key,
        kind=kind,
        interactions=tuple(part.replace("%20", " ").replace("%25", "%") for part in parts),
        at=micros(at) if at else 0,
        direction="" if direction == "-" else direction,
        outcome=outcome,
        seconds=int(seconds),
        user="" if user == "-" else user,
        more=more,
        state=state or "",
    )


def written_id(id: str) -> str:
    """An id as it stands in a mark, without a space."""
    return id.replace("%", "%25").replace(" ", "%20")


def _ids_text(ids: Sequence[str], more: int) -> str:
    """Ids with a space between them; those that do not fit are counted, none is cut."""
    kept = [written_id(id) for id in ids]
    while kept and sum(map(len, kept)) + len(kept) > IDS_LIMIT:
        kept.pop()
        more += 1
    return " ".join([*kept, *([f"+{more}"] if more else [])])
