"""Time entries by themselves: their quantity is hours or seconds, by the version (apis A2, "Conventions")."""

from __future__ import annotations

from firstcontact.testing.simulators.clio.resource import Asked
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.state import Record

SECONDS_SINCE = (4, 0, 4)
"""From this version on a quantity is seconds, before it hours (apis A2, "Conventions")."""


def activity_plain(record: Record, asked: Asked) -> View:
    """A time entry without what it is on."""
    values = record.values
    hours = values["seconds"] / 3600
    return {
        **record.base(),
        **{name: values.get(name) for name in ("type", "date", "note", "price", "total")},
        "quantity": float(values["seconds"]) if asked.version >= SECONDS_SINCE else hours,
        "quantity_in_hours": round(hours, 2),
        "non_billable": bool(values.get("non_billable")),
        "no_charge": bool(values.get("no_charge")),
        "billed": False,
        "on_bill": False,
    }
