"""Tables, columns, keys and relationships as `EntityDefinitions` tells and takes them (apis A5)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from firstcontact.testing.simulators.dynamics.refusals import Refusal, bad, no_segment
from firstcontact.testing.simulators.dynamics.relations import collections
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Column, Table
from firstcontact.testing.simulators.dynamics.showing import split_top
from firstcontact.testing.simulators.dynamics.state import Key, State

View = dict[str, Any]
CRM = "Microsoft.Dynamics.CRM."
CASTS = frozenset(
    f"{name}AttributeMetadata"
    for name in (
        *("String", "Memo", "Boolean", "Integer", "BigInt", "Decimal", "Double", "Money", "DateTime"),
        *("Picklist", "State", "Status", "Lookup", "UniqueIdentifier", "EntityName"),
    )
)
"""Types of attributes that a list can be cast to, whether the table has such a column or not."""
CLOSED = frozenset({"annotation", "activityparty", "activitypointer", "solution", "publisher"})
"""Tables that take no own columns."""
_SPECIAL: Mapping[str, tuple[str, ...]] = {
    "String": ("MaxLength", "FormatName", "Format"),
    "Memo": ("MaxLength", "Format"),
    "DateTime": ("Format", "DateTimeBehavior"),
    "Lookup": ("Targets",),
}
"""What only a cast to the attribute's own type has."""
_CAST = {"Customer": "Lookup", "Owner": "Lookup", "Uniqueidentifier": "UniqueIdentifier"}
_CONDITION = re.compile(r"\s*(\w+)\s+(eq|ne)\s+('(?:[^']|'')*'|true|false)\s*")


