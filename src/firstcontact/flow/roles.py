"""Contact roles around a decision: those that were there once, those under way, and what a person said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.identity import domains
from firstcontact.identity.records import Account, Opportunity
from firstcontact.ledger import deciding, index, news, roles
from firstcontact.ledger.roles import Role, role_of
from firstcontact.planning.write import ContactRoleFields, Receipt, Write
from firstcontact.policy.contact_roles import role_subject
from firstcontact.policy.known import Ruling


class RolesLooked(msgspec.Struct, frozen=True):
    """What is known of roles on the opportunities of a batch's accounts.

    shown: roles that the CRM has. new: those of them that are not remembered yet. gone: roles that were there
    once and are not now. under_way: roles decided and not made yet; the batch adds its own. rulings: a
    person's answers, by what was asked about.
    """

    shown: frozenset[Role] = frozenset()
    new: frozenset[Role] = frozenset()
    gone: frozenset[Role] = frozenset()
    under_way: set[Role] = msgspec.field(default_factory=set)
    rulings: Mapping[str, Ruling] = {}

    def added(self, accounts: tuple[Account, ...]) -> tuple[Account, ...]:
        """The accounts with the roles that are under way as if they were made."""
        if not self.under_way:
            return accounts
        return tuple(_with_roles(account, self.under_way) for account in accounts)

    def gone_of(self, accounts: Iterable[Account], contacts: Collection[str]) -> tuple[Role, ...]:
        """Roles of these contacts on the accounts' opportunities that a person took away."""
        if not self.gone:
            return ()
        theirs = {one.id for account in accounts for one in account.opportunities}
        return tuple(sorted(role for role in self.gone if role[0] in theirs and role[1] in contacts))

    def rulings_of(self, accounts: Iterable[Account], keys: Collection[str]) -> tuple[Ruling, ...]:
        """What a person said of roles of these handles on the accounts' opportunities."""
        if not self.rulings:
            return ()
        asked = _subjects(accounts, sorted(keys))
        return tuple(self.rulings[about] for about in asked if about in self.rulings)


def look_up_roles(
    tx: Connection, connection: str, accounts: Sequence[Account], keys: Collection[str]
) -> RolesLooked:
    """What the ledger knows of roles on these accounts' opportunities. keys: handles of the batch's people.

    Read after the accounts were asked for: a role that was made in between has left news, for which the
    decision is taken again.
    """
    opportunities = [one for account in accounts for one in account.opportunities]
    if not opportunities:
        return RolesLooked()
    ids = sorted({one.id for one in opportunities})
    shown = _shown(accounts)
    seen = roles.seen(tx, connection, ids)
    said = deciding.rulings_on(tx, _subjects(accounts, sorted(keys)))
    return RolesLooked(
        shown=shown,
        new=shown - seen,
        gone=seen - shown,
        under_way=set(roles.under_way(tx, connection, ids)),
        rulings={about: ruling for (about, interaction), ruling in said.items() if not interaction},
    )


def keep_roles(
    tx: Connection,
    connection: str,
    looked: RolesLooked,
    accounts: Iterable[Account],
    intents: Sequence[Write],
    now: int,
) -> None:
    """Remember the roles that were shown and those that are intended now. Whoever looked before that, and
    decides about the same accounts, does so again."""
    roles.see(tx, connection, looked.new)
    making = [write for write in intents if role_of(write) is not None]
    if making:
        roles.intend(tx, connection, making)
        _tell(tx, making, accounts, now)


def enter_roles(
    tx: Connection,
    connection: str,
    there: Iterable[Account],
    done: Iterable[tuple[Write, Receipt]],
    now: int,
) -> None:
    """Roles that were made or taken away are remembered, and are on the index's copy of their accounts.

    there: accounts as the CRM has just shown them, before these writes.
    """
    written = [write for write, _ in done if isinstance(write.fields, ContactRoleFields)]
    accounts = {account.id: account for account in there}
    if not written and not accounts:
        return
    made = {role for write in written if (role := role_of(write)) is not None}
    taken = {_taken(write.fields) for write in written if isinstance(write.fields, ContactRoleFields)} - made
    roles.see(tx, connection, _shown(accounts.values()) | made)
    if index.state(tx, connection).begun_at:
        hosts = {w.fields.domain for w in written if isinstance(w.fields, ContactRoleFields)} - {""}
        for account in index.find_accounts(tx, connection, sorted(hosts), ()):
            accounts.setdefault(account.id, account)
        now_so = [_without_roles(_with_roles(account, made), taken) for account in accounts.values()]
        index.keep_accounts(tx, connection, now_so)
    _tell(tx, written, accounts.values(), now)


def _tell(tx: Connection, written: Iterable[Write], accounts: Iterable[Account], now: int) -> None:
    """News for whoever decides about these accounts at the moment; nobody waits for it."""
    fields = [write.fields for write in written if isinstance(write.fields, ContactRoleFields)]
    concerned = {each.account for each in fields}
    hosts = {each.domain for each in fields}
    hosts.update(host for account in accounts if account.id in concerned for host in account.domains)
    news.note(tx, news.domain_topics(hosts), (), now)


def _shown(accounts: Iterable[Account]) -> frozenset[Role]:
    return frozenset(
        (one.id, contact) for account in accounts for one in account.opportunities for contact in one.roles
    )


def _taken(fields: ContactRoleFields) -> Role:
    return fields.opportunity, getattr(fields.contact, "id", "")


def _subjects(accounts: Iterable[Account], keys: Sequence[str]) -> list[str]:
    """What could be asked about: these people on the open opportunities of an account with their domain."""
    by_domain: dict[str, list[str]] = {}
    for key in keys:
        if "@" in key:
            by_domain.setdefault(domains.registrable(domains.host_of(key)), []).append(key)
    found: dict[str, None] = {}
    for account in accounts:
        bases = sorted({domains.registrable(host) for host in account.domains})
        people = [key for base in bases for key in by_domain.get(base, ())]
        for one in account.opportunities:
            found.update((role_subject(one.id, key), None) for key in people if one.open)
    return list(found)


def _with_roles(account: Account, more: Collection[Role]) -> Account:
    by_opportunity: dict[str, set[str]] = {}
    for opportunity, contact in more:
        by_opportunity.setdefault(opportunity, set()).add(contact)

    def added(one: Opportunity) -> tuple[str, ...]:
        return (*one.roles, *sorted(by_opportunity.get(one.id, set()).difference(one.roles)))

    return changed(account, added)


def _without_roles(account: Account, less: Collection[Role]) -> Account:
    return changed(account, lambda one: tuple(c for c in one.roles if (one.id, c) not in less))


def changed(account: Account, roles_of: Callable[[Opportunity], tuple[str, ...]]) -> Account:
    """The account with other roles on its opportunities; itself where they are the same."""
    opportunities = tuple(msgspec.structs.replace(one, roles=roles_of(one)) for one in account.opportunities)
    if opportunities == account.opportunities:
        return account
    return msgspec.structs.replace(account, opportunities=opportunities)
