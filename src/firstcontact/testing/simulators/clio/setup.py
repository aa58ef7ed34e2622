"""Users, custom fields and webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from firstcontact.testing.simulators.clio.errors import bad, invalid
from firstcontact.testing.simulators.clio.quirks import Quirks
from firstcontact.testing.simulators.clio.resource import (
    Asked,
    Resource,
    Test,
    by_flag,
    by_text,
    flag,
    merged_parts,
    stored,
)
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.state import SECOND, Record, State, read_time, written_time
from firstcontact.testing.simulators.clio.words import FIELD_TYPES

DAY = 86_400 * SECOND

# --- users ---------------------------------------------------------------------------------------------


def user_view(_state: State, record: Record, _asked: Asked) -> View:
    """A user of Clio (apis A2, "Who am I")."""
    return {
        "account_owner": False,
        "roles": [],
        "subscription_type": "Attorney",
        "time_zone": "UTC",
        **record.base(),
        **record.values,
    }


def calendar_view(_state: State, record: Record, _asked: Asked) -> View:
    """A calendar; every user has one (apis A2, "Calendar")."""
    return {**record.base(), "type": "UserCalendar", "name": record.values["name"]}


def add_user(state: State, *, first: str, last: str, email: str, enabled: bool = True, **more: Any) -> Record:
    """A user and their calendar."""
    name = f"{first} {last}".strip()
    calendar = state.add("calendars", {"name": name})
    values = {"first_name": first, "last_name": last, "name": name, "email": email, "enabled": enabled}
    user = state.add("users", {**values, "default_calendar_id": calendar.id, **more})
    calendar.values["user"] = user.id
    return user


USERS = Resource(
    kind="users",
    type="User",
    view=user_view,
    most=2000,
    filters={
        "enabled": by_flag("enabled"),
        "name": lambda _state, text: lambda record: bool(text.lower() in record.values["name"].lower()),
        "subscription_type": by_text("subscription_type", ("Attorney", "NonAttorney")),
    },
    orders={
        "email": lambda record: record.values.get("email") or "",
        "name": lambda record: record.values.get("name") or "",
    },
)

# --- custom fields -------------------------------------------------------------------------------------


def field_view(_state: State, record: Record, _asked: Asked) -> View:
    """A custom field of contacts or matters (apis A2, "Custom fields")."""
    return {**record.base(), **record.values}


def save_field(state: State, record: Record | None, data: dict[str, Any], _asked: Asked) -> Record:
    """Makes one (apis A2, "Custom fields")."""
    if not data["name"].strip():
        raise invalid("data.name can't be blank")
    same = [one for one in state.all("custom_fields") if one.values["parent_type"] == data["parent_type"]]
    if any(one.values["name"].casefold() == data["name"].casefold() for one in same):
        raise invalid("name has already been taken")
    values = {"displayed": False, "required": False, "deleted": False, "display_order": len(same), **data}
    saved = stored(state, record, "custom_fields", values)
    state.index(saved, _field_texts(state, saved))
    return saved


def _field_texts(_state: State, record: Record) -> Iterator[str]:
    yield record.values["name"]


def _required(_state: State, text: str) -> Test:
    wanted = flag(text)
    return lambda record: (record.values["displayed"] and record.values["required"]) == wanted


CUSTOM_FIELDS = Resource(
    kind="custom_fields",
    type="CustomField",
    view=field_view,
    save=save_field,
    texts=_field_texts,
    filters={
        "parent_type": by_text("parent_type", ("contact", "matter")),
        "field_type": by_text("field_type", FIELD_TYPES),
        "deleted": by_flag("deleted"),
        "visible_and_required": _required,
    },
    orders={"name": lambda record: record.values["name"], "display_order": lambda record: record.id},
)

# --- values of custom fields ---------------------------------------------------------------------------


def value_views(state: State, parts: Sequence[Record], asked: Asked) -> list[View]:
    """The values on a contact or matter; `custom_field_ids[]` picks some."""
    wanted = set(asked.params.get("custom_field_ids[]", ()))
    fields = [(part, state.need("custom_fields", part.values["field"])) for part in parts]
    return [
        _value_view(state.quirks, part, field)
        for part, field in fields
        if not wanted or str(field.id) in wanted
    ]


def _value_view(quirks: Quirks, part: Record, field: Record) -> View:
    kind, value = field.values["field_type"], part.values["value"]
    if kind == "checkbox" and quirks.checkbox_value == "string":
        value = "true" if value else "false"
    return {
        **part.base(),
        "id": f"{kind}-{part.id}",
        "field_name": field.values["name"],
        "field_type": kind,
        "field_required": field.values["required"],
        "field_displayed": field.values["displayed"],
        "value": value,
        "custom_field": {**field.base(), **field.values},
    }


def merged_values(
    state: State, parent: str, before: Sequence[Record], given: Sequence[Mapping[str, Any]]
) -> list[Record]:
    """The values after a list of changes. Raises ClioError 422 for one that is there and
    is not named by its id (quirk), and for a field that is not there."""
    by_field = {part.values["field"]: part for part in before}
    changes: list[Mapping[str, Any]] = []
    for one in given:
        field_id = (one.get("custom_field") or {}).get("id")
        if one.get("id") is None and field_id in by_field:
            if state.quirks.custom_field_update == "by_id":
                raise invalid(f"custom_field {field_id} already has a value; its id is needed to change it")
            one = {**one, "id": by_field[field_id].id}
        changes.append(one)

    def values(one: Mapping[str, Any]) -> dict[str, Any]:
        field_id = (one.get("custom_field") or {}).get("id")
        if field_id is None:
            field_id = next(part.values["field"] for part in before if part.id == one.get("id"))
        field = state.get("custom_fields", field_id)
        if field is None or field.values["parent_type"] != parent:
            raise invalid(f"custom_field {field_id} does not exist")
        return {"field": field_id, "value": _value(state.quirks, field, one.get("value"))}

    return merged_parts(state, "custom_field_values", before, changes, values)


def _value(quirks: Quirks, field: Record, value: Any) -> Any:
    kind = field.values["field_type"]
    if kind == "checkbox":
        if value not in (True, False, "true", "false"):
            raise invalid(f"{field.values['name']} is neither true nor false")
        return value in (True, "true")
    if kind == "text_line" and quirks.text_limit and len(str(value)) > quirks.text_limit:
        raise invalid(f"{field.values['name']} is too long (maximum is {quirks.text_limit} characters)")
    return value


def with_value(texts: Mapping[str, str]) -> Callable[[State], Test]:
    """Records with these custom field values: `custom_field_values[12]=x` (apis A2, "Lookup"). Text fields
    and checkboxes know `=` only. Raises ClioError 400."""

    def build(state: State) -> Test:
        wanted = {id: _wanted(state, id, text) for id, text in texts.items()}

        def test(record: Record) -> bool:
            held = {str(part.values["field"]): part.values["value"] for part in record.values["custom"]}
            return all(id in held and held[id] == value for id, value in wanted.items())

        return test

    return build


def _wanted(state: State, id: str, text: str) -> Any:
    field = state.get("custom_fields", int(id)) if id.isdigit() else None
    if field is None:
        raise bad(f"custom field {id} does not exist")
    return text == "true" if field.values["field_type"] == "checkbox" else text


# --- webhooks ------------------------------------------------------------------------------------------


def webhook_view(state: State, record: Record, asked: Asked) -> View:
    """A subscription; its secret is Clio's (apis A2, "Webhooks")."""
    owner = state.get("users", record.values["user"])
    return {
        **record.base(),
        **record.values,
        "expires_at": written_time(record.values["expires_at"]),
        "user": owner and user_view(state, owner, asked),
    }


def save_webhook(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Makes or changes one: https only, three days unless told, 31 at most (apis A2, "Webhooks")."""
    if not str(data.get("url", "https://")).startswith("https://"):
        raise invalid("data.url must be https")
    values = dict(data)
    if "expires_at" in data or record is None:
        now = state.clock()
        expires = read_time(data["expires_at"]) if data.get("expires_at") else now + 3 * DAY
        if not now < expires <= now + 31 * DAY:
            raise invalid("data.expires_at must be within the next 31 days")
        values["expires_at"] = expires
    if record is None:
        secret = sha256(f"webhook {state.new_id()}".encode()).hexdigest()
        made = {"events": ["created", "updated", "deleted"], "status": "pending", "shared_secret": secret}
        values = {**made, "user": asked.user.id, **values}
    return stored(state, record, "webhooks", values)


WEBHOOKS = Resource(kind="webhooks", type="Webhook", view=webhook_view, save=save_webhook)
