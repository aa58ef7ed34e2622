"""Domains of accounts as an admin rules them: laid over what the CRM or its index says, in one place.

The CRM finds an account by its own domains; a ruling adds secondary ones, or says that a host is not the
account's (SPEC §2 "Accounts"). Whoever asks for accounts asks for `Ruled.asked` and takes `Ruled.over`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.flow.problems import FlowProblem
from firstcontact.identity import domains
from firstcontact.identity.records import Account
from firstcontact.identity.team import Team
from firstcontact.ledger import domain_rulings, news
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.domain_rulings import DomainRuling, Said

Accounts = Callable[[str], tuple[Account, ...]]
"""Accounts by id behind an id, a page of them; none: that was all."""


class Ruled(msgspec.Struct, frozen=True):
    """The rulings that concern some hosts."""

    rulings: tuple[DomainRuling, ...] = ()

    def asked(self, hosts: Iterable[str]) -> list[str]:
        """The hosts by which the CRM is to be asked for accounts."""
        known_by = {each.known_by for each in self.rulings if each.state == "added"}
        return sorted(known_by.union(hosts))

    def over(self, accounts: Iterable[Account]) -> tuple[Account, ...]:
        """The accounts with their domains as ruled: those added stand behind the CRM's own."""
        if not self.rulings:
            return tuple(accounts)
        return tuple(self._ruled(account) for account in accounts)

    def _ruled(self, account: Account) -> Account:
        mine = [each for each in self.rulings if each.account == account.id]
        if not mine:
            return account
        refused = tuple(each.host for each in mine if each.state == "refused")
        added = (each.host for each in mine if each.state == "added")
        primary = [host for host in account.domains[: account.primary_domains] if host not in refused]
        others = [host for host in account.domains[account.primary_domains :] if host not in refused]
        return msgspec.structs.replace(
            account,
            domains=tuple(dict.fromkeys((*primary, *others, *added))),
            primary_domains=len(primary),
            not_theirs=refused,
        )


def ruled(tx: Connection, connection: str, hosts: Collection[str]) -> Ruled:
    """The rulings on these hosts, and on others of the same registrable domains."""
    return Ruled(domain_rulings.near(tx, connection, hosts))


# --- an admin's word ---------------------------------------------------------------------------------


def rule_domain(
    ledger: Ledger, connection: str, account: Account, text: str, state: Said, team: Team, by: str, now: int
) -> DomainRuling:
    """Say that a host is a secondary domain of the account, or is not the account's; whoever waits for it is
    decided again. account: with the domains that the CRM tells, by which it is found again.

    Raises FlowProblem for what can't be an account's domain, and for an account that no domain finds.
    """
    host = domains.website_host(text)
    if not host:
        raise FlowProblem(f"{text} is no domain that an address could have.")
    if state == "added":
        _allowed(host, account, team)
    known_by = next((own for own in account.domains if own != host), host)
    ruling = DomainRuling(host=host, account=account.id, known_by=known_by, state=state, by=by, at=now)
    with ledger.write(Boundary.RULE_DOMAIN) as tx:
        domain_rulings.keep(tx, connection, ruling)
        news.tell(tx, news.domain_topics([host]), (), now)
    return ruling


def _allowed(host: str, account: Account, team: Team) -> None:
    """Raises FlowProblem where the host names no account, or can't name this one."""
    why = unfit(host, team)
    if why:
        raise FlowProblem(f"{host} can't be an account's domain: {why}.")
    if not account.domains:
        raise FlowProblem(
            f"{account.name or account.id} has no domain in the CRM, so it can't be found by another: "
            "set its website there first."
        )


def unfit(host: str, team: Team) -> str:
    """Why this host can't name an account, as the end of a sentence; "" where it can."""
    if any(host == own or host.endswith(f".{own}") for own in team.domains):
        return "it is one of our own domains"
    if domains.is_free_mail(host):
        return "anybody has mailboxes there (free mail)"
    if domains.is_disposable(host):
        return "it gives out addresses to be thrown away"
    if domains.is_hosting(host):
        return "it hosts unrelated parties"
    if not domains.identifies_account(host):
        return "it is no domain that somebody has registered"
    return ""


def take_back(ledger: Ledger, connection: str, account: str, text: str, now: int) -> bool:
    """Forget what was ruled on a host and an account; whether there was something."""
    host = domains.website_host(text)
    with ledger.write(Boundary.TAKE_BACK_DOMAIN) as tx:
        there = domain_rulings.drop(tx, connection, host, account)
        if there:
            news.tell(tx, news.domain_topics([host]), (), now)
    return there


# --- which account is meant ----------------------------------------------------------------------------


def every_account(pages: Accounts) -> Iterator[Account]:
    """All accounts, page by page."""
    after = ""
    while page := pages(after):
        yield from page
        after = page[-1].id


def meant(named: str, pages: Accounts) -> tuple[Account, ...]:
    """Accounts that somebody means by an id, a name or a domain: the one of that id, else all of that name,
    else all with that domain."""
    host, wanted = domains.website_host(named), named.strip().casefold()
    by_name: list[Account] = []
    by_host: list[Account] = []
    for account in every_account(pages):
        if account.id == named:
            return (account,)
        if account.name.strip().casefold() == wanted:
            by_name.append(account)
        elif host and host in account.domains:
            by_host.append(account)
    return tuple(by_name or by_host)
