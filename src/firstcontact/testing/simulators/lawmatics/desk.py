"""People at work in Lawmatics' pages (`conformance.Hands`).

What they do is no request: it sets off no automation and sends no invitation that a test would count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from firstcontact.testing.simulators.lawmatics import handles, marks, people
from firstcontact.testing.simulators.lawmatics.dumping import NO_PLACE, Dump, dump, is_lead
from firstcontact.testing.simulators.lawmatics.prospects import add_prospect
from firstcontact.testing.simulators.lawmatics.setup import add_user
from firstcontact.testing.simulators.lawmatics.state import Record, State

Given = Mapping[str, Any]
_KINDS = {"contact": "contacts", "lead": "contacts", "matter": "prospects", "user": "users"}
_ACTIVITIES = {"interaction": "interactions", "note": "notes", "event": "events"}
_PERSON = frozenset({"first_name", "last_name", "title", "country"})
_MARKS = {
    "created_by_us": marks.CREATED,
    "placeholder": marks.PLACEHOLDER,
    "interaction": marks.INTERACTION,
    **marks.TEXTS,
}
_OTHERS = frozenset(
    {
        "id",
        "name",
        "emails",
        "phones",
        "mobiles",
        "mailing",
        "company",
        "created_at",
        "active",
        *NO_PLACE,
        *_MARKS,
    }
)
_SORTS: tuple[tuple[str, handles.Sort], ...] = (("emails", "email_addresses"), ("phones", "phone_numbers"))


class Desk:
    """A person who is logged in as the firm's own user. Ids are Lawmatics'; a given one is not kept."""

    def __init__(self, state: State, api_user: Record) -> None:
        self._state = state
        self._user = api_user

    # --- Hands -----------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a contact, lead, matter or user; its id, a lead's being its contact's. Raises ValueError."""
        with self._state.lock:
            if kind == "user":
                return str(self._add_user(fields).id)
            if kind == "contact":
                return str(self._add_person(fields).id)
            if kind == "lead":
                return str(self._add_lead(fields).id)
            if kind == "matter":
                return str(self._add_matter(fields).id)
        raise ValueError(f"Lawmatics has no {kind}")

    def edit(self, kind: str, reference: str | Given, fields: Given) -> None:
        """Set fields of a record. A lead that is `converted` has hired the firm. Raises LookupError,
        ValueError."""
        with self._state.lock:
            record = self._one(kind, reference)
            if kind == "lead" and fields.get("converted"):
                self._convert(record)
                fields = {name: value for name, value in fields.items() if name != "converted"}
            if kind in ("contact", "lead"):
                self._set_person(record, fields)
                record.values["edited_by_person"] = True
            elif kind == "matter":
                record.values.update(_matter_values(fields))
                self._state.touch(record)
            elif kind == "user":
                self._set_user(record, fields)
            else:
                self._edit_activity(record, fields)

    def delete(self, kind: str, reference: str | Given) -> None:
        """Delete a record; a lead with its matters. Raises LookupError."""
        with self._state.lock:
            record = self._one(kind, reference)
            if kind == "lead":
                for matter in self._state.matters_of(record.id):
                    self._state.remove(matter)
            if record.kind == "contacts":
                people.remove_contact(self._state, record)
            else:
                self._state.remove(record)

    def merge(self, loser: str | Given, survivor: str | Given) -> None:
        """Merge one contact into another. What Lawmatics' pages leave of the first is not known: here it is
        gone, and its numbers, addresses, matters and notes are the other's. Raises LookupError."""
        with self._state.lock:
            gone, kept = self._one("contact", loser), self._one("contact", survivor)
            for name, sort in _SORTS:
                more = [
                    one for one in handles.infos(self._state, gone, sort) if one not in self._held(kept)[name]
                ]
                for info in more:
                    handles.append(self._state, kept, sort, "", info)
            for matter in self._state.matters_of(gone.id):
                self._state.give_matter(matter, kept.id)
            for kind in ("notes", "events", "time_entries", "files"):
                for record in self._state.all(kind):
                    if record.values.get("owner") == ("contact", gone.id):
                        record.values["owner"] = ("contact", kept.id)
            people.remove_contact(self._state, gone)
            self._state.touch(kept)
            handles.remember(self._state, kept)
            kept.values["edited_by_person"] = True

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, finders and filters by names, numbers and addresses are answered 503."""
        self._state.search_broken = True
        try:
            yield
        finally:
            self._state.search_broken = False

    def dump(self) -> Dump:
        """What the firm holds, as a scenario's `expect.crm` has it."""
        with self._state.lock:
            return dump(self._state)

    # --- people ----------------------------------------------------------------------------------------

    def _held(self, record: Record) -> dict[str, list[str]]:
        return {name: handles.infos(self._state, record, sort) for name, sort in _SORTS}

    def _add_person(self, fields: Given) -> Record:
        record = people.save_contact(self._state, None, {}, self._user)
        self._set_person(record, fields)
        if fields.get("created_at") not in (None, ""):
            record.created = _moment(fields["created_at"])
        return record

    def _set_person(self, record: Record, fields: Given) -> None:
        """A scenario's fields; lists replace what was there."""
        if unknown := set(fields) - _PERSON - _OTHERS:
            raise ValueError(f"a contact of Lawmatics has no {', '.join(sorted(unknown))}")
        data: dict[str, Any] = {name: fields[name] for name in _PERSON if name in fields}
        if "name" in fields and not ({"first_name", "last_name"} & set(fields)):
            data["last_name"] = fields["name"]
        if fields.get("company"):
            data["company_id"] = self._company(fields["company"]).id
        data["custom_fields"] = [
            {"id": self._field(_MARKS[name]), "value": value}
            for name, value in fields.items()
            if name in _MARKS and value not in (None, False)
        ]
        people.save_contact(self._state, record, data, self._user)
        for name, sort in _SORTS:
            if name in fields:
                self._replace(record, sort, fields[name] or ())
        handles.remember(self._state, record)

    def _replace(self, record: Record, sort: handles.Sort, texts: Sequence[str]) -> None:
        for one in handles.held(self._state, record, sort):
            if one.values["info"] not in texts:
                handles.drop(self._state, record, one)
        for text in texts:
            if text not in handles.infos(self._state, record, sort):
                handles.append(self._state, record, sort, "", text)

    def _field(self, name: str) -> int:
        found = next((one for one in self._state.all("custom_fields") if one.values["name"] == name), None)
        if found is None:
            values = {
                "name": name,
                "type": "Contact",
                "field_type": marks.FIELDS[name],
                "visibility": "default",
            }
            found = self._state.add("custom_fields", values)
        return found.id

    def _company(self, name: str) -> Record:
        for one in self._state.all("companies"):
            if (one.values["name"] or "").casefold() == name.casefold():
                return one
        return people.save_company(self._state, None, {"name": name}, self._user)

    # --- leads and matters -----------------------------------------------------------------------------

    def _add_lead(self, fields: Given) -> Record:
        """A person with a matter of status pnc; one that is converted, a contact that has hired the firm."""
        converted = fields.get("converted_to")
        if converted:
            contact = self._one("contact", converted)
            add_prospect(self._state, contact, {"status": "hired"}, self._user)
            return contact
        contact = self._add_person(fields)
        values = {"case_title": f"Inquiry of {fields.get('last_name') or 'somebody'}"}
        add_prospect(self._state, contact, values, self._user)
        return contact

    def _convert(self, contact: Record) -> None:
        for matter in self._state.matters_of(contact.id):
            if matter.values["status"] == "pnc":
                matter.values.update(status="hired", converted_date=self._state.clock())
                self._state.touch(matter)
        self._state.touch(contact)

    def _add_matter(self, fields: Given) -> Record:
        contact = self._one("contact", fields["contact"])
        values = {"case_title": "Matter", "status": "hired", **_matter_values(fields)}
        record = add_prospect(self._state, contact, values, self._user)
        if fields.get("opened_at"):
            record.created = _moment(fields["opened_at"])
        return record

    # --- users and activities --------------------------------------------------------------------------

    def _add_user(self, fields: Given) -> Record:
        if unknown := set(fields) - {"id", "name", "email", "active"}:
            raise ValueError(f"a user of Lawmatics has no {', '.join(sorted(unknown))}")
        name = str(fields.get("name") or fields.get("id") or "")
        active = fields.get("active") is not False
        return add_user(self._state, name=name, email=str(fields.get("email") or ""), active=active)

    def _set_user(self, record: Record, fields: Given) -> None:
        if "active" in fields:
            record.values["confirmed_at"] = self._state.clock() if fields["active"] else None
        if fields.get("name"):
            first, _, last = str(fields["name"]).partition(" ")
            record.values.update(first_name=first, last_name=last)
        if "email" in fields:
            record.values["email"] = fields["email"]
        self._state.touch(record)

    def _edit_activity(self, record: Record, fields: Given) -> None:
        """A person changes the text; our line in it stays where it is."""
        if unknown := set(fields) - {"subject", "body"}:
            raise ValueError(f"this cannot be edited on an activity: {', '.join(sorted(unknown))}")
        name = "description" if record.kind == "events" else "body"
        if "body" in fields:
            lines = (record.values.get(name) or "").split("\n")
            ours = [line for line in lines if line.startswith(marks.LINE)]
            first = [lines[0], ""] if record.kind == "interactions" else []
            record.values[name] = "\n".join([*first, str(fields["body"]), *(["", *ours] if ours else [])])
        if "subject" in fields:
            self._set_subject(record, str(fields["subject"]))
        self._state.touch(record)

    def _set_subject(self, record: Record, subject: str) -> None:
        if record.kind == "interactions":
            _, line_end, rest = (record.values["body"] or "").partition("\n")
            record.values["body"] = f"{subject}{line_end}{rest}"
        else:
            record.values["name"] = subject

    # --- which one -------------------------------------------------------------------------------------

    def _one(self, kind: str, reference: str | Given) -> Record:
        """The record that is meant: by id, or a person by an address or a number of its."""
        if isinstance(reference, Mapping):
            return self._by_handle(reference)
        text = str(reference)
        sort = _KINDS.get(kind, kind)
        if kind == "activity":
            prefix, _, text = text.partition(":")
            sort = _ACTIVITIES.get(prefix, prefix)
        record = self._state.get(sort, int(text)) if text.isdecimal() else None
        if record is None or (kind == "lead" and not is_lead(self._state, record)):
            raise LookupError(f"there is no {reference!r} among the {kind}s of Lawmatics")
        return record

    def _by_handle(self, reference: Given) -> Record:
        email, phone = str(reference.get("email", "")).casefold(), _digits(str(reference.get("phone", "")))
        found = []
        for one in self._state.all("contacts"):
            held = self._held(one)
            same_email = email in {text.casefold() for text in held["emails"]}
            if same_email or phone in {_digits(text) for text in held["phones"]}:
                found.append(one)
        if len(found) != 1:
            raise LookupError(f"{len(found)} contacts of Lawmatics have {dict(reference)}")
        return found[0]


def _matter_values(fields: Given) -> dict[str, Any]:
    if unknown := set(fields) - {"id", "contact", "name", "open", "opened_at"}:
        raise ValueError(f"a matter of Lawmatics has no {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {"case_title": fields["name"]} if fields.get("name") else {}
    if "open" in fields:
        values["status"] = "hired" if fields["open"] else "lost"
    return values


def _digits(text: str) -> str:
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits[-10:] or "none"


def _moment(given: object) -> int:
    """A scenario's time (microseconds, ISO 8601, a date, a datetime) as microseconds."""
    if isinstance(given, int):
        return given
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise ValueError(f"{given!r} is no time")
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)
