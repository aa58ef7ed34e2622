"""Contacts: people and companies (apis A2, "Lookup", "Create")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.clio.errors import invalid
from firstcontact.testing.simulators.clio.resource import (
    Asked,
    Resource,
    Test,
    by_text,
    flag,
    merged_parts,
    stored,
)
from firstcontact.testing.simulators.clio.selecting import View
from firstcontact.testing.simulators.clio.setup import merged_values, value_views
from firstcontact.testing.simulators.clio.state import Record, State

_NAMES = ("prefix", "first_name", "middle_name", "last_name")
_PLAIN = (*_NAMES, "title", "date_of_birth", "ledes_client_id", "sales_tax_number", "type")
_LISTS = {"phone_numbers": "phones", "email_addresses": "emails", "addresses": "addresses"}
_MORE_LISTS = {"web_sites": "web_sites", "instant_messengers": "instant_messengers"}
_DEFAULTS = {"phone_numbers": "default_number", "email_addresses": "default_email"}


def name_of(record: Record) -> str:
    """The name that Clio shows."""
    if record.values["type"] == "Company":
        return str(record.values.get("name") or "")
    return " ".join(record.values[part] for part in _NAMES if record.values.get(part))


def contact_view(state: State, record: Record, asked: Asked) -> View:
    """A contact with its numbers, addresses and custom fields (apis A2, "Create", "Lookup")."""
    company = state.get("contacts", record.values.get("company"))
    phones, emails = record.values["phones"], record.values["emails"]
    return {
        **record.base(),
        **_first_two("phone_number", phones, "number", "default_number"),
        **_first_two("email_address", emails, "address", "default_email"),
        **{name: record.values.get(name) for name in _PLAIN},
        "name": name_of(record),
        "initials": lambda: "".join(word[0] for word in name_of(record).split()),
        "is_client": record.id in state.clients,
        "company": company and (lambda: contact_view(state, company, asked)),
        "phone_numbers": lambda: [part_view(part, "default_number") for part in phones],
        "email_addresses": lambda: [part_view(part, "default_email") for part in emails],
        **{name: [_plain_part(part) for part in record.values[key]] for name, key in _MORE_LISTS.items()},
        **_addresses([_plain_part(part) for part in record.values["addresses"]]),
        "custom_field_values": lambda: value_views(state, record.values["custom"], asked),
    }


def _addresses(all: list[dict[str, Any]]) -> dict[str, Any]:
    first, second, *_ = [*all, None, None]
    return {"addresses": all, "primary_address": first, "secondary_address": second}


def _first_two(name: str, parts: Sequence[Record], value: str, main: str) -> dict[str, str | None]:
    values = [part.values[value] for part in sorted(parts, key=lambda part: not part.values[main])]
    first, second, *_ = [*values, None, None]
    return {f"primary_{name}": first, f"secondary_{name}": second}


def part_view(part: Record, main: str) -> dict[str, Any]:
    """A phone number or an e-mail address, with its flag under both names (apis A2, "Create")."""
    return {**part.base(), **part.values, "primary": part.values[main]}


def _plain_part(part: Record) -> dict[str, Any]:
    return {**part.base(), **part.values}


# --- saving --------------------------------------------------------------------------------------------


def save_contact(state: State, record: Record | None, data: dict[str, Any], asked: Asked) -> Record:
    """Makes or changes one. There is no check for duplicates, and no key that makes it once (apis A2).
    Raises ClioError 422."""
    before = record.values if record else {key: [] for key in (*_LISTS.values(), *_MORE_LISTS.values())}
    values: dict[str, Any] = {"custom": [], **before}
    values.update({name: data[name] for name in _PLAIN if name in data})
    _set_name(values, data)
    if "company" in data:
        values["company"] = _company(state, data["company"])
    for name, key in {**_LISTS, **_MORE_LISTS}.items():
        values[key] = _parts(state, name, values[key], data.get(name) or ())
    given = data.get("custom_field_values") or ()
    values["custom"] = merged_values(state, "Contact", values["custom"], given)
    if not asked.by_hand:
        _required(state, values)
    saved = stored(state, record, "contacts", values)
    index_contact(state, saved)
    return saved


def _set_name(values: dict[str, Any], data: Mapping[str, Any]) -> None:
    """A person's `name` alone is taken apart; a company has nothing but it. Raises ClioError 422."""
    if values["type"] == "Company":
        if "name" in data:
            values["name"] = data["name"]
        if not (values.get("name") or "").strip():
            raise invalid("data.name can't be blank")
        return
    if data.get("name") and not any(data.get(part) for part in _NAMES):
        *first, last = data["name"].split() or [""]
        values.update(prefix=None, first_name=" ".join(first), middle_name=None, last_name=last)
    if not any((values.get(part) or "").strip() for part in ("first_name", "last_name")):
        raise invalid("data.first_name can't be blank")


