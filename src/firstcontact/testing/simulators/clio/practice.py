"""Matters, who is related to them, and notes (apis A2, "Matters", "Notes")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from firstcontact.testing.simulators.clio.contacts import contact_view, index_contact, name_of
from firstcontact.testing.simulators.clio.errors import bad, invalid
from firstcontact.testing.simulators.clio.resource import (
    Asked,
    Resource,
    by_flag,
    by_id,
    by_text,
    reference,
    stored,
)
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.setup import merged_values, user_view, value_views
from firstcontact.testing.simulators.clio.state import Record, State, day_of

_ATTORNEYS = ("responsible_attorney", "originating_attorney")


def matter_view(state: State, record: Record, asked: Asked) -> View:
    """A matter of a client (apis A2, "Matters")."""
    values = record.values
    client = state.get("contacts", values["client"])
    users = {name: state.get("users", values.get(name)) for name in (*_ATTORNEYS, "user")}
    return {
        "billable": True,
        **record.base(),
        **{name: value for name, value in values.items() if name not in ("client", "custom", *users)},
        "status": values["status"].capitalize(),
        "client_id": values["client"],
        "client": client and (lambda: contact_view(state, client, asked)),
        "custom_field_values": lambda: value_views(state, values["custom"], asked),
        "relationships": lambda: [
            relationship_view(state, one, asked)
            for one in state.all("relationships")
            if one.values["matter"] == record.id
        ],
        **{name: user and user_view(state, user, asked) for name, user in users.items()},
    }


def save_matter(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Opens or changes one; a status brings its date. Raises ClioError 422."""
    values = dict(record.values) if record else _new_matter(state, asked)
    plain = ("client", "custom_field_values", "relationships", *_ATTORNEYS)
    values.update({name: value for name, value in data.items() if name not in plain})
    if "client" in data:
        values["client"] = reference(state, "contacts", data["client"], "client")
    for name in _ATTORNEYS:
        if name in data:
            values[name] = reference(state, "users", data[name], name)
    if values["client"] is None or not (values.get("description") or "").strip():
        raise invalid("data.client and data.description can't be blank")
    day = {"closed": "close_date", "pending": "pending_date", "open": "open_date"}[values["status"]]
    values[day] = values.get(day) or day_of(state.clock())
    given = data.get("custom_field_values") or ()
    values["custom"] = merged_values(state, "Matter", values["custom"], given)
    related = [_related(state, record, one) for one in data.get("relationships") or ()]
    client = values.pop("client")
    saved = stored(state, record, "matters", values if record else {**values, "client": None})
    state.set_client(saved, client)
    for there, one in related:
        if there is not None and one is None:
            state.remove(there)
        elif one is not None:
            stored(state, there, "relationships", {**one, "matter": saved.id})
    _known(state, saved)
    return saved


def _new_matter(state: State, asked: Asked) -> dict[str, Any]:
    count = 1 + sum(1 for _ in state.all("matters"))
    number = {"number": count, "display_number": f"{count:05}-Matter", "status": "open"}
    return {**number, "client": None, "custom": [], "user": asked.user.id}


def _related(
    state: State, matter: Record | None, given: Mapping[str, Any]
) -> tuple[Record | None, dict[str, Any] | None]:
    """The relationship that is meant, None for a new one, and its values, None where it goes. One of this
    matter is changed by its id (specification, `PATCH /matters/{id}`). Raises ClioError 422."""
    there = None
    if given.get("id") is not None:
        there = state.get("relationships", given["id"])
        if matter is None or there is None or there.values["matter"] != matter.id:
            raise invalid(f"relationships {given['id']} does not belong to this record")
        if given.get("_destroy"):
            return there, None
    values: dict[str, Any] = dict(there.values) if there else {"description": given["description"]}
    if "description" in given:
        values["description"] = given["description"]
    if there is None or "contact" in given:
        values["contact"] = reference(state, "contacts", given["contact"], "contact")
    return there, values


def _known(state: State, matter: Record) -> None:
    """The search finds a client by the matter's name too."""
    client = state.get("contacts", matter.values["client"])
    if client is not None:
        index_contact(state, client)
    state.index(matter, _matter_texts(state, matter))


def _matter_texts(state: State, record: Record) -> Iterator[str]:
    yield str(record.values["number"])
    yield record.values["display_number"]
    yield record.values["description"]
    client = state.get("contacts", record.values["client"])
    yield name_of(client) if client else ""


