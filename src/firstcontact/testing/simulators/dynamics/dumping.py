"""What the environment holds, in the shape of a scenario's `expect.crm`: an empty text is None.

Our marks are read from where the connector puts them: own columns with the prefix `fc_` (README.md).
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

from firstcontact.testing.simulators.dynamics import times
from firstcontact.testing.simulators.dynamics.parties import OWNER
from firstcontact.testing.simulators.dynamics.state import Row, State
from firstcontact.testing.simulators.dynamics.tables import ACTIVITIES

Plain = dict[str, Any]
PHONES = (
    "telephone1",
    "mobilephone",
    "telephone2",
    "telephone3",
    "company",
    "home2",
    "business2",
    "callback",
    "address1_telephone1",
    "address2_telephone1",
    "address3_telephone1",
    "fax",
    "pager",
)
EMAILS = ("emailaddress1", "emailaddress2", "emailaddress3")
KINDS = {"phonecall": "call", "email": "email", "fax": "fax", "appointment": "meeting", "task": "task"}
_TIME = re.compile(r"\n\nTime: [^\n]*$")
_CONTINUED = "FirstContact: continued"


def dump(state: State, api_user: str) -> dict[str, list[Plain]]:
    """Everything that is not deleted; a record that was merged into another is not there any more."""

    def live(table: str) -> list[Row]:
        return [row for row in state.all(table) if not row.get("merged")]

    return {
        "users": [_user(row) for row in live("systemuser")],
        "accounts": [_account(state, row, api_user) for row in live("account")],
        "contacts": [_contact(state, row) for row in live("contact")],
        "leads": [_lead(state, row, api_user) for row in live("lead")],
        "opportunities": [_opportunity(row) for row in live("opportunity")],
        "contact_roles": [],
        "matters": [_matter(row) for row in live("incident")],
        "activities": [
            _activity(state, name, row, api_user) for name in ACTIVITIES for row in state.all(name)
        ],
        "time_entries": [],
        "documents": [
            _document(state, row) for row in state.all("annotation") if row.get("subject") != _CONTINUED
        ],
    }


def emails(row: Row) -> list[str]:
    """Every address, in its order."""
    return [row[name] for name in EMAILS if row.get(name)] + _lines(row.get("fc_otheremails"))


def phones(row: Row) -> list[str]:
    """Every number, in its order."""
    return [row[name] for name in PHONES if row.get(name)] + _lines(row.get("fc_otherphones"))


def _id(row: Row, column: str) -> str | None:
    held = row.get(column)
    return str(held[1]) if held is not None else None


def _user(row: Row) -> Plain:
    return {
        "id": row["systemuserid"],
        "name": row["fullname"],
        "email": row["internalemailaddress"],
        "active": not row["isdisabled"],
    }


def _account(state: State, row: Row, api_user: str) -> Plain:
    here = ("account", row["accountid"])
    teams = state.with_value("team", "regardingobjectid", here)
    return {
        "id": row["accountid"],
        "name": row["name"],
        "website": row["websiteurl"],
        "domains": [*_host(row["websiteurl"]), *_lines(row.get("fc_domains"))],
        "phones": phones(row),
        "owner": _id(row, "ownerid"),
        "team": [user for team in teams for user in team.get("_members", ())],
        "created_by_us": _id(row, "createdby") == api_user,
        "last_activity_at": None,
    }


def _host(website: str | None) -> list[str]:
    """The host that a website's address names."""
    text = website or ""
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    return [host.removeprefix("www.")] if host else []


def _person(row: Row) -> Plain:
    return {
        "name": row["fullname"],
        "first_name": row["firstname"],
        "last_name": row["lastname"],
        "emails": emails(row),
        "phones": phones(row),
        "title": row["jobtitle"],
        "department": row.get("department"),
        "seniority": row.get("fc_seniority"),
        "persona": row.get("fc_persona"),
        "mobiles": [row["mobilephone"]] if row["mobilephone"] else [],
        "mailing": _mailing(row),
        "country": row["address1_country"],
        "owner": _id(row, "ownerid"),
        "created_at": times.microseconds(row["createdon"]),
        "last_activity_at": None,
        "edited_by_person": bool(row.get("_by_person")),
    }


def _mailing(row: Row) -> Plain | None:
    """The address, without what is empty; the country as it stands there."""
    lines = [row[f"address1_line{n}"] for n in (1, 2, 3) if row[f"address1_line{n}"]]
    parts = {
        "street": "\n".join(lines),
        "city": row["address1_city"],
        "state": row["address1_stateorprovince"],
        "postal_code": row["address1_postalcode"],
        "country": row["address1_country"],
    }
    return {name: value for name, value in parts.items() if value} or None


def _contact(state: State, row: Row) -> Plain:
    customer = row.get("parentcustomerid")
    account = customer[1] if customer is not None and customer[0] == "account" else None
    return {
        "id": row["contactid"],
        **_person(row),
        "account": account,
        "company": state.rows["account"][account]["name"] if account else None,
        "lead_source": row.get("fc_leadsource"),
        "placeholder": bool(row.get("fc_placeholder")),
        "created_by_us": row.get("fc_createdby") == "FirstContact",
        "interaction": row.get("fc_interaction"),
        "active": row["statecode"] == 0,
    }


