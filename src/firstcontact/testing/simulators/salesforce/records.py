"""Creating, updating, upserting and deleting records, with everything that can be wrong about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.salesforce import duplicates
from firstcontact.testing.simulators.salesforce.addresses import settled
from firstcontact.testing.simulators.salesforce.derived import complete, touch_last_activity
from firstcontact.testing.simulators.salesforce.ids import read_id
from firstcontact.testing.simulators.salesforce.org import Org, Row
from firstcontact.testing.simulators.salesforce.refusal import Refusal, invalid_field, not_found
from firstcontact.testing.simulators.salesforce.schema import Field, Kind
from firstcontact.testing.simulators.salesforce.values import stored

Given = Mapping[str, Any]
RELATIONS = {
    "Task": ("TaskRelation", "TaskId", "TaskWhoIds"),
    "Event": ("EventRelation", "EventId", "EventWhoIds"),
}
ROLES = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}
DRAFT = "5"


class Several(Exception):
    """An external id that several records bear (apis A1, "Error envelope": 300)."""

    def __init__(self, name: str, ids: list[str]) -> None:
        super().__init__(name)
        self.name = name
        self.ids = ids


def insert(org: Org, name: str, given: Given, rule: duplicates.Header = duplicates.STRICT) -> str:
    """A new record; its id. Raises Refusal."""
    kind = org.kind(name)
    fields = _fields(org, kind, given, "c")
    row = blank(org, kind)
    row |= {field.name: stored(org, field, value) for field, value in fields}
    row = settled(org, kind.name, [field.name for field, _ in fields], row)
    _required(kind, row)
    row = complete(org, kind.name, row)
    _whole(org, kind, row)
    _unlocked(org, kind.name)
    duplicates.check(org, kind.name, row, rule)
    _unique(org, kind, row)
    org.put(kind.name, row)
    _after(org, kind.name, row)
    return str(row["Id"])


def update(org: Org, name: str, id: str, given: Given, rule: duplicates.Header = duplicates.STRICT) -> None:
    """Set fields of a record. Raises Refusal."""
    kind = org.kind(name)
    before = existing(org, kind.name, id)
    fields = _fields(org, kind, given, "u")
    _frozen(kind.name, before, fields)
    row = {**before, **{field.name: stored(org, field, value) for field, value in fields}}
    row = settled(org, kind.name, [field.name for field, _ in fields], row)
    row |= {"LastModifiedById": org.acting, "LastModifiedDate": org.at(), "SystemModstamp": org.at()}
    _required(kind, row)
    row = complete(org, kind.name, row)
    _whole(org, kind, row)
    _unlocked(org, kind.name)
    if any(before[one] != row[one] for one in duplicates.FIELDS if one in row):
        duplicates.check(org, kind.name, row, rule)
    _unique(org, kind, row)
    org.put(kind.name, row)
    if org.acting != org.api_user:
        org.by_people.add(row["Id"])
    _after(org, kind.name, row)


def upsert(
    org: Org,
    name: str,
    key: str,
    value: Any,
    given: Given,
    rule: duplicates.Header = duplicates.STRICT,
    update_only: bool = False,
) -> tuple[str, bool]:
    """Create or update by a key field: the id, and whether it was created. Raises Refusal, Several."""
    kind = org.kind(name)
    field = key_field(org, kind.name, key)
    found = bearing(org, kind.name, field, value)
    if len(found) > 1:
        raise Several(kind.name, found)
    if found:
        update(org, kind.name, found[0], given, rule)
        return found[0], False
    if update_only or field.name == "Id":
        raise not_found()
    return insert(org, kind.name, {**given, field.name: value}, rule), True


def checked(org: Org, name: str, id: str) -> None:
    """Raises Refusal where a record that was written in some other way may not be as it is now."""
    kind = org.kinds[name]
    row = existing(org, name, id)
    _required(kind, row)
    _whole(org, kind, row)
    _unlocked(org, name)
    _unique(org, kind, row)


def delete(org: Org, name: str, id: str) -> None:
    """Into the recycle bin. Raises Refusal."""
    row = existing(org, org.kind(name).name, id)
    _unlocked(org, name)
    bury(org, name, row)


def bury(org: Org, name: str, row: Row, master: str | None = None) -> None:
    """A record is deleted, or merged into another, with what hangs on it."""
    gone = {"IsDeleted": True, "LastModifiedById": org.acting, "LastModifiedDate": org.at()}
    if "MasterRecordId" in row:
        gone["MasterRecordId"] = master
    org.put(name, {**row, **gone, "SystemModstamp": org.at()})
    if name == "EmailMessage" and (task := org.row("Task", row["ActivityId"] or "")) is not None:
        bury(org, "Task", task)
    if master is None:
        for child, field, cascades in _HANGING.get(name, ()):
            for one in [one for one in org.live(child) if one[field] == row["Id"]]:
                if cascades:
                    bury(org, child, one)
                else:
                    org.put(child, complete(org, child, {**one, field: None, "SystemModstamp": org.at()}))


_HANGING: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "Account": (
        ("Contact", "AccountId", True),
        ("Opportunity", "AccountId", True),
        ("AccountTeamMember", "AccountId", True),
        ("Task", "WhatId", False),
        ("Event", "WhatId", False),
    ),
    "Contact": (
        ("OpportunityContactRole", "ContactId", True),
        ("TaskRelation", "RelationId", True),
        ("EventRelation", "RelationId", True),
        ("EmailMessageRelation", "RelationId", True),
        ("Task", "WhoId", False),
        ("Event", "WhoId", False),
        ("Case", "ContactId", False),
    ),
    "Lead": (
        ("TaskRelation", "RelationId", True),
        ("EventRelation", "RelationId", True),
        ("EmailMessageRelation", "RelationId", True),
        ("Task", "WhoId", False),
        ("Event", "WhoId", False),
    ),
    "Opportunity": (
        ("OpportunityContactRole", "OpportunityId", True),
        ("OpportunityTeamMember", "OpportunityId", True),
        ("Task", "WhatId", False),
        ("Event", "WhatId", False),
    ),
    "Task": (("TaskRelation", "TaskId", True),),
    "Event": (("EventRelation", "EventId", True),),
    "EmailMessage": (("EmailMessageRelation", "EmailMessageId", True),),
    "PermissionSet": (
        ("FieldPermissions", "ParentId", True),
        ("PermissionSetAssignment", "PermissionSetId", True),
    ),
}
"""What hangs on a record: deleted with it, or left without it."""


def existing(org: Org, name: str, given: str) -> Row:
    """A record that is there. Raises Refusal: of no id, of nobody, of a deleted record."""
    id = read_id(given)
    if not id or org.type_of(id) != name:
        raise Refusal(400, "MALFORMED_ID", f"{name} ID: id value of incorrect type: {given}", ("Id",))
    row = org.row(name, id)
    if row is None:
        raise Refusal(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    if row["IsDeleted"]:
        raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    return row


def key_field(org: Org, name: str, key: str) -> Field:
    """A field that upserts may go by: an external id, or an idLookup field such as Contact.Email. Raises
    Refusal."""
    field = org.kind(name).fields.get(key.lower())
    if field is None or not org.may_read(name, field) or not (field.external or field.id_lookup):
        raise not_found("Provided external ID field does not exist or is not accessible: " + key)
    return field


def bearing(org: Org, name: str, field: Field, value: Any) -> list[str]:
    """Ids of the records with this key."""
    if field.name == "Id":
        return [str(existing(org, name, str(value))["Id"])]
    return org.bearing(name, field.name, value)


# --- what may be wrong ----------------------------------------------------------------------------------


def _fields(org: Org, kind: Kind, given: Given, how: str) -> list[tuple[Field, Any]]:
    """The fields that a request sets. Raises Refusal for unknown ones, and for those that may not be set."""
    found, locked = [], []
    for name, value in given.items():
        if name == "attributes" or name.lower() == "id":
            continue
        field = kind.fields.get(name.lower())
        if field is None or not org.may_read(kind.name, field):
            raise invalid_field(name, kind.name)
        if how not in field.write or not org.may_edit(kind.name, field):
            locked.append(field.name)
        found.append((field, value))
    if locked:
        raise Refusal(
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(locked)}. Please check the security settings of "
            "this field and verify that it is read/write for your profile or permission set.",
            tuple(locked),
        )
    return found


def blank(org: Org, kind: Kind) -> Row:
    """A new record with what it has before anybody says anything."""
    row: Row = {field.name: field.default for field in kind.fields.values() if field.type != "ids"}
    if "OwnerId" in row:
        row["OwnerId"] = org.acting
    who, at = org.acting, org.at()
    row |= {"CreatedById": who, "CreatedDate": at, "LastModifiedById": who, "LastModifiedDate": at}
    return row | {"Id": org.new_id(kind.name), "IsDeleted": False, "SystemModstamp": at}


def _required(kind: Kind, row: Row) -> None:
    missing = [field.name for field in kind.fields.values() if field.required and row.get(field.name) is None]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise Refusal(400, "REQUIRED_FIELD_MISSING", message, tuple(missing))


def _whole(org: Org, kind: Kind, row: Row) -> None:
    """What is wrong about the record as a whole. Raises Refusal."""
    if row.get("OwnerId") and not (org.any_row(row["OwnerId"]) or {}).get("IsActive"):
        message = (
            f"operation performed with inactive user [{row['OwnerId'][:15]}] as owner of {kind.name.lower()}"
        )
        raise Refusal(400, "INACTIVE_OWNER_OR_USER", message, ())
    if kind.name in RELATIONS:
        _activity(org, kind.name, row)
    if kind.name == "ContentVersion" and not (row["VersionData"] or row["ContentUrl"]):
        raise Refusal(
            400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [VersionData]", ("VersionData",)
        )
    for rule in org.quirks.get("validation", {}).get(kind.name, ()):
        if row.get(rule["blank"]) is None:
            raise Refusal(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule["message"], (rule["blank"],))


def _activity(org: Org, name: str, row: Row) -> None:
    lead = org.type_of(row["WhoId"] or "") == "Lead"
    people = [row["WhoId"], *(row.get(RELATIONS[name][2]) or ())]
    if lead and row["WhatId"] and org.quirks.get("what_with_lead") != "taken":
        message = "cannot specify both WhatId and a lead as WhoId"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ("WhatId", "WhoId"))
    if any(org.type_of(one or "") == "Lead" for one in people) and len(set(people) - {None}) > 1:
        message = "an activity can be related to one lead or to several contacts"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ("WhoId",))
    if name == "Event" and not (row["StartDateTime"] or row["ActivityDate"]):
        message = "Required fields are missing: [ActivityDateTime, DurationInMinutes]"
        raise Refusal(400, "REQUIRED_FIELD_MISSING", message, ("ActivityDateTime", "DurationInMinutes"))
    if name == "Event" and row["EndDateTime"] is None and not row["IsAllDayEvent"]:
        message = "Required fields are missing: [DurationInMinutes]"
        raise Refusal(400, "REQUIRED_FIELD_MISSING", message, ("DurationInMinutes",))
    if name == "Event" and row["EndDateTime"] and row["EndDateTime"] < row["StartDateTime"]:
        message = "Event end date/time must be later than or equal to its start"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ("EndDateTime",))


def _frozen(name: str, row: Row, fields: list[tuple[Field, Any]]) -> None:
    """An e-mail that is no draft keeps what it says (apis A1, "EmailMessage"). Raises Refusal."""
    if name != "EmailMessage" or row["Status"] == DRAFT:
        return
    fixed = [one.name for one, _ in fields if not one.custom and one.name != "IsExternallyVisible"]
    if fixed:
        message = f"cannot update an email message that is not a draft: {', '.join(fixed)}"
        raise Refusal(400, "INSUFFICIENT_ACCESS_OR_READONLY", message, tuple(fixed))


def _unique(org: Org, kind: Kind, row: Row) -> None:
    for field in kind.fields.values():
        value = row.get(field.name)
        if not field.unique or value is None:
            continue
        for id in org.bearing(kind.name, field.name, value):
            if id != row["Id"]:
                message = f"duplicate value found: {field.name} duplicates value on record with id: {id[:15]}"
                raise Refusal(400, "DUPLICATE_VALUE", message, ())


def _unlocked(org: Org, name: str) -> None:
    """Rows that somebody else holds just now, as a test has said. Raises Refusal."""
    locks = org.quirks.get("locks", {})
    if locks.get(name, 0) > 0:
        locks[name] -= 1
        message = "unable to obtain exclusive access to this record or 1 records"
        raise Refusal(400, "UNABLE_TO_LOCK_ROW", message, ())


# --- what follows ------------------------------------------------------------------------------------------


def _after(org: Org, name: str, row: Row) -> None:
    if name in RELATIONS:
        _relate_people(org, name, row)
        touch_last_activity(org, name, row)
    elif name in ("TaskRelation", "EventRelation"):
        _join(org, name, row)
    elif name == "EmailMessage":
        created = org.at() == row["CreatedDate"]
        _relate_mail(org, row)
        if created:
            _file_mail(org, row)
    elif name == "ContentVersion" and not row["ContentDocumentId"]:
        _publish(org, row)


def _relate_people(org: Org, name: str, row: Row) -> None:
    """Who is on the activity, as relation rows: `WhoId` and the junction list (apis A1, "Event": Shared
    Activities)."""
    relation, field, junction = RELATIONS[name]
    if not org.offered(relation):
        return
    held = [one for one in org.live(relation) if one[field] == row["Id"] and not one.get("IsInvitee")]
    listed = row.pop(junction, None)
    wanted = (
        [row["WhoId"], *(held_one["RelationId"] for held_one in held)] if listed is None else list(listed)
    )
    people = list(dict.fromkeys(one for one in [row["WhoId"] if listed is None else None, *wanted] if one))
    if listed is not None and row["WhoId"] not in people:
        org.put(name, complete(org, name, {**row, "WhoId": people[0] if people else None}))
    for one in held:
        if one["RelationId"] not in people:
            bury(org, relation, one)
    present = {one["RelationId"] for one in held}
    for id in people:
        if id not in present:
            _add(org, relation, {field: row["Id"], "RelationId": id})


def _join(org: Org, name: str, row: Row) -> None:
    """The first who is related to an activity is its `WhoId`."""
    parent = "Task" if name == "TaskRelation" else "Event"
    activity = org.row(parent, row[f"{parent}Id"])
    if activity is not None and not activity["WhoId"] and not row.get("IsInvitee"):
        org.put(parent, complete(org, parent, {**activity, "WhoId": row["RelationId"]}))


def _relate_mail(org: Org, row: Row) -> None:
    """People of the junction lists become relation rows (apis A1, "EmailMessage")."""
    for junction, role in ROLES.items():
        for id in row.pop(junction, None) or ():
            _add(
                org,
                "EmailMessageRelation",
                {"EmailMessageId": row["Id"], "RelationId": id, "RelationType": role},
            )


def _file_mail(org: Org, row: Row) -> None:
    """An e-mail that is no case's gets a task by itself, its `ActivityId` (apis A1, "EmailMessage")."""
    people = [
        one["RelationId"] for one in org.live("EmailMessageRelation") if one["EmailMessageId"] == row["Id"]
    ]
    who = next((id for id in people if org.type_of(id or "") in ("Contact", "Lead")), None)
    if row["ParentId"] or row["ActivityId"] or row["Status"] == DRAFT or not (who or row["RelatedToId"]):
        return
    said = {
        "Subject": f"Email: {row['Subject'] or ''}"[:255],
        "Status": "Completed",
        "TaskSubtype": "Email",
        "ActivityDate": (row["MessageDate"] or org.at())[:10],
        "WhoId": who,
        "WhatId": None if org.type_of(who or "") == "Lead" else row["RelatedToId"],
    }
    task = _add(org, "Task", said)
    org.put("EmailMessage", {**row, "ActivityId": task})
    touch_last_activity(org, "Task", org.rows["Task"][task])


def _publish(org: Org, row: Row) -> None:
    document = _add(org, "ContentDocument", {"Title": row["Title"], "OwnerId": row["OwnerId"]})
    held = {**org.rows["ContentDocument"][document], "LatestPublishedVersionId": row["Id"]}
    org.put("ContentDocument", {**held, "FileType": row["FileType"]})
    org.put("ContentVersion", {**row, "ContentDocumentId": document})
    for place in {row["OwnerId"], row["FirstPublishLocationId"]} - {None}:
        _add(
            org,
            "ContentDocumentLink",
            {
                "ContentDocumentId": document,
                "LinkedEntityId": place,
                "ShareType": "I" if org.type_of(place) == "User" else "V",
            },
        )


def _add(org: Org, name: str, given: Given) -> str:
    """A row that Salesforce makes by itself."""
    row = complete(org, name, {**blank(org, org.kinds[name]), **given})
    org.put(name, row)
    return str(row["Id"])
