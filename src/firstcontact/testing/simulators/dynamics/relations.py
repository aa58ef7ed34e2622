"""What navigation properties lead from a table to another (apis A5)."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.testing.simulators.dynamics.schema import Column, Table
from firstcontact.testing.simulators.dynamics.tables import ACTIVITIES, ANNOTATED, REGARDING, TABLES

MEMBERS = "teammembership_association"
"""A team's users: many to many."""
COLLECTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "account": {
        "contact_customer_accounts": ("contact", "parentcustomerid"),
        "opportunity_parent_account": ("opportunity", "parentaccountid"),
        "opportunity_customer_accounts": ("opportunity", "customerid"),
        "incident_customer_accounts": ("incident", "customerid"),
    },
    "contact": {
        "contact_customer_contacts": ("contact", "parentcustomerid"),
        "incident_customer_contacts": ("incident", "customerid"),
        "opportunity_parent_contact": ("opportunity", "parentcontactid"),
    },
}
"""Collection-valued navigation properties by table: what points at a record, and by which column. Those of
activities and notes are made by rule (`collections`)."""


def collections(table: Table) -> dict[str, tuple[str, str]]:
    """Every collection-valued navigation property of a table."""
    found = dict(COLLECTIONS.get(table.name, {}))
    if table.masks:
        found[table.parties] = ("activityparty", "activityid")
    if table.name in REGARDING:
        for one in ACTIVITIES:
            found[f"{table.name.capitalize()}_{TABLES[one].set.capitalize()}"] = (one, "regardingobjectid")
    if table.name == "team":
        found[MEMBERS] = ("systemuser", "_members")
    if table.name in ANNOTATED:
        found[f"{table.name.capitalize()}_Annotation"] = ("annotation", "objectid")
    return found


def navigations(table: Table) -> dict[str, tuple[Column, tuple[str, ...]]]:
    """Every single-valued navigation property of a table: its column, and the tables it may lead to."""
    found: dict[str, tuple[Column, tuple[str, ...]]] = {}
    for column in table.columns.values():
        for target, name in column.targets.items():
            known = found[name][1] if name in found else ()
            found[name] = (column, (*known, target))
    return found
