"""What the firm holds, as a scenario's `expect.crm` has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firstcontact.testing.simulators.lawmatics import handles, marks, people
from firstcontact.testing.simulators.lawmatics.people import attendee
from firstcontact.testing.simulators.lawmatics.records import HOUR
from firstcontact.testing.simulators.lawmatics.setup import USERS
from firstcontact.testing.simulators.lawmatics.state import SECOND, Record, State

NO_PLACE = ("account", "owner", "last_activity_at", "converted_to", "lead_source", "contact_type")
"""Fields of a scenario's contact that nobody here writes: they are taken, and nothing comes of them."""
Dump = dict[str, list[dict[str, Any]]]


def is_lead(state: State, contact: Record) -> bool:
    """Whether a person is a potential new client and nothing else: we did not make it as a contact."""
    ours = marks.of_contact(state, contact).get(marks.KEY)
    return people.contact_type(state, contact) == "PNC" and not ours


def dump(state: State) -> Dump:
    """All of it. A person is a contact or a lead, by its contact's id; companies are left out."""
    everybody = list(state.all("contacts"))
    leads = {one.id for one in everybody if is_lead(state, one)}
    activities = [
        *(_interaction(state, one, leads) for one in state.all("interactions")),
        *(_note(state, one, leads) for one in state.all("notes") if _logged(one)),
        *(_event(state, one, leads) for one in state.all("events")),
    ]
    matters = [one for one in state.all("prospects") if one.values["contact"] not in leads]
    return {
        "contacts": [_person(state, one) for one in everybody if one.id not in leads],
        "leads": [_person(state, one) for one in everybody if one.id in leads],
        "accounts": [],
        "opportunities": [],
        "contact_roles": [],
        "matters": [_matter(one) for one in matters if state.get("contacts", one.values["contact"])],
        "activities": activities,
        "time_entries": [_time(state, one, leads, activities) for one in state.all("time_entries")],
        "documents": [_file(one, activities) for one in state.all("files")],
        "users": [_user(state, one) for one in state.all("users")],
    }


def _logged(note: Record) -> bool:
    """Notes that people write are no activities of a scenario's."""
    return any(line.startswith(marks.LINE) for line in (note.values["body"] or "").split("\n"))


def _person(state: State, record: Record) -> dict[str, Any]:
    values, ours = record.values, marks.of_contact(state, record)
    company = state.get("companies", values.get("company"))
    names = [values.get(name) or "" for name in ("first_name", "last_name")]
    return {
        "id": str(record.id),
        "name": " ".join(name for name in names if name) or None,
        **{name: values.get(name) or None for name in ("first_name", "last_name", "title")},
        "emails": handles.infos(state, record, "email_addresses"),
        "phones": handles.infos(state, record, "phone_numbers"),
        "company": company.values["name"] if company else values.get("employer"),
        "country": values.get("country") or None,
        **dict.fromkeys(NO_PLACE),
        **{name: ours.get(field) or None for name, field in marks.TEXTS.items()},
        "active": True,
        "created_at": record.created,
        "placeholder": bool(ours.get(marks.PLACEHOLDER)),
        "created_by_us": bool(ours.get(marks.CREATED)),
        "interaction": ours.get(marks.INTERACTION) or None,
        "edited_by_person": bool(values.get("edited_by_person")),
    }


def _matter(record: Record) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "contact": str(record.values["contact"]),
        "name": record.values.get("case_title"),
        "open": record.values["status"] != "lost",
        "opened_at": record.created,
    }


def _interaction(state: State, record: Record, leads: set[int]) -> dict[str, Any]:
    text, mark, added = marks.read(record.values["body"])
    subject, _, body = text.partition("\n")
    told = {"subject": subject, "body": body.removeprefix("\n"), "at": record.values["happened_at"]}
    return {**_activity(state, record, mark, leads), **added, **told, "id": f"interaction:{record.id}"}


def _note(state: State, record: Record, leads: set[int]) -> dict[str, Any]:
    text, mark, added = marks.read(record.values["body"])
    at = mark.at if mark.at is not None else record.created
    told = {"subject": record.values["name"], "body": text, "at": at}
    return {**_activity(state, record, mark, leads), **added, **told, "id": f"note:{record.id}"}


def _event(state: State, record: Record, leads: set[int]) -> dict[str, Any]:
    values = record.values
    text, mark, added = marks.read(values.get("description"))
    told = {"subject": values["name"], "body": text, "at": values["start_date"]}
    shown = {**_activity(state, record, mark, leads), **added, **told, "id": f"event:{record.id}"}
    if mark.seconds is None:
        shown["seconds"] = (values["end_date"] - values["start_date"]) // SECOND
    return {**shown, "kind": mark.kind or "meeting"}


def _activity(state: State, record: Record, mark: marks.Mark, leads: set[int]) -> dict[str, Any]:
    """What our line says, and who it stands on that is still there."""
    person = attendee(state, record)
    people_there = [str(person.id)] if person is not None else []
    lead = person is not None and person.id in leads
    return {
        "kind": mark.kind or "call",
        "interactions": list(mark.interactions),
        "direction": mark.direction,
        "outcome": mark.outcome,
        "seconds": mark.seconds or 0,
        "contacts": [] if lead else people_there,
        "leads": people_there if lead else [],
        "matter": None if lead else _on_matter(state, record),
        "user": mark.user,
        **dict.fromkeys(("account", "opportunity", "recording", "transcript")),
    }


def _on_matter(state: State, record: Record) -> str | None:
    owner = record.values.get("owner")
    if owner is None or owner[0] != "prospect" or state.get("prospects", owner[1]) is None:
        return None
    return str(owner[1])


def _time(
    state: State, record: Record, leads: set[int], activities: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    values = record.values
    text, mark, _ = marks.read(values["description"])
    interaction = next(iter(mark.interactions), None)
    start, end = values["started_at"], values["completed_at"]
    took = (end - start) if start is not None and end is not None else values["duration"] * HOUR
    person = attendee(state, record)
    on_lead = person is not None and person.id in leads
    return {
        "id": str(record.id),
        "interaction": interaction,
        "activity": _activity_of(interaction, activities),
        "at": start,
        "seconds": round(took / SECOND),
        "billable": values["billable"],
        "user": str(values["user"]),
        "matter": None if on_lead else _on_matter(state, record),
        "subject": text,
    }


def _file(record: Record, activities: Sequence[dict[str, Any]]) -> dict[str, Any]:
    values = record.values
    interaction = values["folders"][1] if len(values["folders"]) > 1 else None
    return {
        "id": str(record.id),
        "interaction": interaction,
        "activity": _activity_of(interaction, activities),
        "name": values["name"],
        "content_type": values["file_type"],
        "size": values["file_size"],
    }


def _activity_of(interaction: str | None, activities: Sequence[dict[str, Any]]) -> str | None:
    return next((one["id"] for one in activities if interaction in one["interactions"]), None)


def _user(state: State, record: Record) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "name": USERS.value(state, record, "name"),
        "email": record.values["email"],
        "active": record.values["confirmed_at"] is not None,
    }
