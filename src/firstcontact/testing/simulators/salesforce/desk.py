"""People working in Salesforce's pages: `conformance.Hands`, and what else only they can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from firstcontact.testing.simulators.base import key_of
from firstcontact.testing.simulators.salesforce import merging, ours, records, times
from firstcontact.testing.simulators.salesforce.derived import complete
from firstcontact.testing.simulators.salesforce.dumping import dump
from firstcontact.testing.simulators.salesforce.org import Org, Row

if TYPE_CHECKING:
    from firstcontact.testing.simulators.salesforce.application import Application

Given = Mapping[str, Any]
OBJECTS = {
    "user": "User",
    "account": "Account",
    "contact": "Contact",
    "lead": "Lead",
    "opportunity": "Opportunity",
    "contact_role": "OpportunityContactRole",
    "matter": "Case",
}
PHONES = {
    "Contact": ("Phone", "MobilePhone", "HomePhone", "OtherPhone", ours.SECOND_PHONE),
    "Lead": ("Phone", "MobilePhone", ours.SECOND_PHONE),
    "Account": ("Phone", "Fax"),
}
"""Where a person puts the first, the second … number; what is left goes into our field of further ones."""
EMAILS = {"Contact": ("Email", ours.SECOND_EMAIL), "Lead": ("Email", ours.SECOND_EMAIL)}


class Desk:
    """What people do. Ids are Salesforce's own; one that was given to `add` as `id` names the record, too."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._org: Org = application.org
        self._aliases: dict[str, str] = {}

    def _work(self, what: Callable[[], Any]) -> Any:
        return self._application.work(self._org.person, what)

    def resolve(self, reference: str | None) -> str | None:
        """The id that a reference names: an id, or one that a record was added under."""
        return self._aliases.get(reference, reference) if reference else None

    # --- Hands -------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a record as a person; its id. Raises ValueError for a kind or field that is none."""
        given = dict(fields)
        alias = given.pop("id", None)
        made: str = self._work(lambda: self._add(kind, given))
        if alias is not None:
            self._aliases[str(alias)] = made
        return made

    def edit(self, kind: str, reference: str, fields: Given) -> None:
        """Set fields of a record as a person."""
        id = str(self.resolve(reference))

        def change() -> None:
            name = OBJECTS[kind] if kind in OBJECTS else self._org.type_of(id)
            given, history = self._written(kind, dict(fields), self._org.row(name, id))
            if given:
                records.update(self._org, name, id, given)
            if kind == "lead" and fields.get("converted_to"):
                _convert(self._org, id, self.resolve(fields["converted_to"]) or "", "")
            self._remember(name, id, history)

        self._work(change)

    def delete(self, kind: str, reference: str) -> None:
        """Delete a record as a person; a contact role is named `OPPORTUNITY:CONTACT`, too."""
        id = str(self.resolve(reference))
        if kind == "contact_role" and ":" in reference:
            id = self._role(*reference.split(":"))
        name = OBJECTS.get(kind) or self._org.type_of(id)
        self._work(lambda: records.delete(self._org, name, id))

    def merge(self, loser: str, survivor: str) -> None:
        """Merge one contact, lead or account into another: what hung on it moves, blanks are filled."""
        gone, kept = str(self.resolve(loser)), str(self.resolve(survivor))
        name = self._org.type_of(kept)

        def work() -> None:
            merging.merge(self._org, name, gone, kept, merging.blanks(self._org, name, gone, kept))

        self._work(work)

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Everything, in the shape of a scenario's `expect.crm`."""
        held: Mapping[str, Sequence[Mapping[str, Any]]] = self._application.read(lambda: dump(self._org))
        return held

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, every search and query runs into a time-out."""
        self._application.service.broken_search = True
        try:
            yield
        finally:
            self._application.service.broken_search = False

    # --- what only people do ------------------------------------------------------------------------------

    def convert(self, lead: str, contact: str = "", account: str = "") -> str:
        """Convert a lead into a contact, an existing one or a new one of an account; the contact's id."""
        id = str(self.resolve(lead))
        converted: str = self._work(
            lambda: _convert(self._org, id, self.resolve(contact) or "", self.resolve(account) or "")
        )
        return converted

    # --- fields of a scenario as Salesforce's own ------------------------------------------------

    def _add(self, kind: str, fields: dict[str, Any]) -> str:
        if kind not in OBJECTS:
            raise ValueError(f"a {kind} is not added by hand")
        given, history = self._written(kind, fields, None)
        team = fields.get("team") or ()
        id = records.insert(self._org, OBJECTS[kind], _with_needed(kind, given))
        if kind == "lead" and fields.get("converted_to"):
            _convert(self._org, id, self.resolve(fields["converted_to"]) or "", "")
        for user in team:
            member = {"AccountId": id, "UserId": self.resolve(user), "TeamMemberRole": "Account Manager"}
            records.insert(self._org, "AccountTeamMember", member)
        if kind == "contact" and fields.get("created_by_us"):
            us = dict.fromkeys(("CreatedById", "LastModifiedById"), self._org.api_user)
            history |= {**us, ours.KEY: key_of(id)}
        self._remember(OBJECTS[kind], id, history)
        return id

    def _remember(self, name: str, id: str, history: Row) -> None:
        """What lies in the past: when a record was made, and when something last happened to it."""
        if history:
            self._org.put(name, {**self._org.rows[name][id], **history})

    def _written(self, kind: str, fields: dict[str, Any], before: Row | None) -> tuple[Row, Row]:
        name = OBJECTS.get(kind, "Task" if kind == "activity" else kind)
        given: Row = {}
        history: Row = {}
        for field, value in fields.items():
            if field in ("team", "company") and not (field == "company" and kind == "lead"):
                continue
            if field in ("emails", "phones"):
                given |= _spread(name, field, value or (), self._org)
            elif field == "mobiles":
                given |= _mobile(given, value or ())
            elif field in ("created_at", "last_activity_at"):
                history |= _past(field, value)
            else:
                given |= self._one(kind, field, value, before)
        return given, history

    def _one(self, kind: str, field: str, value: Any, before: Row | None) -> Row:
        if field in _REFERENCES.get(kind, {}):
            return {_REFERENCES[kind][field]: self.resolve(value)}
        if field in _SPECIAL.get(kind, {}):
            return _SPECIAL[kind][field](value)
        plain = _PLAIN.get(kind, {}).get(field)
        if plain is None:
            raise ValueError(f"a {kind} has no field {field!r} here")
        if field == "name" and kind in ("contact", "lead"):
            return {} if before is None and not value else {"FirstName": None, "LastName": value}
        return {plain: value}

    def _role(self, opportunity: str, contact: str) -> str:
        pair = (self.resolve(opportunity), self.resolve(contact))
        for row in self._org.live("OpportunityContactRole"):
            if (row["OpportunityId"], row["ContactId"]) == pair:
                return str(row["Id"])
        raise LookupError(f"no role of {contact} on {opportunity}")


