"""Contact roles as the ledger remembers them: those that were ever there, and those that are under way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from firstcontact.ledger import writing
from firstcontact.ledger.tables import writes
from firstcontact.ledger.tables_of_people import roles_intended, roles_seen
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import ContactRoleFields, CreatedBy, Write
from firstcontact.store.statements import Statement, insert_new, values

Role = tuple[str, str]
"""An opportunity's and a contact's id; the contact may be `new:` and the key of the write that makes it."""

_SEEN = Statement(
    select(roles_seen.c.opportunity, roles_seen.c.contact).where(
        roles_seen.c.connection == bindparam("of"), roles_seen.c.opportunity.in_(values("opportunities"))
    )
)


def seen(tx: Connection, connection: str, opportunities: Collection[str]) -> frozenset[Role]:
    """All roles that these opportunities were ever seen to have."""
    return frozenset(
        (opp, contact) for opp, contact in _SEEN.rows(tx, of=connection, opportunities=opportunities)
    )


def see(tx: Connection, connection: str, roles: Iterable[Role]) -> None:
    """Remember that these roles were there."""
    rows = [
        {"connection": connection, "opportunity": opp, "contact": contact}
        for opp, contact in sorted(set(roles))
    ]
    insert_new(tx, roles_seen, rows)


_UNDER_WAY = Statement(
    select(roles_intended.c.opportunity, roles_intended.c.contact)
    .join(writes, writes.c.key == roles_intended.c.write_key)
    .where(
        roles_intended.c.connection == bindparam("of"),
        roles_intended.c.opportunity.in_(values("opportunities")),
        writes.c.state.in_(("intended", "sent", "waiting", "held")),
    )
)


def under_way(tx: Connection, connection: str, opportunities: Collection[str]) -> frozenset[Role]:
    """Roles on these opportunities that are decided and not made yet, with the ids of contacts that have been
    made meanwhile."""
    rows = _UNDER_WAY.rows(tx, of=connection, opportunities=opportunities)
    keys = {contact[len(NEW) :] for _, contact in rows if contact.startswith(NEW)}
    made = writing.records_of(tx, keys) if keys else {}
    return frozenset((opp, made.get(contact[len(NEW) :], ("", ""))[1] or contact) for opp, contact in rows)


def intend(tx: Connection, connection: str, planned: Sequence[Write]) -> None:
    """Remember the roles that these writes make; writes of other kinds say nothing."""
    rows = [
        {"connection": connection, "opportunity": opp, "write_key": write.key, "contact": contact}
        for write in planned
        if (role := role_of(write)) is not None
        for opp, contact in (role,)
    ]
    insert_new(tx, roles_intended, rows)


def role_of(write: Write) -> Role | None:
    """The role that a write makes, None where it makes none."""
    fields = write.fields
    if write.kind != "contact_role" or not isinstance(fields, ContactRoleFields):
        return None
    to = fields.contact
    return fields.opportunity, NEW + to.write_key if isinstance(to, CreatedBy) else to.id
