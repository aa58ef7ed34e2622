"""What the organisation holds, in the shape of a scenario's `expect.crm`: an empty text is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from firstcontact.testing.simulators.zoho import deal_roles, ours, values
from firstcontact.testing.simulators.zoho.schema import ACTIVITIES
from firstcontact.testing.simulators.zoho.state import Record, State
from firstcontact.testing.simulators.zoho.times import SECOND

Plain = dict[str, Any]
EMAILS = ("Email", "Secondary_Email")
PHONES = {
    "Contacts": ("Phone", "Mobile", "Home_Phone", "Other_Phone"),
    "Leads": ("Phone", "Mobile"),
}
"""Where a person puts the first, the second … one; what is left goes into our field of further ones."""
PREFIXES = {"Calls": "call:", "Events": "event:", "Tasks": "task:"}
"""What stands before the id of an activity."""
_MARK = re.compile(r" \[[0-9a-f]{8}\](?=\.[^.]*$|$)")
"""What the connector puts into a file's name, so that a repeat is recognised."""


def dump(state: State) -> dict[str, list[Plain]]:
    """Everything that is not deleted."""
    return {
        "users": [_user(user) for user in state.users.values()],
        "accounts": [_account(state, one) for one in state.all("Accounts")],
        "contacts": [_contact(one) for one in state.all("Contacts")],
        "leads": [_lead(state, one) for one in state.all("Leads")],
        "opportunities": [_opportunity(one) for one in state.all("Deals")],
        "contact_roles": _roles(state),
        "matters": [],
        "activities": [_activity(state, one) for name in ACTIVITIES for one in state.all(name)],
        "time_entries": [],
        "documents": [
            document for one in state.all("Attachments") if (document := _document(state, one)) is not None
        ],
    }


def _user(user: Any) -> Plain:
    return {"id": user.id, "name": user.name, "email": user.email, "active": user.status == "active"}


def _account(state: State, record: Record) -> Plain:
    known = record.values
    phones = [known[name] for name in ("Phone",) if known.get(name)]
    by_mail = {user.email: user.id for user in state.users.values()}
    return {
        "id": record.id,
        "name": known.get("Account_Name"),
        "website": known.get("Website"),
        "domains": [*_host(known.get("Website")), *ours.parts(known.get(ours.DOMAINS))],
        "phones": phones,
        "owner": known["Owner"],
        "team": [by_mail.get(one, one) for one in ours.parts(known.get(ours.TEAM))],
        "created_by_us": known["Created_By"] == state.me.id,
        "last_activity_at": known.get("Last_Activity_Time"),
    }


def _host(website: str | None) -> list[str]:
    text = website or ""
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    return [host.removeprefix("www.")] if host else []


def _person(record: Record, name: str) -> Plain:
    known = record.values
    emails = [known[field] for field in EMAILS if known.get(field)]
    fields = (*PHONES[record.module], *(("Asst_Phone",) if record.module == "Contacts" else ()))
    phones = [known[field] for field in fields if known.get(field)]
    return {
        "id": record.id,
        "name": name or None,
        "first_name": known.get("First_Name"),
        "last_name": known.get("Last_Name"),
        "emails": emails + ours.parts(known.get(ours.OTHER_EMAILS)),
        "phones": phones + ours.parts(known.get(ours.OTHER_PHONES)),
        "owner": known["Owner"],
        "created_at": known["Created_Time"],
        "last_activity_at": known.get("Last_Activity_Time"),
        "lead_source": known.get("Lead_Source"),
        "edited_by_person": record.by_person,
        "active": True,
    }


def _name(record: Record) -> str:
    return " ".join(record.values[part] for part in ("First_Name", "Last_Name") if record.values.get(part))


def _mailing(known: Plain) -> Plain | None:
    """The address, without what is empty; the country as it stands there."""
    names = ("street", "city", "state", "postal_code", "country")
    fields = ("Street", "City", "State", "Zip", "Country")
    parts = {name: known.get(f"Mailing_{field}") for name, field in zip(names, fields, strict=True)}
    return {name: value for name, value in parts.items() if value} or None


def _contact(record: Record) -> Plain:
    known = record.values
    return {
        **_person(record, _name(record)),
        "title": known.get("Title"),
        "department": known.get("Department"),
        "seniority": known.get(ours.SENIORITY),
        "persona": known.get(ours.PERSONA),
        "mobiles": [known["Mobile"]] if known.get("Mobile") else [],
        "mailing": _mailing(known),
        "country": known.get("Mailing_Country"),
        "account": known.get("Account_Name"),
        "placeholder": bool(known.get(ours.PLACEHOLDER)),
        "created_by_us": bool(known.get(ours.CREATED)),
        "interaction": known.get(ours.INTERACTION),
    }


