"""People at work in Clio's pages (`conformance.Hands`), and what is in the account, as a scenario tells it.

Our marks are read from where the connector puts them: custom fields of contacts, external properties of
communications, calendar entries and documents (README.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from firstcontact.testing.simulators.clio.contacts import name_of, save_contact
from firstcontact.testing.simulators.clio.practice import save_matter
from firstcontact.testing.simulators.clio.resource import Asked
from firstcontact.testing.simulators.clio.setup import add_user
from firstcontact.testing.simulators.clio.state import SECOND, Record, State, day_of, read_time

KEY = "FirstContact key"
CREATED = "Created by FirstContact"
PLACEHOLDER = "FirstContact placeholder"
INTERACTION = "FirstContact interaction"
STATE = "FirstContact state"
OWN_TEXTS = {name: f"FirstContact {name}" for name in ("department", "seniority", "persona")}
CALENDAR = "calendar_entry:"
"""What stands before the id of an activity that is a calendar entry, since ids are counted per kind."""
Given = Mapping[str, Any]
_KINDS = {"contact": "contacts", "matter": "matters", "user": "users", "activity": "communications"}
_NO_PLACE = frozenset(
    {
        "account",
        "owner",
        "last_activity_at",
        "converted_to",
        "lead_source",
        "contact_type",
        "active",
    }
)
"""Fields of a scenario's contact that Clio has no place for: they are taken, and nothing comes of them."""
_CONTACT = frozenset({"first_name", "last_name", "name", "title"})
_MARKS = {
    "created_by_us": CREATED,
    "placeholder": PLACEHOLDER,
    "interaction": INTERACTION,
    **OWN_TEXTS,
}
_MAILING = {
    "street": "street",
    "city": "city",
    "state": "province",
    "postal_code": "postal_code",
    "country": "country",
}


