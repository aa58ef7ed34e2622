"""Numbers and addresses: records of their own, of a contact or a company (published API, 1.10.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError, invalid
from firstcontact.testing.simulators.lawmatics.kind import Attribute, Kind, to_owner
from firstcontact.testing.simulators.lawmatics.state import FIRM, Record, State

Sort = Literal["phone_numbers", "email_addresses"]
OWNER_TYPES = ("prospect", "contact", "company", "firm")
PRIMARY = "Primary"
SORTS: tuple[tuple[str, Sort], ...] = (("phone", "phone_numbers"), ("email", "email_addresses"))
"""Fields of a contact's body, and what they are kept as."""


def held(state: State, owner: Record, sort: Sort) -> list[Record]:
    """The numbers or addresses of a contact or company; the first is the primary one."""
    found = (state.get(sort, id) for id in owner.values[sort])
    return [one for one in found if one is not None]


def infos(state: State, owner: Record, sort: Sort) -> list[str]:
    """The same as texts."""
    return [one.values["info"] for one in held(state, owner, sort)]


def primary(state: State, owner: Record, sort: Sort) -> str | None:
    """What `phone` or `email` of a contact says."""
    return next(iter(infos(state, owner, sort)), None)


def set_primary(state: State, owner: Record, sort: Sort, info: str | None) -> None:
    """`phone` or `email` of a contact is written: the primary one is that from now on, or goes."""
    first = next(iter(held(state, owner, sort)), None)
    if first is not None and not info:
        drop(state, owner, first)
    elif first is not None:
        first.values["info"] = info
        state.touch(first)
    elif info:
        append(state, owner, sort, "", info)


def append(state: State, owner: Record, sort: Sort, label: str, info: str) -> Record:
    """One more number or address of a contact or company. label: empty, `Primary` for the first and `Other`
    for those behind it."""
    label = label or ("Other" if owner.values[sort] else PRIMARY)
    type = "contact" if owner.kind == "contacts" else "company"
    record = state.add(sort, {"label": label, "info": info, "owner": (type, owner.id)})
    owner.values[sort].append(record.id)
    return record


def drop(state: State, owner: Record, handle: Record) -> None:
    """A number or address goes; the first of those that are left is the primary one."""
    owner.values[handle.kind].remove(handle.id)
    state.remove(handle)
    for one in held(state, owner, cast(Sort, handle.kind))[:1]:
        one.values["label"] = PRIMARY


def owner_of(state: State, handle: Record) -> Record | None:
    """The contact or company that it belongs to."""
    type, id = handle.values["owner"]
    return state.get("contacts" if type == "contact" else "companies", id)


def resolve(state: State, type: str, id: int | None) -> tuple[str, int]:
    """What `…able_type` and `…able_id` name: type and id. Raises LawmaticsError 422."""
    if type == "firm":
        return "firm", FIRM
    kinds = {"prospect": "prospects", "matter": "prospects", "contact": "contacts", "company": "companies"}
    if state.get(kinds.get(type, ""), id) is None:
        raise invalid(f"{type} must exist")
    assert id is not None
    return ("prospect" if type == "matter" else type), id


def moved(state: State, data: Mapping[str, Any], type: str, id: str) -> bool:
    """Whether a change names another owner and is to be heeded (quirk). Raises LawmaticsError 422."""
    if type not in data and id not in data:
        return False
    if state.quirks.moves == "refused":
        raise LawmaticsError(422, "Unpermitted Parameter", f"{id!r} is not a parameter here.")
    return state.quirks.moves == "taken"


def _save(sort: Sort) -> Any:
    def save(state: State, record: Record | None, data: dict[str, Any], _user: Record) -> Record:
        if record is None:
            owner = _person(
                state, *resolve(state, data["informationable_type"], data.get("informationable_id"))
            )
            record = append(state, owner, sort, data["label"], data["info"])
        else:
            record.values.update({name: data[name] for name in ("label", "info") if data.get(name)})
            state.touch(record)
        changed(state, record)
        return record

    return save


def _person(state: State, type: str, id: int) -> Record:
    """A number that is given to a matter becomes its contact's (published API)."""
    if type == "prospect":
        prospect = state.get("prospects", id)
        owner = prospect and state.get("contacts", prospect.values["contact"])
    else:
        owner = state.get("contacts" if type == "contact" else "companies", id)
    if not owner:
        raise invalid("informationable must exist")
    return owner


def changed(state: State, handle: Record, owner: Record | None = None) -> None:
    """The search learns of it in time; whether its contact counts as changed is not known (quirk)."""
    owner = owner or owner_of(state, handle)
    if owner is not None:
        remember(state, owner)
        if state.quirks.handle_touch == "touched":
            state.touch(owner)


def _remove(state: State, record: Record) -> None:
    owner = owner_of(state, record)
    if owner is None:
        state.remove(record)
        return
    drop(state, owner, record)
    changed(state, record, owner)


def remember(state: State, record: Record) -> None:
    """What the search will know of a contact or company."""
    values = record.values
    names = [values.get(name) or "" for name in ("first_name", "last_name", "name")]
    phones, emails = infos(state, record, "phone_numbers"), infos(state, record, "email_addresses")
    state.remember(
        record,
        {
            "first_name": values.get("first_name"),
            "last_name": values.get("last_name"),
            "name": " ".join(name for name in names if name),
            "phones": phones,
            "digits": [digits(one) for one in phones],
            "emails": emails,
            **dict.fromkeys(("phone", "phone_number"), next(iter(phones), None)),
            **dict.fromkeys(("email", "email_address"), next(iter(emails), None)),
        },
    )


def digits(text: str) -> str:
    """Digits, without the leading 1 of a number in North America (published for companies)."""
    digits = "".join(letter for letter in text if letter in "0123456789")
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


_ATTRIBUTES: Mapping[str, Attribute] = {
    "label": "text",
    "info": "text",
    "created_at": "time",
    "updated_at": "time",
}


def _kind(sort: Sort, type: str, what: str) -> Kind:
    return Kind(
        path=sort,
        type=type,
        what=what,
        attributes=_ATTRIBUTES,
        shown=("label", "info"),
        relations={"informationable": to_owner},
        related=("informationable",),
        owner="informationable",
        create={
            "*label": "text",
            "*info": "text",
            "*informationable_type": OWNER_TYPES,
            "informationable_id": "id",
        },
        update={"label": "text", "info": "text"},
        save=_save(sort),
        remove=_remove,
    )


PHONE_NUMBERS = _kind("phone_numbers", "phone_number", "Phone Number")
"""`/phone_numbers` (changelog 1.10 of the published API)."""
EMAIL_ADDRESSES = _kind("email_addresses", "email_address", "Email Address")
"""`/email_addresses` (changelog 1.10 of the published API)."""
