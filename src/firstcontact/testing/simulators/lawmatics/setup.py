"""What a firm sets up: custom fields and their values, users, tags, event types (apis A3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.lawmatics.errors import invalid
from firstcontact.testing.simulators.lawmatics.kind import Attribute, Kind, to_user
from firstcontact.testing.simulators.lawmatics.state import Record, State, read_time, written_time

FIELD_TYPES = (
    "integer",
    "boolean",
    "string",
    "text",
    "currency",
    "date",
    "time",
    "datetime",
    "list",
    "lookup",
    "multi_picklist",
)
_PARENTS: Mapping[str, str] = {
    "matter": "Prospect",
    "prospect": "Prospect",
    "contact": "Contact",
    "company": "Company",
    "client": "Client",
    "practicearea": "PracticeArea",
}
_PLAIN: Mapping[str, Attribute] = {"created_at": "time", "updated_at": "time"}

# --- custom fields and their values --------------------------------------------------------------------


def _save_field(state: State, record: Record | None, data: dict[str, Any], _user: Record) -> Record:
    values = {"visibility": "default", **(record.values if record else {}), **data}
    if "type" in data:
        values["type"] = _PARENTS[data["type"]]
    if values["field_type"] in ("list", "multi_picklist") and len(values.get("list_options") or ()) < 2:
        raise invalid("list_options needs two options at least")
    if "list_options" in data:
        values["list_options"] = [
            {"id": n + 1, "name": one} for n, one in enumerate(data["list_options"] or ())
        ]
    if record is None:
        return state.add("custom_fields", values)
    record.values.update(values)
    state.touch(record)
    return record


CUSTOM_FIELDS = Kind(
    path="custom_fields",
    type="custom_field",
    what="Custom Field",
    attributes={
        "name": "text",
        "field_type": "text",
        "visibility": "text",
        "type": "text",
        "list_options": "whole",
        **_PLAIN,
    },
    shown=("name", "field_type", "visibility", "type", "list_options", "created_at", "updated_at"),
    create={
        "*name": "text",
        "*type": tuple(_PARENTS),
        "*field_type": FIELD_TYPES,
        "visibility": ("starred", "hidden", "default"),
        "list_options": ["text"],
        "lookup_type": "text",
        "practice_area": "text",
    },
    update={
        "name": "text",
        "type": tuple(_PARENTS),
        "field_type": FIELD_TYPES,
        "visibility": ("starred", "hidden", "default"),
        "list_options": ["text"],
    },
    save=_save_field,
    remove=lambda state, record: state.remove(record),
)
"""`/custom_fields` (apis A3, "Custom field")."""
VALUES = [{"*id": "id", "value": "any"}]
"""How values are sent: `custom_fields: [{id, value}]` (apis A3, "Create contact")."""


def set_values(state: State, values: dict[str, Any], given: Sequence[Mapping[str, Any]], parent: str) -> None:
    """Values of custom fields of a contact, matter or company; null clears one. Raises LawmaticsError 422."""
    custom = dict(values.get("custom", {}))
    for one in given:
        field = state.get("custom_fields", one["id"])
        if field is None or field.values["type"] != parent:
            raise invalid(f"there is no custom field {one['id']} of {parent}")
        if one.get("value") is None:
            custom.pop(field.id, None)
        else:
            custom[field.id] = _checked(state, field, one["value"])
    values["custom"] = custom


def _checked(state: State, field: Record, value: Any) -> Any:
    sort, name = field.values["field_type"], field.values["name"]
    limit = state.quirks.string_limit
    if sort == "boolean":
        good = isinstance(value, bool)
    elif sort in ("integer", "currency"):
        good = isinstance(value, int) and not isinstance(value, bool)
    elif sort == "datetime":
        return read_time(str(value))
    else:
        good = isinstance(value, str) and (sort != "string" or not limit or len(value) <= limit)
    if not good:
        raise invalid(f"{name} is not valid")
    return value


def custom_values(state: State, record: Record) -> list[dict[str, Any]]:
    """The attribute `custom_fields`; those without a value are left out."""
    found = []
    for id, value in record.values.get("custom", {}).items():
        field = state.get("custom_fields", id)
        if field is not None:
            sort = field.values["field_type"]
            shown = written_time(value) if sort == "datetime" else value
            told = ("Yes" if value else "No") if sort == "boolean" else str(shown)
            found.append(
                {
                    "id": id if state.quirks.custom_field_ids == "number" else str(id),
                    "name": field.values["name"],
                    "field_type": sort,
                    "value": shown,
                    "formatted_value": told,
                }
            )
    return found


def custom_by_id(state: State, record: Record) -> dict[str, Any]:
    """The attribute `custom_field_values` of a matter: the same by id."""
    return {str(one["id"]): {**one, "id": str(one["id"])} for one in custom_values(state, record)}


# --- users ---------------------------------------------------------------------------------------------


def add_user(state: State, *, name: str, email: str, active: bool = True) -> Record:
    """A user of the firm; one that is not active has not taken the invitation."""
    first, _, last = name.partition(" ")
    values = {"first_name": first, "last_name": last, "email": email, "role": "Admin"}
    return state.add("users", {**values, "confirmed_at": state.clock() if active else None})


def _user_name(_state: State, record: Record) -> str:
    return f"{record.values['first_name']} {record.values['last_name']}".strip()


USERS = Kind(
    path="users",
    type="user",
    what="User",
    link="/v1/user",
    attributes={
        "name": "text",
        "first_name": "text",
        "last_name": "text",
        "email": "text",
        "role": "text",
        "confirmed_at": "time",
        "invitation_accepted_at": "time",
        **_PLAIN,
    },
    shown=("name", "email", "created_at", "updated_at"),
    derived={
        "name": _user_name,
        "invitation_accepted_at": lambda _state, record: record.values["confirmed_at"],
    },
)
"""`/users`, `/users/ID` (published API) and `/users/me` (seen in clients)."""

# --- tags ----------------------------------------------------------------------------------------------


def tag_ids(state: State, names: Sequence[str]) -> list[int]:
    """Ids of tags by name; those that are not there are made."""
    return [(_tag(state, name) or state.add("tags", {"name": name})).id for name in names]


def _tag(state: State, name: str) -> Record | None:
    return next((one for one in state.all("tags") if one.values["name"].casefold() == name.casefold()), None)


def _save_tag(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    other = _tag(state, data["name"])
    if other is not None and other is not record:
        raise invalid("Name has already been taken")
    if record is None:
        return state.add("tags", {"name": data["name"], "created_by": user.id})
    record.values["name"] = data["name"]
    state.touch(record)
    return record


TAGS = Kind(
    path="tags",
    type="tag",
    what="Tag",
    attributes={"name": "text", **_PLAIN},
    shown=("name", "created_at", "updated_at"),
    relations={"created_by": to_user("created_by")},
    create={"*name": "text"},
    update={"*name": "text"},
    save=_save_tag,
    remove=lambda state, record: state.remove(record),
)
"""`/tags` (changelog 1.14.1 of the published API)."""

# --- what can only be read -----------------------------------------------------------------------------

EVENT_TYPES = Kind(
    path="event_types",
    type="event_type",
    what="Event Type",
    attributes={"name": "text", "duration": "number", **_PLAIN},
    shown=("name", "duration", "created_at", "updated_at"),
)
"""`/event_types`, to be read only here (changelog 1.9)."""
PRACTICE_AREAS = Kind(
    path="practice_areas",
    type="practice_area",
    what="Practice Area",
    attributes={"name": "text", **_PLAIN},
    shown=("name", "created_at", "updated_at"),
)
"""`/practice_areas`, to be read only here (changelog 1.6)."""
