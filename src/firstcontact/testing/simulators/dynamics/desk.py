"""People working in the pages of Dynamics 365: `conformance.Hands`, and what else only they can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from firstcontact.testing.simulators.base import key_of
from firstcontact.testing.simulators.dynamics import times
from firstcontact.testing.simulators.dynamics.dumping import dump, emails, phones
from firstcontact.testing.simulators.dynamics.merging import merge, qualify
from firstcontact.testing.simulators.dynamics.records import (
    Caller,
    Written,
    create,
    delete,
    read_value,
    update,
)
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS
from firstcontact.testing.simulators.dynamics.state import Row, State
from firstcontact.testing.simulators.dynamics.tables import ACTIVITIES

Given = Mapping[str, Any]
Values = dict[str, Any]
OBJECTS = {
    "user": "systemuser",
    "account": "account",
    "contact": "contact",
    "lead": "lead",
    "opportunity": "opportunity",
    "matter": "incident",
}
PHONES = {
    "contact": ("telephone1", "mobilephone", "telephone2", "telephone3"),
    "lead": ("telephone1", "mobilephone", "telephone2", "telephone3"),
    "account": ("telephone1", "telephone2", "telephone3"),
}
"""Where a person puts the first, the second … number."""
EMAILS = ("emailaddress1", "emailaddress2", "emailaddress3")
_PLAIN: Mapping[str, Mapping[str, str]] = {
    "contact": {
        "first_name": "firstname",
        "last_name": "lastname",
        "title": "jobtitle",
        "department": "department",
        "seniority": "fc_seniority",
        "persona": "fc_persona",
        "country": "address1_country",
        "lead_source": "fc_leadsource",
        "interaction": "fc_interaction",
    },
    "lead": {
        "first_name": "firstname",
        "last_name": "lastname",
        "title": "jobtitle",
        "country": "address1_country",
        "company": "companyname",
    },
    "account": {"name": "name", "website": "websiteurl"},
    "opportunity": {"name": "name"},
    "matter": {"name": "title"},
    "activity": {"subject": "subject", "body": "description"},
}
_NOWHERE: Mapping[str, frozenset[str]] = {
    "contact": frozenset({"last_activity_at", "contact_type", "company", "converted_to"}),
    "lead": frozenset({"last_activity_at", "contact_type", "lead_source", "created_by_us", "placeholder"}),
    "account": frozenset({"last_activity_at"}),
    "opportunity": frozenset({"last_activity_at"}),
    "matter": frozenset({"opened_at"}),
}
"""Fields of a scenario that Dynamics 365 has no place for: they are taken, and nothing comes of them."""


class Desk:
    """A person who is a user of their own. Ids are Dataverse's; one that was given to `add` names the record,
    too."""

    def __init__(self, state: State, api_user: str, unit: str) -> None:
        self._state = state
        self._api_user = api_user
        self._unit = unit
        self._aliases: dict[str, str] = {"integration_user": api_user}
        first = Caller(user=api_user, by_hand=True)
        person = self._user({"name": "Pat Office", "email": "pat@firm.example"})
        self.person = create(state, state.table("systemuser"), Written(values=person), first)
        self._caller = Caller(user=self.person, by_hand=True)

    def resolve(self, reference: Any) -> str:
        """The id that a reference names: an id, one that a record was added under, or a contact by
        `{email: …}` or `{phone: …}`. Raises LookupError."""
        if isinstance(reference, Mapping):
            return self._by_handle(reference)
        return self._aliases.get(str(reference), str(reference))

    # --- Hands -----------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a record; its id. Raises ValueError for a kind or field that there is not."""
        if kind not in OBJECTS:
            raise ValueError(f"a {kind} is not added by hand in Dynamics 365")
        with self._state.lock, self._state.transaction():
            id = self._add(kind, fields)
        if fields.get("id") is not None:
            self._aliases[str(fields["id"])] = id
        return id

    def edit(self, kind: str, reference: Any, fields: Given) -> None:
        """Set fields of a record. Raises LookupError, ValueError."""
        with self._state.lock, self._state.transaction():
            name, id = self._one(kind, reference)
            values = self._user(fields) if kind == "user" else self._values(kind, name, fields)
            values |= self._ending(kind, name, fields)
            table = self._state.table(name)
            if values:
                update(self._state, table, id, Written(values=values), self._caller)
            if kind == "lead" and fields.get("converted_to"):
                qualify(self._state, id, self._caller, contact=self.resolve(fields["converted_to"]))
            self._remember(name, id, fields)

    def delete(self, kind: str, reference: Any) -> None:
        """Delete a record. Raises LookupError."""
        with self._state.lock, self._state.transaction():
            name, id = self._one(kind, reference)
            delete(self._state, self._state.table(name), id)

    def merge(self, loser: Any, survivor: Any) -> None:
        """Merge one contact into another, which gets what its blanks lack."""
        with self._state.lock, self._state.transaction():
            gone, kept = self.resolve(loser), self.resolve(survivor)
            table = self._state.table("contact")
            content = self._filled(self._state.need("contact", gone), self._state.need("contact", kept))
            merge(self._state, table, gone, kept, None, self._caller)
            if content:
                update(self._state, table, kept, Written(values=content), self._caller)

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Everything, in the shape of a scenario's `expect.crm`."""
        with self._state.lock:
            held: Mapping[str, Sequence[Mapping[str, Any]]] = dump(self._state, self._api_user)
            return held

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, every query with a filter is answered 503."""
        self._state.search_broken = True
        try:
            yield
        finally:
            self._state.search_broken = False

    # --- what only people do ---------------------------------------------------------------------------

    def convert(self, lead: str, contact: str = "", account: str = "") -> str:
        """Qualify a lead into a contact, an existing one or a new one of an account; the contact's id."""
        with self._state.lock, self._state.transaction():
            chosen = self.resolve(contact) if contact else ""
            place = self.resolve(account) if account else ""
            return qualify(self._state, self.resolve(lead), self._caller, contact=chosen, account=place)

    def deactivate(self, kind: str, reference: Any) -> None:
        """Make a record inactive."""
        with self._state.lock, self._state.transaction():
            name, id = self._one(kind, reference)
            written = Written(values={"statecode": 1})
            update(self._state, self._state.table(name), id, written, self._caller)

    # --- adding and changing ---------------------------------------------------------------------------

    def _add(self, kind: str, fields: Given) -> str:
        name = OBJECTS[kind]
        table = self._state.table(name)
        values = self._user(fields) if kind == "user" else self._values(kind, name, fields)
        if kind == "lead":
            values.setdefault("subject", "Interested")
        if kind == "matter" and not values.get("customerid"):
            raise ValueError("a matter needs a contact")
        made = create(self._state, table, Written(values=values), self._caller)
        ending = self._ending(kind, name, fields)
        if ending:
            update(self._state, table, made, Written(values=ending), self._caller)
        if kind == "lead" and fields.get("converted_to"):
            qualify(self._state, made, self._caller, contact=self.resolve(fields["converted_to"]))
        if kind == "account" and fields.get("team"):
            self._team(made, [self.resolve(user) for user in fields["team"]])
        if kind == "contact" and fields.get("created_by_us"):
            self._made_by_us(made)
        self._remember(name, made, fields)
        self._untouched(name, made)
        return made

    def _made_by_us(self, id: str) -> None:
        """A contact as our own login leaves one."""
        us = dict.fromkeys(("createdby", "modifiedby"), ("systemuser", self._api_user))
        self._state.put("contact", id, {**self._state.need("contact", id), **us, "fc_key": key_of(id)})

    def _untouched(self, name: str, id: str) -> None:
        """A record that was just added has not been edited since."""
        row = self._state.need(name, id)
        self._state.put(name, id, {**row, "_by_person": False})

    def _team(self, account: str, users: Sequence[str]) -> None:
        """An access team of an account."""
        values = {"name": f"{account} team", "teamtype": 1, "regardingobjectid": ("account", account)}
        made = create(self._state, self._state.table("team"), Written(values=values), self._caller)
        row = self._state.need("team", made)
        self._state.put("team", made, {**row, "_members": tuple(users)})

    def _values(self, kind: str, name: str, fields: Given) -> Values:
        """A scenario's fields as columns. Raises ValueError for one that there is not."""
        values: Values = {}
        table = self._state.table(name)
        for field, given in fields.items():
            if field in ("id", "team", "open", "created_at", "converted_to", "active") or (
                field in _NOWHERE.get(kind, ())
            ):
                continue
            special = _SPECIAL.get(field)
            if field in _PLAIN.get(kind, {}):
                values[_PLAIN[kind][field]] = given
            elif special is not None:
                values |= special(self, name, given)
            else:
                raise ValueError(f"a {kind} of Dynamics 365 has no {field}")
        if unknown := [column for column in values if column not in table.columns]:
            raise ValueError(f"there is no column {', '.join(unknown)} of {name}")
        return {
            column: given
            if table.columns[column].type in LOOKUPS
            else read_value(self._state, table, table.columns[column], given)
            for column, given in values.items()
        }

    def _spread_emails(self, name: str, given: Sequence[str]) -> Values:
        return self._spread(name, EMAILS, "fc_otheremails", given)

    def _spread_phones(self, name: str, given: Sequence[str]) -> Values:
        return self._spread(name, PHONES[name], "fc_otherphones", given)

    def _spread(self, name: str, places: Sequence[str], more: str, given: Sequence[str]) -> Values:
        """Several addresses or numbers over the columns there are for them, the others emptied."""
        values: Values = dict.fromkeys(places)
        values |= dict(zip(places, given or (), strict=False))
        rest = list(given or ())[len(places) :]
        if more in self._state.table(name).columns:
            values[more] = "\n".join(rest) or None
        elif rest:
            raise ValueError(f"a {name} has no column for {rest[0]}")
        return values

    def _lookup(self, column: str, target: str) -> Callable[[Any], Values]:
        return lambda given: {column: (target, self.resolve(given)) if given else None}

    def _account(self, name: str, given: Any) -> Values:
        column = "parentcustomerid" if name == "contact" else "parentaccountid"
        values = self._lookup(column, "account")(given)
        if name == "opportunity":
            values["customerid"] = values["parentaccountid"]
        return values

    def _client(self, _name: str, given: Any) -> Values:
        values = self._lookup("customerid", "contact")(given)
        return {**values, "primarycontactid": values["customerid"]}

    def _owner(self, _name: str, given: Any) -> Values:
        return {"ownerid": ("systemuser", self.resolve(given))} if given else {}

    def _domains(self, _name: str, given: Any) -> Values:
        return {"fc_domains": "\n".join(given or ()) or None}

    def _whole_name(self, _name: str, given: Any) -> Values:
        """A name in one, where the pages have two fields for it."""
        first, _, last = str(given or "").rpartition(" ")
        return {"firstname": first or None, "lastname": last or None}

    def _mark(self, column: str, value: str) -> Callable[[Any], Values]:
        return lambda given: {column: value if given else None}

    def _ending(self, kind: str, name: str, fields: Given) -> Values:
        """Opportunities and cases that are closed, records that are inactive."""
        states = self._state.table(name).states
        if kind in ("opportunity", "matter") and fields.get("open") is not None:
            state = 0 if fields["open"] else 1
            return {"statecode": state, "statuscode": states[state][0]}
        if kind in ("contact", "account") and fields.get("active") is not None:
            state = 0 if fields["active"] else 1
            return {"statecode": state, "statuscode": states[state][0]}
        return {}

    def _user(self, fields: Given) -> Values:
        if unknown := set(fields) - {"id", "name", "email", "active"}:
            raise ValueError(f"a user of Dynamics 365 has no {', '.join(sorted(unknown))}")
        values: Values = {}
        if fields.get("name"):
            first, _, last = str(fields["name"]).rpartition(" ")
            values |= {"firstname": first or None, "lastname": last}
        if "email" in fields or "name" in fields:
            email = fields.get("email") or None
            values |= {"internalemailaddress": email, "domainname": email} if "email" in fields else {}
        if fields.get("active") is not None:
            values["isdisabled"] = not fields["active"]
        if "id" in fields or "name" in fields:
            values.setdefault("lastname", str(fields.get("name") or fields.get("id")))
        values.setdefault("businessunitid", ("businessunit", self._unit))
        values["azureactivedirectoryobjectid"] = self._state.new_id("entra")
        return values

    def _remember(self, name: str, id: str, fields: Given) -> None:
        """When a record was made is of the past."""
        if fields.get("created_at") in (None, ""):
            return
        row = self._state.need(name, id)
        self._state.put(name, id, {**row, "createdon": _moment(fields["created_at"])})

    def _filled(self, gone: Row, kept: Row) -> Values:
        """What the survivor of a merge has no value of, and further addresses and numbers."""
        names = ("firstname", "lastname", "jobtitle", "address1_country", "parentcustomerid")
        values: Values = {one: gone[one] for one in names if kept.get(one) is None and gone.get(one)}
        both = [*emails(kept), *(one for one in emails(gone) if one not in emails(kept))]
        numbers = [*phones(kept), *(one for one in phones(gone) if one not in phones(kept))]
        if len(both) > len(emails(kept)):
            values |= self._spread_emails("contact", both)
        if len(numbers) > len(phones(kept)):
            values |= self._spread_phones("contact", numbers)
        return values

    # --- finding ---------------------------------------------------------------------------------------

    def _one(self, kind: str, reference: Any) -> tuple[str, str]:
        """Table and id of what is meant. Raises LookupError."""
        id = self.resolve(reference)
        if kind == "activity":
            name, _, id = id.partition(":")
        else:
            name = OBJECTS.get(kind, kind)
        if name not in {*OBJECTS.values(), *ACTIVITIES} or self._state.get(name, id) is None:
            raise LookupError(f"there is no {kind} {reference!r} in Dynamics 365")
        return name, id

    def _by_handle(self, reference: Given) -> str:
        found = []
        for row in self._state.all("contact"):
            addresses = {text.casefold() for text in emails(row)}
            numbers = {_digits(text) for text in phones(row)}
            if str(reference.get("email", "")).casefold() in addresses or (
                _digits(str(reference.get("phone", ""))) in numbers
            ):
                found.append(str(row["contactid"]))
        if len(found) != 1:
            raise LookupError(f"{len(found)} contacts have {dict(reference)}")
        return found[0]