def metadata_id(*names: str) -> str:
    """The id of a definition: always the same for the same names."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, ".".join(names)))


# --- views ---------------------------------------------------------------------------------------------


def _label(text: str) -> View:
    label = {"Label": text, "LanguageCode": 1033, "IsManaged": False}
    return {"LocalizedLabels": [label], "UserLocalizedLabel": label}


def _entity(state: State, table: Table) -> View:
    return {
        "MetadataId": metadata_id(table.name),
        "LogicalName": table.name,
        "SchemaName": table.title.replace(" ", ""),
        "EntitySetName": table.set,
        "PrimaryIdAttribute": table.id,
        "PrimaryNameAttribute": next(
            (one for one in ("fullname", "name", "title", "subject") if one in table.columns), None
        ),
        "DisplayName": _label(table.title),
        "ChangeTrackingEnabled": table.name in state.tracking,
        "IsDuplicateDetectionEnabled": {"Value": table.name in ("contact", "account", "lead")},
        "IsActivity": table.activity,
        "IsCustomEntity": False,
        "OwnershipType": "UserOwned" if "ownerid" in table.columns else "OrganizationOwned",
        "CanCreateAttributes": {"Value": table.name not in CLOSED},
    }


def cast_name(column: Column) -> str:
    """`StringAttributeMetadata` and its like."""
    return f"{_CAST.get(column.type, column.type)}AttributeMetadata"


def _format(column: Column) -> str:
    name = column.name
    if column.type == "DateTime":
        return "DateOnly" if column.day or column.date else "DateAndTime"
    if name.startswith("emailaddress") or name == "internalemailaddress":
        return "Email"
    if name == "websiteurl":
        return "Url"
    phones = ("telephone", "phone", "fax", "pager", "home2", "business2", "callback")
    if not column.custom and (name in ("phonenumber", "company") or any(one in name for one in phones)):
        return "Phone"
    return "TextArea" if column.type == "Memo" else "Text"


def _attribute(table: Table, column: Column, *, own: bool) -> View:
    view: View = {
        "@odata.type": f"#{CRM}{cast_name(column)}",
        "MetadataId": metadata_id(table.name, column.name),
        "LogicalName": column.name,
        "SchemaName": column.schema_name or column.name.capitalize(),
        "EntityLogicalName": table.name,
        "AttributeType": column.type,
        "AttributeTypeName": {"Value": f"{column.type}Type"},
        "DisplayName": _label(column.label or column.name),
        "RequiredLevel": {
            "Value": column.required,
            "CanBeChanged": column.required != "SystemRequired",
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": True,
        "IsCustomAttribute": column.custom,
        "IsPrimaryId": column.name == table.id,
        "IsPrimaryName": False,
    }
    if own:
        if column.type in ("String", "Memo"):
            view |= {"MaxLength": column.most, "Format": _format(column)}
        if column.type == "String":
            view["FormatName"] = {"Value": _format(column)}
        if column.type == "DateTime":
            view |= {"Format": _format(column), "DateTimeBehavior": {"Value": "UserLocal"}}
        if column.type in LOOKUPS:
            view["Targets"] = list(column.targets)
        if column.options:
            options = [{"Value": value, "Label": _label(str(value))} for value in column.options]
            view["OptionSet"] = {
                "MetadataId": metadata_id(table.name, column.name, "set"),
                "Options": options,
            }
    return view


def _key(state: State, table: Table, key: Key) -> View:
    return {
        "MetadataId": key.id,
        "LogicalName": key.name,
        "SchemaName": key.schema_name,
        "EntityLogicalName": table.name,
        "DisplayName": _label(key.label),
        "KeyAttributes": list(key.columns),
        "EntityKeyIndexStatus": key.status(state.clock()),
        "IsManaged": False,
    }


def _many_to_one(state: State, table: Table) -> list[View]:
    found = []
    for column in table.columns.values():
        for target, name in column.targets.items():
            if column.name == "regardingobjectid" and state.quirks.regarding == "short":
                name = f"{column.name}_{target}"
            back = next(
                (
                    one
                    for one, (far, by) in collections(state.tables.get(target, table)).items()
                    if far == table.name and by == column.name
                ),
                f"{target}_{table.name}_{column.name}",
            )
            found.append(
                {
                    "MetadataId": metadata_id(table.name, column.name, target),
                    "SchemaName": back,
                    "ReferencedEntity": target,
                    "ReferencedAttribute": state.tables[target].id
                    if target in state.tables
                    else f"{target}id",
                    "ReferencingEntity": table.name,
                    "ReferencingAttribute": column.name,
                    "ReferencingEntityNavigationPropertyName": name,
                    "ReferencedEntityNavigationPropertyName": back,
                    "RelationshipType": "OneToManyRelationship",
                }
            )
    return found


# --- answering a GET -----------------------------------------------------------------------------------


def told(
    state: State, segments: Sequence[tuple[str, str | None]], options: Mapping[str, str], base: str
) -> View:
    """`GET EntityDefinitions…`. Raises Refusal 404, 400."""
    if set(options) - {"$select", "$filter", "$expand", "LabelLanguages"}:
        raise bad(f"Metadata queries take no {', '.join(sorted(options))}.")
    (_, inside), *rest = segments
    if inside is None:
        if rest:
            raise no_segment(rest[0][0])
        views = [_entity(state, table) for table in state.tables.values()]
        return _answer(base, "EntityDefinitions", _filtered(views, options), options)
    table = definition(state, inside)
    if not rest:
        view = _entity(state, table)
        more = _expanded(state, table, options.get("$expand", ""))
        return {
            "@odata.context": f"{base}/$metadata#EntityDefinitions/$entity",
            **_picked(view, options),
            **more,
        }
    return _part(state, table, rest, options, base)


def _part(
    state: State,
    table: Table,
    rest: Sequence[tuple[str, str | None]],
    options: Mapping[str, str],
    base: str,
) -> View:
    (name, inside), *casts = rest
    where = f"EntityDefinitions('{table.name}')/{name}"
    cast = casts[0][0].removeprefix(CRM) if casts else ""
    if len(casts) > 1 or (casts and (name != "Attributes" or not casts[0][0].startswith(CRM))):
        raise no_segment(casts[-1][0])
    views = _views(state, table, name, cast)
    if inside is None:
        return _answer(base, where, _filtered(views, options), options)
    wanted = named(inside)
    view = next((one for one in views if wanted in (one["LogicalName"], one["MetadataId"])), None)
    if view is None:
        raise Refusal(404, "0x80040217", f"Could not find an attribute or key with name = {wanted}.")
    return {"@odata.context": f"{base}/$metadata#{where}/$entity", **_picked(view, options)}


def _views(state: State, table: Table, name: str, cast: str) -> list[View]:
    if name == "Attributes":
        if cast and cast not in CASTS:
            raise no_segment(cast)
        return [
            _attribute(table, column, own=bool(cast))
            for column in table.columns.values()
            if not cast or cast_name(column) == cast
        ]
    if name == "Keys":
        return [_key(state, table, key) for key in state.keys[table.name].values()]
    if name == "ManyToOneRelationships":
        return _many_to_one(state, table)
    if name == "ManyToManyRelationships":
        return []
    if name == "OneToManyRelationships":
        every = [one for other in state.tables.values() for one in _many_to_one(state, other)]
        return [one for one in every if one["ReferencedEntity"] == table.name]
    raise no_segment(name)


def definition(state: State, inside: str) -> Table:
    """`LogicalName='contact'`, or the definition's id. Raises Refusal 404."""
    wanted = named(inside)
    for table in state.tables.values():
        if wanted in (table.name, metadata_id(table.name)):
            return table
    raise Refusal(404, "0x80060888", f"Could not find an entity with name {wanted}.")


