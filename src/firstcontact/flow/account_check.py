"""What is wrong with the domains of accounts: unreadable websites, hosts of nobody, two accounts on one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from firstcontact.flow.account_domains import Ruled, unfit
from firstcontact.identity.domains import registrable, website_host
from firstcontact.identity.records import Account
from firstcontact.identity.team import Team

About = Literal["unreadable", "unfit", "normalised", "shared", "subdomains", "no_domain", "lost"]
"""unreadable: the website names no host. unfit: it names one that can't name an account (free mail, hosting,
our own …). normalised: it was written otherwise than it is read. shared: several accounts have the host.
subdomains: several accounts have hosts under one registrable domain. no_domain: nothing is found by it. lost:
a ruling on an account that is not there any more."""

SERIOUS: frozenset[str] = frozenset({"unreadable", "unfit", "shared", "subdomains", "lost"})


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One of several accounts on a domain, and what ranks it where the mail itself does not: its primary
    domain or a secondary one, its contacts, its latest activity (microseconds)."""

    account: str
    name: str
    host: str
    primary: bool
    contacts: int
    last_activity_at: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about the domains of one account, or of several.

    account, name: whose, "" where it is several accounts' (`ranked`, the first first). website: as written.
    host: the host or registrable domain it is about. why: the end of a sentence. equal: the first of
    `ranked` rank equal, so that a person is asked wherever the mail does not tell them apart.
    """

    about: About
    account: str = ""
    name: str = ""
    website: str = ""
    host: str = ""
    why: str = ""
    ranked: tuple[Ranked, ...] = ()
    equal: bool = False


def check_accounts(every: Callable[[], Iterable[Account]], said: Ruled, team: Team) -> Iterator[Found]:
    """Everything that is wrong, account by account, then domain by domain; goes through all accounts twice.

    every: all accounts as the CRM tells them. said: all rulings. In memory: one entry for each domain.
    """
    hosts: Counter[str] = Counter()
    bases: dict[str, str] = {}
    several: set[str] = set()
    there: set[str] = set()
    ruled_on = {each.account for each in said.rulings}
    for account in every():
        if account.id in ruled_on:
            there.add(account.id)
        yield from _of_one(account, team)
        (now,) = said.over([account])
        hosts.update(host for host in now.domains)
        for host in now.domains:
            base = registrable(host)
            if bases.setdefault(base, host) != host:
                several.add(base)
    yield from (
        Found(about="lost", account=each.account, host=each.host, why=f"it was {each.state} for it")
        for each in said.rulings
        if each.account not in there
    )
    shared = {host for host, count in hosts.items() if count > 1}
    yield from _together(every, said, shared, several - {""})


def _of_one(account: Account, team: Team) -> Iterator[Found]:
    """What is wrong with one account as the CRM tells it."""

    def found(about: About, host: str = "", why: str = "") -> Found:
        return Found(
            about=about,
            account=account.id,
            name=account.name,
            website=account.website,
            host=host,
            why=why,
        )

    read = website_host(account.website)
    if account.website.strip() and not read:
        yield found("unreadable", why="no domain can be read from it")
    elif read and account.website != read:
        yield found("normalised", read)
    for host in account.domains:
        why = unfit(host, team)
        if why:
            yield found("unfit", host, why)
    if not account.domains and not account.website.strip():
        yield found("no_domain")


def _together(
    every: Callable[[], Iterable[Account]], said: Ruled, shared: set[str], bases: set[str]
) -> Iterator[Found]:
    """Accounts that have a host in common, and those with hosts under one registrable domain."""
    if not shared and not bases:
        return
    on: dict[str, list[Ranked]] = {}
    under: dict[str, list[Ranked]] = {}
    for account in said.over(every()):
        for place, host in enumerate(account.domains):
            one = Ranked(
                account=account.id,
                name=account.name,
                host=host,
                primary=place < account.primary_domains,
                contacts=account.contacts,
                last_activity_at=account.last_activity_at,
            )
            if host in shared:
                on.setdefault(host, []).append(one)
            if registrable(host) in bases:
                under.setdefault(registrable(host), []).append(one)
    for host in sorted(on):
        ranked = sorted(on[host], key=_rank, reverse=True)
        equal = _rank(ranked[0])[:3] == _rank(ranked[1])[:3]
        yield Found(about="shared", host=host, ranked=tuple(ranked), equal=equal)
    for base in sorted(under):
        if len({each.account for each in under[base]}) > 1:
            hosts = sorted(under[base], key=lambda each: (each.host, each.account))
            yield Found(about="subdomains", host=base, ranked=tuple(hosts))


def _rank(one: Ranked) -> tuple[bool, int, int, str]:
    """SPEC §2, the ranks (4) to (6), which do not depend on the mail."""
    return one.primary, one.contacts, one.last_activity_at, one.account
