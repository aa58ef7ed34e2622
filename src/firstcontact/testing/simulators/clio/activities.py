"""Activities: time that was spent (apis A2, "Log a call", optional billing)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from firstcontact.testing.simulators.clio.communications import communication_view
from firstcontact.testing.simulators.clio.errors import invalid
from firstcontact.testing.simulators.clio.practice import matter_view, note_view
from firstcontact.testing.simulators.clio.quantities import SECONDS_SINCE, activity_plain
from firstcontact.testing.simulators.clio.resource import (
    Asked,
    Filter,
    Resource,
    Test,
    by_id,
    by_text,
    reference,
    stored,
)
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.setup import user_view
from firstcontact.testing.simulators.clio.state import Record, State, day_of, read_time

_LINKS: Mapping[str, str] = {
    "communication": "communications",
    "calendar_entry": "calendar_entries",
    "matter": "matters",
    "matter_note": "notes",
    "contact_note": "notes",
    "user": "users",
}


def activity_view(state: State, record: Record, asked: Asked) -> View:
    """A time entry and what it is on (apis A2, "Log a call", optional billing)."""
    values = record.values
    held = {name: state.get(kind, values[name]) for name, kind in _LINKS.items()}
    matter, call, user = held["matter"], held["communication"], held["user"]
    entry = held["calendar_entry"]
    notes = {name: held[name] for name in ("matter_note", "contact_note")}
    return {
        **activity_plain(record, asked),
        "communication": call and (lambda: communication_view(state, call, asked)),
        "calendar_entry": entry
        and {"id": str(entry.id), "etag": entry.etag, "calendar_owner_id": entry.values["calendar_owner"]},
        "matter": matter and (lambda: matter_view(state, matter, asked)),
        "user": user and user_view(state, user, asked),
        **{name: note and note_view(state, note, asked) for name, note in notes.items()},
    }


def save_activity(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Makes one. Raises ClioError 422."""
    links = {name: reference(state, kind, data.get(name), name) for name, kind in _LINKS.items()}
    links["user"] = links["user"] or asked.user.id
    quantity = data.get("quantity") or 0
    if quantity < 0:
        raise invalid("data.quantity must not be negative")
    seconds = quantity if asked.version >= SECONDS_SINCE else quantity * 3600
    plain = {name: value for name, value in data.items() if name not in (*_LINKS, "quantity")}
    saved = stored(state, record, "activities", {**plain, **links, "seconds": round(seconds)})
    state.index(saved, _texts(state, saved))
    return saved


def _texts(_state: State, record: Record) -> Iterator[str]:
    yield record.values.get("note") or ""


def _dated(later: bool) -> Filter:
    def build(_state: State, text: str) -> Test:
        day = day_of(read_time(text))
        if later:
            return lambda record: bool(record.values["date"] >= day)
        return lambda record: bool(record.values["date"] <= day)

    return build


ACTIVITIES = Resource(
    kind="activities",
    type="Activity",
    view=activity_view,
    save=save_activity,
    texts=_texts,
    filters={
        **{f"{name}_id": by_id(name) for name in _LINKS},
        "start_date": _dated(later=True),
        "end_date": _dated(later=False),
        "type": by_text("type", ("TimeEntry", "ExpenseEntry", "HardCostEntry", "SoftCostEntry")),
    },
    orders={
        "date": lambda record: record.values["date"],
        "note": lambda record: record.values.get("note") or "",
        "updated_at": lambda record: record.updated,
    },
)
