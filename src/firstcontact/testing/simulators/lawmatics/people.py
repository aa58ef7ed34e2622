"""Contacts, companies and matters (`prospects`), and how the finders find them (apis A3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.testing.simulators.lawmatics import handles
from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError, invalid
from firstcontact.testing.simulators.lawmatics.feed import tell
from firstcontact.testing.simulators.lawmatics.kind import Attribute, Derived, Kind, Linked, to_one, to_user
from firstcontact.testing.simulators.lawmatics.setup import VALUES, custom_values, set_values, tag_ids
from firstcontact.testing.simulators.lawmatics.state import SECOND, Record, State

_DAY = 86_400 * SECOND
PLAIN = (
    "first_name",
    "last_name",
    "middle_name",
    "name_prefix",
    "name_suffix",
    "informal_name",
    "title",
    "employer",
    "occupation",
    "citizenship",
    "bio",
    "hobbies",
    "birthdate",
    "social_security",
    "driver_license",
    "gender",
    "marital_status",
    "timezone",
)
"""What a person says of itself; a matter shows it of its contact."""
PLACE = ("street", "street2", "city", "state", "zipcode", "country")
_HANDLES: Mapping[str, tuple[str, handles.Sort]] = {
    "email": ("email", "email_addresses"),
    "email_address": ("email", "email_addresses"),
    "phone": ("phone", "phone_numbers"),
    "phone_number": ("phone", "phone_numbers"),
}
NOTES = [{"name": "text", "*body": "text"}]
BODY: Mapping[str, Any] = {
    **dict.fromkeys((*PLAIN, *PLACE, "email", "phone"), "text"),
    "notes": NOTES,
    "tags": ["text"],
    "custom_fields": VALUES,
}
"""Fields that contacts and matters both take."""


def _primary(sort: handles.Sort) -> Derived:
    return lambda state, record: handles.primary(state, record, sort)


def contact_type(state: State, contact: Record) -> str:
    """`PNC` as published; how others are written is not."""
    statuses = {one.values["status"] for one in state.matters_of(contact.id)}
    return "Client" if "hired" in statuses else "PNC" if "pnc" in statuses else "Contact"


def _client(state: State, contact: Record) -> Linked:
    """Who has hired the firm is a client, whose record is not simulated: its id is the contact's."""
    return ("client", contact.id) if contact_type(state, contact) == "Client" else None


def _handles(sort: handles.Sort, type: str) -> Callable[[State, Record], Linked]:
    return lambda state, record: [(type, one.id) for one in handles.held(state, record, sort)]


def last_contact(state: State, contact: Record) -> int:
    """When somebody was last in contact: at first when the contact was made, then by interactions."""
    matters = {one.id for one in state.matters_of(contact.id)}
    if not matters:
        return contact.created
    times = [
        one.values["happened_at"] for one in state.all("interactions") if one.values["owner"][1] in matters
    ]
    past: list[int] = [time for time in times if time <= state.clock()]
    return max([contact.created, *past])


def _days_since(state: State, contact: Record) -> int:
    return (state.clock() - last_contact(state, contact)) // _DAY


def _prospects(state: State, contact: Record) -> Linked:
    return [("prospect", one.id) for one in state.matters_of(contact.id)]


# --- saving --------------------------------------------------------------------------------------------


