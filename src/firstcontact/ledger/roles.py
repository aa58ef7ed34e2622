"""Contact roles as the ledger remembers them: those that were ever there, and those that are under way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

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


_ALIVE = ("intended", "sent", "waiting", "held")
"""States of a write that may still make its role."""

_UNDER_WAY = Statement(
    select(roles_intended.c.opportunity, roles_intended.c.contact)
    .join(writes, writes.c.key == roles_intended.c.write_key)
    .where(
        roles_intended.c.connection == bindparam("of"),
        roles_intended.c.opportunity.in_(values("opportunities")),
        writes.c.state.in_(_ALIVE),
    )
)


def under_way(tx: Connection, connection: str, opportunities: Collection[str]) -> frozenset[Role]:
    """Roles on these opportunities that are decided and not made yet, with the ids of contacts that have been
    made meanwhile."""
    rows = list(_UNDER_WAY.rows(tx, of=connection, opportunities=opportunities))
    made = contacts_made(tx, {contact for _, contact in rows})
    return frozenset((opp, made[contact]) for opp, contact in rows)


class Intended(NamedTuple):
    """A role that was decided: by the write of which key, of which interaction, in which state with which
    problem; created: it was this write that made it. contact: as in `under_way`."""

    opportunity: str
    contact: str
    key: str
    interaction: str
    state: str
    problem: str
    created: int

    @property
    def ours(self) -> bool:
        """Whether it was made by this write, or may have been."""
        return bool(self.created) or self.state in ("sent", "unclear")

    @property
    def under_way(self) -> bool:
        """Whether it may still be made."""
        return self.state in _ALIVE


_INTENDED = Statement(
    select(
        roles_intended.c.opportunity,
        roles_intended.c.contact,
        writes.c.key,
        writes.c.interaction,
        writes.c.state,
        writes.c.problem,
        writes.c.created,
    )
    .join(writes, writes.c.key == roles_intended.c.write_key)
    .where(
        roles_intended.c.connection == bindparam("of"),
        roles_intended.c.opportunity.in_(values("opportunities")),
    )
)


def intended(tx: Connection, connection: str, opportunities: Collection[str]) -> tuple[Intended, ...]:
    """All roles on these opportunities that were ever decided, whatever became of them."""
    rows = [Intended(*row) for row in _INTENDED.rows(tx, of=connection, opportunities=opportunities)]
    made = contacts_made(tx, {row.contact for row in rows})
    return tuple(row._replace(contact=made[row.contact]) for row in rows)


def contacts_made(tx: Connection, contacts: Collection[str]) -> dict[str, str]:
    """By each of these contacts its id; one that is not made yet stays `new:` and the key of its write."""
    keys = {contact[len(NEW) :] for contact in contacts if contact.startswith(NEW)}
    made = writing.records_of(tx, keys) if keys else {}
    return {contact: made.get(contact[len(NEW) :], ("", ""))[1] or contact for contact in contacts}


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