_SPECIAL: Mapping[str, Callable[[Desk, str, Any], Values]] = {
    "emails": Desk._spread_emails,
    "phones": Desk._spread_phones,
    "account": Desk._account,
    "contact": Desk._client,
    "owner": Desk._owner,
    "domains": Desk._domains,
    "name": Desk._whole_name,
    "created_by_us": lambda _desk, _name, given: {"fc_createdby": "FirstContact" if given else None},
    "mobiles": lambda _desk, _name, given: {"mobilephone": next(iter(given or ()), None)},
    "mailing": lambda _desk, _name, given: _mailing(given or {}),
    "placeholder": lambda _desk, _name, given: {"fc_placeholder": "yes" if given else None},
}


def _mailing(given: Given) -> Values:
    columns = {
        "street": "address1_line1",
        "city": "address1_city",
        "state": "address1_stateorprovince",
        "postal_code": "address1_postalcode",
        "country": "address1_country",
    }
    return {column: given.get(name) or None for name, column in columns.items()}


def _digits(text: str) -> str:
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits[-10:] or "none"


def _moment(given: object) -> str:
    """A scenario's time (microseconds, ISO 8601, a date, a datetime) as it is kept."""
    if isinstance(given, int):
        return times.written(given)
    if isinstance(given, datetime):
        return times.written(round(given.replace(tzinfo=given.tzinfo or UTC).timestamp() * times.SECOND))
    text = given.isoformat() if isinstance(given, date) else str(given)
    return times.written(times.microseconds(text))
