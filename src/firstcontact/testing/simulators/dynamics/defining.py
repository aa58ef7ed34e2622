"""Own columns and alternate keys are made and taken away (apis A5, "Add a custom column", "Upsert")."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.dynamics.metadata import CLOSED, CRM, metadata_id, named
from firstcontact.testing.simulators.dynamics.refusals import Refusal, bad, payload
from firstcontact.testing.simulators.dynamics.schema import Column, Table, Type
from firstcontact.testing.simulators.dynamics.state import Key, State
from firstcontact.testing.simulators.dynamics.times import SECOND

MOST_KEYS, MOST_KEY_COLUMNS, MOST_KEY_BYTES = 10, 16, 900
KEY_TYPES = frozenset({"String", "Integer", "DateTime", "Lookup", "Picklist"})
_MADE: Mapping[str, Type] = {
    "StringAttributeMetadata": "String",
    "MemoAttributeMetadata": "Memo",
    "BooleanAttributeMetadata": "Boolean",
    "IntegerAttributeMetadata": "Integer",
    "DateTimeAttributeMetadata": "DateTime",
}
_CREATION = frozenset(
    {
        "@odata.type",
        "AttributeType",
        "AttributeTypeName",
        "SchemaName",
        "LogicalName",
        "IsPrimaryName",
        "DisplayName",
        "Description",
        "RequiredLevel",
        "MaxLength",
        "FormatName",
        "Format",
        "DateTimeBehavior",
        "MinValue",
        "MaxValue",
        "DefaultValue",
        "OptionSet",
    }
)


def make_attribute(state: State, table: Table, body: Any) -> str:
    """A new column; its id. Raises Refusal 400."""
    if table.name in CLOSED:
        raise bad(f"Attributes cannot be created on {table.name}.", "0x80044a45")
    if not isinstance(body, Mapping) or set(body) - _CREATION:
        raise payload("EntityDefinitions", "the attribute has a property that there is not.")
    kind = _MADE.get(str(body.get("@odata.type", "")).lstrip("#").removeprefix(CRM))
    if kind is None:
        raise payload("EntityDefinitions", "@odata.type must be one of the attribute types.")
    schema_name = str(body.get("SchemaName") or "")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,7}_\w+", schema_name):
        raise bad(f"The schema name {schema_name!r} needs a customization prefix.", "0x8004701e")
    if not body.get("DisplayName"):
        raise bad("Required field 'DisplayName' is missing.", "0x80040203")
    name = schema_name.lower()
    if name in table.columns:
        raise bad(f"An attribute with the specified name {name} already exists", "0x80047013")
    most = body.get("MaxLength", 100) if kind in ("String", "Memo") else 0
    if not isinstance(most, int) or most > {"String": 4000, "Memo": 1_048_576}.get(kind, 0) or most < 0:
        raise bad("MaxLength is outside of what is allowed.", "0x8004f0fd")
    required = (body.get("RequiredLevel") or {}).get("Value", "None")
    state.add_column(
        table.name,
        Column(
            name=name,
            type=kind,
            most=most,
            required=required,
            custom=True,
            schema_name=schema_name,
            label=_label_of(body["DisplayName"]),
        ),
    )
    return metadata_id(table.name, name)


def _label_of(label: Any) -> str:
    try:
        return str(label["LocalizedLabels"][0]["Label"])
    except (KeyError, IndexError, TypeError):
        raise payload("EntityDefinitions", "DisplayName must have LocalizedLabels.") from None


def make_key(state: State, table: Table, body: Any) -> str:
    """A new alternate key; its id. Its index is not there at once (apis A5).

    What the body must have is as Microsoft's Python client (PowerPlatform-Dataverse-Client 1) sends it: no
    DisplayName is needed. Raises Refusal 400.
    """
    known = {"@odata.type", "SchemaName", "LogicalName", "DisplayName", "KeyAttributes"}
    if not isinstance(body, Mapping) or set(body) - known:
        raise payload("EntityDefinitions", "the key has a property that there is not.")
    schema_name = str(body.get("SchemaName") or "")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,7}_\w+", schema_name):
        raise bad("A key needs a SchemaName with a customization prefix.", "0x80040203")
    names = body.get("KeyAttributes")
    if not isinstance(names, list) or not names or len(names) > MOST_KEY_COLUMNS:
        raise bad(f"A key has one to {MOST_KEY_COLUMNS} KeyAttributes.", "0x80060893")
    _check_columns(table, names)
    if schema_name.lower() in state.keys[table.name]:
        raise bad(f"A key with the name {schema_name.lower()} already exists.", "0x80060894")
    if len(state.keys[table.name]) >= MOST_KEYS:
        raise bad(f"A table has no more than {MOST_KEYS} keys.", "0x80060896")
    quirks = state.quirks
    key = Key(
        id=metadata_id(table.name, "key", schema_name),
        name=schema_name.lower(),
        schema_name=schema_name,
        label=_label_of(body["DisplayName"]) if body.get("DisplayName") else schema_name,
        columns=tuple(names),
        active=state.clock() + int(quirks.key_seconds * SECOND),
        failed=quirks.key_index == "fails",
    )
    state.add_key(table.name, key)
    return key.id


def _check_columns(table: Table, names: Sequence[Any]) -> None:
    size = 0
    for name in names:
        column = table.columns.get(name)
        if column is None or column.type not in KEY_TYPES:
            raise bad(f"{name} cannot be part of a key of {table.name}.", "0x80060893")
        size += column.most * 2 if column.type == "String" else 16
    if size > MOST_KEY_BYTES:
        raise bad(f"The key is larger than {MOST_KEY_BYTES} bytes.", "0x80060893")


def drop(state: State, table: Table, name: str, inside: str | None) -> None:
    """`DELETE …/Attributes(LogicalName='x')` and `…/Keys(…)`. Raises Refusal 404, 400."""
    wanted = named(inside or "")
    for key in list(state.keys[table.name].values()) if name == "Keys" else ():
        if wanted in (key.name, key.id):
            state.drop_key(table.name, key.name)
            return
    columns = table.columns.values() if name == "Attributes" else ()
    column = next((one for one in columns if wanted in (one.name, metadata_id(table.name, one.name))), None)
    if column is None:
        raise Refusal(404, "0x80040217", f"Could not find {wanted} among the {name}.")
    used = any(column.name in key.columns for key in state.keys[table.name].values())
    if not column.custom or used:
        raise bad(f"The attribute {wanted} cannot be deleted.", "0x8004f01f")
    state.drop_column(table.name, column.name)