class Desk:
    """A person who is logged in as the firm's own user. Ids are Clio's; a given one is not kept."""

    def __init__(self, state: State, api_user: Record) -> None:
        self._state = state
        self._asked = Asked(user=api_user, version=(4, 0, 13), base="", params={}, by_hand=True)

    # --- Hands -----------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a contact, matter or user; its id. Raises ValueError."""
        with self._state.lock:
            if kind == "user":
                return str(self._add_user(fields).id)
            if kind == "contact":
                return str(self._add_contact(fields).id)
            if kind == "matter":
                return str(self._add_matter(fields).id)
        raise ValueError(f"Clio Manage has no {kind}")

    def edit(self, kind: str, reference: str | Given, fields: Given) -> None:
        """Set fields of a record. Raises LookupError, ValueError."""
        with self._state.lock:
            record = self._one(kind, reference)
            if kind == "contact":
                save_contact(self._state, record, self._contact_data(fields, record), self._asked)
                record.values["edited_by_person"] = True
            elif kind == "matter":
                save_matter(self._state, record, _matter_data(fields), self._asked)
            elif kind == "user":
                record.values.update(_user_data({"name": record.values["name"], **fields}))
                self._state.touch(record)
            else:
                self._edit_activity(record, fields)

    def delete(self, kind: str, reference: str | Given) -> None:
        """Delete a record. Raises LookupError."""
        with self._state.lock:
            self._state.remove(self._one(kind, reference))

    def merge(self, loser: str | Given, survivor: str | Given) -> None:
        """Merge one contact into another. What Clio's pages leave of the first is not known: here it is gone,
        and its numbers, addresses, matters and communications are the other's. Raises LookupError."""
        with self._state.lock:
            gone, kept = self._one("contact", loser), self._one("contact", survivor)
            self._move_links(gone.id, kept.id)
            self._state.remove(gone)
            more = {"phones": _texts(gone, "phones", "number"), "emails": _texts(gone, "emails", "address")}
            save_contact(self._state, kept, self._added(kept, more), self._asked)
            kept.values["edited_by_person"] = True

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, every `query` is answered 503."""
        self._state.search_broken = True
        try:
            yield
        finally:
            self._state.search_broken = False

    # --- adding and changing ---------------------------------------------------------------------------

    def _add_user(self, fields: Given) -> Record:
        name = str(fields.get("name") or fields.get("id") or "")
        first, _, last = name.partition(" ")
        given = _user_data(fields)
        return add_user(
            self._state,
            first=first,
            last=last,
            email=given.get("email", ""),
            enabled=given.get("enabled", True),
        )

    def _add_contact(self, fields: Given) -> Record:
        data = {"type": "Person", **self._contact_data(fields, None)}
        record = save_contact(self._state, None, data, self._asked)
        if fields.get("created_at") not in (None, ""):
            record.created = _moment(fields["created_at"])
        return record

    def _contact_data(self, fields: Given, record: Record | None) -> dict[str, Any]:
        """A scenario's fields as what Clio is sent. Lists replace what was there."""
        known = (
            _CONTACT
            | _NO_PLACE
            | set(_MARKS)
            | {"id", "emails", "phones", "mobiles", "mailing", "company", "country", "created_at"}
        )
        if unknown := set(fields) - known:
            raise ValueError(f"a contact of Clio has no {', '.join(sorted(unknown))}")
        data: dict[str, Any] = {name: fields[name] for name in _CONTACT if name in fields}
        if "phones" in fields:
            data["phone_numbers"] = _replacing(record, "phones", "number", fields["phones"], "Work")
        if "emails" in fields:
            data["email_addresses"] = _replacing(record, "emails", "address", fields["emails"], "Work")
        if "mobiles" in fields:
            data["phone_numbers"] = [
                *data.get("phone_numbers", ()),
                *_replacing(record, "phones", "number", fields["mobiles"], "Mobile", only="Mobile"),
            ]
        if fields.get("country") or fields.get("mailing"):
            data["addresses"] = [_address(record, fields.get("mailing") or {}, fields.get("country"))]
        if fields.get("company"):
            data["company"] = {"id": self._company(fields["company"]).id}
        marks = {
            _MARKS[name]: value for name, value in fields.items() if name in _MARKS and value is not None
        }
        data["custom_field_values"] = [self._mark(record, name, value) for name, value in marks.items()]
        return data

    def _added(self, record: Record, more: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        phones = [text for text in more["phones"] if text not in _texts(record, "phones", "number")]
        emails = [text for text in more["emails"] if text not in _texts(record, "emails", "address")]
        return {
            "phone_numbers": [{"name": "Other", "number": text} for text in phones],
            "email_addresses": [{"name": "Other", "address": text} for text in emails],
        }

    def _mark(self, record: Record | None, name: str, value: Any) -> dict[str, Any]:
        field = next((one for one in self._state.all("custom_fields") if one.values["name"] == name), None)
        if field is None:
            raise ValueError(f"there is no custom field {name!r}")
        parts = record.values["custom"] if record else []
        held = next((part for part in parts if part.values["field"] == field.id), None)
        there = {"id": held.id} if held else {}
        return {"custom_field": {"id": field.id}, "value": value, **there}

    def _company(self, name: str) -> Record:
        for one in self._state.all("contacts"):
            if one.values["type"] == "Company" and name_of(one).casefold() == name.casefold():
                return one
        return save_contact(self._state, None, {"type": "Company", "name": name}, self._asked)

    def _add_matter(self, fields: Given) -> Record:
        data = {"description": "Matter", **_matter_data(fields)}
        data["client"] = {"id": self._one("contact", fields["contact"]).id}
        return save_matter(self._state, None, data, self._asked)

    def _edit_activity(self, record: Record, fields: Given) -> None:
        known = {"subject": "subject", "body": "body"}
        if record.kind == "calendar_entries":
            known = {"subject": "summary", "body": "description"}
        if unknown := set(fields) - set(known):
            raise ValueError(f"this cannot be edited on an activity: {', '.join(sorted(unknown))}")
        record.values.update({known[name]: value for name, value in fields.items()})
        self._state.touch(record)

    def _move_links(self, gone: int, kept: int) -> None:
        for kind, name in (("matters", "client"), ("relationships", "contact"), ("notes", "contact")):
            for record in self._state.all(kind):
                if record.values[name] == gone:
                    self._state.touch(record)
                    if kind == "matters":
                        self._state.set_client(record, kept)
                    else:
                        record.values[name] = kept
        for kind, names in (
            ("communications", ("senders", "receivers")),
            ("calendar_entries", ("attendees",)),
        ):
            for record in self._state.all(kind):
                for name in names:
                    people = [
                        ("Contact", kept) if one == ("Contact", gone) else one for one in record.values[name]
                    ]
                    record.values[name] = list(dict.fromkeys(people))

    def _one(self, kind: str, reference: str | Given) -> Record:
        """The record that is meant: by id, or a contact by an address or a number of its."""
        if isinstance(reference, Mapping):
            return self._by_handle(reference)
        text = str(reference)
        if kind == "activity" and text.startswith(CALENDAR):
            return self._live("calendar_entries", text.removeprefix(CALENDAR))
        return self._live(_KINDS.get(kind, kind), text)

    def _live(self, kind: str, id: str) -> Record:
        record = self._state.get(kind, int(id)) if id.isdigit() else None
        if record is None:
            raise LookupError(f"there is no {id!r} among the {kind} of Clio")
        return record

    def _by_handle(self, reference: Given) -> Record:
        found = []
        for one in self._state.all("contacts"):
            emails = {text.casefold() for text in _texts(one, "emails", "address")}
            phones = {_digits(text) for text in _texts(one, "phones", "number")}
            if (
                reference.get("email", "").casefold() in emails
                or _digits(reference.get("phone", "")) in phones
            ):
                found.append(one)
        if len(found) != 1:
            raise LookupError(f"{len(found)} contacts of Clio have {dict(reference)}")
        return found[0]

    # --- looking ---------------------------------------------------------------------------------------

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """What the account holds, as a scenario's `expect.crm` has it; companies are left out."""
        with self._state.lock:
            people = [one for one in self._state.all("contacts") if one.values["type"] == "Person"]
            calls = [self._communication(one) for one in self._state.all("communications")]
            meetings = [self._meeting(one) for one in self._state.all("calendar_entries")]
            return {
                "contacts": [self._contact(one) for one in people],
                "leads": [],
                "accounts": [],
                "opportunities": [],
                "contact_roles": [],
                "matters": [_matter(one) for one in self._state.all("matters")],
                "activities": calls + meetings,
                "time_entries": [self._time_entry(one) for one in self._state.all("activities")],
                "documents": [self._document(one) for one in self._state.all("documents")],
                "users": [_user(one) for one in self._state.all("users")],
            }

    def _contact(self, record: Record) -> dict[str, Any]:
        values = record.values
        marks = self._marks(record)
        company = self._state.get("contacts", values.get("company"))
        return {
            "id": str(record.id),
            "name": name_of(record) or None,
            **{name: values.get(name) or None for name in ("first_name", "last_name", "title")},
            "emails": _texts(record, "emails", "address", "default_email"),
            "phones": _texts(record, "phones", "number", "default_number"),
            "company": name_of(company) if company else None,
            "country": next((part.values.get("country") for part in values["addresses"]), None),
            "mobiles": [
                part.values["number"] for part in values["phones"] if part.values["name"] == "Mobile"
            ],
            "mailing": _mailing(values["addresses"]),
            **{name: marks.get(field) or None for name, field in OWN_TEXTS.items()},
            **dict.fromkeys(_NO_PLACE - {"active"}),
            "active": True,
            "created_at": record.created,
            "placeholder": bool(marks.get(PLACEHOLDER)),
            "created_by_us": bool(marks.get(CREATED)),
            "interaction": marks.get(INTERACTION) or None,
            "edited_by_person": bool(values.get("edited_by_person")),
        }

    def _marks(self, record: Record) -> dict[str, Any]:
        fields = {one.id: one.values["name"] for one in self._state.all("custom_fields")}
        return {fields[part.values["field"]]: part.values["value"] for part in record.values["custom"]}

    def _communication(self, record: Record) -> dict[str, Any]:
        values = record.values
        people = [*values["senders"], *values["receivers"]]
        users = [id for type, id in people if type == "User"]
        kind = "email" if values["type"] == "EmailCommunication" else "call"
        return {
            **self._activity(record, people, kind),
            "id": str(record.id),
            "at": values["received_at"],
            "subject": values["subject"],
            "body": values["body"],
            "user": str(users[0]) if users else None,
        }

    def _meeting(self, record: Record) -> dict[str, Any]:
        values = record.values
        calendar = self._state.get("calendars", values["calendar_owner"])
        return {
            **self._activity(record, values["attendees"], "meeting"),
            "id": f"{CALENDAR}{record.id}",
            "at": values["start_at"],
            "seconds": (values["end_at"] - values["start_at"]) // SECOND,
            "subject": values["summary"],
            "body": values.get("description"),
            "user": str(calendar.values["user"]) if calendar else None,
        }

    def _activity(self, record: Record, people: Sequence[tuple[str, int]], kind: str) -> dict[str, Any]:
        """What external properties say of a record, and who is on it that is still there."""
        ours = _properties(record)
        result, seconds = _result(ours.get("firstcontact_result", ""))
        there = [id for type, id in people if type == "Contact" and self._state.get("contacts", id)]
        matter = record.values["matter"]
        return {
            "kind": ours.get("firstcontact_kind", kind).split()[0],
            "interactions": _interactions(ours),
            "direction": ours.get("firstcontact_direction") or None,
            "outcome": result or None,
            "seconds": seconds,
            "contacts": [str(id) for id in dict.fromkeys(there)],
            "leads": [],
            "matter": str(matter) if matter and self._state.get("matters", matter) else None,
            **dict.fromkeys(("account", "opportunity", "recording", "transcript")),
        }

    def _time_entry(self, record: Record) -> dict[str, Any]:
        values = record.values
        on, activity = self._on(values["communication"], values["calendar_entry"])
        interactions = _interactions(_properties(on)) if on else []
        return {
            "id": str(record.id),
            "interaction": interactions[0] if interactions else None,
            "activity": activity,
            "at": read_time(f"{values['date']}T00:00:00Z"),
            "seconds": values["seconds"],
            "billable": not values.get("non_billable"),
            "user": str(values["user"]),
            "matter": str(values["matter"]) if values["matter"] else None,
            "subject": values.get("note"),
        }

    def _document(self, record: Record) -> dict[str, Any]:
        values = record.values
        on, activity = self._on(values["communication_id"], None)
        interactions = _interactions(_properties(record)) or (_interactions(_properties(on)) if on else [])
        return {
            "id": str(record.id),
            "interaction": interactions[0] if interactions else None,
            "activity": activity,
            "name": values["name"],
            "content_type": values["content_type"],
            "size": len(self._state.uploads.get(values["uuid"], b"")),
            "fully_uploaded": values["fully_uploaded"],
        }

    def _on(self, communication: int | None, entry: int | None) -> tuple[Record | None, str | None]:
        call, meeting = (
            self._state.get("communications", communication),
            self._state.get("calendar_entries", entry),
        )
        if call is not None:
            return call, str(call.id)
        return meeting, f"{CALENDAR}{meeting.id}" if meeting else None


def _properties(record: Record) -> dict[str, str]:
    return {
        part.values["name"]: part.values.get("value") or "" for part in record.values["external_properties"]
    }


def _interactions(ours: Mapping[str, str]) -> list[str]:
    """Ids joined by a space; where they were too many, the first and `+N` for how many more."""
    return [word for word in ours.get("firstcontact_interactions", "").split(" ") if word and word[0] != "+"]


def _result(text: str) -> tuple[str, int]:
    """`answered/240`: a call's result and its seconds, either of which may be missing."""
    result, _, seconds = text.rpartition("/")
    return (result, int(seconds)) if seconds.isdigit() else (text, 0)


def _matter(record: Record) -> dict[str, Any]:
    values = record.values
    opened = values.get("open_date")
    return {
        "id": str(record.id),
        "contact": str(values["client"]),
        "name": values["description"],
        "open": values["status"] != "closed",
        "opened_at": read_time(f"{opened}T00:00:00Z") if opened else 0,
    }


def _matter_data(fields: Given) -> dict[str, Any]:
    if unknown := set(fields) - {"id", "contact", "name", "open", "opened_at"}:
        raise ValueError(f"a matter of Clio has no {', '.join(sorted(unknown))}")
    data: dict[str, Any] = {"description": fields["name"]} if fields.get("name") else {}
    if "open" in fields:
        data["status"] = "open" if fields["open"] else "closed"
    if fields.get("opened_at"):
        data["open_date"] = day_of(_moment(fields["opened_at"]))
    return data


def _user(record: Record) -> dict[str, Any]:
    values = record.values
    return {
        "id": str(record.id),
        "name": values["name"],
        "email": values["email"],
        "active": values["enabled"],
    }


def _user_data(fields: Given) -> dict[str, Any]:
    if unknown := set(fields) - {"id", "name", "email", "active"}:
        raise ValueError(f"a user of Clio has no {', '.join(sorted(unknown))}")
    names = {"name": "name", "email": "email", "active": "enabled"}
    return {names[name]: value for name, value in fields.items() if name in names and value is not None}


def _address(record: Record | None, mailing: Given, country: Any) -> dict[str, Any]:
    """The first address as it is to be, in place of the one that is there."""
    there = {"id": record.values["addresses"][0].id} if record and record.values["addresses"] else {}
    parts = {_MAILING[name]: value for name, value in mailing.items()}
    return {"name": "Work", **({"country": country} if country else {}), **parts, **there}


def _mailing(addresses: Sequence[Record]) -> dict[str, Any] | None:
    """The first address, where there is more of it than a country."""
    parts = {name: part.values.get(_MAILING[name]) or "" for part in addresses[:1] for name in _MAILING}
    return parts if any(value for name, value in parts.items() if name != "country") else None


def _replacing(
    record: Record | None, key: str, name: str, texts: Sequence[str], kind: str, only: str = ""
) -> list[dict[str, Any]]:
    """Changes after which a list holds these texts and no others. only: those of this type alone."""
    before = record.values[key] if record else []
    if only:
        before = [part for part in before if part.values["name"] == only]
    held = {part.values[name] for part in before}
    gone = [{"id": part.id, "_destroy": True} for part in before if part.values[name] not in texts]
    return [*gone, *({"name": kind, name: text} for text in texts if text not in held)]


def _texts(record: Record, key: str, name: str, main: str = "") -> list[str]:
    parts = record.values[key]
    if main:
        parts = sorted(parts, key=lambda part: not part.values[main])
    return [part.values[name] for part in parts]


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
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )
