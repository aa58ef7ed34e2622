"""What `describe` says of objects and fields, as far as our user may see them."""

from __future__ import annotations

import re
from typing import Any

from firstcontact.testing.simulators.salesforce.org import Org
from firstcontact.testing.simulators.salesforce.schema import CHILDREN, Field
from firstcontact.testing.simulators.salesforce.service import Call

SEARCHED = frozenset({"Account", "Contact", "Lead", "Opportunity", "Case", "Task", "Event", "User"})
READ_ONLY = frozenset({"Profile", "Organization", "ListView", "Report", "DuplicateRule", "ContentDocument"})
_SOAP = {"boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double", "datetime": "xsd:dateTime"}
_SOAP |= {"date": "xsd:date", "id": "tns:ID", "reference": "tns:ID", "currency": "xsd:double"}


def describe_global(org: Org, call: Call) -> dict[str, Any]:
    """All objects that are switched on."""
    names = [name for name in org.kinds if org.offered(name)]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_brief(org, call, name) for name in names]}


def describe(org: Org, call: Call, name: str) -> dict[str, Any]:
    """One object with its fields and child relationships."""
    children = [
        {"childSObject": child, "field": field, "relationshipName": relation, "cascadeDelete": False}
        for relation, (child, field) in CHILDREN.get(name, {}).items()
        if org.offered(child)
    ]
    fields = [_field(org, name, field) for field in org.seen_fields(name)]
    return {
        **_brief(org, call, name),
        "fields": fields,
        "childRelationships": children,
        "recordTypeInfos": [],
    }


def _brief(org: Org, call: Call, name: str) -> dict[str, Any]:
    may = name not in READ_ONLY
    path = f"/sobjects/{name}"
    return {
        "name": name,
        "label": _label(name),
        "labelPlural": f"{_label(name)}s",
        "keyPrefix": org.kinds[name].prefix,
        "custom": False,
        "createable": may,
        "updateable": may,
        "deletable": may and name != "User",
        "undeletable": may,
        "mergeable": name in ("Account", "Contact", "Lead"),
        "queryable": True,
        "retrieveable": True,
        "replicateable": True,
        "searchable": name in SEARCHED,
        "layoutable": name in SEARCHED,
        "triggerable": may,
        "activateable": False,
        "deprecatedAndHidden": False,
        "urls": {
            "sobject": call.url(path),
            "describe": call.url(f"{path}/describe"),
            "rowTemplate": call.url(f"{path}/{{ID}}"),
        },
    }


def _field(org: Org, name: str, field: Field) -> dict[str, Any]:
    edit = org.may_edit(name, field)
    return {
        "name": field.name,
        "label": field.label or _label(field.name),
        "type": {"ids": "junctionidlist"}.get(field.type, field.type),
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "length": field.length,
        "createable": "c" in field.write and edit,
        "updateable": "u" in field.write and edit,
        "nillable": not field.required and field.type not in ("boolean", "id"),
        "defaultedOnCreate": field.has_default,
        "defaultValue": field.default if field.type == "boolean" else None,
        "unique": field.unique,
        "externalId": field.external,
        "idLookup": field.id_lookup,
        "nameField": field.is_name,
        "custom": field.custom,
        "calculated": False,
        "filterable": field.filterable and field.type != "ids",
        "sortable": field.filterable and field.type != "ids",
        "groupable": field.filterable and field.type not in ("datetime", "ids"),
        "permissionable": field.custom and not field.required,
        "caseSensitive": False,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "restrictedPicklist": field.restricted,
        "polymorphicForeignKey": len(field.targets) > 1 and field.type == "reference",
        "referenceTo": list(field.targets),
        "relationshipName": field.relation or None,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": value == field.default,
                "label": value,
                "value": value,
                "validFor": None,
            }
            for value in field.values
        ],
    }


def _label(name: str) -> str:
    """`MobilePhone` as `Mobile Phone`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("__c").replace("_", " "))
