"""What the org holds, in the shape of a scenario's `expect.crm`: an empty text is None."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from firstcontact.testing.simulators.salesforce import ours, times
from firstcontact.testing.simulators.salesforce.org import Org, Row

Plain = dict[str, Any]
PHONES = ("Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", ours.SECOND_PHONE)
_RELATIONS = {
    "Task": ("TaskRelation", "TaskId"),
    "Event": ("EventRelation", "EventId"),
    "EmailMessage": ("EmailMessageRelation", "EmailMessageId"),
}


def dump(org: Org) -> dict[str, list[Plain]]:
    """Everything that is not deleted."""
    return {
        "users": [_user(row) for row in org.live("User")],
        "accounts": [_account(org, row) for row in org.live("Account")],
        "contacts": [_contact(org, row) for row in org.live("Contact")],
        "leads": [_lead(org, row) for row in org.live("Lead")],
        "opportunities": [_opportunity(row) for row in org.live("Opportunity")],
        "contact_roles": [_role(row) for row in org.live("OpportunityContactRole")],
        "matters": [_matter(row) for row in org.live("Case")],
        "activities": _activities(org),
        "time_entries": [],
        "documents": [_document(org, row) for row in org.live("ContentVersion")],
    }


def _user(row: Row) -> Plain:
    return {"id": row["Id"], "name": row["Name"], "email": row["Email"], "active": row["IsActive"]}


def _account(org: Org, row: Row) -> Plain:
    team = [one["UserId"] for one in org.live("AccountTeamMember") if one["AccountId"] == row["Id"]]
    return {
        "id": row["Id"],
        "name": row["Name"],
        "website": row["Website"],
        "domains": [*_host(row["Website"]), *_lines(row.get(ours.DOMAINS))],
        "phones": [row["Phone"]] if row["Phone"] else [],
        "owner": row["OwnerId"],
        "team": team,
        "created_by_us": row["CreatedById"] == org.api_user,
        "last_activity_at": times.microseconds(row["LastActivityDate"]),
    }


def _host(website: str | None) -> list[str]:
    """The host that a website's address names."""
    text = website or ""
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    return [host.removeprefix("www.")] if host else []


def _person(org: Org, row: Row) -> Plain:
    emails = [row[field] for field in ("Email", ours.SECOND_EMAIL) if row.get(field)]
    phones = [row[field] for field in PHONES if row.get(field)]
    return {
        "id": row["Id"],
        "name": row["Name"],
        "first_name": row["FirstName"],
        "last_name": row["LastName"],
        "emails": emails + _lines(row.get(ours.OTHER_EMAILS)),
        "phones": phones + _lines(row.get(ours.OTHER_PHONES)),
        "title": row["Title"],
        "department": row.get("Department"),
        "seniority": row.get(ours.SENIORITY),
        "persona": row.get(ours.PERSONA),
        "mobiles": [row["MobilePhone"]] if row["MobilePhone"] else [],
        "owner": row["OwnerId"],
        "created_at": times.microseconds(row["CreatedDate"]),
        "last_activity_at": times.microseconds(row["LastActivityDate"]),
        "lead_source": row["LeadSource"],
        "edited_by_person": row["Id"] in org.by_people,
        "active": True,
    }


def _contact(org: Org, row: Row) -> Plain:
    return {
        **_person(org, row),
        "country": row["MailingCountry"],
        "mailing": _mailing(row),
        "account": row["AccountId"],
        "placeholder": bool(row.get(ours.PLACEHOLDER)),
        "created_by_us": bool(row.get(ours.CREATED_BY_US)),
        "interaction": row.get(ours.INTERACTION),
    }


def _mailing(row: Row) -> Plain | None:
    """The address, without what is empty; the country as it stands there."""
    parts = {
        "street": row["MailingStreet"],
        "city": row["MailingCity"],
        "state": row.get("MailingStateCode") or row["MailingState"],
        "postal_code": row["MailingPostalCode"],
        "country": row.get("MailingCountryCode") or row["MailingCountry"],
    }
    return {name: value for name, value in parts.items() if value} or None


def _lead(org: Org, row: Row) -> Plain:
    company = row["Company"] if row["Company"] != "[not provided]" else None
    more = {"country": row["Country"], "company": company, "converted_to": row["ConvertedContactId"]}
    return {
        **_person(org, row),
        **more,
        "placeholder": False,
        "created_by_us": row["CreatedById"] == org.api_user,
    }


def _opportunity(row: Row) -> Plain:
    return {
        "id": row["Id"],
        "account": row["AccountId"],
        "name": row["Name"],
        "open": not row["IsClosed"],
        "owner": row["OwnerId"],
        "last_activity_at": times.microseconds(row["LastActivityDate"]),
    }


