"""People at work in Clio Grow's pages (`conformance.Hands`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from firstcontact.testing.simulators.clio_grow.contacts import save_contact
from firstcontact.testing.simulators.clio_grow.dumping import LEAD, dumped
from firstcontact.testing.simulators.clio_grow.inbox import (
    CONVERTED,
    IGNORED,
    accept,
    change_lead,
    save_lead,
)
from firstcontact.testing.simulators.clio_grow.ours import with_text
from firstcontact.testing.simulators.clio_grow.practice import add_user, save_matter
from firstcontact.testing.simulators.clio_grow.state import Record, State

Given = Mapping[str, Any]
_KINDS = {
    "contact": "contacts",
    "lead": "inbox_leads",
    "matter": "matters",
    "user": "users",
    "activity": "notes",
}
_NO_PLACE = frozenset(
    {
        "account",
        "owner",
        "title",
        "company",
        "last_activity_at",
        "lead_source",
        "contact_type",
        "active",
        "created_by_us",
        "placeholder",
        "interaction",
    }
)
"""Fields of a scenario's contact or lead that Clio Grow has no place for: nothing comes of them."""
_NAMES = frozenset({"first_name", "last_name"})


class Desk:
    """A person who is logged in as the firm's own user. Ids are Clio's; a given one is not kept. An inbox
    lead's has `lead:` in front, an activity's is its note's."""

    def __init__(self, state: State) -> None:
        self._state = state

    # --- Hands -----------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a contact, lead, matter or user; its id. Raises ValueError, LookupError."""
        with self._state.lock:
            match kind:
                case "contact":
                    record = save_contact(self._state, None, _contact_data(fields, None))
                case "lead":
                    record = self._add_lead(fields)
                case "matter":
                    record = self._add_matter(fields)
                case "user":
                    name = str(fields.get("name") or fields.get("id") or "")
                    active = fields.get("active") is not False
                    record = add_user(self._state, name, str(fields.get("email") or ""), active)
                case _:
                    raise ValueError(f"Clio Grow has no {kind}")
            if kind in ("contact", "lead") and fields.get("created_at") not in (None, ""):
                record.created = _moment(fields["created_at"])
            return f"{LEAD}{record.id}" if kind == "lead" else str(record.id)

    def edit(self, kind: str, reference: str | Given, fields: Given) -> None:
        """Set fields of a record. Raises LookupError, ValueError."""
        with self._state.lock:
            record = self._one(kind, reference)
            if kind == "contact":
                save_contact(self._state, record, _contact_data(fields, record))
                record.values["edited_by_person"] = True
            elif kind == "lead":
                change_lead(self._state, record, _lead_data(fields))
                record.values["edited_by_person"] = True
                self._convert(record, fields.get("converted_to"))
            elif kind == "matter":
                save_matter(self._state, record, _matter_data(fields))
            elif kind == "user":
                _edit_user(self._state, record, fields)
            else:
                self._edit_note(record, fields)

    def delete(self, kind: str, reference: str | Given) -> None:
        """Delete a record. What is deleted is told of nowhere. Raises LookupError."""
        with self._state.lock:
            self._state.remove(self._one(kind, reference))

    def merge(self, loser: str | Given, survivor: str | Given) -> None:
        """Merge one contact into another. What Clio leaves of the first is not known: here it is gone, and
        its numbers, addresses, matters and notes are the other's. Raises LookupError."""
        with self._state.lock:
            gone, kept = self._one("contact", loser), self._one("contact", survivor)
            self._state.remove(gone)
            for matter in self._state.all("matters"):
                if matter.values["client"] == gone.id:
                    save_matter(self._state, matter, {"client": kept.id})
            for note in self._state.all("notes"):
                if note.values["on"] == ("contacts", gone.id):
                    note.values["on"] = ("contacts", kept.id)
            names = ("emails", "phone_numbers", "addresses")
            more = {name: _joined(kept.values[name], gone.values[name]) for name in names}
            save_contact(self._state, kept, more)
            kept.values["edited_by_person"] = True

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, every `query` is answered 503."""
        self._state.search_broken = True
        try:
            yield
        finally:
            self._state.search_broken = False

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """What the account holds, as a scenario's `expect.crm` has it; companies are left out."""
        with self._state.lock:
            return dumped(self._state)

    # --- the inbox -------------------------------------------------------------------------------------

    def accept(self, reference: str | Given) -> str:
        """Take an inbox lead on; the id of the contact that it is from now on. Raises LookupError."""
        with self._state.lock:
            return str(accept(self._state, self._one("lead", reference)).id)

    def ignore(self, reference: str | Given) -> None:
        """Put an inbox lead aside. Raises LookupError."""
        with self._state.lock:
            change_lead(self._state, self._one("lead", reference), {"state": IGNORED})

    # --- adding and changing ---------------------------------------------------------------------------

    def _add_lead(self, fields: Given) -> Record:
        sent = {"from_message": "", "from_source": "Manual entry", "referring_url": ""}
        record = save_lead(self._state, {**sent, **_lead_data(fields)}, by_app=False)
        self._convert(record, fields.get("converted_to"))
        return record

    def _convert(self, lead: Record, contact: str | Given | None) -> None:
        """A lead that was accepted becomes a contact that is there already."""
        if not contact:
            return
        client = self._one("contact", contact)
        change_lead(self._state, lead, {"state": CONVERTED, "contact": client.id})
        if self._state.quirks.accepted == "matter":
            save_matter(self._state, None, {"client": client.id, "inbox_lead_id": lead.id})

    def _add_matter(self, fields: Given) -> Record:
        data = {**_matter_data(fields), "client": self._one("contact", fields["contact"]).id}
        record = save_matter(self._state, None, data)
        if fields.get("opened_at"):
            record.created = _moment(fields["opened_at"])
        return record

    def _edit_note(self, record: Record, fields: Given) -> None:
        if unknown := set(fields) - {"subject", "body"}:
            raise ValueError(f"this cannot be edited on an activity: {', '.join(sorted(unknown))}")
        if "body" in fields:
            fields = {**fields, "body": with_text(record.values["body"], fields["body"])}
        record.values.update(fields)
        self._state.touch(record)

    def _one(self, kind: str, reference: str | Given) -> Record:
        """The record that is meant: by id, or a contact or lead by an address or a number of its."""
        if isinstance(reference, Mapping):
            return self._by_handle(_KINDS[kind], reference)
        id = str(reference).removeprefix(LEAD).rpartition(":")[2]
        record = self._state.get(_KINDS.get(kind, kind), int(id)) if id.isdigit() else None
        if record is None:
            raise LookupError(f"there is no {kind} {reference!r} in Clio Grow")
        return record

    def _by_handle(self, kind: str, reference: Given) -> Record:
        found = [one for one in self._state.all(kind) if _bears(one, reference)]
        if len(found) != 1:
            raise LookupError(f"{len(found)} {kind} of Clio Grow have {dict(reference)}")
        return found[0]


