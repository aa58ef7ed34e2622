"""What stands on a matter or a contact: notes, interactions, time entries, files (apis A3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.lawmatics import handles
from firstcontact.testing.simulators.lawmatics.bodies import Upload
from firstcontact.testing.simulators.lawmatics.errors import invalid
from firstcontact.testing.simulators.lawmatics.feed import tell
from firstcontact.testing.simulators.lawmatics.kind import Attribute, Kind, none, to_owner, to_user
from firstcontact.testing.simulators.lawmatics.state import FIRM, SECOND, Record, State

_TIMES: Mapping[str, Attribute] = {"created_at": "time", "updated_at": "time"}
HOUR = 3600 * SECOND


def _of(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields of a body that have these names."""
    return {name: data[name] for name in names if name in data}


# --- notes ---------------------------------------------------------------------------------------------


def _save_note(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    values = _of(data, "name", "body")
    if record is not None:
        if handles.moved(state, data, "notable_type", "notable_id"):
            values["owner"] = _notable(state, data)
        record.values.update(values)
        state.touch(record)
        return record
    owner = _notable(state, data)
    record = state.add("notes", {"name": None, **values, "owner": owner, "created_by": user.id})
    tell(state, "note.create", record, user, {"name": record.values["name"], "body": record.values["body"]})
    return record


def _notable(state: State, data: Mapping[str, Any]) -> tuple[str, int]:
    if data.get("notable_type") == "contact" and state.quirks.contact_notes == "refused":
        raise invalid("Notable type is not valid")
    return handles.resolve(state, data.get("notable_type") or "", data.get("notable_id"))


_NOTABLE = ("prospect", "matter", "contact", "company")
NOTES = Kind(
    path="notes",
    type="note",
    what="Note",
    attributes={"name": "text", "body": "text", **_TIMES},
    shown=("name", "body", "created_at", "updated_at"),
    relations={"notable": to_owner, "created_by": to_user("created_by")},
    owner="notable",
    create={
        "name": "text",
        "*body": "text",
        "*notable_type": _NOTABLE,
        "*notable_id": "id",
    },
    update={"name": "text", "body": "text", "notable_type": _NOTABLE, "notable_id": "id"},
    save=_save_note,
    remove=lambda state, record: state.remove(record),
)
"""`/notes` (apis A3, "Note"; N: on contacts)."""

# --- interactions --------------------------------------------------------------------------------------


def _save_interaction(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    """On a matter only, never on a contact (apis A3, "Log call/SMS")."""
    values = _of(data, "interaction_type", "body", "happened_at")
    if record is not None:
        if handles.moved(state, data, "prospect_id", "prospect_id"):
            values["owner"] = handles.resolve(state, "prospect", data["prospect_id"])
        record.values.update(values)
        state.touch(record)
        return record
    owner = handles.resolve(state, "prospect", data["prospect_id"])
    record = state.add("interactions", {"body": None, **values, "owner": owner, "created_by": user.id})
    tell(state, "interaction.create", record, user, {"body": record.values["body"]})
    return record


INTERACTIONS = Kind(
    path="interactions",
    type="interaction",
    what="Interaction",
    attributes={"interaction_type": "text", "body": "text", "happened_at": "time", **_TIMES},
    shown=("interaction_type", "body", "happened_at", "created_at", "updated_at"),
    relations={"created_by": to_user("created_by"), "interactable": to_owner},
    related=("created_by", "interactable"),
    owner="interactable",
    create={"*happened_at": "time", "*prospect_id": "id", "body": "text", "*interaction_type": "text"},
    update={"happened_at": "time", "body": "text", "interaction_type": "text", "prospect_id": "id"},
    save=_save_interaction,
    remove=lambda state, record: state.remove(record),
)
"""`/interactions` (apis A3, "Log call/SMS")."""

# --- time entries --------------------------------------------------------------------------------------


def _save_time(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    """`duration` is in hours, as published answers show. Raises LawmaticsError 422."""
    if record is not None:
        record.values.update(data)
        state.touch(record)
        return record
    owner = handles.resolve(state, data["contactable_type"], data["contactable_id"])
    for name in ("user_id", "created_by_id"):
        if data.get(name) is not None and state.get("users", data[name]) is None:
            raise invalid("User must exist")
    start, end = data.get("started_at"), data.get("completed_at")
    if start is not None and end is not None and end < start:
        raise invalid("Completed at must be after started at")
    duration = data.get("duration")
    if duration is None:
        duration = (end - start) / HOUR if start is not None and end is not None else 0.0
    values = {
        "billable": data.get("billable", True),
        "description": data.get("description"),
        "duration": duration,
        "started_at": start,
        "completed_at": end,
        "rate_cents": int(data.get("rate_cents") or 0),
        "user": data.get("user_id") or user.id,
        "created_by": data.get("created_by_id") or user.id,
    }
    return state.add("time_entries", {**values, "owner": owner})


TIME_ENTRIES = Kind(
    path="time_entries",
    type="time_entry",
    what="Time Entry",
    attributes={
        "description": "text",
        "duration": "number",
        "duration_rounded": "number",
        "started_at": "time",
        "completed_at": "time",
        "billable": "flag",
        "is_billable": "flag",
        "is_flat_fee": "flag",
        "rate_flat_fee": "flag",
        "rate": "whole",
        **_TIMES,
    },
    shown=(
        "description",
        "duration",
        "duration_rounded",
        "started_at",
        "completed_at",
        "created_at",
        "updated_at",
        "billable",
        "rate_flat_fee",
        "rate",
    ),
    saved=("description", "duration", "is_billable", "is_flat_fee"),
    relations={
        "user": to_user("user"),
        "staff": to_user("user"),
        "created_by": to_user("created_by"),
        "activity_type": none,
        "contactable": to_owner,
        "invoice": none,
    },
    related=("staff", "contactable", "activity_type", "invoice"),
    derived={
        "duration_rounded": lambda _state, record: round(record.values["duration"] + 0.0499, 1),
        "is_billable": lambda _state, record: record.values["billable"],
        "is_flat_fee": lambda _state, _record: False,
        "rate_flat_fee": lambda _state, _record: False,
        "rate": lambda _state, record: {"cents": record.values["rate_cents"], "currency_iso": "USD"},
    },
    owner="contactable",
    links={"user_id": lambda _state, record: record.values["user"]},
    form=True,
    create={
        "billable": "flag",
        "*contactable_type": ("matter", "prospect", "contact"),
        "*contactable_id": "id",
        "description": "text",
        "duration": "number",
        "started_at": "time",
        "completed_at": "time",
        "rate_cents": "id",
        "user_id": "id",
        "created_by_id": "id",
    },
    update={"billable": "flag", "description": "text"},
    save=_save_time,
    remove=lambda state, record: state.remove(record),
    made=200,
)
"""`/time_entries/` (apis A3, "Time entry")."""

# --- files ---------------------------------------------------------------------------------------------


def _save_file(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    if record is not None:
        record.values.update(
            {name: data[name] for name in ("name", "file_name", "folder_id") if name in data}
        )
        state.touch(record)
        return record
    type = {"client": "contact"}.get(data["documentable_type"], data["documentable_type"])
    owner = handles.resolve(state, type, data.get("documentable_id", FIRM if type == "firm" else None))
    upload: Upload = data["file"]
    values = {
        "name": data.get("name") or upload.name,
        "file_name": upload.name,
        "file_type": upload.type,
        "file_size": len(upload.content),
        "folder_id": data.get("folder_id"),
        "folders": data.get("path[]") or [],
    }
    record = state.add("files", {**values, "owner": owner, "created_by": user.id})
    state.contents[record.id] = upload.content
    return record


def _remove_file(state: State, record: Record) -> None:
    del state.contents[record.id]
    state.remove(record)


FILES = Kind(
    path="files",
    type="file",
    what="File",
    attributes={
        "name": "text",
        "file_size": "number",
        "file_url": "text",
        "file_name": "text",
        "file_type": "text",
        "folder_id": "number",
        **_TIMES,
    },
    shown=("name", "file_size", "file_url", "file_name", "file_type", "created_at", "updated_at"),
    relations={"documentable": to_owner},
    related=("documentable",),
    derived={
        "file_url": lambda _state, record: f"https://files.lawmatics.example/store/{record.id}",
    },
    owner="documentable",
    form=True,
    create={
        "*documentable_type": ("firm", "client", "matter", "prospect", "contact"),
        "documentable_id": "id",
        "*file": "file",
        "name": "text",
        "folder_id": "id",
        "path[]": ["text"],
    },
    update={"name": "text", "file_name": "text", "folder_id": "id"},
    save=_save_file,
    remove=_remove_file,
)
"""`/files` (apis A3, "File")."""
