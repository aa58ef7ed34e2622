"""Adding custom fields (apis A1, "Adding custom fields"): tooling CustomField; who may see them is said by
FieldPermissions, which are records like others."""

from __future__ import annotations

import re
from typing import Any

from firstcontact.testing.simulators.salesforce import ours, soql
from firstcontact.testing.simulators.salesforce.ids import make_id
from firstcontact.testing.simulators.salesforce.refusal import Refusal, invalid_type, not_found
from firstcontact.testing.simulators.salesforce.service import Call, Reply, Route, Service

_FULL_NAME = re.compile(r"([A-Za-z]\w*)\.([A-Za-z]\w*__c)")


def create_field(service: Service, call: Call) -> Reply:
    """A custom field: 201; nobody sees it before FieldPermissions say so. A second one of the name is
    DUPLICATE_DEVELOPER_NAME."""
    given = call.mapping()
    if set(given) - {"FullName", "Metadata"}:
        raise Refusal(
            400, "INVALID_FIELD", f"No such column '{sorted(given)[0]}' on sobject of type CustomField"
        )
    match = _FULL_NAME.fullmatch(str(given.get("FullName", "")))
    if match is None:
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", "The FullName must be Object.Field__c", ("FullName",))
    name, field = match.groups()
    objects = _objects(service, name)
    if any(field.lower() in service.org.kinds[one].fields for one in objects):
        status = int(service.org.quirks.get("duplicate_developer_name_status", 400))
        message = f"There is already a field named {field.removesuffix('__c')} on {name}."
        raise Refusal(status, "DUPLICATE_DEVELOPER_NAME", message, ("FullName",))
    try:
        made = ours.custom_field(field, given.get("Metadata") or {})
    except KeyError:
        raise Refusal(
            400, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Metadata.type is none", ("Metadata",)
        ) from None
    except ValueError as missing:
        message = f"Must specify '{missing}' for a CustomField of this type"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, (str(missing),)) from None
    for one in objects:
        service.org.add_fields(one, (made,))
    return Reply(
        status=201, body={"id": _id(service, name, field), "success": True, "errors": [], "warnings": []}
    )


def _objects(service: Service, name: str) -> tuple[str, ...]:
    """The objects that get a field defined on this one; those of activities are defined on `Activity`, or on
    Task and Event where the quirk says so (apis A1: not verified)."""
    on_activity = service.org.quirks.get("activity_fields_on", "Activity") == "Activity"
    if name == "Activity" and on_activity:
        return ours.ACTIVITY_OBJECTS
    if name == "Activity" or (name in ours.ACTIVITY_OBJECTS and on_activity):
        raise invalid_type(name)
    return (service.org.kind(name).name,)


def _id(service: Service, name: str, field: str) -> str:
    """The id of a field, the same at every asking."""
    number = sum(ord(one) * 131**place for place, one in enumerate(f"{name}.{field}"))
    del service
    return make_id("00N", number % 62**9)


def query(service: Service, call: Call) -> Reply:
    """SOQL over CustomField: which fields are there."""
    parsed = soql.parse(call.params.get("q", ""))
    if parsed.source.lower() != "customfield":
        raise invalid_type(parsed.source)
    wanted = [str(one) for one in parsed.fields]
    unknown = [one for one in wanted if one not in ("Id", "DeveloperName", "TableEnumOrId", "FullName")]
    if unknown:
        raise Refusal(400, "INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type CustomField")
    found = [row for row in _custom(service) if parsed.where is None or _fits(parsed.where, row)]
    said = [
        {"attributes": _attributes(call, row["Id"]), **{name: row[name] for name in wanted}} for row in found
    ]
    return Reply(
        body={"size": len(said), "totalSize": len(said), "done": True, "records": said, "queryLocator": None}
    )


def _attributes(call: Call, id: str) -> dict[str, str]:
    return {"type": "CustomField", "url": call.url(f"/tooling/sobjects/CustomField/{id}")}


def _custom(service: Service) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    on_activity = service.org.quirks.get("activity_fields_on", "Activity") == "Activity"
    for name, kind in service.org.kinds.items():
        table = "Activity" if name in ours.ACTIVITY_OBJECTS and on_activity else name
        for field in kind.fields.values():
            if field.custom:
                id = _id(service, table, field.name)
                developer = field.name.removesuffix("__c")
                full = f"{table}.{field.name}"
                rows[id] = {"Id": id, "DeveloperName": developer, "TableEnumOrId": table, "FullName": full}
    return list(rows.values())


def _fits(where: soql.Condition, row: dict[str, Any]) -> bool:
    if isinstance(where, soql.Combine):
        inside = [_fits(part, row) for part in where.parts]
        return {"and": all(inside), "or": any(inside), "not": not inside[0]}[where.how]
    if where.path not in row:
        raise Refusal(400, "INVALID_FIELD", f"No such column '{where.path}' on sobject of type CustomField")
    values = {str(one.value).lower() for one in where.values}
    if where.sign == "like":
        pattern = where.values[0].pattern.replace("\\_", "_").replace("%", ".*")
        return re.fullmatch(pattern, row[where.path], re.IGNORECASE) is not None
    return (row[where.path].lower() in values) == (where.sign in ("=", "in"))


def read_field(service: Service, call: Call, id: str) -> Reply:
    """One custom field."""
    for row in _custom(service):
        if row["Id"] == id:
            return Reply(body={"attributes": _attributes(call, id), **row})
    raise not_found()


def delete_field(service: Service, call: Call, id: str) -> Reply:
    """A custom field is deleted, with its values."""
    del call
    for row in _custom(service):
        if row["Id"] == id:
            for name in service.org.sharing(row["TableEnumOrId"]):
                service.org.drop_field(name, row["DeveloperName"] + "__c")
            return Reply(status=204)
    raise not_found()


ROUTES = (
    Route("/tooling/sobjects/CustomField", {"POST": create_field}),
    Route(r"/tooling/sobjects/CustomField/(\w{18})", {"GET": read_field, "DELETE": delete_field}),
    Route("/tooling/query", {"GET": query}),
)
