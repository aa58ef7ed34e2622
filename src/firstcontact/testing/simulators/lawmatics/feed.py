"""The feed of what happened, which can only be read (apis A3, "Activity feed")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.lawmatics.kind import Kind, Linked, to_owner
from firstcontact.testing.simulators.lawmatics.state import Record, State


def tell(state: State, key: str, record: Record, user: Record, details: Mapping[str, Any]) -> None:
    """Something happened to a record that stands on another: `note.create`, `event.delete` …."""
    type = key.partition(".")[0]
    tracked = (record.kind, type, record.id)
    values = {"key": key, "type": type, "detail_keys": dict(details), "user": user.id}
    state.add("activities", {**values, "tracked": tracked, "owner": record.values.get("owner")})


def _tracked(state: State, record: Record) -> Linked:
    kind, type, id = record.values["tracked"]
    return (type, id) if state.get(kind, id) is not None else None


ACTIVITIES = Kind(
    path="activities",
    type="timeline_activity",
    what="Activity",
    link="/v1/timeline_activities",
    attributes={
        "key": "text",
        "type": "text",
        "detail_keys": "whole",
        "created_at": "time",
        "updated_at": "time",
    },
    shown=("key", "type", "detail_keys", "created_at", "updated_at"),
    relations={
        "owner": lambda _state, record: ("user", record.values["user"]),
        "tracked": _tracked,
        "recipient": to_owner,
    },
    related=("owner", "tracked", "recipient"),
    owner="recipient",
    single=False,
)
"""`/activities`, to be read only (apis A3, "Activity feed")."""
