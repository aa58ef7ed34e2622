"""The last look before contact roles are made: is the opportunity still open, is the role not there, or taken
away by a person meanwhile, and does the row of the table that it was decided by still stand (SPEC §7)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.flow.account_domains import ruled
from firstcontact.flow.rounds import Round
from firstcontact.identity.records import Account, Opportunity
from firstcontact.ledger import roles
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.roles import Intended, Role
from firstcontact.planning.write import ContactRoleFields, Existing, Receipt, Write
from firstcontact.policy.role_rows import overtaken

CLOSED = "the opportunity was closed meanwhile"
GONE = "the opportunity is not on the account any more"
REMOVED = "a person took this role away"


class _Now(msgspec.Struct, frozen=True):
    """What is so right before the write.

    deals: the opportunities by id, as the CRM shows them, each with its account. seen: every role they were
    seen to have. intended: what was decided on them. made: ids of the holders that decisions rested on.
    """

    deals: Mapping[str, tuple[Opportunity, Account]]
    seen: frozenset[Role]
    intended: tuple[Intended, ...]
    made: Mapping[str, str]


def check_roles(ledger: Ledger, crm: Crm, making: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """Keys of the roles that are not to be sent now: overtaken, there already, or resting on a role that is
    not made yet. The CRM itself is asked, for all accounts of the wave at once. Raises TryAgain."""
    wanted = {write.key: _role(write) for write in making}
    hosts = {host for write in making if (host := _fields(write).domain)}
    with ledger.read() as tx:
        asked = ruled(tx, crm.connection, hosts).asked(hosts)
    with crossing(Boundary.ACCOUNTS_BEFORE_ROLES):
        there = crm.accounts(asked, ())
    round.accounts.extend(there)
    facts = _now(ledger, crm, making, there)
    first: dict[Role, str] = {}
    waits: dict[str, str] = {}
    settled: set[str] = set()
    for write in making:
        role = wanted[write.key]
        opportunity, account = facts.deals.get(role[0], (None, None))
        if role in first:
            # Two interactions want it, by two keys, since its contact was not made when the first one did.
            waits[write.key] = first[role]
        elif opportunity is not None and role[1] in opportunity.roles:
            ours = round.intents[write.key].state == "sent"
            round.receipts.append(Receipt(write.key, f"{role[0]}:{role[1]}", created=ours, at=now))
        elif opportunity is None or account is None:
            _drop(round, write, GONE)
        elif not opportunity.open:
            _drop(round, write, CLOSED)
        elif role in facts.seen:
            _drop(round, write, REMOVED)
        elif why := _row_overtaken(write, opportunity, account, facts):
            under_way = _rests_on(write, facts, waits)
            if under_way:
                waits[write.key] = under_way
            else:
                _drop(round, write, why)
        else:
            first[role] = write.key
            continue
        settled.add(write.key)
    round.marks.extend((key, "waiting", None, other) for key, other in waits.items())
    return frozenset(settled)


def _now(ledger: Ledger, crm: Crm, making: Sequence[Write], there: Sequence[Account]) -> _Now:
    ids = sorted({_fields(write).opportunity for write in making})
    with ledger.read() as tx:
        return _Now(
            deals={one.id: (one, account) for account in there for one in account.opportunities},
            seen=roles.seen(tx, crm.connection, ids),
            intended=roles.intended(tx, crm.connection, ids),
            made=roles.contacts_made(tx, {holder for write in making for holder in _fields(write).holders}),
        )


def _row_overtaken(write: Write, opportunity: Opportunity, account: Account, facts: _Now) -> str:
    """The fact for which the row of the table does not stand any more, "" for none."""
    made = (each for each in _on(facts, opportunity.id) if each.ours)
    own = {each.contact for each in made if each.interaction == write.interaction}
    return overtaken(_fields(write).row, _holders(write, facts), opportunity, account, own)


def _rests_on(write: Write, facts: _Now, waits: Mapping[str, str]) -> str:
    """Key of a write on its way that makes a role which this one's row rests on, "" for none. One that waits
    for this very write, by whatever way, is none: both would wait for ever."""
    fields = _fields(write)
    if fields.row not in ("holder", "new"):
        return ""
    holders = _holders(write, facts)
    on = _on(facts, fields.opportunity)
    waiting = {each.key: each.problem for each in on if each.state == "waiting"} | dict(waits)
    for each in on:
        counts = fields.row == "new" or each.contact in holders
        mine = each.interaction == write.interaction or each.key == write.key
        if each.under_way and counts and not mine and not _leads_to(write.key, each.key, waiting):
            return each.key
    return ""


def _leads_to(key: str, start: str, waiting: Mapping[str, str]) -> bool:
    """Whether what one write waits for, and that one in turn, is the write of the key."""
    passed: set[str] = set()
    while start != key and start in waiting and start not in passed:
        passed.add(start)
        start = waiting[start]
    return start == key


def _on(facts: _Now, opportunity: str) -> tuple[Intended, ...]:
    return tuple(each for each in facts.intended if each.opportunity == opportunity)


def _holders(write: Write, facts: _Now) -> frozenset[str]:
    return frozenset(facts.made[holder] for holder in _fields(write).holders)


def _drop(round: Round, write: Write, why: str) -> None:
    """It is not made; decided again with what the CRM has just shown, but only once: where it is wanted all
    the same and the same fact stands against it, that is that."""
    round.marks.append((write.key, "dropped", None, why))
    if round.intents[write.key].problem != why:
        round.decide_again.add(write.interaction)


def _fields(write: Write) -> ContactRoleFields:
    assert isinstance(write.fields, ContactRoleFields)
    return write.fields


def _role(write: Write) -> Role:
    contact = _fields(write).contact
    assert isinstance(contact, Existing)
    return _fields(write).opportunity, contact.id
