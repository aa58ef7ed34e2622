"""PURE. Contacts that go into another one, and contacts of ours that are taken away, as jobs.

Dataverse's `Merge` takes no condition, so that it stands in a change set with changes that do: both contacts
have to be as they were looked at, or nothing of it happens.
"""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.dynamics import contacts, jobs, mapping
from firstcontact.connectors.dynamics.jobs import Job, Step
from firstcontact.connectors.dynamics.mapping import INACTIVE, Row, text
from firstcontact.connectors.dynamics.names import CREATED_BY, OURS, TITLE
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Table

_TYPE = "Microsoft.Dynamics.CRM.contact"


def merge(
    place: int, loser: str, survivor: str, rows: Mapping[str, Row], table: Table, region: str, me: str
) -> Job | None:
    """The merge; None where the loser has nothing left to give: it has gone into this survivor already, or is
    not there any more. Raises Rejected; whether the survivor was merged itself is looked at before."""
    kept, gone = rows.get(survivor), rows.get(loser)
    if loser == survivor:
        raise Rejected("A contact cannot be merged into itself.", ("loser",))
    if kept is None:
        raise Rejected(f"There is no contact {survivor!r} in {TITLE}.", ("target",))
    if mapping.merged_into(kept):
        raise Rejected(f"The contact {survivor!r} has been merged into {loser!r} in {TITLE}.", ("target",))
    if not guid(loser):
        raise Rejected(f"There is no contact {loser!r} in {TITLE}.", ("loser",))
    into = mapping.merged_into(gone) if gone is not None else survivor
    if into and into != survivor:
        raise Rejected(f"The contact {loser!r} was merged into {into!r} in {TITLE}.", ("loser",))
    if into or gone is None:
        return None
    contacts.untouched(gone, me)
    if gone.get("statecode") == INACTIVE or kept.get("statecode") == INACTIVE:
        raise Rejected(f"{TITLE} merges active contacts only.", ("loser",))
    values = contacts.filled(kept, gone, table, region, me)
    steps = [jobs.put("contact", survivor, values, text(kept, "@odata.etag"))] if values else []
    if table.has(CREATED_BY):
        # It changes nothing; its condition is what it is for.
        steps.append(jobs.put("contact", loser, {CREATED_BY: OURS}, text(gone, "@odata.etag")))
    parameters = {
        "Target": {"@odata.type": _TYPE, "contactid": survivor},
        "Subordinate": {"@odata.type": _TYPE, "contactid": loser},
        "PerformParentingChecks": False,
    }
    steps.append(Step(method="POST", path="Merge", values=parameters))
    return Job(write=place, table="contact", steps=tuple(steps), id=survivor, meanwhile=True)


def deletion(place: int, row: Row, me: str, logged: bool) -> Job:
    """A contact of ours goes, if it is as it was looked at. logged: people have logged something that regards
    it, which Dataverse would delete with it. Raises Rejected."""
    id = guid(text(row, "contactid"))
    into = mapping.merged_into(row)
    if into:
        # Whom another was merged into is somebody else, who stays.
        raise Rejected(f"The contact {id!r} was merged into {into!r} in {TITLE}.", ("target",))
    contacts.untouched(row, me)
    if logged:
        words = f"People have logged activities on the contact {id!r} in {TITLE}, which would go with it."
        raise Rejected(words, ("target",))
    headers = {"If-Match": text(row, "@odata.etag") or "*"}
    step = Step(method="DELETE", path=jobs.by_id("contact", id), headers=headers)
    return Job(write=place, table="contact", steps=(step,), id=id)