def _company(state: State, given: Mapping[str, Any] | None) -> int | None:
    id = given.get("id") if given else None
    company = state.get("contacts", id)
    if id is not None and (company is None or company.values["type"] != "Company"):
        raise invalid(f"company {id} does not exist")
    return id


def _parts(
    state: State, name: str, before: Sequence[Record], given: Sequence[Mapping[str, Any]]
) -> list[Record]:
    main = _DEFAULTS.get(name)
    blank = {"phone_numbers": "number", "email_addresses": "address"}.get(name)

    def values(one: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {key: value for key, value in one.items() if key not in ("id", "_destroy")}
        if blank and blank in kept and not (kept[blank] or "").strip():
            raise invalid(f"{name}.{blank} can't be blank")
        if blank and one.get("id") is None:
            if blank not in kept:
                raise invalid(f"{name}.{blank} can't be blank")
            kept = {"name": "Other", str(main): False, **kept}
        return kept

    parts = merged_parts(state, name, before, given, values)
    if main and parts:
        _one_main(parts, main, {id(part) for part in before})
    return parts


def _one_main(parts: list[Record], main: str, known: set[int]) -> None:
    """One is the main one: the newest that says so, else the first."""
    chosen = [part for part in parts if part.values[main] and id(part) not in known]
    chosen = chosen or [part for part in parts if part.values[main]] or list(parts[:1])
    for place, part in enumerate(parts):
        if part.values[main] != (part is chosen[-1]):
            parts[place] = flagged = Record(part.kind, part.id, part.created, part.values)
            flagged.values[main] = part is chosen[-1]


def _required(state: State, values: Mapping[str, Any]) -> None:
    if state.quirks.required_field != "enforced":
        return
    held = {part.values["field"] for part in values["custom"] if part.values["value"]}
    for field in state.all("custom_fields"):
        if field.values["required"] and field.values["parent_type"] == "Contact" and field.id not in held:
            raise invalid(f"{field.values['name']} is required")


# --- searching -----------------------------------------------------------------------------------------


def index_contact(state: State, record: Record) -> None:
    """The search will know the contact as it is now."""
    state.index(record, _texts(state, record))


def _texts(state: State, record: Record) -> Iterator[str]:
    """What `query` goes through (apis A2, "Lookup")."""
    values = record.values
    yield name_of(record)
    yield values.get("title") or ""
    for part in values["phones"]:
        yield part.values["number"]
    for key in ("emails", "web_sites", "instant_messengers"):
        yield from (part.values.get("address") or "" for part in values[key])
    for part in values["addresses"]:
        yield " ".join(str(part.values.get(name) or "") for name in ("street", "city", "postal_code"))
    yield from (str(part.values["value"]) for part in values["custom"])
    company = state.get("contacts", values.get("company"))
    yield name_of(company) if company else ""
    for id in state.clients.get(record.id, ()):
        yield state.need("matters", id).values["description"] or ""


def _clients_only(state: State, text: str) -> Test:
    wanted = flag(text)
    return lambda record: (record.id in state.clients) == wanted


def _with_email(_state: State, text: str) -> Test:
    wanted = flag(text)
    return lambda record: bool(record.values["emails"]) == wanted


def _initial(_state: State, text: str) -> Test:
    return lambda record: _sorted_by(record).startswith(text.lower())


def _sorted_by(record: Record) -> str:
    return str(record.values.get("last_name") or name_of(record)).lower()


CONTACTS = Resource(
    kind="contacts",
    type="Contact",
    view=contact_view,
    save=save_contact,
    texts=_texts,
    filters={
        "type": by_text("type", ("Person", "Company")),
        "client_only": _clients_only,
        "email_only": _with_email,
        "initial": _initial,
    },
    others=frozenset({"custom_field_ids[]", "custom_field_values", "exclude_ids[]"}),
    orders={"name": _sorted_by},
)


def _part_resource(kind: str, type: str, main: str) -> Resource:
    def view(_state: State, record: Record, _asked: Asked) -> View:
        return part_view(record, main)

    return Resource(kind=kind, type=type, view=view)


PHONE_NUMBERS = _part_resource("phone_numbers", "PhoneNumber", "default_number")
EMAIL_ADDRESSES = _part_resource("email_addresses", "EmailAddress", "default_email")
