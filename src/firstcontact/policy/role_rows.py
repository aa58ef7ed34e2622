"""Whether the row of the table of SPEC §7 on which a contact role was decided still stands at its write."""

from __future__ import annotations

from collections.abc import Collection

from firstcontact.identity.records import Account, Opportunity

ROLES_NOW = "somebody has a role on the opportunity meanwhile"
ANOTHER_OPEN = "another opportunity was opened meanwhile"
NO_HOLDER_NOW = "nobody on it has a role on the opportunity any more"
NO_ROLES_NOW = "nobody has a role on the opportunity any more"


def overtaken(
    row: str, holders: Collection[str], opportunity: Opportunity, account: Account, own: Collection[str]
) -> str:
    """The fact for which the row does not say any more that a role is created, "" where it still does.

    row: `first`, `holder` or `new` (the names of the reasons `contact_role:…`); any other has nothing that
    could change. holders: contacts on the interaction who had a role on the opportunity. opportunity and
    account: as the CRM has just shown them. own: contacts with roles that the same decision has made.

    Which of several is the primary match is not asked again: our own activities move the latest activity.
    """
    if row == "first":
        if not set(opportunity.roles) <= set(own):
            return ROLES_NOW
        several = any(one.open and one.id != opportunity.id for one in account.opportunities)
        return ANOTHER_OPEN if several else ""
    if row == "holder":
        return "" if set(holders).intersection(opportunity.roles) else NO_HOLDER_NOW
    if row == "new":
        return "" if opportunity.roles else NO_ROLES_NOW
    return ""
