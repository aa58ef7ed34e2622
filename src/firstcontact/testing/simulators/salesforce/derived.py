"""Fields that Salesforce computes when a record is written: names, what is closed, whose account it is."""

from __future__ import annotations

from datetime import UTC, datetime

from firstcontact.testing.simulators.salesforce import times
from firstcontact.testing.simulators.salesforce.org import Org, Row


def complete(org: Org, name: str, row: Row) -> Row:
    """The record with everything that is computed from it."""
    rule = _RULES.get(name)
    return {**row, **rule(org, row)} if rule else row


def _person(org: Org, row: Row) -> Row:
    del org
    return {"Name": " ".join(part for part in (row["FirstName"], row["LastName"]) if part)}


def _opportunity(org: Org, row: Row) -> Row:
    del org
    won = row["StageName"] == "Closed Won"
    return {"IsWon": won, "IsClosed": won or row["StageName"] == "Closed Lost"}


def _case(org: Org, row: Row) -> Row:
    closed = row["Status"] == "Closed"
    contact = org.row("Contact", row["ContactId"] or "")
    return {
        "IsClosed": closed,
        "ClosedDate": (row["ClosedDate"] or org.at()) if closed else None,
        "CaseNumber": row["CaseNumber"] or f"{len(org.rows['Case']) + 1:08d}",
        "AccountId": row["AccountId"] or (contact["AccountId"] if contact else None),
    }


def _account_of(org: Org, row: Row) -> str | None:
    """`AccountId` of an activity: where WhatId leads to one, that; else the contact's (apis A1, "Task")."""
    what = row["WhatId"] or ""
    target = org.any_row(what)
    if org.type_of(what) == "Account":
        return str(what)
    if target is not None and target.get("AccountId"):
        return str(target["AccountId"])
    contact = org.row("Contact", row["WhoId"] or "")
    return contact["AccountId"] if contact else None


def _task(org: Org, row: Row) -> Row:
    closed = row["Status"] == "Completed"
    return {
        "IsClosed": closed,
        "CompletedDateTime": (row["CompletedDateTime"] or org.at()) if closed else None,
        "IsHighPriority": row["Priority"] == "High",
        "AccountId": _account_of(org, row),
        "TaskSubtype": row["TaskSubtype"] or "Task",
    }


def _event(org: Org, row: Row) -> Row:
    """`EndDateTime` and `DurationInMinutes` follow from each other (apis A1, "Event")."""
    start = row["StartDateTime"] or row["ActivityDateTime"]
    end, minutes = row["EndDateTime"], row["DurationInMinutes"]
    if start and end is None and minutes is not None:
        end = times.later(start, 60 * minutes)
    if start and end:
        minutes = times.seconds_between(start, end) // 60
    return {
        "StartDateTime": start,
        "ActivityDateTime": None if row["IsAllDayEvent"] else start,
        "ActivityDate": start[:10] if start else row["ActivityDate"],
        "EndDateTime": end,
        "DurationInMinutes": minutes,
        "AccountId": _account_of(org, row),
        "EventSubtype": row["EventSubtype"] or "Event",
    }


def _relation(org: Org, row: Row) -> Row:
    return {"RelationObjectType": org.type_of(row["RelationId"] or "") or None}


def _version(org: Org, row: Row) -> Row:
    del org
    name = row["PathOnClient"] or row["Title"] or ""
    kind = "LINK" if row["ContentUrl"] else name.rpartition(".")[2].upper() if "." in name else "UNKNOWN"
    return {
        "FileType": kind,
        "Title": row["Title"] or name.rpartition("/")[2].rpartition(".")[0] or name,
        "ContentSize": len(row["VersionData"] or "") * 3 // 4,
        "IsLatest": True,
        "VersionNumber": "1",
    }


_RULES = {
    "Contact": _person,
    "Lead": _person,
    "User": _person,
    "Opportunity": _opportunity,
    "Case": _case,
    "Task": _task,
    "Event": _event,
    "EmailMessageRelation": _relation,
    "ContentVersion": _version,
}


def touch_last_activity(org: Org, name: str, row: Row) -> None:
    """A completed task or a past event moves `LastActivityDate` of whom it is about, never backwards."""
    date = row.get("ActivityDate")
    done = row.get("IsClosed") if name == "Task" else str(date or "9") <= _today(org)
    if not date or not done:
        return
    for id in {row["WhoId"], row["WhatId"], row["AccountId"]} - {None}:
        target, kind = org.any_row(id), org.type_of(id)
        if target is not None and "LastActivityDate" in target:
            if (target["LastActivityDate"] or "") < date:
                org.put(kind, {**target, "LastActivityDate": date})


def _today(org: Org) -> str:
    return datetime.fromtimestamp(org.now() / 1000, UTC).date().isoformat()
