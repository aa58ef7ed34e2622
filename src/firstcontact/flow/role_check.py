"""The last look before contact roles are made: is the opportunity still open, and is the role not there, or
taken away by a person meanwhile (SPEC §7)?"""

from __future__ import annotations

from collections.abc import Sequence

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.flow.account_domains import ruled
from firstcontact.flow.rounds import Round
from firstcontact.identity.records import Account, Opportunity
from firstcontact.ledger import roles
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.roles import Role
from firstcontact.planning.write import ContactRoleFields, Existing, Receipt, Write

CLOSED = "the opportunity was closed meanwhile"
GONE = "the opportunity is not on the account any more"
REMOVED = "a person took this role away"


def check_roles(ledger: Ledger, crm: Crm, making: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """Keys of the roles that are not to be sent now: overtaken, or there already. The CRM itself is asked,
    for all accounts of the wave at once. Raises TryAgain."""
    wanted = {write.key: _role(write) for write in making}
    hosts = {host for write in making if (host := _fields(write).domain)}
    with ledger.read() as tx:
        asked = ruled(tx, crm.connection, hosts).asked(hosts)
    with crossing(Boundary.ACCOUNTS_BEFORE_ROLES):
        there = crm.accounts(asked, ())
    round.accounts.extend(there)
    opportunities = _by_id(there)
    with ledger.read() as tx:
        seen = roles.seen(tx, crm.connection, sorted({opportunity for opportunity, _ in wanted.values()}))
    first: dict[Role, str] = {}
    settled: set[str] = set()
    for write in making:
        role = wanted[write.key]
        opportunity = opportunities.get(role[0])
        if role in first:
            # Two interactions want it, by two keys, since its contact was not made when the first one did.
            round.marks.append((write.key, "waiting", None, first[role]))
        elif opportunity is not None and role[1] in opportunity.roles:
            ours = round.intents[write.key].state == "sent"
            round.receipts.append(Receipt(write.key, f"{role[0]}:{role[1]}", created=ours, at=now))
        elif why := _overtaken(role, opportunity, seen):
            _drop(round, write, why)
        else:
            first[role] = write.key
            continue
        settled.add(write.key)
    return frozenset(settled)


def _overtaken(role: Role, opportunity: Opportunity | None, seen: frozenset[Role]) -> str:
    """The fact that has overtaken the role, "" for none."""
    if opportunity is None:
        return GONE
    if not opportunity.open:
        return CLOSED
    return REMOVED if role in seen else ""


def _drop(round: Round, write: Write, why: str) -> None:
    """It is not made; decided again with what the CRM has just shown, but only once: where it is wanted all
    the same and the same fact stands against it, that is that."""
    round.marks.append((write.key, "dropped", None, why))
    if round.intents[write.key].problem != why:
        round.decide_again.add(write.interaction)


def _by_id(accounts: Sequence[Account]) -> dict[str, Opportunity]:
    return {one.id: one for account in accounts for one in account.opportunities}


def _fields(write: Write) -> ContactRoleFields:
    assert isinstance(write.fields, ContactRoleFields)
    return write.fields


def _role(write: Write) -> Role:
    contact = _fields(write).contact
    assert isinstance(contact, Existing)
    return _fields(write).opportunity, contact.id
