"""People working in Zoho's pages (`conformance.Hands`), and what else only they can do.

They are another user than ours, so that a record says who changed it last. What they enter is not checked as
the API checks it: much of what stands in a CRM was imported long ago.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from firstcontact.testing.simulators.base import key_of
from firstcontact.testing.simulators.zoho import deal_roles, merging, ours
from firstcontact.testing.simulators.zoho.dumping import EMAILS, PHONES, PREFIXES, dump
from firstcontact.testing.simulators.zoho.schema import ACTIVITIES
from firstcontact.testing.simulators.zoho.state import Record, State

Given = Mapping[str, Any]
MODULES = {"account": "Accounts", "contact": "Contacts", "lead": "Leads", "opportunity": "Deals"}
_COMMON = {
    "first_name": "First_Name",
    "last_name": "Last_Name",
    "lead_source": "Lead_Source",
    "owner": "Owner",
}
_PLAIN: Mapping[str, Mapping[str, str]] = {
    "account": {"name": "Account_Name", "website": "Website", "owner": "Owner"},
    "contact": {
        **_COMMON,
        "title": "Title",
        "department": "Department",
        "seniority": ours.SENIORITY,
        "persona": ours.PERSONA,
        "country": "Mailing_Country",
        "account": "Account_Name",
        "placeholder": ours.PLACEHOLDER,
        "created_by_us": ours.CREATED,
        "interaction": ours.INTERACTION,
    },
    "lead": {**_COMMON, "title": "Designation", "country": "Country", "company": "Company"},
    "opportunity": {"name": "Deal_Name", "account": "Account_Name", "owner": "Owner"},
    "activity": {"body": "Description", "user": "Owner"},
}
_NOWHERE = {"contact": ("active", "contact_type", "company"), "lead": ("active",)}
"""What Zoho has no field for: it is taken, and nothing comes of it."""
_MAILING = {
    "street": "Mailing_Street",
    "city": "Mailing_City",
    "state": "Mailing_State",
    "postal_code": "Mailing_Zip",
    "country": "Mailing_Country",
}
_PAST = {"created_at": "Created_Time", "last_activity_at": "Last_Activity_Time"}
NOT_GIVEN = "[not provided]"


class Desk:
    """What people do. Ids are Zoho's own; a given one is not kept."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._person = state.add_user("Pat Page", "pat@firm.example")

    # --- Hands -------------------------------------------------------------------------------------

    def add(self, kind: str, fields: Given) -> str:
        """Add a record as a person; its id. Raises ValueError for a kind or field that is none."""
        with self._state.lock:
            self._state.acting = self._person
            if kind == "user":
                return self._add_user(fields)
            if kind == "contact_role":
                return self._add_role(fields)
            if kind not in MODULES:
                raise ValueError(f"Zoho CRM has no {kind}")
            given = {name: value for name, value in fields.items() if name != "id"}
            record = self._state.add(MODULES[kind], {**_needed(kind), **self._values(kind, given)})
            if kind == "contact" and given.get("created_by_us"):
                self._state.acting = self._state.me
                self._state.set(record, {ours.KEY: key_of(record.id), "Created_By": self._state.me.id})
            self._remember(record, given)
            if kind == "lead" and given.get("converted_to"):
                self._convert(record, str(given["converted_to"]), "")
            return record.id

    def edit(self, kind: str, reference: str, fields: Given) -> None:
        """Set fields of a record as a person. Raises LookupError, ValueError."""
        with self._state.lock:
            self._state.acting = self._person
            if kind == "user":
                self._edit_user(str(reference), fields)
                return
            record = self._one(kind, str(reference))
            self._state.set(record, self._values(kind, fields, record))
            if kind == "lead" and fields.get("converted_to"):
                self._convert(record, str(fields["converted_to"]), "")
            record.by_person = True
            self._remember(record, fields)

    def delete(self, kind: str, reference: str) -> None:
        """Delete a record as a person; a contact role is named `OPPORTUNITY:CONTACT`. Raises LookupError."""
        with self._state.lock:
            self._state.acting = self._person
            if kind == "contact_role":
                opportunity, _, contact = reference.partition(":")
                del self._state.roles[opportunity][contact]
            else:
                self._state.remove(self._one(kind, reference))

    def merge(self, loser: str, survivor: str) -> None:
        """Merge one contact, lead or account into another: blanks are filled, what hung on it moves. The
        loser is deleted; into what it went is not told (not verified). Raises LookupError."""
        with self._state.lock:
            state = self._state
            state.acting = self._person
            gone = state.any(loser)
            kept = state.get(gone.module, survivor) if gone else None
            if gone is None or kept is None:
                raise LookupError(f"there is no {loser!r} or no {survivor!r}")
            merging.merge(state, kept, gone, merging.blanks(state, kept, gone))
            kept.by_person = True

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Everything, in the shape of a scenario's `expect.crm`."""
        with self._state.lock:
            merging.catch_up(self._state)
            return dump(self._state)

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, every search and every query is answered 500."""
        self._state.search_broken = True
        try:
            yield
        finally:
            self._state.search_broken = False

    # --- what only people do ------------------------------------------------------------------------------

    def convert(self, lead: str, contact: str = "", account: str = "") -> str:
        """Convert a lead into a contact, an existing one or a new one of an account; the contact's id."""
        with self._state.lock:
            self._state.acting = self._person
            return self._convert(self._one("lead", lead), contact, account)

    def lock(self, kind: str, reference: str, locked: bool = True) -> None:
        """Lock a record, so that the API may not change it (RECORD_LOCKED), or unlock it."""
        with self._state.lock:
            self._one(kind, reference).locked = locked

    # --- fields of a scenario as Zoho's own ---------------------------------------------------------------

    def _values(self, kind: str, fields: Given, record: Record | None = None) -> dict[str, Any]:
        module = record.module if record else MODULES[kind]
        given: dict[str, Any] = {}
        for name, value in fields.items():
            if name in _PAST or name == "converted_to" or name in _NOWHERE.get(kind, ()):
                continue
            given |= self._one_value(kind, module, name, value)
        if "name" in given:
            given = _named(given, record is not None)
        return given

    def _one_value(self, kind: str, module: str, name: str, value: Any) -> dict[str, Any]:
        if name in ("emails", "phones") and kind != "activity":
            return self._spread(module, name, value or ())
        if kind == "account" and name in ("domains", "team"):
            field = ours.DOMAINS if name == "domains" else ours.TEAM
            return {field: "; ".join(value or ()) or None}
        if kind == "opportunity" and name == "open":
            return {"Stage": "Qualification" if value else "Closed Lost"}
        if kind == "contact" and name == "mobiles":
            return {"Mobile": next(iter(value or ()), None)}
        if kind == "contact" and name == "mailing":
            return {field: (value or {}).get(part) or None for part, field in _MAILING.items()}
        if kind in ("contact", "lead") and name == "name":
            return {"name": value}
        if kind == "activity" and name == "subject":
            return {"Event_Title" if module == "Events" else "Subject": value}
        plain = _PLAIN[kind].get(name)
        if plain is None:
            raise ValueError(f"a {kind} of Zoho CRM has no field {name!r}")
        if plain not in self._state.modules[module].fields:
            raise ValueError(f"there is no field {plain} in this organisation")
        return {plain: value}

    def _spread(self, module: str, name: str, given: Sequence[str]) -> dict[str, Any]:
        """Several addresses or numbers over the fields there are for them, the others emptied."""
        if module == "Accounts":
            places: tuple[str, ...] = ("Phone", "Fax") if name == "phones" else ()
        else:
            places = PHONES[module] if name == "phones" else EMAILS
        spread: dict[str, Any] = dict.fromkeys(places)
        spread |= dict(zip(places, given, strict=False))
        more = ours.OTHER_EMAILS if name == "emails" else ours.OTHER_PHONES
        rest = list(given[len(places) :])
        if more in self._state.modules[module].fields:
            spread[more] = "; ".join(rest) or None
        elif rest:
            raise ValueError(f"{module} has no field for a further one of {name}")
        return spread

    def _remember(self, record: Record, fields: Given) -> None:
        """What lies in the past: when a record was made, and when something last happened to it."""
        for name, field in _PAST.items():
            if fields.get(name) not in (None, ""):
                record.values[field] = _moment(fields[name])

    def _add_user(self, fields: Given) -> str:
        if unknown := set(fields) - {"id", "name", "email", "active"}:
            raise ValueError(f"a user of Zoho CRM has no {', '.join(sorted(unknown))}")
        name = str(fields.get("name") or fields.get("id") or "Somebody")
        email = str(fields.get("email") or f"{name.split()[0].lower()}@firm.example")
        status = "inactive" if fields.get("active") is False else "active"
        return self._state.add_user(name, email, status).id

    def _edit_user(self, id: str, fields: Given) -> None:
        user = self._state.users[id]
        user.name = str(fields.get("name") or user.name)
        user.email = str(fields.get("email") or user.email)
        if "active" in fields:
            user.status = "active" if fields["active"] else "inactive"

    def _add_role(self, fields: Given) -> str:
        deal = self._one("opportunity", str(fields["opportunity"]))
        contact = self._one("contact", str(fields["contact"]))
        named = (id for id, name in deal_roles.ROLES.items() if name == fields.get("role"))
        self._state.roles.setdefault(deal.id, {})[contact.id] = next(named, "")
        return f"{deal.id}:{contact.id}"

    def _convert(self, lead: Record, contact: str, account: str) -> str:
        state = self._state
        if not contact:
            if not account:
                account = state.add("Accounts", {"Account_Name": lead.values.get("Company", NOT_GIVEN)}).id
            taken = ("First_Name", "Last_Name", "Email", "Secondary_Email", "Phone", "Mobile", "Lead_Source")
            given = {name: lead.values[name] for name in taken if name in lead.values}
            contact = state.add("Contacts", {**given, "Account_Name": account}).id
        into = state.get("Contacts", contact)
        if into is None:
            raise LookupError(f"there is no contact {contact!r}")
        done = {"Converted__s": True, "Converted_Contact": contact, "Converted_Date_Time": state.now()}
        state.set(lead, {**done, "Converted_Account": account or into.values.get("Account_Name")})
        for name in ACTIVITIES:
            for one in state.all(name):
                if one.values.get("What_Id") == lead.id:
                    state.set(one, {"What_Id": None, "$se_module": None, "Who_Id": contact})
        return contact

    def _one(self, kind: str, id: str) -> Record:
        if kind == "activity":
            for module, prefix in PREFIXES.items():
                found = self._state.get(module, id.removeprefix(prefix)) if id.startswith(prefix) else None
                if found is not None:
                    return found
        record = self._state.get(MODULES.get(kind, kind), id)
        if record is None:
            raise LookupError(f"there is no {kind} {id!r} in Zoho CRM")
        return record


def _needed(kind: str) -> dict[str, Any]:
    """What a page asks a person for, or fills in by itself."""
    if kind == "lead":
        return {"Last_Name": NOT_GIVEN, "Company": NOT_GIVEN}
    if kind == "contact":
        return {"Last_Name": NOT_GIVEN}
    if kind == "account":
        return {"Account_Name": NOT_GIVEN}
    return {"Deal_Name": NOT_GIVEN, "Stage": "Qualification", "Closing_Date": "2030-12-31"}


def _named(given: dict[str, Any], changed: bool) -> dict[str, Any]:
    """A full name alone is a last name; a new record with both names has its full name from them."""
    name = given.pop("name")
    has_last = bool(given.get("Last_Name"))
    if name and not has_last:
        given |= {"Last_Name": name, **({"First_Name": None} if changed else {})}
    return given


def _moment(given: object) -> int:
    """A scenario's time (microseconds, ISO 8601, a date, a datetime) as whole seconds in microseconds."""
    if isinstance(given, int):
        return given
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise ValueError(f"{given!r} is no time")
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)
