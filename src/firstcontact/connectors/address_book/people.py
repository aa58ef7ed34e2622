"""People: what a person does in the address book itself, and what is in it as plain values.

The pages and the command line, imports and the scenarios work through here. A person's edit marks the
record (`edited_by_person`), which our own writes never do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table, select

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.merging import merge_contacts, unlink
from firstcontact.connectors.address_book.stored import (
    Person,
    StoredAccount,
    StoredActivity,
    StoredOpportunity,
    StoredRecord,
    decode_stored_record,
)
from firstcontact.connectors.address_book.unit import Unit
from firstcontact.connectors.toolkit.fields import full_name, read_fields
from firstcontact.identity.domains import website_host
from firstcontact.identity.records import CrmUser, Matter
from firstcontact.identity.team import User
from firstcontact.store.engine import read
from firstcontact.store.statements import chunks

Reference = str | Mapping[str, str]
"""A record by its id, or a contact by `{email: …}` or `{phone: …}`."""

Given = Mapping[str, Any]
"""Fields by name, as in SCENARIOS; a time is microseconds, an ISO 8601 text, a date or a datetime."""

Body = TypeVar("Body", bound=msgspec.Struct)


def _replace(body: Body, /, **changes: Any) -> Body:
    """The body with these fields, checked. Raises msgspec.ValidationError."""
    changed = {**msgspec.structs.asdict(body), **changes}
    return msgspec.convert(msgspec.to_builtins(changed), type(body))


_TIMES = frozenset({"created_at", "last_activity_at", "opened_at", "at"})
_LISTS = frozenset({"emails", "phones", "mobiles", "domains", "team"})
_COLLECTIONS = ("users", "accounts", "contacts", "leads", "opportunities", "contact_roles", "matters")
"""In the order in which they may point at each other."""
_KINDS = {
    "user": "users",
    "account": "accounts",
    "contact": "contacts",
    "lead": "leads",
    "opportunity": "opportunities",
    "contact_role": "contact_roles",
    "matter": "matters",
    "activity": "activities",
}


class NotThere(LookupError):
    """No such record. `str(error)` names it."""

    def __init__(self, kind: str, reference: object) -> None:
        super().__init__(f"there is no {kind} {reference!r} in the address book")


class BadRecord(ValueError):
    """A record that cannot be taken as it is given. `str(error)` names the field and why."""


class Imported(msgspec.Struct, frozen=True):
    """What an import did: ids of the records added, positions and why of those set aside, and the
    pieces of fields that cannot be read, by record."""

    added: tuple[str, ...]
    set_aside: tuple[tuple[int, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


class People:
    """What people do in an address book. Every method is one transaction."""

    def __init__(self, book: AddressBook) -> None:
        self._book = book

    # --- adding --------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a record; its id, given or made. Raises BadRecord, NotThere."""
        given = self._resolved(kind, fields)
        with self._book.changing() as unit:
            if kind in ("contact", "lead"):
                given.setdefault("created_at", unit.now)
            id = _add(unit, kind, given)
            unit.flush()
        return id

    def seed(self, crm: Given, team: Sequence[User] = ()) -> None:
        """Fill an empty address book from a scenario's `crm`; without `users` it has all of the team's. Whom
        of the team its records name as owner and who is not among them has been a user, and has left.

        A date that is not given stays unknown. Raises BadRecord, NotThere.
        """
        for collection in _COLLECTIONS:
            entries = crm.get(collection)
            if collection == "users":
                entries = _seed_users(entries, team, crm)
            kind = next(kind for kind, name in _KINDS.items() if name == collection)
            given = [self._resolved(kind, entry) for entry in entries or ()]
            with self._book.changing() as unit:
                for entry in given:
                    _add(unit, kind, entry)
                unit.flush()

    def import_records(self, records: Iterable[Given], kind: str = "contact") -> Imported:
        """Add contacts or leads in bulk, some hundreds per transaction; a bad one is set aside with why.

        Raises BadRecord where `kind` is neither.
        """
        if kind not in ("contact", "lead"):
            raise BadRecord(f"contacts and leads are imported, not a {kind}")
        added: list[str] = []
        set_aside: list[tuple[int, str]] = []
        unreadable: list[tuple[str, str]] = []
        for part in chunks(enumerate(records)):
            with self._book.changing() as unit:
                unit.load(str(fields["id"]) for _, fields in part if fields.get("id"))
                nameless = sum(not fields.get("id") for _, fields in part)
                names = unit.new_record_ids(kind[0], nameless)
                for position, fields in part:
                    id = fields.get("id") or next(names)
                    try:
                        _add(unit, kind, {"created_at": unit.now, **fields, "id": id})
                    except (BadRecord, NotThere) as problem:
                        set_aside.append((position, str(problem)))
                        continue
                    added.append(str(id))
                    slot = unit.slot(str(id))
                    unreadable += [(str(id), text) for text in (slot.unreadable if slot else ())]
                unit.flush()
        return Imported(tuple(added), tuple(set_aside), tuple(unreadable))

    # --- editing, deleting, merging ------------------------------------------------------------

    def edit(self, kind: str, reference: Reference, fields: Given) -> None:
        """Set fields of a record, as a person: empty text clears. Raises BadRecord, NotThere."""
        id = self.resolve(reference, kind)
        with self._book.changing() as unit:
            given = _checked(kind, fields)
            if kind not in _EDIT or given.get("id", id) != id:
                raise BadRecord(f"this cannot be edited on a {kind}")
            try:
                _EDIT[kind](unit, id, given)
            except msgspec.ValidationError as fault:
                raise BadRecord(f"this {kind} cannot be taken: {fault}") from None
            unit.flush()

    def delete(self, kind: str, reference: Reference) -> None:
        """Take a record away; a contact role is named `{opportunity, contact}`. Raises NotThere."""
        if kind == "contact_role":
            self._delete_role(reference)
            return
        id = self.resolve(reference, kind)
        with self._book.changing() as unit:
            if kind in ("contact", "lead"):
                unlink(unit, id)
                unit.remove_record(id)
            else:
                unit.drop(tables.metadata.tables[_KINDS[kind]], id)
            unit.flush()

    def _delete_role(self, reference: Reference) -> None:
        if isinstance(reference, str):
            opportunity, _, contact = reference.partition(":")
        else:
            opportunity, contact = reference["opportunity"], self.resolve(reference["contact"])
        with self._book.changing() as unit:
            roles = unit.roles(opportunity)
            if contact not in roles:
                raise NotThere("contact_role", f"{opportunity}:{contact}")
            unit.save_roles(opportunity, {one: role for one, role in roles.items() if one != contact})
            unit.flush()

    def merge(self, loser: Reference, survivor: Reference) -> None:
        """Merge one contact into another: handles, activities, roles and matters go to the survivor.

        The survivor's own values stay; its blanks are filled. Raises NotThere, BadRecord.
        """
        gone, kept = self.resolve(loser), self.resolve(survivor)
        if gone == kept:
            raise BadRecord(f"the contact {gone!r} cannot be merged into itself")
        with self._book.changing() as unit:
            merge_contacts(unit, _live(unit, gone, "contact"), _live(unit, kept, "contact"))
            unit.flush()

    # --- looking -------------------------------------------------------------------------------

    def resolve(self, reference: Reference, kind: str = "contact") -> str:
        """The id that a reference names. Raises NotThere, BadRecord where it names several."""
        if isinstance(reference, str):
            return reference
        handles = read_fields(
            [reference[name] for name in ("email",) if name in reference],
            [reference[name] for name in ("phone",) if name in reference],
            self._book.region,
        )[0]
        found = self._book.find(handles)
        ids = {record.id for one in found.values() for record in one.records if record.type == kind}
        if not ids:
            raise NotThere(kind, dict(reference))
        if len(ids) > 1:
            raise BadRecord(f"several of {kind} bear {dict(reference)}: {', '.join(sorted(ids))}")
        return ids.pop()

    def _resolved(self, kind: str, fields: Given) -> dict[str, Any]:
        """The fields with a contact that is named by its handle as an id; before the transaction starts."""
        given = dict(fields)
        if kind in ("contact_role", "matter") and isinstance(given.get("contact"), Mapping):
            given["contact"] = self.resolve(given["contact"])
        return given

    def list_contacts(self, matching: Callable[[dict[str, Any]], bool] | None = None) -> list[dict[str, Any]]:
        """Contacts as plain values, in the order they were made; those that `matching` says yes to."""
        return [contact for contact in self._records("contact") if matching is None or matching(contact)]

    def list_activities(
        self, matching: Callable[[dict[str, Any]], bool] | None = None
    ) -> list[dict[str, Any]]:
        """Activities as plain values, by id; those that `matching` says yes to."""
        return [one for one in self._activities() if matching is None or matching(one)]

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Everything, in the shape of a scenario's `expect.crm`: an empty text is None, an activity has
        `interactions`, `contacts` and `leads` as lists of ids."""
        with read(self._book.engine) as connection:
            roles = connection.execute(
                select(tables.contact_roles).order_by(
                    tables.contact_roles.c.opportunity, tables.contact_roles.c.contact
                )
            ).mappings()
            contact_roles = [_plain(dict(row)) for row in roles]
        return {
            "contacts": self._records("contact"),
            "leads": self._records("lead"),
            "accounts": self._bodies(tables.accounts, StoredAccount),
            "opportunities": self._bodies(tables.opportunities, StoredOpportunity),
            "contact_roles": contact_roles,
            "matters": self._bodies(tables.matters, Matter),
            "activities": self._activities(),
            "time_entries": self._bodies(tables.time_entries),
            "documents": self._bodies(tables.documents),
            "users": [_plain(msgspec.structs.asdict(user)) for user in self._book.users()],
        }

    def _records(self, kind: str) -> list[dict[str, Any]]:
        columns = tables.records.c
        query = select(columns.body).where(columns.type == kind, columns.gone == 0).order_by(columns.seq)
        with read(self._book.engine) as connection:
            stored = [decode_stored_record(body) for body in connection.execute(query).scalars()]
        records = []
        for record in stored:
            values = _plain(msgspec.structs.asdict(record))
            del values["handles"], values["type"]
            records.append(values)
        return records

    def _activities(self) -> list[dict[str, Any]]:
        activities = self._bodies(tables.activities, StoredActivity)
        for values in activities:
            people: list[Person] = values.pop("people")
            values["contacts"] = [person.id for person in people if person.type == "contact"]
            values["leads"] = [person.id for person in people if person.type == "lead"]
        return activities

    def _bodies(self, table: Table, type: type[msgspec.Struct] | None = None) -> list[dict[str, Any]]:
        with read(self._book.engine) as connection:
            bodies = connection.execute(select(table.c.body).order_by(table.c.id)).scalars().all()
        if type is None:
            return [_plain(msgspec.json.decode(body)) for body in bodies]
        return [_plain(msgspec.structs.asdict(msgspec.json.decode(body, type=type))) for body in bodies]


# --- adding, kind by kind ------------------------------------------------------------------------------


def _add(unit: Unit, kind: str, fields: Given) -> str:
    given = _checked(kind, fields)
    if kind not in _ADD:
        raise BadRecord(f"a {kind} is not added by hand; it comes from an interaction")
    if kind != "contact_role" and not given.get("id"):
        given["id"] = _new_id(unit, kind)
    try:
        return _ADD[kind](unit, given)
    except KeyError as missing:
        raise BadRecord(f"a {kind} needs {missing}") from None
    except msgspec.ValidationError as fault:
        raise BadRecord(f"this {kind} cannot be taken: {fault}") from None


def _new_id(unit: Unit, kind: str) -> str:
    if kind in ("contact", "lead"):
        return unit.new_id(kind[0], lambda id: unit.slot(id) is not None)
    table = tables.metadata.tables[_KINDS[kind]]
    return unit.new_id(kind[0], lambda id: unit.body(table, id, msgspec.Struct) is not None)


def _add_record(type: str) -> Callable[[Unit, dict[str, Any]], str]:
    def add(unit: Unit, given: dict[str, Any]) -> str:
        # Every number is among the phones; the list of mobiles says which of them are.
        phones = dict.fromkeys((*given.get("phones", ()), *given.get("mobiles", ())))
        record = msgspec.convert({"type": type, **given, "phones": tuple(phones)}, StoredRecord)
        if not record.name:
            record = _replace(record, name=full_name(record.first_name, record.last_name))
        try:
            return unit.add_record(record).id
        except ValueError as taken:
            raise BadRecord(str(taken)) from None

    return add


def _add_account(unit: Unit, given: dict[str, Any]) -> str:
    given = {"name": "", **given}
    _free(unit, tables.accounts, given["id"])
    account = _with_handles(unit, msgspec.convert(given, StoredAccount), given.get("domains", ()))
    unit.put(tables.accounts, account.id, account)
    return account.id


def _with_handles(unit: Unit, account: StoredAccount, secondary: Iterable[str]) -> StoredAccount:
    """The account with the hosts that its website and its list name, and its numbers read."""
    primary = [host] if (host := website_host(account.website)) else []
    others = [host for text in secondary if (host := website_host(text))]
    keys = [handle.key for handle in read_fields((), account.phones, unit.region)[0]]
    return _replace(
        account,
        domains=tuple(dict.fromkeys(primary + others)),
        primary_domains=len(primary),
        phone_keys=tuple(dict.fromkeys(keys)),
    )


def _add_opportunity(unit: Unit, given: dict[str, Any]) -> str:
    _free(unit, tables.opportunities, given["id"])
    opportunity = msgspec.convert(given, StoredOpportunity)
    if unit.body(tables.accounts, opportunity.account, StoredAccount) is None:
        raise NotThere("account", opportunity.account)
    unit.put(tables.opportunities, opportunity.id, opportunity)
    unit.touch_account(opportunity.account)
    return opportunity.id


def _add_role(unit: Unit, given: dict[str, Any]) -> str:
    opportunity, contact = given["opportunity"], given["contact"]
    _live(unit, contact, "contact")
    if unit.body(tables.opportunities, opportunity, StoredOpportunity) is None:
        raise NotThere("opportunity", opportunity)
    unit.save_roles(opportunity, {contact: given.get("role", ""), **unit.roles(opportunity)})
    return f"{opportunity}:{contact}"


def _add_matter(unit: Unit, given: dict[str, Any]) -> str:
    _free(unit, tables.matters, given["id"])
    matter = msgspec.convert({"name": "", "open": True, **given}, Matter)
    _live(unit, matter.contact, "contact")
    unit.put(tables.matters, matter.id, matter)
    return matter.id


def _add_user(unit: Unit, given: dict[str, Any]) -> str:
    user = msgspec.convert(given, CrmUser)
    unit.put(tables.users, user.id, user)
    return user.id


_ADD: dict[str, Callable[[Unit, dict[str, Any]], str]] = {
    "user": _add_user,
    "account": _add_account,
    "contact": _add_record("contact"),
    "lead": _add_record("lead"),
    "opportunity": _add_opportunity,
    "contact_role": _add_role,
    "matter": _add_matter,
}


def _seed_users(entries: Sequence[Given] | None, team: Sequence[User], crm: Given) -> list[Given]:
    known = {user.id: user for user in team}
    if entries is None:
        entries = [{"id": user.id} for user in team]
    there = {entry.get("id") for entry in entries}
    owned = [
        entry for name in ("contacts", "leads", "accounts", "opportunities") for entry in crm.get(name) or ()
    ]
    named = dict.fromkeys(id for entry in owned for id in (entry.get("owner"), *(entry.get("team") or ())))
    left: list[Given] = [{"id": id, "active": False} for id in named if id in known and id not in there]
    entries = [*entries, *left]
    filled: list[Given] = []
    for entry in entries:
        user = known.get(entry.get("id", ""))
        own = {"name": user.name, "email": user.emails[0] if user.emails else ""} if user else {}
        filled.append({**own, **entry})
    return filled


# --- editing, kind by kind -----------------------------------------------------------------------------


def _edit_record(unit: Unit, id: str, given: dict[str, Any]) -> None:
    before = _live(unit, id, "record")
    record = _replace(before, **given, edited_by_person=True)
    if "name" not in given and ("first_name" in given or "last_name" in given):
        record = _replace(record, name=full_name(record.first_name, record.last_name))
    if record.name != before.name and "placeholder" not in given:
        record = _replace(record, placeholder=False)
    unit.save_record(record)


def _edit_account(unit: Unit, id: str, given: dict[str, Any]) -> None:
    before = _body(unit, tables.accounts, id, StoredAccount, "account")
    account = _replace(before, **given)
    secondary = given.get("domains", before.domains[before.primary_domains :])
    unit.put(tables.accounts, id, _with_handles(unit, account, secondary))


def _edit_opportunity(unit: Unit, id: str, given: dict[str, Any]) -> None:
    before = _body(unit, tables.opportunities, id, StoredOpportunity, "opportunity")
    opportunity = _replace(before, **given)
    unit.put(tables.opportunities, id, opportunity)
    for account in {before.account, opportunity.account}:
        unit.touch_account(account)


def _edit_matter(unit: Unit, id: str, given: dict[str, Any]) -> None:
    before = _body(unit, tables.matters, id, Matter, "matter")
    unit.put(tables.matters, id, _replace(before, **given))


def _edit_user(unit: Unit, id: str, given: dict[str, Any]) -> None:
    unit.put(tables.users, id, _replace(_body(unit, tables.users, id, CrmUser, "user"), **given))


def _edit_activity(unit: Unit, id: str, given: dict[str, Any]) -> None:
    """What a person set on an activity is theirs: our updates leave it (SPEC §6)."""
    before = _body(unit, tables.activities, id, StoredActivity, "activity")
    edited = tuple(dict.fromkeys((*before.edited, *given)))
    unit.put(tables.activities, id, _replace(before, **given, edited=edited))


_EDIT: dict[str, Callable[[Unit, str, dict[str, Any]], None]] = {
    "contact": _edit_record,
    "lead": _edit_record,
    "account": _edit_account,
    "opportunity": _edit_opportunity,
    "matter": _edit_matter,
    "user": _edit_user,
    "activity": _edit_activity,
}

# --- checking what is given ------------------------------------------------------------------------------

_FIELDS: dict[str, frozenset[str]] = {
    "contact": frozenset(StoredRecord.__struct_fields__) - {"type", "handles"},
    "lead": frozenset(StoredRecord.__struct_fields__) - {"type", "handles"},
    "account": frozenset(StoredAccount.__struct_fields__) - {"primary_domains", "phone_keys"},
    "opportunity": frozenset(StoredOpportunity.__struct_fields__),
    "contact_role": frozenset({"opportunity", "contact", "role"}),
    "matter": frozenset(Matter.__struct_fields__),
    "user": frozenset(CrmUser.__struct_fields__),
    "activity": frozenset({"subject", "body", "outcome", "seconds", "matter", "user"}),
}


def _checked(kind: str, fields: Given) -> dict[str, Any]:
    """The fields in stored form: None is empty, times are microseconds, lists are tuples of text."""
    if kind not in _FIELDS:
        raise BadRecord(f"people do not add or edit {kind!r}; known are {', '.join(sorted(_FIELDS))}")
    given: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in _FIELDS[kind]:
            known = ", ".join(sorted(_FIELDS[kind]))
            raise BadRecord(f"a {kind} has no field {name!r}; it has {known}")
        if name in _TIMES:
            given[name] = _microseconds(kind, name, value)
        elif name in _LISTS:
            given[name] = tuple(str(one) for one in value or ())
        elif name == "mailing":
            given[name] = msgspec.to_builtins(value) or None
        elif isinstance(value, bool | int | Mapping):
            given[name] = value
        else:
            given[name] = "" if value is None else str(value)
    return given


def _microseconds(kind: str, name: str, value: object) -> int:
    if value in (None, ""):
        return 0
    if isinstance(value, int):
        return value
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise BadRecord(f"{name} of a {kind} is no time: {value!r}") from None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise BadRecord(f"{name} of a {kind} is no time: {value!r}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if value == "" else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def _live(unit: Unit, id: str, kind: str) -> StoredRecord:
    slot = unit.slot(id)
    if slot is None or slot.gone:
        raise NotThere(kind, id)
    return slot.record


def _body(unit: Unit, table: Table, id: str, type: type[Any], kind: str) -> Any:
    body = unit.body(table, id, type)
    if body is None:
        raise NotThere(kind, id)
    return body


def _free(unit: Unit, table: Table, id: str) -> None:
    if unit.body(table, id, msgspec.Struct) is not None:
        raise BadRecord(f"the address book already has a record {id!r}")