def named(inside: str) -> str:
    """The name or id in the parentheses of a definition. Raises Refusal 400."""
    name, equals, value = inside.partition("=")
    if equals and name.strip() not in ("LogicalName", "MetadataId"):
        raise bad(f"A definition is not named by {name}.")
    return (value if equals else name).strip().strip("'")


def _filtered(views: Sequence[View], options: Mapping[str, str]) -> list[View]:
    text = options.get("$filter")
    if text is None:
        return list(views)
    tests = [
        [_condition(one, views) for one in re.split(r"\s+and\s+", part)]
        for part in re.split(r"\s+or\s+", text)
    ]
    return [view for view in views if any(all(test(view) for test in every) for every in tests)]


def _condition(text: str, views: Sequence[View]) -> Callable[[View], bool]:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise bad(f"Syntax error in '{text}'.")
    name, how, literal = found.groups()
    if views and name not in views[0]:
        raise bad(f"Could not find a property named '{name}'.")
    value: Any = literal == "true" if literal in ("true", "false") else literal[1:-1].replace("''", "'")
    return lambda view: (view[name] == value) == (how == "eq")


def _picked(view: View, options: Mapping[str, str]) -> View:
    """What was selected; a set of options only where it is expanded."""
    name, _, inside = options.get("$expand", "").partition("(")
    more: View = {}
    if name == "OptionSet" and "OptionSet" in view:
        more["OptionSet"] = _picked(view["OptionSet"], _inner(inside))
    view = {key: value for key, value in view.items() if key != "OptionSet"}
    if "$select" not in options:
        return {**view, **more}
    names = [one.strip() for one in options["$select"].split(",") if one.strip()]
    for name in names:
        if name not in view:
            raise bad(f"Could not find a property named '{name}' on this type of metadata.")
    kept = {"@odata.type": view["@odata.type"]} if "@odata.type" in view else {}
    return {**kept, **{name: view[name] for name in names}, "MetadataId": view["MetadataId"], **more}


def _inner(inside: str) -> dict[str, str]:
    """Options in the parentheses of an `$expand`."""
    return dict(one.split("=", 1) for one in split_top(inside.removesuffix(")"), ";") if "=" in one)


def _answer(base: str, where: str, views: Sequence[View], options: Mapping[str, str]) -> View:
    return {
        "@odata.context": f"{base}/$metadata#{where}",
        "value": [_picked(view, options) for view in views],
    }


def _expanded(state: State, table: Table, text: str) -> View:
    found: View = {}
    for part in split_top(text, ","):
        name, _, inside = part.strip().partition("(")
        if not name:
            continue
        options = _inner(inside)
        views = _filtered(_views(state, table, name, ""), options)
        found[name] = [_picked(view, options) for view in views]
    return found