_PLAIN: dict[str, dict[str, str]] = {
    "user": {"name": "LastName", "email": "Email", "active": "IsActive"},
    "account": {"name": "Name", "website": "Website"},
    "contact": {
        "name": "Name",
        "first_name": "FirstName",
        "last_name": "LastName",
        "title": "Title",
        "department": "Department",
        "seniority": ours.SENIORITY,
        "persona": ours.PERSONA,
        "country": "MailingCountry",
        "lead_source": "LeadSource",
        "placeholder": ours.PLACEHOLDER,
        "created_by_us": ours.CREATED_BY_US,
        "interaction": ours.INTERACTION,
    },
    "lead": {
        "name": "Name",
        "first_name": "FirstName",
        "last_name": "LastName",
        "title": "Title",
        "company": "Company",
        "country": "Country",
        "lead_source": "LeadSource",
    },
    "opportunity": {"name": "Name"},
    "contact_role": {"role": "Role"},
    "matter": {"name": "Subject"},
    "activity": {
        "subject": "Subject",
        "body": "Description",
        "outcome": ours.RESULT,
        "seconds": "CallDurationInSeconds",
    },
}
_REFERENCES: dict[str, dict[str, str]] = {
    "account": {"owner": "OwnerId"},
    "contact": {"owner": "OwnerId", "account": "AccountId"},
    "lead": {"owner": "OwnerId"},
    "opportunity": {"owner": "OwnerId", "account": "AccountId"},
    "contact_role": {"opportunity": "OpportunityId", "contact": "ContactId"},
    "matter": {"contact": "ContactId"},
    "activity": {"user": "OwnerId", "matter": "WhatId"},
}


def _nowhere(value: Any) -> Row:
    """Salesforce has no field for it."""
    del value
    return {}


_SPECIAL: dict[str, dict[str, Callable[[Any], Row]]] = {
    "account": {"domains": lambda value: {ours.DOMAINS: "\n".join(value or ())}},
    "opportunity": {"open": lambda value: {"StageName": "Prospecting" if value else "Closed Lost"}},
    "matter": {
        "open": lambda value: {"Status": "Working" if value else "Closed"},
        "opened_at": _nowhere,
    },
    "lead": {"converted_to": _nowhere},
    "contact": {"active": _nowhere, "contact_type": _nowhere, "mailing": lambda value: _mailing(value or {})},
}