def _lead(state: State, record: Record) -> Plain:
    known = record.values
    company = known.get("Company")
    return {
        **_person(record, _name(record)),
        "title": known.get("Designation"),
        "country": known.get("Country"),
        "company": company if company != "[not provided]" else None,
        "converted_to": known.get("Converted_Contact"),
        "placeholder": False,
        "created_by_us": known["Created_By"] == state.me.id,
    }


def _opportunity(record: Record) -> Plain:
    known = record.values
    return {
        "id": record.id,
        "account": known.get("Account_Name"),
        "name": known.get("Deal_Name"),
        "open": not str(known.get("Stage", "")).startswith("Closed"),
        "owner": known["Owner"],
        "last_activity_at": known.get("Last_Activity_Time"),
    }


def _roles(state: State) -> list[Plain]:
    return [
        {"opportunity": deal, "contact": contact, "role": deal_roles.ROLES.get(role)}
        for deal, contacts in state.roles.items()
        for contact, role in contacts.items()
        if state.get("Deals", deal) is not None
    ]


# --- activities ------------------------------------------------------------------------------------------


def activity_id(record: Record) -> str:
    """An activity's id, with its module before it."""
    return f"{PREFIXES[record.module]}{record.id}"


def _activity(state: State, record: Record) -> Plain:
    known = record.values
    told = ours.details(known.get(ours.DETAILS))
    what, module = known.get("What_Id"), known.get("$se_module")
    what = what if what and state.get(str(module), what) else None
    return {
        "id": activity_id(record),
        "kind": told.get("kind") or {"Calls": "call", "Events": "meeting", "Tasks": "task"}[record.module],
        "interactions": _lines(known.get(ours.INTERACTIONS)),
        "at": int(told["at"]) if told.get("at", "").isdigit() else _at(record),
        "subject": known.get("Event_Title" if record.module == "Events" else "Subject"),
        "body": known.get("Description"),
        "direction": told.get("direction") or _direction(record),
        "outcome": told.get("outcome"),
        "seconds": int(told["seconds"]) if told.get("seconds", "").isdigit() else _seconds(record, told),
        "contacts": [known["Who_Id"]] if known.get("Who_Id") else [],
        "leads": [what] if what and module == "Leads" else [],
        "account": _account_of(state, what, module),
        "opportunity": what if module == "Deals" else None,
        "matter": None,
        "user": known["Owner"],
        "recording": known.get(ours.RECORDING),
        "transcript": known.get(ours.TRANSCRIPT),
    }


def _account_of(state: State, what: str | None, module: str | None) -> str | None:
    if module == "Deals":
        deal = state.get("Deals", what)
        return deal.values.get("Account_Name") if deal else None
    return what if module == "Accounts" else None


def _lines(text: str | None) -> list[str]:
    return [line for line in (text or "").split("\n") if line.strip()]


def _at(record: Record) -> int:
    known = record.values
    moment = known.get("Call_Start_Time") or known.get("Start_DateTime") or known["Created_Time"]
    return int(moment)


def _direction(record: Record) -> str | None:
    kind = record.values.get("Call_Type")
    return {"Inbound": "inbound", "Missed": "inbound", "Outbound": "outbound"}.get(str(kind))


def _seconds(record: Record, told: Mapping[str, str]) -> int:
    """Of a person's own activity the native length; ours say it, or have none."""
    if told:
        return 0
    if record.module == "Events":
        return int(record.values["End_DateTime"] - record.values["Start_DateTime"]) // SECOND
    return values.seconds(record.values.get("Call_Duration")) or 0


def _document(state: State, record: Record) -> Plain | None:
    """A file on an activity, under the name that it had before the connector's mark."""
    activity = state.get(str(record.values.get("$se_module")), record.values.get("Parent_Id"))
    if activity is None or activity.module not in ACTIVITIES:
        return None
    interactions = _lines(activity.values.get(ours.INTERACTIONS))
    return {
        "id": record.id,
        "interaction": interactions[0] if interactions else None,
        "activity": activity_id(activity),
        "name": _MARK.sub("", record.values["File_Name"]),
        "uri": record.values.get("$link_url"),
        "size": int(record.values["Size"]),
    }