def _role(row: Row) -> Plain:
    return {"opportunity": row["OpportunityId"], "contact": row["ContactId"], "role": row["Role"]}


def _matter(row: Row) -> Plain:
    return {"id": row["Id"], "contact": row["ContactId"], "name": row["Subject"], "open": not row["IsClosed"]}


def _activities(org: Org) -> list[Plain]:
    """Tasks, events and e-mails; a task that Salesforce made for an e-mail is that e-mail."""
    filed = {row["ActivityId"] for row in org.live("EmailMessage")}
    rows = [(name, row) for name in _RELATIONS for row in org.live(name)]
    return [_activity(org, name, row) for name, row in rows if row["Id"] not in filed]


def _activity(org: Org, name: str, row: Row) -> Plain:
    people = _people(org, name, row)
    what = row.get("WhatId") or row.get("RelatedToId") or row.get("ParentId")
    return {
        "id": row["Id"],
        "kind": row.get(ours.KIND) or _kind(name, row),
        "interactions": _lines(row.get(ours.INTERACTIONS)),
        "at": _at(name, row),
        "subject": row["Subject"],
        "body": row.get("TextBody") if name == "EmailMessage" else row["Description"],
        "direction": _direction(name, row),
        "outcome": row.get(ours.RESULT),
        "seconds": _seconds(name, row),
        "contacts": [id for id in people if org.type_of(id) == "Contact"],
        "leads": [id for id in people if org.type_of(id) == "Lead"],
        "account": _account_of(org, what),
        "opportunity": what if org.type_of(what or "") == "Opportunity" else None,
        "matter": what if org.type_of(what or "") == "Case" else None,
        "user": row.get(ours.USER) or row.get("OwnerId") or row["CreatedById"],
        "recording": row.get(ours.RECORDING),
        "transcript": row.get(ours.TRANSCRIPT),
        "documents": _documents_of(org, row["Id"]),
    }


def _kind(name: str, row: Row) -> str:
    if name != "Task":
        return "meeting" if name == "Event" else "email"
    return {"Call": "call", "Email": "email"}.get(row["TaskSubtype"] or "", "task")


def _people(org: Org, name: str, row: Row) -> list[str]:
    """Contacts and leads of an activity, the first one first."""
    relation, field = _RELATIONS[name]
    related = [one["RelationId"] for one in org.live(relation) if one[field] == row["Id"]]
    first = [row["WhoId"]] if row.get("WhoId") else []
    found = dict.fromkeys(first + [id for id in related if id])
    return [id for id in found if org.type_of(id) in ("Contact", "Lead")]


def _account_of(org: Org, what: str | None) -> str | None:
    if org.type_of(what or "") == "Account":
        return what
    target = org.any_row(what)
    return (
        target.get("AccountId") if target is not None and org.type_of(what or "") == "Opportunity" else None
    )


def _at(name: str, row: Row) -> int:
    moment = row.get(ours.AT) or {
        "Event": row.get("StartDateTime"),
        "EmailMessage": row.get("MessageDate"),
    }.get(name)
    return times.microseconds(moment or row.get("ActivityDate"))


def _direction(name: str, row: Row) -> str | None:
    if row.get(ours.DIRECTION):
        return str(row[ours.DIRECTION])
    if name == "EmailMessage":
        return "inbound" if row["Incoming"] else "outbound"
    return (row.get("CallType") or "").lower() or None


def _seconds(name: str, row: Row) -> int:
    if name == "Event" and row["StartDateTime"] and row["EndDateTime"]:
        return times.seconds_between(row["StartDateTime"], row["EndDateTime"])
    return row.get("CallDurationInSeconds") or 0


def _documents_of(org: Org, id: str) -> list[str]:
    return [
        one["ContentDocumentId"] for one in org.live("ContentDocumentLink") if one["LinkedEntityId"] == id
    ]


def _document(org: Org, row: Row) -> Plain:
    """A file, with the activity it is linked to and that activity's interaction."""
    links = [
        one["LinkedEntityId"]
        for one in org.live("ContentDocumentLink")
        if one["ContentDocumentId"] == row["ContentDocumentId"]
        and org.type_of(one["LinkedEntityId"]) in _RELATIONS
    ]
    activity = org.any_row(links[0]) if links else None
    interactions = _lines(row.get(ours.INTERACTIONS)) or _lines((activity or {}).get(ours.INTERACTIONS))
    return {
        "id": row["Id"],
        "name": row["PathOnClient"] or row["Title"],
        "uri": row["ContentUrl"],
        "activity": links[0] if links else None,
        "interaction": interactions[0] if interactions else None,
    }


def _lines(text: str | None) -> list[str]:
    return [line for line in (text or "").split("\n") if line.strip()]
