"""What a table and a column are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Type = Literal[
    "String",
    "Memo",
    "Boolean",
    "Integer",
    "BigInt",
    "DateTime",
    "Picklist",
    "State",
    "Status",
    "Lookup",
    "Customer",
    "Owner",
    "PartyList",
    "Uniqueidentifier",
    "EntityName",
]
LOOKUPS = frozenset({"Lookup", "Customer", "Owner"})
Required = Literal["None", "ApplicationRequired", "SystemRequired"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    most: characters of a text. day: a moment that is shown as a date alone; date: it is one.
    options: values of a choice.
    targets: tables that a lookup points at, each with the navigation property that says so.
    """

    name: str
    type: Type
    most: int = 0
    create: bool = True
    update: bool = True
    required: Required = "None"
    day: bool = False
    date: bool = False
    options: tuple[int, ...] = ()
    targets: Mapping[str, str] = {}
    default: object = None
    custom: bool = False
    schema_name: str = ""
    label: str = ""

    @property
    def property(self) -> str:
        """How answers and filters name it: `_x_value` for a lookup."""
        return f"_{self.name}_value" if self.type in LOOKUPS else self.name


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table. set: its name in addresses. states: a state's status reasons, the default one first.

    masks: kinds of parties that an activity takes. change_tracking: as the table is installed.
    """

    name: str
    set: str
    id: str
    title: str
    columns: Mapping[str, Column]
    activity: bool = False
    states: Mapping[int, tuple[int, ...]] = {}
    masks: tuple[int, ...] = ()
    change_tracking: bool = True
    read_only: bool = False

    @property
    def privilege(self) -> str:
        """The end of the names of its privileges: all activities share one."""
        if self.activity:
            return "Activity"
        special = {"annotation": "Note", "systemuser": "User", "activityparty": "Activity"}
        return special.get(self.name, self.name.capitalize())

    @property
    def parties(self) -> str:
        """The navigation property of an activity's parties."""
        return f"{self.name}_activity_parties" if self.masks else ""
