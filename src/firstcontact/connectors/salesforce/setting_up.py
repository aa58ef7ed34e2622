"""What has to be there before the first write: looked at by `doctor`, made by `doctor --fix` (apis A1)."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.contract import Diagnosis, Rejected, TryAgain
from firstcontact.connectors.salesforce import shapes as names
from firstcontact.connectors.salesforce import soql
from firstcontact.connectors.salesforce.client import Api, Part, Refused
from firstcontact.connectors.salesforce.faults import has, read_faults
from firstcontact.connectors.salesforce.mapping import text
from firstcontact.connectors.salesforce.organisation import Organisation
from firstcontact.connectors.salesforce.own_fields import OWN, Own
from firstcontact.connectors.salesforce.shapes import Shape
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost

SET_NAME = "FirstContact"
REPORT_NAME = "Contacts created by FirstContact"
_THERE = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
_SET_CLOCK = "Set the clock by NTP: a log-in by JWT fails with a wrong clock."
_NO_TYPE = frozenset({"INVALID_TYPE", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})


_FIX = "`firstcontact doctor --fix` makes it, if our user may customise the application"


# --- looking ------------------------------------------------------------------------------------


def examine(api: Api, organisation: Organisation) -> list[Diagnosis]:
    """As `Examined.examine`. Raises TryAgain, AuthLapsed."""
    found = organisation.shapes()
    said = [_permission(found, type, what) for type, what in _NEEDED_TYPES]
    said += [_feature(found, type, *words) for type, words in _FEATURES.items()]
    said.append(deleting(found))
    said += _own_fields(found)
    said += _required(found)
    said.append(_duplicate_rules(api))
    said += _quota(api)
    said.append(clocks.examined("Salesforce", api.skew(), wrong="error", remedy=_SET_CLOCK))
    return said


_NEEDED_TYPES = (
    ("Contact", "contacts"),
    ("Account", "accounts"),
    ("Task", "tasks, which calls and texts are logged as"),
    ("Event", "events, which meetings are logged as"),
)
_FEATURES: Mapping[str, tuple[str, str]] = {
    "Lead": ("leads", "leads are not looked up"),
    "EmailMessage": ("enhanced e-mail", "e-mails are logged as tasks"),
    "TaskRelation": ("shared activities", "a task shows its first person only"),
    "EventRelation": ("shared activities on events", "an event shows its first person only"),
    "AccountTeamMember": ("account teams", "nobody counts as being on an account's team"),
    "OpportunityContactRole": ("opportunity contact roles", "no roles are made"),
    "Case": ("cases", "activities are linked to no case"),
    "ContentVersion": ("files", "faxes are logged without their file"),
}


def _permission(found: Mapping[str, Shape], type: str, what: str) -> Diagnosis:
    shape = found.get(type)
    about = f"permission for {type}"
    if shape is not None and shape.createable and shape.updateable:
        return Diagnosis(state="ok", about=about, sentence=f"Our user may create and change {what}.")
    missing = "may not create or change" if shape is not None else "does not see"
    return Diagnosis(
        state="error",
        about=about,
        sentence=f"Our user {missing} {what}.",
        remedy=f"Give its permission set Read, Create and Edit on {type}.",
    )


def deleting(found: Mapping[str, Shape]) -> Diagnosis:
    """Whether our user may delete what merging and taking back need."""
    about = "permission to delete"
    kept = [type for type in ("Contact", "Task", "Event") if type in found and not found[type].deletable]
    if not kept:
        sentence = "Our user may merge duplicates, and take back what it has made."
        return Diagnosis(state="ok", about=about, sentence=sentence)
    return Diagnosis(
        state="warning",
        about=about,
        sentence=f"Our user may not delete a {', '.join(kept)}: duplicates are not merged, and nothing that "
        "was made is taken back.",
        remedy=f"Give its permission set Delete on {', '.join(kept)}, if you want it.",
    )


def _feature(found: Mapping[str, Shape], type: str, what: str, without: str) -> Diagnosis:
    shape = found.get(type)
    if shape is not None and (shape.createable or type in ("Lead", "AccountTeamMember", "Case")):
        return Diagnosis(state="ok", about=what, sentence=f"{type} is there.")
    return Diagnosis(
        state="warning",
        about=what,
        sentence=f"{type} is switched off, or our user may not use it: {without}.",
        remedy=f"Switch {what} on in Setup, if you want it.",
    )


def _own_fields(found: Mapping[str, Shape]) -> list[Diagnosis]:
    said = []
    for own in OWN:
        for type in own.types:
            shape = found.get(type)
            if shape is None:
                continue
            said.append(_own_field(own, shape))
    return said


def _own_field(own: Own, shape: Shape) -> Diagnosis:
    field = shape.fields.get(own.name)
    about = f"field {shape.name}.{own.name}"
    if field is not None and field.createable:
        return Diagnosis(state="ok", about=about, sentence=f"The {about} is there for our user.")
    why = "is missing, or our user may not see it" if field is None else "cannot be written by our user"
    return Diagnosis(
        state="error" if own.needed else "warning",
        about=about,
        sentence=f"The {about} {why}.",
        remedy=f"{_FIX}.",
    )


_GIVEN = {
    "Contact": {"LastName", "OwnerId"},
    "Account": {"Name", "OwnerId"},
    "Task": {"Subject", "Status", "Priority", "OwnerId", "ActivityDate"},
    "Event": {"Subject", "StartDateTime", "EndDateTime", "OwnerId", "DurationInMinutes", "ActivityDateTime"},
    "EmailMessage": {"Status", "Subject"},
}
"""Required fields that every write of ours has."""


def _required(found: Mapping[str, Shape]) -> list[Diagnosis]:
    said = []
    for type, given in _GIVEN.items():
        shape = found.get(type)
        if shape is None:
            continue
        missing = [field for field in shape.required() if field.name not in given]
        for field in missing:
            said.append(
                Diagnosis(
                    state="warning",
                    about=f"required field {type}.{field.name}",
                    sentence=f"Salesforce requires {field.label} ({field.name}) on every new {type}; "
                    "writes without it are parked.",
                    remedy="Give the field a default value, or make it required on page layouts only.",
                )
            )
        if not missing:
            sentence = f"A new {type} requires nothing that FirstContact does not give."
            said.append(Diagnosis(state="ok", about=f"required fields of {type}", sentence=sentence))
    return said


def _duplicate_rules(api: Api) -> Diagnosis:
    about = "duplicate rules"
    statement = soql.select(("Id", "DeveloperName", "SobjectType", "IsActive"), "DuplicateRule")
    try:
        rows = api.query(statement)
    except Refused:
        sentence = "Our user may not see the duplicate rules; one that fires is heeded all the same."
        return Diagnosis(state="ok", about=about, sentence=sentence)
    active = [
        f"{text(row, 'DeveloperName')} ({text(row, 'SobjectType')})"
        for row in rows
        if text(row, "IsActive").lower() == "true"
    ]
    if not active:
        return Diagnosis(state="ok", about=about, sentence="No duplicate rule is active.")
    return Diagnosis(
        state="ok",
        about=about,
        sentence=f"Active are {', '.join(active)}; a contact that one of them names is taken, none is made.",
    )


def _quota(api: Api) -> list[Diagnosis]:
    about = "API requests left today"
    try:
        left = api.read("GET", "limits").get("DailyApiRequests") or {}
        limit, remaining = int(left.get("Max") or 0), int(left.get("Remaining") or 0)
    except (Refused, AttributeError, TypeError, ValueError):
        return []
    sentence = (
        f"{remaining} of {limit} requests are left for the next 24 hours, for all applications together."
    )
    if limit and remaining * 10 < limit:
        remedy = "Find out what else uses the API, or add API calls to the subscription."
        return [Diagnosis(state="warning", about=about, sentence=sentence, remedy=remedy)]
    return [Diagnosis(state="ok", about=about, sentence=sentence)]


# --- making -------------------------------------------------------------------------------------


def prepare(api: Api, organisation: Organisation) -> list[str]:
    """As `Prepared.prepare`: fields, the permission to use them, and a report of the contacts made by us.
    Raises TryAgain, AuthLapsed, Rejected."""
    try:
        made = _make_fields(api, organisation)
        made += _make_permissions(api, organisation)
        made += _make_report(api)
    except Refused as refused:
        raise Rejected(
            f"{refused}", tuple(name for one in refused.faults for name in one.fields)
        ) from refused
    except Lost as lost:
        raise TryAgain(str(lost), AFTER_TROUBLE) from lost
    return made


def _lacking(organisation: Organisation) -> list[Own]:
    found = organisation.shapes()
    return [
        own
        for own in OWN
        if any(type in found and not found[type].has(own.name) for type in own.types)
    ]  # fmt: skip


def _make_fields(api: Api, organisation: Organisation) -> list[str]:
    """Fields that we do not see are made; one that is there but hidden is found to be there already."""
    made: list[str] = []
    for own in _lacking(organisation):
        try:
            made += _make_field(api, own, own.on)
        except Refused as refused:
            # Whether activities have their fields together or each its own is not verified (apis A1).
            if own.on in own.types or not has(refused.faults, _NO_TYPE):
                raise
            for type in own.types:
                made += _make_field(api, own, type)
    return made


def _make_field(api: Api, own: Own, on: str) -> list[str]:
    said = {"label": own.label, "required": False, "description": "Kept by FirstContact."}
    body = {"FullName": f"{on}.{own.name}", "Metadata": {**said, **own.metadata}}
    try:
        api.write("POST", "tooling/sobjects/CustomField", json=body)
    except Refused as refused:
        if not has(refused.faults, _THERE):
            raise
        return []
    return [f"The field {on}.{own.name} was made."]


def _make_permissions(api: Api, organisation: Organisation) -> list[str]:
    """A permission set of ours with our fields, assigned to our user; what is granted already stays."""
    organisation.forget()
    lacking = _lacking(organisation)
    if not lacking:
        return []
    made: list[str] = []
    sets = api.query(soql.select(("Id",), "PermissionSet", soql.among("Name", [SET_NAME])))
    if sets:
        set_id = text(sets[0], "Id")
    else:
        body = {"Name": SET_NAME, "Label": SET_NAME, "Description": "Fields that FirstContact keeps."}
        set_id = str(api.write("POST", "sobjects/PermissionSet", json=body)["id"])
        made.append(f"The permission set {SET_NAME} was made.")
    parts = [
        Part(
            "POST",
            api.url("sobjects/FieldPermissions"),
            f"f{number}",
            {
                "ParentId": set_id,
                "SobjectType": type,
                "Field": f"{type}.{own.name}",
                "PermissionsRead": True,
                "PermissionsEdit": True,
            },
        )
        for number, (own, type) in enumerate(
            (own, type) for own in lacking for type in own.types if type in organisation.shapes()
        )
    ]
    for begin in range(0, len(parts), 25):
        portion = parts[begin : begin + 25]
        for part, (status, body) in zip(portion, api.act(portion), strict=True):
            if status < 400:
                made.append(f"Our user may use the field {part.body['Field']}.")
            elif not has(read_faults(body), _THERE):
                raise Refused(status, read_faults(body))
    me = api.user()
    mine = f"{soql.among('PermissionSetId', [set_id])} AND {soql.among('AssigneeId', [me])}"
    if not api.query(soql.select(("Id",), "PermissionSetAssignment", mine)):
        api.write(
            "POST", "sobjects/PermissionSetAssignment", json={"PermissionSetId": set_id, "AssigneeId": me}
        )
        made.append(f"The permission set {SET_NAME} was assigned to our user.")
    return made


def _make_report(api: Api) -> list[str]:
    """A report of the contacts that we made; none where reports are not open to us."""
    try:
        listed = api.read("GET", "analytics/reports")
        named = {str(one.get("name")) for one in listed if isinstance(one, Mapping)}
        if REPORT_NAME in named or _has_report(api):
            return []
        body = {
            "reportMetadata": {
                "name": REPORT_NAME,
                "reportType": {"type": "ContactList"},
                "reportFormat": "TABULAR",
                "detailColumns": ["FIRST_NAME", "LAST_NAME", "EMAIL", "PHONE1", "CREATED_DATE"],
                "reportFilters": [
                    {"column": f"Contact.{names.CREATED_BY_US}", "operator": "equals", "value": "True"}
                ],
            }
        }
        api.write("POST", "analytics/reports", json=body)
    except Refused:
        return []
    return [f"The report {REPORT_NAME!r} was made."]


def _has_report(api: Api) -> bool:
    """Whether there is the report; the list names only those that our user ran lately."""
    try:
        return bool(api.query(soql.select(("Id",), "Report", soql.among("Name", [REPORT_NAME]))))
    except Refused:
        return False
