"""Contacts: people and companies, as the platform API shows them (apis A2, "Grow / Clio Platform API")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from firstcontact.testing.simulators.clio_grow.errors import invalid
from firstcontact.testing.simulators.clio_grow.state import Record, State

UNASSIGNED = "Unassigned"
"""The status of a contact that nobody has taken on yet."""
_LISTS = ("emails", "phone_numbers", "addresses")
_NAMES = ("first_name", "last_name")


def name_of(record: Record) -> str:
    """The name that Clio shows."""
    if record.values["type"] == "Company":
        return str(record.values.get("name") or "")
    return " ".join(record.values[part] for part in _NAMES if record.values.get(part))


def contact_view(state: State, record: Record) -> dict[str, Any]:
    """A contact with its numbers, addresses and the ids of its matters."""
    values = record.values
    matters = [one.id for one in state.all("matters") if one.values["client"] == record.id]
    return {
        **record.base(),
        "global_id": record.global_id,
        "clio_id": None,
        "name": name_of(record),
        **{part: values.get(part) or None for part in _NAMES},
        **{name: list(values[name]) for name in _LISTS},
        "type": values["type"],
        "status": values["status"],
        "matters": [{"id": id} for id in matters],
    }


def save_contact(state: State, record: Record | None, data: Mapping[str, Any]) -> Record:
    """Makes or changes one; a list that is given takes the place of the one that was there. There is no check
    for duplicates and no key that makes it once (apis A2). Raises GrowError 422."""
    empty: dict[str, Any] = {name: [] for name in _LISTS}
    values = {**empty, "type": "Person", "status": UNASSIGNED, **(record.values if record else {}), **data}
    for name in _LISTS:
        values[name] = list(values[name] or ())
    if any(not str(text or "").strip() for name in ("emails", "phone_numbers") for text in values[name]):
        raise invalid("emails and phone_numbers can't be blank")
    _set_name(values, data)
    if record is None:
        record = state.add("contacts", values)
    else:
        record.values.update(values)
        state.touch(record)
    state.index(record, _texts(record))
    return record


def _set_name(values: dict[str, Any], data: Mapping[str, Any]) -> None:
    """A person's `name` alone is taken apart; a company has nothing but it. Raises GrowError 422."""
    if values["type"] == "Company":
        if not (values.get("name") or "").strip():
            raise invalid("name can't be blank")
        return
    if data.get("name") and not any(data.get(part) for part in _NAMES):
        *first, last = data["name"].split() or [""]
        values.update(first_name=" ".join(first), last_name=last)
    values.pop("name", None)
    if not any((values.get(part) or "").strip() for part in _NAMES):
        raise invalid("first_name and last_name can't both be blank")


def _texts(record: Record) -> Iterator[str]:
    """What `query` goes through: names, addresses and numbers (apis A2)."""
    yield name_of(record)
    yield from record.values["emails"]
    yield from record.values["phone_numbers"]