def _with_needed(kind: str, given: Row) -> Row:
    """What the page asks a person for, or fills in by itself."""
    if kind == "lead":
        return {"Company": "[not provided]", **_named(given)}
    if kind == "contact":
        return _named(given)
    if kind == "account":
        return {**given, "Name": given.get("Name") or "[not provided]"}
    if kind == "opportunity":
        return {"StageName": "Prospecting", "CloseDate": "2030-12-31", "Name": "[not provided]", **given}
    if kind == "user":
        first, _, last = str(given.get("LastName") or "Somebody").rpartition(" ")
        email = given.get("Email") or f"{last.lower()}@firm.example"
        active = {"IsActive": given.get("IsActive", True) is not False}
        needed = {"FirstName": first or None, "LastName": last, "Email": email, "Alias": last[:8]}
        return {**needed, "Username": f"{email}.{len(last)}", **active}
    return given


def _named(given: Row) -> Row:
    return {**given, "LastName": given.get("LastName") or "[not provided]"}


def _spread(name: str, field: str, values: Sequence[str], org: Org) -> Row:
    """Several addresses or numbers over the fields there are for them, the others emptied."""
    places = (EMAILS if field == "emails" else PHONES).get(name, ())
    if field == "emails":
        values = [_plain(one) for one in values]
    given: Row = dict.fromkeys(places)
    given |= dict(zip(places, values, strict=False))
    rest = list(values[len(places) :])
    more = ours.OTHER_EMAILS if field == "emails" else ours.OTHER_PHONES
    if more.lower() in org.kinds[name].fields:
        given[more] = "\n".join(rest) or None
    elif rest:
        raise ValueError(f"a {name} has no field for a further one of {field}")
    return given


def _plain(address: str) -> str:
    """An address as Salesforce takes it: its host in ASCII. Raises ValueError for one without that form."""
    local, at, host = address.rpartition("@")
    return address if host.isascii() else f"{local}{at}{host.encode('idna').decode('ascii')}"


def _mobile(given: Row, values: Sequence[str]) -> Row:
    """The number that is a mobile one stands in that field, and in no other that was just filled."""
    others = {name: None for name, value in given.items() if value in values and name in PHONES["Contact"]}
    return {**others, "MobilePhone": values[0] if values else None}


def _mailing(value: Mapping[str, str]) -> Row:
    parts = {"street": "Street", "city": "City", "state": "State", "postal_code": "PostalCode"}
    country = {"US": "United States", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany"}
    given = {f"Mailing{theirs}": value.get(name) or None for name, theirs in parts.items()}
    return {**given, "MailingCountry": country.get(value.get("country", ""), value.get("country")) or None}


def _past(field: str, value: Any) -> Row:
    """A moment of the past: microseconds (0: unknown, written as the first of all), a text, a date or a
    datetime."""
    if value in (None, "") or (value == 0 and field != "created_at"):
        return {}
    if isinstance(value, int):
        text = times.written(value // 1000)
    elif isinstance(value, datetime):
        text = times.written(round(value.timestamp() * 1000))
    else:
        text = value.isoformat() if isinstance(value, date) else str(value)
    if field == "created_at":
        moment = text if "T" in text else f"{text}T00:00:00Z"
        return {"CreatedDate": times.written(times.milliseconds(moment))}
    return {
        "LastActivityDate": times.day(text if "T" not in text else times.written(times.milliseconds(text)))
    }


def _convert(org: Org, lead: str, contact: str, account: str) -> str:
    row = records.existing(org, "Lead", lead)
    if not contact:
        if not account:
            account = records.insert(org, "Account", {"Name": row["Company"]})
        taken = ("FirstName", "LastName", "Email", "Phone", "MobilePhone", "Title", "LeadSource")
        given = {field: row[field] for field in taken}
        contact = records.insert(org, "Contact", {**given, "AccountId": account})
    done = {"IsConverted": True, "ConvertedContactId": contact, "ConvertedDate": org.at()[:10]}
    done |= {
        "ConvertedAccountId": account or org.rows["Contact"][contact]["AccountId"],
        "Status": "Qualified",
    }
    stamp = {"LastModifiedById": org.acting, "LastModifiedDate": org.at(), "SystemModstamp": org.at()}
    org.put("Lead", {**row, **done, **stamp})
    for child in ("Task", "Event"):
        for one in [one for one in org.live(child) if one["WhoId"] == lead]:
            org.put(child, complete(org, child, {**one, "WhoId": contact}))
    return contact
