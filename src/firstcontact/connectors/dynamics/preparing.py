"""What has to be there before the first write, made by `doctor --fix` (apis A5, "Add a custom column").

Columns and keys are made in a solution of ours, so that their names begin with our prefix and an
administrator sees at one place what is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.dynamics import odata
from firstcontact.connectors.dynamics.batch import Operation
from firstcontact.connectors.dynamics.client import Api, Refused, Row, read_rows
from firstcontact.connectors.dynamics.environment import Environments
from firstcontact.connectors.dynamics.mapping import text
from firstcontact.connectors.dynamics.names import KEY, KEY_SCHEMA, OWN, TITLE
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Table
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Lost

SOLUTION = "FirstContact"
_PUBLISHER = "firstcontact"
_PREFIX = "fc"
_OPTIONS = 28765
"""Where our values of choices would begin; a publisher must say."""
_THERE = frozenset({"0x80040237", "0x80044363", "0x8004f017", "0x80060890"})
"""Somebody has made it in the meantime."""
_IN_OURS = {"MSCRM.SolutionUniqueName": SOLUTION}


def prepare(api: Api, environments: Environments) -> list[str]:
    """As `Prepared.prepare`. Raises TryAgain, AuthLapsed, Rejected."""
    environment = environments.now()
    missing = [table for name in OWN if _lacks(table := environment.table(name)) and table.columns]
    if not missing:
        return []
    said: list[str] = []
    try:
        said += _solution(api)
        for table in missing:
            said += _columns(api, table)
        environments.forget()
        environment = environments.now()
        for table in missing:
            said += _key(api, environment.table(table.name))
        environments.forget()
        environment = environments.now()
    except Refused as refused:
        raise Rejected(f"{refused} Our user needs the role System Customizer.") from refused
    except Lost as lost:
        raise TryAgain(str(lost), AFTER_TROUBLE) from lost
    waiting = [
        table.name for table in missing if environment.table(table.name).key in ("Pending", "InProgress")
    ]
    if waiting:
        said.append(
            f"{TITLE} is building the index of the key of {', '.join(waiting)}; writes wait until it is done."
        )
    return said


def _lacks(table: Table) -> bool:
    return not table.key or any(not table.has(name) for name, _, _, _ in OWN[table.name])


def _solution(api: Api) -> list[str]:
    """The publisher whose prefix our columns have, and the solution that they are in."""
    said = []
    publisher = _one(api, "publishers", "publisherid", _PUBLISHER)
    if publisher is None:
        body = {
            "uniquename": _PUBLISHER,
            "friendlyname": "FirstContact",
            "customizationprefix": _PREFIX,
            "customizationoptionvalueprefix": _OPTIONS,
        }
        _make(api, "publishers", body)
        publisher = _one(api, "publishers", "publisherid", _PUBLISHER)
        said.append("Made the publisher FirstContact.")
    if publisher is None:
        raise TryAgain(f"{TITLE} does not show the publisher that was made.", AFTER_TROUBLE)
    if _one(api, "solutions", "solutionid", SOLUTION) is None:
        body = {
            "uniquename": SOLUTION,
            "friendlyname": "FirstContact",
            "version": "1.0.0.0",
            "publisherid@odata.bind": f"/publishers({guid(text(publisher, 'publisherid'))})",
        }
        _make(api, "solutions", body)
        said.append("Made the solution FirstContact.")
    return said


def _columns(api: Api, table: Table) -> list[str]:
    said = []
    for name, schema, label, length in OWN[table.name]:
        if table.has(name):
            continue
        path = f"EntityDefinitions(LogicalName='{table.name}')/Attributes"
        _make(api, path, _column(schema, label, length), _IN_OURS)
        said.append(f"Made the column {label} ({name}) of {table.name}.")
    return said


def _column(schema: str, label: str, length: int) -> Mapping[str, Any]:
    return {
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "SchemaName": schema,
        "AttributeType": "String",
        "AttributeTypeName": {"Value": "StringType"},
        "FormatName": {"Value": "Text"},
        "MaxLength": length,
        "RequiredLevel": {
            "Value": "None",
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "DisplayName": _label(label),
    }


def _key(api: Api, table: Table) -> list[str]:
    if table.key or not table.has(KEY):
        return []
    body = {"SchemaName": KEY_SCHEMA, "DisplayName": _label("FirstContact key"), "KeyAttributes": [KEY]}
    _make(api, f"EntityDefinitions(LogicalName='{table.name}')/Keys", body, _IN_OURS)
    return [f"Made the key of {table.name}."]


def _label(words: str) -> Mapping[str, Any]:
    return {
        "@odata.type": "Microsoft.Dynamics.CRM.Label",
        "LocalizedLabels": [
            {"@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel", "Label": words, "LanguageCode": 1033}
        ],
    }


def _make(api: Api, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
    """Makes a definition, unless it is there. Raises Refused, Lost."""
    try:
        api.call("POST", path, json=body, headers=headers or {})
    except Refused as refused:
        if refused.fault.code not in _THERE:
            raise


def _one(api: Api, collection: str, id: str, name: str) -> Row | None:
    path = odata.select(collection, (id,), f"uniquename eq {odata.quoted(name)}")
    rows = read_rows(api.asked(Operation(path=path)).body)
    return rows[0] if rows else None