MATTERS = Resource(
    kind="matters",
    type="Matter",
    view=matter_view,
    save=save_matter,
    texts=_matter_texts,
    filters={
        "client_id": by_id("client"),
        "status": by_text("status", ("open", "closed", "pending")),
        "billable": by_flag("billable"),
        "responsible_attorney_id": by_id("responsible_attorney"),
        "originating_attorney_id": by_id("originating_attorney"),
    },
    others=frozenset({"custom_field_ids[]", "custom_field_values"}),
    orders={
        "display_number": lambda record: record.values["display_number"],
        "open_date": lambda record: record.values.get("open_date") or "",
        "close_date": lambda record: record.values.get("close_date") or "",
        "updated_at": lambda record: record.updated,
        "created_at": lambda record: record.created,
    },
)

# --- relationships -------------------------------------------------------------------------------------


def relationship_view(state: State, record: Record, asked: Asked) -> View:
    """A contact that is related to a matter without being its client (apis A2, "Matters")."""
    matter = state.get("matters", record.values["matter"])
    contact = state.get("contacts", record.values["contact"])
    return {
        **record.base(),
        "description": record.values["description"],
        "matter": matter and (lambda: matter_view(state, matter, asked)),
        "contact": contact and (lambda: contact_view(state, contact, asked)),
    }


def save_relationship(state: State, record: Record | None, data: dict[str, Any], _asked: Asked) -> Record:
    """Relates a contact to a matter. Raises ClioError 422."""
    values = {
        "contact": reference(state, "contacts", data.get("contact"), "contact"),
        "matter": reference(state, "matters", data.get("matter"), "matter"),
        "description": data.get("description"),
    }
    if values["contact"] is None or values["matter"] is None:
        raise invalid("data.contact and data.matter can't be blank")
    return stored(state, record, "relationships", values)


RELATIONSHIPS = Resource(
    kind="relationships",
    type="Relationship",
    view=relationship_view,
    save=save_relationship,
    filters={"contact_id": by_id("contact"), "matter_id": by_id("matter")},
)

# --- notes ---------------------------------------------------------------------------------------------


def note_view(state: State, record: Record, asked: Asked) -> View:
    """A note on a contact or on a matter (apis A2, "Notes")."""
    values = record.values
    matter, contact = state.get("matters", values["matter"]), state.get("contacts", values["contact"])
    author = state.get("users", values["author"])
    return {
        "detail_text_type": "plain_text",
        "time_entries_count": 0,
        **record.base(),
        **{name: value for name, value in values.items() if name not in ("matter", "contact", "author")},
        "matter": matter and (lambda: matter_view(state, matter, asked)),
        "contact": contact and (lambda: contact_view(state, contact, asked)),
        "author": author and user_view(state, author, asked),
    }


def save_note(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Makes one; it is on what its type says (apis A2, "Notes"). Raises ClioError 400, 422."""
    values: dict[str, Any] = {
        "date": day_of(state.clock()),
        **{
            name: data[name]
            for name in ("type", "subject", "detail", "detail_text_type", "date")
            if name in data
        },
        "contact": reference(state, "contacts", data.get("contact"), "contact"),
        "matter": reference(state, "matters", data.get("matter"), "matter"),
        "author": asked.user.id,
    }
    if values[values["type"].lower()] is None:
        raise bad(f"a note of type {values['type']} needs data.{values['type'].lower()}")
    saved = stored(state, record, "notes", values)
    state.index(saved, _note_texts(state, saved))
    return saved


def _note_texts(_state: State, record: Record) -> Iterator[str]:
    yield record.values.get("subject") or ""
    yield record.values.get("detail") or ""


NOTES = Resource(
    kind="notes",
    type="Note",
    view=note_view,
    save=save_note,
    texts=_note_texts,
    filters={
        "contact_id": by_id("contact"),
        "matter_id": by_id("matter"),
        "type": by_text("type", ("Matter", "Contact")),
    },
    needed=frozenset({"type"}),
    orders={"date": lambda record: record.values["date"], "updated_at": lambda record: record.updated},
)

# --- tasks ---------------------------------------------------------------------------------------------


def task_view(_state: State, record: Record, _asked: Asked) -> View:
    """A task; whom it is for is only asked for by (published clients)."""
    return {**record.base(), "name": record.values["name"]}


TASKS = Resource(
    kind="tasks",
    type="Task_base",
    view=task_view,
    filters={
        "assignee_id": by_id("assignee"),
        "assignee_type": by_text("assignee_type", ("User", "Contact")),
    },
)
