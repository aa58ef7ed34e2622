"""PURE. Roles that a merge leaves twice: Salesforce moves the loser's roles to the survivor, also to an
opportunity on which the survivor has one already (its page on merge())."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from firstcontact.connectors.salesforce import mapping
from firstcontact.connectors.salesforce.mapping import Row, text

ROLE = "OpportunityContactRole"
FIELDS = ("Id", "OpportunityId", "ContactId", "Role", "IsPrimary", "IsDeleted")


class Doubled(msgspec.Struct, frozen=True):
    """What makes one role of several. goes: ids of those that are too many; filled: by id the role that one
    without any takes from them."""

    goes: tuple[str, ...] = ()
    filled: Mapping[str, str] = {}


def doubled(rows: Iterable[Row], survivor: str, loser: str = "") -> Doubled:
    """Roles of which the same contact would have another one on the same opportunity (SPEC §7: never twice).
    The survivor's values stay and its blanks are filled (SPEC §9); of several, the primary one comes first.

    rows: roles as they are, of others and deleted ones too. loser: whose roles alone may go; "" where it has
    gone into the survivor already, so that nobody can tell its roles from the survivor's own: then only what
    says nothing more than another goes.
    """
    theirs: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if text(row, "ContactId") in (survivor, loser) and not mapping.flag(row, "IsDeleted"):
            theirs[text(row, "OpportunityId")].append(row)
    found = [
        _look_through(sorted(some, key=lambda row: _rank(row, survivor)), loser) for some in theirs.values()
    ]
    filled = {id: role for one in found for id, role in one.filled.items()}
    return Doubled(tuple(id for one in found for id in one.goes), filled)


def _rank(row: Row, survivor: str) -> tuple[bool, bool, str]:
    return text(row, "ContactId") != survivor, not mapping.flag(row, "IsPrimary"), text(row, "Id")


def _look_through(some: Sequence[Row], loser: str) -> Doubled:
    """Roles on one opportunity, what stays first."""
    first = text(some[0], "Id")
    said = {text(some[0], "Role")}
    goes: list[str] = []
    filled: dict[str, str] = {}
    for row in some[1:]:
        role = text(row, "Role")
        blank = said == {""}
        if text(row, "ContactId") == loser or (not loser and (role in said or not role or blank)):
            goes.append(text(row, "Id"))
            if role and blank:
                filled[first] = role
        said.add(role)
    return Doubled(tuple(goes), filled)