def _contact_data(fields: Given, record: Record | None) -> dict[str, Any]:
    """A scenario's fields as what a contact has. Lists replace what was there."""
    known = _NAMES | _NO_PLACE | {"id", "name", "emails", "phones", "country", "created_at", "converted_to"}
    if unknown := set(fields) - known:
        raise ValueError(f"a contact of Clio Grow has no {', '.join(sorted(unknown))}")
    data: dict[str, Any] = {name: fields[name] for name in (*_NAMES, "name") if name in fields}
    if "phones" in fields:
        data["phone_numbers"] = list(fields["phones"])
    if "emails" in fields:
        data["emails"] = list(fields["emails"])
    if fields.get("country"):
        data["addresses"] = [{"country": fields["country"]}]
    if record is None and not any(data.get(name) for name in (*_NAMES, "name")):
        # Clio's page asks for a name; a scenario that gives none has a person who typed what there was.
        data["last_name"] = next(iter((*data.get("emails", ()), *data.get("phone_numbers", ()))), "Unknown")
    return data


def _lead_data(fields: Given) -> dict[str, Any]:
    """A scenario's fields as what an inbox lead has: one address and one number."""
    known = _NAMES | _NO_PLACE | {"id", "name", "emails", "phones", "country", "created_at", "converted_to"}
    if unknown := set(fields) - known:
        raise ValueError(f"an inbox lead of Clio Grow has no {', '.join(sorted(unknown))}")
    data: dict[str, Any] = {name: fields[name] for name in _NAMES if name in fields}
    for name, one in (("emails", "email"), ("phones", "phone_number")):
        if len(fields.get(name) or ()) > 1:
            raise ValueError(f"an inbox lead of Clio Grow has one {one}")
        if name in fields:
            data[one] = next(iter(fields[name] or ()), None)
    return data


def _matter_data(fields: Given) -> dict[str, Any]:
    if unknown := set(fields) - {"id", "contact", "name", "open", "opened_at"}:
        raise ValueError(f"a matter of Clio Grow has no {', '.join(sorted(unknown))}")
    data: dict[str, Any] = {"description": fields["name"]} if fields.get("name") else {}
    if "open" in fields:
        data["status_category"] = "hired" if fields["open"] else "declined"
    return data


def _edit_user(state: State, record: Record, fields: Given) -> None:
    if unknown := set(fields) - {"id", "name", "email", "active"}:
        raise ValueError(f"a user of Clio Grow has no {', '.join(sorted(unknown))}")
    record.values.update({name: fields[name] for name in ("email", "active") if name in fields})
    if "name" in fields:
        first, _, last = str(fields["name"]).partition(" ")
        record.values.update(first_name=first, last_name=last)
    state.touch(record)


def _joined(first: list[Any], second: list[Any]) -> list[Any]:
    return [*first, *(one for one in second if one not in first)]


def _bears(record: Record, reference: Given) -> bool:
    values = record.values
    emails = values["emails"] if record.kind == "contacts" else [values["email"]]
    phones = values["phone_numbers"] if record.kind == "contacts" else [values["phone_number"]]
    email, phone = reference.get("email", ""), reference.get("phone", "")
    return (bool(email) and email.casefold() in {str(one).casefold() for one in emails if one}) or (
        bool(phone) and _digits(phone) in {_digits(one) for one in phones if one}
    )


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())[-10:]


def _moment(given: object) -> int:
    """A scenario's time (microseconds, ISO 8601, a date, a datetime) as microseconds."""
    if isinstance(given, int):
        return given
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise ValueError(f"{given!r} is no time")
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - start) // timedelta(microseconds=1)
