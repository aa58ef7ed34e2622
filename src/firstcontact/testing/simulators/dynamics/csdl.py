"""`$metadata`: the types, as CSDL (apis A5: the exact navigation properties are read from it)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from firstcontact.testing.simulators.dynamics.relations import collections, navigations
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Table
from firstcontact.testing.simulators.dynamics.state import State

_EDM = {
    "Boolean": "Boolean",
    "Integer": "Int32",
    "Picklist": "Int32",
    "State": "Int32",
    "Status": "Int32",
    "BigInt": "Int64",
    "DateTime": "DateTimeOffset",
    "Uniqueidentifier": "Guid",
}


def document(state: State) -> str:
    """The whole of it."""
    types = "".join(_type(state, table) for table in state.tables.values())
    sets = "".join(
        f"<EntitySet Name={quoteattr(table.set)} EntityType={quoteattr(f'mscrm.{table.name}')} />"
        for table in state.tables.values()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" '
        'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{types}<EntityContainer Name="System">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(state: State, table: Table) -> str:
    inside = "".join([*_properties(table), *_navigations(state, table)])
    key = f"<Key><PropertyRef Name={quoteattr(table.id)} /></Key>"
    return f"<EntityType Name={quoteattr(table.name)}>{key}{inside}</EntityType>"


def _properties(table: Table) -> Iterator[str]:
    for column in table.columns.values():
        kind = "Guid" if column.type in LOOKUPS else _EDM.get(column.type, "String")
        kind = "Date" if column.date else kind
        yield f"<Property Name={quoteattr(column.property)} Type={quoteattr(f'Edm.{kind}')} />"


def _navigations(state: State, table: Table) -> Iterator[str]:
    for name, (column, targets) in navigations(table).items():
        if state.quirks.regarding == "short" and column.name == "regardingobjectid" and table.activity:
            name = name.removesuffix(f"_{table.name}")
        kind = f"mscrm.{targets[0]}" if len(targets) == 1 else "mscrm.principal"
        yield f"<NavigationProperty Name={quoteattr(name)} Type={quoteattr(kind)} />"
    for name, (far, _) in collections(table).items():
        yield f"<NavigationProperty Name={quoteattr(name)} Type={quoteattr(f'Collection(mscrm.{far})')} />"