def save_contact(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    """Makes or changes a contact. Raises LawmaticsError 422."""
    empty: dict[str, Any] = {"phone_numbers": [], "email_addresses": [], "created_by": user.id}
    values: dict[str, Any] = {} if record else empty
    values.update({name: data[name] for name in (*PLAIN, *PLACE) if name in data})
    if "company_id" in data:
        if data["company_id"] is not None and state.get("companies", data["company_id"]) is None:
            raise invalid("Company must exist")
        values["company"] = data["company_id"]
    custom = {"custom": record.values.get("custom", {}) if record else {}}
    set_values(state, custom, data.get("custom_fields") or (), "Contact")
    return _stored(state, record, "contacts", {**values, **custom}, data, user)


def save_company(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    """Makes or changes a company."""
    values: dict[str, Any] = (
        {} if record else {"phone_numbers": [], "email_addresses": [], "created_by": user.id}
    )
    values.update({name: data[name] for name in ("name", *PLACE) if name in data})
    saved = _stored(state, record, "companies", values, data, user)
    for name, sort in handles.SORTS:
        given = "emails_attributes" if name == "email" else "phone_numbers_attributes"
        for one in data.get(given) or ():
            handles.append(state, saved, sort, one.get("label") or "", one["info"])
    handles.remember(state, saved)
    return saved


def _stored(
    state: State, record: Record | None, kind: str, values: dict[str, Any], data: dict[str, Any], user: Record
) -> Record:
    tags = tag_ids(state, data.get("tags") or ())
    if record is None:
        record = state.add(kind, {**values, "tags": tags})
    else:
        record.values.update(values)
        record.values["tags"] = list(dict.fromkeys([*record.values["tags"], *tags]))
        state.touch(record)
    for name, sort in handles.SORTS:
        if name in data:
            handles.set_primary(state, record, sort, data[name])
    type = "contact" if kind == "contacts" else "company"
    add_notes(state, data.get("notes") or (), (type, record.id), user)
    handles.remember(state, record)
    return record


def add_notes(state: State, given: Any, owner: tuple[str, int], user: Record) -> None:
    """Notes that come with a contact or matter (apis A3, "Create contact")."""
    for one in given:
        told = {"name": one.get("name"), "body": one["body"]}
        record = state.add("notes", {**told, "owner": owner, "created_by": user.id})
        tell(state, "note.create", record, user, told)


def remove_contact(state: State, record: Record) -> None:
    """A contact goes, its numbers and addresses with it. What becomes of its matters is not known: here they
    stay, without a person."""
    for _, sort in handles.SORTS:
        for one in handles.held(state, record, sort):
            handles.drop(state, record, one)
    state.remove(record)


def attendee(state: State, record: Record) -> Record | None:
    """The contact that an event, note and so on is with: its own, or its matter's."""
    owner = record.values.get("owner")
    if owner is None:
        return None
    if owner[0] == "prospect":
        prospect = state.get("prospects", owner[1])
        return state.get("contacts", prospect.values["contact"]) if prospect is not None else None
    return state.get("contacts", owner[1]) if owner[0] == "contact" else None


# --- finding -------------------------------------------------------------------------------------------


def finder(state: State, kind: Kind, by: str, text: str) -> Record:
    """The first record made that a finder finds. Raises LawmaticsError 404 for none (or as the quirk says),
    503 while the search is down."""
    if state.search_broken:
        raise LawmaticsError(503, "Service Unavailable", "The search is not available.")
    matches = _matcher(state, by, text)
    for record in state.all(kind.path):
        known = _known_person(state, record)
        if known is not None and matches(known):
            return record
    raise LawmaticsError(404, "Not found", f"{kind.what} with {by} {text} was not found.")


def _known_person(state: State, record: Record) -> Mapping[str, Any] | None:
    if record.kind != "prospects":
        return state.searched(record)
    if state.lag and record.created > state.clock() - int(state.lag * SECOND):
        return None
    contact = state.get("contacts", record.values["contact"])
    return state.searched(contact) if contact is not None else None


def known_text(state: State, record: Record, name: str, current: Callable[[], Any]) -> Any:
    """An attribute as a filter sees it: names, numbers and addresses are behind by the lag."""
    if record.kind not in ("contacts", "companies", "prospects") or name not in _SEARCHED:
        return current()
    if state.search_broken:
        raise LawmaticsError(503, "Service Unavailable", "The search is not available.")
    if not state.lag:
        return current()
    known = _known_person(state, record)
    return known.get(name) if known is not None else None


_SEARCHED = frozenset({"first_name", "last_name", "name", *_HANDLES})


def _matcher(state: State, by: str, text: str) -> Callable[[Mapping[str, Any]], bool]:
    """How a finder compares (apis A3; N: normalisation and "fuzzy" are not verified)."""
    reach = None if state.quirks.find_reach == "all" else 1
    part = state.quirks.find_match == "part"
    if by == "name":
        wanted = " ".join(text.casefold().split())
        return lambda known: wanted in (known["name"].casefold(), (known["first_name"] or "").casefold())
    if by == "email":
        address = text.strip().casefold()
        return lambda known: any(_meets(address, one.casefold(), part) for one in known["emails"][:reach])
    if state.quirks.phone_match == "stored":
        return lambda known: any(_meets(text, one, part) for one in known["phones"][:reach])
    asked = handles.digits(text)
    return lambda known: bool(asked) and any(_meets(asked, one, part) for one in known["digits"][:reach])


def _meets(asked: str, held: str, part: bool) -> bool:
    return bool(asked) and (asked in held if part else asked == held)


# --- the kinds -----------------------------------------------------------------------------------------

_TIMES: Mapping[str, Attribute] = {"created_at": "time", "updated_at": "time"}
PERSON: Mapping[str, Attribute] = {
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "email_address": "text",
    "phone": "text",
    "phone_number": "text",
    **dict.fromkeys(PLAIN[2:], "text"),
    "age": "number",
    "date_of_last_contact": "time",
    "days_since_last_contact": "number",
    "photo_url": "text",
}
"""Attributes that contacts have, and matters of their contact's."""

CONTACTS = Kind(
    path="contacts",
    type="contact",
    what="Contact",
    link="/v1/contact",
    attributes={
        **PERSON,
        "tracking_source_id": "number",
        "custom_fields": "whole",
        "contact_type": "text",
        **_TIMES,
    },
    shown=("first_name", "last_name", "email", "phone", "created_at", "updated_at"),
    saved=("first_name", "last_name", "email", "phone", "custom_fields"),
    relations={
        "prospects": _prospects,
        "created_by": to_user("created_by"),
        "client": _client,
        "company": to_one("company", "companies", "company"),
        "emails": _handles("email_addresses", "email_address"),
        "phone_numbers": _handles("phone_numbers", "phone_number"),
    },
    hidden=lambda quirks: () if quirks.contact_numbers else ("emails", "phone_numbers"),
    derived={
        **{name: _primary(sort) for name, (_, sort) in _HANDLES.items()},
        "contact_type": contact_type,
        "custom_fields": custom_values,
        "date_of_last_contact": last_contact,
        "days_since_last_contact": _days_since,
    },
    links={"company_id": lambda _state, record: record.values.get("company")},
    create={**BODY, "company_id": "id"},
    update={**BODY, "company_id": "id"},
    save=save_contact,
    remove=remove_contact,
    finders=True,
)
"""`/contacts` and its finders (apis A3, "Lookup by phone", "Create contact"); PUT and DELETE as published."""
_COMPANY: Mapping[str, Any] = {
    "email": "text",
    "phone": "text",
    **dict.fromkeys(PLACE, "text"),
    "emails_attributes": [{"label": "text", "*info": "text"}],
    "phone_numbers_attributes": [{"label": "text", "*info": "text"}],
    "notes": NOTES,
    "tags": ["text"],
}
COMPANIES = Kind(
    path="companies",
    type="company",
    what="Company",
    attributes={
        "name": "text",
        "email": "text",
        **dict.fromkeys(PLACE[2:], "text"),
        "phone_number": "text",
        **_TIMES,
    },
    shown=("name", "email", "phone_number", "created_at", "updated_at"),
    relations={"created_by": to_user("created_by")},
    related=("created_by",),
    derived={"email": _primary("email_addresses"), "phone_number": _primary("phone_numbers")},
    create={**_COMPANY, "*name": "text"},
    update={**_COMPANY, "name": "text"},
    save=save_company,
    remove=remove_contact,
    finders=True,
)
"""`/companies` and its finders (apis A3, "Lookup by phone"; changelog 1.13 and 1.19)."""