def _lead(state: State, row: Row, api_user: str) -> Plain:
    made = state.with_value("contact", "originatingleadid", ("lead", row["leadid"]))
    converted = _id(row, "parentcontactid") or (made[0]["contactid"] if made else None)
    return {
        "id": row["leadid"],
        **_person(row),
        "company": row["companyname"],
        "converted_to": converted if row["statecode"] == 1 else None,
        "lead_source": None,
        "placeholder": False,
        "created_by_us": _id(row, "createdby") == api_user,
        "active": row["statecode"] == 0,
    }


def _opportunity(row: Row) -> Plain:
    return {
        "id": row["opportunityid"],
        "account": _id(row, "parentaccountid"),
        "name": row["name"],
        "open": row["statecode"] == 0,
        "owner": _id(row, "ownerid"),
        "last_activity_at": None,
    }


def _matter(row: Row) -> Plain:
    return {
        "id": row["incidentid"],
        "contact": _id(row, "primarycontactid"),
        "name": row["title"],
        "open": row["statecode"] == 0,
    }


def _activity(state: State, name: str, row: Row, api_user: str) -> Plain:
    linked = _linked(state, name, row)
    user = _id(row, "ownerid")
    opportunity = next(iter(linked["opportunity"]), None)
    account = next(iter(linked["account"]), None)
    if account is None and opportunity is not None:
        account = _id(state.rows["opportunity"].get(opportunity, {}), "parentaccountid")
    return {
        "id": f"{name}:{row['activityid']}",
        "kind": row.get("fc_kind") or KINDS[name],
        "interactions": _lines(row.get("fc_interactions")),
        "at": times.microseconds(row.get("fc_at") or row["actualstart"] or row["scheduledstart"]),
        "subject": row["subject"],
        "body": _body(state, name, row),
        "direction": row.get("fc_direction") or _direction(name, row),
        "outcome": row.get("fc_result"),
        "seconds": _seconds(row),
        "contacts": linked["contact"],
        "leads": linked["lead"],
        "account": account,
        "opportunity": opportunity,
        "matter": next(iter(linked["incident"]), None),
        "user": user if user != api_user else None,
        "recording": row.get("fc_recording"),
        "transcript": row.get("fc_transcript"),
        "completed": row["statecode"] == 1,
    }


def _linked(state: State, name: str, row: Row) -> dict[str, list[str]]:
    """What an activity is about: its parties, its regarding, and what our column of links adds."""
    found: dict[str, list[str]] = {
        one: [] for one in ("contact", "lead", "account", "opportunity", "incident")
    }
    held: list[tuple[str, str]] = []
    if row.get("regardingobjectid") is not None and not state.tables[name].masks:
        held.append(row["regardingobjectid"])
    parties = state.with_value("activityparty", "activityid", (name, row["activityid"]))
    own = [one for one in parties if one["participationtypemask"] != OWNER and one["partyid"] is not None]
    held += [one["partyid"] for one in sorted(own, key=lambda one: int(one["participationtypemask"]))]
    for line in _lines(row.get("fc_links")):
        kind, _, id = line.partition(":")
        held.append(("incident" if kind == "matter" else kind, id))
    for kind, id in dict.fromkeys(held):
        if kind in found and state.get(kind, id) is not None and not state.rows[kind][id].get("merged"):
            found[kind].append(id)
    return found


def _direction(name: str, row: Row) -> str | None:
    if name not in ("phonecall", "email", "fax"):
        return None
    return "outbound" if row["directioncode"] else "inbound"


def _seconds(row: Row) -> int:
    text = str(row.get("fc_seconds") or "")
    if text.isdigit():
        return int(text)
    start, end = row.get("scheduledstart"), row.get("scheduledend")
    if start and end:
        return (times.microseconds(end) - times.microseconds(start)) // times.SECOND
    return int(row.get("actualdurationminutes") or 0) * 60


def _body(state: State, name: str, row: Row) -> str | None:
    """The description without our paragraph of the exact time, and what a note holds that had no room."""
    text = row["description"] or ""
    if name == "email":
        text = html.unescape(re.sub(r"<br\s*/?>", "\n", text))
    text = _TIME.sub("", text)
    if text.startswith("Time: ") and "\n" not in text:
        text = ""
    for note in state.with_value("annotation", "objectid", (name, row["activityid"])):
        if note["subject"] == _CONTINUED:
            text = text.removesuffix("…") + (note["notetext"] or "")
    return text or None


def _document(state: State, row: Row) -> Plain:
    text = row["notetext"] or ""
    named = re.search(r"^File: (.*)$", text, re.MULTILINE)
    of = re.search(r"^Interaction: (.*)$", text, re.MULTILINE)
    held = row.get("objectid")
    address = re.search(r"^[a-z][a-z0-9+.-]*:\S+$", text, re.MULTILINE) if not row["documentbody"] else None
    interaction = of[1] if of else None
    if interaction is None and held is not None and held[0] in ACTIVITIES:
        lines = _lines((state.get(*held) or {}).get("fc_interactions"))
        interaction = lines[0] if lines else None
    return {
        "id": row["annotationid"],
        "name": row["filename"] or (named[1] if named else None),
        "uri": address[0] if address else None,
        "interaction": interaction,
        "activity": f"{held[0]}:{held[1]}" if held is not None and held[0] in ACTIVITIES else None,
        "content_type": row["mimetype"],
        "size": row["filesize"],
    }


def _lines(text: str | None) -> list[str]:
    return [line for line in (text or "").split("\n") if line.strip()]
