"""Merging records of a type: the loser is deleted with `MasterRecordId`, and what hung on it hangs on the
survivor (the vendor's page on merge())."""

from __future__ import annotations

from firstcontact.testing.simulators.salesforce import records
from firstcontact.testing.simulators.salesforce.derived import complete
from firstcontact.testing.simulators.salesforce.org import Org, Row

MERGEABLE = ("Account", "Contact", "Lead")


def merge(org: Org, name: str, loser: str, survivor: str, filled: Row) -> list[str]:
    """The survivor keeps its values but for those given; ids of the records that hang on it from now on.
    Raises Refusal where one of the two is not there."""
    gone, kept = records.existing(org, name, loser), records.existing(org, name, survivor)
    records.bury(org, name, gone, master=kept["Id"])
    stamp = {"LastModifiedById": org.acting, "LastModifiedDate": org.at(), "SystemModstamp": org.at()}
    org.put(name, complete(org, name, {**kept, **filled, **stamp}))
    if org.acting != org.api_user:
        org.by_people.add(kept["Id"])
    return _moved(org, name, gone["Id"], kept["Id"])


def blanks(org: Org, name: str, loser: str, survivor: str) -> Row:
    """What a person who merges in the page takes for fields that are blank on the survivor."""
    gone, kept = records.existing(org, name, loser), records.existing(org, name, survivor)
    return {
        field.name: gone[field.name]
        for field in org.kinds[name].fields.values()
        if field.write == "cu"
        and not field.unique
        and kept[field.name] is None
        and gone[field.name] is not None
    }


def _moved(org: Org, name: str, loser: str, survivor: str) -> list[str]:
    moved: list[str] = []
    for child, kind in list(org.kinds.items()):
        pointing = [
            one.name for one in kind.fields.values() if name in one.targets and one.type == "reference"
        ]
        for field in pointing:
            if field == "MasterRecordId" or field.startswith("Converted"):
                continue
            for row in [one for one in org.live(child) if one.get(field) == loser]:
                given: Row = {field: survivor, "SystemModstamp": org.at()}
                if child == "OpportunityContactRole" and name == "Contact":
                    # The vendor's considerations for merging: a loser's role is the primary one no more.
                    given["IsPrimary"] = False
                org.put(child, complete(org, child, {**row, **given}))
                moved.append(str(row["Id"]))
    return moved
